"""How the threshold recovers after a spike, drawn."""

from typing import TYPE_CHECKING

import numpy as np

from ..analysis import Refractoriness
from ._canvas import canvas
from ._drawing import FAINT, FITTED, QUIET, RECORDED, on_paper
from ._text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@on_paper
def plot_refractoriness(found: Refractoriness, axes: "Axes | None" = None) -> "Figure":
    """The threshold of a second pulse, as a multiple of that at rest, against the interval.

    The absolute refractory period is shaded, the end of the relative one marked.

    **Arguments:** `found`; `axes` to draw into, otherwise a new figure.

    **Returns:** the figure; a new one belongs to no window.
    """
    figure, axes = canvas(axes, 3.0, 4.6)
    axes.axvspan(0.0, found.absolute, color=FAINT, linewidth=0.0, zorder=0.5)
    axes.axhline(1.0, color=QUIET, linewidth=0.9, linestyle=(0, (1, 1.6)), zorder=1.0)
    look = {"color": RECORDED, "markersize": 4.0, "linewidth": 1.0}
    axes.plot(found.interval, found.ratio, "o-", **look)
    axes.set_yscale("log")
    # Plain numbers, where a logarithmic axis would write powers of ten.
    top = 1.2 * float(np.nanmax(found.ratio))
    bottom = min(0.7, 0.8 * float(np.nanmin(found.ratio)))
    marks = [mark for mark in (0.5, 1, 2, 5, 10, 20, 50) if bottom <= mark <= top]
    axes.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axes.set_yticks([], minor=True)
    axes.set_ylim(bottom, top)
    words = {"textcoords": "offset points", "color": "#444444", "fontsize": 8.0}
    axes.annotate(
        f"absolute\n{number(found.absolute, 3)} ms",
        (0.5 * found.absolute, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, -4),
        ha="center",
        va="top",
        **words,
    )
    if np.isfinite(found.relative):
        axes.plot(found.relative, 1.0, "s", color=FITTED, markersize=5.0, zorder=3.0)
        axes.annotate(
            f"relative, to {number(found.relative, 3)} ms",
            (found.relative, 1.0),
            xytext=(2, 6),
            **words,
        )
    axes.set_xlim(0.0, float(found.interval[-1]))
    axes.set_xlabel("interval (ms)")
    axes.set_ylabel("threshold / threshold at rest")
    return figure
