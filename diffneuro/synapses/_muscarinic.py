"""A channel that acetylcholine closes by a messenger."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
from jax import Array

from .._model import AbstractChannel, AbstractNoisyModel, Membrane, Parameter, parameter
from ..channels import PospischilMTypePotassium


class MuscarinicState(NamedTuple):
    """The state of a channel, and of the cascade that closes it."""

    channel: Any
    bound: Array
    """the share of the receptors"""
    messenger: Array
    """relative to what it settles at with all receptors bound"""


class MuscarinicSuppression(AbstractChannel):
    r"""A channel that muscarinic receptors close: $j = \frac{1}{1 + s/K}\, j_c(v)$.

    $\dot r = k_+ [A] (1 - r) - k_- r$ and $\dot s = (r - s)/\tau$, with A the transmitter and
    $j_c$ what the `channel` alone would carry: by default the M-current.

    The paper follows each step from the receptor over the G protein to the lipid that the
    channels need; here one messenger s stands for all of them. Its numbers are chosen: half the
    receptors are bound at 0.001 mM and let go within 100 ms, the messenger stays for 10 s, and
    at its most a tenth of the current is left (K = 1/9).
    Suh et al. 2004, doi:10.1085/jgp.200409029
    """

    channel: AbstractChannel = eqx.field(default_factory=PospischilMTypePotassium)
    binding_rate: Parameter = parameter(10.0, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.01, "1/ms", above=0.0)
    messenger_time_constant: Parameter = parameter(10000.0, "ms", above=0.0)
    half_messenger: Parameter = parameter(1.0 / 9.0, "1", above=0.0)
    transmitter: str = eqx.field(default="acetylcholine", static=True)

    def __check_init__(self):
        if not isinstance(self.channel, AbstractChannel):
            raise ValueError(
                f"channel={self.channel!r} of a MuscarinicSuppression is no channel: give the "
                "one that closes, such as channels.PospischilMTypePotassium()."
            )
        if isinstance(self.channel, AbstractNoisyModel):
            raise ValueError(
                f"channel of a MuscarinicSuppression is a {type(self.channel).__name__}, whose "
                "noise would be lost: give the channel without noise."
            )

    def carried(self) -> Mapping[str, Any]:
        return self.channel.carried()

    def available(self, x: MuscarinicState, /) -> Array:
        """The share of the channels that may open."""
        return self.half_messenger / (self.half_messenger + x.messenger)

    def initial_state(self, u: Membrane, /) -> MuscarinicState:
        binding = self.binding_rate * u.signal(self.transmitter)
        bound = binding / (binding + self.unbinding_rate)
        return MuscarinicState(self.channel.initial_state(u), bound, bound)

    def vector_field(self, x: MuscarinicState, u: Membrane, /) -> MuscarinicState:
        binding = self.binding_rate * u.signal(self.transmitter)
        return MuscarinicState(
            self.channel.vector_field(x.channel, u),
            binding * (1.0 - x.bound) - self.unbinding_rate * x.bound,
            (x.bound - x.messenger) / self.messenger_time_constant,
        )

    def output(self, x: MuscarinicState, u: Membrane, /) -> Array:
        return self.available(x) * self.channel.output(x.channel, u)
