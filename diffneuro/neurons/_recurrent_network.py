"""A small recurrent network as a black box for spikes."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractEscapeModel, Parameter, check_ranges, parameter
from ._escape import exponential_hazard
from ._spike_triggered import stacked
from ._synaptic_input import plain_current


class Weight(eqx.Module):
    """The strength of one connection."""

    weight: Parameter = parameter(0.0, "1")


class HiddenUnit(eqx.Module):
    """One hidden unit: what it listens to, how fast it is, what it says."""

    input_weight: Parameter = parameter(1.0, "1")
    spike_weight: Parameter = parameter(-1.0, "1")
    bias: Parameter = parameter(0.0, "1")
    readout: Parameter = parameter(1.0, "1")
    time_constant: Parameter = parameter(10.0, "ms", above=0.0)
    inputs: dict[str, Weight] = eqx.field(default_factory=dict)
    """from other units, by their names; those that are not named do not reach it"""

    def __check_init__(self):
        check_ranges(self)


class RecurrentNetworkState(NamedTuple):
    """The state of a `RecurrentNetwork`."""

    hidden: Array
    """(units,) sorted by the units' names"""
    trace: Array
    """what the network's own spikes left behind"""
    refractory: Array
    """what is left of the refractory period, ms"""
    waiting: Array
    """the hazard left until the next spike"""


def _two_units() -> dict[str, HiddenUnit]:
    return {
        "fast": HiddenUnit(1.0, -1.0, 0.0, 6.0, 5.0, {"slow": Weight(-1.0)}),
        "slow": HiddenUnit(0.5, 1.0, -0.5, -1.0, 50.0, {"fast": Weight(0.5)}),
    }


class RecurrentNetwork(AbstractEscapeModel):
    r"""P(spike | stimulus) by hidden units: $\lambda = \lambda_0 \exp(b + \sum_i c_i h_i)$.

    $\tau_i \dot h_i = \tanh(a_i I/I_0 + s_i r + \sum_j W_{ij} h_j + b_i) - h_i$, where the
    trace r of the neuron's own spikes gains 1 at each and decays with $\tau_r$. The output is
    the logarithm of the hazard over $\lambda_0$; there is no voltage, and no parameter is a
    property of a membrane. After a spike the hazard is 0 for the refractory time. `random`
    makes one of any size; all weights are free parameters like any other. A continuous-time
    recurrent network, Funahashi & Nakamura 1993, doi:10.1016/S0893-6080(05)80125-X
    """

    escape_rate: Parameter = parameter(0.01, "1/ms", above=0.0)
    bias: Parameter = parameter(0.0, "1")
    current_scale: Parameter = parameter(1000.0, "pA", above=0.0)
    trace_time_constant: Parameter = parameter(20.0, "ms", above=0.0)
    refractory_time: Parameter = parameter(2.0, "ms", at_least=0.0)
    units: dict[str, HiddenUnit] = eqx.field(default_factory=_two_units)

    def __check_init__(self):
        if not self.units:
            raise ValueError("units of a RecurrentNetwork is empty: give it at least one.")
        for name, unit in self.units.items():
            for source in unit.inputs:
                if source not in self.units:
                    raise ValueError(
                        f"unit {name!r} has an input from {source!r}, which is no unit: the units "
                        f"are {', '.join(self.units)}."
                    )

    @classmethod
    def random(cls, count: int, key: Array) -> "RecurrentNetwork":
        """One of `count` units, each connected to all, with random weights to start a fit from.

        Time constants are spaced evenly in the logarithm, from 2 to 200 ms.
        """
        names = [f"u{i:03}" for i in range(count)]
        draws = jax.random.normal(key, (count, count + 3))
        taus = jnp.geomspace(2.0, 200.0, count)
        units = {}
        for i, name in enumerate(names):
            to, spike, readout, *row = draws[i]
            inputs = {
                source: Weight(weight / count**0.5)
                for source, weight in zip(names, row, strict=True)
                if source != name
            }
            units[name] = HiddenUnit(to, spike, 0.0, readout / count**0.5, taus[i], inputs)
        return cls(units=units)

    def initial_state(self, u: Any, /) -> RecurrentNetworkState:
        zero = jnp.zeros_like(self.escape_rate)
        hidden = jnp.zeros(len(self.units), zero.dtype)
        # Relaxed without connections, then by the whole network: at rest where these are weak.
        for _ in range(20):
            hidden = self._aim(hidden, zero, u)
        return RecurrentNetworkState(hidden, zero, zero, jnp.ones_like(zero))

    def vector_field(self, x: RecurrentNetworkState, u: Any, /) -> RecurrentNetworkState:
        away = self._aim(x.hidden, x.trace, u) - x.hidden
        return RecurrentNetworkState(
            away / stacked(self.units, "time_constant"),
            -x.trace / self.trace_time_constant,
            jnp.zeros_like(x.refractory),
            -self.hazard(x, u),
        )

    def output(self, x: RecurrentNetworkState, u: Any, /) -> Array:
        return self.bias + jnp.sum(stacked(self.units, "readout") * x.hidden)

    def hazard(self, x: RecurrentNetworkState, u: Any, /) -> Array:
        intensity = self.escape_rate * exponential_hazard(self.output(x, u))
        return jnp.where(x.refractory <= 0, intensity, 0.0)

    def event(self, x: RecurrentNetworkState, u: Any, /) -> Array:
        return -x.waiting

    def overshoot(self, x: RecurrentNetworkState, u: Any, /) -> Array:
        return self.output(x, u)

    def jump(self, x: RecurrentNetworkState, u: Any, /) -> RecurrentNetworkState:
        return RecurrentNetworkState(
            x.hidden,
            x.trace + 1.0,
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
            jnp.ones_like(x.waiting),
        )

    def refractory(self, x: RecurrentNetworkState, /) -> Array:
        return x.refractory

    def waiting(self, x: RecurrentNetworkState, /) -> Array:
        return x.waiting

    def _aim(self, hidden, trace, u):
        """Where the hidden units are drawn to."""
        units = self.units
        drive = stacked(units, "input_weight") * plain_current(u) / self.current_scale
        total = drive + stacked(units, "spike_weight") * trace + stacked(units, "bias")
        # Sums of products, as a product of matrices is a call that keeps the loop from folding.
        return jnp.tanh(total + jnp.sum(self._weights() * hidden[None, :], axis=1))

    def _weights(self):
        """(units, units), from the second to the first, in the order of `stacked`."""
        zero, names = jnp.zeros_like(self.bias), sorted(self.units)
        rows = [
            [inputs[source].weight if source in inputs else zero for source in names]
            for inputs in (self.units[name].inputs for name in names)
        ]
        return jnp.stack([jnp.stack(row) for row in rows])
