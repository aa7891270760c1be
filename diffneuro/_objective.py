"""Residuals of a model against a recording."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ._bounds import Bounds, values_at
from ._model import (
    AbstractConductanceModel,
    AbstractCoupledModel,
    AbstractModel,
    AbstractSpikingModel,
    is_clamped,
    substitute,
)
from ._simulate import simulate
from ._time_loop import Trajectory
from ._windows import Windows, cut_windows
from .analysis import recorded_spike_times
from .losses import AbstractLoss
from .losses._loss import asks_for_spikes
from .neurons import Nudge, Nudged
from .recordings import Recording
from .solvers import AbstractSolver
from .spikes import AbstractSpikeGradient

SpikesOfASweep: TypeAlias = AbstractSpikeGradient | Callable[[Array], AbstractSpikeGradient]
"""A spike gradient, or what makes one of a sweep's recorded spike times (ms, padded with inf)."""


class Objective(eqx.Module):
    """From free coordinates to residuals, for all fitted sweeps at once.

    Every sweep starts at rest under the first sample of its stimulus.
    """

    model: AbstractModel
    free: tuple[tuple[str, Bounds], ...] = eqx.field(static=True)
    loss: AbstractLoss
    solver: AbstractSolver | None
    spikes: SpikesOfASweep | None
    dt: float = eqx.field(static=True)
    stimuli: Array
    """(sweeps, n) pA, or mV under voltage clamp"""
    pulls: Array
    """(sweeps, n) mV, the recorded voltage in the middle of each step"""
    recorded: Array
    """(sweeps, most) ms, the recorded spikes, padded with inf"""
    targets: Any
    windows: dict[int, Windows]
    """by their horizon, which is how many spikes each goes over"""

    def __call__(
        self, position: Array, gain: Array | None = None, horizon: int | None = None
    ) -> Array:
        """(m,) residuals; with a gain (1/ms), of the cell pulled towards its recording.

        With a horizon as well, of the free cell in that many intervals from each recorded
        spike, begun in the state in which the pulled cell passes there.
        """
        model = self.model_at(position)
        if gain is not None and not can_be_pulled(model):
            raise ValueError(
                f"{type(model).__name__} cannot be synchronised with a recorded voltage: use "
                "methods.LevenbergMarquardt or methods.Adam."
            )
        if horizon is not None:
            return self._shoot(model, gain, self.windows[horizon])

        def one_sweep(stimulus, pull, recorded, target):
            return self.loss.residual(self._run(model, stimulus, pull, recorded, gain), target)

        errors = jax.vmap(one_sweep)(self.stimuli, self.pulls, self.recorded, self.targets)
        return errors.ravel() / errors.shape[0] ** 0.5

    def _shoot(self, model, gain, windows: Windows) -> Array:
        def passed(current, pull):
            return simulate(
                Nudged(model, gain),
                Nudge(current, pull),
                t1=current.shape[0] * self.dt,
                dt=self.dt,
                solver=self.solver,
                state=model.initial_state(current[0]),
                record=lambda x, u: x,
                every=windows.grid,
            ).y

        passing = jax.vmap(passed)(self.stimuli, self.pulls)

        def one_window(sweep, first, current, voltage, target):
            state = jax.tree.map(lambda leaf: leaf[sweep, first // windows.grid], passing)
            # What the model shows is put right, not the membrane: a rig adds to what it shows.
            shown = model.output(state, current[0])
            moved = jax.tree.map(lambda v: voltage + (v - shown), model.voltage(state))
            state = eqx.tree_at(model.voltage, state, moved)
            t1 = current.shape[0] * self.dt
            run = simulate(model, current, t1=t1, dt=self.dt, solver=self.solver, state=state)
            return self.loss.residual(run, target)

        w = windows
        errors = jax.vmap(one_window)(w.sweep, w.first, w.currents, w.voltages, w.targets)
        return errors.ravel() / errors.shape[0] ** 0.5

    def model_at(self, position: Array) -> AbstractModel:
        """The model with the parameters at `position` (P,)."""
        return substitute(self.model, values_at(dict(self.free), position))

    def position_of(self, values: Mapping[str, float]) -> Array:
        """(P,) the free coordinates of the parameters' values."""
        return jnp.stack([bounds.position(values[name]) for name, bounds in self.free])

    def _run(self, model, stimulus, pull, recorded, gain) -> Trajectory:
        state = _rest(model, stimulus[0])
        t1, dt = stimulus.shape[0] * self.dt, self.dt
        if gain is not None:
            model, stimulus = Nudged(model, gain), Nudge(stimulus, pull)
        spikes = self._spikes(recorded)
        return simulate(
            model, stimulus, t1=t1, dt=dt, solver=self.solver, spikes=spikes, state=state
        )

    def _spikes(self, recorded) -> AbstractSpikeGradient | None:
        """The spike gradient of a sweep; the loss is asked where there is none."""
        if not isinstance(self.model, AbstractSpikingModel):
            return None
        if isinstance(self.spikes, AbstractSpikeGradient):
            return self.spikes
        if self.spikes is not None:
            return self.spikes(recorded)
        asking = asks_for_spikes(self.loss)
        return None if asking is None else asking.spikes(recorded)


def check_clamp(model: AbstractModel, recording: Recording) -> None:
    """Raise a `ValueError` where one is voltage clamp and the other is not."""
    name = type(model).__name__
    if is_clamped(model) and not recording.voltage_clamp:
        raise ValueError(
            f"{name} is clamped, but the recording is not said to be voltage clamp: give the "
            "Recording voltage_clamp=True, with the command as its voltage."
        )
    if recording.voltage_clamp and not is_clamped(model):
        raise ValueError(
            f"the recording is voltage clamp, but {name} takes a current: put the cell into "
            "neurons.VoltageClamp or neurons.IdealVoltageClamp."
        )


def make_objective(
    model: AbstractModel,
    recording: Recording,
    free: dict[str, Bounds],
    loss: AbstractLoss,
    solver: AbstractSolver | None,
    spikes: SpikesOfASweep | None,
    horizons: tuple[int, ...] = (),
) -> Objective:
    """The objective of a fit to every sweep of `recording`, with windows of these horizons."""
    voltage = recording.voltage
    following = np.concatenate([voltage[:, 1:], voltage[:, -1:]], axis=1)
    targets = [
        loss.target(recording.time, current, sweep)
        for current, sweep in zip(recording.current, voltage, strict=True)
    ]
    threshold = _threshold(loss, spikes)
    trains = [recorded_spike_times(recording.time, sweep, threshold) for sweep in voltage]
    recorded = np.full((len(trains), max(1, *map(len, trains))), np.inf)
    for row, train in zip(recorded, trains, strict=True):
        row[: len(train)] = train
    real = jnp.result_type(float)
    return Objective(
        model,
        tuple(free.items()),
        loss,
        solver,
        spikes,
        recording.dt,
        jnp.asarray(recording.stimulus, real),
        jnp.asarray(0.5 * (voltage + following), real),
        jnp.asarray(recorded, real),
        jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts), real), *targets),
        {h: cut_windows(recording, loss, h, threshold) for h in horizons if can_be_pulled(model)},
    )


