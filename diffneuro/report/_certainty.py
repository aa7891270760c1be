"""How sure each parameter is, as HTML."""

import math
from collections.abc import Mapping
from html import escape

from .._result import FitResult
from .._uncertainty import Profile
from ._agreement import Agreement, agreement
from ._facts import LOOSE, uncertainty, uncertainty_described
from ._profiles import interval
from ._tables import table
from ._text import measured, number, unit

_NOTE = (
    "“Of its bounds” is the standard error as a share of the way between the bounds (of their "
    "logarithms where they are logarithmic); above a third the recording says no more than the "
    "bounds did."
)
_SPREAD = (
    " The spread is the highest less the lowest value among the starts within 5 % of the best "
    "loss: more than three standard errors speak for several minima, or a search that had not "
    "ended."
)
_INTERVAL = (
    " For an interval by profile the other parameters are fitted again at each value; it need "
    "not be symmetric."
)


def certainty_note(result: FitResult, profiles: Mapping[str, Profile]) -> str:
    """What the columns of the table are."""
    spread = _SPREAD if agreement(result).near > 1 else ""
    return f'<p class="note">{_NOTE}{spread}{_INTERVAL if profiles else ""}</p>'


def certainty_table(result: FitResult, profiles: Mapping[str, Profile]) -> str:
    """Standard errors beside the spread of the starts that agree, and profiles' intervals."""
    found = agreement(result)
    words = _in_words(result, found)
    head = ["parameter", "fitted", "± s.e.", "of its bounds"]
    if found.near > 1:
        head += [f"spread of {found.near} starts", "in s.e."]
    if profiles:
        head.append("95 % by profile")
    head += ["unit", "in words"]
    rows = []
    for name in result.free:
        cells = [f"<code>{escape(name)}</code>", *_numbers(result, name, found)]
        if profiles:
            cells.append(interval(profiles[name]) if name in profiles else "")
        rows.append([*cells, escape(unit(result.units[name])), words[name]])
    return table(head, rows, "certainty")


def _numbers(result: FitResult, name: str, found: Agreement) -> list[str]:
    error = result.standard_errors[name]
    share = uncertainty_described(result, name)
    cells = [*measured(result.parameters[name], error), share]
    if found.near > 1:
        ratio = found.spread(name) / error if 0 < error < math.inf else math.nan
        cells += [number(found.spread(name), 2), number(ratio, 2)]
    return cells


def _in_words(result: FitResult, found: Agreement) -> dict[str, str]:
    known, at_bound = result.identifiability(), result.at_bound()
    words = {}
    for name in result.free:
        remarks = []
        if name in known.without_effect:
            remarks.append("changes nothing")
        elif name in known.confounded:
            remarks.append("not told apart from others")
        elif not uncertainty(result, name) <= LOOSE:
            remarks.append("not determined")
        if name in found.apart:
            remarks.append("starts disagree")
        if name in at_bound:
            remarks.append("at its bound")
        badges = (f'<span class="badge">{text}</span>' for text in remarks)
        words[name] = " ".join(badges) or "determined"
    return words
