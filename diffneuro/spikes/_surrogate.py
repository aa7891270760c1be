"""A smooth stand-in for the derivative of a spike."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, Parameter, check_ranges, is_concrete, parameter
from ..solvers import AbstractSolver
from ._gradient import AbstractSpikeGradient, SpikingStep
from ._shapes import super_spike
from ._split import Attempt, split_step


class Surrogate(AbstractSpikeGradient):
    r"""Spikes as in `Exact`, but whether one comes has the derivative of a blurred threshold.

    $\partial s_k/\partial v_k = \frac1w\,g\!\left(\frac{v_k - \theta}{w}\right)$ with the
    `shape` g, one of those in `spikes` or any function, and the `width` w, in every step,
    those without a spike included: a silent neuron has a derivative too. When the spike comes
    within its step has none. With `detach_reset` the derivative is in `Trajectory.spikes`
    alone, not in what the spike does to the neuron, which keeps it from exploding.
    Neftci, Mostafa & Zenke 2019, doi:10.1109/MSP.2019.2931595
    """

    shape: Callable[[Array], Array] = super_spike
    width: Parameter = parameter(10.0, "mV", above=0.0)
    detach_reset: bool = eqx.field(static=True, default=True)

    def __check_init__(self):
        check_ranges(self)
        if not callable(self.shape):
            raise ValueError(
                f"shape={self.shape!r} of Surrogate is no function: give one, as spikes.sigmoid."
            )
        if is_concrete(self.width) and (self.width.ndim or not np.isfinite(self.width)):
            raise ValueError(
                f"width={self.width} of Surrogate must be one finite number; use jax.vmap for many."
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
        attempt, step = split_step(model, solver, x, u, dt, jax.lax.stop_gradient)
        return self.blur(model, attempt, step, u)

    def blur(
        self, model: AbstractSpikingModel, attempt: Attempt, step: SpikingStep, u: tuple, /
    ) -> SpikingStep:
        """The same step, whose spike has the surrogate derivative."""
        above = model.overshoot(attempt.end, u[0])
        change = _blurred_step(above / self.width, self.shape)
        state = step.state
        if not self.detach_reset:
            state = jax.tree.map(
                lambda after, end: after + change * jax.lax.stop_gradient(after - end),
                state,
                attempt.end,
            )
        return step._replace(state=state, fired=step.fired + change)


def _blurred_step(z: Array, shape: Callable[[Array], Array]) -> Array:
    """Zero, with the derivative `shape(z)`."""

    @jax.custom_jvp
    def zero(z):
        return jnp.zeros_like(z)

    @zero.defjvp
    def _zero_jvp(primals, tangents):
        return jnp.zeros_like(primals[0]), shape(primals[0]) * tangents[0]

    return zero(z)
