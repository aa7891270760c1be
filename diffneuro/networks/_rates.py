"""How fast a network changes between its spikes."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ..synapses import AbstractGradedTerminal, AbstractTransmitterReceptor
from ._electrical import currents_across
from ._inputs import inputs_of, modulated
from ._population import axes_of
from ._projection import Projection, ProjectionState
from ._state import AbstractNetwork, NetworkState
from ._transmission import cleft


def rates(network: AbstractNetwork, x: NetworkState, u: Mapping[str, Any]) -> NetworkState:
    """The rate of change (per ms) of each part of the state.

    Transmitter of graded terminals is taken to arrive at once; gap junctions count as currents.

    **Arguments:** `u`, pA, by population: one number, or (cells,).
    """
    shown = {name: network.voltages(name, x) for name in network.neurons}
    across = currents_across(network.neurons, network.gap_junctions, shown)
    opened = network.conductances(x)
    cells = {}
    for name, made in network.neurons.items():
        model = modulated(network, name, x)
        inputs = inputs_of(network, name, x, shown[name], opened)
        current = jnp.broadcast_to(u.get(name, 0.0), (made.size,)) + across.get(name, 0.0)

        def one(model, x, current, received, inputs=inputs):
            return model.vector_field(x, inputs.of_one(current, received))

        axes = (axes_of(model), 0, 0, 0)
        cells[name] = jax.vmap(one, in_axes=axes)(
            model, x.populations[name], current, inputs.received
        )
    projections = {
        name: _projection(made, x.projections[name], _voltage(network, made, x))
        for name, made in network.projections.items()
    }
    modulators = {
        name: (made.baseline - x.modulators[name]) / made.time_constant
        for name, made in network.modulators.items()
    }
    return NetworkState(cells, projections, modulators)


def _voltage(network: AbstractNetwork, made: Projection, x: NetworkState) -> Any:
    """(cells,) mV of the presynaptic cells, 0 where they are a source."""
    if made.source in network.neurons:
        return network.voltages(made.source, x)
    return jnp.zeros((network.size(made.source),))


def _projection(made: Projection, x: ProjectionState, voltage: Any) -> ProjectionState:
    receptor, terminal, release = made.receptor, made.terminal, made.release
    level = jnp.zeros(jax.tree.leaves(x.receptor)[0].shape[:1])
    moving = None
    if terminal is not None:
        seen = voltage if isinstance(terminal, AbstractGradedTerminal) else 0.0 * voltage
        moving = jax.vmap(terminal.vector_field)(x.terminal, seen)
        level = jax.vmap(terminal.output)(x.terminal, seen)
    assert terminal is not None or not isinstance(receptor, AbstractTransmitterReceptor)
    bound = jax.vmap(lambda state, level: receptor.vector_field(state, cleft(receptor, level)))(
        x.receptor, level
    )
    recovering = None
    if release is not None:
        now = jnp.zeros(())
        recovering = jax.vmap(
            lambda state: jax.jvp(lambda t: release.flow(state, t), (now,), (now + 1.0,))[1]
        )(x.release)
    traces = weights = None
    if made.plasticity is not None:
        law, now = made.plasticity, jnp.zeros(())
        traces = jax.jvp(lambda t: law.flow(x.traces, t), (now,), (now + 1.0,))[1]
        weights = None if x.weights is None else jnp.zeros_like(x.weights)
    return ProjectionState(bound, moving, recovering, traces, weights)
