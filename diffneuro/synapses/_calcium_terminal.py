"""Calcium enters a terminal, and its vesicles fuse."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import (
    AbstractChannel,
    AbstractClampedModel,
    Membrane,
    Occupancy,
    Parameter,
    parameter,
)
from ..channels import BoltzmannGate, GatedChannel
from ..ions import flux
from ._terminal import AbstractGradedTerminal


class CalciumTerminalState(NamedTuple):
    """The state of a `CalciumTerminal`."""

    channel: Any
    """the state of the calcium channel"""
    calcium: Array
    """mM, near the vesicles"""
    vesicles: Occupancy
    """the shares of the release sites that are ready, triggered and empty"""
    transmitter: Array
    """mM, in the cleft"""


def _calyx_channel() -> GatedChannel:
    """That of the calyx of Held: alpha = 1.78 exp(v/23.3), beta = 0.14 exp(-v/15) per ms."""
    gate = BoltzmannGate(
        half_voltage=-23.2, slope=9.125, time_constant=0.76, shortest=0.0, asymmetry=0.3916, power=2
    )
    return GatedChannel(kinetics={"m": gate}, g_max=2.5, reversal_potential=43.9, ion="ca")


class CalciumTerminal(AbstractGradedTerminal, AbstractClampedModel):
    r"""Release by calcium from a pool of vesicles that is used up.

    The current j of `channel` carries calcium into a domain of `depth` d,
    $\dot c = [-j/(2Fd)]_+ - (c - c_0)/\tau_c$. Four ions bind to a vesicle that is ready (R)
    and trigger it (A), it fuses, and its site is empty (E) until it is filled again:

    $R \rightleftharpoons A$ at the rates $k_u (c/K)^4$ and $k_u$, $A \to E$ at $k_f$, $E \to R$
    at $1/\tau_r$, and $\dot T = N k_f A - k_h T$, with $R + A + E = 1$.

    $K$ is `affinity`, $k_u$ `unbinding_rate`, $k_f$ `fusion_rate`, $\tau_r$ `recovery_time`,
    $k_h$ `clearance_rate`, and $N$, `content`, the concentration if all sites released at once
    and nothing were cleared.

    The scheme, $k_u$ and $k_f$ are those of Destexhe, Mainen & Sejnowski 1994,
    doi:10.1007/BF00961734. Theirs has vesicles in excess, which a calcium-binding protein finds
    so fast (100 per ms) that here it sits on the vesicle; here the vesicles run out, and a pump
    that saturates is left out. The channel is by default the m2 model of the calyx of Held
    (Borst & Sakmann 1998, doi:10.1111/j.1469-7793.1998.143bx.x), and its reversal potential is
    a constant. The other constants are chosen so that an action potential of the squid axon
    releases a transient of 1 mM and 1 ms, half of the pool.
    """

    channel: AbstractChannel = eqx.field(default_factory=_calyx_channel)
    depth: Parameter = parameter(0.1, "um", above=0.0)
    calcium_time_constant: Parameter = parameter(0.3, "ms", above=0.0)
    resting_calcium: Parameter = parameter(5e-5, "mM", at_least=0.0)
    affinity: Parameter = parameter(0.01, "mM", above=0.0)
    unbinding_rate: Parameter = parameter(0.1, "1/ms", above=0.0)
    fusion_rate: Parameter = parameter(4.0, "1/ms", above=0.0)
    recovery_time: Parameter = parameter(500.0, "ms", above=0.0)
    content: Parameter = parameter(6.0, "mM", at_least=0.0)
    clearance_rate: Parameter = parameter(2.0, "1/ms", above=0.0)

    def __check_init__(self):
        if not isinstance(self.channel, AbstractChannel):
            raise ValueError(
                f"channel={self.channel!r} of a CalciumTerminal is no channel: give one that "
                "carries calcium, such as channels.PospischilLTypeCalcium()."
            )
        if "ca" not in self.channel.carried():
            raise ValueError(
                f"the channel of a CalciumTerminal is a {type(self.channel).__name__}, which "
                "carries no calcium: give one that does, such as "
                "channels.PospischilLTypeCalcium()."
            )

    def initial_state(self, u: Array, /) -> CalciumTerminalState:
        channel = self.channel.initial_state(Membrane(u))
        calcium = self.resting_calcium + self.calcium_time_constant * self._entry(channel, u)
        binding = self._binding_rate(calcium)
        # As many sites fuse as are filled, and as many are triggered as fuse or let go.
        ready = self.unbinding_rate + self.fusion_rate
        empty = self.recovery_time * self.fusion_rate * binding
        shares = jnp.stack([ready + 0.0 * binding, binding, empty])
        vesicles = Occupancy(shares / jnp.sum(shares))
        transmitter = self._released(vesicles) / self.clearance_rate
        return CalciumTerminalState(channel, calcium, vesicles, transmitter)

    def vector_field(self, x: CalciumTerminalState, u: Array, /) -> CalciumTerminalState:
        cleared = (x.calcium - self.resting_calcium) / self.calcium_time_constant
        ready, triggered, empty = x.vesicles.fractions
        trigger = self._binding_rate(x.calcium) * ready - self.unbinding_rate * triggered
        fuse = self.fusion_rate * triggered
        refill = empty / self.recovery_time
        return CalciumTerminalState(
            self.channel.vector_field(x.channel, Membrane(u)),
            self._entry(x.channel, u) - cleared,
            Occupancy(jnp.stack([refill - trigger, trigger - fuse, fuse - refill])),
            self._released(x.vesicles) - self.clearance_rate * x.transmitter,
        )

    def output(self, x: CalciumTerminalState, u: Array, /) -> Array:
        return x.transmitter

    def _entry(self, channel: Any, v: Array) -> Array:
        """How fast calcium comes in (mM/ms); what goes out comes from elsewhere."""
        current = self.channel.carried()["ca"] * self.channel.output(channel, Membrane(v))
        return jnp.maximum(flux(current, valence=2, depth=self.depth), 0.0)

    def _binding_rate(self, calcium: Array) -> Array:
        return self.unbinding_rate * (calcium / self.affinity) ** 4

    def _released(self, vesicles: Occupancy) -> Array:
        return self.content * self.fusion_rate * vesicles.fractions[1]
