"""Weights that change with the timing of pairs of spikes."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Parameter, check_ranges, parameter


class Traces(NamedTuple):
    """What a synapse remembers of past spikes, each counted as 1 and forgotten."""

    pre: Array
    post: Array


class AbstractBounds(eqx.Module):
    """How a weight changes on its way to 0 and to its maximum."""

    @abc.abstractmethod
    def raised(self, weight: Array, share: Array, w_max: Array, /) -> Array:
        """The weight after a potentiation by a `share` of what it may be."""

    @abc.abstractmethod
    def lowered(self, weight: Array, share: Array, w_max: Array, /) -> Array:
        """The weight after a depression by a `share` of what it may be."""


class HardBounds(AbstractBounds):
    r"""Steps of one size, $w \pm s\,w_{max}$, cut off at 0 and $w_{max}$.

    At a bound the derivative by what was before is lost. Song, Miller & Abbott 2000,
    doi:10.1038/78829
    """

    def raised(self, weight: Array, share: Array, w_max: Array, /) -> Array:
        return jnp.minimum(weight + share * w_max, w_max)

    def lowered(self, weight: Array, share: Array, w_max: Array, /) -> Array:
        return jnp.maximum(weight - share * w_max, 0.0)


class SoftBounds(AbstractBounds):
    r"""Steps that shrink with what is left: $w + s\,(w_{max} - w)$ and $w - s\,w$.

    Gutig et al. 2003 with $\mu = 1$, doi:10.1523/JNEUROSCI.23-09-03697.2003
    """

    def raised(self, weight: Array, share: Array, w_max: Array, /) -> Array:
        return weight + share * (w_max - weight)

    def lowered(self, weight: Array, share: Array, w_max: Array, /) -> Array:
        return weight - share * weight


class STDP(eqx.Module):
    r"""Pairs of spikes: pre before post by t raises $w$ by $A_+ e^{-t/\tau_+}$, else lowers it.

    A pair with post before pre by t lowers it by $A_- e^{-t/\tau_-}$; both are shares of
    $w_{max}$, applied by `bounds`. Every pair counts: each spike leaves a trace that decays,
    $\dot x = -x/\tau_+$ of the presynaptic and $\dot y = -y/\tau_-$ of the postsynaptic ones, a
    presynaptic spike takes $A_- y$ and a postsynaptic one gives $A_+ x$. Of two spikes at one
    time the one applied first is the earlier. For one synapse; every function is elementwise.

    The window is that of Bi & Poo 1998, doi:10.1523/JNEUROSCI.18-24-10464.1998, the rule and
    its constants those of Song, Miller & Abbott 2000, doi:10.1038/78829, whose weights are
    conductances relative to the largest.
    """

    a_plus: Parameter = parameter(0.005, "1", at_least=0.0)
    a_minus: Parameter = parameter(0.00525, "1", at_least=0.0)
    tau_plus: Parameter = parameter(20.0, "ms", above=0.0)
    tau_minus: Parameter = parameter(20.0, "ms", above=0.0)
    w_max: Parameter = parameter(1.0, "nS", above=0.0)
    bounds: AbstractBounds = eqx.field(default_factory=HardBounds)

    def __check_init__(self):
        check_ranges(self)
        if not isinstance(self.bounds, AbstractBounds):
            raise ValueError(
                f"bounds={self.bounds!r} of STDP are none: give synapses.HardBounds() or "
                "synapses.SoftBounds()."
            )

    def initial_state(self) -> Traces:
        """The traces after a long silence."""
        return Traces(jnp.zeros_like(self.tau_plus), jnp.zeros_like(self.tau_minus))

    def flow(self, traces: Traces, t: Any, /) -> Traces:
        """The traces `t` ms later if no spike comes."""
        return Traces(
            traces.pre * jnp.exp(-t / self.tau_plus), traces.post * jnp.exp(-t / self.tau_minus)
        )

    def pre_spike(self, traces: Traces, weight: Array, /) -> tuple[Traces, Array]:
        """The traces and the weight (nS) after a presynaptic spike."""
        lowered = self.bounds.lowered(weight, self.a_minus * traces.post, self.w_max)
        return traces._replace(pre=traces.pre + 1.0), lowered

    def post_spike(self, traces: Traces, weight: Array, /) -> tuple[Traces, Array]:
        """The traces and the weight (nS) after a postsynaptic spike."""
        raised = self.bounds.raised(weight, self.a_plus * traces.pre, self.w_max)
        return traces._replace(post=traces.post + 1.0), raised
