"""The pump that takes calcium out of a cell."""

from collections.abc import Mapping
from typing import Any

from jax import Array

from .._model import AbstractChannel, Membrane, Parameter, parameter
from ._kept_ion import kept_ion


class CalciumPump(AbstractChannel):
    r"""The calcium pump of the plasma membrane: $\bar\imath\,[Ca]_i/([Ca]_i + K)$, outward.

    All of its current is calcium's, as in the paper; the protons that the real pump takes in
    are left out. Needs a pool of calcium. The paper's currents are per uF, here per cm2 at its
    1 uF/cm2. Luo & Rudy 1994, doi:10.1161/01.res.74.6.1071
    """

    i_max: Parameter = parameter(1.15, "uA/cm2", at_least=0.0)
    half_calcium: Parameter = parameter(5e-4, "mM", above=0.0)

    def carried(self) -> Mapping[str, Any]:
        return {"ca": 1.0}

    def initial_state(self, u: Membrane, /) -> tuple[()]:
        return ()

    def vector_field(self, x: tuple[()], u: Membrane, /) -> tuple[()]:
        return ()

    def output(self, x: tuple[()], u: Membrane, /) -> Array:
        calcium = kept_ion(u, "ca", self).inside
        return self.i_max * calcium / (calcium + self.half_calcium)
