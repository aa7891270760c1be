"""Coloured noise in the current that a neuron gets."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from .._model import (
    AbstractConductanceModel,
    AbstractEscapeModel,
    AbstractModel,
    AbstractNoisyModel,
    AbstractSpikingModel,
    Parameter,
    has_noise,
    parameter,
)
from ._hodgkin_huxley import HodgkinHuxley
from ._lif import LIF
from ._more_current import with_more_current


class CurrentNoiseState(NamedTuple):
    """The state of a neuron with noise in its current."""

    model: Any
    """the neuron's own"""
    current: Array
    """pA, what the noise adds to the input"""


class CurrentNoise(AbstractConductanceModel, AbstractNoisyModel):
    r"""A cell with an Ornstein-Uhlenbeck current $\eta$ besides its input.

    $\mathrm{d}\eta = -\eta/\tau\,\mathrm{d}t + \sigma\sqrt{2/\tau}\,\mathrm{d}W$, so that $\eta$
    has the standard deviation $\sigma$ and the autocovariance $\sigma^2 e^{-|t|/\tau}$; it
    starts from 0. Integrate-and-fire neurons have `SpikingCurrentNoise`.
    Uhlenbeck & Ornstein 1930, doi:10.1103/PhysRev.36.823
    """

    model: AbstractConductanceModel = eqx.field(default_factory=HodgkinHuxley)
    standard_deviation: Parameter = parameter(100.0, "pA", at_least=0.0)
    time_constant: Parameter = parameter(5.0, "ms", above=0.0)

    def __check_init__(self):
        if not isinstance(self.model, AbstractConductanceModel):
            raise ValueError(
                f"CurrentNoise needs a conductance-based cell, and {type(self.model).__name__} is "
                "none: for integrate-and-fire neurons take SpikingCurrentNoise."
            )

    def initial_state(self, u: Any, /) -> CurrentNoiseState:
        return _at_rest(self.model, u)

    def vector_field(self, x: CurrentNoiseState, u: Any, /) -> CurrentNoiseState:
        own = self.model.vector_field(x.model, with_more_current(u, x.current))
        return CurrentNoiseState(own, -x.current / self.time_constant)

    def output(self, x: CurrentNoiseState, u: Any, /) -> Array:
        return self.model.output(x.model, with_more_current(u, x.current))

    def voltage(self, x: CurrentNoiseState, /) -> Any:
        return self.model.voltage(x.model)

    def concentrations(self, x: CurrentNoiseState, /) -> Any:
        return self.model.concentrations(x.model)

    def normals(self, x: CurrentNoiseState, /) -> CurrentNoiseState:
        return CurrentNoiseState(_own_normals(self.model, x.model), x.current)

    def diffusion(self, x: CurrentNoiseState, u: Any, normals: Any, /) -> CurrentNoiseState:
        own = _own_diffusion(self.model, x.model, with_more_current(u, x.current), normals.model)
        return CurrentNoiseState(own, _amplitude(self) * normals.current)


class SpikingCurrentNoise(AbstractSpikingModel, AbstractNoisyModel):
    r"""An integrate-and-fire neuron with an Ornstein-Uhlenbeck current $\eta$ besides its input.

    $\mathrm{d}\eta = -\eta/\tau\,\mathrm{d}t + \sigma\sqrt{2/\tau}\,\mathrm{d}W$, as in
    `CurrentNoise`; a spike leaves the current alone.
    Brunel & Sergi 1998, doi:10.1006/jtbi.1998.0782
    """

    model: AbstractSpikingModel = eqx.field(default_factory=LIF)
    standard_deviation: Parameter = parameter(100.0, "pA", at_least=0.0)
    time_constant: Parameter = parameter(5.0, "ms", above=0.0)

    def __check_init__(self):
        model = self.model
        if not isinstance(model, AbstractSpikingModel) or isinstance(model, AbstractEscapeModel):
            raise ValueError(
                f"SpikingCurrentNoise needs a neuron with a sharp threshold, and "
                f"{type(model).__name__} is none: conductance-based cells have CurrentNoise, "
                "EscapeNoise goes around this."
            )

    def initial_state(self, u: Any, /) -> CurrentNoiseState:
        return _at_rest(self.model, u)

    def vector_field(self, x: CurrentNoiseState, u: Any, /) -> CurrentNoiseState:
        own = self.model.vector_field(x.model, with_more_current(u, x.current))
        return CurrentNoiseState(own, -x.current / self.time_constant)

    def output(self, x: CurrentNoiseState, u: Any, /) -> Array:
        return self.model.output(x.model, with_more_current(u, x.current))

    def event(self, x: CurrentNoiseState, u: Any, /) -> Array:
        return self.model.event(x.model, with_more_current(u, x.current))

    def overshoot(self, x: CurrentNoiseState, u: Any, /) -> Array:
        return self.model.overshoot(x.model, with_more_current(u, x.current))

    def jump(self, x: CurrentNoiseState, u: Any, /) -> CurrentNoiseState:
        own = self.model.jump(x.model, with_more_current(u, x.current))
        return CurrentNoiseState(own, x.current)

    def refractory(self, x: CurrentNoiseState, /) -> Array:
        return self.model.refractory(x.model)

    def normals(self, x: CurrentNoiseState, /) -> CurrentNoiseState:
        return CurrentNoiseState(_own_normals(self.model, x.model), x.current)

    def diffusion(self, x: CurrentNoiseState, u: Any, normals: Any, /) -> CurrentNoiseState:
        own = _own_diffusion(self.model, x.model, with_more_current(u, x.current), normals.model)
        return CurrentNoiseState(own, _amplitude(self) * normals.current)


def _at_rest(model: AbstractModel, u: Any) -> CurrentNoiseState:
    return CurrentNoiseState(model.initial_state(u), jnp.zeros((), jnp.result_type(float)))


def _amplitude(noise: CurrentNoise | SpikingCurrentNoise) -> Array:
    return noise.standard_deviation * jnp.sqrt(2.0 / noise.time_constant)


def _own_normals(model: AbstractModel, x: Any) -> Any:
    """What the neuron itself asks for, if it has noise of its own."""
    if has_noise(model):
        return model.normals(x)
    return ()


def _own_diffusion(model: AbstractModel, x: Any, u: Any, normals: Any) -> Any:
    if has_noise(model):
        return model.diffusion(x, u, normals)
    return jax.tree.map(lambda _: 0.0, x)
