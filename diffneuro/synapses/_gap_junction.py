"""Electrical synapses: what a gap junction conducts."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import Parameter, check_ranges, is_concrete, parameter


class AbstractGapJunction(eqx.Module):
    """How much of its weight (nS) a junction conducts, at a voltage across it.

    The current that flows from the presynaptic neuron into the postsynaptic one is weight times
    `conductance` times the voltage across, and it leaves the one as it enters the other.
    Voltages across follow at once: no junction has a state.
    """

    def __check_init__(self):
        check_ranges(self)

    @abc.abstractmethod
    def conductance(self, across: Array, /) -> Array:
        """The share of the weight that conducts at `across`, pre minus post (mV)."""


class Ohmic(AbstractGapJunction):
    r"""A constant conductance, the same both ways: $I = w\,(v_{pre} - v_{post})$.

    Between interneurons of the neocortex: Galarreta & Hestrin 1999, doi:10.1038/47029
    """

    def conductance(self, across: Array, /) -> Array:
        return jnp.ones_like(across)


class Rectifying(AbstractGapJunction):
    r"""A junction that lets depolarisation through one way: $I = w\,\gamma(V)\,V$.

    With $V = v_{pre} - v_{post}$, $\gamma = r + (1 - r)/(1 + e^{-(V - V_0)/k})$.

    $r$ is `residual`, what is always open, $V_0$ `half_voltage` and $k$ `slope`. The defaults
    are those of the giant motor synapse of the crayfish, where Furshpan & Potter 1959,
    doi:10.1113/jphysiol.1959.sp006143, found such a junction, and Giaume, Kado & Korn 1987,
    J Physiol 386:91, this law, with $1/k$ = 0.15 per mV.
    """

    residual: Parameter = parameter(0.05, "1", at_least=0.0)
    half_voltage: Parameter = parameter(28.0, "mV")
    slope: Parameter = parameter(6.67, "mV", above=0.0)

    def __check_init__(self):
        if is_concrete(self.residual) and (np.asarray(self.residual) > 1.0).any():
            raise ValueError(
                f"Rectifying has residual={self.residual}, which is a share: make it at most 1."
            )

    def conductance(self, across: Array, /) -> Array:
        opened = jax.nn.sigmoid((across - self.half_voltage) / self.slope)
        return self.residual + (1.0 - self.residual) * opened
