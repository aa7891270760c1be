"""The van Rossum distance as a sum of squares."""

import jax
import jax.numpy as jnp
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ..analysis._spike_times import first_spike_times
from ..spikes import AbstractSpikeGradient, Hybrid
from ._loss import AbstractSpikeTrainLoss
from ._recorded_spikes import padded_spike_times


class VanRossum(AbstractSpikeTrainLoss):
    r"""$\frac{1}{\tau} \int (f - g)^2\,\mathrm{d}t$, each spike leaving $e^{-(t - t_i)/\tau}$.

    From one spike to the next, of whichever train, the difference of the traces f of the model
    and g of the recording decays from a level d, so the integral is the sum of the squares of
    $d_j \sqrt{(1 - e^{-2 (t_{j+1} - t_j)/\tau})/2}$, the last interval being endless: exact,
    with spikes off the grid. It equals `analysis.van_rossum`.

    The level takes each of the model's spikes times its entry in `Trajectory.spikes`, and
    steps without a spike have one too, of height 0 in their middle. So the loss has the exact
    derivative by the spike times, and by the spikes the one that a surrogate asks for, silent
    steps included. Trains whose spikes are more than a time constant apart do not feel each
    other: one about as long as the intervals has the fewest false minima.
    van Rossum 2001, doi:10.1162/089976601300014321

    A recorded sweep with more than `max_spikes` is refused; of a neuron without a threshold of
    its own no more are compared. `threshold` in mV, `time_constant` in ms.
    """

    time_constant: float = 10.0
    threshold: float = -20.0
    max_spikes: int = 64

    def __check_init__(self):
        if not (self.time_constant > 0 and self.max_spikes >= 1):
            raise ValueError(
                f"time_constant={self.time_constant} ms and max_spikes={self.max_spikes} of "
                "VanRossum must be positive."
            )

    def spikes(self, times: Array, /) -> AbstractSpikeGradient:
        return Hybrid(times)

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> NDArray:
        return padded_spike_times(time, voltage, self.threshold, self.max_spikes)

    def residual(self, run: Trajectory, target: NDArray, /) -> Array:
        times, heights = self._spikes(run)
        times = jnp.concatenate([times, jnp.asarray(target, times.dtype)])
        there = jnp.isfinite(times)
        heights = jnp.concatenate([heights, -jnp.ones_like(times[heights.shape[0] :])])
        silent = heights == 0.0
        # What is not there may stand anywhere.
        times = jnp.where(there, times, run.t[-1])
        heights = jnp.where(there, heights, 0.0)
        spike = (there & ~silent).astype(times.dtype)
        times, heights, spike = jax.lax.sort((times, heights, spike), num_keys=1)
        return _levels(times, heights, spike, self.time_constant)

    def _spikes(self, run: Trajectory) -> tuple[Array, Array]:
        """When the model spikes, and the height of each spike."""
        if run.spikes is None or run.spike_times is None:
            times, _ = first_spike_times(run, self.max_spikes, self.threshold)
            return times, jnp.ones_like(times)
        if run.spikes.shape != run.t.shape:
            raise ValueError(
                f"the run keeps {run.t.shape[0]} of {run.spikes.shape[0]} samples: the loss "
                "needs all, so leave out every=."
            )
        middle = run.t + 0.5 * (run.t[1] - run.t[0])
        return jnp.where(jnp.isfinite(run.spike_times), run.spike_times, middle), run.spikes


def _levels(times: Array, heights: Array, spikes: Array, time_constant: float) -> Array:
    """The residuals of the intervals between spikes, each where the interval ends, then the last.

    An event of height 0 ends no interval. Its derivative does not, either: the level it would
    add is projected on the decay of the interval that it lies in, which is all that the square
    of that interval's residual sees of it.
    """

    def event(carry, now):
        level, elapsed, overlap = carry
        gap, height, spike = now
        decay = jnp.exp(-gap / time_constant)
        overlap = overlap + level * jnp.exp(-elapsed / time_constant) * (1.0 - decay * decay)
        elapsed = elapsed + gap
        residual = jnp.where(spike > 0.0, _projected(overlap, elapsed / time_constant), 0.0)
        level = decay * level + height
        elapsed, overlap = (jnp.where(spike > 0.0, 0.0, value) for value in (elapsed, overlap))
        return (level, elapsed, overlap), residual

    zero = jnp.zeros_like(times[0])
    gaps = jnp.diff(times, prepend=times[:1])
    last, residuals = jax.lax.scan(event, (zero, zero, zero), (gaps, heights, spikes))
    level, elapsed, overlap = last
    overlap = overlap + level * jnp.exp(-elapsed / time_constant)
    return jnp.concatenate([residuals, (overlap / 2.0**0.5)[None]])


def _projected(overlap: Array, length: Array) -> Array:
    """The overlap with a decay that lasts `length` time constants, over the decay's norm."""
    share = -jnp.expm1(-2.0 * length)
    lasting = share > 0.0
    return jnp.where(lasting, overlap / jnp.sqrt(2.0 * jnp.where(lasting, share, 1.0)), 0.0)
