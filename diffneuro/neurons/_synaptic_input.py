"""Synaptic conductances as the input of a neuron."""

from typing import Any, NamedTuple

from jax import Array

from ._signal_input import SignalInput


class OpenConductance(NamedTuple):
    """What the open channels of a synapse are to the membrane."""

    conductance: Array
    """nS"""
    reversal_potential: Array
    """mV"""


class SynapticInput(NamedTuple):
    r"""An injected current and conductances: $I(v) = I_{inj} + \sum_s g_s (E_s - v)$.

    Every neuron takes one where it takes a current, so that inhibition at the resting
    potential shunts instead of doing nothing. As a stimulus each part is a number, samples or
    a function of time.
    """

    current: Array = 0.0  # pyright: ignore[reportAssignmentType]
    """pA"""
    conductances: tuple[OpenConductance, ...] = ()


def injected_current(u: Any, v: Any) -> Any:
    """The current (pA) that an input injects at the voltage `v` (mV)."""
    if isinstance(u, OpenConductance):
        raise ValueError("an OpenConductance is part of an input: write SynapticInput(0.0, (it,)).")
    if isinstance(u, SignalInput):
        raise ValueError(
            "a SignalInput is for a Cell, whose channels its signals open: give this model its "
            "current alone."
        )
    if not isinstance(u, SynapticInput):
        return u
    current, conductance = linear_input(u)
    return current - conductance * v


def linear_input(u: Any) -> tuple[Any, Any]:
    """The current I and the conductance g of an input whose current is I - g v.

    **Arguments:** `u`, a current (pA) or a `SynapticInput`.

    **Returns:** the current at 0 mV (pA) and the conductance (nS).
    """
    if not isinstance(u, SynapticInput):
        return injected_current(u, 0.0), 0.0
    if isinstance(u.conductances, OpenConductance) or not isinstance(u.conductances, tuple | list):
        raise ValueError(
            "conductances of a SynapticInput must be a tuple of OpenConductance: write "
            "SynapticInput(0.0, (OpenConductance(5.0, 0.0),))."
        )
    current, total = u.current, 0.0
    for conductance, reversal_potential in u.conductances:
        current = current + conductance * reversal_potential
        total = total + conductance
    return current, total
