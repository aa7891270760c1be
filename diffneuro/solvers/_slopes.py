"""Rate and slope of each leaf of a state."""

import itertools
from collections.abc import Sequence
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


def relax(model: AbstractModel, x: Any, u: Any, dt: Any, chosen: Sequence[bool]) -> Any:
    """Move the chosen leaves by an exponential step, all from the same state `x`."""
    leaves, structure = jax.tree.flatten(x)
    places = list(itertools.compress(range(len(leaves)), chosen))
    moving = [leaves[place] for place in places]

    def rates(moving):
        changed = dict(enumerate(leaves)) | dict(zip(places, moving, strict=True))
        found = model.vector_field(jax.tree.unflatten(structure, changed.values()), u)
        return list(itertools.compress(jax.tree.leaves(found), chosen))

    # As `rate_and_slope` of each, with the model traced once: a cell has many gates.
    values, along = jax.linearize(rates, moving)
    still = [jnp.zeros_like(leaf) for leaf in moving]
    for number, (place, rate) in enumerate(zip(places, values, strict=True)):
        one = [*still[:number], jnp.ones_like(rate), *still[number + 1 :]]
        slope = along(one)[number]
        # In this order XLA's loops of the derivative on CPU are a tenth shorter.
        leaves[place] = leaves[place] + dt * (exprel(dt * slope) * rate)
    return jax.tree.unflatten(structure, leaves)
