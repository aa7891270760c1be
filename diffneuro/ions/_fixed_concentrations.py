"""Concentrations that nothing changes."""

from typing import Any

import equinox as eqx

from .._model import Ion, Parameter, parameter
from ._checks import check_valence
from ._nernst import nernst
from ._pool import AbstractIonPool


class FixedConcentrations(AbstractIonPool):
    r"""An ion whose concentrations stay as they are: $E = \frac{RT}{zF}\ln\frac{c_{out}}{c_{in}}$.

    The channels it flows through see its Nernst potential instead of their own constant, so a
    gradient reaches the concentrations. The defaults are round numbers of potassium in a
    mammal; `valence` is the charge number.
    Hodgkin & Katz 1949, doi:10.1113/jphysiol.1949.sp004310
    """

    inside: Parameter = parameter(140.0, "mM", above=0.0)
    outside: Parameter = parameter(4.0, "mM", above=0.0)
    temperature: Parameter = parameter(37.0, "degC", above=-273.15)
    valence: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        check_valence(self.valence)

    def initial_state(self, u: Any, /) -> tuple[()]:
        return ()

    def vector_field(self, x: tuple[()], u: Any, /) -> tuple[()]:
        return ()

    def ion(self, x: tuple[()], /) -> Ion:
        potential = nernst(
            self.outside, self.inside, valence=self.valence, temperature=self.temperature
        )
        return Ion(self.inside, self.outside, potential)
