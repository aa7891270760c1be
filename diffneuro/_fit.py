"""The verb `fit`: a model, a recording, free parameters."""

import hashlib
import json
import os
import platform
import time
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from ._bounds import Bounds, as_bounds, values_at
from ._cores import cores
from ._curvature import curvature, curvature_between_spikes, is_between_spikes
from ._defaults import Search, check_fires, default_loss, default_search
from ._holdout import Holdout, Kept, as_holdout, fitted_part
from ._interrupt import held_back
from ._model import (
    AbstractModel,
    check_names,
    is_clamped,
    parameters,
    replace,
    smallest,
    substitute,
)
from ._objective import Objective, SpikesOfASweep, check_clamp, free_run, make_objective
from ._progress import Watcher, teller, watching
from ._result import FitResult
from ._search import Found, free_losses, search
from ._simulate import check_finite_parameters, check_spike_gradient, default_solver
from ._storage import classes_of, describe, model_to_data
from .analysis import recorded_spike_times
from .losses import AbstractLoss
from .methods import AbstractMethod, Pipeline
from .methods._pipeline import horizons_of
from .recordings import Recording, joined
from .solvers import AbstractSolver
from .spikes import AbstractSpikeGradient, Exact, Surrogate

# Random starts are drawn from this part of every range, away from the bounds.
_START_MARGIN = 0.02
_MOST_STARTS = 100_000


def fit(
    model: AbstractModel,
    recordings: Recording | Sequence[Recording],
    *,
    free: Mapping[str, Bounds | tuple[float, float]],
    loss: AbstractLoss | None = None,
    method: AbstractMethod | Pipeline | None = None,
    starts: int | Mapping[str, ArrayLike] | None = None,
    key: Array | None = None,
    holdout: Kept = None,
    checkpoint: str | os.PathLike | None = None,
    progress: bool | Watcher = True,
    solver: AbstractSolver | None = None,
    spikes: SpikesOfASweep | None = None,
) -> FitResult:
    """Find the parameters with which a model does what was recorded.

    **Arguments:**

    - `model`: a neuron, or for a voltage clamp a channel, `neurons.IdealVoltageClamp` or
      `neurons.VoltageClamp`; parameters that are not free keep its values.
    - `recordings`: current and voltage, one row a sweep; the step is the sampling interval.
      Several recordings of the same sampling and length are joined, their sweeps renumbered.
    - `free`: dotted path -> (low, high) or `Bounds`, in the parameter's unit.
    - `loss`: what is compared; by default, where the recording spikes, the spike times with the
      voltage between them, else the voltage error, which is also taken for recordings whose
      metadata give the "truth" of a model; under voltage clamp the current error.
    - `method`: how to search; by default a `methods.Pipeline` from random positions, for the
      spikes of conductance cells over windows between them, to evolution;
      `methods.Synchronised` for conductance cells' voltage and fewer than 8 starts;
      `methods.LevenbergMarquardt` under voltage clamp, for likelihoods and for other models
      with fewer than 8 starts.
    - `starts`: 1 starts at the model's own values; a larger number at random between the
      bounds; a mapping from each free name to an array gives the starts themselves. By default
      32 where the default method is a pipeline, 64 where that has 20 or more parameters of a
      conductance cell to find, 8 for cables, else 1.
    - `key`: decides the random starts; `jax.random.key(0)` by default.
    - `holdout`: numbers of sweeps that are kept out of the fit and scored, or a
      `recordings.TimeSpan` of every sweep: the fit then sees what comes before it.
    - `checkpoint`: a file to keep the search in, once a minute; an existing one is resumed.
    - `progress`: True for a bar on a terminal, False for none, or a function of
      (iteration, iterations, best loss, stage), called at most once a second.
    - `solver`: the step; by default the model's.
    - `spikes`: what a derivative means at a threshold, or a function that makes it of a sweep's
      recorded spike times, such as `spikes.Forced`. By default what the loss asks for
      (`losses.AbstractSpikeTrainLoss`), else `spikes.Exact()`.

    **Returns:** a `FitResult`. After a Ctrl-C it holds the best so far and `completed` is
    False. A start that goes non-finite is marked by an infinite loss and harms no other.

    **Raises:** `ValueError` for names, bounds, starts or sweeps that do not fit, for a
    recording sampled too coarsely, and when every start went non-finite.
    """
    bounds = as_free(model, free)
    check_finite_parameters(model)
    recordings = recordings if isinstance(recordings, Recording) else joined(recordings)
    check_clamp(model, recordings)
    kept = as_holdout(holdout, recordings)
    fitted = fitted_part(recordings, kept)
    solver = default_solver(model) if solver is None else solver
    _check_sampling(model, recordings, solver)
    loss = default_loss(model, fitted) if loss is None else loss
    check_fires(loss, fitted)
    method, starts = _search(model, loss, bounds, method, starts)
    key = jax.random.key(0) if key is None else key
    _check_spikes(model, spikes)
    objective = make_objective(model, fitted, bounds, loss, solver, spikes, horizons_of(method))
    start_key, search_key = jax.random.split(key)
    positions = _positions(model, bounds, starts, start_key)
    identity = _identity(objective, fitted, method, positions, search_key)
    began = time.perf_counter()
    with watching(progress) as watch:
        found = search(
            method,
            objective,
            positions,
            search_key,
            runs=fitted.sweeps,
            watch=watch,
            checkpoint=checkpoint,
            identity=identity,
            tell=teller(progress),
        )
    identity |= _circumstances(key, time.perf_counter() - began)
    with held_back():
        return _result(objective, bounds, found, recordings, kept, identity)


