"""Fitted and held-out sweeps side by side, as HTML."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from .._result import FitResult, SweepScore
from .._scores import feature_means, summarised
from ..analysis import Features
from ._facts import response_of
from ._tables import table
from ._text import alike, fixed, number, share, unit

_FEATURES = {
    "spike_count": "spikes in the step",
    "mean_rate": "mean rate",
    "latency": "first spike after",
    "mean_interval": "mean interval",
    "interval_cv": "CV of the intervals",
    "adaptation_index": "adaptation index",
    "spike_height": "spike peak",
    "half_width": "spike half-width",
    "ahp_depth": "after-hyperpolarisation, from rest",
    "resting_voltage": "resting voltage",
    "steady_voltage": "voltage at the step's end",
    "sag": "sag",
    "input_resistance": "input resistance",
}


class Summary(NamedTuple):
    """The mean scores as they are printed."""

    columns: dict[str, bool]
    """fitted, held out: whether its repeats follow it in a column of their own"""
    rows: list[list[str]]
    """the name of each score, then a cell for each column"""


class _Measure(NamedTuple):
    """What the model scores, and what the cell's repeats do."""

    name: str
    model: str
    repeats: str = ""


def _groups(result: FitResult) -> dict[str, list[SweepScore]]:
    """The scores of the fitted and of the held-out sweeps, those that there are."""
    scores = result.scores()
    named = {"fitted": False, "held out": True}
    found = {name: [s for s in scores if s.held_out == out] for name, out in named.items()}
    return {name: chosen for name, chosen in found.items() if chosen}


def has_repeats(scores: Iterable[SweepScore]) -> bool:
    """Whether the recording has one of these sweeps' currents twice."""
    return any(score.repeats > 1 for score in scores)


def summary(result: FitResult) -> Summary:
    """The mean scores of fitted and held-out sweeps; one that neither has is left out."""
    chosen = _groups(result)
    unit_of = response_of(result).unit
    columns = {name: has_repeats(scores) for name, scores in chosen.items()}
    rows = []
    for line in zip(*(_measures(scores, unit_of) for scores in chosen.values()), strict=True):
        if all(one.model in ("–", "none") for one in line):
            continue
        pairs = zip(line, columns.values(), strict=True)
        cells = [[one.model, one.repeats] if both else [one.model] for one, both in pairs]
        rows.append([line[0].name, *(text for pair in cells for text in pair)])
    return Summary(columns, rows)


def _measures(scores: Sequence[SweepScore], unit_of: str) -> list[_Measure]:
    means = summarised(scores)
    # The means leave out a sweep in which the model ran away.
    finite = all(math.isfinite(score.rms_error) for score in scores)
    recorded = sum(score.recorded_spikes for score in scores)
    model = sum(score.model_spikes for score in scores)
    return [
        _Measure("sweeps", str(means.sweeps)),
        _Measure(
            "error, rms", f"{fixed(means.rms_error, 2)} {unit_of}" if finite else "not finite"
        ),
        _Measure("spikes / recorded", f"{model} / {recorded}" if model or recorded else "–"),
        _Measure("Γ at ±2 ms", fixed(means.coincidence_2ms, 2), fixed(means.ceiling_2ms, 2)),
        _Measure("Γ at ±4 ms", fixed(means.coincidence, 2), fixed(means.ceiling, 2)),
        _Measure("Md* at ±4 ms", fixed(means.md_star, 2), fixed(1 + 0 * means.md_star, 2)),
        _Measure("rate, off by", share(means.rate_error), share(means.repeat_rate_error)),
        _Measure(
            "first spike, off by",
            _with(number(means.latency_error, 2), "ms"),
            _with(number(means.repeat_latency_error, 2), "ms"),
        ),
        _Measure("silent where the cell fires", _sweeps(means.wrongly_silent)),
        _Measure("fires where the cell is silent", _sweeps(means.wrongly_firing)),
    ]


def summary_table(result: FitResult) -> str:
    """The mean scores, with the repeats' next to them where there are any."""
    found = summary(result)
    over, head = [("", 1)], ["mean over sweeps"]
    for name, both in found.columns.items():
        over.append((name, 2 if both else 1))
        head += ["model", "repeats"] if both else ["model"]
    return table(head, found.rows, "summary", over=over)


def feature_table(result: FitResult) -> str:
    """What the cell and the model show, and how far apart they are; nothing if none is known."""
    chosen = _groups(result)
    means = [feature_means(scores) for scores in chosen.values()]
    repeated = [has_repeats(scores) for scores in chosen.values()]

    def cells(name: str) -> list[str]:
        values: list[float] = []
        for one, both in zip(means, repeated, strict=True):
            parts = [getattr(part, name) for part in one]
            values += parts if both else parts[:3]
        return [_FEATURES[name], escape(unit(Features.units()[name])), *alike(values)]

    rows = [cells(name) for name in _FEATURES if any(_shown(one.recorded, name) for one in means)]
    if not rows:
        return ""
    over, head = [("", 2)], ["mean over sweeps", "unit"]
    for group, both in zip(chosen, repeated, strict=True):
        over.append((group, 4 if both else 3))
        head += ["recorded", "model", "off by", *(["repeats"] if both else [])]
    return table(head, rows, "features", over=over)


def _shown(features: Features, name: str) -> bool:
    return not math.isnan(getattr(features, name))


def _with(text: str, unit_of: str) -> str:
    return text if text == "–" else f"{text} {unit_of}"


def _sweeps(amount: int) -> str:
    return f"in {amount}" if amount else "none"
