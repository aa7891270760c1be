"""A jump of transmitter for each spike, then cleared."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from .._model import AbstractLinearModel, Parameter, parameter
from .._numerics import exprel
from ._terminal import AbstractSpikeTerminal


class ExponentialTerminal(AbstractSpikeTerminal, AbstractLinearModel):
    r"""At each spike $T \to T + a\,T_{max}$, and in between $\dot T = -T/\tau$.

    $T_{max}$ is `concentration`, $\tau$ `time_constant`, and $a$ the amount that the spike
    releases. What spikes release adds up. The defaults are the glutamate transient of cultured
    hippocampal synapses, whose rise is left out: Clements et al. 1992,
    doi:10.1126/science.1359647
    """

    concentration: Parameter = parameter(1.1, "mM", at_least=0.0)
    time_constant: Parameter = parameter(1.2, "ms", above=0.0)

    def initial_state(self, u: Any, /) -> Array:
        return jnp.zeros_like(self.concentration)

    def vector_field(self, x: Array, u: Any, /) -> Array:
        return -x / self.time_constant

    def output(self, x: Array, u: Any, /) -> Array:
        return x

    def arrive(self, x: Array, amount: Array, /) -> Array:
        return x + amount * self.concentration

    def flow(self, x: Array, t: Any, /) -> Array:
        return x * jnp.exp(-t / self.time_constant)

    def mean(self, x: Array, t: Any, /) -> Array:
        return x * exprel(-t / self.time_constant)
