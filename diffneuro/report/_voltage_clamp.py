"""Currents under voltage clamp and the curves made of them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analysis import GatingCurve
from ._canvas import canvas, labelled
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, on_paper
from ._trace import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 1600
_SHADES = (RECORDED, FITTED, HELD_OUT, "#009e73", "#cc79a7", QUIET)


@on_paper
def plot_clamp_currents(
    time: ArrayLike,
    currents: ArrayLike,
    axes: "Axes | None" = None,
    *,
    command: ArrayLike | None = None,
    unit: str = "pA",
    window: tuple[float, float] | None = None,
) -> "Figure":
    """A family of currents over time, and below it the commands.

    **Arguments:** `time` (n,), ms; `currents` (k, n) or (n,); `axes` to draw into, otherwise a
    new figure; `command`, of the currents' shape, mV; `unit` of the currents; `window` (ms),
    what is shown, such as the tails alone.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for shapes that do not fit.
    """
    t = np.asarray(time, float)
    rows = _rows("currents", currents, t)
    below = None if command is None else _rows("command", command, t)
    low, high = (t[0], t[-1]) if window is None else window
    seen = (t >= low) & (t <= high)
    figure, axes = canvas(axes, 3.4 if below is None else 4.2, 6.4)
    shades = _shades(len(rows))
    for row, shade in zip(rows, shades, strict=True):
        axes.plot(*thinned(t[seen], row[seen], _COLUMNS), color=shade, linewidth=0.9)
    axes.axhline(0.0, color=QUIET, linewidth=0.5, zorder=0)
    axes.set_ylabel(labelled("current", unit))
    lowest = axes
    if below is not None:
        lowest = axes.inset_axes((0.0, -0.32, 1.0, 0.26), sharex=axes)
        for row, shade in zip(below, _shades(len(below)), strict=True):
            lowest.plot(*thinned(t[seen], row[seen], _COLUMNS), color=shade, linewidth=0.9)
        lowest.set_ylabel("command\n(mV)")
        lowest.margins(y=0.15)
        for side in ("top", "right"):
            lowest.spines[side].set_visible(False)
        axes.tick_params(bottom=False, labelbottom=False)
        axes.spines["bottom"].set_visible(False)
    lowest.set_xlim(low, high)
    lowest.set_xlabel("time (ms)")
    return figure


@on_paper
def plot_i_v_curve(
    voltages: ArrayLike,
    currents: "ArrayLike | Mapping[str, ArrayLike]",
    axes: "Axes | None" = None,
    *,
    unit: str = "pA",
) -> "Figure":
    """Current against voltage, with both axes through zero.

    **Arguments:** `voltages` (k,), mV; `currents` (k,), or several by the name that stands in
    the legend; `axes` to draw into, otherwise a new figure; `unit` of the currents.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for currents that are not one for each voltage.
    """
    v = np.asarray(voltages, float)
    several = isinstance(currents, Mapping)
    curves = {str(name): row for name, row in currents.items()} if several else {"": currents}
    figure, axes = canvas(axes, 3.2, 4.6)
    for number, (name, values) in enumerate(curves.items()):
        current = np.asarray(values, float)
        if current.shape != v.shape:
            raise ValueError(f"{current.shape} currents at {v.shape} voltages: give one for each.")
        shade = _SHADES[number % len(_SHADES)]
        axes.plot(v, current, "o-", color=shade, markersize=4.0, linewidth=1.1, label=name)
    axes.axhline(0.0, color=QUIET, linewidth=0.5, zorder=0)
    axes.axvline(0.0, color=QUIET, linewidth=0.5, zorder=0)
    axes.set_xlabel("voltage (mV)")
    axes.set_ylabel(labelled("current", unit))
    if several:
        axes.legend(loc="best")
    return figure


@on_paper
def plot_gating_curves(
    curves: GatingCurve | Mapping[str, GatingCurve], axes: "Axes | None" = None
) -> "Figure":
    """Activation and inactivation against voltage, with their Boltzmann functions.

    **Arguments:** `curves`, one, or several by the name that stands in the legend; `axes` to
    draw into, otherwise a new figure.

    **Returns:** the figure; a new one belongs to no window.
    """
    several = dict(curves) if isinstance(curves, Mapping) else {"measured": curves}
    figure, axes = canvas(axes, 3.2, 4.8)
    for number, (name, curve) in enumerate(several.items()):
        shade = _SHADES[number % len(_SHADES)]
        label = f"{name}: {curve.fit.half:.1f} mV, slope {curve.fit.slope:.1f} mV"
        axes.plot(curve.voltage, curve.fraction, "o", color=shade, markersize=4.0, label=label)
        fine = np.linspace(curve.voltage.min(), curve.voltage.max(), 200)
        axes.plot(fine, curve.fit.value(fine), color=shade, linewidth=1.1)
    axes.set_ylim(-0.05, None)
    axes.set_xlabel("voltage (mV)")
    axes.set_ylabel("fraction of the largest")
    # Above, because curves that cross leave no room inside.
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return figure


def _rows(name: str, values: ArrayLike, time: NDArray) -> NDArray:
    rows = np.atleast_2d(np.asarray(values, float))
    if rows.ndim != 2 or rows.shape[1:] != time.shape:
        raise ValueError(f"{name} has shape {rows.shape}, time {time.shape}: give (k, n), (n,).")
    return rows


def _shades(count: int) -> list[tuple[float, float, float]]:
    """From blue for the first to orange for the last: an order that grey print keeps."""
    first, last = np.array([0.0, 0.25, 0.55]), np.array([0.90, 0.45, 0.05])
    parts = np.linspace(0.0, 1.0, count) if count > 1 else np.zeros(1)
    return [tuple((first + part * (last - first)).tolist()) for part in parts]
