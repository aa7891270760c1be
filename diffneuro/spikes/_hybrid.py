"""A surrogate until the spikes are about right, then exact."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import (
    AbstractSpikingModel,
    Parameter,
    as_parameter,
    check_ranges,
    parameter,
)
from ..solvers import AbstractSolver
from ._gradient import AbstractSpikeGradient, SpikingStep, check_times
from ._split import split_step
from ._surrogate import Surrogate


class Hybrid(AbstractSpikeGradient):
    """The `surrogate`'s derivative until every spike is near its own of `times`, then the exact.

    Exact derivatives move spikes but never make or remove one, and pull at the wrong ones while
    the trains do not match; a surrogate does better then, yet is wrong by a little everywhere.
    `times` are those of the recorded spikes (ms, padded with inf); near is within `window`, for
    every spike, in order, with none missing and none too many. The run is first rehearsed
    without derivatives, which costs one more forward run.
    """

    times: Any = eqx.field(converter=as_parameter)
    surrogate: Surrogate = eqx.field(default_factory=Surrogate)
    window: Parameter = parameter(5.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)
        check_times(self)
        if not isinstance(self.surrogate, Surrogate):
            raise ValueError(f"surrogate={self.surrogate!r} of Hybrid must be a Surrogate().")

    def check(self, dt: float, /) -> None:
        return None

    def prepare(self, count: int, dt: float, rehearse: Callable[[], Array], /) -> Array:
        inside = (self.times >= 0.0) & (self.times < count * dt)
        recorded = jnp.sort(jnp.where(inside, self.times, jnp.inf))
        # One more than there can be matches, so that a surplus is seen.
        size = min(recorded.shape[0] + 1, count)
        run = jnp.sort(rehearse())[:size]
        recorded = jnp.pad(recorded, (0, 1), constant_values=jnp.inf)[:size]
        there, wanted = jnp.isfinite(run), jnp.isfinite(recorded)
        apart = jnp.where(there & wanted, jnp.abs(run - recorded), 0.0)
        near = jnp.all(there == wanted) & jnp.all(apart <= self.window)
        return jnp.broadcast_to(near, (count,))

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
        near = given

        def shifted_if_near(part):
            return jnp.where(near, part, jax.lax.stop_gradient(part))

        attempt, exact = split_step(model, solver, x, u, dt, shifted_if_near)
        blurred = self.surrogate.blur(model, attempt, exact, u)
        return jax.tree.map(lambda one, other: jnp.where(near, one, other), exact, blurred)
