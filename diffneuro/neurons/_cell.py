"""One compartment with any channels in its membrane."""

from collections.abc import Mapping
from typing import Any, NamedTuple

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
    has_noise,
    parameter,
)
from .._numerics import implicit_root, lowest_root
from ..ions import AbstractIonPool
from ._pools import check_pools, in_order
from ._settled_ions import moved, settled, states_under
from ._signal_input import split_signals
from ._synaptic_input import carried_by_receptors, injected_current

# 1 pA over 1 um2 is 100 uA/cm2.
_DENSITY_PER_PA_UM2 = 100.0
# mV; fine where cells rest, and coarse as far as a holding current can pull one.
_REST_GRID = np.concatenate(
    [[-2000.0, -1000.0, -500.0, -300.0, -200.0], np.linspace(-150.0, 60.0, 64), [100.0, 300.0]]
)


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
    channel's own constant. Input is the current injected into the whole cell (pA), with a
    `SignalInput` also what opens its ligand- and force-gated channels; output is its voltage
    (mV). There is noise where a channel has some.
    """

    channels: dict[str, AbstractChannel]
    capacitance: Parameter = parameter(1.0, "uF/cm2", above=0.0)
    area: Parameter = parameter(1e4, "um2", above=0.0)
    # In JAX's order, because the pools are numbered inside compiled functions and outside.
    ions: dict[str, AbstractIonPool] = eqx.field(default_factory=dict, converter=in_order)

    def __check_init__(self):
        if not isinstance(self.channels, dict) or not self.channels:
            raise ValueError(
                f"channels={self.channels!r} of a Cell must be a non-empty dictionary from "
                "names to channels, such as {'leak': Leak()}."
            )
        for name, channel in self.channels.items():
            if not isinstance(channel, AbstractChannel):
                raise ValueError(
                    f"channels[{name!r}] of a Cell is a {type(channel).__name__}: give a channel, "
                    "such as channels.Leak()."
                )
        check_pools(self.ions, "Cell")

    def initial_state(self, u: Any, /) -> CellState:
        grid = jnp.asarray(_REST_GRID, jnp.result_type(float))
        if not self.ions:
            return self.held(lowest_root(lambda v: self._balance(v[None], u)[0], grid), u)
        # Voltage and ions are one root, of which the search is not derived. It begins where the
        # voltage would rest if the ions did not see what they do.
        still, calm = _stopped((self, u))
        v = lowest_root(lambda v: still._balance(still._nearly(v, calm), calm)[0], grid)
        begun = still._nearly(v, calm)
        found = settled(still.ions, lambda z: still._balance(z, calm), begun, 1)
        return self._state_at(implicit_root(lambda z: self._balance(z, u), found), u)

    def vector_field(self, x: CellState, u: Any, /) -> CellState:
        membrane = self.membrane(x, u)
        currents = self._currents(x.channels, membrane)
        inward = self._injected(membrane, u)
        dv = (inward - sum(currents.values())) / self.capacitance
        gates = {
            name: channel.vector_field(x.channels[name], membrane)
            for name, channel in self.channels.items()
        }
        carried = self._carried(currents, membrane, u)
        ions = {name: pool.vector_field(x.ions[name], carried[name]) for name, pool in self._pools}
        return CellState(dv, gates, ions)

    def output(self, x: CellState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: CellState, /) -> Array:
        return x.voltage

    def concentrations(self, x: CellState, /) -> list[Array]:
        return jax.tree.leaves(x.ions)

    def is_noisy(self) -> bool:
        return any(map(has_noise, self.channels.values()))

    def normals(self, x: CellState, /) -> dict[str, Any]:
        return {
            name: channel.normals(x.channels[name])
            for name, channel in self.channels.items()
            if has_noise(channel)
        }

    def diffusion(self, x: CellState, u: Any, normals: dict[str, Any], /) -> CellState:
        membrane = self.membrane(x, u)
        silent = jax.tree.map(lambda _: 0.0, x)
        noise = {
            name: channel.diffusion(x.channels[name], membrane, normals[name])
            for name, channel in self.channels.items()
            if has_noise(channel)
        }
        return silent._replace(channels={**silent.channels, **noise})

    def currents(self, x: CellState, u: Any, /) -> dict[str, Array]:
        """Each channel's current density (uA/cm2, outward positive), by its name."""
        return self._currents(x.channels, self.membrane(x, u))

    def membrane(self, x: CellState, u: Any = 0.0, /) -> Membrane:
        """What the cell's channels and receptors sit in."""
        return self._membrane(x.voltage, x.ions, u)

    def held(self, v: Array, u: Any = 0.0, /) -> CellState:
        """Where everything settles under the signals of `u` while the voltage is `v` (mV)."""
        if not self.ions:
            return self._state_at(v[None], u)
        still, calm, there = _stopped((self, u, v))
        begun = still._nearly(there, calm)[1:]
        found = settled(
            still.ions, lambda flow: still._balance(jnp.append(there, flow), calm)[1:], begun, 0
        )
        flow = implicit_root(lambda flow: self._balance(jnp.append(v, flow), u)[1:], found)
        return self._state_at(jnp.append(v, flow), u)

    @property
    def _pools(self) -> list[tuple[str, AbstractIonPool]]:
        return list(self.ions.items())

    def _membrane(self, v: Array, ions: Mapping[str, Any], u: Any) -> Membrane:
        _, signals = split_signals(u)
        return Membrane(v, {name: pool.ion(ions[name]) for name, pool in self._pools}, signals)

    def _currents(self, states: Mapping[str, Any], membrane: Membrane) -> dict[str, Array]:
        return {
            name: channel.output(states[name], membrane) for name, channel in self.channels.items()
        }

    def _carried(self, currents: Mapping[str, Array], membrane: Membrane, u: Any) -> dict[str, Any]:
        """The current density that each ion with a pool carries out of the cell."""
        total: dict[str, Any] = dict.fromkeys(self.ions, 0.0)
        if not total:
            return total
        flows = [(currents[name], made.carried()) for name, made in self.channels.items()]
        for outward, shares in carried_by_receptors(split_signals(u)[0], membrane):
            flows.append((_DENSITY_PER_PA_UM2 * outward / self.area, shares))
        for outward, shares in flows:
            for ion, share in shares.items():
                if ion in total:
                    total[ion] = total[ion] + share * outward
        return total

    def _injected(self, membrane: Membrane, u: Any) -> Any:
        current, _ = split_signals(u)
        inward = injected_current(current, membrane.voltage, membrane.ions)
        return _DENSITY_PER_PA_UM2 * inward / self.area

    def _nearly(self, v: Array, u: Any) -> Array:
        """A voltage, and the current densities of ions that know no current yet."""
        root = jnp.append(v, jnp.zeros((len(self.ions),), v.dtype))
        # A pump takes out more from a resting pool than there would be left.
        return moved(self.ions, root, self._balance(root, u).at[0].set(0.0), 1)

    def _state_at(self, root: Array, u: Any) -> CellState:
        """The state settled at a voltage and current densities of the ions with pools."""
        ions = states_under(self.ions, root[1:])
        return CellState(root[0], self._rest(self._membrane(root[0], ions, u)), ions)

    @eqx.filter_jit
    def _balance(self, root: Array, u: Any) -> Array:
        """What is not yet settled there: the net inward current, and each ion's."""
        x = self._state_at(root, u)
        membrane = self.membrane(x, u)
        currents = self._currents(x.channels, membrane)
        inward = self._injected(membrane, u) - sum(currents.values())
        carried = self._carried(currents, membrane, u)
        left = [carried[name] - root[1 + i] for i, name in enumerate(self.ions)]
        return jnp.stack([inward, *left])

    def _rest(self, membrane: Membrane) -> dict[str, Any]:
        return {name: channel.initial_state(membrane) for name, channel in self.channels.items()}


def _stopped(tree: Any) -> Any:
    """The same, of which nothing is differentiated."""
    return jax.tree.map(
        lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf, tree
    )
