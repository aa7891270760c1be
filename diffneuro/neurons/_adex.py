"""The adaptive exponential integrate-and-fire neuron."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, Parameter, is_concrete, parameter
from .._numerics import lowest_root
from ._synaptic_input import injected_current, linear_input


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
    derivatives are accurate at steps of 0.1 ms, and no exponential overflows. The refractory
    time, during which v stays at the reset while w goes on, is not in the paper and is 0 by
    default. Brette & Gerstner 2005, doi:10.1152/jn.00686.2005
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
        voltages = self.reset_potential, self.threshold, self.peak_potential
        if not all(map(is_concrete, voltages)):
            return
        reset, threshold, peak = map(np.asarray, voltages)
        if (np.maximum(reset, threshold) >= peak).any():
            raise ValueError(
                f"AdEx has reset_potential={self.reset_potential} mV, threshold="
                f"{self.threshold} mV and peak_potential={self.peak_potential} mV: "
                "put the peak above both."
            )

    def state(self, voltage: ArrayLike, adaptation: ArrayLike = 0.0) -> AdExState:
        """The state at a voltage (mV) with an adaptation current (pA), not refractory."""
        distance = self._distance(voltage)
        w = jnp.asarray(adaptation, distance.dtype)
        return AdExState(distance, w, jnp.zeros_like(distance))

    def initial_state(self, u: Any, /) -> AdExState:
        def net_inward(v):
            away = v - self.leak_reversal
            upstroke = jnp.exp((v - self.threshold) / self.slope_factor)
            spike = self.leak_conductance * self.slope_factor * upstroke
            passive = (self.leak_conductance + self.adaptation_conductance) * away
            return injected_current(u, v) + spike - passive

        # Above the lowest rest the slope of the exponential exceeds that of leak and adaptation.
        slope = 1.0 + jnp.maximum(self.adaptation_conductance, 0.0) / self.leak_conductance
        high = self.threshold + self.slope_factor * jnp.log(slope)
        current, _ = linear_input(u)
        low = high - 200.0 + 2.0 * jnp.minimum(current, 0.0) / self.leak_conductance
        v = lowest_root(net_inward, low + (high - low) * jnp.linspace(0.0, 1.0, 129))
        return self.state(v, self.adaptation_conductance * (v - self.leak_reversal))

    def vector_field(self, x: AdExState, u: Any, /) -> AdExState:
        free = x.refractory <= 0
        # Only the trial step of a spike comes closer than this; the leak, whose share in the
        # upstroke is then below 1e-6, stays what it was.
        d = jnp.maximum(x.distance, 1e-6)
        v = self._voltage(d)
        away = v - self.leak_reversal
        pull = injected_current(u, v) - x.adaptation
        passive = (pull - self.leak_conductance * away) / self.slope_factor
        closing = jnp.expm1(-d)
        dd = (closing * passive - self.leak_conductance * (1.0 + closing)) / self.capacitance
        dw = (self.adaptation_conductance * away - x.adaptation) / self.adaptation_time_constant
        return AdExState(jnp.where(free, dd, 0.0), dw, jnp.zeros_like(dd))

    def output(self, x: AdExState, u: Any, /) -> Array:
        return self._voltage(jnp.maximum(x.distance, self._distance(self.peak_potential)))

    def event(self, x: AdExState, u: Any, /) -> Array:
        return self._distance(self.peak_potential) - x.distance

    def overshoot(self, x: AdExState, u: Any, /) -> Array:
        return self._voltage(jnp.maximum(x.distance, 1e-6)) - self.peak_potential

    def jump(self, x: AdExState, u: Any, /) -> AdExState:
        return AdExState(
            jnp.broadcast_to(self._distance(self.reset_potential), x.distance.shape),
            x.adaptation + self.spike_adaptation,
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: AdExState, /) -> Array:
        return x.refractory

    def _distance(self, voltage):
        return jax.nn.softplus(-(voltage - self.threshold) / self.slope_factor)

    def _voltage(self, distance):
        # log(exp(d) - 1), without overflow for a large distance.
        height = distance + jnp.log(-jnp.expm1(-distance))
        return self.threshold - self.slope_factor * height
