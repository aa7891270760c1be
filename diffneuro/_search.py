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
from ._progress import Watcher, untold
from ._storage import check_writable, discard_leftovers, pack, unpack, write_atomically
from .methods import CMAES, AbstractMethod, DifferentialEvolution, Objective, Pipeline
from .methods._method import FARTHEST, check_population
from .methods._pipeline import lanes_of, stage_name, stages_of

# What is simulated side by side in one compiled call: as many as the caches like, by measurement.
# It does not depend on the machine, so that a search gives the same bits with more cores.
_WIDTH = 192
# Without derivatives: whole vectors of the machine, and few enough for two cores to share.
_PLAIN_WIDTH = 16
_TILE_BYTES = 256e6
_CHECKPOINT_SECONDS = 60.0
_CHECKPOINT_VERSION = 2
_LONGEST_SHOWN = 120


class StageLoss(NamedTuple):
    """What the end of a stage of a search was worth."""

    name: str
    iterations: int
    """of the whole search until then"""
    loss: float
    """the least by the stage's own measure, such as windows'"""
    free_loss: float
    """the least of the free run, by which stages can be compared"""


class Found(NamedTuple):
    """What a search ends with."""

    positions: NDArray
    """(starts, P) free coordinates"""
    history: NDArray
    """(iterations, starts) losses, NaN for starts that were not gone on with"""
    completed: bool
    """False when it was interrupted"""
    stages: tuple[StageLoss, ...] = ()
    """of the stages of a pipeline that were ended"""


class _Reached(NamedTuple):
    """How far a search is: changed as a whole, so that no interrupt finds half of it."""

    positions: Array
    """(starts, P) of all starts, those that are not gone on with included"""
    lanes: NDArray
    """which starts are gone on with"""
    states: Any
    """of these; None before they have been evaluated"""
    history: list[NDArray]
    """(starts,) losses after each iteration"""
    free: tuple[tuple[int, float], ...] = ()
    """iterations and the free run's least loss at the end of each stage"""


class _Turn(NamedTuple):
    """One iteration of a schedule."""

    stage: AbstractMethod
    at: int
    """its number within the stage"""
    lanes: int
    """how many starts the stage goes on with"""
    spread: float | None
    """how far from them the starts are that fill in; None where they come as they are"""
    tile: int
    """how many lanes share one compiled call"""


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
    tell: Callable[[str], None] = untold,
) -> Found:
    """Run `method` from each of `positions` (starts, P); a Ctrl-C ends it with the best so far.

    With a `checkpoint` path the state is kept there once a minute and at the end, however it
    comes, and a later search of the same `identity` goes on from it, on the same kind of machine
    to the same bits. A checkpoint that cannot be written is told by a warning and tried again.
    `runs` is how many simulations one call of the objective takes; `tell` gets a line at the end
    of each stage of a pipeline.

    **Raises:** `ValueError` for a checkpoint that cannot be written from the beginning, is
    damaged, or is of another fit or format version; what a method or watcher raises.
    """
    if checkpoint is not None:
        check_writable(checkpoint)
        discard_leftovers(checkpoint)
    schedule = _schedule(method, objective, positions, runs)
    # Interrupted here it would have but the starts to show, which are not the best so far.
    with held_back() as interrupts:
        reached = _read(checkpoint, schedule, objective, positions, identity)
    completed, interrupted = False, bool(interrupts)
    try:
        if interrupted:
            raise KeyboardInterrupt
        if reached.states is None:
            reached = _begun(schedule[0], objective, reached, key)
        saved = time.monotonic()
        while (done := len(reached.history)) < len(schedule):
            turn = schedule[done]
            ends = isinstance(method, Pipeline) and turn.at == turn.stage.iterations - 1
            moved = _advance(turn, objective, reached, key)
            reached = _compared(moved, objective) if ends else moved
            best = float(np.min(reached.states.loss))
            if ends:
                tell(_line(_stage_losses(schedule, reached)[-1]))
            watch(done + 1, len(schedule), best, stage_name(turn.stage, turn.at))
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
    table = np.asarray(reached.history, float).reshape(len(reached.history), len(positions))
    stages = _stage_losses(schedule, reached)
    return Found(np.asarray(_all_positions(reached), float), table, completed, stages)


