"""The runs of a sweep, one by one and side by side."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._model import AbstractModel, replace
from .._simulate import check_finite_parameters, simulate
from .._time_loop import Trajectory
from ..solvers import AbstractSolver
from ..spikes import AbstractSpikeGradient
from ._measure import apply
from ._values import STIMULUS, Axis

# Beside its samples, a compiled tile holds its own stimulus and what measures make of them:
# 0.8 to 2.6 times as much for one to four of the ready measures.
_COPIES = 3.0


class Case(eqx.Module):
    """What all runs of a sweep have in common."""

    model: AbstractModel
    stimulus: Any
    measures: dict[str, Callable[[Trajectory], Any]]
    solver: AbstractSolver
    spikes: AbstractSpikeGradient | None
    key: Array | None
    t1: float = eqx.field(static=True)
    dt: float = eqx.field(static=True)
    every: int = eqx.field(static=True)


class Lane(NamedTuple):
    """What one run has of its own; of many lanes, with a leading axis."""

    values: dict[str, Any]
    state: Any
    key: Any


class Lanes(NamedTuple):
    """All runs of a sweep."""

    axes: tuple[Axis, ...]
    states: Any
    keys: Array | None
    dtypes: dict[str, Any]

    @property
    def runs(self) -> int:
        """How many there are."""
        return int(np.prod([axis.size for axis in self.axes]))

    def values(self, runs: NDArray) -> dict[str, NDArray]:
        """The values that vary, of the runs with these numbers."""
        at = self._places(runs)
        return {
            path: column[at[axis.name]].astype(self.dtypes[path])
            for axis in self.axes
            for path, column in axis.columns.items()
        }

    def take(self, runs: NDArray) -> Lane:
        """The runs with these numbers."""
        at = self._places(runs)
        state = jax.tree.map(lambda leaf: np.asarray(leaf)[at["state"]], self.states)
        return Lane(self.values(runs), state, None if self.keys is None else self.keys[at["key"]])

    def first(self) -> Lane:
        """The first run, without the leading axis."""
        return jax.tree.map(lambda leaf: leaf[0], self.take(np.zeros(1, int)))

    def _places(self, runs: NDArray) -> dict[str, NDArray]:
        places = np.unravel_index(runs, tuple(axis.size for axis in self.axes))
        return {axis.name: place for axis, place in zip(self.axes, places, strict=True)}


def _replaced(case: Case, lane: Lane) -> tuple[AbstractModel, Any]:
    """The model and the stimulus of one run."""
    of_stimulus, of_model = {}, {}
    for path, value in lane.values.items():
        if path.startswith(STIMULUS):
            of_stimulus[path.removeprefix(STIMULUS)] = value
        else:
            of_model[path] = value
    return replace(case.model, of_model), replace(case.stimulus, of_stimulus)


def check_first(case: Case, lane: Lane) -> None:
    """Raise a `ValueError` for a parameter or a stimulus that is not finite."""
    model, stimulus = _replaced(case, lane)
    check_finite_parameters(model)
    times = jnp.asarray(np.arange(round(case.t1 / case.dt)) * case.dt, jnp.result_type(float))
    sampled = jax.tree.map(
        lambda part: _sampled(part, times) if callable(part) else part, stimulus, is_leaf=callable
    )
    for samples in map(np.asarray, jax.tree.leaves(sampled)):
        bad = ~np.isfinite(samples)
        if bad.any():
            raise ValueError(
                f"the stimulus is not finite at t={int(np.argmax(bad)) * case.dt:g} ms: "
                "look for NaN or inf in it and cut or mend that part."
            )


@eqx.filter_jit
def _sampled(stimulus: Any, times: Array) -> Any:
    return jax.vmap(stimulus)(times)


@eqx.filter_jit
def trajectory(case: Case, lane: Lane) -> Trajectory:
    """One run."""
    model, stimulus = _replaced(case, lane)
    return simulate(
        model,
        stimulus,
        t1=case.t1,
        dt=case.dt,
        solver=case.solver,
        spikes=case.spikes,
        every=case.every,
        state=lane.state,
        key=case.key if lane.key is None else lane.key,
    )


@eqx.filter_jit
def measured(case: Case, lane: Lane) -> tuple[dict[str, Array], Array]:
    """The measures of one run, NaN where it diverged, and whether it did."""
    run = trajectory(case, lane)
    parts = [jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves((run.y, run.state))]
    finite = jnp.all(jnp.stack(parts))
    kept = {name: apply(name, function, run) for name, function in case.measures.items()}
    return {name: jnp.where(finite, value, jnp.nan) for name, value in kept.items()}, ~finite


@eqx.filter_jit
def measured_tile(case: Case, lanes: Lane) -> tuple[dict[str, Array], Array]:
    """The measures of many runs side by side; only these leave the compiled call."""
    return jax.vmap(lambda lane: measured(case, lane))(lanes)


def lane_bytes(case: Case, lane: Lane) -> float:
    """About what one lane takes in memory while it runs, by measurement rather too much."""
    run = eqx.filter_eval_shape(trajectory, case, lane)
    samples = _bytes((run.t, run.y, run.spikes, run.spike_times))
    steps = round(case.t1 / case.dt)
    has_noise = case.key is not None or lane.key is not None
    return _COPIES * samples + (steps * _bytes(run.state) if has_noise else 0.0)


def _bytes(tree: Any) -> float:
    return float(sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree)))
