"""Linear systems on trees, solved without fill-in."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.ad_checkpoint import checkpoint_name
from jax.custom_batching import custom_vmap

SOLUTION = "solution on a tree"
"""The name of what is costly to find again, for adjoints that keep it."""

Parents = tuple[int, ...]
"""For each place of a tree the number of its parent, which is a smaller one; -1 for the root."""


def of_parents(parents: Parents, values: Array) -> Array:
    """Each place's parent's value, (n,); the root's is its own."""
    return _with_transpose(
        functools.partial(_of_parents, parents), functools.partial(_of_children, parents), values
    )


def of_children(parents: Parents, values: Array) -> Array:
    """The sum of the values of each place's children, (n,); the root is one of its own."""
    return _with_transpose(
        functools.partial(_of_children, parents), functools.partial(_of_parents, parents), values
    )


def value_at(values: Array, place: int) -> Array:
    """The value of one place; its derivative is one of that place and 0 of the others.

    JAX would transpose reading to padding, and a loop that pads has ends to look out for.
    """
    places = np.arange(len(values))
    first = _with_transpose(
        lambda values: jnp.where(places == 0, values[place], 0.0),
        lambda values: jnp.where(places == place, values[0], 0.0),
        values,
    )
    return first[0]


def inflow(parents: Parents, conductance: Array, voltage: Array) -> Array:
    r"""What flows into each place from its neighbours: $\sum_j g_{ij} (v_j - v_i)$.

    **Arguments:** `parents`; `conductance` (n,), of the link from each place to its parent (the
    root's does not count); `voltage` (n,).
    """
    from_parent = conductance * (of_parents(parents, voltage) - voltage)
    return from_parent - of_children(parents, from_parent)


def solve_tree(parents: Parents, own: Array, conductance: Array, right: Array) -> Array:
    r"""The $x$ at which $d_i x_i - \sum_j g_{ij} (x_j - x_i) = b_i$.

    Elimination from the tips to the root and back, in time proportional to n; so are its
    derivatives, in either mode. Own conductances are never added to those of the links, so
    none is lost beside a large one. Hines 1984, doi:10.1016/0020-7101(84)90008-4

    **Arguments:** `parents`; `own` (n,), the conductances d, of which none need be positive but
    their sum over each subtree; `conductance` (n,), of the link from each place to its parent
    (the root's does not count); `right` (n,), the currents b.
    """
    if len(parents) == 1:
        return right / own

    def currents(x: Array) -> Array:
        return own * x - inflow(parents, conductance, x)

    def eliminated(_: Callable, b: Array) -> Array:
        return _sweeps(parents)(own, conductance, b)

    return lax.custom_linear_solve(currents, right, eliminated, symmetric=True)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def solve_rise(
    parents: Parents, own: Array, conductance: Array, voltage: Array, current: Array
) -> Array:
    """How far the voltages of a tree rise until what the links and `own` take away is `current`.

    `solve_tree` of the current and what flows in already, which costs less to differentiate so.

    **Arguments:** those of `solve_tree`; `voltage` (n,) before the rise.
    """
    return solve_tree(parents, own, conductance, current + inflow(parents, conductance, voltage))


@solve_rise.defjvp
def _solve_rise_jvp(parents, primals, tangents):
    own, conductance, voltage, _ = primals
    d_own, d_conductance, d_voltage, d_current = tangents
    # Named, because a run that keeps it need not solve again on its way back.
    rise = checkpoint_name(solve_rise(parents, *primals), SOLUTION)

    def along(v: Array) -> Array:
        return of_parents(parents, v) - v

    # Together, because each look at a neighbour is a loop of its own.
    from_parent = d_conductance * along(voltage + rise) + conductance * along(d_voltage)
    push = d_current - d_own * rise + (from_parent - of_children(parents, from_parent))
    return rise, solve_tree(parents, own, conductance, push)


def _with_transpose(
    function: Callable[[Array], Array], transpose: Callable[[Array], Array], values: Array
) -> Array:
    """A linear function, differentiated in reverse by the transpose that is given.

    JAX would transpose reading by number to adding by number, which is not compiled with the
    loop around it. A linear solve is its one linear function that takes a transpose and can be
    mapped; what is said to be solved is never looked at.
    """
    return lax.custom_linear_solve(
        lambda x: x, values, lambda _, b: function(b), lambda _, b: transpose(b)
    )


def _of_parents(parents: Parents, values: Array) -> Array:
    child, parent = (jnp.asarray(part) for part in _apart(parents))

    def read(k: Array, found: Array) -> Array:
        return lax.dynamic_update_index_in_dim(found, _at(values, parent[k]), child[k], 0)

    before = jnp.append(values[:1], values[:-1])
    return lax.fori_loop(0, len(child), read, before)


