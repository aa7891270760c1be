"""Where every start ended."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._result import FitResult
from ._drawing import FAINT, FITTED, bare, blank, on_paper
from ._facts import fraction
from ._text import number, unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@on_paper
def plot_starts(result: FitResult) -> "Figure":
    """The parameters each start ended at, between their bounds, coloured by loss.

    **Arguments:** `result` of a fit. Starts that went non-finite are left out.

    **Returns:** a figure that belongs to no window.
    """
    figure = blank(1.1 + 0.42 * len(result.free))
    axes = figure.add_subplot()
    order = np.argsort(result.losses, kind="stable")
    order = order[np.isfinite(result.losses[order])]
    spread = np.linspace(-0.28, 0.28, len(order)) if len(order) > 1 else np.zeros(len(order))
    for line, (name, bounds) in enumerate(result.free.items()):
        axes.axhline(line, color=FAINT, linewidth=0.6, zorder=0)
        ends = fraction(bounds, np.asarray(result.starts[name])[order])
        _points(axes, ends, line + spread, result.losses[order])
        axes.plot(
            ends[0], line + spread[0], "D", ms=6.5, mfc="none", mec=FITTED, mew=1.4, clip_on=False
        )
    _name_lines(axes, result)
    if len(order) > 1:
        _colour_bar(figure, axes, result.losses[order])
    return figure


def _norm(losses: NDArray):
    from matplotlib.colors import LogNorm

    low = max(float(losses.min()), 1e-12)
    return LogNorm(low, max(float(losses.max()), 1.01 * low))


def _points(axes: "Axes", x: NDArray, y: NDArray, losses: NDArray) -> None:
    # The best are drawn last: they must not lie under the others.
    look = {
        "cmap": "viridis",
        "norm": _norm(losses),
        "s": 16,
        "linewidths": 0.3,
        "edgecolors": "#555555",
    }
    axes.scatter(x[::-1], y[::-1], c=losses[::-1], **look, clip_on=False, zorder=3)


def _name_lines(axes: "Axes", result: FitResult) -> None:
    lines = range(len(result.free))
    axes.set_yticks(list(lines), list(result.free), fontfamily="DejaVu Sans Mono")
    axes.set_ylim(len(result.free) - 0.45, -0.55)
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["low", "¼", "½", "¾", "high"])
    axes.set_xlabel("position between the bounds (logarithmic where the bounds are)")
    bare(axes, "left")
    axes.tick_params(axis="y", labelleft=True, pad=48)
    for line, (name, bounds) in enumerate(result.free.items()):
        style = {"va": "center", "fontsize": 7.5, "color": "#666666"}
        axes.text(-0.015, line, number(bounds.low), ha="right", **style)
        text = f"{number(bounds.high)} {unit(result.units[name])}".rstrip()
        axes.text(1.015, line, text, ha="left", **style)


def _colour_bar(figure: "Figure", axes: "Axes", losses: NDArray) -> None:
    from matplotlib.cm import ScalarMappable

    bar = figure.colorbar(
        ScalarMappable(_norm(losses), "viridis"), ax=axes, fraction=0.03, pad=0.02, aspect=30
    )
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.set_label("loss at the end")
