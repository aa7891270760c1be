"""How strong a pulse must be, by how long it lasts."""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from .._model import AbstractModel
from ..solvers import AbstractSolver
from ._dynamics import check_neuron
from ._threshold import (
    check_found,
    check_range,
    check_span,
    first_strength,
    lead,
    pulse,
    reach,
    smooth_strength,
    steps,
    traced,
)


class StrengthDurationFit(NamedTuple):
    """A law of two constants, fitted to a strength-duration curve."""

    rheobase: float
    """pA"""
    chronaxie: float
    """ms"""
    error: float
    """root mean square of what the law's current is off, as a share of the curve's"""


@dataclasses.dataclass(frozen=True)
class StrengthDuration:
    """The weakest pulses of k durations that make a neuron fire."""

    duration: NDArray
    """(k,) ms"""
    current: NDArray
    """(k,) pA"""
    rheobase: float
    """pA, the weakest pulse that lasts"""
    chronaxie: float
    """ms, how long a pulse of twice that current must last"""
    weiss: StrengthDurationFit
    """to Weiss' law, as `weiss_fit`"""
    lapicque: StrengthDurationFit
    """to Lapicque's law, as `lapicque_fit`"""

    @property
    def charge(self) -> NDArray:
        """(k,) pC, of the weakest pulses."""
        return 1e-3 * self.current * self.duration