def _of_children(parents: Parents, values: Array) -> Array:
    child, parent = _apart(parents)
    follows = np.ones(len(parents), bool)
    follows[child] = False
    child, parent = jnp.asarray(child), jnp.asarray(parent)
    after = jnp.append(values[1:], values[:1])
    total = jnp.where(np.append(follows[1:], False), after, 0.0)

    def add(k: Array, total: Array) -> Array:
        at = parent[k]
        more = _at(total, at) + _at(values, child[k])
        return lax.dynamic_update_index_in_dim(total, more, at, 0)

    return lax.fori_loop(0, len(child), add, total)


def _apart(parents: Parents) -> tuple[np.ndarray, np.ndarray]:
    """The places that are read by number, and their parents.

    Most follow their parents, and are read side by side. The first two never are: a loop of two
    rounds stays a loop, and what is on its other side stays a loop of its own, which is fast
    because it has no ends to look out for.
    """
    place = np.arange(len(parents))
    (child,) = np.nonzero((np.asarray(parents) != place - 1) | (place < 2))
    parent = np.maximum(parents, 0)[child]
    return child.astype(np.int32), parent.astype(np.int32)


def _at(values: Array, place: Array) -> Array:
    return lax.dynamic_index_in_dim(values, place, 0, False, allow_negative_indices=False)


def _sweeps(parents: Parents) -> Callable[[Array, Array, Array], Array]:
    """The elimination on one tree, (n, ...) each, which puts what is mapped last.

    An inner loop over places whose numbers lie side by side is several times as fast.
    """
    solve = custom_vmap(functools.partial(_eliminate, parents))

    @solve.def_vmap
    def _(size, mapped, *given):
        last = [
            jnp.moveaxis(part, 0, -1)
            if flag
            else jnp.broadcast_to(part[..., None], (*part.shape, size))
            for part, flag in zip(given, mapped, strict=True)
        ]
        return jnp.moveaxis(solve(*last), -1, 0), True

    return solve


def _eliminate(parents: Parents, own: Array, conductance: Array, right: Array) -> Array:
    order, toward, links = _schedule(parents)
    count = len(order)
    is_root = np.reshape(toward < 0, (-1, *[1] * (right.ndim - 1)))
    conductance = jnp.where(is_root, 0.0, jnp.take(conductance, links, axis=0, mode="clip"))
    places, targets = jnp.asarray(order), jnp.asarray(toward[order])

    def up(k: Array, so_far: tuple[Array, Array]) -> tuple[Array, Array]:
        # A subtree is to the next place one conductance, in series with the link, and one current.
        own, right = so_far
        here, there = places[k], targets[k]
        alone, link = _at(own, here), _at(conductance, here)
        # One division, and in this form, is twice as fast as one for each.
        share = link / (alone + link)
        more = _at(own, there) + share * alone
        push = _at(right, there) + share * _at(right, here)
        return (
            lax.dynamic_update_index_in_dim(own, more, there, 0),
            lax.dynamic_update_index_in_dim(right, push, there, 0),
        )

    own, right = lax.fori_loop(0, count - 1, up, (own, right))
    total = own + conductance
    share = conductance / total

    # The other way, and without looking for numbers below 0, which takes a third of the time.
    back, near = jnp.asarray(order[-2::-1]), jnp.asarray(toward[order][-2::-1])

    def down(k: Array, x: Array) -> Array:
        here, there = _at(back, k), _at(near, k)
        value = _at(x, here) + _at(share, here) * _at(x, there)
        return lax.dynamic_update_index_in_dim(x, value, here, 0, allow_negative_indices=False)

    return lax.fori_loop(0, count - 1, down, right / total)


@functools.lru_cache
def _schedule(parents: Parents) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In which order places are eliminated, into which neighbour each, and by whose link.

    Any place may be the root. From the middle of the longest path, the farthest places first,
    those that follow each other seldom wait for each other, and a processor works at several
    at a time: an unbranched cable takes half the time that it takes from one end.
    """
    neighbours: list[list[int]] = [[] for _ in parents]
    for child, parent in enumerate(parents[1:], 1):
        neighbours[child].append(parent)
        neighbours[parent].append(child)
    end = _walk(neighbours, 0)[0][-1]
    reached, before = _walk(neighbours, end)
    path = [reached[-1]]
    while path[-1] != end:
        path.append(before[path[-1]])
    reached, before = _walk(neighbours, path[len(path) // 2])
    links = [
        place if before[place] == parents[place] else before[place] for place in range(len(parents))
    ]
    # Of one type in either precision, because JAX remembers arrays that it has seen.
    order, toward, links = np.array([reached[::-1], before, links], np.int32)
    return order, toward, np.maximum(links, 0)


def _walk(neighbours: list[list[int]], start: int) -> tuple[list[int], list[int]]:
    """All places, the nearest to `start` first, and by which one each was reached (-1: none)."""
    before = [-1] * len(neighbours)
    reached = [start]
    for place in reached:
        for near in neighbours[place]:
            if near != before[place]:
                before[near] = place
                reached.append(near)
    return reached, before
