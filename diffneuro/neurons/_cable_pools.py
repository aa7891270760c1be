"""Where pools of ions settle along a cable."""

from collections.abc import Callable, Mapping

import equinox as eqx
import jax
from jax import Array

from .._numerics import own_matrices, solve_dominant
from ..ions import AbstractIonPool
from ._settled_ions import moved

# As in one compartment.
_ROUNDS = 20


def settled_pools(
    pools: Mapping[str, AbstractIonPool], excess: Callable[[Array], Array], start: Array
) -> Array:
    """The current densities (n, pools) at which no compartment's `excess` is left.

    A damped Newton method in each compartment by itself. Derivatives by whatever `excess` closes
    over are those of the implicit function.

    **Arguments:** `pools`, whose arrays have an axis of compartments; `excess`, from current
    densities of the pools' ions (n, pools) to what is carried more, of which each compartment's
    depends on its own alone; `start`, where to begin.
    """

    def newton(excess: Callable[[Array], Array], start: Array) -> Array:
        def improved(_, here: Array) -> Array:
            left, along = jax.linearize(excess, here)
            return nearer(pools, here, solve_dominant(-own_matrices(along, here), left))

        return jax.lax.fori_loop(0, _ROUNDS, improved, start)

    def linear(along: Callable[[Array], Array], right: Array) -> Array:
        return solve_dominant(own_matrices(along, right), right)

    return jax.lax.custom_root(excess, start, newton, linear)


def nearer(pools: Mapping[str, AbstractIonPool], here: Array, move: Array) -> Array:
    """Current densities (n, pools) after what of a move leaves concentrations positive."""
    return eqx.filter_vmap(lambda pools, here, move: moved(pools, here, move, 0))(pools, here, move)
