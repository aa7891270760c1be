"""The features of one sweep, as eFEL defines them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The last share of the time before a step, and of the step, that is averaged.
_SETTLED = 0.1
# How many of the first spikes the adaptation index leaves out: a share, but not more than two.
_SKIPPED, _MOST_SKIPPED = 0.1, 2
# By how much (ms) times that were computed may miss an edge of the step.
_ROUNDING = 1e-6


class Features(NamedTuple):
    """What is measured of one sweep; NaN is what the sweep does not show.

    The name in brackets is eFEL's. Spikes are those whose peak lies within the step.
    """

    spike_count: float = math.nan
    """1, never missing unless the voltage is not finite (spike_count_stimint)"""
    mean_rate: float = math.nan
    """Hz, spikes over the time from the step to the last one; 0 if silent (mean_frequency)"""
    latency: float = math.nan
    """ms from the step to the first peak; NaN if silent (time_to_first_spike)"""
    mean_interval: float = math.nan
    """ms; NaN below two spikes (the mean of all_ISI_values)"""
    interval_cv: float = math.nan
    """1, of all intervals; NaN below three spikes (ISI_CV, ignore_first_ISI off)"""
    adaptation_index: float = math.nan
    """1; NaN below four spikes past those left out (adaptation_index)"""
    spike_height: float = math.nan
    """mV, mean voltage of the peaks; NaN if no spike is drawn (AP_height)"""
    half_width: float = math.nan
    """ms, mean, half way from peak to after-hyperpolarisation (spike_half_width)"""
    ahp_depth: float = math.nan
    """mV, mean of the first minimum after a spike less the resting voltage (AHP_depth)"""
    resting_voltage: float = math.nan
    """mV, in the last tenth before the step; NaN if nothing is before it (voltage_base)"""
    steady_voltage: float = math.nan
    """mV, in the last tenth of the step, spikes included (steady_state_voltage_stimend)"""
    sag: float = math.nan
    """mV, steady voltage above the step's minimum; NaN if depolarised (sag_amplitude)"""
    input_resistance: float = math.nan
    """GOhm; NaN if the cell spikes or no current is known (ohmic_input_resistance_vb_ssse)"""

    @staticmethod
    def units() -> dict[str, str]:
        """The unit of each feature."""
        units = ("1", "Hz", "ms", "ms", "1", "1", "mV", "ms", "mV", "mV", "mV", "mV", "GOhm")
        return dict(zip(Features._fields, units, strict=True))


def features(
    time: ArrayLike,
    voltage: ArrayLike,
    *,
    start: float,
    end: float,
    current: float = math.nan,
    spikes: ArrayLike | None = None,
    threshold: float = -20.0,
    interval: float = 0.1,
) -> Features:
    """The features of one recorded or simulated sweep: spikes, their shape, and the passive ones.

    The definitions are eFEL's (Electrophys Feature Extraction Library,
    doi:10.5281/zenodo.593869) with its settings, `strict_stiminterval` on, `ignore_first_ISI`
    off. Its input resistance is in MOhm, and it gives one when the cell spikes. What is
    missing is NaN here, where eFEL gives None; a silent cell has a rate of 0. If the voltage is
    not finite everywhere, every feature is NaN.

    **Arguments:** `time` (n,) ms, rising; `voltage` (n,) mV; `start` and `end` of the
    step, ms; its `current` above the base, pA, for the input resistance; `spikes` (m,) ms, the
    times of a model that draws no spikes, in place of those of the peaks; `threshold` (mV) that
    a spike rises above; `interval` (ms) at which the sweep is interpolated first, on which
    the first minimum after a spike depends.

    **Returns:** a `Features`.

    **Raises:** `ValueError` for shapes that disagree, a time that does not rise, a step outside
    the sweep, or an interval that is not positive.
    """
    t, v = _sweep(time, voltage, start, end, interval)
    if not np.isfinite(v).all():
        return Features()
    t, v = _interpolated(t, v, interval)
    peaks = _peaks(t, v, start, end, threshold)
    times = t[peaks] if spikes is None else np.sort(np.asarray(spikes, float))
    times = times[_within(times, start, end)]
    before = _within(t, start - _SETTLED * (start - t[0]), start)
    rest = _mean(v[before]) if start > t[0] else math.nan
    minima = _first_minima(v, peaks, _first_at(t, end))
    found = Features(
        **_of_times(times, start),
        spike_height=_mean(v[peaks]),
        half_width=_mean(_half_widths(t, v, peaks, minima, _first_at(t, start))),
        ahp_depth=_mean(v[minima]) - rest,
        **_passive(t, v, start, end, rest, math.nan if times.size else current),
    )
    # One and the same NaN everywhere, so that equal features compare equal.
    return Features(*(math.nan if math.isnan(value) else float(value) for value in found))