def strength_duration(
    model: AbstractModel,
    durations: ArrayLike,
    *,
    currents: tuple[float, float] = (0.0, 2e4),
    lasting: float = 100.0,
    after: float = 20.0,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> StrengthDuration:
    """The strength-duration curve of a neuron at rest, with rheobase and chronaxie.

    For one point with derivatives see `threshold_current`, for the chronaxie `chronaxie`.

    **Arguments:** `model`; `durations` (k,) of the pulses, ms; `currents`, the range to look
    in, pA; `lasting`, the duration of the pulse that measures the rheobase, ms; the others as
    in `threshold_current`.

    **Returns:** a `StrengthDuration`.

    **Raises:** `ValueError` for bad durations or a bad range, and where a pulse makes the
    neuron fire at both ends of the range or at neither.
    """
    check_neuron(model)
    widths = np.asarray(durations, float)
    if widths.ndim != 1 or widths.size < 2 or not (np.isfinite(widths) & (widths > 0)).all():
        raise ValueError(
            f"durations={durations} must be one row of at least two positive numbers (ms), such "
            "as np.geomspace(0.1, 10.0, 16)."
        )
    low, high = check_range(currents, "currents", "pA")
    count = _count(lasting, after, dt, max(widths.max(), lasting))
    given = traced(lasting, low, high, threshold)
    found, time = _curve(model, widths, given, count, dt, solver)
    check_found(found, currents, "pA", f"with each pulse, within {count * dt:g} ms")
    strength = np.asarray(found.strength, float)
    return StrengthDuration(
        duration=widths,
        current=strength[:-1],
        rheobase=float(strength[-1]),
        chronaxie=float(time.strength),
        weiss=weiss_fit(widths, strength[:-1]),
        lapicque=lapicque_fit(widths, strength[:-1]),
    )


def chronaxie(
    model: AbstractModel,
    *,
    currents: tuple[float, float] = (0.0, 2e4),
    lasting: float = 100.0,
    after: float = 20.0,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> Array:
    """How long a pulse of twice the rheobase must last to make a neuron fire.

    It has first derivatives by the model, as the rheobase behind it, by the implicit function
    (see `threshold_current`).

    **Arguments:** as in `strength_duration`.

    **Returns:** ms. Inside jit it is NaN where the error below would be raised.

    **Raises:** `ValueError` for a bad range, and where the pulse of the duration `lasting`
    makes the neuron fire at both ends of the range or at neither.
    """
    check_neuron(model)
    low, high = check_range(currents, "currents", "pA")
    count = _count(lasting, after, dt, lasting)
    given = traced(lasting, low, high, threshold)
    found, time = _chronaxie(model, given, count, dt, solver)
    check_found(found, currents, "pA", f"within {count * dt:g} ms")
    return time.strength


def _count(lasting: float, after: float, dt: float, longest: float) -> int:
    check_span(lasting, "lasting")
    check_span(after, "after", at_least=0.0)
    return steps(longest + after, dt)


@eqx.filter_jit
def _curve(model, widths, numbers, count, dt, solver):
    lasting, low, high, threshold = numbers
    attempt = _attempt(threshold, count, dt, solver)

    def weakest(width):
        return first_strength(
            lambda model, current: attempt(model, current, width), model, low, high
        )

    found = jax.vmap(weakest)(jnp.append(widths, lasting))
    rheobase = found.strength[-1]
    return found, first_strength(_doubled(attempt), (model, rheobase), 0.0, lasting)


@eqx.filter_jit
def _chronaxie(model, numbers, count, dt, solver):
    lasting, low, high, threshold = numbers
    attempt = _attempt(threshold, count, dt, solver)
    found = smooth_strength(
        lambda model, current: attempt(model, current, lasting), model, low, high
    )
    return found, smooth_strength(_doubled(attempt), (model, found.strength), 0.0, lasting)


def _attempt(threshold, count, dt, solver):
    def attempt(model, current, width):
        samples = current * pulse(lead(width, dt), width, count, dt)
        rest = model.initial_state(jnp.zeros(()))
        return reach(model, samples, rest, 0.0, threshold, dt, solver)

    return attempt


def _doubled(attempt):
    """The attempt at a duration, by a pulse of twice the rheobase."""
    return lambda given, width: attempt(given[0], 2.0 * given[1], width)


def weiss_fit(duration: ArrayLike, current: ArrayLike) -> StrengthDurationFit:
    r"""Weiss' law $I = I_{rh} (1 + t_{ch}/d)$: the charge grows in a straight line.

    Least squares of the relative error.
    Weiss 1901; Bostock 1983, doi:10.1113/jphysiol.1983.sp014823

    **Arguments:** `duration` (k,), ms, and `current` (k,), pA, of pulses at threshold.

    **Returns:** a `StrengthDurationFit`.

    **Raises:** `ValueError` where these are not two rows of at least two positive numbers.
    """
    d, current = _rows(duration, current)
    terms = np.column_stack([1.0 / current, 1.0 / (d * current)])
    (rheobase, product), *_ = np.linalg.lstsq(terms, np.ones(d.size), rcond=None)
    error = terms @ (rheobase, product) - 1.0
    return StrengthDurationFit(
        float(rheobase), float(product / rheobase), float(np.sqrt(np.mean(error**2)))
    )


def lapicque_fit(duration: ArrayLike, current: ArrayLike) -> StrengthDurationFit:
    r"""Lapicque's law $I = I_{rh}/(1 - 2^{-d/t_{ch}})$, exact for a leaky membrane.

    Least squares of the relative error.
    Lapicque 1907, translated by Brunel & van Rossum 2007, doi:10.1007/s00422-007-0189-6

    **Arguments:** `duration` (k,), ms, and `current` (k,), pA, of pulses at threshold.

    **Returns:** a `StrengthDurationFit`.

    **Raises:** `ValueError` where these are not two rows of at least two positive numbers.
    """
    d, current = _rows(duration, current)
    shortest, longest = 1e-2 * d.min(), 1e2 * d.max()
    best = StrengthDurationFit(np.nan, np.nan, np.inf)
    # Each round looks between the neighbours of the best of the last.
    for _ in range(8):
        tried = np.geomspace(shortest, longest, 33)
        terms = 1.0 / (-np.expm1(-np.log(2.0) * d / tried[:, None]) * current)
        rheobase = terms.sum(1) / np.square(terms).sum(1)
        error = np.sqrt(np.mean((rheobase[:, None] * terms - 1.0) ** 2, axis=1))
        k = int(np.argmin(error))
        best = StrengthDurationFit(float(rheobase[k]), float(tried[k]), float(error[k]))
        shortest, longest = tried[max(k - 1, 0)], tried[min(k + 1, 32)]
    return best


def _rows(duration: ArrayLike, current: ArrayLike) -> tuple[NDArray, NDArray]:
    d, i = np.asarray(duration, float), np.asarray(current, float)
    if d.ndim != 1 or d.shape != i.shape or d.size < 2 or not ((d > 0) & (i > 0)).all():
        raise ValueError(
            f"duration has shape {d.shape}, current {i.shape}: give one row each, at least two "
            "pulses, all positive (turn the sign of inward currents)."
        )
    return d, i
