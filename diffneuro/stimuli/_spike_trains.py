"""Spikes given to a network, recorded or drawn at random."""

import abc
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import Parameter, check_ranges, is_concrete, parameter


class GivenSpikes(NamedTuple):
    """Spikes on the steps of a run."""

    fired: Array
    """(steps, size) how many spikes there are in each step"""
    fraction: Array
    """(steps, size) when within the step, from 0 to 1; meaningless where there is none"""


class AbstractSpikeTrains(eqx.Module):
    """What a network's source is driven by: the spikes of each of its cells."""

    @abc.abstractmethod
    def sample(self, count: int, dt: float, size: int, key: Array | None, /) -> GivenSpikes:
        """The spikes of `size` cells in `count` steps of `dt` ms."""


def _padded(trains: Any) -> Any:
    """(trains, most spikes in one) ms, filled up with inf."""
    real = jnp.result_type(float)
    if isinstance(trains, jax.Array):
        return trains.astype(real)
    if not isinstance(trains, Sequence | np.ndarray) or isinstance(trains, str):
        # A tree of placeholders; `__check_init__` looks at what else it may be.
        return trains
    try:
        listed = [np.asarray(train, float) for train in trains]
    except (TypeError, ValueError):
        raise ValueError(
            "times of SpikeTrains must be lists of numbers, one list for each cell."
        ) from None
    for number, times in enumerate(listed):
        if times.ndim != 1:
            raise ValueError(
                f"train {number} of SpikeTrains has shape {times.shape}: give one list of times "
                "for each cell, [[1.0, 5.0], []] for two cells of which the second is silent."
            )
    most = max((len(times) for times in listed), default=0)
    filled = np.full((len(listed), most), np.inf)
    for row, times in zip(filled, listed, strict=True):
        row[: len(times)] = times
    return jnp.asarray(filled, real)


class SpikeTrains(AbstractSpikeTrains):
    """Spikes at given times, which have derivatives; one list of times (ms) for each cell."""

    times: Array = eqx.field(converter=_padded, metadata={"unit": "ms"})
    """(cells, spikes) ms, each row ascending and filled up with inf"""

    def __check_init__(self):
        if self.times is None or isinstance(self.times, str | int | float):
            raise ValueError(
                f"times={self.times!r} of SpikeTrains must be one list of times (ms) for each cell."
            )
        if not is_concrete(self.times):
            return
        if self.times.ndim != 2:
            raise ValueError(
                f"times of SpikeTrains has shape {self.times.shape}: give one row for each cell."
            )
        for number, row in enumerate(np.asarray(self.times)):
            given = row[row < np.inf]
            if np.isnan(row).any() or (given < 0.0).any():
                raise ValueError(
                    f"train {number} of SpikeTrains holds a time that is negative or NaN: times "
                    "count in ms from the start of the run."
                )
            if (np.diff(given) < 0.0).any():
                raise ValueError(f"train {number} of SpikeTrains is not in order: sort its times.")
            if (np.diff(given) == 0.0).any():
                twice = given[:-1][np.diff(given) == 0.0][0]
                raise ValueError(
                    f"train {number} of SpikeTrains has a spike at {twice:g} ms twice: leave one "
                    "out, or give the second to another cell."
                )

    def sample(self, count: int, dt: float, size: int, key: Array | None, /) -> GivenSpikes:
        if self.times.ndim != 2 or self.times.shape[0] != size:
            raise ValueError(
                f"SpikeTrains has {self.times.shape[0]} trains for a source of {size} cells: give "
                "one list of times for each."
            )
        self._check_steps(count, dt)
        given = self.times.astype(jnp.result_type(float))
        held = (given >= 0.0) & (given < jnp.inf)
        times = jnp.where(held, given, 0.0) / dt
        # A time that is k*dt but for rounding belongs to step k.
        step = jnp.floor(jax.lax.stop_gradient(times) + 1e-4).astype(int)
        cells = jnp.broadcast_to(jnp.arange(size)[:, None], step.shape)
        zeros = jnp.zeros((count, size), times.dtype)
        fired = zeros.at[step, cells].add(held.astype(times.dtype), mode="drop")
        fraction = zeros.at[step, cells].add(jnp.where(held, times - step, 0.0), mode="drop")
        return GivenSpikes(fired, fraction)

    def _check_steps(self, count: int, dt: float) -> None:
        if not is_concrete(self.times):
            return
        for number, row in enumerate(np.asarray(self.times, float)):
            given = row[row < np.inf]
            if (given >= count * dt).any():
                raise ValueError(
                    f"train {number} of SpikeTrains has a spike at {given.max():g} ms, outside the "
                    f"run of {count * dt:g} ms: leave it out, or make t1 longer."
                )
            if (np.diff(given) < dt * (1.0 - 1e-4)).any():
                raise ValueError(
                    f"train {number} of SpikeTrains has two spikes within {dt:g} ms, the length of "
                    "a step: take a smaller dt, or give one of them to another cell."
                )


class PoissonSpikes(AbstractSpikeTrains):
    """Independent Poisson trains of a rate, drawn under the run's key.

    Spikes of one cell in one step come at one moment: to linear synapses they are several, to
    release, plasticity and pulses of transmitter one. Take a dt short against 1/rate.
    """

    rate: Parameter = parameter(10.0, "Hz", at_least=0.0)
    """of each cell: one number, or one for each"""

    def __check_init__(self):
        check_ranges(self)

    def sample(self, count: int, dt: float, size: int, key: Array | None, /) -> GivenSpikes:
        if key is None:
            raise ValueError(
                "PoissonSpikes are drawn at random: give the run a key, key=jax.random.key(0)."
            )
        if jnp.shape(self.rate) not in ((), (size,)):
            raise ValueError(
                f"rate of PoissonSpikes has shape {jnp.shape(self.rate)} for a source of {size} "
                "cells: give one number, or one for each cell."
            )
        how_many, when = jax.random.split(key)
        expected = jnp.broadcast_to(self.rate * (dt / 1000.0), (count, size))
        fired = jax.random.poisson(how_many, expected).astype(expected.dtype)
        return GivenSpikes(fired, jax.random.uniform(when, (count, size), expected.dtype))
