"""Measures of a postsynaptic potential or current."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

# In standard deviations of the baseline: what is smaller has an amplitude, but no time course.
_LEAST_PEAK = 3.0
# Shares of the amplitude between which the decay is read.
_DECAY_FROM, _DECAY_TO = 0.8, 0.2
_NOTHING = (np.nan, np.nan, np.nan, np.nan, np.nan)


_Times: TypeAlias = tuple[float, float, float, float, float]


class PostsynapticResponse(NamedTuple):
    """What is read off one response; NaN where it cannot be."""

    baseline: float
    """mV or pA, the mean before the stimulus"""
    amplitude: float
    """mV or pA, signed: the peak's difference from the baseline"""
    latency: float
    """ms, from the stimulus to where the line through 10 and 90 % leaves the baseline"""
    peak_time: float
    """ms, on the trace's own axis"""
    rise_time: float
    """ms, from 10 to 90 % of the amplitude"""
    decay_time_constant: float
    """ms, of a straight line through the logarithm from 80 to 20 % of the amplitude"""
    half_width: float
    """ms, between the two sides at half the amplitude"""
    charge: float
    """pA ms (fC), or mV ms: the area between trace and baseline from the stimulus on"""


def postsynaptic_response(
    time: ArrayLike,
    trace: ArrayLike,
    stimulus: float,
    *,
    stop: float | None = None,
    baseline: float = 5.0,
    average: float = 0.1,
    sign: int | None = None,
) -> PostsynapticResponse:
    r"""Amplitude and time course of an EPSP, IPSP, EPSC or IPSC.

    Peak and crossings are those of a running mean of `average` ms, so that one noisy sample
    makes neither. The points of the decay weigh as their squared height, which makes those near
    the baseline, where a logarithm magnifies noise, count little; a decay that does not reach
    $1/e$ within the window has no time constant. A peak within three standard deviations of
    the baseline has an amplitude and no time course.

    **Arguments:** `time` (n,), ms, uniform; `trace` (n,), mV or pA; `stimulus`, ms, when the
    presynaptic spike or the shock came; `stop`, ms, up to where, by default to the
    trace's end; `baseline`, ms before the stimulus that are averaged; `average`, ms; `sign`, 1
    or -1 where the direction is known, else that of the larger deviation counts.

    **Returns:** a `PostsynapticResponse`.

    **Raises:** `ValueError` for shapes that differ, a time axis that is not uniform, and a
    stimulus without samples before or after it.
    """
    t, y = _checked(time, trace)
    if sign not in (None, 1, -1):
        raise ValueError(f"sign={sign!r} must be 1, -1 or None.")
    before = (t >= stimulus - baseline - 1e-9) & (t < stimulus - 1e-9)
    after = (t >= stimulus - 1e-9) & (t < (np.inf if stop is None else stop - 1e-9))
    if not before.any() or after.sum() < 3:
        raise ValueError(
            f"the stimulus at {stimulus:g} ms has {before.sum()} samples of baseline before it and "
            f"{after.sum()} up to the stop: give one inside the trace, which runs from {t[0]:g} to "
            f"{t[-1]:g} ms."
        )
    level = float(y[before].mean())
    # Before the stimulus as well, so that its running mean starts at the baseline.
    smooth = running_mean(y - level, average / (t[1] - t[0]))
    seen, rise = t[after], smooth[after]
    peak = _peak(rise, sign)
    amplitude = float(rise[peak])
    charge = float(np.trapezoid(y[after] - level, seen))
    if not abs(amplitude) > _LEAST_PEAK * float(smooth[before].std()):
        return PostsynapticResponse(level, amplitude, *_NOTHING, charge)
    times = _course(seen, rise / amplitude, peak, stimulus)
    return PostsynapticResponse(level, amplitude, *times, charge)


def postsynaptic_responses(
    time: ArrayLike, traces: ArrayLike, stimulus: float, **options: Any
) -> PostsynapticResponse:
    """As `postsynaptic_response`, of each of `traces` (k, n): every measure is (k,)."""
    rows = np.asarray(traces, float)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"traces have shape {rows.shape}: give (k, n), one response a row.")
    each = [postsynaptic_response(time, row, stimulus, **options) for row in rows]
    return PostsynapticResponse(*(np.array(values) for values in zip(*each, strict=True)))  # pyright: ignore[reportArgumentType]


def running_mean(values: NDArray, samples: float) -> NDArray:
    """The mean over an odd number of samples around each, fewer at the ends."""
    half = round(samples) // 2
    if half < 1:
        return values
    box = np.ones(2 * half + 1)
    return np.convolve(values, box, "same") / np.convolve(np.ones_like(values), box, "same")


def _checked(time: ArrayLike, trace: ArrayLike) -> tuple[NDArray, NDArray]:
    t, y = np.asarray(time, float), np.asarray(trace, float)
    if t.ndim != 1 or t.shape != y.shape or t.size < 4:
        raise ValueError(
            f"time has shape {t.shape} and the trace {y.shape}: give (n,) each, and several "
            "responses to postsynaptic_responses."
        )
    steps = np.diff(t)
    if not (steps > 0.0).all() or np.ptp(steps) > 1e-2 * steps[0]:
        raise ValueError("time is not uniform: give the trace at equal steps (ms).")
    return t, y


def _peak(deviation: NDArray, sign: int | None) -> int:
    return int(np.argmax(np.abs(deviation) if sign is None else sign * deviation))


def _course(t: NDArray, share: NDArray, peak: int, stimulus: float) -> _Times:
    """Latency, peak time, rise time, decay time constant and half width."""
    low, half, high = (_before(t, share, peak, level) for level in (0.1, 0.5, 0.9))
    rise = high - low
    latency = low - rise / 8.0 - stimulus
    width = _after(t, share, peak, 0.5) - half
    return latency, float(t[peak]), rise, _decay(t, share, peak), width


def _before(t: NDArray, share: NDArray, peak: int, level: float) -> float:
    """Where the rise passes a level last, on a straight line; NaN where it never is below."""
    below = np.flatnonzero(share[: peak + 1] < level)
    if not below.size or below[-1] == peak:
        return np.nan
    k = below[-1]
    return float(t[k] + (level - share[k]) / (share[k + 1] - share[k]) * (t[k + 1] - t[k]))


def _after(t: NDArray, share: NDArray, peak: int, level: float) -> float:
    """Where the decay passes a level first."""
    below = np.flatnonzero(share[peak:] < level)
    if not below.size:
        return np.nan
    k = peak + below[0] - 1
    return float(t[k] + (share[k] - level) / (share[k] - share[k + 1]) * (t[k + 1] - t[k]))


def _decay(t: NDArray, share: NDArray, peak: int) -> float:
    start, end = (_after(t, share, peak, level) for level in (_DECAY_FROM, _DECAY_TO))
    reached = _after(t, share, peak, np.exp(-1.0))
    inside = (t >= start) & (t <= (t[-1] if np.isnan(end) else end)) & (share > 0.0)
    if np.isnan(start) or np.isnan(reached) or inside.sum() < 2:
        return np.nan
    x, y, weight = t[inside], np.log(share[inside]), share[inside] ** 2
    x = x - np.average(x, weights=weight)
    slope = np.sum(weight * x * y) / np.sum(weight * x**2)
    return float(-1.0 / slope) if slope < 0.0 else np.nan
