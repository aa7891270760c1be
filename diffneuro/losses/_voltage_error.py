"""The mean squared difference of two voltages."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import recorded_spike_times
from ._loss import AbstractLoss


class VoltageTarget(NamedTuple):
    """A recorded voltage and how much each sample counts."""

    voltage: NDArray
    """(n,) mV"""
    weight: NDArray
    """(n,) square roots of weights that add up to 1"""


class VoltageError(AbstractLoss):
    r"""$\sum_k w_k (v_k - v_k^{rec})^2 / \sum_k w_k$, in mV2.

    `weights` (n,) says how much each sample counts, the same in all sweeps; artefacts get 0.
    `mask_spikes=(a, b)` leaves out the samples from a ms before to b ms after each recorded
    crossing of `threshold` (mV), as integrate-and-fire models need. `largest` (mV), if given,
    is where a sample's error levels off smoothly, so that a spike in the wrong place does not
    outweigh all else: the residual is r/sqrt(1 + (r/largest)^2). A step with a reset in it is
    shared between the voltages before and after, so that the loss is smooth across resets,
    unless `every` is above 1.
    Samples that are NaN are not compared. With `every` only each so-many-th sample is: where
    the voltage is slow, as between spikes, the same for less.
    """

    weights: NDArray | None = None
    mask_spikes: tuple[float, float] | None = None
    threshold: float = -20.0
    largest: float | None = None
    every: int = 1

    def __check_init__(self):
        if isinstance(self.every, bool) or not isinstance(self.every, int) or self.every < 1:
            raise ValueError(f"every={self.every!r} of VoltageError must be a whole number from 1.")

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> VoltageTarget:
        weight = np.ones(len(time)) if self.weights is None else np.array(self.weights, float)
        if weight.shape != time.shape or not np.isfinite(weight).all() or (weight < 0).any():
            raise ValueError(
                f"weights of VoltageError must be {len(time)} numbers >= 0, one a sample; "
                f"they have shape {weight.shape}."
            )
        known = np.isfinite(voltage)
        weight[~known] = 0.0
        if self.mask_spikes is not None:
            before, after = self.mask_spikes
            for spike in recorded_spike_times(time, voltage, self.threshold):
                weight[(time > spike - before) & (time < spike + after)] = 0.0
        weight, compared = weight[:: self.every], np.where(known, voltage, 0.0)[:: self.every]
        # Of a recording that is known in part, a window of it, nothing may be left.
        if weight.sum() == 0 and known.all():
            raise ValueError("every sample has weight 0: mask less of the recording.")
        return VoltageTarget(compared, np.sqrt(weight / max(weight.sum(), 1e-12)))

    def residual(self, run: Trajectory, target: VoltageTarget, /) -> Array:
        if run.spike_times is not None and self.every == 1:
            error = self._level(run.y - target.voltage)
            error = _within_steps(error, run.t, run.spike_times)
        else:
            error = self._level(run.y[:: self.every] - target.voltage)
        return jnp.asarray(target.weight) * error

    def _level(self, error: Array) -> Array:
        if self.largest is None:
            return error
        return error / jnp.sqrt(1.0 + (error / self.largest) ** 2)


def _within_steps(error: Array, t: Array, spike_times: Array) -> Array:
    """The error of each step, of which a spike leaves only its part to what was before it.

    The sum over a grid jumps when a spike passes one of its points and sees nothing of a shift
    in between, so its derivative is wrong across resets; the integral's is right.
    """
    if error.shape != spike_times.shape:
        raise ValueError(
            f"the run keeps {error.shape[0]} of {spike_times.shape[0]} samples: the loss needs "
            "all, so leave out every=."
        )
    fired = jnp.isfinite(spike_times)
    before = jnp.where(fired, (spike_times - t) / (t[1] - t[0]), 1.0)
    following = jnp.concatenate([error[1:], error[-1:]])
    mean = before * error**2 + (1.0 - before) * following**2
    there = fired & (mean > 0.0)
    return jnp.where(there, jnp.sqrt(jnp.where(there, mean, 1.0)), error)
