"""The quadratic integrate-and-fire neuron."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, Parameter, parameter
from ._order import check_below
from ._quadratic_upstroke import lowest_rest, rise_at, rise_rate, voltage_at
from ._synaptic_input import linear_input


class QIFState(NamedTuple):
    """The state of a `QIF` neuron; `QIF.state` makes one from a voltage."""

    rise: Array
    """y = (v - v_c)/s below v_c, 2 y/(1 + sqrt(1 + y^2)) above: 2 where v is infinite"""
    refractory: Array
    """what is left of the refractory period, ms"""


class QIF(AbstractSpikingModel):
    r"""$C\,\dot v = g_L (v - E_L) (v - V_T)/(V_T - E_L) + I$; at the peak $v = V_r$.

    As implemented the state carries $y = (v - v_c)/s$ with $v_c = (E_L + V_T)/2$ and
    $s = (V_T - E_L)/2$, and above $v_c$ $2y/(1 + \sqrt{1 + y^2})$, as the theta neuron carries
    an angle: the upstroke, which blows up in v, goes at a finite rate, however high the peak.
    Without input v rests at $E_L$ with the time constant $C/g_L$ and runs away above $V_T$; it
    fires for good from $g_L (V_T - E_L)/4$ on. The refractory time is not in the papers and 0
    by default; the other defaults are a generic cell's.
    Latham, Richmond, Nelson & Nirenberg 2000, doi:10.1152/jn.2000.83.2.808; Ermentrout & Kopell
    1986, doi:10.1137/0146017
    """

    capacitance: Parameter = parameter(200.0, "pF", above=0.0)
    leak_conductance: Parameter = parameter(20.0, "nS", above=0.0)
    leak_reversal: Parameter = parameter(-65.0, "mV")
    threshold: Parameter = parameter(-50.0, "mV")
    reset_potential: Parameter = parameter(-80.0, "mV")
    peak_potential: Parameter = parameter(20.0, "mV")
    refractory_time: Parameter = parameter(0.0, "ms", at_least=0.0)

    def __check_init__(self):
        check_below(self, "leak_reversal", "threshold")
        check_below(self, "threshold", "peak_potential")
        check_below(self, "reset_potential", "peak_potential")

    def state(self, voltage: ArrayLike) -> QIFState:
        """The state at a voltage (mV), not refractory."""
        rise = self._rise(voltage)
        return QIFState(rise, jnp.zeros_like(rise))

    def initial_state(self, u: Any, /) -> QIFState:
        vertex, scale = self._parabola()
        return self.state(vertex + scale * lowest_rest(*self._motion(u)))

    def vector_field(self, x: QIFState, u: Any, /) -> QIFState:
        rate = rise_rate(x.rise, *self._motion(u))
        return QIFState(jnp.where(x.refractory <= 0, rate, 0.0), jnp.zeros_like(rate))

    def output(self, x: QIFState, u: Any, /) -> Array:
        return jnp.minimum(self._voltage(x.rise), self.peak_potential)

    def event(self, x: QIFState, u: Any, /) -> Array:
        return x.rise - self._rise(self.peak_potential)

    def overshoot(self, x: QIFState, u: Any, /) -> Array:
        return self._voltage(x.rise) - self.peak_potential

    def jump(self, x: QIFState, u: Any, /) -> QIFState:
        return QIFState(
            jnp.broadcast_to(self._rise(self.reset_potential), x.rise.shape),
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: QIFState, /) -> Array:
        return x.refractory

    def _parabola(self):
        """Its vertex and half the distance of its roots (mV)."""
        vertex = 0.5 * (self.leak_reversal + self.threshold)
        return vertex, 0.5 * (self.threshold - self.leak_reversal)

    def _motion(self, u):
        """What the rate of the rise is made of, per ms."""
        vertex, scale = self._parabola()
        current, conductance = linear_input(u)
        opening = 0.5 * self.leak_conductance / self.capacitance
        inward = (current - conductance * vertex) / (scale * self.capacitance)
        return opening, inward - opening, conductance / self.capacitance

    def _rise(self, voltage):
        return rise_at(voltage, *self._parabola())

    def _voltage(self, rise):
        return voltage_at(rise, self._rise(self.peak_potential), *self._parabola())
