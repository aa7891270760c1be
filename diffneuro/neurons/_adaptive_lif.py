"""The leaky integrate-and-fire neuron that adapts."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from .._model import AbstractSpikingModel, Parameter, parameter
from ._order import check_below
from ._synaptic_input import injected_current, linear_input


class AdaptiveLIFState(NamedTuple):
    """The state of an `AdaptiveLIF` neuron."""

    voltage: Array
    """mV"""
    adaptation: Array
    """the slow conductance that spikes leave behind, nS"""
    relative_refractoriness: Array
    """the fast conductance that spikes leave behind, nS"""
    refractory: Array
    """what is left of the refractory period, ms"""


class AdaptiveLIF(AbstractSpikingModel):
    r"""$C\,\dot v = -g_L (v - E_L) - (g_a + g_r) (v - E_K) + I$; a spike at $v = \theta$.

    $\tau_a\,\dot g_a = -g_a$, $\tau_r\,\dot g_r = -g_r$; after a spike $v = V_r$,
    $g_a \to g_a + \Delta_a$, $g_r \to g_r + \Delta_r$. The slow conductance towards the
    reversal potential of potassium is spike-rate adaptation, the fast one relative
    refractoriness; a jump of 0 leaves either out. The absolute refractory time, during which v
    stays at the reset while the conductances go on, is 0 by default. Defaults are a generic
    cell's. Dayan & Abbott 2001, Theoretical Neuroscience, eq. 5.13-5.15; Treves 1993,
    doi:10.1088/0954-898X_4_3_002
    """

    capacitance: Parameter = parameter(200.0, "pF", above=0.0)
    leak_conductance: Parameter = parameter(10.0, "nS", above=0.0)
    leak_reversal: Parameter = parameter(-70.0, "mV")
    threshold: Parameter = parameter(-50.0, "mV")
    reset_potential: Parameter = parameter(-65.0, "mV")
    potassium_reversal: Parameter = parameter(-80.0, "mV")
    adaptation_jump: Parameter = parameter(1.0, "nS")
    adaptation_time_constant: Parameter = parameter(100.0, "ms", above=0.0)
    refractory_jump: Parameter = parameter(40.0, "nS")
    refractory_time_constant: Parameter = parameter(2.0, "ms", above=0.0)
    refractory_time: Parameter = parameter(0.0, "ms", at_least=0.0)

    def __check_init__(self):
        check_below(self, "reset_potential", "threshold")

    def initial_state(self, u: Any, /) -> AdaptiveLIFState:
        current, conductance = linear_input(u)
        pull = current + self.leak_conductance * self.leak_reversal
        v = pull / (self.leak_conductance + conductance)
        return AdaptiveLIFState(v, jnp.zeros_like(v), jnp.zeros_like(v), jnp.zeros_like(v))

    def vector_field(self, x: AdaptiveLIFState, u: Any, /) -> AdaptiveLIFState:
        leak = self.leak_conductance * (x.voltage - self.leak_reversal)
        left_behind = x.adaptation + x.relative_refractoriness
        potassium = left_behind * (x.voltage - self.potassium_reversal)
        dv = (injected_current(u, x.voltage) - leak - potassium) / self.capacitance
        return AdaptiveLIFState(
            jnp.where(x.refractory <= 0, dv, 0.0),
            -x.adaptation / self.adaptation_time_constant,
            -x.relative_refractoriness / self.refractory_time_constant,
            jnp.zeros_like(dv),
        )

    def output(self, x: AdaptiveLIFState, u: Any, /) -> Array:
        return x.voltage

    def event(self, x: AdaptiveLIFState, u: Any, /) -> Array:
        return x.voltage - self.threshold

    def overshoot(self, x: AdaptiveLIFState, u: Any, /) -> Array:
        return x.voltage - self.threshold

    def jump(self, x: AdaptiveLIFState, u: Any, /) -> AdaptiveLIFState:
        return AdaptiveLIFState(
            jnp.broadcast_to(self.reset_potential, x.voltage.shape),
            x.adaptation + self.adaptation_jump,
            x.relative_refractoriness + self.refractory_jump,
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: AdaptiveLIFState, /) -> Array:
        return x.refractory
