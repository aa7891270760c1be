"""The dynamic I-V curve of a neuron driven by noise."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._spike_times import recorded_spike_times

# A bin of the curve holds at least so many sampling intervals.
_FEWEST_IN_BIN = 20
_FEWEST_BINS = 8
# An upstroke is one if it carries at least this share of what the leak does from end to end.
_LEAST_UPSTROKE = 0.05
# And takes so much off the squares of the bins' deviations by their errors.
_LEAST_GAIN = 25.0
# The capacitance is told by the bins between these shares of all intervals: the membrane is
# passive there.
_PASSIVE_SHARE = (0.1, 0.6)
# mV; the slope factors among which one is sought, before the best is refined.
_SLOPE_FACTORS = np.geomspace(0.1, 20.0, 100)


class DynamicIV(NamedTuple):
    """A dynamic I-V curve of k bins, and the exponential integrate-and-fire neuron it fits."""

    voltage: NDArray
    """(k,) mV, the mean within each bin"""
    current: NDArray
    """(k,) pA, outward positive: the mean ionic current at that voltage"""
    standard_error: NDArray
    """(k,) pA, of those means, as if intervals were independent"""
    capacitance: float
    """pF"""
    leak_conductance: float
    """nS"""
    leak_reversal: float
    """mV"""
    threshold: float
    """mV, where the curve is flat; of a curve without an upstroke its last voltage"""
    slope_factor: float
    """mV, of the upstroke; 0 where there is none, as in a leaky integrate-and-fire neuron"""

    def rate(self) -> NDArray:
        """(k,) mV/ms: the paper's F, how fast the voltage rises by itself."""
        return -self.current / self.capacitance

    def model_current(self, voltage: ArrayLike) -> NDArray:
        """The fitted neuron's ionic current (pA) at voltages (mV)."""
        v = np.asarray(voltage, float)
        leak = self.leak_conductance * (v - self.leak_reversal)
        if self.slope_factor == 0.0:
            return leak
        rise = np.exp((v - self.threshold) / self.slope_factor)
        return leak - self.leak_conductance * self.slope_factor * rise


def dynamic_i_v(
    time: ArrayLike,
    current: ArrayLike,
    voltage: ArrayLike,
    *,
    spike_times: Sequence[ArrayLike] | NDArray | None = None,
    after_spike: float = 30.0,
    bin_width: float = 0.5,
    voltage_range: tuple[float, float] | None = None,
    largest_rate: float = 5.0,
) -> DynamicIV:
    r"""The mean ionic current at each voltage under a noisy injected current.

    $I_d(v) = \langle I - C\,\Delta v/h \rangle$ over the sampling intervals h with midpoint v
    that are away from spikes. C is what makes $I/C - \Delta v/h$ vary least within bins.
    $g_L (v - E_L) - g_L \Delta_T e^{(v - V_T)/\Delta_T}$ is then fitted by least squares, with
    bins weighted by their errors: linear for each $\Delta_T$, all of which are tried. The
    paper takes C at one voltage, and the parameters in sequence.
    Badel, Lefort, Brette, Petersen, Gerstner & Richardson 2008, doi:10.1152/jn.01107.2007

    **Arguments:**

    - `time`: (n,), ms; `current`: (n,) or (sweeps, n), pA, each held for an interval;
      `voltage`: as the current, mV, without an electrode's drop: subtract the series
      resistance (GOhm) times the current first. A `Recording` has all three.
    - `spike_times`: ms, of each sweep; by default the upward crossings of -20 mV. Give a
      simulated neuron's own, which may be reset before it gets there.
    - `after_spike`: ms left out from each spike on, for what follows it.
    - `bin_width`: mV.
    - `voltage_range`: mV, outside which nothing is used; by default all is.
    - `largest_rate`: mV/ms; the curve ends where the voltage rises faster by itself.

    **Returns:** a `DynamicIV`. What adapts slowly is in it by its mean.

    **Raises:** `ValueError` for shapes that disagree, values that are not finite, a recording
    that is too short or without noise, and a curve without a leak.
    """
    dt, currents, voltages = _checked(time, current, voltage)
    away = _away_from_spikes(time, voltages, spike_times, after_spike, dt)
    amid = 0.5 * (voltages[:, 1:] + voltages[:, :-1])
    low, high = (-np.inf, np.inf) if voltage_range is None else voltage_range
    used = away & (amid >= low) & (amid <= high)
    v, i = amid[used], currents[:, :-1][used]
    slope = (np.diff(voltages, axis=1) / dt)[used]
    bins = _in_bins(v, bin_width)
    _check_bins(len(bins.size))
    capacitance = _capacitance(bins, i, slope)
    ionic = i - capacitance * slope
    mean, error = bins.mean(ionic), bins.standard_error(ionic)
    place = bins.mean(v)
    last = _end(place, mean / capacitance, error / capacitance, float(np.median(v)), largest_rate)
    place, mean, error = place[:last], mean[:last], error[:last]
    _check_bins(last)
    return DynamicIV(place, mean, error, capacitance, *_exponential(place, mean, error))


