"""The leaky integrate-and-fire neuron."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import (
    AbstractLinearModel,
    AbstractSpikingModel,
    Parameter,
    is_concrete,
    parameter,
)
from ._synaptic_input import injected_current, linear_input


class LIFState(NamedTuple):
    """The state of a `LIF` neuron."""

    voltage: Array
    """mV"""
    refractory: Array
    """what is left of the refractory period, ms"""


class LIF(AbstractSpikingModel, AbstractLinearModel):
    r"""$C\,\dot v = -g_L (v - E_L) + I$; at $v = \theta$ a spike, then $v = V_r$ for $t_r$.

    The voltage stays at the reset for the refractory time. Lapicque 1907, translated by
    Brunel & van Rossum 2007, doi:10.1007/s00422-007-0189-6; defaults are a generic cell's.
    """

    capacitance: Parameter = parameter(200.0, "pF", above=0.0)
    leak_conductance: Parameter = parameter(10.0, "nS", above=0.0)
    leak_reversal: Parameter = parameter(-70.0, "mV")
    threshold: Parameter = parameter(-50.0, "mV")
    reset_potential: Parameter = parameter(-65.0, "mV")
    refractory_time: Parameter = parameter(2.0, "ms", at_least=0.0)

    def __check_init__(self):
        if not (is_concrete(self.reset_potential) and is_concrete(self.threshold)):
            return
        if (np.asarray(self.reset_potential) >= np.asarray(self.threshold)).any():
            raise ValueError(
                f"LIF has reset_potential={self.reset_potential} mV and "
                f"threshold={self.threshold} mV: reset below the threshold."
            )

    def initial_state(self, u: Any, /) -> LIFState:
        current, conductance = linear_input(u)
        pull = current + self.leak_conductance * self.leak_reversal
        v = pull / (self.leak_conductance + conductance)
        return LIFState(v, jnp.zeros_like(v))

    def vector_field(self, x: LIFState, u: Any, /) -> LIFState:
        free = x.refractory <= 0
        leak = self.leak_conductance * (x.voltage - self.leak_reversal)
        dv = (injected_current(u, x.voltage) - leak) / self.capacitance
        return LIFState(jnp.where(free, dv, 0.0), jnp.zeros_like(dv))

    def output(self, x: LIFState, u: Any, /) -> Array:
        return x.voltage

    def event(self, x: LIFState, u: Any, /) -> Array:
        return x.voltage - self.threshold

    def overshoot(self, x: LIFState, u: Any, /) -> Array:
        return x.voltage - self.threshold

    def jump(self, x: LIFState, u: Any, /) -> LIFState:
        return LIFState(
            jnp.broadcast_to(self.reset_potential, x.voltage.shape),
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: LIFState, /) -> Array:
        return x.refractory