def with_windows(objective: Objective, recording: Recording, horizon: int) -> Objective:
    """The objective with windows of this horizon as well; `recording` is the one it is of."""
    if horizon in objective.windows:
        return objective
    threshold = _threshold(objective.loss, objective.spikes)
    cut = cut_windows(recording, objective.loss, horizon, threshold)
    return dataclasses.replace(objective, windows=objective.windows | {horizon: cut})


def _threshold(loss: AbstractLoss, spikes: SpikesOfASweep | None) -> float:
    """mV, whose upward crossings are the recorded spikes."""
    asking = asks_for_spikes(loss) if spikes is None else None
    return -20.0 if asking is None else asking.threshold


def can_be_pulled(model: AbstractModel) -> bool:
    """Whether a model has one voltage that an observer can pull at, and no others besides."""
    many = isinstance(model, AbstractCoupledModel)
    return isinstance(model, AbstractConductanceModel) and not many and not is_clamped(model)


@eqx.filter_jit
def free_run(model: AbstractModel, stimuli: Array, dt: float, solver: Any) -> Trajectory:
    """The model under each stimulus (sweeps, n), from rest; every leaf gains a sweep axis."""

    def one(stimulus):
        t1 = stimulus.shape[0] * dt
        state = _rest(model, stimulus[0])
        return simulate(model, stimulus, t1=t1, dt=dt, solver=solver, state=state)

    return jax.vmap(one)(stimuli)


def _rest(model: AbstractModel, first: Array) -> Any:
    """Rest under the first sample, which a run under voltage clamp finds by itself."""
    return None if is_clamped(model) else model.initial_state(first)
