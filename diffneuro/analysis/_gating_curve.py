"""Activation and inactivation curves."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._least_squares import check_points, least_squares

# mV; nearer to the reversal potential a conductance is a small number over a small number.
_TOO_NEAR = 5.0


class BoltzmannFit(NamedTuple):
    r"""$y(v) = A/(1 + e^{-(v - v_{1/2})/k})$."""

    half: float
    """mV"""
    slope: float
    """mV, negative where y falls"""
    amplitude: float
    standard_errors: tuple[float, float, float]
    """of these three"""

    def value(self, voltage: ArrayLike) -> NDArray:
        """The curve at `voltage` (mV)."""
        return _curve(np.asarray(voltage, float), self.half, self.slope, self.amplitude)


@dataclasses.dataclass(frozen=True)
class GatingCurve:
    """How many channels are ready at which voltage, as a fraction of the most."""

    voltage: NDArray
    """(k,) mV"""
    fraction: NDArray
    """(k,) in units of the Boltzmann function's amplitude"""
    fit: BoltzmannFit
    """of amplitude 1"""


def fit_boltzmann(voltages: ArrayLike, values: ArrayLike) -> BoltzmannFit:
    """The Boltzmann function with the least squared distance from points.

    **Arguments:** `voltages` (k,), mV; `values` (k,).

    **Raises:** `ValueError` for fewer than four points and where none fits.
    """
    v, y = np.asarray(voltages, float), np.asarray(values, float)
    check_points(v, y, "Boltzmann function")
    largest = y[np.argmax(np.abs(y))]
    half = v[np.argmin(np.abs(y - 0.5 * largest))]
    order = np.argsort(v)
    rising = abs(y[order[-1]]) > abs(y[order[0]])
    guess = (half, (1.0 if rising else -1.0) * np.ptp(v) / 12.0, largest)
    (half, slope, amplitude), errors = least_squares(_curve, v, y, guess, "Boltzmann function")
    return BoltzmannFit(half, slope, amplitude, errors)


def activation_curve(
    voltages: ArrayLike, currents: ArrayLike, reversal_potential: float
) -> GatingCurve:
    """Conductances against voltage, from the peak currents of a family of steps.

    For tail currents, which all flow at one voltage, give them to `inactivation_curve`.

    **Arguments:** `voltages` (k,), mV; `currents` (k,), of any unit; `reversal_potential`, mV.
    Voltages within 5 mV of it are left out.

    **Raises:** `ValueError` for shapes that differ, and as `fit_boltzmann`.
    """
    v, current = np.asarray(voltages, float), np.asarray(currents, float)
    if v.ndim != 1 or v.shape != current.shape:
        raise ValueError(
            f"voltages have shape {v.shape}, currents {current.shape}: give one row each."
        )
    kept = np.abs(v - reversal_potential) >= _TOO_NEAR
    return _normalised(v[kept], current[kept] / (v[kept] - reversal_potential))


def inactivation_curve(voltages: ArrayLike, currents: ArrayLike) -> GatingCurve:
    """Currents of one test pulse against the voltage before it.

    **Arguments:** `voltages` (k,) of the prepulses, mV; `currents` (k,) of the test pulse (or
    of the tails, for an activation curve), of any unit.
    """
    return _normalised(np.asarray(voltages, float), np.asarray(currents, float))


def _normalised(voltage: NDArray, values: NDArray) -> GatingCurve:
    fit = fit_boltzmann(voltage, values)
    errors = (*fit.standard_errors[:2], fit.standard_errors[2] / abs(fit.amplitude))
    unit = fit._replace(amplitude=1.0, standard_errors=errors)
    return GatingCurve(voltage, values / fit.amplitude, unit)


def _curve(v: NDArray, half: float, slope: float, amplitude: float) -> NDArray:
    # Far trials of the search overflow to 0, which is right.
    with np.errstate(over="ignore"):
        return amplitude / (1.0 + np.exp(-(v - half) / slope))
