"""When a neuron spiked."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from .._simulate import Trajectory


def spike_times(
    trajectory: Trajectory, *, max_spikes: int, threshold: float = -20.0
) -> tuple[Array, Array]:
    """The spike times of a run, differentiable, off the grid.

    **Arguments:** `trajectory` of a neuron; `max_spikes`, how many times to return;
    `threshold` (mV), whose upward crossings are the spikes of a neuron without a threshold of
    its own. A spiking model's own spikes are taken as they are.

    **Returns:** the first `max_spikes` times (ms), padded with inf, and the number of spikes
    there were, which may be more.
    """
    if trajectory.spikes is None or trajectory.spike_times is None:
        fired, times = _upward_crossings(trajectory.t, trajectory.y, threshold)
    else:
        fired, times = trajectory.spikes > 0, trajectory.spike_times
    (where,) = jnp.nonzero(fired, size=max_spikes, fill_value=-1)
    return jnp.where(where >= 0, times[where], jnp.inf), jnp.sum(fired)


def _upward_crossings(t, v, threshold) -> tuple[Array, Array]:
    below, above = v[:-1], v[1:]
    fired = (below < threshold) & (above >= threshold)
    rise = jnp.where(fired, above - below, 1.0)
    return fired, t[:-1] + (threshold - below) / rise * (t[1:] - t[:-1])


def recorded_spike_times(
    time: ArrayLike, voltage: ArrayLike, threshold: float = -20.0
) -> NDArray[np.float64]:
    """The upward crossings of `threshold` (mV) in one recorded sweep, interpolated, in ms."""
    t, v = np.asarray(time, float), np.asarray(voltage, float)
    (k,) = np.nonzero((v[:-1] < threshold) & (v[1:] >= threshold))
    return t[k] + (threshold - v[k]) / (v[k + 1] - v[k]) * (t[k + 1] - t[k])
