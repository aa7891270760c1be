"""Rate and slope of each leaf of a state."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractModel
from .._numerics import exprel


def rate_and_slope(model: AbstractModel, x: Any, u: Any, index: int) -> tuple[Array, Array]:
    """df/dt of leaf number `index` of `x`, and the derivative of that by the leaf itself.

    The leaf's entries must not depend on each other, so one tangent of ones serves them all.
    """
    leaves, structure = jax.tree.flatten(x)

    def rate(leaf):
        changed = [*leaves[:index], leaf, *leaves[index + 1 :]]
        return jax.tree.leaves(model.vector_field(jax.tree.unflatten(structure, changed), u))[index]

    return jax.jvp(rate, (leaves[index],), (jnp.ones_like(leaves[index]),))


def relax(model: AbstractModel, x: Any, u: Any, dt: Any, chosen: list[bool]) -> Any:
    """Move the chosen leaves by an exponential step, all from the same state `x`."""
    leaves, structure = jax.tree.flatten(x)
    moved = []
    for index, leaf in enumerate(leaves):
        if chosen[index]:
            rate, slope = rate_and_slope(model, x, u, index)
            leaf = leaf + dt * exprel(dt * slope) * rate
        moved.append(leaf)
    return jax.tree.unflatten(structure, moved)
