"""Axes to draw into, the caller's or new ones."""

from typing import TYPE_CHECKING

from ._drawing import blank
from ._text import unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def canvas(axes: "Axes | None", height: float, width: float) -> "tuple[Figure, Axes]":
    """The figure and the axes to draw into: `axes`, or those of a new figure (inches)."""
    if axes is None:
        figure = blank(height, width=width)
        return figure, figure.add_subplot()
    figure = axes.get_figure(root=True)
    assert figure is not None
    # Made with the caller's settings, so what ours would have left out is taken away.
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def labelled(name: str, of: str | None) -> str:
    """`voltage (mV)`, or the name alone where there is no unit."""
    shown = unit(of) if of else ""
    return f"{name} ({shown})" if shown else name
