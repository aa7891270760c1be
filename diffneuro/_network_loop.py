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
    Membrane,
    parameters,
    substitute,
)
from ._time_loop import Chance, TimeLoop, Trajectory
from .adjoints import AbstractAdjoint
from .networks import Network, NetworkState
from .networks._arrivals import Sent, nothing_sent, record, turned
from .networks._electrical import coupled, relaxed, voltages_of, with_voltages
from .networks._plastic import learn
from .networks._population import axes_of
from .networks._transmission import Underway, rest_under, sent_amounts, transmit
from .neurons import OpenConductance, OpenReceptors, SignalInput, SynapticInput
from .solvers import AbstractSolver, AbstractStaggeredSolver
from .spikes import AbstractSpikeGradient


class Emitted(NamedTuple):
    """The spikes of one population in one step."""

    fired: Array
    fraction: Array
    """1 where there is none"""


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
    """pA at its start, by population"""
    nodes: Mapping[str, tuple]
    """pA at the nodes of the population's solver"""
    given: Mapping[str, Any]
    """the spikes of sources"""
    chances: Mapping[str, Chance]
    releases: Mapping[str, Any]
    lead: Array
    """by how much the leading part of a staggered state is moved"""


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
        return show(x, drive.now)

    def together(self, x: NetworkState, drive: Drive, dt: Any) -> NetworkState:
        """The state with the leading parts of staggered ones moved by `dt`."""
        moved = dict(x.populations)
        for name in self.network.neurons:
            solver = self.solvers[name]
            if isinstance(solver, AbstractStaggeredSolver):
                model = modulated(self.network, name, x)
                inputs = _as_receptors({}, _signals(self.network, x), {})
                moved[name] = _lead(model, solver, moved[name], drive.nodes[name], inputs, dt)
        return x._replace(populations=moved)

    def move(self, carry: Carry, drive: Drive) -> tuple[Carry, dict[str, Emitted]]:
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
        return Carry(state, sent, own, {name: shown[name] for name in carry.before}), emitted

    def move_cells(
        self, carry: Carry, drive: Drive, shown: Mapping[str, Array], opened: Mapping[str, Array]
    ) -> tuple[dict[str, Any], dict[str, Emitted]]:
        """One step of every population; gap junctions act in two halves about it."""
        network = self.network
        cells = self.together(carry.x, drive, drive.lead).populations
        cells = self.relax(cells)
        found = {}
        for name in network.neurons:
            model = modulated(network, name, carry.x)
            inputs = _inputs_of(network, name, carry.x, shown[name], opened)
            cells[name], found[name] = self.move_one(name, model, cells[name], inputs, drive)
        cells = self.relax(cells)
        emitted = {}
        for name, made in network.neurons.items():
            spikes = found[name]
            if spikes is None:
                after = network.voltages(name, carry.x._replace(populations=cells))
                spikes = _crossed(carry.before[name], shown[name], after, made.threshold)
            emitted[name] = _emitted(*spikes[:2])
        return cells, emitted

    def move_one(
        self, name: str, model: AbstractModel, x: Any, inputs: "Inputs", drive: Drive
    ) -> tuple[Any, Any]:
        """One step of the cells of one population, whose leading parts have led."""
        solver = self.solvers[name]

        def one(model, x, currents, received, chance):
            u = tuple(inputs.of_one(current, received) for current in currents)
            if isinstance(solver, AbstractStaggeredSolver):
                return solver.follow(model, x, u, self.dt), None
            loop = TimeLoop(model, solver, self.spikes, self.adjoint, None, self.dt, self.every)
            return loop.move(x, (u, drive.lead, chance, None))

        currents = drive.nodes[name]
        return jax.vmap(one, in_axes=(axes_of(model), 0, 0, 0, 0))(
            model, x, currents, inputs.received, drive.chances[name]
        )

    def relax(self, cells: dict[str, Any]) -> dict[str, Any]:
        """Half a step of gap junctions."""
        network = self.network
        names = coupled(network.gap_junctions)
        if not names:
            return cells
        populations = network.neurons
        voltages = {name: voltages_of(populations[name].model, cells[name]) for name in names}
        moved = relaxed(populations, network.gap_junctions, voltages, 0.5 * self.dt)
        changed = {
            name: with_voltages(populations[name].model, cells[name], moved[name]) for name in names
        }
        return {**cells, **changed}

    def block(self, carry: Carry, drive: Drive) -> tuple[Carry, Any]:
        """One kept sample and the steps up to the next; `drive` has a leading axis of them."""
        kept = self.keep(carry, _at(drive, 0))
        carry, emitted = self.adjoint.scan(lambda carry, u: self.move(carry, u), carry, drive)
        return carry, (kept, emitted)


class Inputs(NamedTuple):
    """What the cells of a population receive from synapses in one step."""

    received: Any
    """arrays with a leading axis of cells"""
    of_one: Callable[[Any, Any], Any]
    """the input of one cell from its current (pA) and its part of `received`"""


def modulated(network: Network, name: str, x: NetworkState) -> AbstractModel:
    """The model of a population with its parameters scaled by modulators."""
    model = network.neurons[name].model
    for modulator, made in network.modulators.items():
        for one in made.modulations:
            if one.population == name:
                value = parameters(model)[one.path][0]
                scale = one.scale(x.modulators[modulator])
                model = substitute(model, {one.path: value * scale})
    return model


