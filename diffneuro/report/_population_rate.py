"""The firing rate of populations over time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._time_loop import Trajectory
from ..analysis import population_trains
from ._canvas import canvas
from ._drawing import on_paper
from ._trains import GROUP_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS_A_WIDTH = 10
_REACH = 4.0
"""standard deviations of a Gaussian"""


@on_paper
def plot_population_rate(
    trains: Mapping[str, Sequence[ArrayLike]] | Trajectory,
    axes: "Axes | None" = None,
    *,
    duration: float | None = None,
    bin_width: float | None = None,
    width: float = 5.0,
) -> "Figure":
    """The mean rate of each population's cells (Hz), as a curve or in bins.

    **Arguments:** `trains`, the run of a network, or groups of spike times (ms) by name; `axes`
    to draw into, otherwise a new figure; `duration`, ms, by default that of the run or until
    the last spike; `bin_width`, ms, for steps; without it each spike is a Gaussian with the
    standard deviation `width` (ms), and near the ends what reaches beyond is made up for.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` where there is no train, and for widths that are not above 0.
    """
    if not ((bin_width is None or bin_width > 0.0) and width > 0.0):
        raise ValueError(f"bin_width={bin_width} and width={width} must be above 0 ms.")
    groups = population_trains(trains) if isinstance(trains, Trajectory) else dict(trains)
    if not any(len(group) for group in groups.values()):
        raise ValueError("there are no trains to draw: give at least one, which may be empty.")
    if duration is None:
        duration = _length(trains) if isinstance(trains, Trajectory) else _last(groups)
    figure, axes = canvas(axes, 2.4, 6.4)
    for number, (name, group) in enumerate(groups.items()):
        colour = GROUP_COLOURS[number % len(GROUP_COLOURS)]
        if bin_width is None:
            t, rate = _smooth(group, duration, width)
            axes.plot(t, rate, color=colour, linewidth=1.2, label=name)
        else:
            edges = bin_width * np.arange(np.ceil(duration / bin_width - 1e-9) + 1.0)
            axes.stairs(_rate(group, edges), edges, color=colour, label=name)
    axes.set_xlim(0.0, duration)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("rate (Hz)")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _smooth(group: Sequence[ArrayLike], duration: float, width: float) -> tuple[NDArray, NDArray]:
    """The rate in the middle of fine bins, in which each spike counts as at their middle."""
    step = width / _BINS_A_WIDTH
    edges = step * np.arange(np.ceil(duration / step - 1e-9) + 1.0)
    half = round(_REACH * _BINS_A_WIDTH)
    bell = np.exp(-0.5 * (np.arange(-half, half + 1) / _BINS_A_WIDTH) ** 2)
    rate = np.convolve(_rate(group, edges), bell)
    inside = np.convolve(np.ones(edges.size - 1), bell)
    return 0.5 * (edges[1:] + edges[:-1]), (rate / inside)[half:-half]


def _rate(group: Sequence[ArrayLike], edges: NDArray) -> NDArray:
    """The mean rate in bins (Hz)."""
    counts = sum(np.histogram(np.asarray(train, float), edges)[0] for train in group)
    return 1e3 * counts / (max(len(group), 1) * np.diff(edges))


def _length(run: Trajectory) -> float:
    """The duration of a run (ms), of which every so-many-th sample may be kept."""
    return float(run.t[-1] + (run.t[1] - run.t[0])) if run.t.size > 1 else float(run.t[-1]) or 1.0


def _last(groups: Mapping[str, Sequence[ArrayLike]]) -> float:
    times = np.concatenate([np.ravel(np.asarray(t, float)) for g in groups.values() for t in g])
    return float(1.02 * times[np.isfinite(times)].max(initial=0.0)) or 1.0
