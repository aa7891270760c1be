"""How many spikes each sweep has, recorded and fitted."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._result import FitResult
from ._drawing import FITTED, HELD_OUT, RECORDED, blank, on_paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@on_paper
def plot_spike_counts(result: FitResult) -> "Figure":
    """Spikes per sweep, recorded and fitted, over the current step or the sweep number.

    **Arguments:** `result` of a fit. The step is used where every sweep has its own.

    **Returns:** a figure that belongs to no window.
    """
    from matplotlib.ticker import MaxNLocator

    scores = result.scores()
    steps = step_currents(result)
    by_step = steps is not None
    x = steps if steps is not None else np.array([score.sweep for score in scores], float)
    order = np.argsort(x, kind="stable")
    recorded = np.array([score.recorded_spikes for score in scores])
    model = np.array([score.model_spikes for score in scores])
    held_out = np.array([score.held_out for score in scores])
    figure = blank(3.2)
    axes = figure.add_subplot()
    line: dict[str, Any] = {"linewidth": 0.8, "alpha": 0.5}
    axes.plot(x[order], recorded[order], color=RECORDED, **line)
    axes.plot(x[order], model[order], color=FITTED, **line)
    axes.plot(x, recorded, "o", color=RECORDED, ms=5, label="recorded")
    axes.plot(x[~held_out], model[~held_out], "s", color=FITTED, ms=5, label="model, fitted sweep")
    if held_out.any():
        look: dict[str, Any] = {"color": HELD_OUT, "ms": 6.5, "label": "model, held-out sweep"}
        axes.plot(x[held_out], model[held_out], "D", **look)
    axes.set_ylim(bottom=-0.04 * max(recorded.max(), model.max(), 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if not by_step:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("current step (pA)" if by_step else "sweep number")
    axes.set_ylabel("spikes in the sweep")
    axes.legend(loc="upper left")
    return figure


def step_currents(result: FitResult) -> NDArray | None:
    """The current that each sweep steps to (pA), or None unless it is one step, each another."""
    steps = np.array([_step(current) for current in result.recording.current])
    different = np.unique(steps.round(3)).size == steps.size
    return steps if np.isfinite(steps).all() and different else None


def _step(current: NDArray) -> float:
    """The level held for longest away from the first one; nan where the current fluctuates."""
    away = np.abs(current - current[0])
    on = away > 0.5 * away.max()
    if not on.any():
        return float(current[0])
    level = float(np.median(current[on]))
    steady = np.abs(current[on] - level) < 0.1 * max(away.max(), 1e-9)
    return level if steady.mean() > 0.9 else float("nan")
