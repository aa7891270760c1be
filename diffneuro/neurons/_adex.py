"""The adaptive exponential integrate-and-fire neuron."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, Parameter, parameter
from ._exponential_upstroke import (
    distance_charge,
    distance_from,
    lowest_rest,
    short_of_the_end,
    voltage_at,
)
from ._order import check_below
from ._synaptic_input import injected_current


class AdExState(NamedTuple):
    """The state of an `AdEx` neuron; `AdEx.state` makes one from a voltage."""

    distance: Array
    """log(1 + exp(-(v - V_T)/Delta_T)): how far the upstroke is, falling to 0"""
    adaptation: Array
    """pA"""
    refractory: Array
    """what is left of the refractory period, ms"""


class AdEx(AbstractSpikingModel):
    r"""$C\,\dot v = -g_L (v - E_L) + g_L \Delta_T e^{(v - V_T)/\Delta_T} - w + I$.

    $\tau_w\,\dot w = a (v - E_L) - w$; at the peak a spike, then $v = V_r$, $w \to w + b$.

    As implemented the state carries, in place of v, the distance
    $d = \log(1 + e^{-(v - V_T)/\Delta_T})$, in which the leak is as linear as in v and the
    upstroke, which blows up in v, runs down at the rate $g_L/C$: spike times and their
    derivatives are accurate at steps of 0.1 ms, and no exponential overflows. With a peak far
    beyond $V_T + 5 \Delta_T$, what v adds to w in its last step is only right to order 1. The
    refractory time, during which v stays at the reset while w goes on, is not in the paper and
    is 0 by default. `ADEX_PATTERNS` has other parameters.
    Brette & Gerstner 2005, doi:10.1152/jn.00686.2005
    """

    capacitance: Parameter = parameter(281.0, "pF", above=0.0)
    leak_conductance: Parameter = parameter(30.0, "nS", above=0.0)
    leak_reversal: Parameter = parameter(-70.6, "mV")
    threshold: Parameter = parameter(-50.4, "mV")
    slope_factor: Parameter = parameter(2.0, "mV", above=0.0)
    adaptation_conductance: Parameter = parameter(4.0, "nS")
    adaptation_time_constant: Parameter = parameter(144.0, "ms", above=0.0)
    spike_adaptation: Parameter = parameter(80.5, "pA")
    reset_potential: Parameter = parameter(-70.6, "mV")
    peak_potential: Parameter = parameter(-40.4, "mV")
    refractory_time: Parameter = parameter(0.0, "ms", at_least=0.0)

    def __check_init__(self):
        check_below(self, "reset_potential", "peak_potential")
        check_below(self, "threshold", "peak_potential")

    def state(self, voltage: ArrayLike, adaptation: ArrayLike = 0.0) -> AdExState:
        """The state at a voltage (mV) with an adaptation current (pA), not refractory."""
        distance = self._distance(voltage)
        w = jnp.asarray(adaptation, distance.dtype)
        return AdExState(distance, w, jnp.zeros_like(distance))

    def initial_state(self, u: Any, /) -> AdExState:
        v = lowest_rest(
            u,
            self.leak_conductance,
            self.leak_reversal,
            self.threshold,
            self.slope_factor,
            self.adaptation_conductance,
        )
        return self.state(v, self.adaptation_conductance * (v - self.leak_reversal))

    def vector_field(self, x: AdExState, u: Any, /) -> AdExState:
        d = short_of_the_end(x.distance)
        v = self._voltage(d)
        away = v - self.leak_reversal
        passive = injected_current(u, v) - x.adaptation - self.leak_conductance * away
        charge = distance_charge(d, passive, self.leak_conductance, self.slope_factor)
        dd = jnp.where(x.refractory <= 0, charge / self.capacitance, 0.0)
        dw = (self.adaptation_conductance * away - x.adaptation) / self.adaptation_time_constant
        return AdExState(dd, dw, jnp.zeros_like(dd))

    def output(self, x: AdExState, u: Any, /) -> Array:
        return self._voltage(jnp.maximum(x.distance, self._distance(self.peak_potential)))

    def event(self, x: AdExState, u: Any, /) -> Array:
        return self._distance(self.peak_potential) - x.distance

    def overshoot(self, x: AdExState, u: Any, /) -> Array:
        return self._voltage(short_of_the_end(x.distance)) - self.peak_potential

    def jump(self, x: AdExState, u: Any, /) -> AdExState:
        return AdExState(
            jnp.broadcast_to(self._distance(self.reset_potential), x.distance.shape),
            x.adaptation + self.spike_adaptation,
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: AdExState, /) -> Array:
        return x.refractory

    def _distance(self, voltage):
        return distance_from(voltage, self.threshold, self.slope_factor)

    def _voltage(self, distance):
        return voltage_at(distance, self.threshold, self.slope_factor)
