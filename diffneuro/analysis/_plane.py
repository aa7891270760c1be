"""A model's equations in the plane of its voltage."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._model import AbstractModel
from ._dynamics import Dynamics, dynamics, variables

_LADDER_STEPS, _NEWTON_STEPS = 400, 40
_CONVERGED = 1e-9


class Still(NamedTuple):
    """A point that Newton's method came to."""

    vector: Array
    shown: Array
    """(2,) voltage and recovery"""
    jacobian: Array
    """(2, 2) in voltage and recovery"""
    found: Array


class Plane(eqx.Module):
    """Two variables of which one decides the output.

    A point is a pair: the `place`, which is the variable that the state carries for the
    voltage (for most models the voltage itself), and the recovery variable.
    """

    equations: Dynamics
    current: Array
    leading: int = eqx.field(static=True)
    """which of the two numbers of the state is the place"""

    @classmethod
    def around(cls, equations: Dynamics, current: float) -> "Plane":
        """The plane of a model with two variables.

        **Raises:** `ValueError` for more or fewer, with the cure.
        """
        name, rest = type(equations.model).__name__, equations.rest()
        if rest.size != 2:
            names = ", ".join(variable for variable, _ in variables(equations))
            raise ValueError(
                f"{name} has {rest.size} variable{'s' * (rest.size != 1)} ({names}) and a phase "
                "plane has 2: take a reduced model, such as neurons.ReducedHodgkinHuxley(), or "
                "analysis.fixed_point_branch, which knows any number."
            )
        decides = np.asarray(jax.grad(equations.output)(rest, current)) != 0
        if decides.sum() != 1:
            raise ValueError(
                f"the output of {name} depends on {decides.sum()} of its variables: a phase "
                "plane needs an output that one of the two decides."
            )
        return cls(equations, jnp.asarray(current, float), int(np.argmax(decides)))

    def vector(self, place: Array, recovery: Array) -> Array:
        """The two numbers of the state at a point."""
        pair = (place, recovery) if self.leading == 0 else (recovery, place)
        return jnp.stack(pair)

    def shown(self, place: Array, recovery: Array) -> Array:
        """Voltage and recovery at a point."""
        return jnp.stack(
            [self.equations.output(self.vector(place, recovery), self.current), recovery]
        )

    def rate(self, place: Array, recovery: Array) -> Array:
        """How fast the point moves, in place and recovery."""
        rate = self.equations.rate(self.vector(place, recovery), self.current)
        return jnp.stack([rate[self.leading], rate[1 - self.leading]])

    def flow(self, place: Array, recovery: Array) -> Array:
        """How fast voltage and recovery move at a point."""
        rate = self.rate(place, recovery)
        return jax.jvp(self.shown, (place, recovery), (rate[0], rate[1]))[1]

    def component(self, which: int) -> Callable[[NDArray, NDArray], NDArray]:
        """One rate at arrays of points: of the voltage (0) or of the recovery (1)."""
        return lambda places, recoveries: at_points(_flow, self, places, recoveries)[:, which]

    def places(self, voltages: NDArray) -> NDArray:
        """The place of each voltage, NaN where no state near rest has it."""
        return np.asarray(_places(self, jnp.asarray(voltages)))


class InPlane(eqx.Module):
    """What a run keeps for the plane; `in_plane` makes one."""

    plane: Plane

    def __call__(self, x: Any, u: Any, /) -> tuple[Array, Array]:
        equations = self.plane.equations
        return equations.model.output(x, u), equations.vector(x)[1 - self.plane.leading]


def in_plane(model: AbstractModel) -> InPlane:
    """What to `record` of a run so that it can be drawn in the phase plane.

    **Arguments:** `model`, a neuron of two variables.

    **Returns:** a function of state and input that gives voltage and recovery, for
    `simulate(model, current, t1=..., record=in_plane(model))`.

    **Raises:** `ValueError` for a model of more or fewer variables.
    """
    return InPlane(Plane.around(dynamics(model, 0.0), 0.0))


