"""How many spikes there are."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import recorded_spike_times
from ..spikes import AbstractSpikeGradient, Hybrid
from ._loss import AbstractSpikeTrainLoss


class SpikeCount(AbstractSpikeTrainLoss):
    r"""$(N - N^{rec})^2/(N^{rec} + 1)$, of the numbers of spikes.

    For a spiking model N is the sum of `Trajectory.spikes`, whose derivative is that of the
    spike gradient: a surrogate's makes and removes spikes, the exact one is 0. For a neuron
    without a threshold of its own
    $N = \sum_k \max(0, \sigma_{k+1} - \sigma_k)$ with
    $\sigma_k = 1/(1 + e^{-(v_k - \theta)/w})$: a spike that rises far past the `threshold`
    (mV) counts 1, one that stays a few times `width` (mV) below it next to nothing.
    """

    threshold: float = -20.0
    width: float = 5.0

    def __check_init__(self):
        if not self.width > 0:
            raise ValueError(f"width={self.width} mV of SpikeCount must be positive.")

    def spikes(self, times: Array, /) -> AbstractSpikeGradient:
        return Hybrid(times)

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> NDArray:
        return np.asarray(float(len(recorded_spike_times(time, voltage, self.threshold))))

    def residual(self, run: Trajectory, target: NDArray, /) -> Array:
        if run.spikes is None:
            above = jax.nn.sigmoid((run.y - self.threshold) / self.width)
            count = jnp.sum(jnp.maximum(jnp.diff(above), 0.0))
        else:
            count = jnp.sum(run.spikes)
        return jnp.atleast_1d((count - target) / jnp.sqrt(target + 1.0))
