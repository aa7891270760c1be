"""Rate and slope of each leaf of a state, and a step by them."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractModel, Occupancy
from .._numerics import exprel, solve_dominant


def rate_and_slope(model: AbstractModel, x: Any, u: Any, index: int) -> tuple[Array, Array]:
    """df/dt of leaf number `index` of `x`, and the derivative of that by the leaf itself.

    The leaf's entries must not depend on each other, so one tangent of ones serves them all.
    Those of an `Occupancy` do, and their slope is said to be 0: a step then treats them as an
    explicit method would, which keeps their sum.
    """
    leaves, structure = jax.tree.flatten(x)

    def rate(leaf):
        changed = [*leaves[:index], leaf, *leaves[index + 1 :]]
        return jax.tree.leaves(model.vector_field(jax.tree.unflatten(structure, changed), u))[index]

    value, slope = jax.jvp(rate, (leaves[index],), (jnp.ones_like(leaves[index]),))
    return value, jnp.zeros_like(slope) if are_coupled(x)[index] else slope


def are_coupled(x: Any) -> list[bool]:
    """For each leaf of the state, whether it is an `Occupancy`."""
    parts = jax.tree.leaves(x, is_leaf=lambda part: isinstance(part, Occupancy))
    return [isinstance(part, Occupancy) for part in parts]


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
    coupled = are_coupled(x)
    for number, (place, rate) in enumerate(zip(places, values, strict=True)):

        def response(tangent, number=number):
            return along([*still[:number], tangent, *still[number + 1 :]])[number]

        if coupled[place]:
            leaves[place] = leaves[place] + _exchange(response, rate, dt)
        else:
            slope = response(jnp.ones_like(rate))
            # In this order XLA's loops of the derivative on CPU are a tenth shorter.
            leaves[place] = leaves[place] + dt * (exprel(dt * slope) * rate)
    return jax.tree.unflatten(structure, leaves)


def _exchange(response: Callable[[Array], Array], rate: Array, dt: Any) -> Array:
    r"""How far coupled entries move in a step: $h\,\varphi(hJ) f$ with $J$ their Jacobian.

    $\varphi(z) = (e^z - 1)/z$ by the Pade form with $e^z = (1 + z/3)/(1 - 2z/3 + z^2/6)$: order
    3, stiff parts are damped out, and what the columns of J add up to is kept (here 0, so
    the sum of the entries does not change). Ehle 1973, doi:10.1137/0504057
    """
    unit = jnp.eye(rate.shape[0], dtype=rate.dtype)
    jacobian = dt * jax.vmap(response, out_axes=1)(unit)
    # Sums of products, because a matrix product would leave the compiled loop.
    square = jnp.sum(jacobian[:, :, None] * jacobian[None, :, :], axis=1)
    push = dt * (rate - jnp.sum(jacobian * rate, axis=1) / 6)
    return solve_dominant(unit - 2 / 3 * jacobian + square / 6, push)
