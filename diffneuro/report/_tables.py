"""The tables of the page, as HTML."""

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from .._result import FitResult, SweepScore
from ._facts import Tally, fraction, response_of, tally, undetermined
from ._text import fixed, joined, measured, number, percent, share, unit

_LONG = 24
_MOST_METADATA = 2000


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    kind: str = "",
    over: Sequence[tuple[str, int]] = (),
) -> str:
    """A table of cells that are HTML already; a row may end in a class name after its cells.

    `over` are headings above those of the columns, each over so many of them.
    """
    begins = set(itertools.accumulate(width for _, width in over[:-1]))
    line = [' class="begins"' if place in begins else "" for place in range(len(head))]
    body = []
    for cells in rows:
        marked = f' class="{cells[len(head)]}"' if len(cells) > len(head) else ""
        parts = zip(cells[: len(head)], line, strict=True)
        inner = "".join(f"<td{at}>{cell}</td>" for cell, at in parts)
        body.append(f"<tr{marked}>{inner}</tr>")
    parts = zip(head, line, strict=True)
    top = "".join(f'<th scope="col"{at}>{cell}</th>' for cell, at in parts)
    if over:
        wide = (f'<th scope="colgroup" colspan="{width}">{cell}</th>' for cell, width in over)
        top = f"{''.join(wide)}</tr><tr>{top}"
    long = " long" if len(body) > _LONG else ""
    return (
        f'<table class="{kind}{long}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def parameter_table(result: FitResult) -> str:
    """Every free parameter: value, error, bounds, where between them, and the truth if known."""
    truth = known_truth(result)
    kind = "parameters true" if truth else "parameters"
    head = ["parameter", "fitted", "± s.e.", "relative", "unit", "bounds", "within", "remarks"]
    if truth:
        head[4:4] = ["true", "off by"]
    return table(head, [_parameter_row(result, name, truth) for name in result.free], kind)


def known_truth(result: FitResult) -> dict[str, float]:
    """The true values of an in-silico recording, of the parameters that were fitted."""
    truth = result.recording.metadata.get("truth")
    if not isinstance(truth, dict):
        return {}
    return {
        name: float(truth[name])
        for name in result.free
        if isinstance(truth.get(name), int | float) and math.isfinite(truth[name])
    }


def _parameter_row(result: FitResult, name: str, truth: dict[str, float]) -> list[str]:
    value, bounds = result.parameters[name], result.free[name]
    error = result.standard_errors[name]
    shown, spread = measured(value, error)
    relative = share(abs(error / value) if value else math.nan)
    cells = [f"<code>{escape(name)}</code>", shown, spread, relative]
    if truth:
        real = truth.get(name, math.nan)
        off = (value - real) / error if error > 0 else math.nan
        cells += [number(real), "–" if math.isnan(off) else f"{fixed(off, 1)} s.e."]
    scale = " log" if bounds.scale == "log" else ""
    ends = f"{number(bounds.low)} to {number(bounds.high)}{scale}"
    place = min(max(float(fraction(bounds, value)), 0.0), 1.0)
    return [*cells, escape(unit(result.units[name])), ends, _bar(place), _remarks(result, name)]


def _bar(place: float) -> str:
    x = 3 + 84 * place
    return (
        '<svg width="90" height="12" role="img" aria-label="position between the bounds: '
        f'{100 * place:.0f} %"><line x1="3" x2="87" y1="6" y2="6" class="track"/>'
        '<line x1="3" x2="3" y1="2" y2="10" class="track"/>'
        '<line x1="87" x2="87" y1="2" y2="10" class="track"/>'
        f'<circle cx="{x:.1f}" cy="6" r="3" class="mark"/></svg>'
    )


def _remarks(result: FitResult, name: str) -> str:
    remarks = []
    if name in result.at_bound():
        end = {"low": "lower", "high": "upper"}[result.at_bound()[name]]
        remarks.append(f'<span class="badge">at its {end} bound</span>')
    if name in undetermined(result):
        remarks.append('<span class="badge">not determined</span>')
    return " ".join(remarks)


def score_table(result: FitResult) -> str:
    """Every sweep, and fitted and held-out sweeps pooled."""
    clamped, unit_of = result.recording.voltage_clamp, response_of(result).unit
    head = ["sweep", "", "rms error", "variance explained"]
    head += [] if clamped else ["spikes", "model spikes", "Γ"]
    scores = result.scores()
    rows = [_score_row(score, unit_of, clamped) for score in scores]
    for name, held_out in (("fitted", False), ("held out", True)):
        group = [score for score in scores if score.held_out == held_out]
        if len(group) > 1:
            rows.append(_pooled_row(name, tally(result, group)))
    return table(head, rows, "scores")


def _score_row(score: SweepScore, unit_of: str, clamped: bool) -> list[str]:
    silent = score.recorded_spikes == score.model_spikes == 0
    cells = [
        f"{score.sweep}, {score.span}" if score.span else str(score.sweep),
        '<span class="heldout">held out</span>' if score.held_out else "fitted",
        f"{fixed(score.rms_error, 2)} {unit_of}",
        percent(score.explained_variance),
    ]
    spikes = [
        str(score.recorded_spikes),
        str(score.model_spikes),
        "silent" if silent else fixed(score.coincidence, 2),
    ]
    return cells if clamped else cells + spikes


def _pooled_row(name: str, pooled: Tally) -> list[str]:
    cells = [
        f"all {pooled.sweeps}",
        name,
        f"{fixed(pooled.rms, 2)} {pooled.of.unit}",
        percent(pooled.explained),
    ]
    spikes = [
        str(pooled.recorded),
        str(pooled.model),
        "silent" if math.isnan(pooled.coincidence) else fixed(pooled.coincidence, 2),
    ]
    return [*cells, *([] if pooled.clamped else spikes), "pooled"]


def provenance_table(result: FitResult) -> str:
    """Everything needed to do the fit again."""
    rows = [(name, value) for name, value in _provenance(result) if value not in ("", None)]
    cells = [[escape(name), f"<code>{escape(_plain(v))}</code>"] for name, v in rows]
    body = "".join(f"<tr><th scope='row'>{n}</th><td>{v}</td></tr>" for n, v in cells)
    return f'<table class="provenance"><tbody>{body}</tbody></table>'


def _provenance(result: FitResult) -> Iterable[tuple[str, Any]]:
    recording, about = result.recording, dict(result.about)
    metadata = dict(recording.metadata)
    yield "recording", recording.source
    yield "SHA-256 of the file", recording.sha256
    yield "SHA-256 of the fitted sweeps", about.pop("recording", "")
    yield "steps since the file", joined([str(step) for step in metadata.pop("history", [])])
    yield "sampling interval", f"{recording.dt:g} ms"
    yield "sweeps", list(recording.sweep_numbers)
    yield "held out", list(result.held_out) if result.held_out_span is None else ""
    yield "time held out", str(result.held_out_span or "")
    metadata.pop("truth", None)
    yield "the file says", metadata
    for name in ("model", "fixed parameters", "loss", "method", "solver", "bounds"):
        yield name, about.pop(name, "")
    yield "random key", about.pop("key", "")
    seconds = about.pop("seconds", None)
    yield "took", "" if seconds is None else f"{number(float(seconds), 3)} s"
    yield from about.items()
    yield "completed", "yes" if result.completed else "no, stopped before the end"


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, dict):
        text = ", ".join(f"{name} = {_plain(entry)}" for name, entry in value.items())
    else:
        text = json.dumps(value, default=str)
    return text if len(text) <= _MOST_METADATA else f"{text[:_MOST_METADATA]} …"
