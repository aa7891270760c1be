"""A pulse of transmitter for each spike."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from .._model import AbstractLinearModel, Parameter, parameter
from ._terminal import AbstractSpikeTerminal


class Pulse(NamedTuple):
    """The state of a `PulseTerminal`."""

    remaining: Array
    """ms of the pulse still to come"""
    height: Array
    """mM, while there is a pulse"""


class PulseTerminal(AbstractSpikeTerminal, AbstractLinearModel):
    r"""A square pulse at each spike: $T = a\,T_{max}$ for the time $D$ after it, else 0.

    $T_{max}$ is `concentration`, $D$ `duration`, and $a$ the amount that the spike releases. A
    spike during a pulse does not add to it: a full pulse of its own begins, so that a train
    faster than $1/D$ prolongs one pulse, of the height of the latest spike. The mean over a
    step in which a pulse ends is that of its share of the step, so the end has a derivative.

    Destexhe, Mainen & Sejnowski 1994, doi:10.1162/neco.1994.6.1.14
    """

    concentration: Parameter = parameter(1.0, "mM", at_least=0.0)
    duration: Parameter = parameter(1.0, "ms", above=0.0)

    def initial_state(self, u: Any, /) -> Pulse:
        return Pulse(jnp.zeros_like(self.duration), jnp.zeros_like(self.concentration))

    def vector_field(self, x: Pulse, u: Any, /) -> Pulse:
        lasts = x.remaining > 0.0
        return Pulse(jnp.where(lasts, -1.0, jnp.zeros_like(x.remaining)), jnp.zeros_like(x.height))

    def output(self, x: Pulse, u: Any, /) -> Array:
        return jnp.where(x.remaining > 0.0, x.height, 0.0)

    def arrive(self, x: Pulse, amount: Array, /) -> Pulse:
        return Pulse(self.duration, amount * self.concentration)

    def flow(self, x: Pulse, t: Any, /) -> Pulse:
        lasts = x.remaining > t
        return x._replace(remaining=jnp.where(lasts, x.remaining - t, 0.0))

    def mean(self, x: Pulse, t: Any, /) -> Array:
        remaining = jnp.where(x.remaining > 0.0, x.remaining, 0.0)
        # Where the pulse ends just with the step, this step has the derivative, not the next.
        lasts = remaining > t
        some_time = jnp.where(lasts | (t <= 0.0), 1.0, t)
        return x.height * jnp.where(lasts, 1.0, remaining / some_time)
