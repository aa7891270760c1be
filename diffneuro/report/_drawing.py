"""What all figures share: palette, paper, PNG."""

import functools
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Apart in every common colour blindness, and in grey print. Okabe & Ito 2008.
RECORDED = "#2b2b2b"
FITTED = "#d55e00"
HELD_OUT = "#0072b2"
QUIET = "#8c8c8c"
FAINT = "#d9d9d9"

WIDTH = 10.0
"""Width of every figure in inches: the width of the page at 100 pixels to the inch"""
PIXELS_PER_INCH = 200

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#444444",
    "axes.labelcolor": "#222222",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelcolor": "#222222",
    "ytick.labelcolor": "#222222",
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "lines.linewidth": 0.9,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "savefig.facecolor": "white",
}

_Given = ParamSpec("_Given")


@contextmanager
def paper() -> Iterator[None]:
    """Our drawing settings, whatever the user's are, and the user's again afterwards.

    Raises ImportError with the cure where matplotlib is missing.
    """
    try:
        from matplotlib import style
    except ImportError as error:
        raise ImportError("needs the report extra: pip install 'diffneuro[report]'") from error
    with style.context(_STYLE, after_reset=True):
        yield


def on_paper(draw: "Callable[_Given, Figure]") -> "Callable[_Given, Figure]":
    """A drawing function that draws with our settings."""

    @functools.wraps(draw)
    def drawn(*args: _Given.args, **kwargs: _Given.kwargs) -> "Figure":
        with paper():
            return draw(*args, **kwargs)

    return drawn


def blank(height: float, *, width: float = WIDTH, layout: Any = "constrained") -> "Figure":
    """An empty figure that belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout=layout)


def png(figure: "Figure") -> bytes:
    """The figure as PNG, the same bytes each time."""
    content = io.BytesIO()
    with paper():
        # Without the line on matplotlib's version a figure depends on nothing but its data.
        figure.savefig(content, format="png", dpi=PIXELS_PER_INCH, metadata={"Software": None})
    return content.getvalue()


def bare(axes: "Axes", *sides: str) -> None:
    """Take away spines and the ticks that stand on them."""
    for side in sides:
        axes.spines[side].set_visible(False)
    if "left" in sides:
        axes.tick_params(left=False, labelleft=False)
    if "bottom" in sides:
        axes.tick_params(bottom=False, labelbottom=False)
