"""What a postsynaptic receptor is, in its two kinds."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractChannel, Membrane


class AbstractReceptor(AbstractChannel):
    r"""Channels that a presynaptic neuron opens: $g\,b(v)\,(v - E)$ for an open conductance g.

    What is open depends on the presynaptic side alone, what flows also on the membrane: that
    is why the receptors of all synapses of one axon share a state, and why the conductances
    of all synapses on one neuron add up. `ion` is whose concentrations, where the cell keeps
    them, decide the reversal potential instead of the constant.
    """

    ion: ClassVar[str | None]
    reversal_potential: eqx.AbstractVar[Any]
    """mV"""

    @abc.abstractmethod
    def open_fraction(self, x: Any, /) -> Array:
        """What is open in the state `x`: a share of the channels, or what arrivals have opened."""

    def block(self, u: Membrane, /) -> Any:
        """The share of the open channels that conduct at this membrane."""
        return 1.0

    def current(self, conductance: Any, u: Membrane, /) -> Any:
        """What flows outward through an open conductance: pA for nS, uA/cm2 for mS/cm2."""
        driving_force = u.voltage - u.reversal_potential(self.ion, self.reversal_potential)
        return conductance * self.block(u) * driving_force

    @property
    def blocks(self) -> bool:
        """Whether `block` depends on the membrane."""
        return False

    def linear(self, conductance: Any, u: Membrane, /) -> tuple[Any, Any]:
        """With the block held: the inward current at 0 mV (pA), and how it falls per mV (nS)."""
        flowing = conductance * self.block(u)
        return flowing * u.reversal_potential(self.ion, self.reversal_potential), flowing

    @property
    def conducts(self) -> bool:
        """Whether what opens is a conductance (nS), and not a current (pA)."""
        return True

    def carried(self) -> Mapping[str, Any]:
        return {} if self.ion is None else {self.ion: 1.0}


class AbstractTransmitterReceptor(AbstractReceptor):
    """A receptor that a transmitter in the cleft opens; saturates, desensitises, cascades.

    Its kinetics read the membrane's signal named `transmitter` (mM) and nothing else of it. In
    a `Cell` it is a channel of density `g_max`; in a network it is one per presynaptic neuron,
    and a weight (nS) is the conductance of one synapse with all channels open.
    """

    g_max: eqx.AbstractVar[Any]
    """mS/cm2"""
    transmitter: eqx.AbstractVar[str]

    def output(self, x: Any, u: Membrane, /) -> Array:
        return self.current(self.g_max * self.open_fraction(x), u)


class AbstractImpulseReceptor(AbstractReceptor):
    """A receptor that each arriving spike opens by the same course: a linear filter.

    One state per postsynaptic neuron therefore holds whatever has arrived. Between arrivals the
    state flows by itself, in closed form, so that an arrival inside a step is exact and has a
    derivative by its time. Weights are the peak of what one arrival opens (nS, or pA for a
    current-based synapse); simulated by itself it is under voltage clamp and its output is in
    pA, outward positive.
    """

    @abc.abstractmethod
    def kick(self) -> Any:
        """What one arrival of weight 1 adds to the state."""

    @abc.abstractmethod
    def flow(self, x: Any, t: Any, /) -> Any:
        """The state `t` ms later if nothing arrives; right at t = 0 in value and derivative."""

    @abc.abstractmethod
    def mean(self, x: Any, t: Any, /) -> Array:
        """The mean of `open_fraction` over the next `t` ms; right at t = 0, where it is now's."""

    def initial_state(self, u: Membrane, /) -> Any:
        return jax.tree.map(jnp.zeros_like, self.kick())

    def output(self, x: Any, u: Membrane, /) -> Array:
        return self.current(self.open_fraction(x), u)
