"""The generalised linear model of a spike train."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import AbstractEscapeModel, Parameter, check_ranges, parameter
from ._escape import exponential_hazard
from ._spike_triggered import stacked
from ._synaptic_input import plain_current


class StimulusFilter(eqx.Module):
    r"""An exponential of the stimulus filter: $w\,s$ with $\tau \dot s = I - s$."""

    weight: Parameter = parameter(0.01, "1/pA")
    time_constant: Parameter = parameter(10.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)


class HistoryFilter(eqx.Module):
    r"""An exponential of the spike history: $h$ gains `jump` at a spike; $\tau \dot h = -h$."""

    jump: Parameter = parameter(-5.0, "1")
    time_constant: Parameter = parameter(10.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)


class GLMState(NamedTuple):
    """The state of a `GLM`."""

    stimulus: Array
    """(stimulus,) the filtered current in the order of the filters' names, pA"""
    history: Array
    """(history,) what past spikes add to the predictor"""
    refractory: Array
    """what is left of the refractory period, ms"""
    waiting: Array
    """the hazard left until the next spike"""


def _two_stimulus_filters() -> dict[str, StimulusFilter]:
    return {"fast": StimulusFilter(0.01, 5.0), "slow": StimulusFilter(-0.004, 20.0)}


def _two_history_filters() -> dict[str, HistoryFilter]:
    return {"fast": HistoryFilter(-5.0, 5.0), "slow": HistoryFilter(-1.0, 50.0)}


class GLM(AbstractEscapeModel):
    r"""Spikes at $\lambda_0 \exp(\sum_j w_j s_j + \sum_k h_k)$, a black box with memory.

    $\tau_j \dot s_j = I - s_j$ are filters of the current, $h_k$ those of the neuron's own
    spikes: each gains $q_k$ at a spike and decays with $\tau_k$. The output is the linear
    predictor, the logarithm of the hazard over $\lambda_0$; there is no voltage. With fixed
    time constants the log-likelihood is concave in all else. After a spike the hazard is 0 for
    the refractory time.

    The paper's filters are sums of raised cosines in the logarithm of time, which no finite
    number of differential equations makes; a bank of exponentials whose time constants are
    evenly spaced in the logarithm spans the same kind of filter, fine early and coarse late.
    The defaults are generic. Pillow et al. 2008, doi:10.1038/nature07140
    """

    escape_rate: Parameter = parameter(0.01, "1/ms", above=0.0)
    refractory_time: Parameter = parameter(2.0, "ms", at_least=0.0)
    stimulus_filters: dict[str, StimulusFilter] = eqx.field(default_factory=_two_stimulus_filters)
    history_filters: dict[str, HistoryFilter] = eqx.field(default_factory=_two_history_filters)

    def initial_state(self, u: Any, /) -> GLMState:
        current = jnp.asarray(plain_current(u), self.escape_rate.dtype)
        return GLMState(
            jnp.broadcast_to(current, (len(self.stimulus_filters),)),
            jnp.zeros(len(self.history_filters), current.dtype),
            jnp.zeros_like(current),
            jnp.ones_like(current),
        )

    def vector_field(self, x: GLMState, u: Any, /) -> GLMState:
        away = plain_current(u) - x.stimulus
        return GLMState(
            away / stacked(self.stimulus_filters, "time_constant"),
            -x.history / stacked(self.history_filters, "time_constant"),
            jnp.zeros_like(x.refractory),
            -self.hazard(x, u),
        )

    def output(self, x: GLMState, u: Any, /) -> Array:
        return jnp.sum(stacked(self.stimulus_filters, "weight") * x.stimulus) + jnp.sum(x.history)

    def hazard(self, x: GLMState, u: Any, /) -> Array:
        intensity = self.escape_rate * exponential_hazard(self.output(x, u))
        return jnp.where(x.refractory <= 0, intensity, 0.0)

    def event(self, x: GLMState, u: Any, /) -> Array:
        return -x.waiting

    def overshoot(self, x: GLMState, u: Any, /) -> Array:
        return self.output(x, u)

    def jump(self, x: GLMState, u: Any, /) -> GLMState:
        return GLMState(
            x.stimulus,
            x.history + stacked(self.history_filters, "jump"),
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
            jnp.ones_like(x.waiting),
        )

    def refractory(self, x: GLMState, /) -> Array:
        return x.refractory

    def waiting(self, x: GLMState, /) -> Array:
        return x.waiting
