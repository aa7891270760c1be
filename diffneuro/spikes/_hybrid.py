"""A surrogate until the number of spikes is right, then exact."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, as_parameter
from ..solvers import AbstractSolver
from ._gradient import AbstractSpikeGradient, SpikingStep
from ._split import split_step
from ._surrogate import Surrogate


class Hybrid(AbstractSpikeGradient):
    """The `surrogate`'s derivative until a run has as many spikes as `times`, then the exact.

    Exact derivatives move spikes but never make or remove one; a surrogate does, yet is wrong
    by a little everywhere. `times` are those of the recorded spikes (ms, padded with inf). The
    run is first rehearsed without derivatives, which costs one more forward run.
    """

    times: Any = eqx.field(converter=as_parameter)
    surrogate: Surrogate = eqx.field(default_factory=Surrogate)

    def check(self, dt: float, /) -> None:
        return None

    def prepare(self, count: int, dt: float, rehearse: Callable[[], Array], /) -> Array:
        recorded = (self.times >= 0.0) & (self.times < count * dt)
        right = jnp.sum(rehearse()) == jnp.sum(recorded)
        return jnp.broadcast_to(right, (count,))

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
        right = given

        def shifted_if_right(part):
            return jnp.where(right, part, jax.lax.stop_gradient(part))

        attempt, exact = split_step(model, solver, x, u, dt, shifted_if_right)
        blurred = self.surrogate.blur(model, attempt, exact, u)
        return jax.tree.map(lambda one, other: jnp.where(right, one, other), exact, blurred)
