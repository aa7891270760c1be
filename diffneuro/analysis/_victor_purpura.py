"""The Victor-Purpura distance of two spike trains."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


@jax.jit
def victor_purpura(first: ArrayLike, second: ArrayLike, *, cost: ArrayLike = 0.1) -> Array:
    """The least cost of turning one spike train into another.

    To remove or to add a spike costs 1, to move it by one ms costs `cost`, so spikes farther
    apart than 2/cost are not moved into each other. Its derivative is that of the spikes that
    the cheapest way moves. Victor & Purpura 1996, doi:10.1152/jn.1996.76.2.1310

    **Arguments:** spike times (m,) and (k,) in ms, padded with inf; `cost` (per ms).

    **Returns:** the distance, a scalar.
    """
    trains = _padded(first, second)
    return _edit_cost(*trains, cost, jnp.minimum, 1.0)


@jax.jit
def soft_victor_purpura(
    first: ArrayLike,
    second: ArrayLike,
    *,
    cost: ArrayLike = 0.1,
    temperature: ArrayLike = 0.1,
) -> Array:
    r"""The Victor-Purpura distance with every way of matching the spikes in it.

    $S(x, y) - \frac12 S(x, x) - \frac12 S(y, y)$ with
    $S(x, y) = -\gamma \log \sum_A e^{-c_A/\gamma}$ over all matchings A of spikes of x to
    spikes of y that keep their order, of the cost $c_A$, each counted once; the `temperature`
    is $\gamma$. As it falls to 0 this becomes `victor_purpura`. It is smooth but where spikes
    coincide, feels spikes that are too far apart to be matched, is never negative, because the
    sum is a positive definite kernel, and 0 for equal trains. The correction by the trains with
    themselves follows Blondel, Mensch & Vert 2021, doi:10.48550/arXiv.2010.08354, who
    have it for dynamic time warping.

    **Arguments:** spike times (m,) and (k,) in ms, padded with inf; `cost` (per ms);
    `temperature`, in units of an added spike.

    **Returns:** the distance, a scalar.
    """

    def lower(one, other):
        return -jnp.logaddexp(-one / temperature, -other / temperature) * temperature

    def soft(x, y):
        return _edit_cost(x, y, cost, lower, 100.0 * temperature)

    x, y = _padded(first, second)
    between, of_first, of_second = jax.vmap(soft)(jnp.stack([x, x, y]), jnp.stack([y, x, y]))
    # Of equal trains rounding leaves a little, which may be negative.
    return jnp.maximum(between - 0.5 * (of_first + of_second), 0.0)


def _padded(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    """Both trains rising and of one length, with at least one inf at the end."""
    trains = [jnp.sort(jnp.asarray(times, jnp.result_type(float))) for times in (first, second)]
    length = 1 + max(times.shape[0] for times in trains)
    one, other = (
        jnp.pad(times, (0, length - times.shape[0]), constant_values=jnp.inf) for times in trains
    )
    return one, other


def _edit_cost(
    first: Array,
    second: Array,
    cost: ArrayLike,
    lower: Callable[[Array, Array], Array],
    margin: ArrayLike,
) -> Array:
    """The lowest cost of all matchings, whatever `lower` takes for the lower of two.

    `best[i]` is the cost between the first i spikes of one train and the first d - i of the
    other, for one d after another. Between two matched pairs spikes are first removed, then
    added, so that every matching is met once: `ahead` are the costs of those that do not end
    with an added spike.
    """
    length = first.shape[0]
    i, d = jnp.arange(length), jnp.arange(1, 2 * length - 1)
    j = d[:, None] - i[None, :]
    one = first[jnp.maximum(i - 1, 0)][None, :]
    other = second[jnp.clip(j - 1, 0, length - 1)]
    there = jnp.isfinite(one) & jnp.isfinite(other)
    shift = jnp.where(there, one, 0.0) - jnp.where(there, other, 0.0)
    # Unlike that of jnp.abs, the slope at 0 is 0.
    moved = cost * shift * jnp.sign(shift)
    # More than any matching costs, and finite so that derivatives are.
    never = 2.0 * length + jnp.asarray(margin, first.dtype)

    def next_diagonal(carry, now):
        ahead, best, best_before = carry
        moved, possible = now
        paired = jnp.concatenate([never[None], best_before[:-1]]) + moved
        removed = jnp.concatenate([never[None], ahead[:-1]]) + 1.0
        ahead = jnp.where(possible, lower(removed, paired), never)
        added = jnp.where(possible, lower(ahead, best + 1.0), never)
        return (ahead, added, best), added

    start = jnp.where(i == 0, 0.0, never)
    outside = jnp.full_like(start, never)
    _, costs = jax.lax.scan(next_diagonal, (start, start, outside), (moved, j >= 0))
    costs = jnp.concatenate([start[None], costs])
    spikes, others = (jnp.sum(jnp.isfinite(times)) for times in (first, second))
    return costs[spikes + others, spikes]
