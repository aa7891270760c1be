"""Threshold against the duration of the pulse, drawn."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..analysis import StrengthDuration
from ._canvas import canvas
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, on_paper
from ._text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


@on_paper
def plot_strength_duration(
    curve: StrengthDuration, axes: "Axes | None" = None, *, fits: bool = True
) -> "Figure":
    """The weakest pulse that fires against its duration, with rheobase and chronaxie marked.

    **Arguments:** `curve`; `axes` to draw into, otherwise a new figure; `fits`, whether the
    laws of Lapicque and Weiss are drawn, fitted.

    **Returns:** the figure; a new one belongs to no window.
    """
    figure, axes = canvas(axes, 3.2, 4.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    fine = np.geomspace(curve.duration.min(), curve.duration.max(), 200)
    if fits:
        axes.plot(fine, _lapicque(curve, fine), color=FITTED, linewidth=1.2, label="Lapicque")
        axes.plot(fine, _weiss(curve, fine), "--", color=HELD_OUT, linewidth=1.2, label="Weiss")
    axes.plot(curve.duration, curve.current, "o", color=RECORDED, markersize=4.0, label="threshold")
    dots = {"color": QUIET, "linewidth": 0.9, "linestyle": (0, (1, 1.6)), "zorder": 1.0}
    axes.axhline(curve.rheobase, **dots)
    bottom = axes.get_ylim()[0]
    axes.plot([curve.chronaxie] * 2, [bottom, 2.0 * curve.rheobase], **dots)
    left = axes.get_xlim()[0]
    axes.plot([left, curve.chronaxie], [2.0 * curve.rheobase] * 2, **dots)
    axes.set_xlim(left=left)
    axes.set_ylim(bottom=bottom)
    for axis in (axes.xaxis, axes.yaxis):
        _plain_ticks(axis)
    words = {"textcoords": "offset points", "color": "#444444", "fontsize": 8.0}
    axes.annotate(
        f"rheobase {number(curve.rheobase, 3)} pA",
        (left, curve.rheobase),
        xytext=(4, 3),
        **words,
    )
    axes.annotate(
        f"chronaxie {number(curve.chronaxie, 3)} ms",
        (curve.chronaxie, 2.0 * curve.rheobase),
        xytext=(4, 4),
        **words,
    )
    axes.set_xlabel("duration (ms)")
    axes.set_ylabel("threshold (pA)")
    axes.legend(loc="upper right")
    return figure


def _plain_ticks(axis: "Axis") -> None:
    """Numbers as people write them, where a logarithmic axis would have powers of ten."""
    low, high = axis.get_view_interval()
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [share * 10.0**power for power in decades for share in (1, 2, 5)]
    ticks = [tick for tick in ticks if low <= tick <= high]
    axis.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axis.set_ticks([], minor=True)


def _lapicque(curve: StrengthDuration, duration: NDArray) -> NDArray:
    rheobase, chronaxie, _ = curve.lapicque
    return rheobase / -np.expm1(-np.log(2.0) * duration / chronaxie)


def _weiss(curve: StrengthDuration, duration: NDArray) -> NDArray:
    rheobase, chronaxie, _ = curve.weiss
    return rheobase * (1.0 + chronaxie / duration)
