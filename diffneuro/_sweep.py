"""The verb `sweep`: one model, many parameter values."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from ._model import AbstractModel, has_noise
from ._progress import Watcher, watching
from ._simulate import default_solver, is_samples
from ._time_loop import Trajectory
from .solvers import AbstractSolver
from .spikes import AbstractSpikeGradient
from .sweeps import Grid
from .sweeps._dataset import DIVERGED, check_measure_names, import_xarray, to_dataset
from .sweeps._identity import identity
from .sweeps._lanes import Case, Lanes, check_first, lane_bytes, measured, measured_tile
from .sweeps._measure import as_measures, unit_of
from .sweeps._results import Results, empty_results, keep, load, save, warn_of_diverged
from .sweeps._store import Store, finish, open_store
from .sweeps._tiles import run_tiles, tile_width, workers
from .sweeps._values import axes_of, check_paths, known_parameters

if TYPE_CHECKING:
    import xarray

_SECONDS_BETWEEN_WRITES = 2.0


def sweep(
    model: AbstractModel,
    values: Grid | Mapping[str, ArrayLike],
    stimulus: Any,
    *,
    t1: float,
    dt: float = 0.025,
    measure: Callable[[Trajectory], Any] | Mapping[str, Callable[[Trajectory], Any]],
    key: Array | None = None,
    store: str | os.PathLike | None = None,
    states: Any = None,
    solver: AbstractSolver | None = None,
    spikes: AbstractSpikeGradient | None = None,
    every: int = 1,
    tile: int | None = None,
    progress: bool | Watcher = True,
) -> "xarray.Dataset":
    """Simulate a model with many parameter values, and keep a few numbers of each run.

    **Arguments:**

    - `model`, `stimulus`, `t1`, `dt`, `solver`, `spikes`, `every`: as for `simulate`.
    - `values`: dotted path -> values in the parameter's unit. `sweeps.grid({...})` takes every
      combination, each parameter a dimension; a plain mapping takes equally many of each, run
      by run, along the dimension `run`. `stimulus.amplitude` is the amplitude of a stimulus
      such as `stimuli.Step`; so with its other parameters.
    - `measure`: what is kept: name -> function of the run's `Trajectory` to a number or a small
      array, or a single such function. `sweeps.rate()`, `sweeps.latency()` and others are ready.
    - `key`: the random key of a noisy model, the same for every run, or a batch of keys, which
      becomes the dimension `key`.
    - `states`: initial states with a leading axis, which becomes the dimension `state`.
    - `store`: a path of a Zarr store; what is done is kept there, and the same sweep goes on
      from it. `xarray.open_zarr` reads it.
    - `tile`: how many runs are side by side in one compiled call; chosen by default.
    - `progress`: True for a bar on a terminal, False for none, or a function of (runs done,
      runs, runs that diverged, ""), called at most once a second.

    **Returns:** an `xarray.Dataset` with the measures, their units, and `diverged`: which runs
    were not finite. Their measures are NaN, and one warning counts them.

    **Raises:** `ValueError` for unknown names, values that do not fit, another sweep's store,
    and too little memory; `ImportError` without the extra `sweep`.
    """
    import_xarray()
    stimulus = _as_arrays(stimulus)
    noisy = key is not None and has_noise(model)
    solver = default_solver(model, noisy=noisy) if solver is None else solver
    measures = as_measures(measure)
    known = known_parameters(model, stimulus)
    check_paths(model, stimulus, values.values if isinstance(values, Grid) else values, known)
    shared, keys = (None, key) if _is_batch(key) else (key, None)
    axes = axes_of(values, states, keys, known)
    check_measure_names(measures, axes)
    lanes = Lanes(axes, states, keys, {path: value.dtype for path, (value, _) in known.items()})
    case = Case(model, stimulus, measures, solver, spikes, shared, t1, dt, every)
    shapes = _shapes(case, lanes)
    width = _width(case, lanes, shapes, tile)
    settings = {"t1": t1, "dt": dt, "every": every, "solver": solver, "spikes": spikes}
    about = identity(model, stimulus, axes, states, key, settings | {"measures": measures})
    units = {path: unit for path, (_, unit) in known.items()}
    units |= {name: unit_of(function, model) for name, function in measures.items()}
    results = empty_results(lanes.runs, shapes)
    disk = None
    if store is not None:
        disk = open_store(store, to_dataset(axes, results.measures, results.flags, units, about))
        load(results, disk)
    _run(case, lanes, results, disk, width, progress)
    warn_of_diverged(results, lanes)
    count = int(results.diverged.sum())
    flags = {DIVERGED: results.diverged}
    return to_dataset(axes, results.measures, flags, units, about | {DIVERGED: count})


def _as_arrays(stimulus: Any) -> Any:
    """Plain numbers and lists of a stimulus as arrays, so that others do not trace anew."""
    return jax.tree.map(
        lambda part: part if callable(part) else jnp.asarray(part, jnp.result_type(float)),
        stimulus,
        is_leaf=lambda part: callable(part) or is_samples(part),
    )


def _is_batch(key: Array | None) -> bool:
    return key is not None and jax.random.key_data(key).ndim > 1


def _shapes(case: Case, lanes: Lanes) -> dict[str, jax.ShapeDtypeStruct]:
    """The shape of each measure of one run, found without running; bad input is refused."""
    shapes, _ = eqx.filter_eval_shape(measured, case, lanes.first())
    check_first(case, lanes.first())
    return {name: shapes[name] for name in case.measures}


def _width(case: Case, lanes: Lanes, shapes: Mapping[str, Any], tile: int | None) -> int:
    """How many runs go side by side."""
    kept = lanes.runs * sum(s.size * s.dtype.itemsize for s in shapes.values())
    return tile_width(lanes.runs, tile, workers(), lane_bytes(case, lanes.first()), kept)


def _run(
    case: Case,
    lanes: Lanes,
    results: Results,
    store: Store | None,
    width: int,
    progress: bool | Watcher,
) -> None:
    """Do the runs that are not completed, and fill in their results."""
    left = np.flatnonzero(~results.completed)
    tiles = [left[start : start + width] for start in range(0, len(left), width)]

    def begin(runs, device):
        # The last tile is filled with copies, so that every call has the same shape.
        padded = np.resize(runs, width)
        return measured_tile(case, jax.device_put(lanes.take(padded), device))

    def end(runs, out):
        keep(results, runs, out)

    written = time.monotonic()
    try:
        with (
            watching(progress, title="sweep", describe=_progress_text) as watch,
            closing(run_tiles(begin, end, tiles, workers())) as finished,
        ):
            for _ in finished:
                done, bad = int(results.completed.sum()), int(results.diverged.sum())
                watch(done, lanes.runs, float(bad), "")
                if store is not None and time.monotonic() - written > _SECONDS_BETWEEN_WRITES:
                    save(results, store)
                    written = time.monotonic()
    finally:
        if store is not None:
            save(results, store)
    if store is not None:
        finish(store, int(results.diverged.sum()))


def _progress_text(diverged: float, stage: str) -> str:
    return f"{diverged:.0f} diverged" if diverged else ""
