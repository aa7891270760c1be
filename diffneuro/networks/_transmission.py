"""A projection's step: from what is sent to what opens."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from .._model import Membrane
from ..solvers import ExponentialHeun
from ..synapses import (
    AbstractGradedTerminal,
    AbstractImpulseReceptor,
    AbstractSpikeTerminal,
    AbstractTransmitterReceptor,
)
from ._arrivals import Arrivals, Sent, arriving, look_back, record
from ._connection import AbstractConnection, Sparse
from ._events import Columns
from ._projection import Projection, ProjectionState


class Underway(NamedTuple):
    """What one projection has under way."""

    sent: Sent | None
    """the presynaptic population's spikes; None of a graded terminal"""
    own: Any
    """a ring of what each spike releases, or of a graded terminal's transmitter (mM)"""


def initial_projection(
    made: Projection, sources: int, targets: int, voltage: Array | None
) -> ProjectionState:
    """After a long silence, at presynaptic voltages (mV) of which only a graded terminal knows."""
    receptor, terminal, release = made.receptor, made.terminal, made.release
    released = None if release is None else _repeated(release.initial_state(), sources)
    if isinstance(terminal, AbstractGradedTerminal):
        rest = jax.vmap(terminal.initial_state)(voltage)
        level = jax.vmap(terminal.output)(rest, voltage)
        bound = jax.vmap(lambda level: receptor.initial_state(cleft(receptor, level)))(level)
        return ProjectionState(bound, rest, released)
    count = targets if isinstance(receptor, AbstractImpulseReceptor) else sources
    nothing = jnp.zeros(())
    bound = _repeated(receptor.initial_state(cleft(receptor, nothing)), count)
    rest = None if terminal is None else _repeated(terminal.initial_state(nothing), sources)
    return ProjectionState(bound, rest, released)


def sent_amounts(
    made: Projection, x: ProjectionState, fired: Array, fraction: Array, dt: float, chance: Any
) -> tuple[ProjectionState, Any]:
    """What the spikes of a step release, and the state of the release at its end."""
    release = made.release
    if release is None:
        return x, None

    def one(state, fired, fraction, chance):
        at_spike = release.flow(state, fraction * dt)
        amount, after = release.release(at_spike, chance)
        spiked = release.flow(after, (1.0 - fraction) * dt)
        return _mixed(fired, spiked, release.flow(state, dt)), amount

    fraction = jnp.broadcast_to(fraction, fired.shape)
    state, amount = jax.vmap(one)(x.release, fired, fraction, chance)
    return x._replace(release=state), amount


def transmit(
    made: Projection,
    x: ProjectionState,
    underway: Underway,
    voltage: Any,
    k: Array,
    dt: float,
    targets: int,
    arrived: Any = None,
) -> tuple[ProjectionState, Any, Array]:
    """Step k of the receptors of a projection.

    **Arguments:** `voltage` (mV) of the presynaptic cells, for a graded terminal; `arrived`,
    what was foreseen to arrive in this step.

    **Returns:** the state at its end; the ring of what is under way; what is open in the mean
    over the step onto each of `targets` cells (nS or pA).
    """
    connection = weighted(made, x)
    steps = checked_steps(made, dt)
    if isinstance(made.receptor, AbstractImpulseReceptor):
        if arrived is None:
            cells = made.connection.sources if made.per_synapse else None  # pyright: ignore
            assert underway.sent is not None
            arrivals = arriving(underway.sent, underway.own, k, steps, cells)
            spread = _spread(made, connection, targets)
            arrived = spread_impulses(made, arrivals, dt, spread)
        receptor, opened = _impulses(made.receptor, x.receptor, arrived, dt)
        return x._replace(receptor=receptor), underway.own, opened
    assert isinstance(made.receptor, AbstractTransmitterReceptor)
    terminal, transmitter, own = _transmitter(made, x, underway, voltage, k, dt)
    receptor, opened = _bind(made.receptor, x.receptor, transmitter, dt)
    spread = connection.spread(opened[:, None], targets)[:, 0]
    return x._replace(receptor=receptor, terminal=terminal), own, spread


def checked_steps(made: Projection, dt: float) -> Array:
    """The delay in steps; NaN, which makes a run diverge, where a buffer cannot hold it."""
    held = (made.delay >= dt * (1.0 - 1e-4)) & (made.delay <= made.longest_delay * (1.0 + 1e-6))
    return jnp.where(held, made.delay / dt, jnp.nan)


def weighted(made: Projection, x: ProjectionState) -> AbstractConnection:
    """The connection with the weights that plasticity has made."""
    if x.weights is None:
        return made.connection
    return eqx.tree_at(lambda connection: connection.weights, made.connection, x.weights)


