"""Synaptic conductances as the input of a neuron."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jax import Array

from .._model import Ion, Membrane
from ..synapses import AbstractReceptor
from ._signal_input import SignalInput


class OpenConductance(NamedTuple):
    """What the open channels of a synapse are to the membrane."""

    conductance: Array
    """nS"""
    reversal_potential: Array
    """mV"""


class OpenReceptors(NamedTuple):
    """What has opened in a cell's membrane, and what flows through it there.

    For conductance-based cells: the block, and the ions whose concentrations the cell keeps,
    are those of the membrane at each moment.
    """

    opened: Array
    """nS, or pA for a current-based receptor"""
    receptor: AbstractReceptor


class SynapticInput(NamedTuple):
    r"""An injected current and conductances: $I(v) = I_{inj} + \sum_s g_s (E_s - v)$.

    Every neuron takes one where it takes a current, so that inhibition at the resting
    potential shunts instead of doing nothing. As a stimulus each part is a number, samples or
    a function of time.
    """

    current: Array = 0.0  # pyright: ignore[reportAssignmentType]
    """pA"""
    conductances: tuple[OpenConductance | OpenReceptors, ...] = ()


def injected_current(u: Any, v: Any, ions: Mapping[str, Ion] | None = None) -> Any:
    """The current (pA) that an input injects at the voltage `v` (mV), among these `ions`."""
    if isinstance(u, OpenConductance):
        raise ValueError("an OpenConductance is part of an input: write SynapticInput(0.0, (it,)).")
    if isinstance(u, SignalInput):
        raise ValueError(
            "a SignalInput is for a Cell, whose channels its signals open: give this model its "
            "current alone."
        )
    if not isinstance(u, SynapticInput):
        return u
    plain = [part for part in _parts(u) if not isinstance(part, OpenReceptors)]
    current, conductance = linear_input(u._replace(conductances=tuple(plain)))
    total = current - conductance * v
    membrane = Membrane(v, {} if ions is None else ions)
    for part in _parts(u):
        if isinstance(part, OpenReceptors):
            total = total - part.receptor.current(part.opened, membrane)
    return total


def plain_current(u: Any) -> Any:
    """The current (pA) of an input to a neuron that has no voltage to drive one through channels.

    **Raises:** `ValueError` where there are conductances.
    """
    if isinstance(u, SynapticInput) and _parts(u):
        raise ValueError(
            "this neuron has no voltage, so that no conductance can act on it: give it a current, "
            "in a network by a current-based synapse such as synapses.ExponentialCurrent()."
        )
    return injected_current(u, 0.0)


def carried_by_receptors(u: Any, membrane: Membrane) -> list[tuple[Any, Mapping[str, Any]]]:
    """The outward current (pA) of each open receptor of an input, and who carries it."""
    if not isinstance(u, SynapticInput):
        return []
    return [
        (part.receptor.current(part.opened, membrane), part.receptor.carried())
        for part in _parts(u)
        if isinstance(part, OpenReceptors)
    ]


def linear_input(u: Any) -> tuple[Any, Any]:
    """The current I and the conductance g of an input whose current is I - g v.

    **Arguments:** `u`, a current (pA) or a `SynapticInput`.

    **Returns:** the current at 0 mV (pA) and the conductance (nS).
    """
    if not isinstance(u, SynapticInput):
        return injected_current(u, 0.0), 0.0
    current, total = u.current, 0.0
    for part in _parts(u):
        if isinstance(part, OpenReceptors):
            raise ValueError(
                "OpenReceptors are for a conductance-based cell: give this neuron an "
                "OpenConductance."
            )
        conductance, reversal_potential = part
        current = current + conductance * reversal_potential
        total = total + conductance
    return current, total


def _parts(u: SynapticInput) -> tuple[Any, ...]:
    if isinstance(u.conductances, OpenConductance | OpenReceptors) or not isinstance(
        u.conductances, tuple | list
    ):
        raise ValueError(
            "conductances of a SynapticInput must be a tuple of OpenConductance: write "
            "SynapticInput(0.0, (OpenConductance(5.0, 0.0),))."
        )
    return tuple(u.conductances)
