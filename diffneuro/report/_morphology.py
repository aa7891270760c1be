"""A neuron's shape, drawn in two and three dimensions."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..morphology import Compartments, Morphology
from ._canvas import canvas, labelled
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, blank, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_REGIONS = {"soma": RECORDED, "axon": HELD_OUT, "dendrite": FITTED, "apical": "#009e73"}
_OTHERS = ("#cc79a7", "#56b4e9", "#e69f00", QUIET)
_THINNEST = 0.7
"""points; thinner branches are drawn so wide"""
_COLOURS = "viridis"


class _Pieces(NamedTuple):
    """The straight pieces of a shape, none across the end of a compartment."""

    ends: NDArray
    """(m, 2, 3)"""
    radii: NDArray
    """(m, 2)"""
    owner: NDArray
    """(m,) the compartment, or the section if there are no compartments"""
    regions: tuple[str, ...]
    """of the owners"""


@on_paper
def plot_morphology(
    morphology: Morphology,
    compartments: Compartments | None = None,
    values: ArrayLike | None = None,
    axes: "Axes | None" = None,
    *,
    name: str = "voltage",
    unit: str = "mV",
    limits: tuple[float, float] | None = None,
    plane: tuple[int, int] = (0, 1),
) -> "Figure":
    """A shape seen along one axis, each branch as wide as it is.

    **Arguments:** `morphology`; `compartments` made from it and `values` (n,), one for each of
    them, which become colours, otherwise each region has its own; `axes` to draw into,
    otherwise a new figure; `name` and `unit` of the values; `limits`, the values at the ends of
    the colours; `plane`, which two of x, y and z (0, 1, 2) are seen.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for values without compartments or not one for each, for
    compartments of another shape, or for a plane that is none.
    """
    pieces = _pieces(morphology, compartments)
    shown = _checked(values, compartments, 1)
    figure, axes = canvas(axes, 5.6, 6.4)
    _draw_flat(axes, pieces, shown, labelled(name, unit), limits, plane)
    return figure


@on_paper
def plot_morphology_3d(
    morphology: Morphology,
    compartments: Compartments | None = None,
    values: ArrayLike | None = None,
    axes: Any = None,
    *,
    name: str = "voltage",
    unit: str = "mV",
    limits: tuple[float, float] | None = None,
    elevation: float = 45.0,
    azimuth: float = -60.0,
) -> "Figure":
    """A shape in three dimensions; widths are those of the branches, about to scale.

    **Arguments:** as `plot_morphology`; `axes` have to be of three dimensions; `elevation` and
    `azimuth` in degrees say from where it is seen.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` as `plot_morphology`.
    """
    from matplotlib.ticker import MaxNLocator
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    pieces = _pieces(morphology, compartments)
    shown = _checked(values, compartments, 1)
    if axes is None:
        figure = blank(5.6, width=6.4)
        axes = figure.add_subplot(projection="3d")
    else:
        figure = axes.get_figure(root=True)
    low, high = pieces.ends.min((0, 1)), pieces.ends.max((0, 1))
    extent = np.maximum(high - low, 0.05 * (high - low).max())
    middle = 0.5 * (low + high)
    for number, axis in enumerate((axes.xaxis, axes.yaxis, axes.zaxis)):
        half = 0.5 * extent[number]
        axis.set_view_interval(middle[number] - half, middle[number] + half, ignore=True)
        axis.set_label_text(labelled("xyz"[number], "um"))
        axis.set_major_locator(MaxNLocator(max(2, round(7 * extent[number] / extent.max()))))
    # A copy, because matplotlib scales what it is given.
    axes.set_box_aspect(tuple(extent))
    axes.view_init(elev=elevation, azim=azimuth)
    # The box fills about two thirds of the smaller side of the axes.
    points = 72.0 * min(axes.get_position().size * figure.get_size_inches()) * 0.65
    widths = np.maximum(_THINNEST, 2.0 * pieces.radii.mean(1) * points / extent.max())
    lines = Line3DCollection(list(pieces.ends), linewidths=widths, capstyle="round")
    axes.add_collection3d(lines)
    _colour(axes, lines, pieces, shown, labelled(name, unit), limits)
    return figure


def film_morphology(
    path: str | Path,
    morphology: Morphology,
    compartments: Compartments,
    values: ArrayLike,
    times: ArrayLike,
    *,
    name: str = "voltage",
    unit: str = "mV",
    limits: tuple[float, float] | None = None,
    plane: tuple[int, int] = (0, 1),
    frames: int = 100,
    per_second: int = 20,
) -> Path:
    """A film of a quantity that changes, such as a spike that travels along an axon.

    **Arguments:** `path`, which ends in `.gif`, or in `.html` for a page with buttons that
    holds all pictures; `morphology` and the `compartments` made from it; `values` (times, n);
    `times` (times,), ms; `name`, `unit`, `limits` and `plane` as `plot_morphology` takes them;
    `frames`, how many of the times are shown at most, spread evenly; `per_second`, how many of
    them in a second.

    **Returns:** the path.

    **Raises:** `ValueError` as `plot_morphology`, for times that are not one for each row of
    values, and for a path of another ending.
    """
    path, times = Path(path), np.asarray(times, float)
    if path.suffix not in (".gif", ".html"):
        raise ValueError(f"a film cannot be written to {path.name}: end it in .gif or .html.")
    if frames < 1 or not per_second > 0:
        raise ValueError(f"a film has {frames} frames, {per_second} a second: make both above 0.")
    shown = _checked(values, compartments, 2)
    if shown is None or times.shape != shown.shape[:1]:
        raise ValueError(
            f"the times are of shape {times.shape} and the values of shape {np.shape(values)}: "
            "give one row of values for each time."
        )
    pieces = _pieces(morphology, compartments)
    seen = shown[:, np.unique(pieces.owner)]
    limits = limits or (float(seen.min()), float(seen.max()))
    chosen = np.unique(np.linspace(0, len(times) - 1, frames).round().astype(int))
    _write(
        path, pieces, shown[chosen], times[chosen], labelled(name, unit), limits, plane, per_second
    )
    return path


@on_paper
def _write(
    path: Path,
    pieces: _Pieces,
    shown: NDArray,
    times: NDArray,
    label: str,
    limits: tuple[float, float],
    plane: tuple[int, int],
    per_second: int,
) -> "Figure":
    from matplotlib.animation import HTMLWriter, PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = blank(4.6, width=5.6)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    drawn = _draw_flat(axes, pieces, shown[0], label, limits, plane)
    title = axes.set_title(f"{times[0]:.2f} ms", loc="left")
    # Laid out once, so that nothing moves but the colours.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    embedded = path.suffix == ".html"
    writer = HTMLWriter(per_second, embed_frames=True) if embedded else PillowWriter(per_second)
    with writer.saving(figure, str(path), 100):
        for time, row in zip(times, shown, strict=True):
            drawn.set_array(row[pieces.owner])
            title.set_text(f"{time:.2f} ms")
            writer.grab_frame()
    return figure


def _checked(values: ArrayLike | None, compartments: Compartments | None, axes: int) -> Any:
    """The values, as many in the last axis as there are compartments."""
    if values is None:
        return None
    shown = np.asarray(values, float)
    count = 0 if compartments is None else compartments.count
    if compartments is None or shown.ndim != axes or shown.shape[-1] != count:
        raise ValueError(
            f"the values are of shape {shown.shape} for {count} compartments: give the "
            f"compartments and {'one value' if axes == 1 else 'rows with one value'} for each."
        )
    if not np.isfinite(shown).all():
        raise ValueError("a value is not finite: give finite ones, they become colours.")
    return shown


def _pieces(morphology: Morphology, compartments: Compartments | None) -> _Pieces:
    spans = [(section.name, 0.0, 1.0) for section in morphology.sections]
    regions = tuple(section.region for section in morphology.sections)
    if compartments is not None:
        spans, regions = list(compartments.spans), compartments.regions
        if not spans:
            raise ValueError(
                "the compartments do not say to which sections they belong: make them by "
                "`discretise`."
            )
    ends, radii, owner = [], [], []
    arcs = {section.name: section.arc for section in morphology.sections}
    for number, (name, start, end) in enumerate(spans):
        section = morphology.section(name)
        if end <= start:
            continue
        arc = arcs[name]
        first, last = start * arc[-1], end * arc[-1]
        knots = np.concatenate([[first], arc[(arc > first) & (arc < last)], [last]])
        places = np.stack([np.interp(knots, arc, column) for column in section.points.T], 1)
        wide = np.interp(knots, arc, section.radii)
        ends.append(np.stack([places[:-1], places[1:]], 1))
        radii.append(np.stack([wide[:-1], wide[1:]], 1))
        owner.append(np.full(len(knots) - 1, number))
    return _Pieces(np.concatenate(ends), np.concatenate(radii), np.concatenate(owner), regions)


def _draw_flat(
    axes: "Axes",
    pieces: _Pieces,
    shown: NDArray | None,
    label: str,
    limits: tuple[float, float] | None,
    plane: tuple[int, int],
) -> Any:
    from matplotlib.collections import PolyCollection

    if len(plane) != 2 or plane[0] == plane[1] or not set(plane) <= {0, 1, 2}:
        raise ValueError(f"the plane is {plane}: give two different numbers of 0, 1 and 2.")
    ends = pieces.ends[:, :, list(plane)]
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / np.where(length > 0, length, 1.0)
    offset = pieces.radii[:, :, None] * across[:, None, :]
    corners = np.stack(
        [
            ends[:, 0] + offset[:, 0],
            ends[:, 1] + offset[:, 1],
            ends[:, 1] - offset[:, 1],
            ends[:, 0] - offset[:, 0],
        ],
        1,
    )
    drawn = PolyCollection(list(corners), linewidths=_THINNEST, joinstyle="round")
    axes.add_collection(drawn)
    axes.autoscale_view()
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(labelled("xyz"[plane[0]], "um"))
    axes.set_ylabel(labelled("xyz"[plane[1]], "um"))
    _colour(axes, drawn, pieces, shown, label, limits)
    # An edge of the same colour keeps thin branches in sight.
    drawn.set_edgecolor("face")
    return drawn


def _colour(
    axes: Any,
    drawn: Any,
    pieces: _Pieces,
    shown: NDArray | None,
    label: str,
    limits: tuple[float, float] | None,
) -> None:
    if shown is None:
        _colour_regions(axes, drawn, pieces)
        return
    drawn.set_array(shown[pieces.owner])
    drawn.set_cmap(_COLOURS)
    drawn.set_clim(*(limits or (None, None)))
    bar = axes.get_figure(root=True).colorbar(
        drawn, ax=axes, label=label, fraction=0.05, pad=0.03, aspect=30
    )
    bar.outline.set_visible(False)


def _colour_regions(axes: Any, drawn: Any, pieces: _Pieces) -> None:
    from matplotlib.lines import Line2D

    regions = dict.fromkeys(pieces.regions[number] for number in pieces.owner)
    others = iter(_OTHERS * len(regions))
    colours = {region: _REGIONS.get(region) or next(others) for region in regions}
    drawn.set_color([colours[pieces.regions[number]] for number in pieces.owner])
    handles = [
        Line2D([], [], color=colour, linewidth=3.0, label=region)
        for region, colour in colours.items()
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.2
    )
