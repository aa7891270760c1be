"""The pump that keeps sodium out and potassium in."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array

from .._model import AbstractChannel, Membrane, Parameter, parameter
from ._kept_ion import kept_ion
from ._nernst import thermal_voltage


class SodiumPotassiumPump(AbstractChannel):
    r"""The Na/K-ATPase, 3 Na+ out for 2 K+ in: its net current is outward.

    $\bar\imath\, f(v)\,\frac{1}{1 + (K_{Na}/[Na]_i)^{1.5}}\,\frac{[K]_o}{[K]_o + K_K}$ with
    $f = 1/(1 + 0.1245 e^{-0.1 vF/RT} + 0.0365\,\sigma e^{-vF/RT})$,
    $\sigma = (e^{[Na]_o/67.3} - 1)/7$, so it depends on the voltage as well as on sodium inside
    and outside and potassium outside. Needs pools of both ions.

    The paper's currents are per uF, here per cm2 at its 1 uF/cm2.
    Luo & Rudy 1994, doi:10.1161/01.res.74.6.1071
    """

    i_max: Parameter = parameter(1.5, "uA/cm2", at_least=0.0)
    half_sodium: Parameter = parameter(10.0, "mM", above=0.0)
    half_potassium: Parameter = parameter(1.5, "mM", above=0.0)
    temperature: Parameter = parameter(37.0, "degC", above=-273.15)

    def carried(self) -> Mapping[str, Any]:
        return {"na": 3.0, "k": -2.0}

    def initial_state(self, u: Membrane, /) -> tuple[()]:
        return ()

    def vector_field(self, x: tuple[()], u: Membrane, /) -> tuple[()]:
        return ()

    def output(self, x: tuple[()], u: Membrane, /) -> Array:
        na, k = kept_ion(u, "na", self), kept_ion(u, "k", self)
        v = u.voltage / thermal_voltage(self.temperature)
        sigma = jnp.expm1(na.outside / 67.3) / 7.0
        slowing = 1.0 + 0.1245 * jnp.exp(-0.1 * v) + 0.0365 * sigma * jnp.exp(-v)
        ratio = self.half_sodium / na.inside
        sodium = 1.0 / (1.0 + ratio * jnp.sqrt(ratio))
        potassium = k.outside / (k.outside + self.half_potassium)
        return self.i_max * sodium * potassium / slowing
