"""The firing rate over repeated trials."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def psth(trials: Sequence[ArrayLike] | Array, edges: ArrayLike) -> Array:
    """The peristimulus time histogram: the mean rate of the trials in bins.

    **Arguments:** `trials`, the spike times of each in ms, which may be padded with inf;
    `edges` (b + 1,) of the bins, ms.

    **Returns:** (b,) Hz.
    """
    pooled = _pooled(trials)
    edges = jnp.asarray(edges, pooled.dtype)
    counts, _ = jnp.histogram(pooled, edges)
    return 1e3 * counts / (len(trials) * jnp.diff(edges))


def smooth_psth(
    trials: Sequence[ArrayLike] | Array, t: ArrayLike, *, width: ArrayLike = 5.0
) -> Array:
    r"""The mean rate of the trials, each spike a Gaussian: differentiable in the spike times.

    $r(t) = \frac{1}{R} \sum_i \frac{1}{\sigma\sqrt{2\pi}} e^{-(t - t_i)^2/2\sigma^2}$ over all
    spikes of R trials. Gaussians that reach beyond the recording are not made up for.

    **Arguments:** `trials`, the spike times of each in ms, which may be padded with inf; `t`
    (n,) in ms, where the rate is wanted; `width`, the standard deviation (ms).

    **Returns:** (n,) Hz.
    """
    pooled = _pooled(trials)
    there = jnp.isfinite(pooled)
    t = jnp.asarray(t, pooled.dtype)
    away = (t[:, None] - jnp.where(there, pooled, 0.0)[None, :]) / width
    bells = jnp.exp(-0.5 * away**2) * there[None, :] / (width * jnp.sqrt(2.0 * jnp.pi))
    return 1e3 * jnp.sum(bells, axis=1) / len(trials)


def _pooled(trials: Sequence[ArrayLike] | Array) -> Array:
    if len(trials) == 0:
        raise ValueError("trials is empty: give the spike times of at least one trial.")
    real = jnp.result_type(float)
    return jnp.concatenate([jnp.ravel(jnp.asarray(times, real)) for times in trials])
