"""Sodium, potassium and leak of the squid giant axon."""

from typing import Any, ClassVar, NamedTuple

from jax import Array

from .._model import AbstractChannel, Membrane, Parameter, parameter
from .._numerics import exp, linoid
from ._gated import AbstractGatedChannel, Rates, q10_factor


class SodiumGates(NamedTuple):
    """Open fractions of the gates of `SquidSodium`."""

    m: Any
    h: Any


class PotassiumGates(NamedTuple):
    """Open fraction of the gate of `SquidPotassium`."""

    n: Any


class SquidSodium(AbstractGatedChannel):
    r"""The transient sodium current, $\bar g\, m^3 h\, (v - E)$.

    $\alpha_m = x/(1 - e^{-x})$ with $x = (v + 40 - s)/10$,
    $\beta_m = 4 e^{-(v + 65 - s)/18}$, $\alpha_h = 0.07 e^{-(v + 65)/20}$,
    $\beta_h = 1/(1 + e^{-(v + 35)/10})$, per ms, all times $3^{(T - 6.3)/10}$.

    Voltages are absolute, with rest at -65 mV; `activation_shift` s, not in the paper, moves
    the activation alone. Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    ion: ClassVar[str | None] = "na"
    g_max: Parameter = parameter(120.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(50.0, "mV")
    activation_shift: Parameter = parameter(0.0, "mV")
    temperature: Parameter = parameter(6.3, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> SodiumGates:
        v, speed = u.voltage, q10_factor(3.0, self.temperature, 6.3)
        s = v - self.activation_shift
        m = Rates(linoid((s + 40.0) / 10.0), 4.0 * exp(-(s + 65.0) / 18.0))
        h = Rates(0.07 * exp(-(v + 65.0) / 20.0), 1.0 / (1.0 + exp(-(v + 35.0) / 10.0)))
        return SodiumGates(m.times(speed), h.times(speed))

    def open_fraction(self, x: SodiumGates, u: Membrane, /) -> Array:
        return x.m**3 * x.h


class SquidPotassium(AbstractGatedChannel):
    r"""The delayed rectifier, $\bar g\, n^4 (v - E)$.

    $\alpha_n = 0.1\,x/(1 - e^{-x})$ with $x = (v + 55)/10$,
    $\beta_n = 0.125 e^{-(v + 65)/80}$, per ms, both times $3^{(T - 6.3)/10}$.

    Voltages are absolute, with rest at -65 mV.
    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(36.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-77.0, "mV")
    temperature: Parameter = parameter(6.3, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> PotassiumGates:
        v = u.voltage
        n = Rates(0.1 * linoid((v + 55.0) / 10.0), 0.125 * exp(-(v + 65.0) / 80.0))
        return PotassiumGates(n.times(q10_factor(3.0, self.temperature, 6.3)))

    def open_fraction(self, x: PotassiumGates, u: Membrane, /) -> Array:
        return x.n**4


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
