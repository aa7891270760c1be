"""The simple model of Izhikevich, in both of its forms."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel, Parameter, parameter
from ._order import check_below
from ._quadratic_upstroke import (
    lowest_rest,
    rise_at,
    rise_rate,
    short_of_infinity,
    voltage_at,
)
from ._synaptic_input import linear_input

# 0.04 v^2 + 5 v + 140: its vertex, and how far its roots lie from that (mV).
_CURVATURE, _SLOPE, _OFFSET = 0.04, 5.0, 140.0
_VERTEX = -_SLOPE / (2.0 * _CURVATURE)
_SCALE = (_SLOPE**2 - 4.0 * _CURVATURE * _OFFSET) ** 0.5 / (2.0 * _CURVATURE)


class IzhikevichState(NamedTuple):
    """The state of an Izhikevich neuron; its method `state` makes one from a voltage."""

    rise: Array
    """y = (v - v_c)/s below v_c, 2 y/(1 + sqrt(1 + y^2)) above: 2 where v is infinite"""
    recovery: Array
    """u, in the unit of the input"""
    refractory: Array
    """what is left of the refractory period, ms"""


class AbstractIzhikevich(AbstractSpikingModel):
    r"""A parabola in v against a recovery variable u, and a reset at the peak.

    In place of v the state carries $y = (v - v_c)/s$, with the vertex $v_c$ of the parabola and
    half the distance s of its roots, and above $v_c$ $2y/(1 + \sqrt{1 + y^2})$: the upstroke,
    which blows up in v, goes at a finite rate, and nothing overflows.
    """

    peak_potential: eqx.AbstractVar[Parameter]
    reset_potential: eqx.AbstractVar[Parameter]
    recovery_rate: eqx.AbstractVar[Parameter]
    spike_recovery: eqx.AbstractVar[Parameter]
    refractory_time: eqx.AbstractVar[Parameter]

    @abc.abstractmethod
    def _parabola(self) -> tuple[Any, Any]:
        """Its vertex and half the distance of its roots (mV)."""

    @abc.abstractmethod
    def _motion(self, recovery: Any, u: Any, /) -> tuple[Any, Any, Any]:
        """What the rate of the rise is made of: opening, drive and damping (per ms)."""

    @abc.abstractmethod
    def _steady_recovery(self, voltage: Any, /) -> Any:
        """Where the recovery tends to at a voltage."""

    def state(self, voltage: ArrayLike, recovery: ArrayLike | None = None) -> IzhikevichState:
        """The state at a voltage (mV), not refractory.

        The recovery is where it tends to at this voltage unless given.
        """
        rise = rise_at(voltage, *self._parabola())
        steady = self._steady_recovery(voltage)
        u = jnp.asarray(steady if recovery is None else recovery, rise.dtype)
        return IzhikevichState(rise, u, jnp.zeros_like(rise))

    def initial_state(self, u: Any, /) -> IzhikevichState:
        # At rest the recovery is linear in v, so it bends nothing and damps.
        vertex, scale = self._parabola()
        opening, drive, damping = self._motion(self._steady_recovery(vertex), u)
        _, beside, _ = self._motion(self._steady_recovery(vertex + scale), u)
        rest = lowest_rest(opening, drive, damping + drive - beside)
        return self.state(vertex + scale * rest)

    def vector_field(self, x: IzhikevichState, u: Any, /) -> IzhikevichState:
        rate = rise_rate(x.rise, *self._motion(x.recovery, u))
        steady = self._steady_recovery(self._voltage(short_of_infinity(x.rise)))
        return IzhikevichState(
            jnp.where(x.refractory <= 0, rate, 0.0),
            self.recovery_rate * (steady - x.recovery),
            jnp.zeros_like(rate),
        )

    def output(self, x: IzhikevichState, u: Any, /) -> Array:
        return jnp.minimum(self._voltage(x.rise), self.peak_potential)

    def event(self, x: IzhikevichState, u: Any, /) -> Array:
        return x.rise - rise_at(self.peak_potential, *self._parabola())

    def overshoot(self, x: IzhikevichState, u: Any, /) -> Array:
        return self._voltage(x.rise) - self.peak_potential

    def jump(self, x: IzhikevichState, u: Any, /) -> IzhikevichState:
        reset = rise_at(self.reset_potential, *self._parabola())
        return IzhikevichState(
            jnp.broadcast_to(reset, x.rise.shape),
            x.recovery + self.spike_recovery,
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: IzhikevichState, /) -> Array:
        return x.refractory

    def _voltage(self, rise):
        parabola = self._parabola()
        return voltage_at(rise, rise_at(self.peak_potential, *parabola), *parabola)


class Izhikevich2003(AbstractIzhikevich):
    r"""$\dot v = 0.04 v^2 + 5 v + 140 - u + I$, $\dot u = a (b v - u)$.

    At the peak of 30 mV $v = c$, $u \to u + d$. v is in mV and t in ms, so I, u and d are in
    mV/ms, not pA, and a conductance of the input is in 1/ms: what a cell of 1 pF would have.
    The state carries a coordinate of v that stays finite. Defaults are the regular spiking cell;
    `IZHIKEVICH_2003_PATTERNS` has the others. The refractory time is not in the paper and 0 by
    default. Izhikevich 2003, doi:10.1109/TNN.2003.820440
    """

    recovery_rate: Parameter = parameter(0.02, "1/ms", above=0.0)
    recovery_sensitivity: Parameter = parameter(0.2, "1/ms")
    reset_potential: Parameter = parameter(-65.0, "mV")
    spike_recovery: Parameter = parameter(8.0, "mV/ms")
    peak_potential: Parameter = parameter(30.0, "mV", above=_VERTEX)
    refractory_time: Parameter = parameter(0.0, "ms", at_least=0.0)

    def __check_init__(self):
        check_below(self, "reset_potential", "peak_potential")

    def _parabola(self) -> tuple[Any, Any]:
        return _VERTEX, _SCALE

    def _motion(self, recovery: Any, u: Any, /) -> tuple[Any, Any, Any]:
        current, conductance = linear_input(u)
        opening = _CURVATURE * _SCALE
        inward = (current - conductance * _VERTEX - recovery) / _SCALE
        return opening, inward - opening, conductance

    def _steady_recovery(self, voltage: Any, /) -> Any:
        return self.recovery_sensitivity * voltage


class Izhikevich2007(AbstractIzhikevich):
    r"""$C\,\dot v = k (v - v_r)(v - v_t) - u + I$, $\dot u = a (b (v - v_r) - u)$.

    At the peak $v = c$, $u \to u + d$. The state carries a coordinate of v that stays finite.
    Defaults are the book's regular spiking cell; `IZHIKEVICH_2007_PATTERNS` has others. The
    refractory time is not in the book and 0 by default. Left out are the nonlinear recovery and
    the moving peaks and resets that the book gives to some interneurons and thalamic cells.
    Izhikevich 2007, Dynamical Systems in Neuroscience, ch. 8, doi:10.7551/mitpress/2526.001.0001
    """

    capacitance: Parameter = parameter(100.0, "pF", above=0.0)
    quadratic_conductance: Parameter = parameter(0.7, "nS/mV", above=0.0)
    rest_potential: Parameter = parameter(-60.0, "mV")
    threshold: Parameter = parameter(-40.0, "mV")
    peak_potential: Parameter = parameter(35.0, "mV")
    recovery_rate: Parameter = parameter(0.03, "1/ms", above=0.0)
    recovery_conductance: Parameter = parameter(-2.0, "nS")
    reset_potential: Parameter = parameter(-50.0, "mV")
    spike_recovery: Parameter = parameter(100.0, "pA")
    refractory_time: Parameter = parameter(0.0, "ms", at_least=0.0)

    def __check_init__(self):
        check_below(self, "rest_potential", "threshold")
        check_below(self, "threshold", "peak_potential")
        check_below(self, "reset_potential", "peak_potential")

    def _parabola(self) -> tuple[Any, Any]:
        vertex = 0.5 * (self.rest_potential + self.threshold)
        return vertex, 0.5 * (self.threshold - self.rest_potential)

    def _motion(self, recovery: Any, u: Any, /) -> tuple[Any, Any, Any]:
        vertex, scale = self._parabola()
        current, conductance = linear_input(u)
        opening = self.quadratic_conductance * scale / self.capacitance
        inward = (current - conductance * vertex - recovery) / (scale * self.capacitance)
        return opening, inward - opening, conductance / self.capacitance

    def _steady_recovery(self, voltage: Any, /) -> Any:
        return self.recovery_conductance * (voltage - self.rest_potential)