def at_points(function: Callable, plane: Plane, places: NDArray, recoveries: NDArray) -> Any:
    """`function` of a plane and (k,) points; compiled for few sizes, whatever k is."""
    count = len(places)
    padding = (0, 2 ** int(np.ceil(np.log2(max(count, 256)))) - count)
    padded = [jnp.asarray(np.pad(part, padding, mode="edge")) for part in (places, recoveries)]
    return jax.tree.map(lambda part: np.asarray(part)[:count], function(plane, *padded))


@eqx.filter_jit
def _flow(plane: Plane, places: Array, recoveries: Array) -> Array:
    return jax.vmap(plane.flow)(places, recoveries)


@eqx.filter_jit
def shown(plane: Plane, places: Array, recoveries: Array) -> Array:
    """(k, 2) voltage and recovery of points."""
    return jax.vmap(plane.shown)(places, recoveries)


@eqx.filter_jit
def _places(plane: Plane, voltages: Array) -> Array:
    """Up or down from rest in small steps, so that no other branch of the output is met."""
    rest = plane.equations.rest()
    begin, recovery = rest[plane.leading], rest[1 - plane.leading]

    def out_and_slope(place):
        def out(place):
            return plane.shown(place, recovery)[0]

        return jax.jvp(out, (place,), (jnp.ones_like(place),))

    first, _ = out_and_slope(begin)

    def climb(voltage):
        def step(k, place):
            out, slope = out_and_slope(place)
            rung = jnp.minimum((k + 1) / (_LADDER_STEPS - 8), 1.0)
            return place + (first + rung * (voltage - first) - out) / slope

        place = jax.lax.fori_loop(0, _LADDER_STEPS, step, begin)
        reached = jnp.abs(out_and_slope(place)[0] - voltage) <= 1e-9 * (1.0 + jnp.abs(voltage))
        return jnp.where(reached, place, jnp.nan)

    return jax.vmap(climb)(voltages)


@eqx.filter_jit
def stand_still(plane: Plane, places: Array, recoveries: Array) -> Still:
    """Newton's method from each of k points."""

    def polish(place, recovery):
        def rate(point):
            return plane.rate(point[0], point[1])

        def improve(_, known):
            point, _ = known
            change = jnp.linalg.solve(jax.jacfwd(rate)(point), rate(point))
            return point - change, change

        start = jnp.stack([place, recovery])
        point, change = jax.lax.fori_loop(0, _NEWTON_STEPS, improve, (start, start))
        # At a fixed point the Jacobian changes its coordinates as any linear map does.
        turn = jax.jacfwd(lambda point: plane.shown(point[0], point[1]))(point)
        jacobian = turn @ jax.jacfwd(rate)(point) @ jnp.linalg.inv(turn)
        found = jnp.max(jnp.abs(change) / (1.0 + jnp.abs(point))) < _CONVERGED
        vector = plane.vector(point[0], point[1])
        return Still(vector, plane.shown(point[0], point[1]), jacobian, found)

    return jax.vmap(polish)(places, recoveries)


@eqx.filter_jit
def backward(plane: Plane, start: Array, scale: Array, step: float, count: int) -> Array:
    """(count, 2) points back in time from `start`, `step` apart on a window of size `scale`."""

    def direction(point):
        rate = plane.rate(point[0], point[1])
        speed = jnp.linalg.norm(plane.flow(point[0], point[1]) / scale)
        return -rate / speed

    def move(point, _):
        first = direction(point)
        second = direction(point + 0.5 * step * first)
        third = direction(point + 0.5 * step * second)
        fourth = direction(point + step * third)
        after = point + step / 6.0 * (first + 2.0 * (second + third) + fourth)
        return after, point

    return jax.lax.scan(move, start, length=count)[1]
