"""How much a neuron's firing slows down."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ._intervals import interspike_intervals


def adaptation_index(times: ArrayLike, *, skip: float = 0.1, most_skipped: int = 2) -> Array:
    r"""The mean relative change from one interval to the next: 0 steady, above 0 slowing down.

    $A = \frac{1}{N - 1} \sum_i \frac{I_{i+1} - I_i}{I_{i+1} + I_i}$ over the N intervals that
    are left when the first spikes are skipped. The formula is eFEL's `adaptation_index` (the
    Blue Brain Project's library of features), with its defaults. Differentiable in the times.

    **Arguments:** spike times (m,) in ms, padded with inf; `skip`, the share of the spikes to
    leave out at the beginning, rounded, but no more than `most_skipped` of them.

    **Returns:** a scalar between -1 and 1; NaN where fewer than four spikes are left.

    **Raises:** `ValueError` for a share that is none.
    """
    if not 0.0 <= skip < 1.0 or most_skipped < 0:
        raise ValueError(
            f"skip={skip} must be a share from 0 to below 1, and most_skipped={most_skipped} "
            "not negative."
        )
    intervals = interspike_intervals(times)
    there = jnp.isfinite(intervals)
    spikes = jnp.where(jnp.any(there), jnp.sum(there) + 1, 0)
    skipped = jnp.minimum(jnp.floor(skip * spikes + 0.5), most_skipped)
    counted = there & (jnp.arange(intervals.size) >= skipped)
    both = counted[:-1] & counted[1:]
    before = jnp.where(both, intervals[:-1], 1.0)
    after = jnp.where(both, intervals[1:], 1.0)
    count = jnp.sum(both)
    total = jnp.sum((after - before) / (after + before))
    return jnp.where(count >= 2, total / jnp.maximum(count, 1), jnp.nan)
