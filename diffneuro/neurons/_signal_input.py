"""What acts on a cell besides an injected current."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jax import Array


class SignalInput(NamedTuple):
    """An injected current and the signals that open a cell's ligand- or force-gated channels.

    A `Cell` takes one where it takes a current. As a stimulus each part is a number, samples or
    a function of time.
    """

    current: Any = 0.0
    """pA, or a `SynapticInput`"""
    signals: Mapping[str, Array] = {}
    """by name: transmitters (mM), `displacement` of a hair bundle (um)"""


def split_signals(u: Any) -> tuple[Any, Mapping[str, Array]]:
    """The electrical part of a cell's input, and the signals."""
    return (u.current, u.signals) if isinstance(u, SignalInput) else (u, {})
