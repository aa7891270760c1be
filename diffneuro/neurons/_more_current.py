"""More current in the input of a neuron."""

from typing import Any

from ._nudged import Nudge
from ._signal_input import SignalInput
from ._synaptic_input import SynapticInput


def with_more_current(u: Any, current: Any) -> Any:
    """The input of a neuron with more current (pA) in it."""
    if isinstance(u, SynapticInput | SignalInput | Nudge):
        return u._replace(current=with_more_current(u.current, current))
    return u + current
