"""Calcium below the membrane, cleared at one rate."""

from typing import Any, ClassVar

from jax import Array

from .._model import Ion, Parameter, parameter
from ._nernst import nernst
from ._pool import AbstractIonPool, flux


class CalciumShell(AbstractIonPool):
    r"""Calcium in a thin shell: $\dot c = -\gamma\,j/(2Fd) - (c - c_\infty)/\tau$.

    $\gamma$ is the fraction that stays free: with a fast buffer that binds $\kappa$ ions for
    each free one it is $1/(1 + \kappa)$. The defaults are those of Hay et al. 2011,
    doi:10.1371/journal.pcbi.1002107 (decay 80 ms, depth 0.1 um, gamma 0.05); those of
    thalamic cells in Destexhe et al. 1994, doi:10.1007/BF00961734, are
    `CalciumShell(depth=1.0, free_fraction=1.0, time_constant=5.0, resting=2.4e-4)`.

    Unlike the latter's, an outward calcium current lowers the concentration here, as a pump's
    must. Under a constant current it starts where it settles, in closed form.
    """

    depth: Parameter = parameter(0.1, "um", above=0.0)
    free_fraction: Parameter = parameter(0.05, "1", above=0.0)
    time_constant: Parameter = parameter(80.0, "ms", above=0.0)
    resting: Parameter = parameter(1e-4, "mM", above=0.0)
    outside: Parameter = parameter(2.0, "mM", above=0.0)
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)
    valence: ClassVar[int] = 2  # pyright: ignore[reportIncompatibleVariableOverride]

    def initial_state(self, u: Any, /) -> Array:
        return self.resting + self.time_constant * self._entry(u)

    def vector_field(self, x: Array, u: Any, /) -> Array:
        return self._entry(u) - (x - self.resting) / self.time_constant

    def ion(self, x: Array, /) -> Ion:
        potential = nernst(self.outside, x, valence=self.valence, temperature=self.temperature)
        return Ion(x, self.outside, potential)

    def _entry(self, u: Any) -> Array:
        return self.free_fraction * flux(u, valence=self.valence, depth=self.depth)
