"""Extremes, mean and end of a run's output."""

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import as_parameter
from .._time_loop import Trajectory
from ._measure import Measure


def peak(start: ArrayLike = 0.0, stop: ArrayLike = float("inf")) -> Measure:
    """The largest output (mV of a neuron) at the samples from `start` to `stop` (ms)."""
    return _windowed(_peak, "peak", start, stop)


def trough(start: ArrayLike = 0.0, stop: ArrayLike = float("inf")) -> Measure:
    """The smallest output (mV of a neuron) at the samples from `start` to `stop` (ms)."""
    return _windowed(_trough, "trough", start, stop)


def mean_voltage(start: ArrayLike = 0.0, stop: ArrayLike = float("inf")) -> Measure:
    """The mean output (mV of a neuron) of the samples from `start` to `stop` (ms)."""
    return _windowed(_mean, "mean_voltage", start, stop)


def final_voltage() -> Measure:
    """The output (mV of a neuron) at the last sample, one step before the end."""
    return Measure(_final, "output", "final_voltage")


def _windowed(function, name, start, stop) -> Measure:
    start, stop = as_parameter(start), as_parameter(stop)
    return Measure(eqx.Partial(function, start=start, stop=stop), "output", name)


def _inside(run: Trajectory, start: Array, stop: Array) -> Array:
    return (run.t >= start) & (run.t < stop)


def _peak(run: Trajectory, *, start: Array, stop: Array) -> Array:
    highest = jnp.max(jnp.where(_inside(run, start, stop), run.y, -jnp.inf))
    return jnp.where(jnp.isfinite(highest), highest, jnp.nan)


def _trough(run: Trajectory, *, start: Array, stop: Array) -> Array:
    return -_peak(eqx.tree_at(lambda r: r.y, run, -run.y), start=start, stop=stop)


def _mean(run: Trajectory, *, start: Array, stop: Array) -> Array:
    inside = _inside(run, start, stop)
    # From the first sample on, so that few digits go into the part that is common to all.
    above = jnp.where(inside, run.y - run.y[0], 0.0)
    return run.y[0] + jnp.sum(above) / jnp.sum(inside)


def _final(run: Trajectory) -> Array:
    return run.y[-1]
