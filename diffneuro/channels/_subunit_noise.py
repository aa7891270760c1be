"""Noise on gates, which is wrong, for comparison."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
from jax import Array

from .._model import AbstractChannel, AbstractNoisyModel, Membrane, Parameter, parameter
from .._numerics import root_above_zero
from ._gated import AbstractGatedChannel, Rates
from ._squid import SquidSodium


class SubunitNoise(AbstractChannel, AbstractNoisyModel):
    r"""Noise on each gate, often used, wrong: $\sqrt{(\alpha (1 - x) + \beta x)/N}\,\mathrm{d}W$.

    It treats the gates of all channels as one pool of N particles that are shared, whereas each
    channel has its own. Under clamp the variance of the open fraction is then not p(1 - p)/N;
    where p is small it is many times too small. Use it only to see that; `ChannelNoise` is right.
    Fox 1997, doi:10.1016/S0006-3495(97)78850-7; the error: Goldwyn & Shea-Brown 2011,
    doi:10.1371/journal.pcbi.1002247
    """

    channel: AbstractGatedChannel = eqx.field(default_factory=SquidSodium)
    count: Parameter = parameter(6000.0, "1", above=0.0)

    def carried(self) -> Mapping[str, Any]:
        return self.channel.carried()

    def initial_state(self, u: Membrane, /) -> Any:
        return self.channel.initial_state(u)

    def vector_field(self, x: Any, u: Membrane, /) -> Any:
        return self.channel.vector_field(x, u)

    def output(self, x: Any, u: Membrane, /) -> Array:
        return self.channel.output(x, u)

    def open_fraction(self, x: Any, u: Membrane, /) -> Array:
        """The fraction of channels that conduct."""
        return self.channel.open_fraction(x, u)

    def diffusion(self, x: Any, u: Membrane, normals: Any, /) -> Any:
        def noise(rates: Rates, gate: Array, normal: Array) -> Array:
            traffic = rates.opening * (1.0 - gate) + rates.closing * gate
            return root_above_zero(traffic / self.count) * normal

        gates = self.channel.gates(u)
        return jax.tree.map(noise, gates, x, normals, is_leaf=lambda node: isinstance(node, Rates))
