"""What the cells of a population receive in one step."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .._model import (
    AbstractConductanceModel,
    AbstractModel,
    Membrane,
    parameters,
    substitute,
)
from ..neurons import OpenConductance, OpenReceptors, SignalInput, SynapticInput
from ._state import AbstractNetwork, NetworkState


class Inputs(NamedTuple):
    """What the cells of a population receive from synapses in one step."""

    received: Any
    """arrays with a leading axis of cells"""
    of_one: Callable[[Any, Any], Any]
    """the input of one cell from its current (pA) and its part of `received`"""


def modulated(network: AbstractNetwork, name: str, x: NetworkState) -> AbstractModel:
    """The model of a population with its parameters scaled by modulators."""
    model = network.neurons[name].model
    for modulator, made in network.modulators.items():
        for one in made.modulations:
            if one.population == name:
                value = parameters(model)[one.path][0]
                scale = one.scale(x.modulators[modulator])
                model = substitute(model, {one.path: value * scale})
    return model


def inputs_of(
    network: AbstractNetwork,
    name: str,
    x: NetworkState,
    voltage: Array,
    opened: Mapping[str, Array],
) -> Inputs:
    """What the population of that name receives, in the form that its model takes."""
    onto = {key: made.receptor for key, made in network.projections.items() if made.target == name}
    if isinstance(network.neurons[name].model, AbstractConductanceModel):
        return _as_receptors(onto, _signals(network, x), opened)
    return _as_line(onto, voltage, opened)


def _signals(network: AbstractNetwork, x: NetworkState) -> dict[str, Array]:
    """The modulators that channels read, by the signal's name (mM)."""
    return {
        made.signal: x.modulators[key]
        for key, made in network.modulators.items()
        if made.signal is not None
    }


def signal_inputs(network: AbstractNetwork, x: NetworkState) -> Inputs:
    """What cells receive while their synapses are left out."""
    return _as_receptors({}, _signals(network, x), {})


def _as_receptors(onto: Mapping[str, Any], signals: Mapping[str, Array], opened) -> Inputs:
    """Each receptor by itself, whose block and ions the cell looks after."""

    def of_one(current, received):
        parts = tuple(OpenReceptors(received[key], receptor) for key, receptor in onto.items())
        electrical = SynapticInput(current, parts) if parts else current
        return SignalInput(electrical, signals) if signals else electrical

    return Inputs({key: opened[key] for key in onto}, of_one)


def _as_line(onto: Mapping[str, Any], voltage: Array, opened) -> Inputs:
    """One line through all currents, each with the block at the voltage of the step's start."""
    if not onto:
        return Inputs((), lambda current, _: current)
    lines = [
        jax.vmap(lambda g, v, made=receptor: made.linear(g, Membrane(v)))(opened[key], voltage)
        for key, receptor in onto.items()
    ]
    inward, conductance = (sum(parts) for parts in zip(*lines, strict=True))
    conducts = any(receptor.conducts for receptor in onto.values())

    def of_one(current, received):
        inward, conductance = received
        if not conducts:
            return current + inward
        return SynapticInput(
            current + inward, (OpenConductance(conductance, jnp.zeros_like(conductance)),)
        )

    return Inputs((inward, conductance), of_one)
