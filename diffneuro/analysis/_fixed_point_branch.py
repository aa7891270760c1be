"""Fixed points along the current, and where they change."""

import dataclasses
import itertools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._model import AbstractModel
from ._dynamics import Dynamics, dynamics
from ._stability import stability

_NEWTON_STEPS = 12
_CONVERGED = 1e-9
# How finely a branch is followed: shares of the range of currents that a step may span, and
# that a step may miss what its tangent promised.
_STEP, _BEND = 1 / 50, 1 / 200
_MOST_POINTS = 20_000
_HALVINGS = 52


class Bifurcation(NamedTuple):
    """Where a fixed point changes its kind."""

    kind: str
    """a "Hopf" or a "saddle-node" bifurcation"""
    current: float
    """pA"""
    voltage: float
    """mV"""
    angular_frequency: float
    """rad/ms, of the oscillation that a Hopf bifurcation begins with; else 0"""


@dataclasses.dataclass(frozen=True)
class FixedPointBranch:
    """The fixed points of a neuron, in the order of their voltage; k of them."""

    current: NDArray
    """(k,) pA"""
    voltage: NDArray
    """(k,) mV"""
    stability: tuple[str, ...]
    """(k,) in words, "stable focus" for example"""
    bifurcations: tuple[Bifurcation, ...]
    """in the order of their current"""

    @property
    def stable(self) -> NDArray:
        """(k,) whether a neuron would stay there."""
        return np.array([words.startswith("stable") for words in self.stability], bool)


class _Point(NamedTuple):
    """A fixed point with the branch's direction there."""

    vector: Any
    current: Any
    voltage: Any
    slope: Any
    """the derivatives of vector and current by the voltage"""
    jacobian: Any
    found: Any


def bifurcations(
    model: AbstractModel, *, currents: tuple[float, float], step: float = 0.5
) -> tuple[Bifurcation, ...]:
    """The currents at which a neuron's rest loses or regains its stability.

    As `fixed_point_branch`, of which these are the `bifurcations`.
    """
    return fixed_point_branch(model, currents=currents, step=step).bifurcations


def fixed_point_branch(
    model: AbstractModel, *, currents: tuple[float, float], step: float = 0.5
) -> FixedPointBranch:
    """Follow the fixed points of a neuron from its rest on, through every fold.

    Held at a voltage, a neuron's other variables settle, and one current keeps it there. So the
    voltage is the parameter, not the current, and a fold of the branch is no obstacle: at each
    voltage Newton's method finds current and state at once, from where the tangent points. A
    saddle-node is where the determinant of the Jacobian changes sign, a Hopf bifurcation where
    the product of all sums of two eigenvalues does while two are conjugate; both are halved in
    to rounding. The Jacobian is by automatic differentiation. The rule by which an
    integrate-and-fire neuron spikes is left out.

    **Arguments:** `model`, a neuron of any number of variables; `currents`, the range of the
    injected current (pA); `step`, the largest step in voltage (mV, or the model's own unit).
    The branch begins at the rest under the smaller current, goes on to higher voltages, and
    ends where its current has left the range, to either side, by more than the range's width,
    or at the peak of a neuron that has one.

    **Returns:** a `FixedPointBranch`, of which only what lies in the range.

    **Raises:** `ValueError` for a bad range or step, for a model that is no neuron, and for one
    that has no rest under the smaller current.
    """
    low, high = map(float, currents)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"currents={currents} pA must be two numbers, the smaller one first.")
    if not step > 0:
        raise ValueError(f"step={step} mV must be positive, such as 0.5.")
    with jax.enable_x64(True):
        equations = dynamics(model, low)
        points = _follow(equations, low, high, step)
        changes = [
            bifurcation
            for before, after in itertools.pairwise(points)
            for bifurcation in _between(equations, before, after)
        ]
    inside = [point for point in points if low <= point.current <= high]
    changes = [change for change in changes if low <= change.current <= high]
    return FixedPointBranch(
        current=np.array([point.current for point in inside], float),
        voltage=np.array([point.voltage for point in inside], float),
        stability=tuple(stability(point.jacobian) for point in inside),
        bifurcations=tuple(sorted(changes, key=lambda change: change.current)),
    )


