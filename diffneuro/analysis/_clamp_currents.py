"""What is read off the currents of a voltage clamp."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._exponential import ExponentialFit, fit_exponential

# As a share of the largest current, what a step through the reversal potential has to rise by.
_LEAST_RISE = 0.02


def peak_currents(time: ArrayLike, currents: ArrayLike, window: tuple[float, float]) -> NDArray:
    """The current farthest from zero within a window, with its sign, of each sweep.

    **Arguments:** `time` (n,), ms; `currents` (k, n); `window`, from and up to (ms).

    **Returns:** (k,) in the currents' unit.

    **Raises:** `ValueError` for a window without samples.
    """
    inside = _within(time, currents, window)[1]
    farthest = np.argmax(np.abs(inside), axis=1)
    return inside[np.arange(len(inside)), farthest]


def mean_currents(time: ArrayLike, currents: ArrayLike, window: tuple[float, float]) -> NDArray:
    """The mean current within a window, of each sweep: (k,). As `peak_currents` else."""
    return _within(time, currents, window)[1].mean(axis=1)


def tail_currents(
    time: ArrayLike, currents: ArrayLike, window: tuple[float, float]
) -> list[ExponentialFit]:
    """An exponential through each sweep's tail; `initial` is its value at the window's start.

    **Arguments:** as of `peak_currents`; let the window start where the voltage jumps, or give
    one that leaves out the capacitive transient.
    """
    t, inside = _within(time, currents, window)
    return [fit_exponential(t - window[0], tail) for tail in inside]


def reversal_potential(voltages: ArrayLike, currents: ArrayLike) -> float:
    """Where an I-V curve crosses zero with the steepest slope, on straight lines (mV).

    **Arguments:** `voltages` (k,), mV; `currents` (k,), of any unit.

    **Raises:** `ValueError` for shapes that differ, and where the current does not turn from
    inward to outward.
    """
    v, i = np.asarray(voltages, float), np.asarray(currents, float)
    if v.ndim != 1 or v.shape != i.shape:
        raise ValueError(f"voltages have shape {v.shape}, currents {i.shape}: give one row each.")
    order = np.argsort(v)
    v, i = v[order], i[order]
    # Where nothing flows noise has any sign.
    steep = np.diff(i) > _LEAST_RISE * np.abs(i).max()
    crossings = np.flatnonzero((i[:-1] < 0.0) & (i[1:] >= 0.0) & steep)
    if crossings.size == 0:
        raise ValueError(
            "the current does not turn from inward to outward between these voltages: give "
            "steps on both sides of the reversal potential."
        )
    slopes = (i[crossings + 1] - i[crossings]) / (v[crossings + 1] - v[crossings])
    place, slope = crossings[np.argmax(slopes)], slopes.max()
    return float(v[place] - i[place] / slope)


def subtract_leak(
    current: ArrayLike, pulses: ArrayLike, *, divisor: float, baseline: int
) -> NDArray:
    """A current without what follows the voltage linearly: leak and capacitance (P/n).

    **Arguments:** `current` (n,); `pulses` (m, n), the currents under `stimuli.leak_pulses` of
    the same command; `divisor` as there; `baseline`, how many samples at the start are at the
    holding potential.

    **Returns:** (n,) the current beyond that at the holding potential.

    **Raises:** `ValueError` for shapes that do not fit and a baseline of no sample.
    """
    whole, small = np.asarray(current, float), np.atleast_2d(np.asarray(pulses, float))
    if whole.ndim != 1 or small.shape[1:] != whole.shape:
        raise ValueError(
            f"current has shape {whole.shape} and pulses {small.shape}: give (n,) and (m, n)."
        )
    if not 0 < baseline < whole.size:
        raise ValueError(f"baseline={baseline} must be from 1 to {whole.size - 1} samples.")
    mean = small.mean(axis=0)
    linear = divisor * (mean - mean[:baseline].mean())
    return whole - whole[:baseline].mean() - linear


def _within(time: ArrayLike, currents: ArrayLike, window: tuple[float, float]):
    t, sweeps = np.asarray(time, float), np.atleast_2d(np.asarray(currents, float))
    if sweeps.ndim != 2 or sweeps.shape[1:] != t.shape:
        raise ValueError(f"currents have shape {sweeps.shape}, time {t.shape}: give (k, n), (n,).")
    kept = (t >= window[0] - 1e-6) & (t < window[1] - 1e-6)
    if not kept.any():
        raise ValueError(f"no sample lies between {window[0]:g} and {window[1]:g} ms.")
    return t[kept], sweeps[:, kept]
