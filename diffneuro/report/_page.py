"""The page: what stands on it, in which order."""

import base64
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from .._result import FitResult
from .._uncertainty import Profile
from ._captions import captions
from ._certainty import certainty_note, certainty_table
from ._directions import directions_described
from ._stylesheet import STYLESHEET
from ._summaries import feature_table, has_repeats, summary_table
from ._tables import parameter_table, provenance_table, score_table
from ._text import count
from ._verdict import LABELS, verdict


class Picture(NamedTuple):
    """A drawn figure."""

    png: bytes
    width: int
    """in pixels of the page; the file has more"""


def page(
    result: FitResult, pictures: Mapping[str, Picture], profiles: Mapping[str, Profile]
) -> str:
    """The whole HTML document, with `pictures` by the name of their figure inside it."""
    source = result.recording.source or "A recording made in memory"
    title = f"{source} fitted with {type(result.model).__name__}"
    told = captions(result)
    numbers = {name: place for place, name in enumerate(pictures, 1)}

    def figures(*names: str) -> str:
        return "".join(
            _figure(pictures[name], numbers[name], told[name]) for name in names if name in pictures
        )

    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="about">{escape(_summary(result))}</p>',
        _verdict(result),
        "<h2>Recording and model</h2>",
        figures("sweeps", "first_spikes"),
        "<h2>Parameters</h2>",
        parameter_table(result),
        _NOTE,
        "<h2>Scores</h2>",
        summary_table(result),
        _score_note(result),
        feature_table(result),
        figures("step_rates"),
        "<h3>Sweep by sweep</h3>",
        score_table(result),
        figures("spike_counts"),
        "<h2>How sure the parameters are</h2>",
        certainty_table(result, profiles),
        certainty_note(result, profiles),
        figures("profiles"),
        directions_described(result),
        figures("correlations"),
        "<h2>The search</h2>",
        figures("losses", "starts"),
        "<h2>To do it again</h2>",
        provenance_table(result),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLESHEET}</style></head>\n"
        "<body><main>\n" + "\n".join(part for part in parts if part) + "\n</main></body></html>\n"
    )


_NOTE = (
    '<p class="note">Standard errors are the roots of the diagonal of A⁻¹MA⁻¹ at the optimum, with '
    "A = JᵀJ and M the covariance of Jᵀr. They allow for residuals that remember and vary in size, "
    "not for errors that the model would repeat, and say nothing about "
    "other minima. “Within” shows the place between the bounds.</p>"
)
_SCORE_NOTE = (
    "The model runs free, driven by the recorded current alone. Γ is the coincidence factor of "
    "the spike times (Kistler, Gerstner &amp; van Hemmen 1997), 1 at best, 0 by chance, over the "
    "sweeps in which anyone spikes. “Off by” is without sign, over the sweeps in which both the "
    "cell and the model show it, relative to the recorded rate where it is in per cent."
)
_REPEATS_NOTE = (
    " “Repeats” is what the cell scores against itself in the sweeps whose current it got again; "
    "a model can hardly do better. Md* (Naud et al. 2011) sets the model against all repeats and "
    "is 1 where it fires with the cell’s own intensity."
)


def _score_note(result: FitResult) -> str:
    if result.recording.voltage_clamp:
        return ""
    repeats = _REPEATS_NOTE if has_repeats(result.scores()) else ""
    return f'<p class="note">{_SCORE_NOTE}{repeats}</p>'


def _summary(result: FitResult) -> str:
    recording, out = result.recording, len(result.held_out)
    parts = [f"{count(recording.sweeps, 'sweep')} of {recording.duration:g} ms"]
    parts.append(f"sampled every {recording.dt:g} ms")
    if result.held_out_span is not None:
        parts.append(f"{result.held_out_span} of each held out, what comes before fitted")
    else:
        parts.append(f"{recording.sweeps - out} fitted, {out} held out" if out else "all fitted")
    parts.append(count(len(result.free), "free parameter"))
    channels = getattr(result.model, "channels", None)
    if isinstance(channels, dict):
        names = (f"{name} ({type(part).__name__})" for name, part in channels.items())
        parts.append("channels: " + ", ".join(names))
    return "; ".join(parts)


def _verdict(result: FitResult) -> str:
    found = verdict(result)
    sentences = "".join(f"<p>{escape(text)}</p>" for text in found.sentences)
    items = "".join(f"<li>{escape(text)}</li>" for text in found.warnings)
    warnings = f"<ul>{items}</ul>" if items else ""
    label = LABELS[found.grade]
    return f'<section class="verdict {found.grade}"><h2>{label}</h2>{sentences}{warnings}</section>'


def _figure(picture: Picture, place: int, caption: str) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    text = escape(caption)
    return (
        f'<figure><img src="data:image/png;base64,{data}" width="{picture.width}" alt="{text}">'
        f"<figcaption><b>Figure {place}.</b> {text}</figcaption></figure>"
    )