def exponential_start(curve: DynamicIV) -> dict[str, float]:
    """The values of a curve by the names that `neurons.EIF` and `neurons.AdEx` have for them.

    For `replace`, or as a start of a fit together with what the curve does not know: reset,
    refractory time and adaptation.

    **Raises:** `ValueError` for a curve without an upstroke.
    """
    if curve.slope_factor == 0.0:
        raise ValueError(
            "the curve has no upstroke: take its leak and threshold for a neurons.LIF, or raise "
            "largest_rate."
        )
    names = ("capacitance", "leak_conductance", "leak_reversal", "threshold", "slope_factor")
    return dict(zip(names, curve[3:], strict=True))


class _Bins(NamedTuple):
    """Which of k bins each of many values is in."""

    place: NDArray
    """(n,) from 0; k for what is in none of them"""
    size: NDArray
    """(k,) how many there are in each"""

    def mean(self, values: NDArray) -> NDArray:
        bins = len(self.size)
        return np.bincount(self.place, values, minlength=bins + 1)[:bins] / self.size

    def rest(self, values: NDArray) -> NDArray:
        """What is left of each value without its bin's mean."""
        return values - np.append(self.mean(values), 0.0)[self.place]

    def standard_error(self, values: NDArray) -> NDArray:
        return np.sqrt(self.mean(self.rest(values) ** 2) / self.size)


def _in_bins(v: NDArray, width: float) -> _Bins:
    """Bins of this width that hold enough each."""
    if not width > 0:
        raise ValueError(f"bin_width={width} mV must be positive: 0.5 suits most cells.")
    if v.size < _FEWEST_IN_BIN:
        raise ValueError(
            f"{v.size} sampling intervals are left away from spikes: shorten after_spike, "
            "widen voltage_range, or record longer."
        )
    number = np.floor((v - v.min()) / width).astype(int)
    enough = np.bincount(number) >= _FEWEST_IN_BIN
    place = np.where(enough, np.cumsum(enough) - 1, enough.sum())[number]
    return _Bins(place, np.bincount(place)[: enough.sum()])


def _check_bins(count: int) -> None:
    if count < _FEWEST_BINS:
        raise ValueError(
            f"the curve has {count} bins of {_FEWEST_IN_BIN} intervals or more, less than "
            f"{_FEWEST_BINS}: record longer or more noise, narrow bin_width, or widen "
            "voltage_range."
        )


def _checked(time, current, voltage) -> tuple[float, NDArray, NDArray]:
    t = np.asarray(time, float)
    currents, voltages = (np.atleast_2d(np.asarray(a, float)) for a in (current, voltage))
    if t.ndim != 1 or currents.shape != voltages.shape or voltages.shape[1:] != t.shape:
        raise ValueError(
            f"time {t.shape}, current {currents.shape} and voltage {voltages.shape} disagree: "
            "give a value of each for every sample."
        )
    if t.size < 2 or not np.allclose(np.diff(t), t[1] - t[0], rtol=1e-3) or t[1] <= t[0]:
        raise ValueError("time must rise in equal steps (ms): resample the recording.")
    if not (np.isfinite(currents).all() and np.isfinite(voltages).all()):
        raise ValueError("current and voltage must be finite: cut the rest off.")
    return float(t[-1] - t[0]) / (t.size - 1), currents, voltages


