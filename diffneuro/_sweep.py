"""The verb `sweep`: one model, many parameter values."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from ._model import AbstractModel, replace
from ._progress import Watcher
from ._simulate import default_solver, simulate
from ._time_loop import Trajectory
from .solvers import AbstractSolver
from .spikes import AbstractSpikeGradient, Exact
from .sweeps import Grid
from .sweeps._dataset import (
    COMPLETED,
    DIVERGED,
    check_measure_names,
    import_xarray,
)
from .sweeps._identity import identity
from .sweeps._measure import apply, as_measures, unit_of
from .sweeps._values import STIMULUS, Axis, axes_of, check_paths, known_parameters

if TYPE_CHECKING:
    import xarray

_SECONDS_BETWEEN_WRITES = 2.0
# Beside the samples of a run: their transposed copy, and what a measure makes of them.
_COPIES = 3.0


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
    known = known_parameters(model, stimulus)
    check_paths(model, stimulus, values.values if isinstance(values, Grid) else values, known)
    keys = key if key is not None and _is_batch(key) else None
    axes = axes_of(values, states, keys, known)
    measures = as_measures(measure)
    check_measure_names(measures, axes)
    solver = default_solver(model, noisy=key is not None) if solver is None else solver
    spikes = Exact() if spikes is None else spikes
    case = Case(model, stimulus, measures, solver, spikes, None if keys is key else key, t1, dt, every)
    lanes = Lanes(axes, states, keys, {path: value.dtype for path, (value, _) in known.items()})
    settings = {"t1": t1, "dt": dt, "every": every, "solver": solver, "spikes": spikes}
    about = identity(model, stimulus, axes, states, key, settings | {"measures": measures})
    units = {path: unit for path, (_, unit) in known.items()}
    units |= {name: unit_of(function, model) for name, function in measures.items()}
    ...
