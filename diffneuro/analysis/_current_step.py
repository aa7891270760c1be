"""Where the steps are in a current."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# ms; medians of so many samples take away noise and the transients that spikes leave.
_BLOCK = 1.0
# An edge stands out of the noise by this many standard deviations, and by this share of the
# largest.
_CLEAR, _SMALLEST = 6.0, 0.01
# A step may drift by this share of its own size. The middle half of white noise is 1.35 standard
# deviations wide; that of a current that wanders is wider.
_DRIFT, _WHITE = 0.1, 1.8


class CurrentStep(NamedTuple):
    """A stretch of constant current, and what it stands on."""

    start: float
    """ms"""
    end: float
    """ms, the time of the first sample that is no longer of the step"""
    current: float
    """pA, above the base"""
    base: float
    """pA, what flows before the step"""


def current_step(
    time: ArrayLike, current: ArrayLike, *, shortest: float = 50.0
) -> CurrentStep | None:
    """The first of `current_steps`, or None where there is none."""
    return next(iter(current_steps(time, current, shortest=shortest)), None)


def current_steps(
    time: ArrayLike, current: ArrayLike, *, shortest: float = 50.0
) -> list[CurrentStep]:
    """The steps of one sweep's current: where each begins and ends, and how high it is.

    Test pulses much shorter than `shortest` are passed over; a current that changes most of the
    time has no steps. A current that never changes is a step from 0 over the whole sweep. A
    measured current may be noisy and its edges slow: an edge is where half the height is reached.

    **Arguments:** `time` (n,) ms, uniform; `current` (n,) pA; `shortest` step, ms.

    **Returns:** each `CurrentStep`, in their order.

    **Raises:** `ValueError` for shapes that disagree and numbers that are not finite.
    """
    t, i = np.asarray(time, float), np.asarray(current, float)
    if t.ndim != 1 or t.shape != i.shape or t.size < 2:
        raise ValueError(
            f"time {t.shape} and current {i.shape} must be one row each, equally long, of two "
            "samples at least."
        )
    if not (np.isfinite(t).all() and np.isfinite(i).all()):
        raise ValueError("time or current is not finite somewhere: cut that stretch off.")
    dt = float(t[1] - t[0])
    if np.ptp(i) == 0.0:
        return [CurrentStep(float(t[0]), float(t[-1] + dt), float(i[0]), 0.0)]
    block = max(1, round(_BLOCK / dt))
    edges, noise = _edges(i, block, max(2, round(0.5 * shortest / (block * dt))))
    parts = [(first, last, *_level(i[first:last], block)) for first, last in pairwise(edges)]
    base = parts[0][2]
    if len(parts) == 1:
        constant = parts[0][3] + _CLEAR * noise <= _DRIFT * abs(base)
        return [CurrentStep(float(t[0]), float(t[-1] + dt), base, 0.0)] if constant else []
    if not _mostly_flat(i, parts, noise, block):
        return []
    found = []
    for (_, _, _, wander), (first, last, level, spread) in pairwise(parts):
        flat = max(spread, wander) <= _DRIFT * abs(level - base) + _WHITE * noise
        off = abs(level - base) > max(noise, _SMALLEST * np.ptp(i))
        if flat and off and (last - first) * dt >= shortest - 0.5 * dt:
            step = CurrentStep(float(t[first]), float(t[0] + last * dt), level - base, base)
            found.append(step)
    return found


def _mostly_flat(i: NDArray, parts, noise: float, block: int) -> bool:
    """Whether levels make up most of a current, which may have a quiet stretch by chance."""
    rest = np.concatenate([i[first:last] - level for first, last, level, _ in parts])
    levels = [level for _, _, level, _ in parts]
    return _level(rest, block)[1] <= _SMALLEST * float(np.ptp(levels)) + _WHITE * noise


def _level(part: NDArray, block: int) -> tuple[float, float]:
    """The median of a stretch, and by how much its middle half changes."""
    low, high = np.quantile(_blocks(part, block), (0.25, 0.75))
    return float(np.median(part)), float(high - low)


def _blocks(part: NDArray, block: int) -> NDArray:
    count = max(part.size // block, 1)
    return np.median(part[: count * block].reshape(count, -1), axis=1)


def _edges(i: NDArray, block: int, half: int) -> tuple[list[int], float]:
    """The samples at which the current jumps, with both ends, and the noise of a block (pA).

    A jump is where the medians of the `half` blocks before and after differ.
    """
    rows = _blocks(i, block)
    noise = 1.4826 * float(np.median(np.abs(np.diff(rows)))) / 2**0.5 if rows.size > 1 else 0.0
    padded = np.pad(rows, half, mode="edge")
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, half), axis=1)
    jump = medians[half:] - medians[:-half]
    # The median's own standard deviation is 1.25 of the mean's; of two, 2^0.5 times that.
    clear = max(_CLEAR * 1.25 * noise * (2.0 / half) ** 0.5, _SMALLEST * np.abs(jump).max())
    sign = np.where(np.abs(jump) > clear, np.sign(jump), 0.0)
    bounds = [0, *(np.flatnonzero(np.diff(sign)) + 1).tolist(), sign.size]
    edges = [0]
    for first, last in pairwise(bounds):
        if sign[first] != 0.0:
            middle = (first + last) // 2
            low, high = medians[middle], medians[min(middle + half, medians.size - 1)]
            begin = max(middle - half, 0) * block
            stretch = sign[first] * (i[begin : (middle + half) * block] - 0.5 * (low + high))
            # The sum falls up to the edge and rises from there.
            edges.append(begin + int(np.argmin(np.cumsum(stretch))) + 1)
    return [*sorted({k for k in edges if k < i.size}), i.size], noise
