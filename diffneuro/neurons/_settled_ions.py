"""Where pools of ions settle under their own feedback."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from .._numerics import solve_dominant
from ..ions import AbstractIonPool

# Newton's method takes about six; more where concentrations are orders of magnitude off.
_ROUNDS = 20
# So much of a concentration is left by one round at least: logarithms stay finite.
_LEFT = 0.1


def states_under(pools: Mapping[str, AbstractIonPool], flow: Array) -> dict[str, Any]:
    """The states in which pools settle under these current densities, one for each pool."""
    return {name: pool.initial_state(flow[i]) for i, (name, pool) in enumerate(pools.items())}


def moved(pools: Mapping[str, AbstractIonPool], here: Array, move: Array, held: int) -> Array:
    """Unknowns after a move, or after the part of it that leaves concentrations positive.

    **Arguments:** as of `settled`, from `here` on.
    """

    def concentrations(unknowns: Array) -> Array:
        states = states_under(pools, unknowns[held:]).values()
        ions = [pool.ion(x) for pool, x in zip(pools.values(), states, strict=True)]
        return jnp.stack([side for ion in ions for side in (ion.inside, ion.outside)])

    there, change = jax.jvp(concentrations, (here,), (move,))
    falls = change < 0
    room = (1.0 - _LEFT) * there / jnp.where(falls, -change, 1.0)
    return here + jnp.minimum(1.0, jnp.min(jnp.where(falls, room, 1.0))) * move


def settled(
    pools: Mapping[str, AbstractIonPool],
    excess: Callable[[Array], Array],
    start: Array,
    held: int,
) -> Array:
    """A root of `excess` by a damped Newton method, which is not to be differentiated.

    **Arguments:** `pools`; `excess`, of unknowns that end in the current densities, one for each
    pool, under which the pools settle; `start`, where to begin; `held`, how many unknowns come
    before those.
    """

    def improved(_, here: Array) -> Array:
        return moved(pools, here, solve_dominant(-jax.jacfwd(excess)(here), excess(here)), held)

    return jax.lax.fori_loop(0, _ROUNDS, improved, start)