@eqx.filter_jit
def _fixed_point(equations: Dynamics, start: Array, voltage: Array) -> _Point:
    """The fixed point whose output is `voltage`; `start` has the vector and the current."""

    def missing(both):
        vector, current = both[:-1], both[-1]
        out = equations.output(vector, current) - voltage
        return jnp.append(equations.rate(vector, current), out)

    def improve(_, known):
        both, _, _ = known
        jacobian = jax.jacfwd(missing)(both)
        change = jnp.linalg.solve(jacobian, missing(both))
        return both - change, change, jacobian

    unknown = start, start, jnp.zeros((start.size, start.size), start.dtype)
    both, change, jacobian = jax.lax.fori_loop(0, _NEWTON_STEPS, improve, unknown)
    slope = jnp.linalg.solve(jacobian, jnp.zeros_like(both).at[-1].set(1.0))
    small = jnp.max(jnp.abs(change) / (1.0 + jnp.abs(both))) < _CONVERGED
    found = small & jnp.isfinite(slope).all()
    return _Point(both[:-1], both[-1], voltage, slope, jacobian[:-1, :-1], found)


def _near(equations: Dynamics, point: _Point, voltage: float) -> _Point:
    """The fixed point at another voltage, from where the tangent at `point` points."""
    both = np.append(point.vector, point.current) + (voltage - point.voltage) * point.slope
    found = _fixed_point(equations, jnp.asarray(both), jnp.asarray(voltage))
    return jax.tree.map(np.asarray, found)


def _follow(equations: Dynamics, low: float, high: float, step: float) -> list[_Point]:
    width = high - low
    rest = equations.rest()
    voltage = equations.output(rest, jnp.asarray(low))
    first = _fixed_point(equations, jnp.append(rest, low), voltage)
    if not (first.found and abs(first.current - low) < 1e-3 * width):
        raise ValueError(
            f"{type(equations.model).__name__} has no rest at {low:g} pA: begin with a smaller "
            "current."
        )
    points = [jax.tree.map(np.asarray, first)]
    reach = step
    while len(points) < _MOST_POINTS:
        last = points[-1]
        steepness = abs(float(last.slope[-1]))
        reach = min(reach, step, _STEP * width / max(steepness, 1e-300))
        new = _near(equations, last, float(last.voltage) + reach)
        promised = last.current + reach * last.slope[-1]
        if new.found and abs(new.current - promised) <= _BEND * width:
            points.append(new)
            if not low - width <= new.current <= high + width:
                return points
            reach *= 1.5
        elif reach > 1e-6 * step:
            reach *= 0.5
        else:
            return points
    raise ValueError(
        f"the branch has more than {_MOST_POINTS} points, from {points[0].voltage:g} to "
        f"{points[-1].voltage:g} mV: take a larger step, or a smaller range of currents."
    )


def _between(equations: Dynamics, before: _Point, after: _Point) -> list[Bifurcation]:
    found = []
    for kind, test in (("saddle-node", _determinant_sign), ("Hopf", _pairs_sign)):
        if test(before) == test(after):
            continue
        point = _halve(equations, before, after, test)
        eigenvalues = np.linalg.eigvals(point.jacobian)
        frequency = 0.0
        if kind == "Hopf":
            frequency = _frequency(eigenvalues)
            if frequency == 0.0:
                continue
        found.append(Bifurcation(kind, float(point.current), float(point.voltage), frequency))
    return found


def _halve(equations: Dynamics, before: _Point, after: _Point, test) -> _Point:
    """The first point between the two at which `test` is what it is at the second."""
    there = test(after)
    for _ in range(_HALVINGS):
        middle = _near(equations, before, float(0.5 * (before.voltage + after.voltage)))
        if not before.voltage < middle.voltage < after.voltage:
            break
        if test(middle) == there:
            after = middle
        else:
            before = middle
    return after


def _determinant_sign(point: _Point) -> float:
    return float(np.linalg.slogdet(point.jacobian)[0])


def _pairs_sign(point: _Point) -> float:
    """The sign of the product of all sums of two eigenvalues, which is a real number."""
    sums = _pair_sums(np.linalg.eigvals(point.jacobian))
    return float(np.sign(np.prod(sums / np.maximum(np.abs(sums), 1e-300)).real))


def _pair_sums(eigenvalues: NDArray) -> NDArray:
    rows, columns = np.triu_indices(len(eigenvalues), 1)
    return eigenvalues[rows] + eigenvalues[columns]


def _frequency(eigenvalues: NDArray) -> float:
    """Of the two eigenvalues whose sum is closest to 0; a neutral saddle's are real and have 0."""
    rows, _ = np.triu_indices(len(eigenvalues), 1)
    closest = np.argmin(np.abs(_pair_sums(eigenvalues)))
    return float(abs(np.imag(eigenvalues[rows[closest]])))
