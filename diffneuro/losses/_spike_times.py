"""Spike times, matched by their order."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import recorded_spike_times
from ..analysis._spike_times import first_spike_times
from ._loss import AbstractLoss

# ms; of a spike alone, and what no cell answers a step of current sooner than.
_LONE, _SHORTEST = 20.0, 1.0


class SpikeTarget(NamedTuple):
    """Recorded spikes, padded to a common number."""

    times: NDArray
    """(max_spikes,) ms, padded with inf"""
    intervals: NDArray
    """(max_spikes,) ms, what each spike may be late by is a share of, see `_intervals`"""
    end: NDArray
    """ms, the last sample that is known"""


class SpikeTimes(AbstractLoss):
    r"""The k-th spike of the model against the k-th recorded one.

    Residuals $(\Delta_k - \Delta_k^{rec})/(p\,\Delta_k^{rec})$ for the interval before each
    spike, and half of the same for its absolute time, with the relative precision p; each
    levels off smoothly at `largest`. Where it is shorter, the first spike's latency from the
    onset of the current stands for its interval $\Delta^{rec}$ (the first of a train has the
    one that follows). A spike that is missing costs `largest` and a tenth of the
    millivolts by which the voltage stayed below `threshold`; one too many costs what is left
    of the sweep in mean intervals. The sum is divided by the number of recorded spikes plus 1.

    At most `max_spikes` are compared; a recorded sweep with more is refused. Where the recording
    ends in NaN, what the model does there is not compared.
    """

    precision: float = 0.2
    largest: float = 5.0
    threshold: float = -20.0
    max_spikes: int = 64

    def __check_init__(self):
        if not (self.precision > 0 and self.largest > 0 and self.max_spikes >= 1):
            raise ValueError(
                f"precision={self.precision}, largest={self.largest} and max_spikes="
                f"{self.max_spikes} of SpikeTimes must be positive."
            )

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> SpikeTarget:
        found = recorded_spike_times(time, voltage, self.threshold)
        if len(found) > self.max_spikes:
            raise ValueError(
                f"a sweep has {len(found)} spikes, but max_spikes={self.max_spikes}: "
                "raise max_spikes of the loss."
            )
        times = np.full(self.max_spikes, np.inf)
        times[: len(found)] = found
        intervals = np.full(self.max_spikes, _LONE)
        intervals[: len(found)] = _intervals(found, onset(time, current))
        return SpikeTarget(times, intervals, np.asarray(time[np.isfinite(voltage)].max()))

    def residual(self, run: Trajectory, target: SpikeTarget, /) -> Array:
        times, _ = first_spike_times(run, self.max_spikes, self.threshold)
        wanted, there = jnp.isfinite(target.times), jnp.isfinite(times)
        both = wanted & there
        late = jnp.where(both, times - jnp.where(both, target.times, 0.0), 0.0)
        before = jnp.concatenate([jnp.zeros_like(late[:1]), late[:-1]])
        scale = self.precision * target.intervals
        stretched = self._level(jnp.where(both, late - before, 0.0) / scale)
        shifted = 0.5 * self._level(late / scale)
        silent = self.largest + 0.1 * jnp.maximum(self.threshold - jnp.max(run.y), 0.0)
        missing = jnp.where(wanted & ~there, silent, 0.0)
        extra = there & ~wanted
        count = jnp.sum(wanted.astype(late.dtype))
        typical = jnp.where(count > 0, jnp.sum(jnp.where(wanted, target.intervals, 0.0)), 50.0)
        typical = typical / jnp.maximum(count, 1.0)
        left = jnp.maximum(target.end - jnp.where(extra, times, target.end), 0.0)
        surplus = self._level(left / typical)
        parts = jnp.concatenate([stretched, shifted, missing, surplus])
        return parts / jnp.sqrt(count + 1.0)

    def _level(self, value):
        return value / jnp.sqrt(1.0 + (value / self.largest) ** 2)


def _intervals(spikes: NDArray, begin: float) -> NDArray:
    """The interval before each spike, the first's after it, or the latency from `begin` (ms).

    The shorter of the two, since spikes that come soon after a step hardly vary.
    """
    gaps = np.diff(spikes)
    before = np.concatenate([gaps[:1], gaps]) if len(gaps) else np.full(len(spikes), np.inf)
    evoked = np.searchsorted(spikes, begin, side="right")
    if evoked < len(spikes):
        before[evoked] = min(before[evoked], spikes[evoked] - begin)
    return np.where(np.isfinite(before), np.maximum(before, _SHORTEST), _LONE)


def onset(time: NDArray, current: NDArray) -> float:
    """When the current first changes (ms), or the start where it changes at once or never."""
    (changes,) = np.nonzero(current != current[0])
    return float(time[changes[0]]) if len(changes) else float(time[0])