def opened_now(made: Projection, x: ProjectionState, targets: int) -> Array:
    """What is open now onto each of the target cells (nS or pA)."""
    receptor = made.receptor
    share = jax.vmap(receptor.open_fraction)(x.receptor)
    if isinstance(receptor, AbstractImpulseReceptor):
        return share
    return weighted(made, x).spread(share[:, None], targets)[:, 0]


def spread_impulses(
    made: Projection, arrivals: Arrivals, dt: float, spread: Callable[[Columns], Columns]
) -> Columns:
    """What arrivals add to the parts of the receptor's state, and what they open in the mean.

    Each has the rest of its step to act; `spread` adds up for each target.
    """
    receptor = made.receptor
    assert isinstance(receptor, AbstractImpulseReceptor)

    def one(fraction):
        left = (1.0 - fraction) * dt
        kick = receptor.kick()
        return receptor.flow(kick, left), (1.0 - fraction) * receptor.mean(kick, left)

    released = arrivals.fired * arrivals.amount
    if arrivals.fraction.ndim:
        parts = jax.tree.leaves(jax.vmap(one)(arrivals.fraction.ravel()))
        return spread(tuple(released * part.reshape(released.shape) for part in parts))
    # All at one moment of the step, so that one sum will do.
    (total,) = spread((released,))
    return tuple(total * part for part in jax.tree.leaves(one(arrivals.fraction)))


def _spread(made, connection, targets) -> Callable[[Columns], Columns]:
    def spread(columns):
        if made.per_synapse:
            assert isinstance(connection, Sparse)
            return tuple(connection.gather(jnp.stack(columns, 1), targets).T)
        return connection.spread_events(columns, targets)

    return spread


def _impulses(receptor: AbstractImpulseReceptor, x: Any, arrived: Columns, dt: float):
    """The receptors at the end of a step, and what is open in its mean."""
    flowed, mean = jax.vmap(lambda state: (receptor.flow(state, dt), receptor.mean(state, dt)))(x)
    *new, opened = arrived
    new = jax.tree.unflatten(jax.tree.structure(flowed), new)
    return jax.tree.map(jnp.add, flowed, new), mean + opened


def _transmitter(made, x, underway: Underway, voltage, k, dt):
    """The terminals' state at the end of the step, the mean transmitter in it, and the ring."""
    terminal, steps = made.terminal, checked_steps(made, dt)
    if isinstance(terminal, AbstractGradedTerminal):
        now = jax.vmap(terminal.output)(x.terminal, voltage)
        ring = record(underway.own, k, now)
        solver = ExponentialHeun()

        def move(state, v):
            return solver.step(terminal, state, (v,) * len(solver.nodes), dt)

        state = jax.vmap(move)(x.terminal, voltage)
        return state, look_back(ring, k, steps), ring
    assert isinstance(terminal, AbstractSpikeTerminal)
    assert underway.sent is not None
    arrivals = arriving(underway.sent, underway.own, k, steps, None)
    amounts = jnp.broadcast_to(arrivals.amount, arrivals.fired.shape)
    fractions = jnp.broadcast_to(arrivals.fraction, arrivals.fired.shape)

    def one(state, fired, fraction, amount):
        before, left = fraction * dt, (1.0 - fraction) * dt
        after = terminal.arrive(terminal.flow(state, before), amount)
        mean = fraction * terminal.mean(state, before) + (1.0 - fraction) * terminal.mean(
            after, left
        )
        spiked = (terminal.flow(after, left), mean)
        return _mixed(fired, spiked, (terminal.flow(state, dt), terminal.mean(state, dt)))

    state, mean = jax.vmap(one)(x.terminal, arrivals.fired, fractions, amounts)
    return state, mean, underway.own


def _bind(receptor: AbstractTransmitterReceptor, x: Any, transmitter: Array, dt: float):
    """Receptors under a constant concentration, and what is open in the mean of both ends."""
    solver = ExponentialHeun()

    def one(state, level):
        u = cleft(receptor, level)
        after = solver.step(receptor, state, (u,) * len(solver.nodes), dt)
        return after, 0.5 * (receptor.open_fraction(state) + receptor.open_fraction(after))

    return jax.vmap(one)(x, transmitter)


def cleft(receptor: Any, level: Array) -> Membrane:
    """A membrane of which only the transmitter is read."""
    if isinstance(receptor, AbstractTransmitterReceptor):
        return Membrane(jnp.zeros_like(level), {}, {receptor.transmitter: level})
    return Membrane(jnp.zeros_like(level))


def _mixed(fired: Array, spiked: Any, silent: Any) -> Any:
    """`spiked` where there was a spike, with the slope that `fired` may have."""
    once = jnp.where(fired > 1.0, 1.0, fired)
    return jax.tree.map(lambda one, other: other + once * (one - other), spiked, silent)


def _repeated(state: Any, count: int) -> Any:
    return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (count, *jnp.shape(leaf))), state)
