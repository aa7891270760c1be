"""What given spikes will do, known before the run."""

from typing import Any

import jax
import jax.numpy as jnp

from ..synapses import AbstractImpulseReceptor
from ._arrivals import Sent, arriving
from ._connection import Dense
from ._events import Columns
from ._population import Source
from ._projection import Projection
from ._transmission import checked_steps, spread_impulses

# Of all steps and target cells of a projection; beyond, one step at a time takes less memory.
_MOST_NUMBERS = 10_000_000


def is_foreseen(source: Any, made: Projection, count: int, targets: int) -> bool:
    """Whether all that arrives in a run can be weighted at once: one product of matrices."""
    return (
        isinstance(source, Source)
        and isinstance(made.connection, Dense)
        and isinstance(made.receptor, AbstractImpulseReceptor)
        and made.release is None
        and made.plasticity is None
        and count * targets <= _MOST_NUMBERS
    )


def foreseen(made: Projection, sent: Sent, given: Sent, dt: float) -> Columns:
    """(steps, targets) each: what the spikes open in each step, as the columns of a step.

    **Arguments:** `sent`, what was under way before the run; `given` (steps, cells), its spikes.
    """
    count, before = given.fired.shape[0], sent.fired.shape[0]
    history = Sent(
        jnp.concatenate([sent.fired, given.fired]),
        jnp.concatenate([sent.fraction, given.fraction]) if sent.fraction.ndim else sent.fraction,
    )
    steps = checked_steps(made, dt)

    def arrivals(k):
        return arriving(history, None, k + before, steps, None)

    # Nothing that has a release is foreseen, so each spike releases the same.
    found = jax.vmap(arrivals)(jnp.arange(count))._replace(amount=1.0)
    if not sent.fraction.ndim:
        found = found._replace(fraction=found.fraction[0])
    connection = made.connection
    assert isinstance(connection, Dense)
    return spread_impulses(
        made, found, dt, lambda columns: tuple(map(connection.spread_rows, columns))
    )
