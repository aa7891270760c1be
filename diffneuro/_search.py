"""The loop of a search: all starts, in tiles, on all cores."""

import os
import time
import warnings
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

from ._cores import cores
from ._interrupt import held_back
from ._progress import Watcher
from ._storage import check_writable, discard_leftovers, pack, unpack, write_atomically
from .methods import AbstractMethod, Objective, Pipeline
from .methods._pipeline import stage_name, stages_of

# What is simulated side by side in one compiled call: as many as the caches like, by measurement.
# It does not depend on the machine, so that a search gives the same bits with more cores.
_WIDTH = 192
_TILE_BYTES = 256e6
_CHECKPOINT_SECONDS = 60.0
_CHECKPOINT_VERSION = 1
_LONGEST_SHOWN = 120


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


class _Reached(NamedTuple):
    """How far a search is: changed as a whole, so that no interrupt finds half of it."""

    states: Any
    """None before the starts have been evaluated"""
    history: list[NDArray]
    """(starts,) losses after each iteration"""


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

    With a `checkpoint` path the state is kept there once a minute and at the end, however it
    comes, and a later search of the same `identity` goes on from it, on the same kind of machine
    to the same bits. A checkpoint that cannot be written is told by a warning and tried again.
    `runs` is how many simulations one call of the objective takes.

    **Raises:** `ValueError` for a checkpoint that cannot be written from the beginning, is
    damaged, or is of another fit or format version; what a method or watcher raises.
    """
    if checkpoint is not None:
        check_writable(checkpoint)
        discard_leftovers(checkpoint)
    schedule = [(stage, at) for stage in stages_of(method) for at in range(stage.iterations)]
    # Interrupted here it would have but the starts to show, which are not the best so far.
    with held_back() as interrupts:
        reached = _read(checkpoint, schedule, objective, positions, identity)
    completed, interrupted = False, bool(interrupts)
    try:
        if interrupted:
            raise KeyboardInterrupt
        tile = _tile_size(objective, positions, runs)
        if reached.states is None:
            first, _ = schedule[0]
            reached = _Reached(_for_tiles(_start, first, objective, tile)(positions), [])
        saved = time.monotonic()
        while (done := len(reached.history)) < len(schedule):
            stage, at = schedule[done]
            reached = _advance(stage, at, objective, reached, tile, key)
            best = float(np.min(reached.history[-1]))
            watch(done + 1, len(schedule), best, stage_name(stage, at))
            if checkpoint is not None and time.monotonic() - saved > _CHECKPOINT_SECONDS:
                _keep(checkpoint, reached, identity)
                saved = time.monotonic()
        completed = True
    except KeyboardInterrupt:
        interrupted = True
    finally:
        # After an error too, if there is something that another try need not do again.
        if completed or interrupted or reached.history:
            _keep_at_end(checkpoint, reached, identity)
    return _found(positions, reached, completed)


def _advance(stage, at: int, objective, reached: _Reached, tile: int, key: Array) -> _Reached:
    """One iteration on; interrupted within, it is done again from before its mixing."""
    states, history = reached
    if at == 0 and history:
        states = _for_tiles(_start, stage, objective, tile)(states.position)
    mixed = stage.mix(states, at, jax.random.fold_in(key, len(history)))
    moved = _for_tiles(_update, stage, objective, tile)(mixed, jnp.asarray(at))
    return _Reached(moved, [*history, np.asarray(moved.loss)])


def _found(positions: Array, reached: _Reached, completed: bool) -> Found:
    states, history = reached
    if states is None:
        starts = len(positions)
        unknown = np.full(starts, np.inf)
        return Found(np.asarray(positions, float), unknown, np.zeros((0, starts)), completed)
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

        with ThreadPoolExecutor(cores()) as pool:
            parts = list(pool.map(one, rows))
        return jax.tree.map(lambda *values: jnp.concatenate(values)[:count], *parts)

    return run


def _read(checkpoint, schedule, objective, positions, identity) -> _Reached:
    """What the checkpoint holds, if there is one."""
    if checkpoint is None or not Path(checkpoint).exists():
        return _Reached(None, [])
    document, arrays = unpack(
        checkpoint, name="search", kind="checkpoint", version=_CHECKPOINT_VERSION
    )
    _check_identity(checkpoint, document.get("identity"), identity)
    history = list(arrays.get("history", ()))
    last, _ = schedule[min(max(len(history), 1), len(schedule)) - 1]
    shapes, structure = jax.tree.flatten(eqx.filter_eval_shape(_start, last, objective, positions))
    wanted = {f"state_{i}": leaf for i, leaf in enumerate(shapes)}
    wanted["history"] = jax.ShapeDtypeStruct((len(history), len(positions)), shapes[0].dtype)
    for name, leaf in wanted.items():
        if name not in arrays or arrays[name].shape != leaf.shape or len(history) > len(schedule):
            raise ValueError(
                f"the checkpoint {checkpoint} is damaged: {name} is missing or of a wrong shape; "
                "delete it to start anew."
            )
    leaves = [jnp.asarray(arrays[f"state_{i}"]) for i in range(len(shapes))]
    return _Reached(jax.tree.unflatten(structure, leaves), history)


def _check_identity(checkpoint, known: Any, identity: dict[str, Any]) -> None:
    """Raise a `ValueError` that names the first thing in which two searches differ."""
    known = known if isinstance(known, dict) else {}
    for name, now in identity.items():
        then = known.get(name)
        if then == now:
            continue
        if isinstance(then, dict) and isinstance(now, dict):
            keys = {**then, **now}
            part = next(k for k in keys if k not in then or k not in now or then[k] != now[k])
            name, then, now = f"{name} ({part or 'the whole'})", then.get(part), now.get(part)
        was, is_now = _difference(repr(then), repr(now))
        raise ValueError(
            f"the checkpoint {checkpoint} belongs to another fit: its {name} was {was} and is now "
            f"{is_now}; use another file, or delete this one to start anew."
        )


def _difference(one: str, other: str) -> tuple[str, str]:
    """Both, or if they are long a piece of each from where they part."""
    if max(len(one), len(other)) <= _LONGEST_SHOWN:
        return one, other
    pairs = enumerate(zip(one, other, strict=False))
    alike = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    first = max(0, alike - _LONGEST_SHOWN // 2)
    pieces = (text[first : first + _LONGEST_SHOWN] for text in (one, other))
    shown = ((f"...{piece}" if first else piece) for piece in pieces)
    before, after = (text + "..." * (len(text) >= _LONGEST_SHOWN) for text in shown)
    return before, after


def _keep_at_end(checkpoint, reached: _Reached, identity) -> None:
    if checkpoint is not None and reached.states is not None:
        with held_back():
            _keep(checkpoint, reached, identity)


def _keep(checkpoint, reached: _Reached, identity) -> None:
    """Write the checkpoint; a disk that does not take it does not end a search of hours."""
    states, history = reached
    document = {
        "kind": "checkpoint",
        "format_version": _CHECKPOINT_VERSION,
        "identity": identity,
    }
    leaves = {f"state_{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(states))}
    losses = np.asarray(states.loss)
    table = np.asarray(history, losses.dtype).reshape(len(history), len(losses))
    content = pack(document, {**leaves, "history": table}, "search")
    try:
        write_atomically(checkpoint, content)
    except (OSError, ValueError) as error:
        warnings.warn(f"the search is not kept for now: {error}", stacklevel=4)
