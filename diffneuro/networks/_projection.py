"""Synapses of one kind from one population to another."""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from .._model import Parameter, as_parameter, is_concrete
from ..synapses import (
    STDP,
    AbstractGapJunction,
    AbstractGradedTerminal,
    AbstractImpulseReceptor,
    AbstractReceptor,
    AbstractRelease,
    AbstractSpikeTerminal,
    AbstractTransmitterReceptor,
    Ohmic,
    PulseTerminal,
)
from ._connection import AbstractConnection, Dense, Sparse, has_negative

# A delay that moves in a fit has room to grow by half.
_ROOM = 1.5

Terminal = AbstractSpikeTerminal | AbstractGradedTerminal


class Projection(eqx.Module):
    """Chemical synapses of one kind, from the population `source` to the population `target`.

    A spike travels for `delay` (ms; one number, or for impulse receptors and a `Sparse`
    connection one for each synapse). Receptors that impulses open take it as it is; those that
    transmitter opens have a `terminal` that makes transmitter of spikes or of voltage, by
    default a `PulseTerminal`. `release` says how much a spike releases after those before it,
    `plasticity` how spikes change the weights, which then are a part of the state. A delay
    that is searched may grow to `longest_delay` (ms), by default by half.
    """

    source: str = eqx.field(static=True)
    target: str = eqx.field(static=True)
    connection: AbstractConnection
    receptor: AbstractReceptor
    delay: Parameter = eqx.field(converter=as_parameter, metadata={"unit": "ms"})
    terminal: Terminal | None
    release: AbstractRelease | None
    plasticity: STDP | None
    longest_delay: float = eqx.field(static=True)

    def __init__(
        self,
        source: str,
        target: str,
        connection: AbstractConnection,
        receptor: AbstractReceptor,
        *,
        delay: Any = 1.0,
        terminal: Terminal | None = None,
        release: AbstractRelease | None = None,
        plasticity: STDP | None = None,
        longest_delay: float | None = None,
    ):
        self.source, self.target = source, target
        self.connection, self.receptor = connection, receptor
        if longest_delay is None:
            longest_delay = _room_for(delay)
        self.delay, self.longest_delay = as_parameter(delay), longest_delay
        if terminal is None and isinstance(receptor, AbstractTransmitterReceptor):
            terminal = PulseTerminal()
        self.terminal, self.release, self.plasticity = terminal, release, plasticity

    def __check_init__(self):
        _check_parts(self)
        _check_delay(self)
        if self.terminal is not None and isinstance(self.receptor, AbstractImpulseReceptor):
            raise ValueError(
                f"{type(self.receptor).__name__} is opened by impulses, not by transmitter: leave "
                "terminal out, or take a receptor such as synapses.AMPA()."
            )
        if self.release is not None and isinstance(self.terminal, AbstractGradedTerminal):
            raise ValueError(
                f"release says what a spike releases, and {type(self.terminal).__name__} follows "
                "the voltage: leave one of the two out."
            )
        if self.plasticity is not None and (
            self.is_graded or not isinstance(self.connection, Dense | Sparse)
        ):
            raise ValueError(
                "plasticity pairs spikes and changes the weights of a Dense or Sparse connection: "
                "take one of these, and no terminal that follows the voltage."
            )

    def buffer(self, dt: float) -> int:
        """For how many steps of `dt` what is under way is kept."""
        return math.floor(self.longest_delay / dt + 1e-4) + 2

    @property
    def is_graded(self) -> bool:
        """Whether transmitter follows the presynaptic voltage instead of spikes."""
        return isinstance(self.terminal, AbstractGradedTerminal)

    @property
    def per_synapse(self) -> bool:
        """Whether each synapse has a delay of its own."""
        return jnp.ndim(self.delay) == 1


class GapJunctions(eqx.Module):
    """Electrical synapses between two populations, or within one; each acts both ways.

    A weight (nS) couples a cell of `source` and one of `target`; within a population a pair is
    named once. The coupling is solved implicitly, so that it may be as strong as one likes.
    Cells that spike by a rule feel a reset of their neighbour from the next step on.
    """

    source: str = eqx.field(static=True)
    target: str = eqx.field(static=True)
    connection: AbstractConnection
    law: AbstractGapJunction = eqx.field(default_factory=Ohmic)

    def __check_init__(self):
        if not isinstance(self.connection, AbstractConnection):
            raise ValueError(
                f"connection={self.connection!r} of GapJunctions is none: give one, such as "
                "networks.Dense(weights)."
            )
        if not isinstance(self.law, AbstractGapJunction):
            raise ValueError(f"law={self.law!r} of GapJunctions is none: give synapses.Ohmic().")
        self.connection.check_numbers()
        if has_negative(self.connection.weights):
            raise ValueError("GapJunctions has a negative conductance: make it at least 0 nS.")


