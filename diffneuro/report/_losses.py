"""The loss of every start over the search."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._result import FitResult
from ._drawing import FAINT, FITTED, QUIET, blank, on_paper
from ._facts import stages
from ._text import count, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@on_paper
def plot_losses(result: FitResult) -> "Figure":
    """The loss of all starts over the iterations, the best one in colour.

    **Arguments:** `result` of a fit. Where its method goes in stages, thin lines part them:
    the loss is that of the stage, and only losses of one stage compare.

    **Returns:** a figure that belongs to no window.
    """
    from matplotlib.ticker import MaxNLocator

    figure = blank(3.6)
    axes = figure.add_subplot()
    history = np.where(result.history > 0, result.history, np.nan)
    history = np.where(np.isfinite(history), history, np.nan)
    iterations = np.arange(1, len(history) + 1)
    best = int(np.argmin(result.losses))
    for start in range(history.shape[1]):
        if start != best:
            axes.plot(iterations, history[:, start], color=QUIET, linewidth=0.6, alpha=0.6)
    mark = "." if len(history) < 30 else ""
    axes.plot(iterations, history[:, best], color=FITTED, linewidth=1.6, marker=mark)
    axes.set_xlabel("iteration")
    axes.set_ylabel("loss (sum of squared residuals)")
    if np.isfinite(history).any():
        axes.set_yscale("log")
        _label_decades(axes, history)
    axes.set_xlim(1, max(len(history), 2))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _part_stages(axes, result)
    _legend(figure, result)
    return figure


def _label_decades(axes: "Axes", history: NDArray) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    plain = FuncFormatter(lambda value, _: number(value))
    axes.yaxis.set_major_formatter(plain)
    narrow = np.nanmax(history) < 10 * np.nanmin(history)
    axes.yaxis.set_minor_formatter(plain if narrow else NullFormatter())


def _part_stages(axes: "Axes", result: FitResult) -> None:
    parts = stages(result)
    if len(parts) < 2:
        return
    top = axes.secondary_xaxis("top")
    top.spines["top"].set_visible(False)
    top.set_xticks([(part.first + part.last) / 2 for part in parts], [p.name for p in parts])
    top.tick_params(length=0, labelrotation=90, labelsize=6.5, labelcolor="#555555")
    for part in parts[1:]:
        axes.axvline(part.first - 0.5, color=FAINT, linewidth=0.6, zorder=0)


def _legend(figure: "Figure", result: FitResult) -> None:
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=FITTED, linewidth=1.6, label="best")]
    if result.losses.size > 1:
        lines.append(Line2D([], [], color=QUIET, linewidth=0.6, label="other starts"))
    lost = int((~np.isfinite(result.losses)).sum())
    if lost:
        label = f"{count(lost, 'start')} went non-finite"
        lines.append(Line2D([], [], linestyle="none", label=label))
    figure.legend(handles=lines, loc="outside lower right", ncols=3)
