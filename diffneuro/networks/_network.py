"""Populations joined by synapses."""

import difflib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractModel, check_names
from ._electrical import check_junctions
from ._modulator import Modulator
from ._plastic import begin
from ._population import Population, Source, axes_of
from ._projection import GapJunctions, Projection, ProjectionState
from ._rates import rates
from ._state import AbstractNetwork, NetworkState
from ._transmission import initial_projection


def in_order(given: Any) -> Any:
    """A dictionary as JAX rebuilds it, sorted by its keys."""
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        return given
    return dict(sorted(given.items()))


def _parts() -> Any:
    return eqx.field(default_factory=dict, converter=in_order)


class Network(AbstractNetwork):
    """Populations of cells and the synapses between them.

    `populations` maps names of your choice to a `Population`, or to a `Source` of given
    spikes; `projections` to a `Projection`; `gap_junctions` to `GapJunctions`; `modulators` to
    a `Modulator`. The input is a dictionary from population to the current into each cell
    (pA), and from source to its spikes; who is left out gets none. The output is a dictionary
    from population to voltages (mV).
    """

    # In JAX's order, because what a key gives is numbered inside compiled functions and outside.
    populations: dict[str, Population | Source] = eqx.field(converter=in_order)
    projections: dict[str, Projection] = _parts()
    gap_junctions: dict[str, GapJunctions] = _parts()
    modulators: dict[str, Modulator] = _parts()

    def __check_init__(self):
        _check_kinds(self)
        for name, made in self.projections.items():
            self._check_ends(f"projection {name!r}", made)
            if made.is_graded and not self._has_voltage(made.source):
                raise ValueError(
                    f"projection {name!r} has a {type(made.terminal).__name__}, which follows the "
                    f"voltage, and {made.source!r} is a Source of spikes: take a PulseTerminal."
                )
        for name, made in self.gap_junctions.items():
            self._check_ends(f"gap junction {name!r}", made)
        check_junctions(self.populations, self.gap_junctions)
        for made in self.modulators.values():
            self._check_modulator(made)

    def initial_state(self, u: Any = None, /) -> NetworkState:
        """Each cell at rest under its current, synapses after a long silence."""
        given = {} if u is None else u
        rest = {}
        for name, made in self.neurons.items():
            current = jnp.broadcast_to(jnp.asarray(given.get(name, 0.0), float), (made.size,))
            rest[name] = _rest(made.model, current)
        modulators = {name: made.baseline for name, made in self.modulators.items()}
        cells = NetworkState(rest, {}, modulators)
        projections = {
            name: self._initial_projection(made, cells) for name, made in self.projections.items()
        }
        return cells._replace(projections=projections)

    def vector_field(self, x: NetworkState, u: Any, /) -> NetworkState:
        return rates(self, x, {} if u is None else u)

    def output(self, x: NetworkState, u: Any, /) -> dict[str, Array]:
        return {name: self.voltages(name, x) for name in self.neurons}

    def _initial_projection(self, made: Projection, cells: NetworkState) -> ProjectionState:
        sources, targets = self.size(made.source), self.size(made.target)
        voltage = self.voltages(made.source, cells) if made.is_graded else None
        rest = initial_projection(made, sources, targets, voltage)
        return begin(made, rest, sources, targets)

    def _has_voltage(self, name: str) -> bool:
        return name in self.neurons

    def _check_ends(self, what: str, made: Projection | GapJunctions) -> None:
        for name in (made.source, made.target):
            if name not in self.populations:
                nearest = difflib.get_close_matches(name, self.populations, n=3, cutoff=0.3)
                raise ValueError(
                    f"{what} names the population {name!r}, which is not there; the nearest names "
                    f"are {', '.join(nearest or self.populations)}."
                )
        if made.target not in self.neurons:
            raise ValueError(f"{what} ends on {made.target!r}, a Source, which takes no input.")
        made.connection.check(self.size(made.source), self.size(made.target), what)

    def _check_modulator(self, made: Modulator) -> None:
        for name in made.releases:
            if name not in self.populations:
                nearest = difflib.get_close_matches(name, self.populations, n=3, cutoff=0.3)
                raise ValueError(
                    f"a modulator is released by {name!r}, which is not there; the nearest names "
                    f"are {', '.join(nearest or self.populations)}."
                )
        for one in made.modulations:
            if one.population not in self.neurons:
                raise ValueError(
                    f"a modulation names the population {one.population!r}: the populations are "
                    f"{', '.join(self.neurons)}."
                )
            check_names(self.neurons[one.population].model, [one.path])


def _check_kinds(network: Network) -> None:
    for what, parts, kinds in (
        ("populations", network.populations, (Population, Source)),
        ("projections", network.projections, (Projection,)),
        ("gap_junctions", network.gap_junctions, (GapJunctions,)),
        ("modulators", network.modulators, (Modulator,)),
    ):
        allowed = " or ".join(kind.__name__ for kind in kinds)
        if not isinstance(parts, dict):
            raise ValueError(
                f"{what}={parts!r} of a Network must be a dictionary from names of your choice to "
                f"a {allowed}."
            )
        for name, part in parts.items():
            if not isinstance(name, str) or not name or "." in name:
                raise ValueError(
                    f"{what} of a Network has the name {name!r}: give a text without dots, which "
                    "stand between the names in a path."
                )
            if not isinstance(part, kinds):
                raise ValueError(
                    f"{what}[{name!r}] of a Network is a {type(part).__name__}: give a {allowed}."
                )
    if not any(isinstance(made, Population) for made in network.populations.values()):
        raise ValueError("populations of a Network holds no Population: give it at least one.")


@eqx.filter_jit
def _rest(model: AbstractModel, current: Array) -> Any:
    return jax.vmap(lambda model, i: model.initial_state(i), in_axes=(axes_of(model), 0))(
        model, current
    )
