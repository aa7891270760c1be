"""What a spike gradient is: how a step handles a threshold."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel
from ..solvers import AbstractSolver


class SpikingStep(NamedTuple):
    """The end of a step that may have crossed a threshold."""

    state: Any
    fired: Array
    """1 where the neuron spiked within the step, else 0; floating, so it may have a slope"""
    fraction: Array
    """when, as a fraction of the step; meaningless where it did not spike"""


class AbstractSpikeGradient(eqx.Module):
    """What happens, and what is differentiated, when a neuron reaches its threshold."""

    @abc.abstractmethod
    def step(
        self,
        model: AbstractSpikingModel,
        solver: AbstractSolver,
        x: Any,
        u: tuple,
        dt: ArrayLike,
        /,
    ) -> SpikingStep:
        """One step of `dt` ms of a spiking model, with at most one spike in it."""
