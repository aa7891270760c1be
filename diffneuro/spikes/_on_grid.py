"""Spikes at the ends of steps."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel
from ..solvers import AbstractSolver
from ._gradient import AbstractSpikeGradient, SpikingStep
from ._split import Attempt
from ._surrogate import Surrogate


class OnGrid(AbstractSpikeGradient):
    r"""A neuron beyond its threshold at the end of a step spikes there, with a surrogate slope.

    This is what most simulators of networks do, and takes less time than `Exact` and
    `Surrogate`, which split the step; the price is that spikes are late by up to dt, half of it
    in the mean, and refractory times are whole steps, so that times are right to order 1 and
    have no derivative. Whether there is a spike has that of the `surrogate`:
    $\partial s_k/\partial v_k = \frac1w\,g\!\left(\frac{v_k - \theta}{w}\right)$.
    """

    surrogate: Surrogate = eqx.field(default_factory=Surrogate)

    def __check_init__(self):
        if not isinstance(self.surrogate, Surrogate):
            raise ValueError(
                f"surrogate={self.surrogate!r} of OnGrid must be a Surrogate(): put its width, "
                "shape and detach_reset there."
            )

    def check(self, dt: float, /) -> None:
        return None

    def prepare(self, count: int, dt: float, rehearse: Callable[[], Array], /) -> None:
        return None

    def step(
        self,
        model: AbstractSpikingModel,
        solver: AbstractSolver,
        x: Any,
        u: tuple,
        dt: ArrayLike,
        given: Any,
        /,
    ) -> SpikingStep:
        left = model.refractory(x)
        # Less than half a step left is rounding, or ends nearer to this step's start.
        left = jnp.where(left > 0.5 * dt, left, 0.0)
        resting = left == 0.0
        # Told by constants whether the neuron is refractory, a model's slopes are constants too.
        held, end = (
            solver.step(model, eqx.tree_at(model.refractory, x, jnp.full_like(left, value)), u, dt)
            for value in (1.0, 0.0)
        )
        start = eqx.tree_at(model.refractory, x, left)
        end = jax.tree.map(lambda free, not_: jnp.where(resting, free, not_), end, held)
        end = eqx.tree_at(model.refractory, end, jnp.maximum(left - dt, 0.0))
        fired = (model.event(end, u[0]) >= 0.0) & resting
        state = jax.tree.map(
            lambda spiked, not_: jnp.where(fired, spiked, not_), model.jump(end, u[0]), end
        )
        real = fired.astype(jnp.result_type(float))
        free = jnp.where(resting, dt, 0.0)
        attempt = Attempt(start, None, end, jnp.asarray(dt) - free, free)
        return self.surrogate.blur(model, attempt, SpikingStep(state, real, jnp.ones_like(real)), u)
