"""What a spike gradient is: how a step handles a threshold."""

import abc
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, is_concrete
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
    def check(self, dt: float, /) -> None:
        """Raise a `ValueError` where this cannot be done in steps of `dt` ms."""

    @abc.abstractmethod
    def prepare(self, count: int, dt: float, rehearse: Callable[[], Array], /) -> Any:
        """What the steps will be given: None, or arrays with a leading axis of `count` steps.

        `rehearse()` runs the same simulation without derivatives and returns the time of each
        step's spike (count,), ms, inf in the steps without one.
        """

    @abc.abstractmethod
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
        """One step of `dt` ms of a spiking model, with at most one spike in it."""


def check_times(gradient: Any) -> None:
    """Raise a `ValueError` unless `gradient.times` is one list of times."""
    times = gradient.times
    if getattr(times, "ndim", None) != 1:
        raise ValueError(
            f"times of {type(gradient).__name__} must be one list of times in ms, not {times}."
        )
    if is_concrete(times) and np.isnan(times).any():
        raise ValueError(
            f"times of {type(gradient).__name__} hold NaN: leave out what is no spike, or put inf."
        )
