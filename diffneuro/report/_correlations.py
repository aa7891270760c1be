"""Which parameters move together."""

from typing import TYPE_CHECKING

import numpy as np

from .._result import FitResult
from ._drawing import FAINT, WIDTH, bare, blank, on_paper
from ._facts import correlations
from ._text import fixed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NUMBERS = 14


@on_paper
def plot_correlations(result: FitResult) -> "Figure":
    """The correlation matrix of the parameters' errors, from `covariance`.

    **Arguments:** `result` of a fit. A parameter of no or infinite variance stays blank.

    **Returns:** a figure that belongs to no window.
    """
    matrix, names = correlations(result), list(result.free)
    side = min(0.62 * len(names) + 0.6, 7.0)
    figure = blank(side + 0.2, width=min(side + 3.4, WIDTH))
    axes = figure.add_subplot()
    image = axes.imshow(matrix, cmap="PuOr", vmin=-1.0, vmax=1.0)
    axes.set_facecolor(FAINT)
    axes.set_yticks(range(len(names)), names, fontfamily="DejaVu Sans Mono")
    short = [name.removeprefix("channels.") for name in names]
    axes.set_xticks(
        range(len(names)), short, rotation=35, ha="right", fontfamily="DejaVu Sans Mono"
    )
    bare(axes, "left", "bottom")
    axes.tick_params(labelleft=True, labelbottom=True)
    if len(names) <= _MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(matrix):
            shade = "white" if abs(value) > 0.6 else "#222222"
            text = fixed(float(value), 2)
            axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=shade)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.03, aspect=30)
    bar.set_ticks([-1, -0.5, 0, 0.5, 1], labels=["−1", "−½", "0", "½", "1"])
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.set_label("correlation")
    return figure