def _away_from_spikes(time, voltages, spike_times, after_spike, dt) -> NDArray:
    """(sweeps, n - 1): whether an interval is neither in a spike nor soon after one."""
    if spike_times is None:
        trains = [recorded_spike_times(time, row) for row in voltages]
    else:
        flat = all(np.ndim(entry) == 0 for entry in spike_times)
        trains = [spike_times] if flat else list(spike_times)
    if len(trains) != len(voltages):
        raise ValueError(
            f"spike_times has {len(trains)} trains for {len(voltages)} sweeps: give one for each."
        )
    starts = np.asarray(time, float)[:-1]
    away = np.ones((len(voltages), starts.size), bool)
    for row, train in zip(away, trains, strict=True):
        times = np.asarray(train, float)
        for spike in times[np.isfinite(times)]:
            row[(starts > spike - 2.0 * dt) & (starts < spike + after_spike)] = False
    return away


def _capacitance(bins: _Bins, current: NDArray, slope: NDArray) -> float:
    """1/C is the regression of slope on current within bins, which leaves least variance."""
    share = bins.size / bins.size.sum()
    upto = np.cumsum(share)
    chosen = (upto >= _PASSIVE_SHARE[0]) & (upto - share <= _PASSIVE_SHARE[1])
    i, s = bins.rest(current), bins.rest(slope)
    together, alone = (bins.size * bins.mean(values) for values in (i * s, i * i))
    if not (alone[chosen].sum() > 0 and together[chosen].sum() > 0):
        raise ValueError(
            "the current does not tell the capacitance: it must fluctuate, and the voltage with "
            "it; look at the units, or record under noise."
        )
    return float(alone[chosen].sum() / together[chosen].sum())


def _end(place: NDArray, fall: NDArray, error: NDArray, middle: float, largest: float) -> int:
    """How many bins to keep: up to where the voltage runs away, mV/ms, or else fastest.

    Beyond that an interval may hold a spike, and only what did not spike is left.
    """
    rate = -fall
    upper = min(int(np.searchsorted(place, middle)), len(place) - 1)
    runs = np.flatnonzero(rate[upper:] > largest)
    if runs.size:
        return upper + int(runs[0])
    peak = upper + int(np.argmax(rate[upper:]))
    return peak + 1 if rate[peak] - rate[upper] > 3.0 * error[peak] else len(place)


def _exponential(v: NDArray, current: NDArray, error: NDArray) -> tuple[float, float, float, float]:
    """Leak conductance and reversal, threshold and slope factor of a curve."""
    from scipy.optimize import minimize_scalar, nnls

    weights = 1.0 / np.maximum(error, 1e-3 * np.median(error))
    top = v[-1]

    def attempt(slope_factor):
        # Leak conductance and upstroke are not negative; the offset may have either sign.
        columns = [v - top, np.ones_like(v), -np.ones_like(v)]
        if slope_factor > 0.0:
            columns.append(-np.exp((v - top) / slope_factor))
        return nnls(np.stack(columns, axis=1) * weights[:, None], current * weights)

    misfits = [attempt(slope_factor)[1] for slope_factor in _SLOPE_FACTORS]
    best = int(np.clip(np.argmin(misfits), 1, len(misfits) - 2))
    around = (_SLOPE_FACTORS[best - 1], _SLOPE_FACTORS[best + 1])
    found: Any = minimize_scalar(lambda s: attempt(s)[1], bounds=around, method="bounded")
    slope_factor = float(found.x)
    (leak, above, below, upstroke), misfit = attempt(slope_factor)
    straight, straight_misfit = attempt(0.0)
    # A leaky neuron's last bins are never so straight that no exponential fits them better.
    least = _LEAST_UPSTROKE * leak * (top - v[0])
    if upstroke <= least or straight_misfit**2 - misfit**2 < _LEAST_GAIN:
        slope_factor, (leak, above, below) = 0.0, straight
    if leak <= 0.0:
        raise ValueError(
            "the curve has no leak: its current does not grow with the voltage anywhere; narrow "
            "voltage_range to the passive membrane and the upstroke."
        )
    reversal = top - (above - below) / leak
    threshold = top
    if slope_factor > 0.0:
        threshold += slope_factor * np.log(leak * slope_factor / upstroke)
    return float(leak), float(reversal), float(threshold), slope_factor
