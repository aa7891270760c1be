"""What all simulators of a network are given; NumPy only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NAMES = ("CUBA", "COBA", "COBAHH")
DT, DURATION = 0.1, 1000.0
CELLS, EXCITATORY_SHARE, PROBABILITY = 4000, 0.8, 0.02


class Wiring(NamedTuple):
    """Who reaches whom; the excitatory cells come first."""

    cells: int
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]


class Start(NamedTuple):
    """The state of each cell at t = 0."""

    voltage: NDArray[np.float64]
    """mV"""
    excitatory: NDArray[np.float64]
    """nS, or pA in CUBA"""
    inhibitory: NDArray[np.float64]


def wiring(seed: int, cells: int) -> Wiring:
    """Each pair, a cell with itself included, is joined with the same probability.

    Of fewer cells than in the paper each keeps as many synapses, 80.
    """
    random = np.random.default_rng([seed, 1])
    chance = min(1.0, PROBABILITY * CELLS / cells)
    each = random.binomial(cells, chance, cells)
    targets = [random.choice(cells, count, replace=False) for count in each]
    return Wiring(cells, np.repeat(np.arange(cells), each), np.concatenate(targets))


def start(name: str, seed: int, cells: int) -> Start:
    """Uniform voltages below threshold in CUBA, else normal voltages and conductances.

    Conductances that would be negative are drawn at 0.
    """
    random = np.random.default_rng([seed, 2])
    if name == "CUBA":
        silent = np.zeros(cells)
        return Start(random.uniform(-60.0, -50.0, cells), silent, silent)
    voltage = random.normal(-65.0, 5.0, cells)
    excitatory = np.maximum(random.normal(40.0, 15.0, cells), 0.0)
    inhibitory = np.maximum(random.normal(200.0, 120.0, cells), 0.0)
    return Start(voltage, excitatory, inhibitory)
