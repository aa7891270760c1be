"""The alpha function."""

from typing import Any, ClassVar

import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exprel, exprel_slope
from ._dual_exponential import RisingConductance
from ._receptor import AbstractImpulseReceptor


class Alpha(AbstractImpulseReceptor):
    r"""A conductance after the alpha function: $g(t) = w\,(t/\tau)\, e^{1 - t/\tau}$.

    It peaks at the weight, after $\tau$, and $g\,(v - E)$ flows. Its state are the two stages
    of $\dot a = -a/\tau$, $\dot g = (a - g)/\tau$.
    Rall 1967, doi:10.1152/jn.1967.30.5.1138
    """

    ion: ClassVar[str | None] = None
    time_constant: Parameter = parameter(2.0, "ms", above=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")

    def open_fraction(self, x: RisingConductance, /) -> Array:
        return x.open

    def kick(self) -> RisingConductance:
        rising = jnp.full_like(self.time_constant, jnp.e)
        return RisingConductance(rising, jnp.zeros_like(rising))

    def vector_field(self, x: RisingConductance, u: Membrane, /) -> RisingConductance:
        return RisingConductance(
            -x.rising / self.time_constant, (x.rising - x.open) / self.time_constant
        )

    def flow(self, x: RisingConductance, t: Any, /) -> RisingConductance:
        passed = t / self.time_constant
        left = jnp.exp(-passed)
        return RisingConductance(x.rising * left, (x.open + x.rising * passed) * left)

    def mean(self, x: RisingConductance, t: Any, /) -> Array:
        passed = t / self.time_constant
        return x.open * exprel(-passed) + x.rising * passed * exprel_slope(-passed, -passed)
