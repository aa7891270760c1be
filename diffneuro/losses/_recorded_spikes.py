"""The spikes of a recorded sweep, padded."""

import numpy as np
from numpy.typing import NDArray

from ..analysis import recorded_spike_times


def padded_spike_times(
    time: NDArray, voltage: NDArray, threshold: float, max_spikes: int
) -> NDArray:
    """(max_spikes,) ms; the upward crossings of `threshold` (mV), padded with inf.

    **Raises:** `ValueError` for a sweep with more spikes than that.
    """
    found = recorded_spike_times(time, voltage, threshold)
    if len(found) > max_spikes:
        raise ValueError(
            f"a sweep has {len(found)} spikes, but max_spikes={max_spikes}: "
            "raise max_spikes of the loss."
        )
    return np.concatenate([found, np.full(max_spikes - len(found), np.inf)])
