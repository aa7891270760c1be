"""The noise of a finite number of channels."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import (
    AbstractChannel,
    AbstractNoisyModel,
    Membrane,
    Occupancy,
    Parameter,
    parameter,
)
from .._numerics import root_above_zero
from ._gate_scheme import GateScheme
from ._kinetic_scheme import AbstractKineticScheme, pairs


class ChannelNoise(AbstractChannel, AbstractNoisyModel):
    r"""A kinetic scheme of N channels that open and close at random, in the diffusion limit.

    Every pair of states adds to the flux from i to j the noise
    $\sqrt{(k_{ij} x_i + k_{ji} x_j)/N}\;\mathrm{d}W_{ij}$, so what leaves one state arrives in
    another. Under clamp the open fraction has mean p and variance p(1 - p)/N. It holds where
    states hold many channels: with few of them shares go below 0, and the square root is taken
    to be 0 there. `count` is N, the density of channels times the area.
    Fox & Lu 1994, doi:10.1103/PhysRevE.49.3421, by one Wiener process for each pair:
    Orio & Soudry 2012, doi:10.1371/journal.pone.0036670
    """

    scheme: AbstractKineticScheme = eqx.field(default_factory=GateScheme)
    count: Parameter = parameter(6000.0, "1", above=0.0)

    def __check_init__(self):
        if not isinstance(self.scheme, AbstractKineticScheme):
            raise ValueError(
                f"ChannelNoise needs a kinetic scheme, not {type(self.scheme).__name__}: write "
                "its gates out as states, as GateScheme(SquidSodium(), {'m': 3, 'h': 1})."
            )

    def carried(self) -> Mapping[str, Any]:
        return self.scheme.carried()

    def initial_state(self, u: Membrane, /) -> Occupancy:
        return self.scheme.initial_state(u)

    def vector_field(self, x: Occupancy, u: Membrane, /) -> Occupancy:
        return self.scheme.vector_field(x, u)

    def output(self, x: Occupancy, u: Membrane, /) -> Array:
        return self.scheme.output(x, u)

    def open_fraction(self, x: Occupancy, /) -> Array:
        """The conductance relative to that of all channels open."""
        return self.scheme.open_fraction(x)

    def normals(self, x: Occupancy, /) -> Array:
        return jnp.zeros(len(pairs(self.scheme)), x.fractions.dtype)

    def diffusion(self, x: Occupancy, u: Membrane, normals: Array, /) -> Occupancy:
        joined = pairs(self.scheme)
        ends = np.zeros((len(x.fractions), len(joined)))
        for number, (i, j) in enumerate(joined):
            ends[i, number], ends[j, number] = -1.0, 1.0
        moving = self.scheme.rate_matrix(u) * x.fractions[:, None]
        both = moving + moving.T
        traffic = jnp.stack([both[i, j] for i, j in joined])
        noise = root_above_zero(traffic / self.count) * normals
        return Occupancy(jnp.sum(ends * noise[None, :], axis=1))
