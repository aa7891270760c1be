"""The channels that deflection of a hair bundle opens."""

from typing import Any, ClassVar

import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp
from ..ions import thermal_voltage
from ._gated import AbstractGatedChannel, Rates

# pN um for each mV of RT/F, which makes kT of it: the elementary charge.
_CHARGE = 1.602176634e-4


class HairBundle(AbstractGatedChannel):
    r"""Transduction channels pulled open by gating springs, $\bar g\, o\, (v - E)$.

    With the bundle's `displacement` X (um), one of the membrane's signals, and the gating force
    z of a channel, $s = z (X - X_{1/2})/kT$:
    $\alpha = e^{s/2}/2\tau$ and $\beta = e^{-s/2}/2\tau$, so that
    $o_\infty = 1/(1 + e^{-s})$ is reached with the time constant $\tau/\cosh(s/2)$.

    The force, and a bundle 15 % open at rest, are of the bullfrog's sacculus; `time_constant`
    $\tau$ is a round number of the order that is seen and `g_max` is arbitrary. There is no
    adaptation. Howard, Roberts & Hudspeth 1988, doi:10.1146/annurev.bb.17.060188.000531
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(1.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    gating_force: Parameter = parameter(0.04, "pN", above=0.0)
    half_displacement: Parameter = parameter(0.1767, "um")
    time_constant: Parameter = parameter(0.1, "ms", above=0.0)
    temperature: Parameter = parameter(22.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        displacement = u.signal("displacement") + jnp.zeros_like(u.voltage)
        energy = _CHARGE * thermal_voltage(self.temperature)
        s = self.gating_force * (displacement - self.half_displacement) / energy
        speed = 0.5 / self.time_constant
        return {"o": Rates(speed * exp(s / 2.0), speed * exp(-s / 2.0))}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["o"]
