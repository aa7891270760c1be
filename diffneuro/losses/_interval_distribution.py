"""How the interspike intervals are distributed."""

import jax.numpy as jnp
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis import matched_intervals
from ..analysis._spike_times import first_spike_times
from ._loss import AbstractLoss
from ._recorded_spikes import padded_spike_times


class IntervalDistribution(AbstractLoss):
    r"""$\int_0^1 \left(\log \frac{F^{-1}(u)}{F_{rec}^{-1}(u)} \Big/ p\right)^2 \mathrm{d}u$.

    The squared Wasserstein distance of order 2 of the logarithms of the interspike intervals,
    in units of the relative precision p: shortest is compared with shortest, longest with
    longest, whatever their number and order, so that an irregular cell's statistics are fitted
    where its spike times cannot be. Where one of the trains has fewer than two spikes and the
    other has not, the loss is `largest` squared, without a slope: add `SpikeCount`.

    At most `max_spikes` are compared; a recorded sweep with more is refused. `threshold` in mV.
    """

    precision: float = 0.2
    largest: float = 5.0
    threshold: float = -20.0
    max_spikes: int = 64

    def __check_init__(self):
        if not (self.precision > 0 and self.largest > 0 and self.max_spikes >= 2):
            raise ValueError(
                f"precision={self.precision} and largest={self.largest} of IntervalDistribution "
                f"must be positive, and max_spikes={self.max_spikes} at least 2."
            )

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> NDArray:
        return padded_spike_times(time, voltage, self.threshold, self.max_spikes)

    def residual(self, run: Trajectory, target: NDArray, /) -> Array:
        times, _ = first_spike_times(run, self.max_spikes, self.threshold)
        share, model, recorded = matched_intervals(times, target)
        apart = jnp.sqrt(share) * jnp.log(model / recorded) / self.precision
        one_alone = jnp.isfinite(times[1]) != jnp.isfinite(target[1])
        return jnp.concatenate([apart, jnp.where(one_alone, self.largest, 0.0)[None]])
