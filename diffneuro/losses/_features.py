"""The levels a voltage settles at, falls to and rises to."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import current_step, recorded_spike_times
from ._loss import AbstractLoss

# The last share of the time before a step, and of the step, that is averaged.
_SETTLED = 0.1


class FeatureTarget(NamedTuple):
    """Which samples each of the four levels is taken of, and what it was."""

    samples: NDArray
    """(4, n) 1 where a sample counts, 0 elsewhere"""
    levels: NDArray
    """(4,) mV"""
    weights: NDArray
    """(4,) square roots of the weights, 0 for a level that the sweep does not show"""


class Features(AbstractLoss):
    r"""$\sum_f w_f (F_f - F_f^{rec})^2$, in mV2, of four levels that are smooth in parameters.

    With $\langle \cdot \rangle$ a mean over samples and s the `softness` (mV), they are

    - `rest`: $\langle v \rangle$ in the last tenth of the time before the step of current;
    - `steady`: $\langle v \rangle$ in the last tenth of the step, if the cell is silent in it;
    - `trough`: $-s \ln \langle e^{-v/s} \rangle$ over the step, or, if the cell spikes, over
      what is left of it from the first recorded spike on: the sag, or the
      after-hyperpolarisation;
    - `height`: $s \ln \langle e^{v/s} \rangle$ over the step, if the cell spikes in it.

    The arguments are their weights. Unlike `analysis.features`, trough and height are soft
    extremes, which noise and a shift between samples hardly move; a spike in twice as many
    samples raises the height by 0.7 s. The step is what `analysis.current_step` finds, the whole
    sweep if there is none. A model that draws no spikes needs `height=0`. A sweep that
    shows none of the levels counts nothing.
    """

    rest: float = 1.0
    steady: float = 1.0
    trough: float = 1.0
    height: float = 1.0
    softness: float = 2.0
    threshold: float = -20.0

    def __check_init__(self):
        weights = (self.rest, self.steady, self.trough, self.height)
        if min(weights) < 0 or max(weights) == 0:
            raise ValueError(
                f"weights {weights} of Features must not be negative, nor all 0: give rest, "
                "steady, trough and height a weight each."
            )
        if not self.softness > 0:
            raise ValueError(f"softness={self.softness} mV of Features must be positive.")

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> FeatureTarget:
        step = current_step(time, current) if np.isfinite(current).all() else None
        start, end = (time[0], math.inf) if step is None else (step.start, step.end)
        # Half a step less, because times that were computed differ in the last digit.
        late = time + 0.5 * (time[1] - time[0])
        inside = (late >= start) & (late < end)
        stop = min(end, float(time[-1]))
        spikes = recorded_spike_times(time, voltage, self.threshold)
        spikes = spikes[(spikes >= start) & (spikes < end)]
        silent = spikes.size == 0
        samples = np.stack(
            [
                (late >= start - _SETTLED * (start - time[0])) & (late < start),
                inside & (late >= stop - _SETTLED * (stop - start)) & silent,
                inside if silent else inside & (time >= spikes[0]),
                inside & ~np.asarray(silent),
            ]
        )
        samples &= np.isfinite(voltage)
        shown = samples.any(axis=1)
        weights = np.sqrt([self.rest, self.steady, self.trough, self.height]) * shown
        # A level that is not there is taken of all samples, so that it and its slope are finite.
        samples[~shown] = True
        known = np.where(np.isfinite(voltage), voltage, 0.0)
        return FeatureTarget(
            samples.astype(float), _levels(known, samples, self.softness, np), weights
        )

    def residual(self, run: Trajectory, target: FeatureTarget, /) -> Array:
        if run.y.shape != target.samples.shape[-1:]:
            raise ValueError(
                f"the run keeps {run.y.shape[0]} of {target.samples.shape[-1]} samples: the loss "
                "needs all, so leave out every=."
            )
        levels = _levels(run.y, target.samples > 0, self.softness, jnp)
        return jnp.asarray(target.weights) * (levels - jnp.asarray(target.levels))


def _levels(voltage, samples, softness: float, xp):
    """(4,) mV: rest, steady, trough and height, of NumPy's arrays or JAX's."""
    rest, steady, low, high = samples
    return xp.stack(
        [
            _mean(voltage, rest, xp),
            _mean(voltage, steady, xp),
            -_highest(-voltage, low, softness, xp),
            _highest(voltage, high, softness, xp),
        ]
    )


def _mean(voltage, counted, xp):
    return xp.sum(xp.where(counted, voltage, 0.0)) / xp.sum(counted)


def _highest(voltage, counted, softness: float, xp):
    """The soft maximum; the hard one is taken out first, so that nothing overflows."""
    largest = xp.max(xp.where(counted, voltage, -xp.inf))
    if xp is jnp:
        largest = jax.lax.stop_gradient(largest)
    share = xp.exp(xp.where(counted, voltage - largest, -xp.inf) / softness)
    return largest + softness * xp.log(xp.sum(share) / xp.sum(counted))
