"""A run of a network: what it is asked for, put in order."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ._model import (
    AbstractEscapeModel,
    AbstractModel,
    has_noise,
    is_concrete,
    parameters,
)
from ._network_loop import Drive, NetworkLoop, integrate_network
from ._time_loop import Chance, Trajectory, chance_of
from .adjoints import AbstractAdjoint
from .networks import Network, NetworkState, Source
from .networks._population import axes_of
from .solvers import AbstractSolver
from .spikes import AbstractSpikeGradient, Exact, OnGrid, Surrogate
from .stimuli import AbstractSpikeTrains, GivenSpikes

ChooseSolver = Callable[[AbstractModel, bool], AbstractSolver]


def run_network(
    network: Network,
    stimulus: Any,
    count: int,
    dt: float,
    *,
    solver: Mapping[str, AbstractSolver] | None,
    choose: ChooseSolver,
    spikes: AbstractSpikeGradient | None,
    record: Callable[[Any, Any], Any] | None,
    every: int,
    adjoint: Callable[[Any, int], AbstractAdjoint],
    state: NetworkState | None,
    key: Array | None,
) -> Trajectory:
    """As `simulate`, whose arguments these are; `choose` and `adjoint` give its defaults."""
    _check_delays(network, dt)
    _check_parameters(network)
    spikes = Exact() if spikes is None else spikes
    _check_spikes(spikes, dt)
    _check_choices(network, solver, record, state)
    given = _stimulus_of(network, stimulus)
    solvers = {
        name: choose(made.model, key is not None and has_noise(made.model))
        if solver is None or name not in solver
        else solver[name]
        for name, made in network.neurons.items()
    }
    currents, before = _currents(network, given, solvers, count, dt)
    begun = network.initial_state(before) if state is None else state
    begun = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(float)), begun)
    if begun.underway is not None:
        _check_underway(network, begun, dt)
    chances, begun = _chances(network, begun, key, count)
    lead = jnp.full((count,), dt, jnp.result_type(float))
    drive = Drive(
        jnp.arange(count),
        {name: at[0.0] for name, at in currents.items()},
        {name: tuple(currents[name][node] for node in solvers[name].nodes) for name in currents},
        _sources(network, given, count, dt, key),
        chances,
        _releases(network, key, count),
        lead.at[0].set(0.5 * dt),
    )
    loop = NetworkLoop(network, solvers, spikes, adjoint(begun, count), record, dt, every)
    return integrate_network(loop, begun, drive)


def _stimulus_of(network: Network, stimulus: Any) -> dict[str, Any]:
    if stimulus is None:
        return {}
    if not isinstance(stimulus, Mapping):
        raise ValueError(
            "the stimulus of a network is a dictionary from population to current (pA) and from "
            f"source to spikes, such as {{'{next(iter(network.populations))}': 100.0}}."
        )
    for name in stimulus:
        if name not in network.populations:
            nearest = difflib.get_close_matches(name, network.populations, n=3, cutoff=0.3)
            raise ValueError(
                f"the stimulus names the population {name!r}, which is not there; the nearest "
                f"names are {', '.join(nearest or network.populations)}."
            )
    return dict(stimulus)


def _check_choices(network: Network, solver: Any, record: Any, state: Any) -> None:
    if solver is not None and not isinstance(solver, Mapping):
        raise ValueError(
            "the solver of a network is a dictionary from population to solver, such as "
            f"{{{next(iter(network.neurons))!r}: solvers.ExponentialEuler()}}."
        )
    for name, one in (solver or {}).items():
        if name not in network.neurons or not isinstance(one, AbstractSolver):
            raise ValueError(
                f"solver[{name!r}]={one!r}: name a population ({', '.join(network.neurons)}) and "
                "give a solver, such as solvers.ExponentialEuler()."
            )
    if record is not None and not callable(record):
        raise ValueError(f"record={record!r} must be a function of state and input.")
    if state is None:
        return
    if not isinstance(state, NetworkState):
        raise ValueError(
            f"state is a {type(state).__name__}: give what another run has left, run.state, or a "
            "changed network.initial_state()."
        )
    here = jax.eval_shape(network.initial_state)._replace(underway=None)
    given = state._replace(underway=None)
    shapes = [[jnp.shape(leaf) for leaf in jax.tree.leaves(one)] for one in (given, here)]
    if jax.tree.structure(given) != jax.tree.structure(here) or shapes[0] != shapes[1]:
        raise ValueError("state is of another network: its parts or sizes are not this one's.")


def _check_current(value: Any, name: str) -> None:
    if value is None or isinstance(value, str | tuple | AbstractSpikeTrains):
        raise ValueError(
            f"the current into {name!r} is a {type(value).__name__}: give pA, as a number, samples "
            "or a function of t; spikes are for a Source, conductances for a Projection."
        )


def _currents(network, given, solvers, count, dt) -> tuple[dict[str, dict], dict[str, Array]]:
    """pA at fractions of every step, and (cells,) before the run, by population.

    They are (steps, cells), or (steps, 1) where all cells get the same.
    """
    at, before = {}, {}
    for name, made in network.neurons.items():
        value: Any = given.get(name, 0.0)
        _check_current(value, name)
        fractions = {0.0, *solvers[name].nodes}
        if callable(value):
            function: Any = value
            steps = np.arange(count)
            at[name] = {
                fraction: _per_cell(
                    jax.vmap(function)((steps + fraction) * dt), count, made.size, name
                )
                for fraction in fractions
            }
            before[name] = jnp.broadcast_to(function(jnp.asarray(-dt)), (made.size,))
        else:
            held = _per_cell(jnp.asarray(value, jnp.result_type(float)), count, made.size, name)
            at[name] = dict.fromkeys(fractions, held)
            before[name] = jnp.zeros((made.size,), held.dtype)
    return at, before


def _per_cell(values: Array, count: int, size: int, name: str) -> Array:
    shape = values.shape
    if shape == (count,):
        values = values[:, None]
    elif shape not in ((), (1, size), (count, size)):
        raise ValueError(
            f"the current into {name!r} has shape {shape}: give one number, ({count},) one sample "
            f"a step, (1, {size}) one for each cell, ({count}, {size}), or a function of t (ms)."
        )
    if is_concrete(values) and not np.isfinite(np.asarray(values)).all():
        raise ValueError(f"the current into {name!r} is not finite: look for NaN or inf in it.")
    return jnp.broadcast_to(values, (count, size if values.shape[-1:] == (size,) else 1))


def _sources(network, given, count, dt, key) -> dict[str, GivenSpikes]:
    found = {}
    for number, (name, made) in enumerate(network.populations.items()):
        if not isinstance(made, Source):
            continue
        value = given.get(name)
        if value is None:
            silent = jnp.zeros((count, made.size))
            found[name] = GivenSpikes(silent, jnp.zeros((count,), silent.dtype))
        elif isinstance(value, AbstractSpikeTrains):
            own = None if key is None else jax.random.fold_in(key, number)
            found[name] = value.sample(count, dt, made.size, own)
        else:
            found[name] = _raster(value, count, made.size, name)
    return found


def _raster(value: Any, count: int, size: int, name: str) -> GivenSpikes:
    if callable(value) or jnp.shape(value) != (count, size):
        raise ValueError(
            f"the spikes of the source {name!r} must be stimuli.SpikeTrains, stimuli.PoissonSpikes "
            f"or a raster of shape ({count}, {size}), 1 where a cell spikes at the start of a step."
        )
    fired = jnp.asarray(value, jnp.result_type(float))
    if is_concrete(fired) and not (np.asarray(fired) >= 0.0).all():
        raise ValueError(f"the raster of {name!r} holds numbers that are negative or NaN.")
    return GivenSpikes(fired, jnp.zeros((count,), fired.dtype))


def _chances(network, state, key, count) -> tuple[dict[str, Chance], NetworkState]:
    """What chance gives to each cell in each step; and the state in which the first spike waits."""
    found, cells = {}, dict(state.populations)
    for number, (name, made) in enumerate(network.neurons.items()):
        model = made.model
        if key is None or not (has_noise(model) or isinstance(model, AbstractEscapeModel)):
            found[name] = Chance()
            continue
        keys = jax.random.split(jax.random.fold_in(key, 1000 + number), made.size)
        draw = jax.vmap(
            lambda model, key, x: chance_of(model, key, x, count), in_axes=(axes_of(model), 0, 0)
        )
        drawn, first = draw(model, keys, cells[name])
        found[name] = jax.tree.map(lambda values: jnp.swapaxes(values, 0, 1), drawn)
        if isinstance(model, AbstractEscapeModel) and state.underway is None:
            cells[name] = eqx.tree_at(model.waiting, cells[name], first)
    return found, state._replace(populations=cells)


def _releases(network, key, count) -> dict[str, Any]:
    """What chance gives to the release of each projection, None where it needs none."""
    found: dict[str, Any] = dict.fromkeys(network.projections)
    for number, (name, made) in enumerate(network.projections.items()):
        if key is not None and made.release is not None and made.release.is_noisy():
            own = jax.random.fold_in(key, 2000 + number)
            found[name] = made.release.chances(own, (count, network.size(made.source)))
    return found


def _check_delays(network: Network, dt: float) -> None:
    for name, made in network.projections.items():
        if (
            is_concrete(made.delay)
            and (np.asarray(made.delay) > made.longest_delay * (1.0 + 1e-6)).any()
        ):
            raise ValueError(
                f"projection {name!r} has a delay of {np.max(made.delay):g} ms, more than its "
                f"longest_delay={made.longest_delay:g} ms: make the Projection with a longer one."
            )
        if is_concrete(made.delay) and (np.asarray(made.delay) < dt * (1.0 - 1e-4)).any():
            raise ValueError(
                f"projection {name!r} has a delay of {np.min(made.delay):g} ms, shorter than the "
                f"step dt={dt:g} ms: make the delay at least dt, or dt smaller."
            )


def _check_underway(network: Network, state: NetworkState, dt: float) -> None:
    if not isinstance(state.underway, tuple) or len(state.underway) != 3:
        raise ValueError("state is not one that a run of this network has left.")
    (sent, own), _, before = state.underway
    if is_concrete(before) and abs(float(before) - dt) > 1e-6 * dt:
        raise ValueError(
            f"state is from a run in steps of {float(before):g} ms, and this one has dt={dt:g} ms: "
            "go on with the same dt."
        )
    rows = {name: ring.fired.shape[0] for name, ring in sent.items()}
    for name, made in network.projections.items():
        kept = rows.get(made.source, 0) if not made.is_graded else own[name].shape[0]
        if kept < made.buffer(dt):
            raise ValueError(
                f"state is from a run in other steps: what is under way in {name!r} is kept for "
                f"{kept} steps, and dt={dt:g} ms wants {made.buffer(dt)}: go on with the same dt."
            )


def _check_parameters(network: Network) -> None:
    for name, (value, unit) in parameters(network).items():
        if is_concrete(value) and not np.isfinite(np.asarray(value)).all():
            raise ValueError(f"{name}={value} {unit} is not finite: give it a number.")


def _check_spikes(spikes: AbstractSpikeGradient, dt: float) -> None:
    if not isinstance(spikes, AbstractSpikeGradient):
        raise ValueError(f"spikes={spikes!r} is no spike gradient: give one, as spikes.Exact().")
    if not isinstance(spikes, Exact | OnGrid | Surrogate):
        raise ValueError(
            f"{type(spikes).__name__} is for one neuron, whose spikes it knows before: give a "
            "network spikes.Exact(), spikes.Surrogate() or spikes.OnGrid()."
        )
    spikes.check(dt)
