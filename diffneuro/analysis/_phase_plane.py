"""The phase plane of a neuron with two variables."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from .._model import AbstractModel
from ._contours import zero_contours
from ._dynamics import dynamics, variables
from ._plane import Plane, at_points, backward, shown, stand_still
from ._stability import stability

_SAME = 1e-6
# Shares of the window: how far from a saddle its separatrix begins, and what a step of it is.
_SEPARATRIX_START, _STEP, _STEPS = 1e-4, 2e-3, 4000


@dataclasses.dataclass(frozen=True)
class FixedPoint:
    """A point of the phase plane at which nothing moves."""

    voltage: float
    """mV"""
    recovery: float
    """of the other variable"""
    jacobian: NDArray
    """(2, 2) per ms, in voltage and recovery"""
    eigenvalues: NDArray
    """(2,) complex, per ms"""
    trace: float
    """per ms"""
    determinant: float
    """per ms2"""
    stability: str
    """in words, "stable focus" for example"""
    state: Any
    """the model's state there, from which a run can start"""


@dataclasses.dataclass(frozen=True)
class PhasePlane:
    """What moves where in the plane of voltage and recovery variable."""

    current: float
    """pA"""
    names: tuple[str, str]
    """of the two variables"""
    units: tuple[str | None, str | None]
    """of the two variables, None where the model does not say"""
    voltage: NDArray
    """(m,) mV, the columns of the grid"""
    recovery: NDArray
    """(n,) its rows"""
    flow: NDArray
    """(n, m, 2) the rates of both variables per ms; NaN where no state has that voltage"""
    voltage_nullcline: list[NDArray]
    """lines (k, 2) on which the voltage stands still"""
    recovery_nullcline: list[NDArray]
    """lines (k, 2) on which the recovery variable does"""
    fixed_points: tuple[FixedPoint, ...]
    """all in the window, in the order of their voltage"""
    separatrices: list[NDArray]
    """lines (k, 2) that run into the saddles, from whose two sides the ways part"""


def phase_plane(
    model: AbstractModel,
    current: float,
    *,
    voltage: tuple[float, float],
    recovery: tuple[float, float],
    points: int = 161,
) -> PhasePlane:
    """Nullclines, flow and fixed points of a neuron with two variables.

    The plane is that of the model's output and its other variable, whatever the state carries
    in place of the voltage. Nullclines are marching squares whose corners are roots; the fixed
    points are where one nullcline crosses, or comes closest to, the other, polished by Newton's
    method; Jacobians are by automatic differentiation. The `refractory` part of a spiking
    neuron is left out, and its plane ends at the peak.

    **Arguments:** `model`, a neuron whose state has two moving numbers; `current`, pA, constant;
    `voltage` (mV) and `recovery`, the window; `points`, the lines of the grid each way. Fixed
    points or branches closer to each other than the grid's spacing may be taken for none.

    **Returns:** a `PhasePlane`, in double precision.

    **Raises:** `ValueError` for a bad window and for a model of more or fewer variables.
    """
    window = np.array([voltage, recovery], float)
    if not (np.isfinite(window).all() and (window[:, 0] < window[:, 1]).all()):
        raise ValueError(
            f"voltage={voltage} and recovery={recovery} must be two numbers each, the smaller "
            "one first."
        )
    if points < 3:
        raise ValueError(f"points={points} must be at least 3, such as 161.")
    if np.ndim(current) or not isinstance(current, int | float | np.number | jax.Array):
        raise ValueError(f"current={current!r} must be one number, in pA.")
    if not np.isfinite(current):
        raise ValueError(f"current={current} pA is not finite: give it a number.")
    with jax.enable_x64(True):
        plane = Plane.around(dynamics(model, current), current)
        columns, rows = (np.linspace(low, high, points) for low, high in window)
        places = plane.places(columns)
        lines = [zero_contours(plane.component(i), places, rows) for i in (0, 1)]
        fixed = _fixed_points(plane, lines, window)
        separatrices = [
            line
            for point in fixed
            if point.stability == "saddle"
            for line in _separatrices(plane, point, fixed, window)
        ]
        names, units = _names_and_units(plane)
        grid = [part.ravel() for part in np.meshgrid(places, rows)]
        flow = np.stack([plane.component(i)(*grid) for i in (0, 1)], axis=-1)
        return PhasePlane(
            current=float(current),
            names=names,
            units=units,
            voltage=columns,
            recovery=rows,
            flow=flow.reshape(points, points, 2),
            voltage_nullcline=[at_points(shown, plane, *line.T) for line in lines[0]],
            recovery_nullcline=[at_points(shown, plane, *line.T) for line in lines[1]],
            fixed_points=fixed,
            separatrices=separatrices,
        )


