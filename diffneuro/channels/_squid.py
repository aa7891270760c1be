"""Sodium, potassium and leak of the squid giant axon."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from .._model import AbstractChannel, Membrane, Parameter, parameter
from .._numerics import linoid


def _sodium_activation(v):
    return linoid((v + 40.0) / 10.0), 4.0 * jnp.exp(-(v + 65.0) / 18.0)


def _sodium_inactivation(v):
    return 0.07 * jnp.exp(-(v + 65.0) / 20.0), 1.0 / (1.0 + jnp.exp(-(v + 35.0) / 10.0))


def _potassium_activation(v):
    return 0.1 * linoid((v + 55.0) / 10.0), 0.125 * jnp.exp(-(v + 65.0) / 80.0)


def _speed(temperature):
    """How much faster than at 6.3 degC the gates are, with the paper's Q10 of 3."""
    return jnp.exp(jnp.log(3.0) / 10.0 * (temperature - 6.3))


def _relax(gate, rates):
    opening, closing = rates
    return opening - (opening + closing) * gate


def _steady(rates):
    opening, closing = rates
    return opening / (opening + closing)


class SodiumGates(NamedTuple):
    """Open fractions of the gates of `SquidSodium`."""

    m: Array
    h: Array


class PotassiumGates(NamedTuple):
    """Open fraction of the gate of `SquidPotassium`."""

    n: Array


class SquidSodium(AbstractChannel):
    r"""The transient sodium current, $\bar g\, m^3 h\, (v - E)$.

    $\alpha_m = x/(1 - e^{-x})$ with $x = (v + 40 - s)/10$,
    $\beta_m = 4 e^{-(v + 65 - s)/18}$, $\alpha_h = 0.07 e^{-(v + 65)/20}$,
    $\beta_h = 1/(1 + e^{-(v + 35)/10})$, per ms, all times $3^{(T - 6.3)/10}$.

    Voltages are absolute, with rest at -65 mV; `activation_shift` s, not in the paper, moves
    the activation alone. Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    g_max: Parameter = parameter(120.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(50.0, "mV")
    activation_shift: Parameter = parameter(0.0, "mV")
    temperature: Parameter = parameter(6.3, "degC", above=-273.15)

    def initial_state(self, u: Membrane, /) -> SodiumGates:
        v = u.voltage
        m = _steady(_sodium_activation(v - self.activation_shift))
        return SodiumGates(m, _steady(_sodium_inactivation(v)))

    def vector_field(self, x: SodiumGates, u: Membrane, /) -> SodiumGates:
        v, speed = u.voltage, _speed(self.temperature)
        dm = _relax(x.m, _sodium_activation(v - self.activation_shift))
        return SodiumGates(speed * dm, speed * _relax(x.h, _sodium_inactivation(v)))

    def output(self, x: SodiumGates, u: Membrane, /) -> Array:
        return self.g_max * x.m**3 * x.h * (u.voltage - self.reversal_potential)


class SquidPotassium(AbstractChannel):
    r"""The delayed rectifier, $\bar g\, n^4 (v - E)$.

    $\alpha_n = 0.1\,x/(1 - e^{-x})$ with $x = (v + 55)/10$,
    $\beta_n = 0.125 e^{-(v + 65)/80}$, per ms, both times $3^{(T - 6.3)/10}$.

    Voltages are absolute, with rest at -65 mV.
    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    g_max: Parameter = parameter(36.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-77.0, "mV")
    temperature: Parameter = parameter(6.3, "degC", above=-273.15)

    def initial_state(self, u: Membrane, /) -> PotassiumGates:
        return PotassiumGates(_steady(_potassium_activation(u.voltage)))

    def vector_field(self, x: PotassiumGates, u: Membrane, /) -> PotassiumGates:
        dn = _relax(x.n, _potassium_activation(u.voltage))
        return PotassiumGates(_speed(self.temperature) * dn)

    def output(self, x: PotassiumGates, u: Membrane, /) -> Array:
        return self.g_max * x.n**4 * (u.voltage - self.reversal_potential)


class Leak(AbstractChannel):
    r"""A conductance that does not change: $\bar g\, (v - E)$.

    The default reversal puts the squid axon's rest at -65 mV.
    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    g_max: Parameter = parameter(0.3, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-54.387, "mV")

    def initial_state(self, u: Membrane, /) -> tuple[()]:
        return ()

    def vector_field(self, x: tuple[()], u: Membrane, /) -> tuple[()]:
        return ()

    def output(self, x: tuple[()], u: Membrane, /) -> Array:
        return self.g_max * (u.voltage - self.reversal_potential)
