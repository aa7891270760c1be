"""The exponential integrate-and-fire neuron."""

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


class EIFState(NamedTuple):
    """The state of an `EIF` neuron; `EIF.state` makes one from a voltage."""

    distance: Array
    """log(1 + exp(-(v - V_T)/Delta_T)): how far the upstroke is, falling to 0"""
    refractory: Array
    """what is left of the refractory period, ms"""


class EIF(AbstractSpikingModel):
    r"""$C\,\dot v = -g_L (v - E_L) + g_L \Delta_T e^{(v - V_T)/\Delta_T} + I$.

    At the peak a spike, then $v = V_r$ for the refractory time. As implemented the state
    carries, in place of v, the distance $d = \log(1 + e^{-(v - V_T)/\Delta_T})$, in which the
    upstroke neither blows up nor overflows. Defaults are the paper's fit to a conductance-based
    interneuron, its densities taken over 20,000 um2.
    Fourcaud-Trocme, Hansel, van Vreeswijk & Brunel 2003, doi:10.1523/JNEUROSCI.23-37-11628.2003
    """

    capacitance: Parameter = parameter(200.0, "pF", above=0.0)
    leak_conductance: Parameter = parameter(20.0, "nS", above=0.0)
    leak_reversal: Parameter = parameter(-65.0, "mV")
    threshold: Parameter = parameter(-59.9, "mV")
    slope_factor: Parameter = parameter(3.48, "mV", above=0.0)
    reset_potential: Parameter = parameter(-68.0, "mV")
    peak_potential: Parameter = parameter(-30.0, "mV")
    refractory_time: Parameter = parameter(1.7, "ms", at_least=0.0)

    def __check_init__(self):
        check_below(self, "reset_potential", "peak_potential")
        check_below(self, "threshold", "peak_potential")

    def state(self, voltage: ArrayLike) -> EIFState:
        """The state at a voltage (mV), not refractory."""
        distance = self._distance(voltage)
        return EIFState(distance, jnp.zeros_like(distance))

    def initial_state(self, u: Any, /) -> EIFState:
        return self.state(
            lowest_rest(
                u, self.leak_conductance, self.leak_reversal, self.threshold, self.slope_factor
            )
        )

    def vector_field(self, x: EIFState, u: Any, /) -> EIFState:
        d = short_of_the_end(x.distance)
        v = self._voltage(d)
        passive = injected_current(u, v) - self.leak_conductance * (v - self.leak_reversal)
        charge = distance_charge(d, passive, self.leak_conductance, self.slope_factor)
        dd = jnp.where(x.refractory <= 0, charge / self.capacitance, 0.0)
        return EIFState(dd, jnp.zeros_like(dd))

    def output(self, x: EIFState, u: Any, /) -> Array:
        return self._voltage(jnp.maximum(x.distance, self._distance(self.peak_potential)))

    def event(self, x: EIFState, u: Any, /) -> Array:
        return self._distance(self.peak_potential) - x.distance

    def overshoot(self, x: EIFState, u: Any, /) -> Array:
        return self._voltage(short_of_the_end(x.distance)) - self.peak_potential

    def jump(self, x: EIFState, u: Any, /) -> EIFState:
        return EIFState(
            jnp.broadcast_to(self._distance(self.reset_potential), x.distance.shape),
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: EIFState, /) -> Array:
        return x.refractory

    def _distance(self, voltage):
        return distance_from(voltage, self.threshold, self.slope_factor)

    def _voltage(self, distance):
        return voltage_at(distance, self.threshold, self.slope_factor)
