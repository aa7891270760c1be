"""Runs as text: a line for each cell and method."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..tables import aligned, number

_HEADER = (
    "cell",
    "method",
    "runs",
    "best",
    "median",
    "worst",
    "time (s)",
    "simulations",
    "spikes",
    "Gamma",
    "rms (mV)",
)
_HELD_OUT = ("Gamma", "f-I (Hz)", "latency (ms)", "rms (mV)", "wrong")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Losses over seeds; the other columns are those of the run with the median loss.

    Spikes are the model's over the recorded ones in the fitted sweeps, Gamma is at +-4 ms; the
    last columns, of the held-out sweeps, stand where there are some: `f-I` is the mean error
    of the rate without sign, `wrong` counts sweeps in which only the cell or the model fires.
    """
    texts = []
    for problem in dict.fromkeys(row["problem"] for row in rows):
        mine = [row for row in rows if row["problem"] == problem]
        alone = [row for row in mine if not row.get("held_out")]
        others = [row for row in mine if row.get("held_out")]
        if alone:
            texts.append(f"{problem}\n\n{aligned(_HEADER, _lines(alone, False))}")
        if others:
            header = [*_HEADER, *(f"held-out {name}" for name in _HELD_OUT)]
            texts.append(f"{problem}, held-out steps\n\n{aligned(header, _lines(others, True))}")
    return "\n\n".join(texts)


def _lines(rows: Sequence[dict[str, Any]], held_out: bool) -> Iterable[list[str]]:
    for cell, method in dict.fromkeys((row["cell"], row["method"]) for row in rows):
        group = [row for row in rows if (row["cell"], row["method"]) == (cell, method)]
        yield _line(group, held_out)


def _line(group: Sequence[dict[str, Any]], held_out: bool) -> list[str]:
    ranked = sorted(group, key=loss_of)
    losses = [loss_of(row) for row in ranked]
    typical = ranked[(len(ranked) - 1) // 2]
    cells = [
        typical["cell"],
        typical["method"],
        str(len(group)),
        number(losses[0]),
        number(float(np.median(losses))),
        number(losses[-1]),
        number(float(np.median([row["seconds"] for row in group]))),
        f"{typical['simulations']:.0f}",
        f"{sum(typical['model_spikes'])}/{sum(typical['recorded_spikes'])}",
        number(typical["fitted"]["coincidence"]),
        number(typical["fitted"]["rms_error"]),
    ]
    if not held_out:
        return cells
    scores = typical["held_out"]
    measured = ("coincidence", "rate_error", "latency_error", "rms_error")
    wrong = scores["wrongly_silent"] + scores["wrongly_firing"]
    return [*cells, *(number(scores[name]) for name in measured), f"{wrong}/{scores['sweeps']}"]


def loss_of(row: dict[str, Any]) -> float:
    """The loss of a run, inf where it has none."""
    return math.inf if row["loss"] is None else row["loss"]


def newest(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the runs of one method and seed on one cell the last, when the method has changed."""
    names = ("problem", "cell", "method", "seed", "budget_scale")
    return list({tuple(row[name] for name in names): row for row in found}.values())
