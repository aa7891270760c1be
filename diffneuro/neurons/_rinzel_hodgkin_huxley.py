"""Rinzel's reduction of the squid axon's membrane."""

from typing import Annotated, Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from .._model import AbstractConductanceModel, Membrane, Parameter, parameter
from .._numerics import lowest_root
from ..channels import Leak, PotassiumGates, SodiumGates, SquidPotassium, SquidSodium
from ._cell import _DENSITY_PER_PA_UM2, _REST_GRID
from ._synaptic_input import injected_current


class RinzelHodgkinHuxleyState(NamedTuple):
    """The state of a `RinzelHodgkinHuxley` neuron."""

    voltage: Annotated[Array, "mV"]
    """of the membrane"""
    recovery: Annotated[Array, "1"]
    """what n and 1 - h have in common"""


class RinzelHodgkinHuxley(AbstractConductanceModel):
    r"""The squid axon with one recovery variable: $m = m_\infty(v)$, $h = 1 - W$, $n = W/S$.

    $C \dot v = I/A - \bar g_{Na} m^3 h (v - E_{Na}) - \bar g_K n^4 (v - E_K) - g_L (v - E_L)$,
    $\dot W = 3^{(T - 6.3)/10}\,(W_\infty - W)/\tau_W$,
    $W_\infty = S\,(n_\infty + S (1 - h_\infty))/(1 + S^2)$,
    $\tau_W = 5 e^{-((v + 75)/55)^2} + 1$ ms.

    Voltages are absolute with rest near -65 mV, where the paper counts from rest; S is
    $(1 - h_\infty)/n_\infty$ there, so that rest is the full cell's. The conductances are those
    of `HodgkinHuxley`. With m at once the upstroke is so fast that it wants steps of 0.01 ms.
    Rinzel 1985, Excitation dynamics: insights from simplified membrane models,
    Fed. Proc. 44:2944-2946; Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    capacitance: Parameter = parameter(1.0, "uF/cm2", above=0.0)
    area: Parameter = parameter(1e4, "um2", above=0.0)
    sodium_conductance: Parameter = parameter(120.0, "mS/cm2", at_least=0.0)
    sodium_reversal: Parameter = parameter(50.0, "mV")
    potassium_conductance: Parameter = parameter(36.0, "mS/cm2", at_least=0.0)
    potassium_reversal: Parameter = parameter(-77.0, "mV")
    leak_conductance: Parameter = parameter(0.3, "mS/cm2", at_least=0.0)
    leak_reversal: Parameter = parameter(-54.387, "mV")
    recovery_ratio: Parameter = parameter(1.2714, "1", above=0.0)
    temperature: Parameter = parameter(6.3, "degC", above=-273.15)

    def initial_state(self, u: Any, /) -> RinzelHodgkinHuxleyState:
        def net_inward(v):
            return self._net_inward(v, self._steady_recovery(v), u)

        v = lowest_root(net_inward, jnp.asarray(_REST_GRID, jnp.result_type(float)))
        return RinzelHodgkinHuxleyState(v, self._steady_recovery(v))

    def vector_field(self, x: RinzelHodgkinHuxleyState, u: Any, /) -> RinzelHodgkinHuxleyState:
        v, w = x
        time_constant = 5.0 * jnp.exp(-(((v + 75.0) / 55.0) ** 2)) + 1.0
        speed = jnp.exp(jnp.log(3.0) / 10.0 * (self.temperature - 6.3))
        dw = speed * (self._steady_recovery(v) - w) / time_constant
        return RinzelHodgkinHuxleyState(self._net_inward(v, w, u) / self.capacitance, dw)

    def output(self, x: RinzelHodgkinHuxleyState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: RinzelHodgkinHuxleyState, /) -> Array:
        return x.voltage

    def _net_inward(self, v, w, u):
        membrane = Membrane(v)
        sodium = SquidSodium(self.sodium_conductance, self.sodium_reversal)
        potassium = SquidPotassium(self.potassium_conductance, self.potassium_reversal)
        gates = SodiumGates(sodium.initial_state(membrane).m, 1.0 - w)
        outward = sodium.output(gates, membrane)
        outward = outward + potassium.output(PotassiumGates(w / self.recovery_ratio), membrane)
        outward = outward + Leak(self.leak_conductance, self.leak_reversal).output((), membrane)
        return _DENSITY_PER_PA_UM2 * injected_current(u, v) / self.area - outward

    def _steady_recovery(self, v):
        s, membrane = self.recovery_ratio, Membrane(v)
        h = SquidSodium().initial_state(membrane).h
        n = SquidPotassium().initial_state(membrane).n
        return s * (n + s * (1.0 - h)) / (1.0 + s * s)
