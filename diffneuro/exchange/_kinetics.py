"""The gates of a channel as laws that others can write."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._model import AbstractChannel
from ..channels import (
    BoltzmannGate,
    ExponentialShape,
    GatedChannel,
    HHGate,
    Leak,
    LinoidShape,
    RateLaw,
    SigmoidShape,
    SquidPotassium,
    SquidSodium,
    SteadyStateLaw,
    q10_factor,
)

Law = RateLaw | SteadyStateLaw | BoltzmannGate


def number(value: Any) -> float:
    """A parameter as the shortest number that it is: 0.07, not what float32 makes of it."""
    return float(str(np.asarray(value)[()]))


def laws(name: str, channel: AbstractChannel) -> Mapping[str, tuple[Law, int]]:
    """Each gate's law, and how many such gates a channel has.

    **Raises:** `ValueError` for channels whose gates have no such law.
    """
    if isinstance(channel, Leak):
        return {}
    if isinstance(channel, SquidSodium):
        return _squid_sodium(channel)
    if isinstance(channel, SquidPotassium):
        speed = q10_factor(3.0, channel.temperature, 6.3)
        shapes = LinoidShape(-55.0, 10.0), ExponentialShape(-65.0, -80.0)
        return {"n": (RateLaw(*shapes, 0.1, 0.125, speed), 4)}
    if isinstance(channel, GatedChannel):
        return {key: (_law(name, key, gate), gate.power) for key, gate in channel.kinetics.items()}
    raise ValueError(
        f"channels[{name!r}] is a {type(channel).__name__}, whose kinetics no other simulator is "
        "told here: take Leak, SquidSodium, SquidPotassium, or a GatedChannel with BoltzmannGates "
        "or HHGates of a RateLaw or SteadyStateLaw."
    )


def _squid_sodium(channel: SquidSodium) -> Mapping[str, tuple[Law, int]]:
    speed, shift = q10_factor(3.0, channel.temperature, 6.3), channel.activation_shift
    activation = LinoidShape(shift - 40.0, 10.0), ExponentialShape(shift - 65.0, -18.0)
    inactivation = ExponentialShape(-65.0, -20.0), SigmoidShape(-35.0, 10.0)
    return {
        "m": (RateLaw(*activation, 1.0, 4.0, speed), 3),
        "h": (RateLaw(*inactivation, 0.07, 1.0, speed), 1),
    }


def _law(name: str, key: str, gate: Any) -> Law:
    if isinstance(gate, BoltzmannGate):
        return gate
    if isinstance(gate, HHGate) and isinstance(gate.law, RateLaw | SteadyStateLaw):
        return gate.law
    raise ValueError(
        f"gate {key!r} of channels[{name!r}] has a law of its own, which cannot be written down: "
        "make it a BoltzmannGate, or an HHGate of a RateLaw or SteadyStateLaw."
    )
