"""One compartment with any channels in its membrane."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import (
    AbstractChannel,
    AbstractConductanceModel,
    AbstractNoisyModel,
    Membrane,
    Parameter,
    parameter,
)
from .._numerics import lowest_root
from ..ions import AbstractIonPool
from ._synaptic_input import injected_current

# 1 pA over 1 um2 is 100 uA/cm2.
_DENSITY_PER_PA_UM2 = 100.0
# mV; fine where cells rest, and coarse as far as a holding current can pull one.
_REST_GRID = np.concatenate(
    [[-2000.0, -1000.0, -500.0, -300.0, -200.0], np.linspace(-150.0, 60.0, 64), [100.0, 300.0]]
)


# Currents move concentrations, and these the currents: rest is where both have settled.
_REST_ROUNDS = 12


class CellState(NamedTuple):
    """The state of a `Cell`."""

    voltage: Array
    """mV"""
    channels: dict[str, Any]
    """the state of each channel, by its name in the cell"""
    ions: Mapping[str, Any] = {}
    """the state of each ion pool, by its name in the cell"""


class Cell(AbstractConductanceModel, AbstractNoisyModel):
    r"""A compartment: $C\,\dot v = I/A - \sum_c j_c(v)$, with $j_c$ the channels' currents.

    `channels` maps names of your choice to channels: `{"na": SquidSodium(), ...}`. `ions` maps
    names of ions (`na`, `k`, `cl`, `ca`) to pools, whose concentrations the channels' currents
    change and the channels see; the reversal potential of an ion without a pool is the
    channel's own constant. Input is the current injected into the whole cell (pA), output its
    voltage (mV). There is noise where a channel has some.
    """

    channels: dict[str, AbstractChannel]
    capacitance: Parameter = parameter(1.0, "uF/cm2", above=0.0)
    area: Parameter = parameter(1e4, "um2", above=0.0)
    ions: dict[str, AbstractIonPool] = eqx.field(default_factory=dict)

    def __check_init__(self):
        if not isinstance(self.channels, dict) or not self.channels:
            raise ValueError(
                f"channels={self.channels!r} of a Cell must be a non-empty dictionary from "
                "names to channels, such as {'leak': Leak()}."
            )
        if not isinstance(self.ions, dict):
            raise ValueError(
                f"ions={self.ions!r} of a Cell must be a dictionary from names to pools, such "
                "as {'ca': CalciumShell()}."
            )

    def initial_state(self, u: Any, /) -> CellState:
        def net_inward(v):
            channels, _, membrane = self._held(v)
            return self._injected(v, u) - sum(self._currents(channels, membrane).values())

        v = lowest_root(net_inward, jnp.asarray(_REST_GRID, jnp.result_type(float)))
        channels, ions, _ = self._held(v)
        return CellState(v, channels, ions)

    def vector_field(self, x: CellState, u: Any, /) -> CellState:
        membrane = self._membrane(x.voltage, x.ions)
        currents = self._currents(x.channels, membrane)
        inward = self._injected(x.voltage, u)
        dv = (inward - sum(currents.values())) / self.capacitance
        gates = {
            name: channel.vector_field(x.channels[name], membrane)
            for name, channel in self.channels.items()
        }
        carried = self._carried(currents)
        ions = {name: pool.vector_field(x.ions[name], carried[name]) for name, pool in self._pools}
        return CellState(dv, gates, ions)

    def output(self, x: CellState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: CellState, /) -> Array:
        return x.voltage

    def is_noisy(self) -> bool:
        return any(map(_is_noisy, self.channels.values()))

    def normals(self, x: CellState, /) -> dict[str, Any]:
        return {
            name: channel.normals(x.channels[name])
            for name, channel in self.channels.items()
            if _is_noisy(channel)
        }

    def diffusion(self, x: CellState, u: Any, normals: dict[str, Any], /) -> CellState:
        membrane = self._membrane(x.voltage, x.ions)
        silent = jax.tree.map(lambda _: 0.0, x)
        noise = {
            name: channel.diffusion(x.channels[name], membrane, normals[name])
            for name, channel in self.channels.items()
            if _is_noisy(channel)
        }
        return silent._replace(channels={**silent.channels, **noise})

    def currents(self, x: CellState, u: Any, /) -> dict[str, Array]:
        """Each channel's current density (uA/cm2, outward positive), by its name."""
        return self._currents(x.channels, self._membrane(x.voltage, x.ions))

    @property
    def _pools(self) -> list[tuple[str, AbstractIonPool]]:
        return list(self.ions.items())

    def _membrane(self, v: Array, ions: Mapping[str, Any]) -> Membrane:
        return Membrane(v, {name: pool.ion(ions[name]) for name, pool in self._pools})

    def _currents(self, states: Mapping[str, Any], membrane: Membrane) -> dict[str, Array]:
        return {
            name: channel.output(states[name], membrane) for name, channel in self.channels.items()
        }

    def _carried(self, currents: Mapping[str, Array]) -> dict[str, Any]:
        """The current density that each ion with a pool carries out of the cell."""
        total: dict[str, Any] = dict.fromkeys(self.ions, 0.0)
        for name, channel in self.channels.items():
            for ion, share in channel.carried().items():
                if ion in total:
                    total[ion] = total[ion] + share * currents[name]
        return total

    def _injected(self, v, u):
        return _DENSITY_PER_PA_UM2 * injected_current(u, v) / self.area

    def _held(self, v: Array) -> tuple[dict[str, Any], dict[str, Any], Membrane]:
        """Channels, ions and membrane as they settle while the voltage is held at `v`."""
        ions = {name: pool.initial_state(jnp.zeros_like(v)) for name, pool in self._pools}

        def settle(_, ions):
            membrane = self._membrane(v, ions)
            carried = self._carried(self._currents(self._rest(membrane), membrane))
            return {name: pool.initial_state(carried[name]) for name, pool in self._pools}

        if self.ions:
            ions = jax.lax.fori_loop(0, _REST_ROUNDS, settle, ions)
        membrane = self._membrane(v, ions)
        return self._rest(membrane), ions, membrane

    def _rest(self, membrane: Membrane) -> dict[str, Any]:
        return {name: channel.initial_state(membrane) for name, channel in self.channels.items()}


def _is_noisy(channel: Any) -> TypeGuard[AbstractNoisyModel]:
    return isinstance(channel, AbstractNoisyModel) and channel.is_noisy()
