"""What a network is made of, and its state."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
from jax import Array

from .._model import AbstractModel, Membrane
from ..neurons import Cell
from ._population import Population, axes_of
from ._projection import Projection, ProjectionState
from ._transmission import opened_now


class NetworkState(NamedTuple):
    """The state of a `Network`."""

    populations: dict[str, Any]
    """of each population its model's state, with a leading axis of cells"""
    projections: dict[str, ProjectionState]
    modulators: dict[str, Array]
    """mM"""
    underway: Any = None
    """what a run has left on its way to the synapses; None before one"""


class AbstractNetwork(AbstractModel):
    """Populations and what joins them, by name."""

    populations: eqx.AbstractVar[Any]
    projections: eqx.AbstractVar[Any]
    gap_junctions: eqx.AbstractVar[Any]
    modulators: eqx.AbstractVar[Any]

    @property
    def neurons(self) -> dict[str, Population]:
        """The populations that are no sources."""
        return {
            name: made for name, made in self.populations.items() if isinstance(made, Population)
        }

    def size(self, name: str) -> int:
        """How many cells the population of that name has."""
        return self.populations[name].size

    def voltages(self, name: str, x: NetworkState, /) -> Array:
        """(cells,) mV, of the population of that name."""
        model = self.neurons[name].model
        show = jax.vmap(lambda model, x: model.output(x, 0.0), in_axes=(axes_of(model), 0))
        return show(model, x.populations[name])

    def conductances(self, x: NetworkState, /) -> dict[str, Array]:
        """What is open onto each postsynaptic cell (nS; pA if current-based), by projection.

        A voltage-dependent block is not in it.
        """
        return {
            name: opened_now(made, x.projections[name], self.size(made.target))
            for name, made in self.projections.items()
        }

    def currents(self, x: NetworkState, /) -> dict[str, Array]:
        """What flows into each postsynaptic cell (cells,) pA, outward positive, by projection.

        An excitatory current is negative, as under voltage clamp.
        """
        opened = self.conductances(x)
        return {
            name: self._flowing(made, x.populations[made.target], opened[name], x)
            for name, made in self.projections.items()
        }

    def _flowing(self, made: Projection, cells: Any, opened: Array, x: NetworkState) -> Array:
        model, receptor = self.neurons[made.target].model, made.receptor
        if isinstance(model, Cell):
            membranes = jax.vmap(lambda model, x: model.membrane(x), in_axes=(axes_of(model), 0))
            return jax.vmap(receptor.current)(opened, membranes(model, cells))
        voltage = self.voltages(made.target, x)
        return jax.vmap(lambda g, v: receptor.current(g, Membrane(v)))(opened, voltage)
