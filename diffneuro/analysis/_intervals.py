"""Interspike intervals and how they are distributed."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


@jax.jit
def interspike_intervals(times: ArrayLike) -> Array:
    """The intervals between the spikes of one train.

    **Arguments:** spike times (m,) in ms, padded with inf.

    **Returns:** (m - 1,) ms in their order, padded with inf.
    """
    times = jnp.sort(jnp.asarray(times, jnp.result_type(float)))
    there = jnp.isfinite(times)
    return jnp.where(there[1:], jnp.diff(jnp.where(there, times, 0.0)), jnp.inf)


@jax.jit
def interval_histogram(times: ArrayLike, edges: ArrayLike) -> Array:
    """How the intervals of one train are distributed.

    **Arguments:** spike times (m,) in ms, padded with inf; `edges` (b + 1,) of the bins, ms.

    **Returns:** (b,) the share of all intervals per ms of each bin; 0 where there is none.
    """
    intervals = interspike_intervals(times)
    edges = jnp.asarray(edges, intervals.dtype)
    counts, _ = jnp.histogram(intervals, edges)
    total = jnp.sum(jnp.isfinite(intervals))
    return counts / (jnp.maximum(total, 1) * jnp.diff(edges))


@jax.jit
def matched_intervals(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array, Array]:
    r"""The intervals of two trains, shortest with shortest and longest with longest.

    They are the steps of the two quantile functions, so the Wasserstein distance of order p
    is $\left(\sum_i w_i |a_i - b_i|^p\right)^{1/p}$. Sorting is differentiable, so a and b are
    functions of the times with exact derivatives.

    **Arguments:** spike times (m,) and (k,) in ms, padded with inf.

    **Returns:** the share w, which adds up to 1, and the intervals a and b (ms), all
    (m + k,). Where a train has fewer than two spikes, every share is 0; where a share is 0,
    both intervals are 1.
    """
    trains = [_rising_intervals(times) for times in (first, second)]
    counts = [jnp.sum(jnp.isfinite(intervals)) for intervals in trains]
    levels = [
        jnp.minimum(jnp.arange(1, len(intervals) + 1) / jnp.maximum(count, 1), 1.0)
        for intervals, count in zip(trains, counts, strict=True)
    ]
    levels = jnp.sort(jnp.concatenate(levels))
    share = jnp.diff(levels, prepend=0.0) * ((counts[0] > 0) & (counts[1] > 0))
    middle = levels - 0.5 * share

    def quantile(intervals, count):
        place = jnp.minimum((middle * count).astype(int), jnp.maximum(count - 1, 0))
        return jnp.where(share > 0.0, jnp.where(share > 0.0, intervals[place], 1.0), 1.0)

    found = [quantile(*train) for train in zip(trains, counts, strict=True)]
    return share, found[0], found[1]


@jax.jit
def interval_distance(first: ArrayLike, second: ArrayLike) -> Array:
    """By how many ms the intervals of two trains differ on average, matched by their rank.

    This is the Wasserstein distance of order 1 of the two distributions of intervals,
    differentiable in the times. Where the intervals came in another order it sees no
    difference.

    **Arguments:** spike times (m,) and (k,) in ms, padded with inf.

    **Returns:** the distance in ms, a scalar; where a train has fewer than two spikes 0 if the
    other has too, and inf if not.
    """
    share, one, other = matched_intervals(first, second)
    apart = one - other
    # Unlike that of jnp.abs, the slope at 0 is 0.
    distance = jnp.sum(share * apart * jnp.sign(apart))
    one_alone = _has_interval(first) != _has_interval(second)
    return jnp.where(one_alone, jnp.inf, distance)


def _rising_intervals(times: ArrayLike) -> Array:
    # With one that is not there, so that there is always something to take from.
    return jnp.sort(jnp.append(interspike_intervals(times), jnp.inf))


def _has_interval(times: ArrayLike) -> Array:
    return jnp.isfinite(_rising_intervals(times)[0])
