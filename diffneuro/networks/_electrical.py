"""Gap junctions: voltages that relax towards each other."""

import itertools
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import AbstractConductanceModel, AbstractModel, parameters
from ._population import Population, Source
from ._projection import GapJunctions

# 1 uF/cm2 over 1 um2 is 0.01 pF.
_PF_PER_DENSITY = 0.01


def check_junctions(populations: Mapping[str, Any], junctions: Mapping[str, GapJunctions]) -> None:
    """Raise a `ValueError` for a population whose voltage a gap junction cannot move."""
    for name, made in junctions.items():
        for end in (made.source, made.target):
            population = populations[end]
            if isinstance(population, Source):
                raise ValueError(f"gap junction {name!r} names {end!r}, a Source without voltage.")
            if not _can_move(population.model):
                raise ValueError(
                    f"gap junction {name!r}: {type(population.model).__name__} has no "
                    "capacitance: couple cells such as neurons.Cell or neurons.LIF."
                )


def _can_move(model: AbstractModel) -> bool:
    return "capacitance" in parameters(model)


def coupled(junctions: Mapping[str, GapJunctions]) -> list[str]:
    """The populations that gap junctions couple, in order."""
    return sorted({end for made in junctions.values() for end in (made.source, made.target)})


def relaxed(
    populations: Mapping[str, Population],
    junctions: Mapping[str, GapJunctions],
    voltages: Mapping[str, Array],
    dt: float,
) -> dict[str, Array]:
    r"""The voltages (mV) after `dt` ms of nothing but gap junctions.

    $C_i \dot v_i = \sum_j g_{ij}(v_j - v_i)$ by the L-stable step of order 2
    $(1 - z + z^2/2)^{-1}$, with what rectifying junctions conduct held: charge is kept, and
    however strong they are, voltages settle at their mean.
    """
    names = coupled(junctions)
    together = jnp.concatenate([voltages[name] for name in names])
    capacitance = jnp.concatenate([_capacitance(populations[name]) for name in names])
    places = _places(populations, names)
    conductance = _conductances(populations, junctions, voltages, places, together.size)
    outward = jnp.diag(jnp.sum(conductance, axis=1)) - conductance
    z = -dt * outward / capacitance[:, None]
    unit = jnp.eye(together.size, dtype=together.dtype)
    moved = jnp.linalg.solve(unit - z + 0.5 * z @ z, together)
    return {name: moved[places[name] : places[name] + populations[name].size] for name in names}


def currents_across(
    populations: Mapping[str, Population],
    junctions: Mapping[str, GapJunctions],
    voltages: Mapping[str, Array],
) -> dict[str, Array]:
    """(cells,) pA into each cell of the populations that gap junctions couple."""
    names = coupled(junctions)
    if not names:
        return {}
    together = jnp.concatenate([voltages[name] for name in names])
    places = _places(populations, names)
    conductance = _conductances(populations, junctions, voltages, places, together.size)
    inward = jnp.sum(conductance * (together[None, :] - together[:, None]), axis=1)
    return {name: inward[places[name] : places[name] + populations[name].size] for name in names}


def relaxing_current(
    populations: Mapping[str, Population],
    junctions: Mapping[str, GapJunctions],
    voltages: Mapping[str, Array],
    dt: float,
) -> dict[str, Array]:
    """(cells,) pA: the mean over `dt` ms of what gap junctions carry while voltages relax."""
    moved = relaxed(populations, junctions, voltages, dt)
    return {
        name: _capacitance(populations[name]) * (after - voltages[name]) / dt
        for name, after in moved.items()
    }


def with_voltages(model: AbstractConductanceModel, x: Any, voltage: Array) -> Any:
    """The state of a population at other voltages."""
    return eqx.tree_at(model.voltage, x, voltage)


def _places(populations: Mapping[str, Population], names: list[str]) -> dict[str, int]:
    """Where each population begins among the voltages of all."""
    sizes = [populations[name].size for name in names]
    return dict(zip(names, itertools.accumulate(sizes, initial=0), strict=False))


def _capacitance(population: Population) -> Array:
    """(cells,) pF"""
    known = parameters(population.model)
    value, unit = known["capacitance"]
    if unit == "uF/cm2":
        value = _PF_PER_DENSITY * value * known["area"][0]
    return jnp.broadcast_to(value, (population.size,))


def _conductances(populations, junctions, voltages, places, count) -> Array:
    """(cells, cells) nS, symmetric, of all junctions at these voltages."""
    total = jnp.zeros((count, count))
    for made in junctions.values():
        sources, targets = populations[made.source].size, populations[made.target].size
        weights = made.connection.matrix(sources, targets)
        across = voltages[made.source][None, :] - voltages[made.target][:, None]
        block = weights * made.law.conductance(across)
        row, column = places[made.target], places[made.source]
        total = total.at[row : row + targets, column : column + sources].add(block)
        total = total.at[column : column + sources, row : row + targets].add(block.T)
    return total
