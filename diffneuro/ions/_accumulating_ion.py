"""An ion that accumulates on both sides of a membrane."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Ion, Parameter, parameter
from ._checks import check_valence
from ._nernst import nernst
from ._pool import AbstractIonPool, flux


class Accumulation(NamedTuple):
    """How far concentrations have moved from where they started."""

    gained: Array
    """mM inside, through the membrane; what is gained here is lost outside"""
    supplied: Array
    """mM outside, from the bath"""


class AccumulatingIon(AbstractIonPool):
    r"""An ion whose current moves it between a cell and a narrow space around the cell.

    $c_{in} = c_{in}^0 + g$, $c_{out} = c_{out}^0 - g\,d_{in}/d_{out} + s$,
    $\dot g = -j/(zF d_{in})$, $\dot s = k\,(c_{out}^0 - c_{out})$.

    The depths d are volumes over the membrane's area (a quarter of the diameter inside a
    cylinder), and k is how fast the space exchanges with a bath that has the starting
    concentration; with k = 0 the amount $d_{in}c_{in} + d_{out}c_{out}$ is conserved to
    rounding. States are changes, since in float32 a step's change would be lost next to the
    concentration itself. A constant current settles nowhere, so a run starts from the given
    concentrations. The defaults are potassium's in a small cell. The paper has a volume ratio
    of 7 and glia besides. Cressman et al. 2009, doi:10.1007/s10827-008-0132-4
    """

    inside: Parameter = parameter(140.0, "mM", above=0.0)
    outside: Parameter = parameter(4.0, "mM", above=0.0)
    depth_inside: Parameter = parameter(2.0, "um", above=0.0)
    depth_outside: Parameter = parameter(0.3, "um", above=0.0)
    exchange_rate: Parameter = parameter(0.0, "1/ms", at_least=0.0)
    temperature: Parameter = parameter(37.0, "degC", above=-273.15)
    valence: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        check_valence(self.valence)

    def initial_state(self, u: Any, /) -> Accumulation:
        nothing = jnp.zeros_like(self.inside)
        return Accumulation(nothing, nothing)

    def vector_field(self, x: Accumulation, u: Any, /) -> Accumulation:
        gained = flux(u, valence=self.valence, depth=self.depth_inside)
        return Accumulation(gained, self.exchange_rate * (self.outside - self._outside(x)))

    def ion(self, x: Accumulation, /) -> Ion:
        inside, outside = self.inside + x.gained, self._outside(x)
        potential = nernst(outside, inside, valence=self.valence, temperature=self.temperature)
        return Ion(inside, outside, potential)

    def _outside(self, x: Accumulation) -> Array:
        return self.outside - x.gained * (self.depth_inside / self.depth_outside) + x.supplied
