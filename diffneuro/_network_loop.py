"""The time loop of a network."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from ._model import (
    AbstractConductanceModel,
    AbstractModel,
    AbstractSpikingModel,
)
from ._time_loop import Chance, TimeLoop, Trajectory
from .adjoints import AbstractAdjoint
from .networks import Network, NetworkState
from .networks._arrivals import Sent, nothing_sent, record, turned
from .networks._crossing import crossed
from .networks._electrical import coupled, relaxed, relaxing_current, with_voltages
from .networks._foreseen import foreseen, is_foreseen
from .networks._inputs import Inputs, inputs_of, modulated, signal_inputs
from .networks._plastic import learn
from .networks._population import axes_of
from .networks._transmission import Underway, sent_amounts, transmit
from .solvers import AbstractSolver, AbstractStaggeredSolver
from .spikes import AbstractSpikeGradient, OnGrid
from .synapses import AbstractGradedTerminal


class Emitted(NamedTuple):
    """The spikes of one population in one step."""

    fired: Array
    fraction: Array
    """1 where there is none; one number where it is that of all"""

    def at(self, k: Array, dt: float) -> "Spiked":
        """The same in step k."""
        return Spiked(self.fired, jnp.where(self.fired > 0.0, (k + self.fraction) * dt, jnp.inf))


class Spiked(NamedTuple):
    """What is kept of the spikes of one population in one step."""

    fired: Array
    time: Array
    """ms, inf where there is none"""


class Carry(NamedTuple):
    """What one step of a network leaves to the next."""

    x: NetworkState
    sent: dict[str, Sent]
    """of each population that a projection comes from"""
    own: dict[str, Any]
    """of each projection the ring of what is its own"""
    before: dict[str, Array]
    """the voltages one step ago of cells that do not spike by a rule"""


class Drive(NamedTuple):
    """What one step gets from outside."""

    k: Array
    """its number"""
    now: Mapping[str, Array]
    """pA at its start, by population, of each cell or one for all"""
    nodes: Mapping[str, tuple]
    """pA at the nodes of the population's solver"""
    given: Mapping[str, Any]
    """the spikes of sources"""
    chances: Mapping[str, Chance]
    releases: Mapping[str, Any]
    lead: Array
    """by how much the leading part of a staggered state is moved"""
    arrived: Mapping[str, Any] = {}
    """of projections from sources what they open, where it is known before the run"""


