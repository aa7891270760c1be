"""The Morris-Lecar model of barnacle muscle."""

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractConductanceModel, Parameter, parameter
from .._numerics import lowest_root
from ._cell import _DENSITY_PER_PA_UM2, _REST_GRID
from ._synaptic_input import injected_current


class MorrisLecarState(NamedTuple):
    """The state of a `MorrisLecar` neuron."""

    voltage: Annotated[Array, "mV"]
    """of the membrane"""
    recovery: Annotated[Array, "1"]
    """open fraction of the potassium channels"""


class MorrisLecar(AbstractConductanceModel):
    r"""$C \dot v = I/A - g_{Ca} m_\infty (v - E_{Ca}) - g_K w (v - E_K) - g_L (v - E_L)$.

    $m_\infty = (1 + \tanh((v - V_1)/V_2))/2$, $w_\infty = (1 + \tanh((v - V_3)/V_4))/2$,
    $\dot w = \phi \cosh((v - V_3)/(2 V_4))\,(w_\infty - w)$.

    This is the paper's reduced system, in which the calcium channels open at once. Its area of
    10,000 um2 makes 1 uA/cm2 of the paper 100 pA. Defaults are the class II set of Rinzel &
    Ermentrout 1998; `MORRIS_LECAR_PATTERNS` has the others.
    Morris & Lecar 1981, doi:10.1016/S0006-3495(81)84782-0
    """

    capacitance: Parameter = parameter(20.0, "uF/cm2", above=0.0)
    area: Parameter = parameter(1e4, "um2", above=0.0)
    calcium_conductance: Parameter = parameter(4.4, "mS/cm2", at_least=0.0)
    calcium_reversal: Parameter = parameter(120.0, "mV")
    potassium_conductance: Parameter = parameter(8.0, "mS/cm2", at_least=0.0)
    potassium_reversal: Parameter = parameter(-84.0, "mV")
    leak_conductance: Parameter = parameter(2.0, "mS/cm2", at_least=0.0)
    leak_reversal: Parameter = parameter(-60.0, "mV")
    calcium_midpoint: Parameter = parameter(-1.2, "mV")
    calcium_width: Parameter = parameter(18.0, "mV", above=0.0)
    potassium_midpoint: Parameter = parameter(2.0, "mV")
    potassium_width: Parameter = parameter(30.0, "mV", above=0.0)
    potassium_rate: Parameter = parameter(0.04, "1/ms", at_least=0.0)

    def initial_state(self, u: Any, /) -> MorrisLecarState:
        def net_inward(v):
            return self._net_inward(v, self._steady_recovery(v), u)

        v = lowest_root(net_inward, jnp.asarray(_REST_GRID, jnp.result_type(float)))
        return MorrisLecarState(v, self._steady_recovery(v))

    def vector_field(self, x: MorrisLecarState, u: Any, /) -> MorrisLecarState:
        v, w = x
        dv = self._net_inward(v, w, u) / self.capacitance
        speed = jnp.cosh((v - self.potassium_midpoint) / (2.0 * self.potassium_width))
        return MorrisLecarState(dv, self.potassium_rate * speed * (self._steady_recovery(v) - w))

    def output(self, x: MorrisLecarState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: MorrisLecarState, /) -> Array:
        return x.voltage

    def _net_inward(self, v, w, u):
        m = _open_fraction(v, self.calcium_midpoint, self.calcium_width)
        calcium = self.calcium_conductance * m * (v - self.calcium_reversal)
        potassium = self.potassium_conductance * w * (v - self.potassium_reversal)
        leak = self.leak_conductance * (v - self.leak_reversal)
        injected = _DENSITY_PER_PA_UM2 * injected_current(u, v) / self.area
        return injected - calcium - potassium - leak

    def _steady_recovery(self, v):
        return _open_fraction(v, self.potassium_midpoint, self.potassium_width)


def _open_fraction(v, midpoint, width):
    """(1 + tanh((v - midpoint)/width))/2."""
    return jax.nn.sigmoid(2.0 * (v - midpoint) / width)
