"""A step that is split where the neuron spikes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel
from ..solvers import AbstractSolver, ExponentialEuler
from ._gradient import SpikingStep


class Attempt(NamedTuple):
    """A step taken as if there were no threshold."""

    start: Any
    """the state once the refractory part of the step is over"""
    motion: Any
    """its rate of change"""
    end: Any
    """the state at the end of the step"""
    held: Array
    """ms of the step that were refractory"""
    free: Array
    """ms of the step that were not"""


def attempt_step(
    model: AbstractSpikingModel, solver: AbstractSolver, x: Any, u: tuple, dt: ArrayLike
) -> Attempt:
    """The step without its spike."""
    start, held = _hold(model, x, u, dt)
    free = jnp.asarray(dt - held)
    end = solver.step(model, start, u, free)
    return Attempt(start, model.vector_field(start, u[0]), end, held, free)


def spike_within(
    model: AbstractSpikingModel,
    solver: AbstractSolver,
    attempt: Attempt,
    u: tuple,
    part: Array,
) -> Any:
    """The end of the step if the neuron spikes once `part` of its free time is over.

    It advances to the spike along the parabolas through start, motion and end of the attempt,
    jumps there, and spends the rest of the step after the jump.
    """
    free = attempt.free

    def parabola(start, slope, end):
        return start + part * (free * slope + part * (end - start - free * slope))

    before = jax.tree.map(parabola, attempt.start, attempt.motion, attempt.end)
    after = model.jump(before, u[0])
    left = (1.0 - part) * free
    after, held = _hold(model, after, u, left)
    return solver.step(model, after, u, left - held)


def split_step(
    model: AbstractSpikingModel,
    solver: AbstractSolver,
    x: Any,
    u: tuple,
    dt: ArrayLike,
    passed: Callable[[Array], Array] = lambda part: part,
) -> tuple[Attempt, SpikingStep]:
    """A step that spikes where the model's event crosses zero.

    `passed` is what is made of the crossed fraction; its derivative decides whether a shift of
    the spike is seen.
    """
    attempt = attempt_step(model, solver, x, u, dt)
    part, fired = _crossing(model, attempt, u)
    part = passed(part)
    after = spike_within(model, solver, attempt, u, part)
    state = jax.tree.map(lambda spiked, not_: jnp.where(fired, spiked, not_), after, attempt.end)
    fraction = 1.0 - (1.0 - part) * attempt.free / dt
    return attempt, SpikingStep(state, fired.astype(fraction.dtype), fraction)


def _hold(model, x, u, dt) -> tuple[Any, Array]:
    """Spend what of `dt` is refractory; the state at its end and the time that took.

    With the voltage held, what else moves does so on its own, so exponential Euler is exact.
    The time held has a slope even where it is 0, so that a refractory time of 0 has one.
    """
    left = model.refractory(x)
    held = jnp.where(left > 0.0, jnp.minimum(left, dt), left)
    holding = eqx.tree_at(model.refractory, x, jnp.ones_like(left))
    x = ExponentialEuler().step(model, holding, u, held)
    return eqx.tree_at(model.refractory, x, left - held), held


def _crossing(model, attempt, u) -> tuple[Array, Array]:
    """The fraction of the free time at which the event crosses zero, and whether it does.

    It is the root of the parabola through the event's value and slope at the start and its
    value at the end.
    """

    def event(x):
        return model.event(x, u[0])

    start, slope = jax.jvp(event, (attempt.start,), (attempt.motion,))
    end = event(attempt.end)
    fired = end >= 0.0
    # Where nothing crosses, a harmless parabola stands in, so its root has finite slopes.
    start = jnp.where(fired, jnp.minimum(start, 0.0), -1.0)
    linear = jnp.where(fired, attempt.free * slope, 1.0)
    bend = jnp.where(fired, end - start - linear, 0.0)
    under_root = linear * linear - 4.0 * bend * start
    positive = under_root > 0.0
    root = jnp.sqrt(jnp.where(positive, under_root, 1.0))
    denominator = linear + jnp.where(positive, root, 0.0)
    usable = denominator > 0.0
    fraction = -2.0 * start / jnp.where(usable, denominator, 1.0)
    return jnp.clip(jnp.where(usable, fraction, 0.0), 0.0, 1.0), fired