class NetworkLoop(eqx.Module):
    """Everything about a run of a network but where it starts and what drives it."""

    network: Network
    solvers: dict[str, AbstractSolver]
    spikes: AbstractSpikeGradient
    adjoint: AbstractAdjoint
    record: Callable[[Any, Any], Any] | None
    dt: float = eqx.field(static=True)
    every: int = eqx.field(static=True)

    def keep(self, carry: Carry, drive: Drive) -> Any:
        """What is kept of one time."""
        x = self.together(carry.x, drive, drive.lead - 0.5 * self.dt)
        show = self.network.output if self.record is None else self.record
        now = {name: _each(at, self.network.size(name)) for name, at in drive.now.items()}
        return show(x, now)

    def together(self, x: NetworkState, drive: Drive, dt: Any) -> NetworkState:
        """The state with the leading parts of staggered ones moved by `dt`."""
        moved = dict(x.populations)
        for name in self.network.neurons:
            solver = self.solvers[name]
            if isinstance(solver, AbstractStaggeredSolver):
                model = modulated(self.network, name, x)
                inputs = signal_inputs(self.network, x)
                currents = _each(drive.nodes[name], self.network.size(name))
                moved[name] = _lead(model, solver, moved[name], currents, inputs, dt)
        return x._replace(populations=moved)

    def move(self, carry: Carry, drive: Drive) -> tuple[Carry, dict[str, Spiked]]:
        """One step: what arrives, what it does to the cells, what they send."""
        network, x = self.network, carry.x
        shown = {name: network.voltages(name, x) for name in network.neurons}
        projections, own, opened = dict(x.projections), dict(carry.own), {}
        for name, made in network.projections.items():
            underway = Underway(carry.sent.get(made.source), own[name])
            projections[name], own[name], opened[name] = transmit(
                made,
                projections[name],
                underway,
                shown.get(made.source),
                drive.k,
                self.dt,
                network.size(made.target),
                drive.arrived.get(name),
            )
        cells, emitted = self.move_cells(carry, drive, shown, opened)
        emitted |= {name: _emitted(*given) for name, given in drive.given.items()}
        for name, made in network.projections.items():
            fired, fraction = emitted[made.source]
            chance = drive.releases[name]
            projections[name], amount = sent_amounts(
                made, projections[name], fired, fraction, self.dt, chance
            )
            if amount is not None:
                own[name] = record(own[name], drive.k, amount)
            if made.plasticity is None:
                continue
            projections[name] = learn(
                made,
                projections[name],
                carry.sent[made.source],
                emitted[made.target],
                drive.k,
                self.dt,
            )
        sent = {
            name: record(ring, drive.k, Sent(*emitted[name])) for name, ring in carry.sent.items()
        }
        modulators = {
            name: made.step(x.modulators[name], emitted, self.dt)
            for name, made in network.modulators.items()
        }
        state = NetworkState(cells, projections, modulators)
        before = {name: shown[name] for name in carry.before}
        spiked = {name: one.at(drive.k, self.dt) for name, one in emitted.items()}
        return Carry(state, sent, own, before), spiked

    def move_cells(
        self, carry: Carry, drive: Drive, shown: Mapping[str, Array], opened: Mapping[str, Array]
    ) -> tuple[dict[str, Any], dict[str, Emitted]]:
        """One step of every population; gap junctions act in two halves about it."""
        network = self.network
        cells = self.together(carry.x, drive, drive.lead).populations
        models = {name: modulated(network, name, carry.x) for name in network.neurons}
        inputs = {
            name: inputs_of(network, name, carry.x, shown[name], opened) for name in network.neurons
        }
        ahead = dict(shown)
        for name in self.look_ahead():
            drift = self.drift(name, models[name], cells[name], inputs[name], drive)
            ahead[name] = shown[name] + 0.5 * self.dt * drift
            inputs[name] = inputs_of(network, name, carry.x, ahead[name], opened)
        across = self.current_across(ahead)
        cells, found = self.relax(cells, shown), {}
        for name, model in models.items():
            more = across.get(name, 0.0)
            cells[name], found[name] = self.move_one(
                name, model, cells[name], inputs[name], more, drive
            )
        after = {
            name: network.voltages(name, carry.x._replace(populations=cells)) for name in cells
        }
        cells = self.relax(cells, after)
        emitted = {}
        for name, made in network.neurons.items():
            spikes = found[name]
            if spikes is None:
                after = network.voltages(name, carry.x._replace(populations=cells))
                spikes = crossed(carry.before[name], shown[name], after, made.threshold)
            if self.on_grid(name):
                spikes = spikes[0], jnp.ones((), spikes[0].dtype)
            emitted[name] = _emitted(*spikes[:2])
        return cells, emitted

    def on_grid(self, name: str) -> bool:
        """Whether the spikes of a population all come at the ends of steps."""
        model = self.network.neurons[name].model
        return isinstance(self.spikes, OnGrid) and isinstance(model, AbstractSpikingModel)

    def look_ahead(self) -> list[str]:
        """The populations of which a step wants the voltage at its middle.

        Those that spike by a rule and have gap junctions, or receptors with a block.
        """
        network = self.network
        blocked = {made.target for made in network.projections.values() if made.receptor.blocks}
        return [
            name
            for name in sorted(blocked | set(coupled(network.gap_junctions)))
            if isinstance(network.neurons[name].model, AbstractSpikingModel)
        ]

    def drift(self, name: str, model: AbstractModel, x: Any, inputs: Inputs, drive: Drive) -> Array:
        """(cells,) mV/ms, at the start of the step."""

        def one(model, x, current, received):
            u = inputs.of_one(current, received)
            rate = model.vector_field(x, u)
            return jax.jvp(lambda x: model.output(x, u), (x,), (rate,))[1]

        current = _each(drive.now[name], self.network.size(name))
        return jax.vmap(one, in_axes=(axes_of(model), 0, 0, 0))(model, x, current, inputs.received)

    def current_across(self, voltages: Mapping[str, Array]) -> dict[str, Array]:
        """pA of gap junctions into the cells that spike by a rule.

        As a current it moves them within their step, so that what it makes them do has a time.
        """
        network = self.network
        spiking = [name for name in self.look_ahead() if name in coupled(network.gap_junctions)]
        if not spiking:
            return {}
        found = relaxing_current(network.neurons, network.gap_junctions, voltages, self.dt)
        return {name: found[name] for name in spiking}

    def move_one(
        self, name: str, model: AbstractModel, x: Any, inputs: Inputs, more: Any, drive: Drive
    ) -> tuple[Any, Any]:
        """One step of the cells of one population, whose leading parts have led."""
        solver = self.solvers[name]

        def one(model, x, currents, received, chance):
            u = tuple(inputs.of_one(current, received) for current in currents)
            if isinstance(solver, AbstractStaggeredSolver):
                return solver.follow(model, x, u, self.dt), None
            loop = TimeLoop(model, solver, self.spikes, self.adjoint, None, self.dt, self.every)
            return loop.move(x, (u, drive.lead, chance, None))

        cells = self.network.size(name)
        currents = _each(tuple(current + more for current in drive.nodes[name]), cells)
        return jax.vmap(one, in_axes=(axes_of(model), 0, 0, 0, 0))(
            model, x, currents, inputs.received, drive.chances[name]
        )

    def relax(self, cells: dict[str, Any], voltages: Mapping[str, Array]) -> dict[str, Any]:
        """Half a step of gap junctions of the conductance-based cells."""
        populations, junctions = self.network.neurons, self.network.gap_junctions
        models = {name: populations[name].model for name in coupled(junctions)}
        if not any(isinstance(model, AbstractConductanceModel) for model in models.values()):
            return cells
        moved = relaxed(populations, junctions, voltages, 0.5 * self.dt)
        changed = {
            name: with_voltages(model, cells[name], moved[name])
            for name, model in models.items()
            if isinstance(model, AbstractConductanceModel)
        }
        return {**cells, **changed}

    def block(self, carry: Carry, drive: Drive) -> tuple[Carry, Any]:
        """One kept sample and the steps up to the next; `drive` has a leading axis of them."""
        kept = self.keep(carry, _at(drive, 0))
        if drive.k.shape[0] == 1:
            carry, spiked = self.move(carry, _at(drive, 0))
            return carry, (kept, jax.tree.map(lambda value: value[None], spiked))
        carry, spiked = self.adjoint.scan(lambda carry, u: self.move(carry, u), carry, drive)
        return carry, (kept, spiked)


