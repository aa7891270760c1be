"""Where the voltages of a tree settle."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from .._tree import Parents, inflow, solve_tree

_ROUNDS = 100
# mV; no round of Newton's method goes farther, so that it stays on its side of a spike.
_FARTHEST = 10.0


def settled_tree(
    current: Callable[[Array], Array], parents: Parents, conductance: Array, start: Array
) -> Array:
    """The voltages (n,) at which no current charges any place, next to `start`.

    Newton's method on the tree. Derivatives by whatever `current` closes over, and by the
    conductances, are those of the implicit function.

    **Arguments:** `current`, from voltages to what charges each place but for the links (pA), a
    function of the voltage of that place alone; `parents` and `conductance` (n,) of the links
    (nS); `start` (n,), where to begin (mV).
    """

    def excess(v: Array) -> Array:
        return current(v) + inflow(parents, conductance, v)

    def newton(excess: Callable[[Array], Array], start: Array) -> Array:
        enough = 1e3 * float(jnp.finfo(start.dtype).eps)

        def unsettled(so_far: tuple) -> Array:
            number, _, moved = so_far
            return (number < _ROUNDS) & (moved > enough)

        def improved(so_far: tuple) -> tuple:
            number, v, _ = so_far
            left, slope = jax.jvp(excess, (v,), (jnp.ones_like(v),))
            rise = solve_tree(parents, -slope, conductance, left)
            size = jnp.max(jnp.abs(rise))
            return number + 1, v + rise * (_FARTHEST / jnp.maximum(size, _FARTHEST)), size

        far = jnp.asarray(jnp.inf, start.dtype)
        return jax.lax.while_loop(unsettled, improved, (0, start, far))[1]

    def linear(response: Callable[[Array], Array], right: Array) -> Array:
        # Equal voltages make no current flow between places, so this is each one's own slope.
        own = -response(jnp.ones_like(right))
        return -solve_tree(parents, own, conductance, right)

    return jax.lax.custom_root(excess, start, newton, linear)
