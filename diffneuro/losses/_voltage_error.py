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
    outweigh all else: the residual is r/sqrt(1 + (r/largest)^2).
    """

    weights: NDArray | None = None
    mask_spikes: tuple[float, float] | None = None
    threshold: float = -20.0
    largest: float | None = None

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> VoltageTarget:
        weight = np.ones(len(time)) if self.weights is None else np.array(self.weights, float)
        if weight.shape != time.shape or not np.isfinite(weight).all() or (weight < 0).any():
            raise ValueError(
                f"weights of VoltageError must be {len(time)} numbers >= 0, one a sample; "
                f"they have shape {weight.shape}."
            )
        if self.mask_spikes is not None:
            before, after = self.mask_spikes
            for spike in recorded_spike_times(time, voltage, self.threshold):
                weight[(time > spike - before) & (time < spike + after)] = 0.0
        if weight.sum() == 0:
            raise ValueError("every sample has weight 0: mask less of the recording.")
        return VoltageTarget(voltage, np.sqrt(weight / weight.sum()))

    def residual(self, run: Trajectory, target: VoltageTarget, /) -> Array:
        error = run.y - target.voltage
        if self.largest is not None:
            error = error / jnp.sqrt(1.0 + (error / self.largest) ** 2)
        return target.weight * error
