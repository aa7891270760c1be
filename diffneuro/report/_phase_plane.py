"""The phase plane, drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import PhasePlane
from ._canvas import canvas, labelled
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ARROW_SPACING = 0.2
"""inches"""
_FIELD = "#c4c4c4"
_MARKER = 7.5


@on_paper
def plot_phase_plane(
    plane: PhasePlane,
    trajectory: Trajectory | Sequence[Trajectory] | None = None,
    axes: "Axes | None" = None,
    *,
    legend: bool = True,
) -> "Figure":
    """Nullclines, flow, fixed points and runs in the plane of voltage and recovery.

    A stable fixed point is filled, an unstable one open, a saddle half of each; the ways into
    a saddle, which part the plane, are dotted. Arrows show where the flow goes, and by their
    length, compressed, how fast. A run that spikes leaves by the right edge, and comes back
    from its reset at a small square.

    **Arguments:** `plane`; `trajectory`, one run or several, recorded with
    `record=analysis.in_plane(model)`; `axes` to draw into, otherwise a new figure; `legend`,
    whether there is one.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for a run that was not recorded so.
    """
    runs = [trajectory] if isinstance(trajectory, Trajectory) else list(trajectory or ())
    ways = [_pieces(run, plane.voltage[-1]) for run in runs]
    figure, axes = canvas(axes, 4.4, 5.2)
    _draw_flow(axes, plane)
    for line in plane.separatrices:
        axes.plot(*line.T, color=QUIET, linestyle=(0, (1, 1.6)), linewidth=1.2)
    look = {"linewidth": 1.7, "solid_capstyle": "round"}
    for lines, colour in (
        (plane.voltage_nullcline, FITTED),
        (plane.recovery_nullcline, HELD_OUT),
    ):
        for line in lines:
            axes.plot(*line.T, color=colour, **look)
    for pieces in ways:
        _draw_run(axes, pieces)
    for point in plane.fixed_points:
        _draw_fixed_point(axes, point)
    axes.set_xlim(plane.voltage[0], plane.voltage[-1])
    axes.set_ylim(plane.recovery[0], plane.recovery[-1])
    axes.set_xlabel(labelled(plane.names[0], plane.units[0]))
    axes.set_ylabel(labelled(plane.names[1], plane.units[1]))
    if legend:
        _legend(axes, plane, bool(ways))
    return figure


def _draw_flow(axes: "Axes", plane: PhasePlane) -> None:
    extent = axes.get_window_extent().transformed(axes.figure.dpi_scale_trans.inverted())
    width, height = extent.width, extent.height
    across, down = (max(4, round(size / _ARROW_SPACING)) for size in (width, height))
    columns, rows = (
        np.unique(np.linspace(0, part.size - 1, count).round().astype(int)[1:-1])
        for part, count in ((plane.voltage, across), (plane.recovery, down))
    )
    span = [float(np.ptp(part)) for part in (plane.voltage, plane.recovery)]
    # On paper an inch is an inch, so slopes are measured there and not in millivolts.
    flow = plane.flow[np.ix_(rows, columns)] / span * (width, height)
    speed = np.linalg.norm(flow, axis=-1)
    seen = speed[np.isfinite(speed) & (speed > 0)]
    if not seen.size:
        return
    length = np.sqrt(np.clip(speed / np.quantile(seen, 0.9), 0.0, 1.0)) * 0.75 + 0.25
    arrows = flow / np.where(speed > 0, speed, 1.0)[..., None] * length[..., None]
    axes.quiver(
        plane.voltage[columns],
        plane.recovery[rows],
        *np.moveaxis(arrows, -1, 0),
        color=_FIELD,
        pivot="mid",
        units="width",
        scale=1.25 * across,
        width=0.009 / width,
        headwidth=4.0,
        headlength=4.5,
        headaxislength=4.0,
        zorder=0.5,
    )


def _pieces(run: Trajectory, edge: float) -> list[NDArray]:
    """The run as lines (k, 2) between resets; each but the last goes on to the window's edge."""
    try:
        voltage, recovery = (np.asarray(part, float).reshape(len(run.t)) for part in run.y)
    except (TypeError, ValueError):
        raise ValueError(
            "the run does not hold two variables: simulate with record=analysis.in_plane(model)."
        ) from None
    points = np.column_stack([voltage, recovery])
    if run.spikes is None:
        return [points]
    # More steps than samples where only each so-many-th was kept.
    every = -(-len(run.spikes) // len(points))
    fired = np.unique(np.flatnonzero(np.asarray(run.spikes) > 0) // every)
    pieces = np.split(points, fired[fired < len(points) - 1] + 1)
    up = [np.vstack([piece, [max(edge, piece[-1, 0]), piece[-1, 1]]]) for piece in pieces[:-1]]
    return [*up, pieces[-1]]


def _draw_run(axes: "Axes", pieces: list[NDArray]) -> None:
    for number, piece in enumerate(pieces):
        axes.plot(*piece.T, color=RECORDED, linewidth=1.1, zorder=2.4)
        if number:
            axes.plot(
                *piece[0], "s", color="white", markeredgecolor=RECORDED, markersize=3.6, zorder=2.6
            )


def _fixed_point_look(stability: str) -> dict:
    look = {"marker": "o", "markersize": _MARKER, "linestyle": "none", "color": RECORDED}
    if stability.startswith("stable"):
        return look | {"fillstyle": "full"}
    if stability == "saddle":
        return look | {"fillstyle": "bottom", "markerfacecoloralt": "white"}
    return look | {"markerfacecolor": "white", "markeredgewidth": 1.3}


def _draw_fixed_point(axes: "Axes", point) -> None:
    look = _fixed_point_look(point.stability)
    axes.plot(point.voltage, point.recovery, zorder=3, **look)


def _legend(axes: "Axes", plane: PhasePlane, with_runs: bool) -> None:
    from matplotlib.lines import Line2D

    first, second = plane.names
    handles = [
        Line2D([], [], color=FITTED, linewidth=1.7, label=f"{first} nullcline"),
        Line2D([], [], color=HELD_OUT, linewidth=1.7, label=f"{second} nullcline"),
    ]
    if with_runs:
        handles.append(Line2D([], [], color=RECORDED, linewidth=1.1, label="run"))
    for kind in dict.fromkeys(point.stability for point in plane.fixed_points):
        handles.append(Line2D([], [], label=kind, **_fixed_point_look(kind)))
    if plane.separatrices:
        dots = {"color": QUIET, "linestyle": (0, (1, 1.6)), "linewidth": 1.2}
        handles.append(Line2D([], [], label="separatrix", **dots))
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2 if len(handles) < 5 else 3,
        columnspacing=1.4,
        handlelength=1.6,
        borderaxespad=0.2,
    )