class ProjectionState(NamedTuple):
    """The state of a `Projection`."""

    receptor: Any
    """one for each postsynaptic cell if impulses open it, else one for each presynaptic"""
    terminal: Any = None
    """one for each presynaptic cell"""
    release: Any = None
    """one for each presynaptic cell"""
    traces: Any = None
    """what a plasticity remembers of past spikes"""
    weights: Array | None = None
    """where a plasticity changes them"""


def _room_for(delay: Any) -> float:
    """The longest delay (ms) of a buffer, one of few, so that near ones share compiled code."""
    if isinstance(delay, Tracer):
        raise ValueError("a delay that is traced needs room in the buffer: give longest_delay, ms.")
    try:
        longest = _ROOM * float(np.max(np.asarray(delay, float)))
    except (TypeError, ValueError):
        longest = math.nan
    if not 0.0 < longest < math.inf:
        raise ValueError(
            f"delay={delay!r} must be a number of ms above 0, or one for each synapse."
        )
    return 2.0 ** (math.ceil(2.0 * math.log2(longest)) / 2.0)


def _check_parts(made: Projection) -> None:
    for name, value in (("source", made.source), ("target", made.target)):
        if not isinstance(value, str):
            raise ValueError(f"{name}={value!r} of a Projection must be a population's name.")
    for name, value, kind, example in (
        ("connection", made.connection, AbstractConnection, "networks.Dense(weights)"),
        ("receptor", made.receptor, AbstractReceptor, "synapses.Exponential()"),
        ("terminal", made.terminal, Terminal | None, "synapses.PulseTerminal()"),
        ("release", made.release, AbstractRelease | None, "synapses.TsodyksMarkram()"),
        ("plasticity", made.plasticity, STDP | None, "synapses.STDP()"),
    ):
        if not isinstance(value, kind):
            raise ValueError(f"{name}={value!r} of a Projection is none: give one, as {example}.")
    made.connection.check_numbers()
    if made.plasticity is not None:
        _check_plastic(made.connection.weights, made.plasticity)
    if made.receptor.conducts and has_negative(made.connection.weights):
        raise ValueError(
            f"a weight onto {type(made.receptor).__name__} is negative, and a conductance is at "
            "least 0: for inhibition take a receptor with a low reversal potential, or a "
            "current-based one such as synapses.ExponentialCurrent()."
        )


def _check_plastic(weights: Any, law: STDP) -> None:
    if not (is_concrete(weights) and is_concrete(law.w_max)):
        return
    known, most = np.asarray(weights), float(law.w_max)
    if (known < 0.0).any() or (known > most).any():
        raise ValueError(
            f"weights from {known.min():g} to {known.max():g} with a plasticity between 0 and "
            f"w_max={most:g}: raise w_max, or lower the weights."
        )


def _check_delay(made: Projection) -> None:
    shape = jnp.shape(made.delay)
    if shape and not (
        isinstance(made.connection, Sparse) and isinstance(made.receptor, AbstractImpulseReceptor)
    ):
        raise ValueError(
            f"delay has shape {shape}: one for each synapse needs a Sparse connection and a "
            "receptor that impulses open; else give one number."
        )
    if (
        shape
        and isinstance(made.connection, Sparse)
        and shape != jnp.shape(made.connection.sources)
    ):
        raise ValueError(
            f"delay has shape {shape}: give one number, or one for each of the "
            f"{jnp.size(made.connection.sources)} synapses."
        )
    if not isinstance(made.longest_delay, float | int) or not 0.0 < made.longest_delay < math.inf:
        raise ValueError(f"longest_delay={made.longest_delay!r} must be a number of ms above 0.")
    if is_concrete(made.delay):
        known = np.asarray(made.delay)
        if not np.isfinite(known).all() or (known <= 0.0).any():
            raise ValueError(f"delay={made.delay} ms must be above 0, at least the run's dt.")
        if (known > made.longest_delay * (1.0 + 1e-6)).any():
            raise ValueError(
                f"delay={made.delay} ms is more than longest_delay={made.longest_delay:g} ms: "
                "make that longer."
            )
