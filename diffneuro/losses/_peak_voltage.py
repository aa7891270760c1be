"""How high the voltage gets."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ._loss import AbstractLoss


class PeakTarget(NamedTuple):
    """The recorded peak, and until when the model is looked at."""

    voltage: NDArray
    """mV"""
    end: NDArray
    """ms"""


class PeakVoltage(AbstractLoss):
    r"""The highest voltage of a sweep against the recorded one, $(\max v - \max v^{rec})/s$.

    With it a spike has a height. `scale` s is in mV; the residual levels off smoothly at
    `largest`. Where the recording ends in NaN, a model may still make up for a spike, a peak
    above `threshold` (mV), that is late there; of a recording without any it is not compared.
    """

    scale: float = 15.0
    largest: float = 4.0
    threshold: float = -20.0

    def __check_init__(self):
        if not (self.scale > 0 and self.largest > 0):
            raise ValueError(
                f"scale={self.scale} and largest={self.largest} of PeakVoltage must be positive."
            )

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> PeakTarget:
        peak = np.nanmax(voltage)
        end = time[-1] if peak > self.threshold else time[np.isfinite(voltage)].max()
        return PeakTarget(np.asarray(peak), np.asarray(end))

    def residual(self, run: Trajectory, target: PeakTarget, /) -> Array:
        # Half a step more, because times that were computed differ in the last digit.
        compared = run.t < target.end + 0.5 * (run.t[1] - run.t[0])
        error = (jnp.max(jnp.where(compared, run.y, -jnp.inf)) - target.voltage) / self.scale
        return jnp.atleast_1d(error / jnp.sqrt(1.0 + (error / self.largest) ** 2))
