"""The exchanger of sodium for calcium."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array

from .._model import AbstractChannel, Membrane, Parameter, parameter
from ._kept_ion import kept_ion
from ._nernst import thermal_voltage


class SodiumCalciumExchanger(AbstractChannel):
    r"""The exchange of 3 Na+ for 1 Ca2+, whose current is inward while it takes calcium out.

    $\bar\imath\,\frac{1}{K_{Na}^3 + [Na]_o^3}\,\frac{1}{K_{Ca} + [Ca]_o}\,
    \frac{e^{\eta V}[Na]_i^3[Ca]_o - e^{(\eta - 1)V}[Na]_o^3[Ca]_i}
    {1 + k_{sat} e^{(\eta - 1)V}}$ with $V = vF/RT$; it reverses at
    $3E_{Na} - 2E_{Ca}$. Needs pools of both ions.

    The paper's currents are per uF, here per cm2 at its 1 uF/cm2.
    Luo & Rudy 1994, doi:10.1161/01.res.74.6.1071
    """

    i_max: Parameter = parameter(2000.0, "uA/cm2", at_least=0.0)
    half_sodium: Parameter = parameter(87.5, "mM", above=0.0)
    half_calcium: Parameter = parameter(1.38, "mM", above=0.0)
    saturation: Parameter = parameter(0.1, "1", at_least=0.0)
    barrier_position: Parameter = parameter(0.35, "1", at_least=0.0)
    temperature: Parameter = parameter(37.0, "degC", above=-273.15)

    def carried(self) -> Mapping[str, Any]:
        return {"na": 3.0, "ca": -2.0}

    def initial_state(self, u: Membrane, /) -> tuple[()]:
        return ()

    def vector_field(self, x: tuple[()], u: Membrane, /) -> tuple[()]:
        return ()

    def output(self, x: tuple[()], u: Membrane, /) -> Array:
        na, ca = kept_ion(u, "na", self), kept_ion(u, "ca", self)
        v = u.voltage / thermal_voltage(self.temperature)
        into, out_of = self.barrier_position * v, (self.barrier_position - 1.0) * v
        net = jnp.exp(into) * na.inside**3 * ca.outside
        net = net - jnp.exp(out_of) * na.outside**3 * ca.inside
        bound = (self.half_sodium**3 + na.outside**3) * (self.half_calcium + ca.outside)
        return self.i_max * net / (bound * (1.0 + self.saturation * jnp.exp(out_of)))
