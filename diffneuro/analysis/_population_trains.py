"""The spike trains of a network's run."""

import numpy as np
from numpy.typing import NDArray

from .._time_loop import Trajectory


def population_trains(run: Trajectory) -> dict[str, list[NDArray]]:
    """The spike times of each cell of a network, by population; those of sources as well.

    **Arguments:** `run`, of one network.

    **Returns:** from population to a list of spike times (ms), one array for each cell.

    **Raises:** `ValueError` for the run of one neuron and for a batch of runs.
    """
    if not isinstance(run.spike_times, dict):
        raise ValueError("the run is that of no network: its spike_times are the train itself.")
    found = {}
    for name, times in run.spike_times.items():
        cells = np.asarray(times, float)
        if cells.ndim != 2:
            raise ValueError(
                f"the spike times of {name!r} have shape {cells.shape}, those of a batch: take "
                "each run by itself."
            )
        found[name] = [train[np.isfinite(train)] for train in cells.T]
    return found
