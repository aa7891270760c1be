"""Sums over the synapses of the few cells that fire."""

import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

# Cells are looked at so many at a time.
_BLOCK = 32

Columns = tuple[Array, ...]
"""(cells,) each: of every cell the same few numbers"""


def outgoing(sources: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """The numbers of the synapses in the order of their presynaptic cells, and where each begins.

    The synapses of cell c are those from `begins[c]` up to `begins[c + 1]` of that order, which
    is None where they are in it already.
    """
    order = np.argsort(sources, kind="stable")
    each = np.bincount(sources) if len(sources) else np.zeros(1, int)
    in_order = (order == np.arange(len(sources))).all()
    return None if in_order else order, np.concatenate([[0], np.cumsum(each)])


def add_all(weights: Array, values: Array, sources: Any, targets: Any, size: int) -> Array:
    """(size, k): for each target the sum of weight times the row of `values` of its sources."""
    return jax.ops.segment_sum(weights[:, None] * values[sources], targets, size)


def add_events(
    weights: Array, values: Columns, sources: Any, targets: Any, leaving: tuple, size: int
) -> Columns:
    """(size,) each: for each target the sum of weight times the `values` of its sources.

    Cells whose values are all zero take no time; derivatives take all.

    **Arguments:** `weights`, one number or (synapses,); `values`, a column or more; `sources`,
    `targets` (synapses,) who reaches whom; `leaving`, of `outgoing`; `size`, of the targets.
    """

    def every(weights, values, sources, targets):
        each = jnp.broadcast_to(weights, targets.shape)
        added = add_all(each, jnp.stack(values, 1), sources, targets, size)
        return tuple(added[:, column] for column in range(len(values)))

    @jax.custom_jvp
    def add(weights, values, sources, targets, leaving):
        # Elsewhere all at once is faster than one after the other.
        return jax.lax.platform_dependent(
            weights,
            values,
            sources,
            targets,
            leaving,
            cpu=lambda weights, values, _, targets, leaving: _add_active(
                weights, values, targets, leaving, size
            ),
            default=lambda weights, values, sources, targets, _: every(
                weights, values, sources, targets
            ),
        )

    @add.defjvp
    def _add_jvp(primals, tangents):
        weights, values, sources, targets, _ = primals
        more_weights, more_values = tangents[:2]
        by_weights = every(more_weights, values, sources, targets)
        by_values = every(weights, more_values, sources, targets)
        return add(*primals), jax.tree.map(jnp.add, by_weights, by_values)

    return add(weights, values, sources, targets, leaving)


def _add_active(weights, values, targets, leaving, size) -> Columns:
    """One active cell after the other: loops of scalars, which fold into the time loop.

    Lanes of a batch take turns, because together they would go through each other's cells.
    """

    @jax.custom_batching.sequential_vmap
    def add(weights, values, targets, leaving):
        order, begins = leaving
        nothing = tuple(jnp.zeros((size,), jnp.result_type(weights, *values)) for _ in values)
        if not targets.shape[0]:
            return nothing
        active = functools.reduce(operator.or_, (column != 0.0 for column in values))
        cells = min(active.shape[0], begins.shape[0] - 1)
        blocks = -(-cells // _BLOCK)
        active = active[:cells] & (begins[1 : cells + 1] > begins[:cells])
        active = jnp.pad(active, (0, blocks * _BLOCK - cells))

        def cell(c, total):
            row = tuple(_at(column, c) for column in values)

            def synapse(i, total):
                j = i if order is None else _at(order, i)
                weight = _at(weights, j) if weights.ndim else weights
                return _added(total, _at(targets, j), weight, row)

            return jax.lax.fori_loop(_at(begins, c), _at(begins, c + 1), synapse, total)

        def look(c, total):
            return jax.lax.cond(_at(active, c), lambda total: cell(c, total), _same, total)

        def block(b, total):
            def search(total):
                return jax.lax.fori_loop(
                    0, _BLOCK, lambda i, total: look(b + i * blocks, total), total
                )

            return jax.lax.cond(_at(some, b), search, _same, total)

        some = _folded(active, blocks)
        return jax.lax.fori_loop(0, blocks, block, nothing)

    return add(weights, values, targets, leaving)


def _added(total: Columns, target: Array, weight: Array, row: Columns) -> Columns:
    """The totals with what one synapse passes on."""
    return tuple(
        jax.lax.dynamic_update_index_in_dim(
            column,
            _at(column, target) + weight * value,
            target,
            0,
            allow_negative_indices=False,
        )
        for column, value in zip(total, row, strict=True)
    )


def _same(total: Columns) -> Columns:
    return total


def _at(values: Array, index: Array) -> Array:
    return jax.lax.dynamic_index_in_dim(
        values, index, 0, keepdims=False, allow_negative_indices=False
    )


def _folded(active: Array, blocks: int) -> Array:
    """(blocks,) whether any of the entries b, b + blocks, b + 2 blocks, ... is true.

    By halves, which is arithmetic on vectors; a reduction goes through them one by one.
    """
    while active.shape[0] > blocks:
        half = active.shape[0] // 2
        active = active[:half] | active[half:]
    return active
