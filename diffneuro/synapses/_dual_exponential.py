"""Receptors that a spike opens and closes in two stages."""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exprel, exprel_slope, mean_exp
from ._receptor import AbstractImpulseReceptor


class RisingConductance(NamedTuple):
    """The state of a receptor that takes time to open."""

    rising: Array
    """what is yet to open, in the units of the weight"""
    open: Array
    """in the units of the weight"""


class AbstractDualExponentialReceptor(AbstractImpulseReceptor):
    r"""A receptor that opens by a cascade: $\dot a = -a/\tau_r$, $\dot g = a/\tau_r - g/\tau_d$.

    An arrival raises a by $(\tau_r/\tau_d)\, e^{t_p/\tau_r}$, so that g peaks at the weight, at
    $t_p = \frac{\tau_r \tau_d}{\tau_d - \tau_r} \ln(\tau_d/\tau_r)$. The course is the same with
    the time constants exchanged; where they are equal it is that of `Alpha`.
    """

    rise_time_constant: eqx.AbstractVar[Any]
    """ms"""
    decay_time_constant: eqx.AbstractVar[Any]
    """ms"""

    def open_fraction(self, x: RisingConductance, /) -> Array:
        return x.open

    def kick(self) -> RisingConductance:
        ratio = jnp.log(self.rise_time_constant / self.decay_time_constant)
        rising = jnp.exp(ratio + 1.0 / exprel(ratio))
        return RisingConductance(rising, jnp.zeros_like(rising))

    def vector_field(self, x: RisingConductance, u: Membrane, /) -> RisingConductance:
        opening = x.rising / self.rise_time_constant
        return RisingConductance(-opening, opening - x.open / self.decay_time_constant)

    def flow(self, x: RisingConductance, t: Any, /) -> RisingConductance:
        rise, decay = -t / self.rise_time_constant, -t / self.decay_time_constant
        opened = -rise * mean_exp(rise, decay)
        return RisingConductance(
            x.rising * jnp.exp(rise), x.open * jnp.exp(decay) + x.rising * opened
        )

    def mean(self, x: RisingConductance, t: Any, /) -> Array:
        rise, decay = -t / self.rise_time_constant, -t / self.decay_time_constant
        return x.open * exprel(decay) - x.rising * rise * exprel_slope(rise, decay)


class DualExponential(AbstractDualExponentialReceptor):
    r"""A conductance with a rise and a decay: $g(t) = w\, k\,(e^{-t/\tau_d} - e^{-t/\tau_r})$.

    k makes w the peak, and $g\,(v - E)$ flows. The default is fast excitation.
    Rotter & Diesmann 1999, doi:10.1007/s004220050570
    """

    ion: ClassVar[str | None] = None
    rise_time_constant: Parameter = parameter(0.2, "ms", above=0.0)
    decay_time_constant: Parameter = parameter(2.0, "ms", above=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")


class DualExponentialCurrent(AbstractDualExponentialReceptor):
    r"""An injected current with a rise and a decay: $I = w\, k\,(e^{-t/\tau_d} - e^{-t/\tau_r})$.

    k makes w (pA, positive where it excites) the peak. What flows outward is $-I$, whatever
    the voltage.
    Rotter & Diesmann 1999, doi:10.1007/s004220050570
    """

    ion: ClassVar[str | None] = None
    # Nothing reverses.
    reversal_potential: ClassVar[Any] = None
    rise_time_constant: Parameter = parameter(0.2, "ms", above=0.0)
    decay_time_constant: Parameter = parameter(2.0, "ms", above=0.0)

    def current(self, conductance: Any, u: Membrane, /) -> Any:
        return -conductance

    def linear(self, conductance: Any, u: Membrane, /) -> tuple[Any, Any]:
        return conductance, jnp.zeros_like(conductance)

    @property
    def conducts(self) -> bool:
        return False
