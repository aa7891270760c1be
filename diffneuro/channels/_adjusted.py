"""A channel whose gates may shift, stretch and hurry."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import (
    AbstractChannel,
    Ion,
    Membrane,
    Parameter,
    check_ranges,
    parameter,
)
from ._gated import AbstractGatedChannel, Rates

# mV; the voltage at which a stretch alone leaves a gate as it is.
_PIVOT = -40.0


class Adjustment(eqx.Module):
    """How a gate differs from the published one."""

    shift: Parameter = parameter(0.0, "mV")
    """by how much it works at higher voltages"""
    speed: Parameter = parameter(1.0, "1", above=0.0)
    """by how much it is faster"""
    stretch: Parameter = parameter(1.0, "1", above=0.0)
    """by how much it is less steep in voltage"""

    def __check_init__(self):
        check_ranges(self)


class Adjusted(AbstractChannel):
    r"""A published channel for another cell: gate i has $s_i$ times the rates at $v_i$.

    $v_i = v_0 + (v - \Delta_i - v_0)/w_i$ with `shift` $\Delta_i$, `speed` $s_i$, `stretch` $w_i$
    and $v_0$ = -40 mV, so that temperature, surface charge and preparation can be fitted.
    `adjustments` maps names of the channel's gates to an `Adjustment`; the others stay. What a
    channel opens by at once, without a gate, stays as well. For how much channels differ
    between preparations see Podlaski et al. 2017, doi:10.7554/eLife.22152
    """

    channel: AbstractGatedChannel
    adjustments: dict[str, Adjustment]

    def __check_init__(self):
        if not isinstance(self.channel, AbstractGatedChannel):
            raise ValueError(
                f"Adjusted needs a channel with gates, not {self.channel!r}: give one, such as "
                "TraubMilesSodium()."
            )
        if not isinstance(self.adjustments, dict) or not all(
            isinstance(one, Adjustment) for one in self.adjustments.values()
        ):
            raise ValueError(
                f"adjustments={self.adjustments!r} of Adjusted must be a dictionary from names of "
                "gates to Adjustments, such as {'m': Adjustment()}."
            )
        known = gate_names(self.channel)
        unknown = sorted(set(self.adjustments) - set(known))
        if unknown:
            raise ValueError(
                f"{type(self.channel).__name__} has no gate {', '.join(unknown)}; its gates are "
                f"{', '.join(known)}."
            )

    def carried(self) -> Mapping[str, Any]:
        return self.channel.carried()

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        """The `Rates` of each gate, by name."""
        plain = _by_name(self.channel.gates(u))
        return plain | {
            name: self._adjusted(name, one, u) for name, one in self.adjustments.items()
        }

    def initial_state(self, u: Membrane, /) -> Any:
        steady = {name: rates.steady_state for name, rates in self.gates(u).items()}
        return _like(self.channel.gates(u), steady)

    def vector_field(self, x: Any, u: Membrane, /) -> Any:
        here = _by_name(x)
        moving = {
            name: rates.opening - (rates.opening + rates.closing) * here[name]
            for name, rates in self.gates(u).items()
        }
        return _like(x, moving)

    def output(self, x: Any, u: Membrane, /) -> Array:
        return self.channel.output(x, u)

    def _adjusted(self, name: str, one: Adjustment, u: Membrane) -> Rates:
        v = _PIVOT + (u.voltage - one.shift - _PIVOT) / one.stretch
        return _by_name(self.channel.gates(u._replace(voltage=v)))[name].times(one.speed)


def gate_names(channel: AbstractGatedChannel) -> tuple[str, ...]:
    """What the gates of a channel are called."""
    # Some ask for an ion's concentration, whatever it is.
    one = jnp.asarray(1.0)
    ions = {name: Ion(one, one, one) for name in ("na", "k", "cl", "ca")}
    return tuple(_by_name(channel.gates(Membrane(-65.0 * one, ions))))


def _by_name(parts: Any) -> dict[str, Any]:
    return dict(parts) if isinstance(parts, dict) else parts._asdict()


def _like(parts: Any, values: dict[str, Any]) -> Any:
    return values if isinstance(parts, dict) else parts._replace(**values)
