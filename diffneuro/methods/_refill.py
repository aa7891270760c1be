"""Lanes given up for the neighbourhood of better ones."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ._damped_step import FIRST_DAMPING, Lane
from ._method import FARTHEST


def refill_worse_half(lanes: Lane, key: Array, spread: float) -> Lane:
    """The better half of the lanes, and a neighbour of each in the place of the worse half.

    Lanes that are not finite are always among the worse. `spread` is the neighbours' standard
    deviation in free coordinates.
    """
    count = lanes.loss.shape[0]
    worse = count // 2
    order = jnp.argsort(lanes.loss)
    source = np.arange(count)
    source[count - worse :] = np.arange(worse)
    chosen = jax.tree.map(lambda values: values[order][source], lanes)
    is_child = (np.arange(count) >= count - worse)[:, None]
    nudge = spread * jax.random.normal(key, chosen.position.shape, chosen.position.dtype)
    position = jnp.where(is_child, chosen.position + nudge, chosen.position)
    return Lane(
        jnp.clip(position, -FARTHEST, FARTHEST),
        chosen.loss,
        jnp.where(is_child[:, 0], FIRST_DAMPING, chosen.damping),
    )
