"""What of a recorded spike train a model leaves unpredicted."""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import smooth_coincidence
from ..analysis._spike_times import first_spike_times
from ._loss import AbstractLoss
from ._recorded_spikes import padded_spike_times


class CoincidenceTarget(NamedTuple):
    """Recorded spikes, and out of how long a sweep."""

    times: NDArray
    """(max_spikes,) ms, padded with inf"""
    duration: NDArray
    """ms"""


class Coincidence(AbstractLoss):
    r"""$1 - \Gamma$, the mean of that over several `windows`: 0 where trains are equal.

    $\Gamma$ is `analysis.smooth_coincidence` with a window's half-width (ms): what a model of
    spikes in noise is scored by, so that an evolution may climb the score itself. Narrow
    windows alone see nothing of a spike that is far off, so some should be wide. A model that
    spikes so often that chance explains everything counts as if it had missed as much again as
    there is. The derivative goes by the spike times, so it moves spikes but neither makes nor
    removes any; each window is one residual, so `methods.LevenbergMarquardt` learns little.
    Kistler, Gerstner & van Hemmen 1997, doi:10.1162/neco.1997.9.5.1015

    At most `max_spikes` are compared; a recorded sweep with more is refused, and of the
    model's each further one costs its share of them. `threshold` in mV.
    """

    windows: tuple[float, ...] = (2.0, 4.0, 8.0)
    threshold: float = -20.0
    max_spikes: int = 64

    def __check_init__(self):
        if not (self.windows and min(self.windows) > 0 and self.max_spikes >= 1):
            raise ValueError(
                f"windows={self.windows} ms and max_spikes={self.max_spikes} of Coincidence must "
                "be positive."
            )

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> CoincidenceTarget:
        found = padded_spike_times(time, voltage, self.threshold, self.max_spikes)
        return CoincidenceTarget(found, np.asarray(len(time) * (time[1] - time[0])))

    def residual(self, run: Trajectory, target: CoincidenceTarget, /) -> Array:
        times, count = first_spike_times(run, self.max_spikes, self.threshold)
        surplus = jnp.maximum(count - self.max_spikes, 0).astype(times.dtype) / self.max_spikes
        missed = [
            1.0 - smooth_coincidence(target.times, times, duration=target.duration, window=window)
            for window in self.windows
        ]
        missed = jnp.stack(missed)
        missed = jnp.where(jnp.isfinite(missed), missed, 2.0) + surplus
        apart = missed > 0.0
        return jnp.where(apart, jnp.sqrt(jnp.where(apart, missed, 1.0)), 0.0) / math.sqrt(
            len(self.windows)
        )
