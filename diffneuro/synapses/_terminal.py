"""What a presynaptic terminal is, in its two kinds."""

import abc
from typing import Any

from jax import Array

from .._model import AbstractClampedModel, AbstractModel


class AbstractGradedTerminal(AbstractClampedModel):
    """Presynaptic voltage (mV) in, transmitter in the cleft (mM) out.

    An action potential, or any other depolarisation, opens what lets transmitter out.
    """


class AbstractSpikeTerminal(AbstractModel):
    """Spikes in, transmitter in the cleft (mM) out.

    A spike makes the state jump; between spikes the state flows by itself, in closed form, so
    that a spike inside a step is exact and has a derivative by its time. The input of the
    vector field and the output is not read; give 0.0.
    """

    @abc.abstractmethod
    def arrive(self, x: Any, amount: Array, /) -> Any:
        """The state after a spike that releases `amount` times the usual."""

    @abc.abstractmethod
    def flow(self, x: Any, t: Any, /) -> Any:
        """The state `t` ms later if no spike comes; right at t = 0 in value and derivative."""

    @abc.abstractmethod
    def mean(self, x: Any, t: Any, /) -> Array:
        """The mean concentration (mM) over the next `t` ms; right at t = 0, where it is now's."""
