"""Transmitter that follows the presynaptic voltage at once."""

from typing import Any

import jax
from jax import Array

from .._model import AbstractClampedModel, Parameter, parameter
from ._terminal import AbstractGradedTerminal


class SigmoidTerminal(AbstractGradedTerminal, AbstractClampedModel):
    r"""Release without delay: $T = T_{max}/(1 + e^{-(v - V_p)/K_p})$.

    $T_{max}$ is `concentration`, $V_p$ `half_voltage` and $K_p$ `slope`. It has no state. The
    curve is a fit to the transmitter that an action potential releases in a detailed scheme of
    calcium and vesicles: Destexhe, Mainen & Sejnowski 1994, doi:10.1007/BF00961734
    """

    concentration: Parameter = parameter(2.84, "mM", at_least=0.0)
    half_voltage: Parameter = parameter(2.0, "mV")
    slope: Parameter = parameter(5.0, "mV", above=0.0)

    def initial_state(self, u: Array, /) -> tuple[()]:
        return ()

    def vector_field(self, x: tuple[()], u: Array, /) -> tuple[()]:
        return ()

    def output(self, x: Any, u: Array, /) -> Array:
        return self.concentration * jax.nn.sigmoid((u - self.half_voltage) / self.slope)
