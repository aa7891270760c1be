"""Firing rate against current, drawn."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..analysis import FICurve
from ._canvas import canvas, labelled
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHADES = (RECORDED, FITTED, HELD_OUT, "#009e73", "#cc79a7", QUIET)


@on_paper
def plot_f_i_curve(
    curve: FICurve | Mapping[str, FICurve],
    axes: "Axes | None" = None,
    *,
    first_interval: bool = True,
) -> "Figure":
    """The steady rate (dots) and that of the first interval (open) against current.

    **Arguments:** `curve`, one, or several by the name that stands in the legend; `axes` to
    draw into, otherwise a new figure; `first_interval`, whether its rate is drawn.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for curves whose currents have different units, and for none.
    """
    curves = dict(curve) if isinstance(curve, Mapping) else {"steady": curve}
    units = {one.unit for one in curves.values()}
    if len(units) != 1:
        raise ValueError(
            f"the currents of {len(curves)} curves have the units {sorted(units)}: draw curves "
            "of one unit, at least one."
        )
    figure, axes = canvas(axes, 3.0, 4.6)
    for number, (name, one) in enumerate(curves.items()):
        colour = _SHADES[number % len(_SHADES)]
        look = {"color": colour, "markersize": 4.0}
        axes.plot(one.current, one.steady_rate, "o-", linewidth=1.2, label=name, **look)
        if first_interval:
            axes.plot(
                one.current,
                one.first_rate,
                "o--",
                linewidth=0.8,
                markerfacecolor="white",
                label="first interval" if len(curves) == 1 else None,
                **look,
            )
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel(labelled("injected current", units.pop()))
    axes.set_ylabel("firing rate (Hz)")
    if len(curves) > 1 or first_interval:
        axes.legend(loc="upper left")
    return figure