def _names_and_units(plane: Plane) -> tuple[tuple[str, str], tuple[str | None, str | None]]:
    found = variables(plane.equations)
    name, unit = found[plane.leading]
    recovery, recovery_unit = found[1 - plane.leading]
    # What the state carries in place of the voltage may have another unit than the output.
    voltage_unit = unit if name == "voltage" and unit is not None else "mV"
    return ("voltage", recovery), (voltage_unit, recovery_unit)


def _fixed_points(plane: Plane, lines: list, window: NDArray) -> tuple[FixedPoint, ...]:
    starts = [
        _candidates(line, plane.component(1 - which)(*line.T))
        for which in (0, 1)
        for line in lines[which]
    ]
    if not starts:
        return ()
    still = at_points(stand_still, plane, *np.concatenate(starts).T)
    low, size = window[:, 0], window[:, 1] - window[:, 0]
    relative = (still.shown - low) / size
    inside = still.found & ((relative >= -_SAME) & (relative <= 1.0 + _SAME)).all(1)
    kept: list[int] = []
    for k in np.flatnonzero(inside)[np.argsort(still.shown[inside, 0], kind="stable")]:
        if all(np.abs(relative[k] - relative[other]).max() > _SAME for other in kept):
            kept.append(int(k))
    return tuple(
        _describe(plane, *(part[k] for part in (still.vector, still.shown, still.jacobian)))
        for k in kept
    )


def _candidates(line: NDArray, other: NDArray) -> NDArray:
    """Points of a nullcline at which the other variable's rate is zero or closest to it."""
    left, right = other[:-1], other[1:]
    (crossed,) = np.nonzero((left > 0) != (right > 0))
    part = (left[crossed] / (left[crossed] - right[crossed]))[:, None]
    size = np.abs(other)
    (closest,) = np.nonzero((size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]))
    crossings = line[crossed] + part * (line[crossed + 1] - line[crossed])
    return np.concatenate([crossings, line[1 + closest]])


def _describe(plane: Plane, vector: NDArray, place: NDArray, jacobian: NDArray) -> FixedPoint:
    return FixedPoint(
        voltage=float(place[0]),
        recovery=float(place[1]),
        jacobian=jacobian,
        eigenvalues=np.linalg.eigvals(jacobian).astype(complex),
        trace=float(np.trace(jacobian)),
        determinant=float(np.linalg.det(jacobian)),
        stability=stability(jacobian),
        state=plane.equations.state(jnp.asarray(vector)),
    )


def _separatrices(
    plane: Plane, saddle: FixedPoint, fixed: tuple[FixedPoint, ...], window: NDArray
) -> list[NDArray]:
    """The two ways into a saddle, followed back in time to the window's edge or a fixed point."""
    low, size = window[:, 0], window[:, 1] - window[:, 0]
    values, directions = np.linalg.eig(saddle.jacobian)
    along = directions[:, np.argmin(values)]
    along = along / size / np.abs(along / size).max()
    centre = np.array([saddle.voltage, saddle.recovery])
    sources = [
        ((point.voltage, point.recovery) - low) / size for point in fixed if point is not saddle
    ]
    lines = []
    for side in (-1.0, 1.0):
        first = centre + side * _SEPARATRIX_START * size * along
        start = np.array([plane.places(first[:1])[0], first[1]])
        way = backward(plane, jnp.asarray(start), jnp.asarray(size), _STEP, _STEPS)
        seen = at_points(shown, plane, *np.asarray(way).T)
        relative = (seen - low) / size
        over = ~((relative > -0.02) & (relative < 1.02)).all(1)
        for source in sources:
            over |= np.abs(relative - source).max(1) < 2.0 * _STEP
        end = int(np.argmax(over)) if over.any() else len(seen)
        lines.append(np.concatenate([centre[None], seen[:end]]))
    return lines