def _inputs_of(
    network: Network, name: str, x: NetworkState, voltage: Array, opened: Mapping[str, Array]
) -> Inputs:
    """What the population of that name receives, in the form that its model takes."""
    onto = {key: made.receptor for key, made in network.projections.items() if made.target == name}
    if isinstance(network.neurons[name].model, AbstractConductanceModel):
        return _as_receptors(onto, _signals(network, x), opened)
    return _as_line(onto, voltage, opened)


def _signals(network: Network, x: NetworkState) -> dict[str, Array]:
    """The modulators that channels read, by the signal's name (mM)."""
    return {
        made.signal: x.modulators[key]
        for key, made in network.modulators.items()
        if made.signal is not None
    }


def _as_receptors(onto: Mapping[str, Any], signals: Mapping[str, Array], opened) -> Inputs:
    """Each receptor by itself, whose block and ions the cell looks after."""

    def of_one(current, received):
        parts = tuple(OpenReceptors(received[key], receptor) for key, receptor in onto.items())
        electrical = SynapticInput(current, parts) if parts else current
        return SignalInput(electrical, signals) if signals else electrical

    return Inputs({key: opened[key] for key in onto}, of_one)


def _as_line(onto: Mapping[str, Any], voltage: Array, opened) -> Inputs:
    """One line through all currents, each with the block at the voltage of the step's start."""
    if not onto:
        return Inputs((), lambda current, _: current)
    lines = [
        jax.vmap(lambda g, v, made=receptor: made.linear(g, Membrane(v)))(opened[key], voltage)
        for key, receptor in onto.items()
    ]
    inward, conductance = (sum(parts) for parts in zip(*lines, strict=True))
    conducts = any(receptor.conducts for receptor in onto.values())

    def of_one(current, received):
        inward, conductance = received
        if not conducts:
            return current + inward
        return SynapticInput(
            current + inward, (OpenConductance(conductance, jnp.zeros_like(conductance)),)
        )

    return Inputs((inward, conductance), of_one)


def _crossed(before: Array, now: Array, after: Array, threshold: float) -> tuple[Array, Array]:
    """Where voltages rise through a threshold in a step, and when, by the parabola of three."""
    past, start, end = before - threshold, now - threshold, after - threshold
    fired = (start < 0.0) & (end >= 0.0)
    slope = jnp.where(fired, 0.5 * (end - past), 1.0)
    bend = jnp.where(fired, 0.5 * (end - 2.0 * start + past), 0.0)
    start = jnp.where(fired, start, -1.0)
    under_root = slope * slope - 4.0 * bend * start
    positive = under_root > 0.0
    root = jnp.sqrt(jnp.where(positive, under_root, 1.0))
    denominator = slope + jnp.where(positive, root, 0.0)
    usable = denominator > 0.0
    fraction = jnp.where(usable, -2.0 * start / jnp.where(usable, denominator, 1.0), 0.5)
    return fired.astype(fraction.dtype), jnp.clip(fraction, 0.0, 1.0)


def _emitted(fired: Array, fraction: Array) -> Emitted:
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
    carry, (kept, emitted) = _run(loop, _begun(loop, x, drive), drive, count)
    last = _at(drive, -1)
    state = loop.together(carry.x, last, 0.5 * loop.dt)
    underway = turned((carry.sent, carry.own), count), carry.before
    t = jnp.arange(count, dtype=jnp.result_type(float)) * loop.dt
    times = {
        name: jnp.where(one.fired > 0.0, t[:, None] + one.fraction * loop.dt, jnp.inf)
        for name, one in emitted.items()
    }
    return Trajectory(
        t[:: loop.every],
        kept,
        state._replace(underway=underway),
        {name: one.fired for name, one in emitted.items()},
        times,
    )


def _run(loop: NetworkLoop, carry: Carry, drive: Drive, count: int) -> tuple[Carry, Any]:
    whole = count // loop.every
    blocks = jax.tree.map(
        lambda part: part[: whole * loop.every].reshape(whole, loop.every, *part.shape[1:]), drive
    )
    carry, (kept, emitted) = loop.adjoint.scan(lambda carry, u: loop.block(carry, u), carry, blocks)
    emitted = jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:]), emitted)
    if whole * loop.every < count:
        rest = jax.tree.map(lambda part: part[whole * loop.every :], drive)
        carry, (last, more) = loop.block(carry, rest)
        kept = jax.tree.map(lambda parts, end: jnp.concatenate([parts, end[None]]), kept, last)
        emitted = jax.tree.map(lambda *parts: jnp.concatenate(parts), emitted, more)
    return carry, (kept, emitted)


def _begun(loop: NetworkLoop, x: NetworkState, drive: Drive) -> Carry:
    """What is under way at the start of a run: nothing, or what another has left."""
    network, dt = loop.network, loop.dt
    if x.underway is not None:
        (sent, own), before = x.underway
        return Carry(x._replace(underway=None), sent, own, before)
    steps: dict[str, int] = {}
    own, projections = {}, dict(x.projections)
    for name, made in network.projections.items():
        rows, cells = made.buffer(dt), network.size(made.source)
        own[name] = None
        if made.is_graded:
            voltage = network.voltages(made.source, x)
            projections[name], level = rest_under(made, projections[name], voltage)
            own[name] = jnp.broadcast_to(level, (rows, cells))
            continue
        steps[made.source] = max(rows, steps.get(made.source, 0))
        if made.release is not None:
            own[name] = jnp.zeros((rows, cells))
    sent = {name: nothing_sent(rows, network.size(name)) for name, rows in steps.items()}
    before = {
        name: network.voltages(name, x)
        for name, made in network.neurons.items()
        if not isinstance(made.model, AbstractSpikingModel)
    }
    return Carry(x._replace(projections=projections), sent, own, before)
