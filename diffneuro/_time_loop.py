"""The time loop itself, traced once for each kind of run."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from ._model import (
    AbstractCoupledModel,
    AbstractEscapeModel,
    AbstractModel,
    AbstractNoisyModel,
    AbstractSpikingModel,
)
from .adjoints import AbstractAdjoint
from .solvers import AbstractNoiseSolver, AbstractSolver, AbstractStaggeredSolver
from .spikes import AbstractSpikeGradient, Exact


class Trajectory(eqx.Module):
    """What a run leaves behind, of n = round(t1/dt) steps; kept are m = ceil(n/every).

    Of a network, `y`, `spikes` and `spike_times` are dictionaries from population, with a last
    axis of cells.
    """

    t: Array
    """(m,) ms; t[k] = k*every*dt"""
    y: Any
    """(m,) the output, or what `record` asked for, at t; y[0] belongs to the initial state"""
    state: Any
    """the model's state at t1, from which another run can go on"""
    spikes: Any = None
    """(n,) 1 where a spiking model fired between k*dt and (k + 1)*dt, else 0"""
    spike_times: Any = None
    """(n,) ms; the time of that spike, off the grid, and inf where there is none"""
    hazard: Array | None = None
    """(n,) the intensity (per ms) of an escape model's spikes at k*dt"""


class Chance(NamedTuple):
    """What the random key gives to each step."""

    normals: Any = None
    """the standard normal numbers that a noisy model asks for"""
    hazards: Any = None
    """how much hazard an escape model spends from a spike in this step to the next"""


class TimeLoop(eqx.Module):
    """Everything about a run but where it starts and what drives it."""

    model: AbstractModel
    solver: AbstractSolver
    spikes: AbstractSpikeGradient
    adjoint: AbstractAdjoint
    record: Callable[[Any, Any], Any] | None
    dt: float = eqx.field(static=True)
    every: int = eqx.field(static=True)

    def keep(self, x: Any, now: Any, drive: tuple) -> Any:
        """What is kept of one time."""
        u, lead, _, _ = drive
        if isinstance(self.solver, AbstractStaggeredSolver):
            x = self.solver.lead(self.model, x, u, lead - 0.5 * self.dt)
        return self.model.output(x, now) if self.record is None else self.record(x, now)

    def move(self, x: Any, drive: tuple) -> tuple[Any, Any]:
        """One step; beside the new state, what spikes there were."""
        u, lead, chance, given = drive
        spikes = None
        if isinstance(self.model, AbstractSpikingModel):
            after, *spikes = self.spikes.step(self.model, self.solver, x, u, self.dt, given)
            if isinstance(self.model, AbstractEscapeModel):
                spikes.append(self.model.hazard(x, u[0]))
            if chance.hazards is not None:
                after = self.renew(after, spikes[0], chance.hazards)
        elif isinstance(self.solver, AbstractStaggeredSolver):
            led = self.solver.lead(self.model, x, u, lead)
            after = self.solver.follow(self.model, led, u, self.dt)
        else:
            after = self.solver.step(self.model, x, u, self.dt)
        if chance.normals is not None:
            after = jax.tree.map(jnp.add, after, self.kick(x, u, chance.normals))
        return after, spikes

    def renew(self, x: Any, fired: Array | float, hazard: Array) -> Any:
        """Where the neuron has fired, let the next spike wait for `hazard` instead of 1."""
        assert isinstance(self.model, AbstractEscapeModel)
        waiting = self.model.waiting(x)
        renewed = jnp.where(jnp.asarray(fired) > 0.0, waiting + (hazard - 1.0), waiting)
        return eqx.tree_at(self.model.waiting, x, renewed)

    def kick(self, x: Any, u: tuple, normals: Any) -> Any:
        """What the noise of one step adds; `simulate` has seen to it that both know noise."""
        assert isinstance(self.solver, AbstractNoiseSolver)
        assert isinstance(self.model, AbstractNoisyModel)
        return self.solver.kick(self.model, x, u, self.dt, normals)

    def block(self, x: Any, drive: tuple) -> tuple[Any, Any]:
        """One kept sample and the steps up to the next; `drive` has a leading axis of them."""
        now, steps = drive
        kept = self.keep(x, _at(now, 0), _at(steps, 0))
        if jax.tree.leaves(steps)[0].shape[0] == 1:
            x, spikes = self.move(x, _at(steps, 0))
            return x, (kept, jax.tree.map(lambda value: value[None], spikes))
        x, spikes = self.adjoint.scan(lambda x, u: self.move(x, u), x, steps)
        return x, (kept, spikes)


