"""How many spikes, how often, and when the first."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import as_parameter
from .._time_loop import Trajectory
from ..analysis._spike_times import first_spike_times
from ._measure import Measure


def spike_count(
    threshold: ArrayLike = -20.0, start: ArrayLike = 0.0, stop: ArrayLike = float("inf")
) -> Measure:
    """The number of spikes from `start` to `stop` (ms).

    Spikes are upward crossings of `threshold` (mV), or a spiking model's own.
    """
    return _windowed(_spike_count, "1", "spike_count", threshold, start, stop)


def rate(
    threshold: ArrayLike = -20.0, start: ArrayLike = 0.0, stop: ArrayLike = float("inf")
) -> Measure:
    """Spikes per second (Hz) from `start` to `stop` or the end of the run (ms)."""
    return _windowed(_rate, "Hz", "rate", threshold, start, stop)


def latency(
    threshold: ArrayLike = -20.0, start: ArrayLike = 0.0, stop: ArrayLike = float("inf")
) -> Measure:
    """The time (ms) from `start` to the first spike after it, NaN if none comes before `stop`."""
    return _windowed(_latency, "ms", "latency", threshold, start, stop)


def _windowed(function, unit, name, threshold, start, stop) -> Measure:
    # Arrays, so that other numbers do not trace anew.
    threshold, start, stop = map(as_parameter, (threshold, start, stop))
    function = eqx.Partial(function, threshold=threshold, start=start, stop=stop)
    return Measure(function, unit, name)


def _spikes(run: Trajectory, threshold: Array) -> tuple[Array, Array]:
    """Whether there was a spike after each sample, and when."""
    if run.spikes is not None and run.spike_times is not None:
        return run.spikes > 0, run.spike_times
    before, after = run.y[:-1], run.y[1:]
    fired = (before < threshold) & (after >= threshold)
    part = (threshold - before) / jnp.where(fired, after - before, 1.0)
    return fired, jnp.where(fired, run.t[:-1] + part * (run.t[1] - run.t[0]), jnp.inf)


def _spike_count(run: Trajectory, *, threshold: Array, start: Array, stop: Array) -> Array:
    fired, times = _spikes(run, threshold)
    return jnp.sum(fired & (times >= start) & (times < stop))


def _rate(run: Trajectory, *, threshold: Array, start: Array, stop: Array) -> Array:
    end = run.t[-1] + (run.t[1] - run.t[0])
    count = _spike_count(run, threshold=threshold, start=start, stop=stop)
    return 1e3 * count / (jnp.minimum(stop, end) - start)


def _latency(run: Trajectory, *, threshold: Any, start: Array, stop: Array) -> Array:
    fired, times = _spikes(run, threshold)
    inside = fired & (times >= start) & (times < stop)
    if run.spike_times is None and run.t.shape[0] >= 4:
        # The four samples around the first crossing tell its time better than two do.
        first = jnp.clip(jnp.argmax(inside) - 1, 0, run.t.shape[0] - 4)
        around = [jax.lax.dynamic_slice(samples, (first,), (4,)) for samples in (run.t, run.y)]
        found, _ = first_spike_times(Trajectory(*around, state=None), 1, threshold)
        time = found[0]
    else:
        time = jnp.min(jnp.where(inside, times, jnp.inf), initial=jnp.inf)
    return jnp.where(jnp.any(inside), time - start, jnp.nan)
