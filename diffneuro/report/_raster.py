"""Spike trains, one row each."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .._time_loop import Trajectory
from ..analysis import population_trains
from ._canvas import canvas
from ._drawing import on_paper
from ._trains import GROUP_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 0.16
"""inches"""
_TALLEST = 5.0
"""inches, of all rows"""
_GAP = 1.0
"""rows between groups, or that share of all where there are many"""


@on_paper
def plot_raster(
    trains: Sequence[ArrayLike] | Mapping[str, Sequence[ArrayLike]] | Trajectory,
    axes: "Axes | None" = None,
    *,
    duration: float | None = None,
) -> "Figure":
    """A stroke for each spike, the first train on top.

    **Arguments:** `trains`, spike times (ms), which may be padded with inf, one train a row; or
    groups of such by name, one below the other, such as recorded and model; or the run of a
    network, a group for each population and source; `axes` to draw into, otherwise a new
    figure; `duration`, ms, by default until the last spike.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` where there is no train.
    """
    if isinstance(trains, Trajectory):
        trains = population_trains(trains)
    groups = dict(trains) if isinstance(trains, Mapping) else {"": trains}
    rows = sum(len(group) for group in groups.values())
    if not rows:
        raise ValueError("there are no trains to draw: give at least one, which may be empty.")
    gap = max(_GAP, 0.02 * rows)
    height = min(_ROW * (rows + gap * (len(groups) - 1)), _TALLEST)
    figure, axes = canvas(axes, 0.7 + max(height, 0.5), 6.4)
    last, top, ticks = 0.0, 0.0, {}
    for number, (name, group) in enumerate(groups.items()):
        finite = [np.asarray(train, float).ravel() for train in group]
        finite = [train[np.isfinite(train)] for train in finite]
        axes.eventplot(
            finite,
            lineoffsets=list(top + 0.5 + np.arange(len(finite))),
            linelengths=0.75,
            linewidths=1.1,
            colors=GROUP_COLOURS[number % len(GROUP_COLOURS)],
        )
        last = max([last, *(train.max(initial=0.0) for train in finite)])
        ticks[top + 0.5 * len(finite)] = name
        top += len(finite) + gap
    axes.set_ylim(top - gap, 0.0)
    axes.set_xlim(0.0, duration or 1.02 * last or 1.0)
    axes.set_xlabel("time (ms)")
    if isinstance(trains, Mapping):
        axes.set_yticks(list(ticks), list(ticks.values()))
        axes.tick_params(left=False)
    else:
        axes.set_yticks([0.5, rows - 0.5] if rows > 1 else [0.5], ["1", str(rows)][: min(rows, 2)])
        axes.set_ylabel("train")
    axes.spines["left"].set_visible(False)
    return figure