@eqx.filter_jit
def integrate(loop: TimeLoop, x: Any, inputs: tuple, key: Array | None, rested: bool) -> Trajectory:
    """Run the loop from state `x` under `inputs`: at the start and at the nodes of each step.

    `rested` says that `x` is a model's own initial state, to which no chance has been given.
    """
    if isinstance(loop.model, AbstractCoupledModel):
        loop = eqx.tree_at(lambda loop: loop.model, loop, loop.model.prepared())
    at_start, at_nodes = inputs
    count = jax.tree.leaves(at_start)[0].shape[0]
    chance, first_hazard = chance_of(loop.model, key, x, count)
    if first_hazard is not None and rested:
        x = loop.renew(x, 1.0, first_hazard)
    given = None
    if isinstance(loop.model, AbstractSpikingModel):
        given = loop.spikes.prepare(
            count, loop.dt, lambda: _rehearse(loop, x, (at_start, at_nodes, chance))
        )
    drive = (at_start, (at_nodes, _leads(loop, count), chance, given))
    x, (kept, spikes) = _run(loop, x, drive, count)
    if isinstance(loop.solver, AbstractStaggeredSolver):
        x = loop.solver.lead(loop.model, x, _at(at_nodes, -1), 0.5 * loop.dt)
    t = jnp.arange(count, dtype=jnp.result_type(float)) * loop.dt
    if spikes is None:
        return Trajectory(t[:: loop.every], kept, x)
    fired, fraction, *hazard = spikes
    times = _spike_times(loop, fired, fraction)
    return Trajectory(t[:: loop.every], kept, x, fired, times, *hazard)


def voltage_of_each(model: AbstractCoupledModel, x: Any) -> Array:
    """The linked voltages (n,) of a state; a `ValueError` for a state of another model."""
    voltage, count = model.voltage(x), len(model.links()[0])
    if voltage.shape != (count,):
        raise ValueError(
            f"the state has voltages of shape {voltage.shape}, but this {type(model).__name__} has "
            f"{count} compartments: give a state of the same one, or leave it out."
        )
    return voltage


def _spike_times(loop: TimeLoop, fired: Array, fraction: Array) -> Array:
    """The time of each step's spike, inf where there is none."""
    t = jnp.arange(fired.shape[0], dtype=fraction.dtype) * loop.dt
    return jnp.where(fired > 0, t + fraction * loop.dt, jnp.inf)


def _run(loop: TimeLoop, x: Any, drive: tuple, count: int) -> tuple[Any, tuple]:
    """The state at the end, and what was kept and what spikes there were on the way."""
    whole = count // loop.every
    # Plain functions: JAX looks their traces up by hash, which a bound method of a model has not.
    x, (kept, spikes) = loop.adjoint.scan(
        lambda x, u: loop.block(x, u),
        x,
        jax.tree.map(lambda part: _blocks(part, whole, loop.every), drive),
    )
    spikes = jax.tree.map(jnp.ravel, spikes)
    if whole * loop.every < count:
        rest = jax.tree.map(lambda part: part[whole * loop.every :], drive)
        x, (last, more) = loop.block(x, rest)
        kept = jax.tree.map(lambda parts, end: jnp.concatenate([parts, end[None]]), kept, last)
        spikes = jax.tree.map(lambda *parts: jnp.concatenate(parts), spikes, more)
    return x, (kept, spikes)


def _rehearse(loop: TimeLoop, x: Any, drive: tuple) -> Array:
    """The spike times of the same run, of which nothing is differentiated."""
    loop, x, (at_start, at_nodes, chance) = jax.tree.map(
        lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf,
        (loop, x, drive),
    )
    loop = eqx.tree_at(lambda loop: loop.spikes, loop, Exact())
    count = jax.tree.leaves(at_start)[0].shape[0]
    _, (_, spikes) = _run(loop, x, (at_start, (at_nodes, _leads(loop, count), chance, None)), count)
    return _spike_times(loop, *spikes[:2])


def _leads(loop: TimeLoop, count: int) -> Array:
    """By how much the leading part of a staggered state is moved in each step."""
    real = jnp.result_type(float)
    return jnp.full((count,), loop.dt, real).at[0].set(jnp.asarray(0.5 * loop.dt, real))


def chance_of(model: Any, key: Array | None, x: Any, count: int) -> tuple[Chance, Array | None]:
    """What the key alone decides: each step's numbers, and the hazard before the first spike."""
    if key is None:
        return Chance(), None
    normals, hazards, first = None, None, None
    if isinstance(model, AbstractNoisyModel):
        normals = _normals(key, model.normals(x), count)
    if isinstance(model, AbstractEscapeModel):
        real = model.waiting(x).dtype
        drawn = jax.random.exponential(jax.random.fold_in(key, 1), (count + 1,), real)
        first, hazards = drawn[0], drawn[1:]
    return Chance(normals, hazards), first


def _normals(key: Array, shapes: Any, count: int) -> Any:
    """One standard normal number for each entry of `shapes` and step."""
    leaves, structure = jax.tree.flatten(shapes)
    keys = jax.random.split(key, len(leaves))
    drawn = [
        jax.random.normal(leaf_key, (count, *leaf.shape), leaf.dtype)
        for leaf_key, leaf in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, drawn)


def _at(values: Any, index: int) -> Any:
    return jax.tree.map(lambda part: part[index], values)


def _blocks(values: Array, count: int, length: int) -> Array:
    return values[: count * length].reshape(count, length, *values.shape[1:])