def _each(currents: Any, cells: int) -> Any:
    """The currents into all cells, where they are one for all."""
    return jax.tree.map(lambda current: jnp.broadcast_to(current, (cells,)), currents)


def _emitted(fired: Array, fraction: Array) -> Emitted:
    if fraction.ndim < fired.ndim:
        return Emitted(fired, fraction)
    return Emitted(fired, jnp.where(fired > 0.0, fraction, 1.0))


def _lead(
    model: AbstractModel,
    solver: AbstractStaggeredSolver,
    x: Any,
    currents: tuple,
    inputs: Inputs,
    dt: Any,
) -> Any:
    """The leading parts, which see no current, moved by `dt`."""

    def one(model, x, currents):
        u = tuple(inputs.of_one(current, {}) for current in currents)
        return solver.lead(model, x, u, dt)

    return jax.vmap(one, in_axes=(axes_of(model), 0, 0))(model, x, currents)


def _at(values: Any, index: int) -> Any:
    return jax.tree.map(lambda part: part[index], values)


@eqx.filter_jit
def integrate_network(loop: NetworkLoop, x: NetworkState, drive: Drive) -> Trajectory:
    """Run the loop from state `x`; `drive` has a leading axis of steps."""
    count = drive.k.shape[0]
    begun = _begun(loop, x, drive)
    drive = drive._replace(arrived=_arrived(loop, begun.sent, drive, count))
    carry, (kept, spiked) = _run(loop, begun, drive, count)
    last = _at(drive, -1)
    state = loop.together(carry.x, last, 0.5 * loop.dt)
    real = jnp.result_type(float)
    underway = turned((carry.sent, carry.own), count), carry.before, jnp.asarray(loop.dt, real)
    t = jnp.arange(count, dtype=real) * loop.dt
    return Trajectory(
        t[:: loop.every],
        kept,
        state._replace(underway=underway),
        {name: one.fired for name, one in spiked.items()},
        {name: one.time for name, one in spiked.items()},
    )


