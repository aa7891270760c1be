"""A run's voltage with its spikes."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._time_loop import Trajectory
from ._canvas import canvas, labelled
from ._drawing import QUIET, RECORDED, on_paper
from ._trace import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 1600


@on_paper
def plot_voltage(
    trajectory: Trajectory,
    axes: "Axes | None" = None,
    *,
    current: ArrayLike | None = None,
    peak: float = 20.0,
    unit: str = "mV",
    color: str = RECORDED,
) -> "Figure":
    """Voltage against time, and below it the current.

    A neuron that spikes by a rule has no spikes in its voltage, so each is drawn as a stroke up
    to `peak` at its time off the grid.

    **Arguments:** `trajectory`, a run whose output was kept; `axes` to draw into, otherwise a
    new figure; `current`, a number or (m,) samples at the run's times, pA; `peak`, mV; `unit`
    of the voltage, "1" for a model of pure numbers; `color` of the trace.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` where the run holds something else than one voltage, and for a
    current of another length.
    """
    time = np.asarray(trajectory.t, float)
    voltage = _voltage(trajectory, time)
    drawn = None if current is None else _samples(current, time)
    figure, axes = canvas(axes, 2.6 if current is None else 3.2, 6.4)
    axes.plot(*_with_spikes(trajectory, time, voltage, peak), color=color, linewidth=1.0)
    axes.set_xlim(time[0], time[-1])
    axes.set_ylabel(labelled("voltage", unit))
    lowest = axes
    if drawn is not None:
        lowest = axes.inset_axes((0.0, -0.34, 1.0, 0.22), sharex=axes)
        lowest.plot(*thinned(time, drawn, _COLUMNS), color=QUIET, linewidth=1.0)
        lowest.set_ylabel("current" if unit == "1" else "current\n(pA)")
        lowest.margins(y=0.25)
        for side in ("top", "right"):
            lowest.spines[side].set_visible(False)
        axes.tick_params(bottom=False, labelbottom=False)
        axes.spines["bottom"].set_visible(False)
    lowest.set_xlabel("time (ms)" if unit != "1" else "time")
    return figure


def _voltage(run: Trajectory, time: NDArray) -> NDArray:
    parts: Any = run.y
    if isinstance(parts, tuple | list | dict) or np.shape(parts) != time.shape:
        raise ValueError(
            "the run does not hold one voltage: simulate one neuron without record=, and for "
            "the runs of a batch draw each."
        )
    return np.asarray(parts, float)


def _samples(current: ArrayLike, time: NDArray) -> NDArray:
    values = np.asarray(current, float)
    if values.ndim > 1 or (values.ndim == 1 and values.shape != time.shape):
        raise ValueError(
            f"current has shape {values.shape}, but the run has {time.size} samples: give one "
            "number or one for each of the run's times."
        )
    return np.broadcast_to(values, time.shape)


def _with_spikes(
    run: Trajectory, time: NDArray, voltage: NDArray, peak: float
) -> tuple[NDArray, NDArray]:
    """The trace with three points more for each spike: at its foot, its top, and after it."""
    thin = thinned(time, voltage, _COLUMNS)
    if run.spike_times is None:
        return thin
    spikes = np.asarray(run.spike_times, float)
    spikes = spikes[np.isfinite(spikes)]
    before = np.clip(np.searchsorted(time, spikes, side="right") - 1, 0, time.size - 1)
    foot, after = voltage[before], voltage[np.minimum(before + 1, time.size - 1)]
    times = np.concatenate([thin[0], np.repeat(spikes, 3)])
    values = np.concatenate([thin[1], np.column_stack([foot, 0.0 * foot + peak, after]).ravel()])
    order = np.argsort(times, kind="stable")
    return times[order], values[order]
