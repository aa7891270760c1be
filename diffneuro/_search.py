"""The loop of a search: all starts, in tiles, on all cores."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ._progress import Watcher
from ._storage import check_writable, pack, unpack, write_atomically
from .methods import AbstractMethod, Objective, Pipeline
from .methods._pipeline import stage_name, stages_of

# What is simulated side by side in one compiled call: as many as the caches like, by measurement.
# It does not depend on the machine, so that a search gives the same bits with more cores.
_WIDTH = 192
_TILE_BYTES = 256e6
_CHECKPOINT_SECONDS = 60.0
_CHECKPOINT_VERSION = 1


class Found(NamedTuple):
    """What a search ends with."""

    positions: NDArray
    """(starts, P) free coordinates"""
    losses: NDArray
    """(starts,); inf for a start that went non-finite"""
    history: NDArray
    """(iterations, starts) losses"""
    completed: bool
    """False when it was interrupted"""


def search(
    method: AbstractMethod | Pipeline,
    objective: Objective,
    positions: Array,
    key: Array,
    *,
    runs: int,
    watch: Watcher,
    checkpoint: str | os.PathLike | None,
    identity: dict[str, Any],
) -> Found:
    """Run `method` from each of `positions` (starts, P); a Ctrl-C ends it with the best so far.

    With a `checkpoint` path the state is kept there once a minute and at the end, and a later
    search of the same `identity` goes on from it, to the same bits. `runs` is how many
    simulations one call of the objective takes.
    """
    if checkpoint is not None:
        check_writable(checkpoint)
    tile = _tile_size(objective, positions, runs)
    schedule = [(stage, at) for stage in stages_of(method) for at in range(stage.iterations)]
    states, history = _begin(schedule, objective, positions, tile, checkpoint, identity)
    saved = time.monotonic()
    completed = True
    try:
        while (done := len(history)) < len(schedule):
            stage, at = schedule[done]
            if at == 0 and done:
                states = _for_tiles(_start, stage, objective, tile)(states.position)
            mixed = stage.mix(states, at, jax.random.fold_in(key, done))
            moved = _for_tiles(_update, stage, objective, tile)(mixed, jnp.asarray(at))
            # Both or neither: an interrupted iteration is done again, from before its mixing.
            states, history = moved, [*history, np.asarray(moved.loss)]
            watch(done + 1, len(schedule), float(np.min(history[-1])), stage_name(stage, at))
            if checkpoint is not None and time.monotonic() - saved > _CHECKPOINT_SECONDS:
                _save(checkpoint, states, history, identity)
                saved = time.monotonic()
    except KeyboardInterrupt:
        completed = False
    if checkpoint is not None:
        _save(checkpoint, states, history, identity)
    losses = np.asarray(states.loss, float)
    table = np.asarray(history, float).reshape(len(history), len(losses))
    return Found(np.asarray(states.position, float), losses, table, completed)


@eqx.filter_jit
def _residuals(objective, position):
    return objective(position)


@eqx.filter_jit
def _start(method, objective, positions):
    return jax.vmap(lambda z: method.start(objective, z))(positions)


@eqx.filter_jit
def _update(method, objective, states, iteration):
    return jax.vmap(lambda state: method.update(objective, state, iteration))(states)


def _tile_size(objective: Objective, positions: Array, runs: int) -> int:
    """How many starts share one compiled call, by the cache and by their Jacobians' memory."""
    starts, count = positions.shape
    shape = eqx.filter_eval_shape(_residuals, objective, positions[0])
    by_memory = _TILE_BYTES // (shape.size * shape.dtype.itemsize * (count + 2))
    by_cache = _WIDTH // (runs * (count + 1))
    return int(np.clip(min(by_memory, by_cache), 1, starts))


def _for_tiles(function, method, objective, tile: int) -> Callable[..., Any]:
    """`function` of all lanes, a tile at a time, one stream of tiles to each core."""

    def run(lanes, *rest):
        count = jax.tree.leaves(lanes)[0].shape[0]
        # The last tile is filled with copies, so that every call has the same shape.
        rows = np.resize(np.arange(count), -(-count // tile) * tile).reshape(-1, tile)

        # JAX's settings belong to a thread; the workers take the precision of this one.
        double = jnp.result_type(float).itemsize == 8

        def one(row):
            with jax.enable_x64(double):
                mine = jax.tree.map(lambda values: values[row], lanes)
                return jax.block_until_ready(function(method, objective, mine, *rest))

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            parts = list(pool.map(one, rows))
        return jax.tree.map(lambda *values: jnp.concatenate(values)[:count], *parts)

    return run


def _begin(schedule, objective, positions, tile, checkpoint, identity):
    """The states to go on from, and the history up to there."""
    first, _ = schedule[0]
    if checkpoint is None or not Path(checkpoint).exists():
        return _for_tiles(_start, first, objective, tile)(positions), []
    document, arrays = unpack(
        checkpoint, name="search", kind="checkpoint", version=_CHECKPOINT_VERSION
    )
    for name, value in identity.items():
        if document["identity"].get(name) != value:
            raise ValueError(
                f"the checkpoint {checkpoint} belongs to another fit: its {name} was "
                f"{document['identity'].get(name)!r} and is now {value!r}; use another file."
            )
    history = list(arrays["history"])
    last, _ = schedule[max(len(history) - 1, 0)]
    shapes = eqx.filter_eval_shape(_start, last, objective, positions)
    structure = jax.tree.structure(shapes)
    leaves = [jnp.asarray(arrays[f"state_{i}"]) for i in range(structure.num_leaves)]
    return jax.tree.unflatten(structure, leaves), history


def _save(path, states, history, identity) -> None:
    document = {
        "kind": "checkpoint",
        "format_version": _CHECKPOINT_VERSION,
        "identity": identity,
    }
    leaves = {f"state_{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(states))}
    count = np.asarray(states.loss).shape[0]
    table = np.asarray(history, np.asarray(states.loss).dtype).reshape(len(history), count)
    write_atomically(path, pack(document, {**leaves, "history": table}, "search"))