def _run(loop: NetworkLoop, carry: Carry, drive: Drive, count: int) -> tuple[Carry, Any]:
    whole = count // loop.every
    blocks = jax.tree.map(
        lambda part: part[: whole * loop.every].reshape(whole, loop.every, *part.shape[1:]), drive
    )
    carry, (kept, spiked) = loop.adjoint.scan(lambda carry, u: loop.block(carry, u), carry, blocks)
    spiked = jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:]), spiked)
    if whole * loop.every < count:
        rest = jax.tree.map(lambda part: part[whole * loop.every :], drive)
        carry, (last, more) = loop.block(carry, rest)
        kept = jax.tree.map(lambda parts, end: jnp.concatenate([parts, end[None]]), kept, last)
        spiked = jax.tree.map(lambda *parts: jnp.concatenate(parts), spiked, more)
    return carry, (kept, spiked)


def _arrived(loop: NetworkLoop, sent: Mapping[str, Sent], drive: Drive, count: int) -> dict:
    """What the spikes of sources open in each step, of the projections in which it is foreseen."""
    network, found = loop.network, {}
    for name, made in network.projections.items():
        source, targets = network.populations[made.source], network.size(made.target)
        if is_foreseen(source, made, count, targets):
            given = Sent(*_emitted(*drive.given[made.source]))
            found[name] = foreseen(made, sent[made.source], given, loop.dt)
    return found


def _begun(loop: NetworkLoop, x: NetworkState, drive: Drive) -> Carry:
    """What is under way at the start of a run: nothing, or what another has left."""
    network, dt = loop.network, loop.dt
    if x.underway is not None:
        (sent, own), before, _ = x.underway
        return Carry(x._replace(underway=None), sent, own, before)
    steps: dict[str, int] = {}
    own: dict[str, Any] = {}
    for name, made in network.projections.items():
        rows, cells = made.buffer(dt), network.size(made.source)
        own[name] = None
        if isinstance(made.terminal, AbstractGradedTerminal):
            voltage = network.voltages(made.source, x)
            level = jax.vmap(made.terminal.output)(x.projections[name].terminal, voltage)
            own[name] = jnp.broadcast_to(level, (rows, cells))
            continue
        steps[made.source] = max(rows, steps.get(made.source, 0))
        if made.release is not None:
            own[name] = jnp.zeros((rows, cells))
    sent = {
        name: nothing_sent(rows, network.size(name), _moment(loop, drive, name))
        for name, rows in steps.items()
    }
    before = {
        name: network.voltages(name, x)
        for name, made in network.neurons.items()
        if not isinstance(made.model, AbstractSpikingModel)
    }
    return Carry(x, sent, own, before)


def _moment(loop: NetworkLoop, drive: Drive, name: str) -> Array | None:
    """The fraction of a step at which all spikes of a population come, if there is one."""
    if name in drive.given:
        fraction = drive.given[name].fraction
        return fraction[0] if fraction.ndim == 1 else None
    return jnp.ones(()) if loop.on_grid(name) else None
