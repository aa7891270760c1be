"""The soft Victor-Purpura distance as a loss."""

import jax.numpy as jnp
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import soft_victor_purpura
from ..analysis._spike_times import first_spike_times
from ._loss import AbstractLoss
from ._recorded_spikes import padded_spike_times


class VictorPurpura(AbstractLoss):
    r"""What it costs to turn the model's spikes into the recorded ones: $S_\gamma$.

    `analysis.soft_victor_purpura` with the `cost` per ms and the `temperature` $\gamma$, as
    one residual, its square root, of which `methods.LevenbergMarquardt` learns little: with it
    use `VanRossum` or `SpikeTimes`. The derivative goes by the spike times, so it moves spikes
    but neither makes nor removes any: for that add `SpikeCount`.

    At most `max_spikes` are compared; a recorded sweep with more is refused, and of the
    model's each further one costs 1. `threshold` in mV.
    """

    cost: float = 0.1
    temperature: float = 0.1
    threshold: float = -20.0
    max_spikes: int = 64

    def __check_init__(self):
        if not (self.cost > 0 and self.temperature > 0 and self.max_spikes >= 1):
            raise ValueError(
                f"cost={self.cost}, temperature={self.temperature} and max_spikes="
                f"{self.max_spikes} of VictorPurpura must be positive."
            )

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> NDArray:
        return padded_spike_times(time, voltage, self.threshold, self.max_spikes)

    def residual(self, run: Trajectory, target: NDArray, /) -> Array:
        times, count = first_spike_times(run, self.max_spikes, self.threshold)
        distance = soft_victor_purpura(times, target, cost=self.cost, temperature=self.temperature)
        distance = distance + jnp.maximum(count - self.max_spikes, 0).astype(distance.dtype)
        apart = distance > 0.0
        return jnp.where(apart, jnp.sqrt(jnp.where(apart, distance, 1.0)), 0.0)[None]
