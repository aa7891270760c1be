"""What a loss is: residuals between a run and a recording."""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..spikes import AbstractSpikeGradient


class AbstractLoss(eqx.Module):
    """A sum of squares to be made small."""

    @abc.abstractmethod
    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> Any:
        """What of one recorded sweep is compared: a pytree of arrays.

        `time` (n,) ms, `current` (n,) pA, `voltage` (n,) mV. Called once, outside jit.
        """

    @abc.abstractmethod
    def residual(self, run: Trajectory, target: Any, /) -> Array:
        """(m,) residuals of one sweep, so scaled that the sum of squares is the loss."""


class AbstractSpikeTrainLoss(AbstractLoss):
    """A loss that depends on whether spikes come, not only on when.

    It knows which derivative of a threshold its runs need, and `fit` asks for it.
    """

    threshold: eqx.AbstractVar[float]
    """mV, whose upward crossings are the recorded spikes"""

    @abc.abstractmethod
    def spikes(self, times: Array, /) -> AbstractSpikeGradient:
        """The spike gradient for a sweep with recorded spikes at `times` (ms, padded with inf)."""


class AbstractSpikeLikelihood(AbstractSpikeTrainLoss):
    """A loss that is minus twice the log-likelihood of recorded spikes, but for a constant.

    Its parameters' errors follow from the Fisher information, whatever its residuals are.
    """

    @abc.abstractmethod
    def information(self, run: Trajectory, target: Any, /) -> Array:
        """(m,) of one sweep, whose derivatives J have the Fisher information J^T J."""


class Sum(AbstractLoss):
    r"""Several losses at once: $\sum_i w_i L_i$."""

    losses: tuple[AbstractLoss, ...]
    weights: tuple[float, ...]

    def __check_init__(self):
        if len(self.losses) != len(self.weights):
            raise ValueError(
                f"{len(self.losses)} losses need as many weights, not {len(self.weights)}."
            )
        if min(self.weights, default=0.0) < 0:
            raise ValueError(f"weights={self.weights} of Sum must not be negative.")

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> Any:
        return tuple(loss.target(time, current, voltage) for loss in self.losses)

    def residual(self, run: Trajectory, target: Any, /) -> Array:
        parts = [
            weight**0.5 * loss.residual(run, part)
            for loss, weight, part in zip(self.losses, self.weights, target, strict=True)
        ]
        return jnp.concatenate(parts)


def parts_of(loss: AbstractLoss) -> tuple[AbstractLoss, ...]:
    """The losses of a `Sum`; any other is one by itself."""
    return loss.losses if isinstance(loss, Sum) else (loss,)


def asks_for_spikes(loss: AbstractLoss) -> AbstractSpikeTrainLoss | None:
    """The loss itself, or the part of a `Sum`, that decides on the spike gradient.

    **Raises:** `ValueError` where the parts of a sum want different ones.
    """
    if isinstance(loss, AbstractSpikeTrainLoss):
        return loss
    if not isinstance(loss, Sum):
        return None
    asking = [part for part in map(asks_for_spikes, loss.losses) if part is not None]
    nothing = jnp.full(1, jnp.inf)
    wishes = {(type(part.spikes(nothing)).__name__, part.threshold) for part in asking}
    if len(wishes) > 1:
        raise ValueError(
            "the parts of the loss want different spike gradients, "
            f"{' and '.join(sorted(name for name, _ in wishes))}: give fit one by spikes=."
        )
    return asking[0] if asking else None
