"""The squid axon's membrane in two variables."""

from typing import Annotated, Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from .._model import AbstractConductanceModel, Membrane, Parameter, parameter
from .._numerics import lowest_root
from ..channels import Leak, PotassiumGates, SodiumGates, SquidPotassium, SquidSodium
from ._cell import _DENSITY_PER_PA_UM2, _REST_GRID
from ._synaptic_input import injected_current


class ReducedHodgkinHuxleyState(NamedTuple):
    """The state of a `ReducedHodgkinHuxley` neuron."""

    voltage: Annotated[Array, "mV"]
    """of the membrane"""
    activation: Annotated[Array, "1"]
    """the gate n of the potassium channels"""


class ReducedHodgkinHuxley(AbstractConductanceModel):
    r"""The squid axon with $m = m_\infty(v)$ and $h = c - s\,n$ in the place of two gates.

    $C \dot v = I/A - \bar g_{Na} m^3 h (v - E_{Na}) - \bar g_K n^4 (v - E_K) - g_L (v - E_L)$,
    $\dot n = \alpha_n(v)\,(1 - n) - \beta_n(v)\,n$; steady states and rates are those of
    `SquidSodium` and `SquidPotassium`. With m at once the upstroke is so fast that it wants
    steps of 0.01 ms, and the rest is where the line lets h be. Krinskii & Kokoz 1973,
    Biofizika 18:506; with c = 0.89, s = 1.1 Izhikevich 2007,
    doi:10.7551/mitpress/2526.001.0001
    """

    capacitance: Parameter = parameter(1.0, "uF/cm2", above=0.0)
    area: Parameter = parameter(1e4, "um2", above=0.0)
    sodium_conductance: Parameter = parameter(120.0, "mS/cm2", at_least=0.0)
    sodium_reversal: Parameter = parameter(50.0, "mV")
    potassium_conductance: Parameter = parameter(36.0, "mS/cm2", at_least=0.0)
    potassium_reversal: Parameter = parameter(-77.0, "mV")
    leak_conductance: Parameter = parameter(0.3, "mS/cm2", at_least=0.0)
    leak_reversal: Parameter = parameter(-54.387, "mV")
    inactivation_intercept: Parameter = parameter(0.89, "1")
    inactivation_slope: Parameter = parameter(1.1, "1")
    temperature: Parameter = parameter(6.3, "degC", above=-273.15)

    def initial_state(self, u: Any, /) -> ReducedHodgkinHuxleyState:
        def net_inward(v):
            return self._net_inward(v, self._potassium().initial_state(Membrane(v)).n, u)

        v = lowest_root(net_inward, jnp.asarray(_REST_GRID, jnp.result_type(float)))
        return ReducedHodgkinHuxleyState(v, self._potassium().initial_state(Membrane(v)).n)

    def vector_field(self, x: ReducedHodgkinHuxleyState, u: Any, /) -> ReducedHodgkinHuxleyState:
        v, n = x
        dn = self._potassium().vector_field(PotassiumGates(n), Membrane(v)).n
        return ReducedHodgkinHuxleyState(self._net_inward(v, n, u) / self.capacitance, dn)

    def output(self, x: ReducedHodgkinHuxleyState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: ReducedHodgkinHuxleyState, /) -> Array:
        return x.voltage

    def _net_inward(self, v, n, u):
        membrane = Membrane(v)
        sodium = SquidSodium(self.sodium_conductance, self.sodium_reversal)
        h = self.inactivation_intercept - self.inactivation_slope * n
        gates = SodiumGates(sodium.initial_state(membrane).m, h)
        outward = sodium.output(gates, membrane)
        outward = outward + self._potassium().output(PotassiumGates(n), membrane)
        outward = outward + Leak(self.leak_conductance, self.leak_reversal).output((), membrane)
        return _DENSITY_PER_PA_UM2 * injected_current(u, v) / self.area - outward

    def _potassium(self):
        return SquidPotassium(self.potassium_conductance, self.potassium_reversal, self.temperature)
