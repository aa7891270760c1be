"""The equations of a cable, compartment by compartment."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractChannel, AbstractCoupledModel, Membrane, Occupancy
from .._tree import inflow, of_children, of_parents, value_at
from ._cable_rest import settled_tree
from ._places import place_of
from ._synaptic_input import injected_current

# mV; where whole cells rest.
_REST_GRID = np.concatenate([[-1000.0, -300.0, -200.0], np.linspace(-150.0, 60.0, 43), [300.0]])


class CableState(NamedTuple):
    """The state of a `Cable`."""

    voltage: Array
    """(n,) mV, of each compartment"""
    channels: dict[str, Any]
    """the state of each channel, by its name in the cable: arrays over the compartments from
    the first to the last that has it"""


class CableEquations(AbstractCoupledModel):
    r"""A `Cable` whose profiles and geometry have become numbers for each compartment.

    $C_i \dot v_i = I_i - \sum_c w_{ci} j_c(v_i) + \sum_j g_{ij} (v_j - v_i)$.
    Rall 1962, doi:10.1111/j.1749-6632.1962.tb54120.x
    """

    channels: dict[str, AbstractChannel]
    """whose arrays have an axis of compartments, over the channel's span"""
    weights: dict[str, Array]
    """(m,) pA for 1 uA/cm2 of a channel, over its span"""
    capacitance: Array
    """(n,) pF"""
    conductance: Array
    """(n,) nS, to the parent"""
    parents: tuple[int, ...] = eqx.field(static=True)
    junctions: tuple[bool, ...] = eqx.field(static=True)
    spans: tuple[tuple[str, tuple[int, int]], ...] = eqx.field(static=True)
    """by a channel's name: the first compartment that has it, and the one after the last"""
    sites: tuple[tuple[str, int], ...] = eqx.field(static=True)

    def initial_state(self, u: Any, /) -> CableState:
        grid = jnp.asarray(_REST_GRID, jnp.result_type(float))
        v = settled_tree(lambda v: self._steady(v, u), self.parents, self.conductance, grid)
        return CableState(v, self._settled(v))

    def vector_field(self, x: CableState, u: Any, /) -> CableState:
        v = self._joined(x.voltage)
        current = self.charging(x, u) + inflow(self.parents, self.conductance, v)
        dv = current / jnp.where(self._is_junction(), 1.0, self.capacitance)
        gates = {
            name: eqx.filter_vmap(_slope)(
                channel, x.channels[name], self._membrane(name, x.voltage)
            )
            for name, channel in self.channels.items()
        }
        return CableState(self._joined(dv), gates)

    def output(self, x: CableState, u: Any, /) -> Array:
        return value_at(x.voltage, self.sites[0][1])

    def voltage(self, x: CableState, /) -> Array:
        return x.voltage

    def links(self) -> tuple[tuple[int, ...], Array]:
        return self.parents, self.conductance

    def capacitances(self) -> Array:
        return self.capacitance

    def charging(self, x: CableState, u: Any, /) -> Array:
        return self._injected(x.voltage, u) - sum(self.outward(x).values())

    def outward(self, x: CableState) -> dict[str, Array]:
        """Each channel's current (n,) in pA, outward positive, by its name."""
        found = {}
        for name, channel in self.channels.items():
            start, stop = dict(self.spans)[name]
            membrane = self._membrane(name, x.voltage)
            part = self.weights[name] * eqx.filter_vmap(_density)(
                channel, x.channels[name], membrane
            )
            found[name] = jnp.pad(part, (start, len(self.parents) - stop))
        return found

    def _membrane(self, name: str, v: Array) -> Membrane:
        start, stop = dict(self.spans)[name]
        return Membrane(v[start:stop])

    def _settled(self, v: Array) -> dict[str, Any]:
        settled = {
            name: eqx.filter_vmap(_rest)(channel, self._membrane(name, v))
            for name, channel in self.channels.items()
        }
        for name, state in settled.items():
            parts = jax.tree.leaves(state, is_leaf=lambda part: isinstance(part, Occupancy))
            if any(isinstance(part, Occupancy) for part in parts):
                raise ValueError(
                    f"channels[{name!r}] of a Cable is a kinetic scheme, which only a Cell can "
                    "have: take a channel with gates."
                )
        return settled

    @eqx.filter_jit
    def _steady(self, v: Array, u: Any) -> Array:
        """What would charge each compartment in the long run at these voltages."""
        return self.charging(CableState(v, self._settled(v)), u)

    def _injected(self, v: Array, u: Any) -> Array:
        inputs: Mapping[str, Any] = u if isinstance(u, dict) else {self.sites[0][0]: u}
        places = np.arange(len(self.parents))
        total = jnp.zeros_like(v)
        for site, one in inputs.items():
            here = jnp.asarray(places == place_of(site, self.sites), v.dtype)
            total = total + here * injected_current(one, v)
        return total

    def _is_junction(self) -> np.ndarray:
        return np.array(self.junctions)

    def _joined(self, v: Array) -> Array:
        """The same where there is membrane, and at junctions what no current charges."""
        if not any(self.junctions):
            return v
        g = self.conductance
        above = g * of_parents(self.parents, v) + of_children(self.parents, g * v)
        below = g + of_children(self.parents, g)
        is_junction = self._is_junction()
        return jnp.where(is_junction, above / jnp.where(is_junction, below, 1.0), v)


def _slope(channel: AbstractChannel, x: Any, u: Membrane) -> Any:
    return channel.vector_field(x, u)


def _density(channel: AbstractChannel, x: Any, u: Membrane) -> Array:
    return channel.output(x, u)


def _rest(channel: AbstractChannel, u: Membrane) -> Any:
    return channel.initial_state(u)
