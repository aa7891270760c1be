"""The f-I curve of a fit, recorded and modelled."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._result import FitResult
from .._scores import StepRates
from ._drawing import FITTED, HELD_OUT, RECORDED, blank, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEWEST = 3


@on_paper
def plot_step_rates(result: FitResult) -> "Figure":
    """Firing rate (Hz) and time to the first spike (ms) over the step, recorded and modelled.

    **Arguments:** `result` of a fit. Sweeps with one step are one point, with the standard
    deviation of the recorded rate as its bar; a step of which no sweep was fitted is held out.

    **Returns:** a figure that belongs to no window.

    **Raises:** `ValueError` with fewer than three sweeps of steps, or a single step.
    """
    rates = result.step_rates()
    if not has_curve(rates):
        raise ValueError(
            f"{int(rates.sweeps.sum())} sweeps have {rates.current.size} steps of current: an f-I "
            "curve takes three sweeps and two steps; use plot_spike_counts instead."
        )
    figure = blank(3.2)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1.0))
    _curve(left, rates, rates.recorded_rate, rates.model_rate, rates.recorded_rate_deviation)
    _curve(right, rates, rates.recorded_latency, rates.model_latency)
    left.set_ylabel("firing rate (Hz)")
    right.set_ylabel("first spike after (ms)")
    for axes in (left, right):
        axes.set_xlabel("current step (pA)")
        low, high = axes.get_ylim()
        axes.set_ylim(-0.04 * high, max(high, 0.05 * abs(low)))
    left.legend(loc="upper left")
    return figure


def has_curve(rates: StepRates) -> bool:
    """Whether there are enough sweeps with steps for an f-I curve."""
    return int(rates.sweeps.sum()) >= _FEWEST and rates.current.size > 1


def _curve(
    axes: "Axes",
    rates: StepRates,
    recorded: NDArray,
    model: NDArray,
    deviation: NDArray | None = None,
) -> None:
    line: dict[str, Any] = {"linewidth": 0.8, "alpha": 0.5}
    for values, colour in ((recorded, RECORDED), (model, FITTED)):
        known = np.isfinite(values)
        axes.plot(rates.current[known], values[known], color=colour, **line)
    if deviation is not None and np.isfinite(deviation).any():
        bars: dict[str, Any] = {"fmt": "none", "ecolor": RECORDED, "elinewidth": 0.9}
        known = np.isfinite(deviation)
        axes.errorbar(rates.current[known], recorded[known], deviation[known], **bars)
    out = rates.held_out
    axes.plot(rates.current, recorded, "o", color=RECORDED, ms=5, label="recorded")
    axes.plot(rates.current[~out], model[~out], "s", color=FITTED, ms=5, label="model, fitted step")
    if out.any():
        look: dict[str, Any] = {"color": HELD_OUT, "ms": 6.5, "label": "model, held-out step"}
        axes.plot(rates.current[out], model[out], "D", **look)
