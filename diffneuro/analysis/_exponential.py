"""A single exponential through points."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._least_squares import check_points, least_squares


class ExponentialFit(NamedTuple):
    r"""$y(t) = y_\infty + (y_0 - y_\infty) e^{-t/\tau}$."""

    initial: float
    """at t = 0, to which it is extrapolated"""
    final: float
    time_constant: float
    """ms"""
    standard_errors: tuple[float, float, float]
    """of these three"""

    def value(self, time: ArrayLike) -> NDArray:
        """The curve at `time` (ms)."""
        return _curve(np.asarray(time, float), self.initial, self.final, self.time_constant)


def fit_exponential(time: ArrayLike, values: ArrayLike) -> ExponentialFit:
    """The exponential with the least squared distance from points.

    It serves tail currents, recovery from inactivation (intervals and ratios of peaks), and the
    transient of a membrane test.

    **Arguments:** `time` (n,), ms from where `initial` is wanted; `values` (n,).

    **Raises:** `ValueError` for fewer than four points and where none fits.
    """
    t, y = np.asarray(time, float), np.asarray(values, float)
    check_points(t, y, "exponential")
    reached = np.abs(y - y[0]) >= 0.63 * np.abs(y[-1] - y[0])
    guess = (y[0], y[-1], max(float(t[np.argmax(reached)] - t[0]), 1e-3))
    (initial, final, time_constant), errors = least_squares(_curve, t, y, guess, "exponential")
    return ExponentialFit(initial, final, time_constant, errors)


def _curve(t: NDArray, initial: float, final: float, time_constant: float) -> NDArray:
    # Far trials of the search overflow, and are refused by it.
    with np.errstate(over="ignore"):
        return final + (initial - final) * np.exp(-t / time_constant)