def _schedule(
    method: AbstractMethod | Pipeline, objective: Objective, positions: Array, runs: int
) -> list[_Turn]:
    spread = method.spread if isinstance(method, Pipeline) else 0.0
    turns = []
    for stage, lanes in zip(stages_of(method), lanes_of(method, len(positions)), strict=True):
        # Found out now, not hours later.
        if isinstance(stage, CMAES | DifferentialEvolution):
            check_population(stage, lanes)
        tile = _tile_size(stage, objective, positions, runs)
        turns += [_Turn(stage, at, lanes, spread, tile) for at in range(stage.iterations)]
    return turns


def _advance(turn: _Turn, objective, reached: _Reached, key: Array) -> _Reached:
    """One iteration on; interrupted within, it is done again from before its mixing."""
    stage, at, history = turn.stage, turn.at, reached.history
    if at == 0 and history:
        reached = _begun(turn, objective, reached, key)
    mixed = stage.mix(reached.states, at, jax.random.fold_in(key, len(history)))
    moved = _for_tiles(_update, stage, objective, turn.tile)(mixed, jnp.asarray(at))
    losses = np.full(len(reached.positions), np.nan)
    losses[reached.lanes] = np.asarray(moved.loss)
    return reached._replace(states=moved, history=[*history, losses])


def _compared(reached: _Reached, objective) -> _Reached:
    """With the free run's least loss, at the end of a stage that may have had a loss of its own."""
    losses = np.asarray(free_losses(objective, _all_positions(reached)), float)
    least = float(np.min(losses, where=np.isfinite(losses), initial=np.inf))
    return reached._replace(free=(*reached.free, (len(reached.history), least)))


def _stage_losses(schedule: list[_Turn], reached: _Reached) -> tuple[StageLoss, ...]:
    found = []
    for done, least in reached.free:
        turn, own = schedule[done - 1], reached.history[done - 1]
        best = float(np.min(own, where=np.isfinite(own), initial=np.inf))
        name = stage_name(turn.stage, turn.at) or type(turn.stage).__name__
        found.append(StageLoss(name, done, best, least))
    return tuple(found)


def _line(stage: StageLoss) -> str:
    return (
        f"{stage.name}: loss {stage.loss:.4g}, of the free run {stage.free_loss:.4g} "
        f"after {stage.iterations} iterations"
    )


def _begun(turn: _Turn, objective, reached: _Reached, key: Array) -> _Reached:
    """A stage begun: with the best lanes of the stage before, and where it takes more others."""
    positions, kept = _all_positions(reached), reached.lanes
    if reached.states is not None:
        losses = np.asarray(reached.states.loss)
        order = np.argsort(losses, kind="stable")
        # Lanes that are not finite are given up, unless all are.
        kept = kept[order[: int(np.isfinite(losses).sum()) or None]][: turn.lanes]
    if turn.lanes > len(kept):
        idle = np.setdiff1d(np.arange(len(positions)), kept)[: turn.lanes - len(kept)]
        if turn.spread is not None:
            shape, real = (len(idle), positions.shape[1]), positions.dtype
            draws = jax.random.fold_in(jax.random.fold_in(key, len(reached.history)), len(idle))
            source = kept[np.arange(len(idle)) % len(kept)]
            near = positions[source] + turn.spread * jax.random.normal(draws, shape, real)
            positions = positions.at[idle].set(jnp.clip(near, -FARTHEST, FARTHEST))
        kept = np.concatenate([kept, idle])
    states = _for_tiles(_start, turn.stage, objective, turn.tile)(positions[kept])
    return reached._replace(positions=positions, lanes=kept, states=states)


