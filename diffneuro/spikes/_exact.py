"""Exact derivatives through a spike."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel
from ..solvers import AbstractSolver, ExponentialEuler
from ._gradient import AbstractSpikeGradient, SpikingStep


class Exact(AbstractSpikeGradient):
    r"""A step that crosses the threshold is split where it does.

    The neuron advances to the crossing, jumps there, and spends the rest of the step after
    the jump, so spike times are off the grid and continuous in every parameter, and plain
    differentiation of that is the exact derivative of the discretised model, the jump
    (saltation) terms included. The crossing is the root of the parabola through the event's
    value and slope at the start of the step and its value at the end, and the state there lies
    on the same parabolas.
    """

    def step(
        self,
        model: AbstractSpikingModel,
        solver: AbstractSolver,
        x: Any,
        u: tuple,
        dt: ArrayLike,
        /,
    ) -> SpikingStep:
        released, free = _hold(model, x, u, dt)
        missed = solver.step(model, released, u, free)
        motion = model.vector_field(released, u[0])
        part, fired = _crossing(model, released, motion, missed, u, free)
        after = model.jump(_between(released, motion, missed, free, part), u[0])
        after, rest = _hold(model, after, u, (1.0 - part) * free)
        after = solver.step(model, after, u, rest)
        state = jax.tree.map(lambda spiked, not_: jnp.where(fired, spiked, not_), after, missed)
        fraction = 1.0 - (1.0 - part) * free / dt
        return SpikingStep(state, fired.astype(fraction.dtype), fraction)


def _hold(model, x, u, dt) -> tuple[Any, Array]:
    """Spend what of `dt` is refractory; the state at its end and the time that is left.

    With the voltage held, what else moves does so on its own, so exponential Euler is exact.
    The time held has a slope even where it is 0, so that a refractory time of 0 has one.
    """
    left = model.refractory(x)
    held = jnp.where(left > 0.0, jnp.minimum(left, dt), left)
    holding = eqx.tree_at(model.refractory, x, jnp.ones_like(left))
    x = ExponentialEuler().step(model, holding, u, held)
    return eqx.tree_at(model.refractory, x, left - held), dt - held


def _between(before, motion, after, dt, part) -> Any:
    """The state at a fraction of a step, on the parabola with the motion at its start."""

    def parabola(start, slope, end):
        return start + part * (dt * slope + part * (end - start - dt * slope))

    return jax.tree.map(parabola, before, motion, after)


def _crossing(model, before, motion, after, u, dt) -> tuple[Array, Array]:
    """The fraction of the step at which the event crosses zero, and whether it does."""

    def event(x):
        return model.event(x, u[0])

    start, slope = jax.jvp(event, (before,), (motion,))
    end = event(after)
    fired = end >= 0.0
    # Where nothing crosses, a harmless parabola stands in, so its root has finite slopes.
    start = jnp.where(fired, jnp.minimum(start, 0.0), -1.0)
    linear = jnp.where(fired, dt * slope, 1.0)
    bend = jnp.where(fired, end - start - linear, 0.0)
    under_root = linear * linear - 4.0 * bend * start
    positive = under_root > 0.0
    root = jnp.sqrt(jnp.where(positive, under_root, 1.0))
    denominator = linear + jnp.where(positive, root, 0.0)
    usable = denominator > 0.0
    fraction = -2.0 * start / jnp.where(usable, denominator, 1.0)
    return jnp.clip(jnp.where(usable, fraction, 0.0), 0.0, 1.0), fired
