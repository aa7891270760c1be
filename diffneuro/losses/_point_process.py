"""How unlikely recorded spikes are under a model's intensity."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._numerics import exprel2
from .._time_loop import Trajectory
from ..analysis import recorded_spike_times
from ..spikes import AbstractSpikeGradient, Forced
from ._loss import AbstractSpikeLikelihood

# A spike where the model's hazard is 0 counts as if this were the logarithm of its probability.
_RULED_OUT = -30.0


class PointProcessTarget(NamedTuple):
    """Recorded spikes, step by step."""

    counts: NDArray
    """(n,) how many there are in each step"""
    dt: NDArray
    """ms"""


class PointProcess(AbstractSpikeLikelihood):
    r"""The Poisson deviance: twice what the log-likelihood of the spikes falls short of its most.

    $\sum_k r_k^2 = 2 \sum_k [\mu_k - n_k + n_k \log(n_k/\mu_k)]$, where $\mu_k = \lambda_k\,dt$
    is what a model with escape noise expects in step k and $n_k$ what was recorded. The
    residuals $r_k = \mathrm{sign}(n_k - \mu_k) \sqrt{\cdot}$ are smooth, so least squares and
    gradient descent climb the same likelihood. Recorded spikes are upward crossings of
    `threshold` (mV); one that the model rules out, in its refractory time, is taken for one of
    probability e^-30. In a `fit` the model is reset where the cell was, by `spikes.Forced`; the
    standard errors are then those of the Fisher information
    $\sum_k \nabla\mu_k \nabla\mu_k^T / \mu_k$, which asks that the model is right.
    McCullagh & Nelder 1989, Generalized Linear Models; Truccolo et al. 2005,
    doi:10.1152/jn.00697.2004
    """

    threshold: float = -20.0

    def spikes(self, times: Array, /) -> AbstractSpikeGradient:
        return Forced(times)

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> PointProcessTarget:
        dt = time[1] - time[0]
        times = recorded_spike_times(time, voltage, self.threshold)
        edges = np.arange(len(time) + 1) * dt
        counts, _ = np.histogram(times, edges)
        return PointProcessTarget(counts.astype(float), np.asarray(dt))

    def information(self, run: Trajectory, target: PointProcessTarget, /) -> Array:
        expected = _expected(run, target)
        possible = expected > 0.0
        # (d 2 sqrt(mu))^2 = (d mu)^2 / mu
        return jnp.where(possible, 2.0 * jnp.sqrt(jnp.where(possible, expected, 1.0)), 0.0)

    def residual(self, run: Trajectory, target: PointProcessTarget, /) -> Array:
        expected = _expected(run, target)
        possible, fired = expected > 0.0, target.counts > 0
        expected = jnp.where(possible, expected, 1.0)
        counts = jnp.where(fired, target.counts, 1.0)
        ratio = jnp.where(possible, jnp.log(expected / counts), _RULED_OUT)
        # mu - n + n log(n/mu) = n z^2 (e^z - 1 - z)/z^2 with z = log(mu/n), without cancellation.
        surprised = -ratio * jnp.sqrt(2.0 * counts * exprel2(ratio))
        quiet = jnp.where(possible, -jnp.sqrt(2.0 * expected), 0.0)
        return jnp.where(fired, surprised, quiet)


def _expected(run: Trajectory, target: PointProcessTarget) -> Array:
    """(n,) how many spikes the model expects in each step."""
    if run.hazard is None:
        raise ValueError(
            "PointProcess needs a model with escape noise, such as neurons.GIF: wrap a "
            "deterministic one in neurons.EscapeNoise, or use losses.SpikeTimes."
        )
    return run.hazard * target.dt