def _all_positions(reached: _Reached) -> Array:
    """(starts, P), where the lanes that are gone on with are now and where the others stayed."""
    if reached.states is None:
        return reached.positions
    return reached.positions.at[reached.lanes].set(reached.states.position)


@eqx.filter_jit
def free_losses(objective, positions: Array) -> Array:
    """(starts,) the loss of the free-running model at each of `positions` (starts, P)."""
    return jax.lax.map(lambda z: jnp.sum(objective(z) ** 2), positions)


@eqx.filter_jit
def _residuals(objective, position):
    return objective(position)


@eqx.filter_jit
def _start(method, objective, positions):
    return jax.vmap(lambda z: method.start(objective, z))(positions)


@eqx.filter_jit
def _update(method, objective, states, iteration):
    return jax.vmap(lambda state: method.update(objective, state, iteration))(states)


def _tile_size(method: AbstractMethod, objective: Objective, positions: Array, runs: int) -> int:
    """How many starts share one compiled call, by the cache and by their Jacobians' memory."""
    starts, count = positions.shape
    tangents = method.tangents(count)
    shape = eqx.filter_eval_shape(_residuals, objective, positions[0])
    by_memory = _TILE_BYTES // (shape.size * shape.dtype.itemsize * (tangents + 2))
    by_cache = (_WIDTH if tangents else _PLAIN_WIDTH) // (runs * (tangents + 1))
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
        first = schedule[0].lanes
        return _Reached(positions, np.arange(len(positions))[:first], None, [])
    document, arrays = unpack(
        checkpoint, name="search", kind="checkpoint", version=_CHECKPOINT_VERSION
    )
    _check_identity(checkpoint, document.get("identity"), identity)
    history = list(arrays.get("history", ()))
    last = schedule[min(max(len(history), 1), len(schedule)) - 1]
    some = positions[: last.lanes]
    shapes, structure = jax.tree.flatten(eqx.filter_eval_shape(_start, last.stage, objective, some))
    wanted = {f"state_{i}": leaf for i, leaf in enumerate(shapes)}
    wanted["history"] = jax.ShapeDtypeStruct((len(history), len(positions)), shapes[0].dtype)
    wanted["positions"] = jax.ShapeDtypeStruct(positions.shape, positions.dtype)
    wanted["lanes"] = jax.ShapeDtypeStruct((last.lanes,), np.dtype(int))
    for name, leaf in wanted.items():
        if name not in arrays or arrays[name].shape != leaf.shape or len(history) > len(schedule):
            raise ValueError(
                f"the checkpoint {checkpoint} is damaged: {name} is missing or of a wrong shape; "
                "delete it to start anew."
            )
    leaves = [jnp.asarray(arrays[f"state_{i}"]) for i in range(len(shapes))]
    states = jax.tree.unflatten(structure, leaves)
    # Checkpoints written before stages were compared have none.
    free = tuple((int(done), float(least)) for done, least in arrays.get("free", ()))
    return _Reached(jnp.asarray(arrays["positions"]), arrays["lanes"], states, history, free)


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
    document = {
        "kind": "checkpoint",
        "format_version": _CHECKPOINT_VERSION,
        "identity": identity,
    }
    leaves = jax.tree.leaves(reached.states)
    real, shape = leaves[0].dtype, (len(reached.history), len(reached.positions))
    arrays = {f"state_{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)} | {
        "history": np.asarray(reached.history, real).reshape(shape),
        "positions": np.asarray(reached.positions),
        "lanes": reached.lanes,
        "free": np.asarray(reached.free, float).reshape(-1, 2),
    }
    content = pack(document, arrays, "search")
    try:
        write_atomically(checkpoint, content)
    except (OSError, ValueError) as error:
        warnings.warn(f"the search is not kept for now: {error}", stacklevel=4)
