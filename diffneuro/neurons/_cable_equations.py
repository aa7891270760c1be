"""The equations of a cable, compartment by compartment."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import (
    AbstractChannel,
    AbstractCoupledModel,
    AbstractModel,
    AbstractNoisyModel,
    Ion,
    Membrane,
    has_noise,
)
from .._numerics import root_above_zero
from .._tree import inflow, of_children, of_parents, value_at
from ..ions import AbstractIonPool
from ._cable_pools import nearer, settled_pools
from ._cable_rest import settled_tree
from ._places import place_of
from ._synaptic_input import carried_by_receptors, injected_current

# mV; where whole cells rest.
_REST_GRID = np.concatenate([[-1000.0, -300.0, -200.0], np.linspace(-150.0, 60.0, 43), [300.0]])


class CableState(NamedTuple):
    """The state of a `Cable`."""

    voltage: Array
    """(n,) mV, of each compartment"""
    channels: dict[str, Any]
    """the state of each channel, by its name in the cable: arrays over the compartments from
    the first to the last that has it"""
    ions: Mapping[str, Any] = {}
    """the state of each ion pool, by its name in the cable: arrays over all compartments"""


class CableEquations(AbstractCoupledModel, AbstractNoisyModel):
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
    surface: Array
    """(n,) pA for 1 uA/cm2 through all of a compartment's membrane; 1 where it has none"""
    ions: dict[str, AbstractIonPool]
    """whose arrays have an axis of compartments"""
    parents: tuple[int, ...] = eqx.field(static=True)
    junctions: tuple[bool, ...] = eqx.field(static=True)
    spans: tuple[tuple[str, tuple[int, int]], ...] = eqx.field(static=True)
    """by a channel's name: the first compartment that has it, and the one after the last"""
    sites: tuple[tuple[str, int], ...] = eqx.field(static=True)

    def initial_state(self, u: Any, /) -> CableState:
        grid = jnp.asarray(_REST_GRID, jnp.result_type(float))
        v = settled_tree(lambda v: self._steady(v, u), self.parents, self.conductance, grid)
        return self._settled(v, self._flow(v, u))

    def vector_field(self, x: CableState, u: Any, /) -> CableState:
        v = self._joined(x.voltage)
        ions = self._kept(x)
        outward = self._outward(x, ions)
        charging = self._injected(x.voltage, u, ions) - sum(outward.values())
        current = charging + inflow(self.parents, self.conductance, v)
        dv = current / jnp.where(self._is_junction(), 1.0, self.capacitance)
        gates = {
            name: eqx.filter_vmap(_slope)(
                channel, x.channels[name], self._membrane(name, x.voltage, ions)
            )
            for name, channel in self.channels.items()
        }
        carried = self._carried(outward, x.voltage, ions, u)
        rates = {
            name: eqx.filter_vmap(_slope)(pool, x.ions[name], carried[name])
            for name, pool in self.ions.items()
        }
        return CableState(self._joined(dv), gates, rates)

    def output(self, x: CableState, u: Any, /) -> Array:
        return value_at(x.voltage, self.sites[0][1])

    def voltage(self, x: CableState, /) -> Array:
        return x.voltage

    def links(self) -> tuple[tuple[int, ...], Array]:
        return self.parents, self.conductance

    def capacitances(self) -> Array:
        return self.capacitance

    def charging(self, x: CableState, u: Any, /) -> Array:
        ions = self._kept(x)
        return self._injected(x.voltage, u, ions) - sum(self._outward(x, ions).values())

    def concentrations(self, x: CableState, /) -> list[Array]:
        return jax.tree.leaves(x.ions)

    def is_noisy(self) -> bool:
        return any(map(has_noise, self.channels.values()))

    def normals(self, x: CableState, /) -> dict[str, Any]:
        return {
            name: eqx.filter_vmap(lambda channel, x: channel.normals(x))(channel, x.channels[name])
            for name, channel in self.channels.items()
            if has_noise(channel)
        }

    def diffusion(self, x: CableState, u: Any, normals: dict[str, Any], /) -> CableState:
        ions = self._kept(x)
        silent = jax.tree.map(lambda _: 0.0, x)
        noise = {}
        for name, channel in self.channels.items():
            if has_noise(channel):
                weight = self.weights[name]
                has = weight > 0.0
                # The fewer channels are in a compartment, the noisier it is.
                fewer = jnp.where(has, jnp.sum(weight) / jnp.where(has, weight, 1.0), 0.0)
                noise[name] = eqx.filter_vmap(_noise)(
                    channel,
                    x.channels[name],
                    self._membrane(name, x.voltage, ions),
                    normals[name],
                    root_above_zero(fewer),
                )
        return silent._replace(channels={**silent.channels, **noise})

    def outward(self, x: CableState) -> dict[str, Array]:
        """Each channel's current (n,) in pA, outward positive, by its name."""
        return self._outward(x, self._kept(x))

    def _outward(self, x: CableState, ions: Mapping[str, Ion]) -> dict[str, Array]:
        found = {}
        for name, channel in self.channels.items():
            start, stop = dict(self.spans)[name]
            membrane = self._membrane(name, x.voltage, ions)
            part = self.weights[name] * eqx.filter_vmap(_density)(
                channel, x.channels[name], membrane
            )
            found[name] = jnp.pad(part, (start, len(self.parents) - stop))
        return found

    def _kept(self, x: CableState) -> dict[str, Ion]:
        """The concentrations (n,) of each ion with a pool."""
        return {
            name: eqx.filter_vmap(lambda pool, x: pool.ion(x))(pool, x.ions[name])
            for name, pool in self.ions.items()
        }

    def _carried(
        self, outward: Mapping[str, Array], v: Array, ions: Mapping[str, Ion], u: Any
    ) -> dict[str, Array]:
        """The current density (n,) that each ion with a pool carries out of a compartment."""
        total = {name: jnp.zeros_like(v) for name in self.ions}
        if not total:
            return total
        flows = [(outward[name], made.carried()) for name, made in self.channels.items()]
        for here, one in self._inputs(v, u):
            for current, shares in carried_by_receptors(one, Membrane(v, ions)):
                flows.append((here * current, shares))
        for current, shares in flows:
            for ion, share in shares.items():
                if ion in total:
                    total[ion] = total[ion] + share * (current / self.surface)
        return total

    def _membrane(self, name: str, v: Array, ions: Mapping[str, Ion]) -> Membrane:
        start, stop = dict(self.spans)[name]
        return jax.tree.map(lambda part: part[start:stop], Membrane(v, ions))

    def _settled(self, v: Array, flow: Array) -> CableState:
        """The state settled at voltages and current densities (n, pools) of the ions."""
        pools = {
            name: eqx.filter_vmap(_rest)(pool, flow[:, number])
            for number, (name, pool) in enumerate(self.ions.items())
        }
        ions = self._kept(CableState(v, {}, pools))
        channels = {
            name: eqx.filter_vmap(_rest)(channel, self._membrane(name, v, ions))
            for name, channel in self.channels.items()
        }
        return CableState(v, channels, pools)

    def _unbalanced(self, flow: Array, v: Array, u: Any) -> Array:
        """How much more each ion carries, once settled under that flow, than it (n, pools)."""
        x = self._settled(v, flow)
        ions = self._kept(x)
        carried = self._carried(self._outward(x, ions), v, ions, u)
        return jnp.stack([carried[name] for name in self.ions], axis=-1) - flow

    def _nearly(self, v: Array, u: Any) -> Array:
        """What the ions would carry if channels did not see what they do (n, pools)."""
        nothing = jnp.zeros((len(v), len(self.ions)), v.dtype)
        if not self.ions:
            return nothing
        return nearer(self.ions, nothing, self._unbalanced(nothing, v, u))

    def _flow(self, v: Array, u: Any) -> Array:
        """What the ions carry in the long run at these voltages (n, pools)."""
        begun = self._nearly(v, u)
        if not self.ions:
            return begun
        return settled_pools(self.ions, lambda flow: self._unbalanced(flow, v, u), begun)

    @eqx.filter_jit
    def _steady(self, v: Array, u: Any) -> Array:
        """What would charge each compartment in the long run at these voltages."""
        return self.charging(self._settled(v, self._flow(v, u)), u)

    def _inputs(self, v: Array, u: Any) -> list[tuple[Array, Any]]:
        """Where there is an input (n,), 1 or 0, and which."""
        inputs: Mapping[str, Any] = u if isinstance(u, dict) else {self.sites[0][0]: u}
        places = np.arange(len(self.parents))
        return [
            (jnp.asarray(places == place_of(site, self.sites), v.dtype), one)
            for site, one in inputs.items()
        ]

    def _injected(self, v: Array, u: Any, ions: Mapping[str, Ion]) -> Array:
        total = jnp.zeros_like(v)
        for here, one in self._inputs(v, u):
            total = total + here * injected_current(one, v, ions)
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


def _slope(model: AbstractModel, x: Any, u: Any) -> Any:
    return model.vector_field(x, u)


def _density(channel: AbstractChannel, x: Any, u: Membrane) -> Array:
    return channel.output(x, u)


def _rest(model: AbstractModel, u: Any) -> Any:
    return model.initial_state(u)


def _noise(channel: AbstractNoisyModel, x: Any, u: Membrane, normals: Any, size: Array) -> Any:
    return jax.tree.map(lambda part: size * part, channel.diffusion(x, u, normals))
