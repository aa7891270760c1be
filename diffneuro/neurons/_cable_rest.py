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
# nS; what restores a voltage that no current does, so that it goes somewhere.
_LEAST = 1e-9


class _Search(NamedTuple):
    """Rounds along a grid of even voltages, and then of Newton's method.

    In one loop, because to compile the current takes longer than to look for its zero.
    """

    round: int | Array
    v: Array
    way: Array
    """(n,) mV, of the round before"""
    reach: Array
    """mV, how far a round may go"""
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
    turns outward, kept on its way to where voltages return to. Derivatives by whatever `current`
    closes over, and by the conductances, are those of the implicit function.

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
            # Where currents drive voltages on, Newton's own way leads to where they part.
            own = jnp.maximum(-slope, _LEAST)
            rise = solve_tree(parents, own, conductance, left)
            # What drives back the way that was come has been passed: go half as far from now on.
            passed = jnp.sum(left * so_far.way) < 0.0
            reach = jnp.where(passed, 0.5 * jnp.max(jnp.abs(so_far.way)), so_far.reach)
            return _looked(so_far, grid, jnp.sum(left), rise, reach)

        far = jnp.asarray(jnp.inf, start.dtype)
        begun = _Search(
            0, start, jnp.zeros_like(start), jnp.full_like(far, _FARTHEST), far, -far, start[0], far
        )
        return jax.lax.while_loop(unsettled, improved, begun).v

    def linear(response: Callable[[Array], Array], right: Array) -> Array:
        # Equal voltages make no current flow between places, so this is each one's own slope.
        own = -response(jnp.ones_like(right))
        return -solve_tree(parents, own, conductance, right)

    start = jnp.full_like(conductance, grid[0])
    return jax.lax.custom_root(excess, start, newton, linear)


def _looked(so_far: _Search, grid: Array, inward: Array, rise: Array, reach: Array) -> _Search:
    """What comes after a round whose current was `inward`, from which Newton goes by `rise`."""
    number = so_far.round
    moved = jnp.max(jnp.abs(rise))
    way = rise * (reach / jnp.maximum(moved, reach))
    along, ends = number < len(grid), number == len(grid) - 1
    here, before = _at(grid, number), _at(grid, number - 1)
    falls = (so_far.inward > 0.0) & (inward <= 0.0)
    size = jnp.where(falls, -1.0, jnp.abs(inward))
    better = along & (size < so_far.least)
    least = jnp.where(better, size, so_far.least)
    start = jnp.where(better, jnp.where(falls, before, here), so_far.start)
    even = jnp.where(ends, start, _at(grid, number + 1))
    return _Search(
        number + 1,
        jnp.where(along, even, so_far.v + way),
        jnp.where(along, 0.0, way),
        reach,
        jnp.where(along, so_far.moved, moved),
        inward,
        start,
        least,
    )


def _at(grid: Array, number: Array | int) -> Array:
    return jax.lax.dynamic_index_in_dim(grid, number, keepdims=False)
