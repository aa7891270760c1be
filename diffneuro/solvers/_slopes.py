"""Rate and slope of each leaf of a state, and a step by them."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractModel, Occupancy
from .._numerics import exprel, own_matrices, solve_dominant


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


@eqx.filter_jit
def _field(model: AbstractModel, x: Any, u: Any) -> Any:
    return model.vector_field(x, u)


def relax(model: AbstractModel, x: Any, u: Any, dt: Any, chosen: Sequence[bool]) -> Any:
    """Move the chosen leaves by an exponential step, all from the same state `x`."""
    leaves, structure = jax.tree.flatten(x)
    places = list(itertools.compress(range(len(leaves)), chosen))
    moving = [leaves[place] for place in places]

    def rates(moving):
        changed = dict(enumerate(leaves)) | dict(zip(places, moving, strict=True))
        found = _field(model, jax.tree.unflatten(structure, changed.values()), u)
        return list(itertools.compress(jax.tree.leaves(found), chosen))

    # As `rate_and_slope` of each, with the model traced once: a cell has many gates.
    values, along = jax.linearize(rates, moving)
    still = [jnp.zeros_like(leaf) for leaf in moving]
    coupled = are_coupled(x)
    for number, (place, rate) in enumerate(zip(places, values, strict=True)):

        def response(tangent, number=number):
            return along([*still[:number], tangent, *still[number + 1 :]])[number]

        if coupled[place]:
            leaves[place] = _exchanged(response, leaves[place], rate, dt)
        else:
            slope = response(jnp.ones_like(rate))
            # In this order XLA's loops of the derivative on CPU are a tenth shorter.
            leaves[place] = leaves[place] + dt * (exprel(dt * slope) * rate)
    return jax.tree.unflatten(structure, leaves)


def _exchanged(response: Callable[[Array], Array], shares: Array, rate: Array, dt: Any) -> Array:
    r"""Coupled shares after a step: $x + h\,\varphi(hJ) f$ with $J$ their Jacobian.

    $\varphi(z) = (e^z - 1)/z$ by the Pade form with $e^z = 1/(1 - z + z^2/2 - z^3/6)$. Order 3.
    Where z is negative it is positive, so that stiff parts settle without ringing, and its
    sector of stability holds the eigenvalues of every scheme of less than 100 states.
    Ehle 1973, doi:10.1137/0504057
    """
    unit = jnp.eye(rate.shape[-1], dtype=rate.dtype)
    jacobian = dt * own_matrices(response, rate)
    half = _times(jacobian, 0.5 * unit - jacobian / 6)
    push = dt * (rate - jnp.sum(half * rate[..., None, :], axis=-1))
    moved = shares + solve_dominant(unit - _times(jacobian, unit - half), push)
    # Only rounding changes the sum, but with stiff rates by more than a little.
    return moved / jnp.sum(moved, axis=-1, keepdims=True)


def _times(left: Array, right: Array) -> Array:
    """The product of matrices as a sum, because a library's would leave the compiled loop."""
    return jnp.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)


def decayed_kick(model: AbstractModel, x: Any, u: Any, dt: Any, index: int, kick: Array) -> Array:
    r"""What is left at the end of a step of noise that came into leaf `index` during it.

    A slope a leaves $\sqrt{h\,\varphi(2ha)}$. Of coupled entries, whose slope is a matrix, it is
    $\sqrt h\,(1 - z/2 + z^2/24)^{-1}$ with $z = hJ$, the same up to $z^2$, which keeps the sum.
    """
    if not are_coupled(x)[index]:
        _, slope = rate_and_slope(model, x, u, index)
        return jnp.sqrt(dt * exprel(2.0 * dt * slope)) * kick
    leaves, structure = jax.tree.flatten(x)

    def rate(leaf):
        changed = [*leaves[:index], leaf, *leaves[index + 1 :]]
        return jax.tree.leaves(model.vector_field(jax.tree.unflatten(structure, changed), u))[index]

    _, response = jax.linearize(rate, leaves[index])
    unit = jnp.eye(kick.shape[-1], dtype=kick.dtype)
    jacobian = dt * own_matrices(response, kick)
    damping = unit - jacobian / 2 + _times(jacobian, jacobian) / 24
    return solve_dominant(damping, jnp.sqrt(dt) * kick)
