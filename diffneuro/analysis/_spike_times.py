"""When a neuron spiked."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from .._model import is_concrete
from .._time_loop import Trajectory

_BLOCK = 128
# Four samples of a straight rise, in the place of spikes that are not there.
_NO_SPIKE = (-1.5, -0.5, 0.5, 1.5)


def spike_times(
    trajectory: Trajectory, *, max_spikes: int, threshold: float = -20.0
) -> tuple[Array, Array]:
    """The spike times of a run, differentiable, off the grid.

    **Arguments:** `trajectory` of a neuron; `max_spikes`, how many times to return;
    `threshold` (mV), whose upward crossings are the spikes of a neuron without a threshold of
    its own. A spiking model's own spikes are taken as they are.

    **Returns:** the first `max_spikes` times (ms), padded with inf, and the number of spikes
    there were, which may be more: outside jit that is warned of. So is a derivative of the
    times of a neuron that is silent, which is zero.
    """
    if (
        isinstance(max_spikes, bool)
        or not isinstance(max_spikes, int | np.integer)
        or max_spikes < 1
    ):
        raise ValueError(f"max_spikes={max_spikes!r} must be a whole number, at least 1.")
    if trajectory.t.ndim != 1:
        raise ValueError(
            f"the trajectory is a batch, its t of shape {trajectory.t.shape}: use jax.vmap."
        )
    times, count = first_spike_times(trajectory, max_spikes, threshold)
    if is_concrete(count) and int(count) > max_spikes:
        warnings.warn(
            f"the run has {int(count)} spikes, of which max_spikes={max_spikes} are returned: "
            "raise it to get them all.",
            stacklevel=2,
        )
    return _warning_if_silent(times, count), count


def first_spike_times(
    trajectory: Trajectory, max_spikes: int, threshold: float
) -> tuple[Array, Array]:
    """As `spike_times`, without a warning: losses know what to do with silence."""
    if trajectory.spikes is None or trajectory.spike_times is None:
        return _upward_crossings(trajectory.t, trajectory.y, threshold, max_spikes)
    fired = trajectory.spikes > 0
    where, count = _first_places(fired, max_spikes)
    return jnp.where(where >= 0, trajectory.spike_times[where], jnp.inf), count


@jax.custom_jvp
def _warning_if_silent(times: Array, count: Array) -> Array:
    return times


@_warning_if_silent.defjvp
def _warning_if_silent_jvp(primals, tangents):
    times, count = primals
    jax.debug.callback(_warn_if_silent, count)
    return times, tangents[0]


def _warn_if_silent(count) -> None:
    if np.max(count) == 0:
        warnings.warn(
            "the neuron is silent, so the derivatives of its spike times are zero: give it more "
            "current, fit its voltage as well, or use spikes.Hybrid or spikes.Surrogate.",
            stacklevel=2,
        )


def _upward_crossings(t, v, threshold, max_spikes) -> tuple[Array, Array]:
    # The cubic needs four samples.
    v = jnp.pad(v, (0, max(0, 4 - v.shape[0])), mode="edge")
    fired = (v[:-1] < threshold) & (v[1:] >= threshold)
    where, count = _first_places(fired, max_spikes)
    found = where >= 0
    first = jnp.clip(where - 1, 0, v.shape[0] - 4)
    samples = jnp.stack(
        [jnp.where(found, v[first + i] - threshold, _NO_SPIKE[i]) for i in range(4)]
    )
    offset = (where - first).astype(v.dtype)
    times = t[first] + _crossing(samples, jnp.where(found, offset, 1.0), jnp) * (t[1] - t[0])
    return jnp.where(found, times, jnp.inf), count


def _first_places(fired: Array, most: int) -> tuple[Array, Array]:
    """Where the first `most` of `fired` (n,) are, padded with -1, and how many there are.

    Counted by blocks, of which only those with a spike are looked into: a running sum over all
    samples, as `jnp.nonzero` takes it, costs as much as the simulation.
    """
    blocks = -(-fired.shape[0] // _BLOCK)
    padded = jnp.pad(fired, (0, blocks * _BLOCK - fired.shape[0])).reshape(blocks, _BLOCK)
    until = jnp.cumsum(jnp.sum(padded, axis=1))
    wanted = jnp.arange(1, most + 1)
    block = jnp.sum(until[None] < wanted[:, None], axis=1)
    inside = padded[jnp.minimum(block, blocks - 1)]
    before = jnp.where(block > 0, until[block - 1], 0)
    within = jnp.cumsum(inside, axis=1) < (wanted - before)[:, None]
    where = block * _BLOCK + jnp.sum(within, axis=1)
    return jnp.where(wanted <= until[-1], where, -1), until[-1]


def _crossing(samples, offset, xp):
    """Where, in samples past the first of four, the cubic through them rises through zero.

    `samples` (4, k), of which those at `offset` and after it (0, 1 or 2) lie below and above
    zero. A straight line would put the crossing right to order 2, but its derivatives only to
    order 1, which on the upstroke of a spike at dt 0.025 ms is 5 %. `xp` is NumPy or JAX's.
    """
    below = xp.where(offset < 0.5, samples[0], xp.where(offset < 1.5, samples[1], samples[2]))
    above = xp.where(offset < 0.5, samples[1], xp.where(offset < 1.5, samples[2], samples[3]))
    straight = offset - below / (above - below)
    # Newton's form of the cubic.
    once = samples[1] - samples[0]
    twice = samples[2] - 2.0 * samples[1] + samples[0]
    thrice = samples[3] - 3.0 * samples[2] + 3.0 * samples[1] - samples[0]
    x = straight
    for _ in range(4):
        value = samples[0] + x * (once + (x - 1.0) * (0.5 * twice + (x - 2.0) * thrice / 6.0))
        slope = once + (x - 0.5) * twice + (x * x / 2.0 - x + 1.0 / 3.0) * thrice
        rising = slope > 0
        x = x - xp.where(rising, value / xp.where(rising, slope, 1.0), 0.0)
    inside = (x >= offset) & (x <= offset + 1.0)
    return xp.where(inside, x, straight)


def recorded_spike_times(
    time: ArrayLike, voltage: ArrayLike, threshold: float = -20.0
) -> NDArray[np.float64]:
    """The upward crossings of `threshold` (mV) in one recorded sweep, interpolated, in ms."""
    t, v = np.asarray(time, float), np.asarray(voltage, float)
    v = np.pad(v, (0, max(0, 4 - len(v))), mode="edge")
    (k,) = np.nonzero((v[:-1] < threshold) & (v[1:] >= threshold))
    first = np.clip(k - 1, 0, len(v) - 4)
    samples = np.stack([v[first + i] for i in range(4)]) - threshold
    return t[first] + _crossing(samples, (k - first).astype(float), np) * (t[1] - t[0])
