"""Spikes where they were recorded."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, as_parameter, is_concrete
from ..solvers import AbstractSolver
from ._gradient import AbstractSpikeGradient, SpikingStep, check_times
from ._split import attempt_step, spike_within


class Forced(AbstractSpikeGradient):
    """The neuron spikes at `times` (ms, padded with inf) and nowhere else.

    With the resets of the recorded spikes no threshold stands between parameters and voltage,
    so likelihoods of spikes are smooth in the parameters. Times beyond the run are left out;
    no two, there or elsewhere, can lie in one step.
    """

    times: Any = eqx.field(converter=as_parameter)

    def __check_init__(self):
        check_times(self)

    def check(self, dt: float, /) -> None:
        if not is_concrete(self.times):
            return
        times = np.asarray(self.times, float)
        steps = np.floor(times[np.isfinite(times)] / dt)
        if len(np.unique(steps)) < len(steps):
            raise ValueError(
                f"two of the forced spikes lie within one step of dt={dt:g} ms: take a smaller dt."
            )

    def prepare(self, count: int, dt: float, rehearse: Callable[[], Array], /) -> Any:
        position = self.times / dt
        within = (position >= 0.0) & (position < count)
        step = jnp.where(within, jnp.floor(position), count)
        where = step.astype(int)
        real = jnp.result_type(float)
        fired = jnp.zeros(count, real).at[where].set(1.0, mode="drop")
        fraction = jnp.where(within, position - step, 0.0)
        return fired, jnp.zeros(count, real).at[where].set(fraction, mode="drop")

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
        fired, fraction = given
        attempt = attempt_step(model, solver, x, u, dt)
        # A spike within the refractory part comes at its end.
        free = jnp.where(attempt.free > 0.0, attempt.free, 1.0)
        part = jnp.clip((fraction * dt - attempt.held) / free, 0.0, 1.0)
        after = spike_within(model, solver, attempt, u, part)
        state = jax.tree.map(
            lambda spiked, not_: jnp.where(fired > 0.0, spiked, not_), after, attempt.end
        )
        return SpikingStep(state, fired, fraction)