def _check_spikes(model: AbstractModel, spikes: Any) -> None:
    if spikes is None:
        return
    check_spike_gradient(model, Exact() if callable(spikes) else spikes)
    if not callable(spikes):
        return
    try:
        made = spikes(jnp.full(1, jnp.inf))
    except TypeError:
        made = None
    if not isinstance(made, AbstractSpikeGradient) or spikes is Surrogate:
        raise ValueError(
            f"spikes={spikes!r} makes no spike gradient of a sweep's recorded spike times: give "
            "spikes.Forced, spikes.Hybrid, or an object such as spikes.Surrogate()."
        )


def _circumstances(key: Array, seconds: float) -> dict[str, Any]:
    return {
        "key": np.asarray(jax.random.key_data(key)).tolist(),
        "seconds": seconds,
        "cores": cores(),
        "platform": platform.platform(),
        "written": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def as_free(
    model: AbstractModel, free: Mapping[str, Bounds | tuple[float, float]]
) -> dict[str, Bounds]:
    """`free` as bounds, after a look at the names; raises `ValueError` as `fit` does."""
    bounds = as_bounds(free)
    check_names(model, bounds)
    for name, limits in bounds.items():
        least = smallest(model, name)
        if limits.low < least:
            raise ValueError(
                f"the bounds of {name}, [{limits.low:g}, {limits.high:g}], go below {least:g}, "
                "where the model refuses it: raise the lower one."
            )
    return bounds


def _search(model, loss, bounds: dict[str, Bounds], method, starts) -> Search:
    """Method and starts, those of the defaults where they are None."""
    if method is not None:
        return Search(method, 1 if starts is None else starts)
    wanted = None if starts is None else _how_many(starts)
    usual = default_search(model, loss, len(bounds), wanted)
    return usual if starts is None else usual._replace(starts=starts)


def _how_many(starts: int | Mapping[str, ArrayLike]) -> int:
    if isinstance(starts, Mapping):
        return max((np.size(values) for values in starts.values()), default=0)
    if not isinstance(starts, int | np.integer):
        raise ValueError(f"starts={starts!r} must be a whole number from 1 to {_MOST_STARTS}.")
    return int(starts)


def _check_sampling(model: AbstractModel, recording: Recording, solver: AbstractSolver) -> None:
    if not is_clamped(model) and recording.dt > solver.largest_dt * (1 + 1e-9):
        raise ValueError(
            f"the recording is sampled every {recording.dt:g} ms, more than the "
            f"{solver.largest_dt:g} ms that {type(solver).__name__} can take: use "
            f"recording.resample({solver.largest_dt / 2:g}), or --dt on the command line."
        )


def _positions(model, bounds: dict[str, Bounds], starts, key) -> Array:
    """(starts, P) free coordinates to start from."""
    if isinstance(starts, Mapping):
        return _given_positions(bounds, starts)
    if not isinstance(starts, int | np.integer) or not 1 <= starts <= _MOST_STARTS:
        raise ValueError(f"starts={starts} must be a whole number from 1 to {_MOST_STARTS}.")
    if starts == 1:
        known = parameters(model)
        return _given_positions(bounds, {name: [float(known[name][0])] for name in bounds})
    shape = (int(starts), len(bounds))
    low, high = _START_MARGIN, 1.0 - _START_MARGIN
    fraction = jax.random.uniform(key, shape, jnp.result_type(float), low, high)
    return jnp.log(fraction) - jnp.log1p(-fraction)


def _given_positions(bounds: dict[str, Bounds], starts: Mapping[str, ArrayLike]) -> Array:
    if set(starts) != set(bounds):
        raise ValueError(
            f"starts names {sorted(starts)}, but free names {sorted(bounds)}: give each free "
            "parameter its starting values."
        )
    columns = []
    for name, limits in bounds.items():
        values = np.atleast_1d(np.asarray(starts[name], float))
        outside = values[(values < limits.low) | (values > limits.high) | ~np.isfinite(values)]
        if outside.size:
            raise ValueError(
                f"{name} starts at {outside[0]:g}, outside its bounds [{limits.low:g}, "
                f"{limits.high:g}]: widen them, start elsewhere, or use starts=32 for random ones."
            )
        columns.append(limits.position(values))
    if len({len(column) for column in columns}) != 1:
        raise ValueError("starts must give every free parameter equally many values.")
    return jnp.stack(columns, axis=1)


def _identity(objective: Objective, recording, method, positions, key) -> dict[str, Any]:
    """What must be the same for a search to be gone on with."""
    model, bounds = objective.model, dict(objective.free)
    fixed = {
        name: np.asarray(value).tolist()
        for name, (value, _) in parameters(model).items()
        if name not in bounds
    }
    alike = substitute(model, dict.fromkeys(bounds, 1.0))
    fields = json.dumps(model_to_data(alike)).encode()
    return {
        "model": classes_of(model),
        "fixed parameters": fixed,
        "bounds": {name: [b.low, b.high, b.scale] for name, b in bounds.items()},
        "recording": recording.fingerprint,
        "loss": describe(objective.loss),
        "method": describe(method),
        "solver": describe(objective.solver),
        "spikes": describe(objective.spikes),
        "starts": int(positions.shape[0]),
        "starting positions": _digest(positions),
        "search key": _digest(jax.random.key_data(key)),
        "precision": str(positions.dtype),
        "model fields": hashlib.sha256(fields).hexdigest(),
        "versions": {name: version(name) for name in ("diffneuro", "jax", "jaxlib", "equinox")},
    }


def _digest(array: Array) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _result(
    objective: Objective,
    bounds: dict[str, Bounds],
    found: Found,
    recording: Recording,
    kept: Holdout,
    about: dict[str, Any],
) -> FitResult:
    # What an interrupted search or a synchronised stage called its loss may be another one.
    losses = _free_losses(objective, found.positions)
    if not np.isfinite(losses).any():
        raise ValueError(
            "every start went non-finite or ended at values the model refuses: narrow the bounds, "
            "or look at the recording's units."
        )
    best = jnp.asarray(found.positions[np.argmin(losses)], jnp.result_type(float))
    model = objective.model_at(best)
    positions = jnp.asarray(found.positions, jnp.result_type(float))
    values = np.asarray(_values(objective, positions), float)
    if is_between_spikes(objective):
        around = curvature_between_spikes(objective, fitted_part(recording, kept), best)
    else:
        around = curvature(objective, best)
    _warn_of_idle(bounds, around.gram)
    response, spikes = _fitted(model, recording, objective)
    return FitResult(
        model=model,
        free=bounds,
        loss=float(np.min(losses)),
        starts={name: values[:, i] for i, name in enumerate(bounds)},
        losses=losses,
        history=found.history,
        recording=recording,
        held_out=kept.sweeps,
        held_out_span=kept.span,
        fitted_response=response,
        fitted_spikes=spikes,
        gram=around.gram,
        residual_count=around.residual_count,
        slopes=around.slopes,
        completed=found.completed,
        about=about,
        score_covariance=around.score_covariance,
        window_loss=around.window_loss,
        stage_losses=found.stages,
    )


def _warn_of_idle(bounds: dict[str, Bounds], gram: NDArray) -> None:
    idle = [name for name, own in zip(bounds, np.diag(gram), strict=True) if own == 0]
    if idle:
        warnings.warn(
            f"{', '.join(idle)} changed nothing that was compared: leave out of free what the "
            "recording cannot tell, or record what depends on it.",
            stacklevel=4,
        )


def _free_losses(objective: Objective, positions: NDArray) -> NDArray:
    """The loss of the free-running model at each of `positions`; inf where not finite.

    It is inf as well where the model would not be accepted if it were made with these values.
    """
    columns = jnp.asarray(positions, jnp.result_type(float))
    found = np.asarray(free_losses(objective, columns), float)
    accepted = [_is_accepted(objective, column) for column in columns]
    return np.where(np.isfinite(found) & accepted, found, np.inf)


def _is_accepted(objective: Objective, position: Array) -> bool:
    try:
        replace(objective.model, values_at(dict(objective.free), position))
    except ValueError:
        return False
    return True


@eqx.filter_jit
def _values(objective: Objective, positions: Array) -> Array:
    return jax.vmap(lambda z: _stacked(dict(objective.free), z))(positions)


def _stacked(free: Mapping[str, Bounds], position: Array) -> Array:
    return jnp.stack(list(values_at(free, position).values()))


def _fitted(model, recording, objective) -> tuple[NDArray, tuple[NDArray, ...]]:
    """The best model's free run in every sweep, and its spike times."""
    stimuli = jnp.asarray(recording.stimulus, jnp.result_type(float))
    run = free_run(model, stimuli, recording.dt, objective.solver)
    response = np.asarray(run.y, np.float32)
    if not np.isfinite(response).all():
        warnings.warn("the fitted model's free run is not finite in every sweep.", stacklevel=3)
    if recording.voltage_clamp:
        return response, (np.zeros(0),) * len(response)
    if run.spike_times is None:
        return response, tuple(recorded_spike_times(recording.time, row) for row in response)
    times = np.asarray(run.spike_times, float)
    return response, tuple(row[np.isfinite(row)] for row in times)
