"""Where the voltages of a tree settle."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .._tree import Parents, inflow, solve_tree

_ROUNDS = 100
# mV; no round of Newton's method goes farther, so that it stays on its side of a spike.
_FARTHEST = 10.0


class _Search(NamedTuple):
    """Rounds along a grid of even voltages, and then of Newton's method.

    In one loop, because to compile the current takes longer than to look for its zero.
    """

    round: int | Array
    v: Array
    moved: Array
    inward: Array
    """the current of the round before"""
    start: Array
    """the best voltage of the grid so far"""
    least: Array
    """how much current flows there; less than 0 where it is known to turn outward"""


def settled_tree(
    current: Callable[[Array], Array], parents: Parents, conductance: Array, grid: Array
) -> Array:
    """The voltages (n,) at which no current charges any place.

    Newton's method on the tree, from the lowest even voltage of `grid` above which the current
    turns outward. Derivatives by whatever `current` closes over, and by the
    conductances, are those of the implicit function.

    **Arguments:** `current`, from voltages to what charges each place but for the links (pA), a
    function of the voltage of that place alone; `parents` and `conductance` (n,) of the links
    (nS); `grid`, rising, where whole cells rest (mV).
    """

    def excess(v: Array) -> Array:
        return current(v) + inflow(parents, conductance, v)

    def newton(excess: Callable[[Array], Array], start: Array) -> Array:
        enough = 1e3 * float(jnp.finfo(start.dtype).eps)

        def unsettled(so_far: _Search) -> Array:
            return (so_far.round < len(grid) + _ROUNDS) & (so_far.moved > enough)

        def improved(so_far: _Search) -> _Search:
            left, slope = jax.jvp(excess, (so_far.v,), (jnp.ones_like(start),))
            rise = solve_tree(parents, -slope, conductance, left)
            size = jnp.max(jnp.abs(rise))
            near = so_far.v + rise * (_FARTHEST / jnp.maximum(size, _FARTHEST))
            return _looked(so_far, grid, jnp.sum(left), near, size)

        far = jnp.asarray(jnp.inf, start.dtype)
        return jax.lax.while_loop(
            unsettled, improved, _Search(0, start, far, -far, start[0], far)
        ).v

    def linear(response: Callable[[Array], Array], right: Array) -> Array:
        # Equal voltages make no current flow between places, so this is each one's own slope.
        own = -response(jnp.ones_like(right))
        return -solve_tree(parents, own, conductance, right)

    start = jnp.full_like(conductance, grid[0])
    return jax.lax.custom_root(excess, start, newton, linear)


def _looked(so_far: _Search, grid: Array, inward: Array, near: Array, moved: Array) -> _Search:
    """What comes after a round whose current was `inward`, from which Newton went to `near`."""
    number = so_far.round
    along, ends = number < len(grid), number == len(grid) - 1
    here, before = _at(grid, number), _at(grid, number - 1)
    falls = (so_far.inward > 0.0) & (inward <= 0.0)
    size = jnp.where(falls, -1.0, jnp.abs(inward))
    better = along & (size < so_far.least)
    least = jnp.where(better, size, so_far.least)
    start = jnp.where(better, jnp.where(falls, before, here), so_far.start)
    even = jnp.where(ends, start, _at(grid, number + 1))
    v = jnp.where(along, even, near)
    return _Search(number + 1, v, jnp.where(along, so_far.moved, moved), inward, start, least)


def _at(grid: Array, number: Array | int) -> Array:
    return jax.lax.dynamic_index_in_dim(grid, number, keepdims=False)
