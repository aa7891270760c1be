"""Volume transmission: a slow concentration for all."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Parameter, check_ranges, parameter
from .._numerics import hill


class Modulation(eqx.Module):
    r"""A parameter of a population is multiplied by $1 + (m - 1)\,c^h/(c^h + c_{1/2}^h)$.

    $m$ is `factor`, what it comes to when saturated, $c_{1/2}$ `half_concentration` and $h$
    `hill_coefficient`: the dose curve of Hill 1910, J Physiol 40:iv-vii.
    """

    population: str = eqx.field(static=True)
    path: str = eqx.field(static=True)
    """a dotted path in the population's model, such as channels.m.g_max"""
    factor: Parameter = parameter(0.5, "1", at_least=0.0)
    half_concentration: Parameter = parameter(1e-3, "mM", above=0.0)
    hill_coefficient: Parameter = parameter(1.0, "1", above=0.0)

    def __check_init__(self):
        check_ranges(self)

    def scale(self, concentration: Array) -> Array:
        """What the parameter is multiplied by at a concentration (mM)."""
        share = hill(concentration / self.half_concentration, self.hill_coefficient)
        return 1.0 + (self.factor - 1.0) * share


class Release(eqx.Module):
    """What one spike of one cell adds to a concentration."""

    amount: Parameter = parameter(1e-3, "mM", at_least=0.0)

    def __check_init__(self):
        check_ranges(self)


def _releases(given: Any) -> Any:
    """The amounts as parameters, where they are given as numbers."""
    if not isinstance(given, Mapping):
        return given
    return {
        name: one if isinstance(one, Release) else Release(one)
        for name, one in sorted(given.items())
    }


class Modulator(eqx.Module):
    r"""A concentration that spikes raise and uptake clears: $\dot c = -(c - c_0)/\tau$.

    Each spike of a cell of `releases[population]` adds so much (mM). The concentration is one
    for the whole network. It scales the parameters that `modulations` name, and cells with
    channels that read a signal see it under `signal`, as `synapses.MuscarinicMType` reads
    `acetylcholine`. Volume transmission: Agnati et al. 1995, doi:10.1016/0306-4522(95)00308-6
    """

    releases: dict[str, Release] = eqx.field(converter=_releases)
    """population to mM a spike"""
    modulations: tuple[Modulation, ...] = ()
    time_constant: Parameter = parameter(500.0, "ms", above=0.0)
    baseline: Parameter = parameter(0.0, "mM", at_least=0.0)
    signal: str | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        check_ranges(self)
        if not isinstance(self.releases, dict):
            raise ValueError(
                f"releases={self.releases!r} of a Modulator must be a dictionary from population "
                "to mM a spike, such as {'dopaminergic': 1e-3}."
            )
        if not isinstance(self.modulations, tuple):
            raise ValueError("modulations of a Modulator must be a tuple of networks.Modulation.")
        for one in self.modulations:
            if not isinstance(one, Modulation):
                raise ValueError(
                    f"modulations holds {one!r}: give networks.Modulation(population, path)."
                )

    def step(self, concentration: Array, spikes: Mapping[str, Any], dt: float) -> Array:
        """The concentration (mM) after a step; `spikes` are what each population has fired."""
        away = (concentration - self.baseline) * jnp.exp(-dt / self.time_constant)
        for name, release in self.releases.items():
            fired, fraction = spikes[name]
            left = jnp.exp(-(1.0 - fraction) * dt / self.time_constant)
            away = away + release.amount * jnp.sum(fired * left)
        return self.baseline + away
