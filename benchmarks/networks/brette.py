"""Three networks of Brette et al. 2007 as ours."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

import diffneuro as dn
from diffneuro.channels import Leak, TraubMilesPotassium, TraubMilesSodium
from diffneuro.networks import Network, NetworkState, Population, Projection, Sparse
from diffneuro.synapses import Exponential, ExponentialCurrent

from .wiring import DT, EXCITATORY_SHARE, Start, Wiring, start, wiring

# (excitatory, inhibitory): pA of CUBA, nS of the others.
WEIGHTS = {"CUBA": (16.2, -90.0), "COBA": (6.0, 67.0), "COBAHH": (6.0, 67.0)}
# 1 uF/cm2 and 0.05 mS/cm2 over 20,000 um2.
_LIF = {"capacitance": 200.0, "leak_conductance": 10.0, "refractory_time": 5.0}
_LIF |= {"threshold": -50.0, "reset_potential": -60.0}


class Experiment(NamedTuple):
    """A network and where it starts."""

    network: Network
    state: NetworkState


def experiment(name: str, seed: int, cells: int) -> Experiment:
    """The network of that name with connections and a state drawn by the seed.

    All are one population, the excitatory cells first, with a projection of each kind.
    """
    made, begun = wiring(seed, cells), start(name, seed, cells)
    receptors = _receptors(name)
    projections = {
        kind: Projection("cells", "cells", connection, receptors[kind], delay=DT)
        for kind, connection in _connections(name, made).items()
    }
    network = Network({"cells": _population(name, cells)}, projections)
    return Experiment(network, _begun(network, name, begun))


def _connections(name: str, made: Wiring) -> dict[str, Sparse]:
    weights = dict(zip(("excitatory", "inhibitory"), WEIGHTS[name], strict=True))
    excites = made.sources < round(EXCITATORY_SHARE * made.cells)
    chosen = {"excitatory": excites, "inhibitory": ~excites}
    return {
        kind: Sparse(made.sources[which], made.targets[which], weights[kind])
        for kind, which in chosen.items()
    }


def _receptors(name: str) -> dict[str, Any]:
    if name == "CUBA":
        return {"excitatory": ExponentialCurrent(5.0), "inhibitory": ExponentialCurrent(10.0)}
    return {"excitatory": Exponential(5.0, 0.0), "inhibitory": Exponential(10.0, -80.0)}


def _population(name: str, cells: int) -> Population:
    if name != "COBAHH":
        rest = -49.0 if name == "CUBA" else -60.0
        return Population(dn.neurons.LIF(leak_reversal=rest, **_LIF), cells)
    channels = {
        "na": TraubMilesSodium(100.0, 50.0, -63.0),
        "k": TraubMilesPotassium(30.0, -90.0, -63.0),
        "leak": Leak(0.05, -60.0),
    }
    return Population(dn.neurons.Cell(channels, area=20_000.0), cells, threshold=-20.0)


def _begun(network: Network, name: str, begun: Start) -> NetworkState:
    """The initial state of the paper: voltages and conductances at random, gates closed."""
    x = network.initial_state({})
    cells = x.populations["cells"]._replace(voltage=jnp.asarray(begun.voltage, float))
    if name == "COBAHH":
        closed = {
            key: {gate: jnp.zeros_like(value) for gate, value in gates.items()}
            for key, gates in cells.channels.items()
            if gates
        }
        cells = cells._replace(channels={**cells.channels, **closed})
    opened = {"excitatory": begun.excitatory, "inhibitory": begun.inhibitory}
    projections = {
        kind: state._replace(receptor=jnp.asarray(opened[kind], float))
        for kind, state in x.projections.items()
    }
    return x._replace(populations={"cells": cells}, projections=projections)


def spike_trains(times: Any) -> list[np.ndarray]:
    """The spikes of each cell (ms), from (steps, cells) times padded with inf."""
    known = np.asarray(times)
    return [row[np.isfinite(row)] for row in known.T]