def _sweep(time, voltage, start, end, interval) -> tuple[NDArray, NDArray]:
    t, v = np.asarray(time, float), np.asarray(voltage, float)
    if t.ndim != 1 or t.shape != v.shape or t.size < 2:
        raise ValueError(
            f"time {t.shape} and voltage {v.shape} must be one row each, equally long, of two "
            "samples at least: take one sweep."
        )
    if not (np.diff(t) > 0).all():
        raise ValueError("time does not rise everywhere: give the times of the samples in ms.")
    last = t[-1] + (t[-1] - t[-2])
    if not t[0] - 1e-6 <= start < end <= last + 1e-6:
        raise ValueError(
            f"a step from {start} to {end} ms is not within the sweep, {t[0]:g} to {last:g} ms: "
            "give its start and end in ms, as analysis.current_step finds them."
        )
    if not interval > 0:
        raise ValueError(f"interval={interval} ms must be positive.")
    return t, v


def _interpolated(t: NDArray, v: NDArray, interval: float) -> tuple[NDArray, NDArray]:
    count = math.floor((t[-1] - t[0]) / interval + 1e-6) + 1
    grid = t[0] + interval * np.arange(count)
    return grid, np.interp(grid, t, v)


def _peaks(t, v, start, end, threshold) -> NDArray:
    """The samples at which the voltage peaks between rising past a threshold and coming back."""
    above = v > threshold
    (up,) = np.nonzero(~above[:-1] & above[1:])
    (down,) = np.nonzero(above[:-1] & ~above[1:])
    down = down[down >= up[0] + 1] if up.size else down
    # A spike that the sweep cuts off has no known peak.
    tops = [int(a + 1 + np.argmax(v[a + 1 : b + 1])) for a, b in zip(up, down, strict=False)]
    return np.array([k for k in tops if _within(t[k], start, end)], int)


def _first_minima(v: NDArray, peaks: NDArray, stop: int) -> NDArray:
    """The first minimum after each peak: two samples later the voltage was not lower.

    The last peak has none where the voltage still falls at the end of the step.
    """
    found = []
    for first, last in zip(peaks, [*peaks[1:], stop], strict=False):
        stretch = v[first:last]
        if stretch.size == 0:
            continue
        lowest = np.minimum.accumulate(stretch)
        stays = (lowest[1:-1] == lowest[:-2]) & (lowest[2:] == lowest[:-2])
        k = first + int(np.argmax(stays) if stays.any() else np.argmin(stretch))
        if k != stop - 1:
            found.append(k)
    return np.array(found, int)


def _half_widths(t, v, peaks, minima, first: int) -> list[float]:
    widths = []
    for peak, minimum, before in zip(peaks, minima, [first, *minima], strict=False):
        half = 0.5 * (v[peak] + v[minimum])
        rise = before + int(np.argmax(v[before : peak + 1] >= half))
        fall = peak + int(np.argmax(v[peak : minimum + 1] <= half))
        if rise > 0:
            widths.append(_crossing(t, v, fall, half) - _crossing(t, v, rise, half))
    return widths


def _crossing(t, v, k: int, level: float) -> float:
    """When the line from the sample before `k` to it is at a level."""
    return float(t[k] + (level - v[k]) * (t[k] - t[k - 1]) / (v[k] - v[k - 1]))


def _of_times(times: NDArray, start: float) -> dict[str, float]:
    intervals = np.diff(times)
    mean = _mean(intervals)
    late = times.size > 0 and times[-1] > start
    return {
        "spike_count": float(times.size),
        "mean_rate": 1e3 * times.size / (times[-1] - start) if late else 0.0,
        "latency": times[0] - start if times.size else math.nan,
        "mean_interval": mean,
        "interval_cv": intervals.std(ddof=1) / mean if intervals.size > 1 else math.nan,
        "adaptation_index": _adaptation(times),
    }


def _adaptation(times: NDArray) -> float:
    # In NumPy, because `adaptation_index` compiles for every number of spikes.
    skipped = min(int(_SKIPPED * times.size + 0.5), _MOST_SKIPPED)
    intervals = np.diff(times[skipped:])
    changes = np.diff(intervals) / (intervals[1:] + intervals[:-1])
    return _mean(changes) if intervals.size > 2 else math.nan


def _passive(t, v, start, end, rest: float, current: float) -> dict[str, float]:
    settled = t[: _first_at(t, end)] >= end - _SETTLED * (end - start) - _ROUNDING
    steady = _mean(v[: settled.size][settled])
    lowest = v[_within(t, start, end)].min(initial=math.inf)
    return {
        "resting_voltage": rest,
        "steady_voltage": steady,
        "sag": steady - lowest if steady <= rest else math.nan,
        "input_resistance": (steady - rest) / current if current else math.nan,
    }


def _within(t, start: float, end: float):
    return (t >= start - _ROUNDING) & (t <= end + _ROUNDING)


def _first_at(t: NDArray, when: float) -> int:
    return int(np.searchsorted(t, when - _ROUNDING))


def _mean(values: ArrayLike) -> float:
    values = np.asarray(values, float)
    return float(values.mean()) if values.size else math.nan
