"""Stretches of a recording from one spike over the next ones."""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .analysis import recorded_spike_times
from .losses import AbstractLoss, PeakVoltage, SpikeTimes, VoltageError
from .losses._loss import parts_of
from .losses._spike_times import onset
from .recordings import Recording

# ms; a window begins after the spike before it, holds the last one it is to predict, and gives
# the model a while to be late.
_AFTER_SPIKE = 4.0
_BEFORE_ONSET = 20.0
_LATER, _LATER_BY = 1.4, 15.0
_LONGEST_SILENCE = 300.0
# ms; windows begin on this grid, so that the pulled run need not keep its state at every step.
_GRID = 1.0


class Windows(eqx.Module):
    """Windows of equal length, each with a sweep and a place in it."""

    sweep: Array
    """(windows,)"""
    first: Array
    """(windows,) the sample at which it begins, a multiple of `grid`"""
    currents: Array
    """(windows, length) pA"""
    voltages: Array
    """(windows,) mV, recorded where it begins"""
    targets: Any
    grid: int = eqx.field(static=True)
    """samples"""


class _Cut(NamedTuple):
    sweep: int
    first: int
    stop: int


def allows_windows(loss: AbstractLoss) -> bool:
    """Whether what comes after a window's end is unknown to a loss, and no error."""
    return all(isinstance(p, SpikeTimes | PeakVoltage | VoltageError) for p in parts_of(loss))


def cut_windows(
    recording: Recording, loss: AbstractLoss, horizon: int, threshold: float
) -> Windows:
    """A window from each sweep's start, and from the spikes after it, over the `horizon` next ones.

    Windows over several spikes begin at every spike, or with a longer horizon at every
    `horizon`/2-th, and are all as long as the longest. What comes after these is unknown (NaN)
    to the loss. A window without spikes lasts as long as the longest with some.
    """
    cuts = _cuts(recording, horizon, threshold)
    length = _length(recording, cuts)
    rows = [_rows(recording, cut, length) for cut in cuts]
    time = recording.dt * np.arange(length)
    real = jnp.result_type(float)
    targets = [loss.target(time, current, voltage) for current, voltage in rows]
    return Windows(
        jnp.asarray([cut.sweep for cut in cuts]),
        jnp.asarray([cut.first for cut in cuts]),
        jnp.asarray(np.stack([current for current, _ in rows]), real),
        jnp.asarray([voltage[0] for _, voltage in rows], real),
        jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts), real), *targets),
        _grid(recording.dt),
    )


def _grid(dt: float) -> int:
    return max(1, round(_GRID / dt))


def _cuts(recording: Recording, horizon: int, threshold: float) -> list[_Cut]:
    dt, count = recording.dt, recording.time.size
    cuts = []
    for sweep, (current, voltage) in enumerate(
        zip(recording.current, recording.voltage, strict=True)
    ):
        spikes = recorded_spike_times(recording.time, voltage, threshold)
        before = max(onset(recording.time, current) - _BEFORE_ONSET, 0.0)
        begins = [before, *(spikes + _AFTER_SPIKE)]
        for number in range(0, len(begins), max(1, horizon // 2)):
            begin = begins[number]
            ahead = spikes[number : number + horizon]
            full = len(ahead) == horizon
            stop = round((ahead[-1] + _AFTER_SPIKE) / dt) if full else count
            first = math.ceil(round(begin / dt) / _grid(dt)) * _grid(dt)
            if min(stop, count) - first >= 2:
                cuts.append(_Cut(sweep, first, min(stop, count)))
    return cuts


def _length(recording: Recording, cuts: list[_Cut]) -> int:
    """Enough samples for every window that ends with a spike, and some time to be late."""
    count = recording.time.size
    ended = [cut.stop - cut.first for cut in cuts if cut.stop < count]
    longest = max(ended, default=round(_LONGEST_SILENCE / recording.dt))
    return min(count, round(_LATER * longest + _LATER_BY / recording.dt))


def _rows(recording: Recording, cut: _Cut, length: int) -> tuple[NDArray, NDArray]:
    """Current and voltage of a window, the last current held where the sweep is at its end."""
    samples = cut.first + np.arange(length)
    inside = np.minimum(samples, recording.time.size - 1)
    voltage = recording.voltage[cut.sweep, inside].astype(float)
    voltage[samples >= cut.stop] = np.nan
    return recording.current[cut.sweep, inside], voltage
