"""Spikes on their way: what was sent, what arrives."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

# A delay that is a whole number of steps but for rounding is that number.
_ROUNDING = 1e-4


class Sent(NamedTuple):
    """The latest steps of a population, in a ring: step k is row k modulo their number."""

    fired: Array
    """(steps, cells) how many spikes, floating, so that it may have a slope"""
    fraction: Array
    """(steps, cells) when within the step, from 0 to 1; 1 where there was none. One number for
    spikes that all come at the same moment of their step"""


class Arrivals(NamedTuple):
    """The spikes that arrive within one step, at most one from each cell."""

    fired: Array
    """(cells,) or (synapses,)"""
    fraction: Array
    """when within the step, of each or of all"""
    amount: Any
    """what each releases, relative to its weight"""


def nothing_sent(steps: int, cells: int, moment: Any = None) -> Sent:
    """That of a population that has been silent; `moment`, the fraction that is that of all."""
    quiet = jnp.zeros((steps, cells))
    return Sent(quiet, jnp.ones_like(quiet) if moment is None else moment)


def record(ring: Any, k: Array, row: Any) -> Any:
    """The ring with what was sent in step k."""

    def put(rows, new):
        if not rows.ndim:
            return new
        return jax.lax.dynamic_update_index_in_dim(rows, new, k % rows.shape[0], 0)

    return jax.tree.map(put, ring, row)


def turned(ring: Any, steps: int) -> Any:
    """The ring for a run that counts from 0 again, after one of so many steps."""
    return jax.tree.map(
        lambda rows: jnp.roll(rows, -(steps % rows.shape[0]), 0) if rows.ndim else rows, ring
    )


def arriving(sent: Sent, amounts: Any, k: Array, steps: Array, cells: Any) -> Arrivals:
    """What arrives in step k after a delay of so many `steps`, at least one.

    **Arguments:** `amounts`, a ring as `sent` of what each spike releases, or None for 1;
    `steps`, one number, or one for each synapse; `cells`, whose spikes take each of those, None
    for a single number.
    """
    whole, rest = _whole_steps(steps)
    (soon, soon_amount), (late, late_amount) = (
        jax.tree.map(lambda ring, back=back: _row(ring, k - back, cells), (sent, amounts))
        for back in (whole, whole + 1)
    )
    soon_at, late_at = soon.fraction + rest, late.fraction + rest
    is_soon, is_late = soon_at < 1.0, late_at >= 1.0
    fired = jnp.where(is_soon, soon.fired, 0.0) + jnp.where(is_late, late.fired, 0.0)
    takes_late = is_late & ((late.fired > 0.0) | ~is_soon) if soon_at.ndim else is_late
    amount = 1.0 if amounts is None else jnp.where(takes_late, late_amount, soon_amount)
    return Arrivals(fired, jnp.where(takes_late, late_at - 1.0, soon_at), amount)


def look_back(ring: Array, k: Array, steps: Array) -> Array:
    """What the ring held `steps` before the middle of step k, on the line between two rows."""
    whole, rest = _whole_steps(steps - 0.5)
    return (1.0 - rest) * _row(ring, k - whole, None) + rest * _row(ring, k - whole - 1, None)


def _whole_steps(steps: Array) -> tuple[Array, Array]:
    """How many whole ones, and what is left."""
    steps = jnp.asarray(steps)
    whole = jnp.floor(jax.lax.stop_gradient(steps) + _ROUNDING)
    return whole.astype(int), steps - whole


def _row(ring: Array, at: Array, cells: Any) -> Array:
    if not ring.ndim:
        return ring
    place = at % ring.shape[0]
    if cells is None:
        return jax.lax.dynamic_index_in_dim(ring, place, 0, keepdims=False)
    return ring[place, cells]
