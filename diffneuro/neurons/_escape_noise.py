"""Escape noise in the place of a sharp threshold."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from .._model import AbstractEscapeModel, AbstractSpikingModel, Parameter, parameter
from ._escape import exponential_hazard


class EscapeNoiseState(NamedTuple):
    """The state of a neuron with `EscapeNoise`."""

    model: Any
    """the neuron's own"""
    waiting: Array
    """the hazard left until the next spike"""


class EscapeNoise(AbstractEscapeModel):
    r"""A spiking neuron whose threshold is soft: $\lambda = \lambda_0 e^{(v - \theta)/\Delta}$.

    $v - \theta$ is what the model calls its overshoot, at a fixed threshold the distance from
    it and for models with an upstroke of their own that from its cut-off; in its refractory
    time the hazard is 0. Everything else, reset included, is the model's. After Plesser & Gerstner
    2000, doi:10.1162/089976600300015835, whose hazard is Gaussian; this one is that of `GIF`.
    """

    model: AbstractSpikingModel
    escape_width: Parameter = parameter(2.0, "mV", above=0.0)
    escape_rate: Parameter = parameter(1.0, "1/ms", above=0.0)

    def initial_state(self, u: Any, /) -> EscapeNoiseState:
        x = self.model.initial_state(u)
        return EscapeNoiseState(x, jnp.ones_like(self.model.refractory(x)))

    def vector_field(self, x: EscapeNoiseState, u: Any, /) -> EscapeNoiseState:
        return EscapeNoiseState(self.model.vector_field(x.model, u), -self.hazard(x, u))

    def output(self, x: EscapeNoiseState, u: Any, /) -> Array:
        return self.model.output(x.model, u)

    def hazard(self, x: EscapeNoiseState, u: Any, /) -> Array:
        intensity = self.escape_rate * exponential_hazard(self.overshoot(x, u) / self.escape_width)
        return jnp.where(self.refractory(x) <= 0, intensity, 0.0)

    def event(self, x: EscapeNoiseState, u: Any, /) -> Array:
        return -x.waiting

    def overshoot(self, x: EscapeNoiseState, u: Any, /) -> Array:
        return self.model.overshoot(x.model, u)

    def jump(self, x: EscapeNoiseState, u: Any, /) -> EscapeNoiseState:
        return EscapeNoiseState(self.model.jump(x.model, u), jnp.ones_like(x.waiting))

    def refractory(self, x: EscapeNoiseState, /) -> Array:
        return self.model.refractory(x.model)

    def waiting(self, x: EscapeNoiseState, /) -> Array:
        return x.waiting
