"""Calcium below the membrane, with a buffer that takes time."""

from typing import Any, ClassVar, NamedTuple

from jax import Array

from .._model import Ion, Parameter, parameter
from ._nernst import nernst
from ._pool import AbstractIonPool, flux


class BufferedCalcium(NamedTuple):
    """The state of a `BufferedCalciumShell`."""

    total: Array
    """mM, free and bound"""
    bound: Array
    """mM"""


class BufferedCalciumShell(AbstractIonPool):
    r"""Calcium in a thin shell with a buffer that obeys mass action.

    $\dot s = -j/(2Fd) - (c - c_\infty)/\tau$ and $\dot b = k_+\,c\,(B - b) - k_- b$ with s all
    calcium, b the bound and $c = s - b$ the free one, $k_- = k_+ K$. The buffer moves
    calcium from one to the other but s is theirs together, so it is conserved to rounding
    whatever the step.

    Binding is parvalbumin's as found in the cytosol (51 nM, 0.95/s: Lee, Schwaller & Neher
    2000, PMC2269947); depth, clearance and the amount of buffer are ours. Under a constant
    current it starts where it settles, in closed form. The equations are those of Markram, Roth
    & Helmchen 1998 with one buffer, doi:10.1023/A:1008891229546
    """

    depth: Parameter = parameter(0.1, "um", above=0.0)
    buffer: Parameter = parameter(0.1, "mM", at_least=0.0)
    binding_rate: Parameter = parameter(18.5, "1/(mM ms)", at_least=0.0)
    dissociation_constant: Parameter = parameter(5.14e-5, "mM", above=0.0)
    time_constant: Parameter = parameter(5.0, "ms", above=0.0)
    resting: Parameter = parameter(1e-4, "mM", above=0.0)
    outside: Parameter = parameter(2.0, "mM", above=0.0)
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)
    valence: ClassVar[int] = 2  # pyright: ignore[reportIncompatibleVariableOverride]

    def initial_state(self, u: Any, /) -> BufferedCalcium:
        free = self.resting + self.time_constant * flux(u, valence=self.valence, depth=self.depth)
        bound = self.buffer * free / (free + self.dissociation_constant)
        return BufferedCalcium(free + bound, bound)

    def vector_field(self, x: BufferedCalcium, u: Any, /) -> BufferedCalcium:
        free = x.total - x.bound
        cleared = (free - self.resting) / self.time_constant
        binding = free * (self.buffer - x.bound) - self.dissociation_constant * x.bound
        entering = flux(u, valence=self.valence, depth=self.depth)
        return BufferedCalcium(entering - cleared, self.binding_rate * binding)

    def ion(self, x: BufferedCalcium, /) -> Ion:
        free = x.total - x.bound
        potential = nernst(self.outside, free, valence=self.valence, temperature=self.temperature)
        return Ion(free, self.outside, potential)
