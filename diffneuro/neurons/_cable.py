"""A neuron with a shape and channels in its membrane."""

from typing import Any, TypeVar

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
    Parameter,
    has_noise,
    is_concrete,
    parameter,
)
from .._tree import of_parents, value_at
from ..ions import AbstractIonPool
from ..morphology import Compartments
from ._cable_equations import CableEquations, CableState
from ._places import check_names, check_place, hashable, index_of, place_of, span
from ._pools import check_pools, in_order
from ._profile import AbstractProfile, check_profiles

# 1 uA/cm2 over 1 um2 is 0.01 pA, and 1 uF/cm2 over it 0.01 pF.
_PER_UM2 = 0.01
# 1 Ohm cm over 1 um is 1e-5 GOhm.
_GOHM_UM = 1e-5
_Model = TypeVar("_Model", bound=AbstractModel)
_GEOMETRY = ("capacitance", "axial_resistivity", "radius", "length")


class Cable(AbstractCoupledModel, AbstractNoisyModel):
    r"""A tree of compartments with any channels in its membrane.

    $$C_i \dot v_i = I_i - A_i \sum_c s_{ci}\, j_c(v_i) + \sum_j g_{ij} (v_j - v_i)$$

    $C_i = A_i c_m$ and $1/g_{ij} = R_a (\rho_i + \rho_j)$ with the surfaces $A_i$ and the
    axial resistances' geometry $\rho$ of the `Compartments`; $j_c$ are the channels' current
    densities, $s_{ci}$ how much of a channel there is.

    `channels` maps names of your choice to channels, each of which is in all of the membrane
    unless `where` names its regions: a name, several, or a mask (n,). `profiles` maps names of
    channels, or `capacitance`, `axial_resistivity`, `radius` and `length`, to a factor along
    the tree, such as `ExponentialProfile`. `sites` maps names of your choice to places: a
    `Location` or the number of a compartment.

    `ions` maps names of ions (`na`, `k`, `cl`, `ca`) to pools, as in a `Cell`: every compartment
    has one of its own, which the channels there fill, empty and see. Nothing diffuses along
    the tree. There is noise where a channel has some; the `count` of a `ChannelNoise` is of
    all the cable, and compartments have as much of it as they have of the conductance.

    Input is the current injected at the first site (pA), a `SynapticInput` there, or a
    dictionary of these by the names of sites; output is the voltage (mV) at the first site.
    Rall 1962, doi:10.1111/j.1749-6632.1962.tb54120.x
    """

    compartments: Compartments = eqx.field(metadata={"listed": False})
    channels: dict[str, AbstractChannel]
    where: Any = eqx.field(default=(), converter=hashable, static=True)
    profiles: dict[str, AbstractProfile] = eqx.field(default_factory=dict)
    capacitance: Parameter = parameter(1.0, "uF/cm2", above=0.0)
    axial_resistivity: Parameter = parameter(100.0, "Ohm cm", above=0.0)
    sites: Any = eqx.field(default=(("root", 0),), converter=hashable, static=True)
    ions: dict[str, AbstractIonPool] = eqx.field(default_factory=dict, converter=in_order)

    def __check_init__(self):
        if not isinstance(self.compartments, Compartments):
            raise ValueError(
                f"compartments of a Cable is a {type(self.compartments).__name__}: give what "
                "morphology.discretise makes."
            )
        _check_channels(self.channels)
        check_pools(self.ions, "Cable")
        regions = self.compartments.regions
        check_names("where", self.where, "{'na': 'soma'}")
        check_names("sites", self.sites or (), "{'soma': 0}")
        check_profiles(self.profiles, (*_GEOMETRY, *self.channels), regions)
        for name, _ in self.where:
            if name not in self.channels:
                raise ValueError(
                    f"where of a Cable names {name!r}, but its channels are "
                    f"{', '.join(self.channels)}: name one of them."
                )
            span(dict(self.where)[name], self.compartments, name)
        if not self.sites:
            raise ValueError(
                "sites of a Cable is empty: name at least the place of the electrode, as in "
                "{'soma': 0}."
            )
        for name, place in self.sites:
            check_place(name, place, self.compartments)
        _check_links(self.compartments)
        for name in _GEOMETRY:
            _check_factor(name, self._factor(name), self.compartments)

    def initial_state(self, u: Any, /) -> CableState:
        return self.prepared().initial_state(u)

    def vector_field(self, x: CableState, u: Any, /) -> CableState:
        return self.prepared().vector_field(x, u)

    def output(self, x: CableState, u: Any, /) -> Array:
        return self.voltage_at(x, self.sites[0][0])

    def voltage(self, x: CableState, /) -> Array:
        return x.voltage

    def concentrations(self, x: CableState, /) -> list[Array]:
        return jax.tree.leaves(x.ions)

    def is_noisy(self) -> bool:
        return any(map(has_noise, self.channels.values()))

    def normals(self, x: CableState, /) -> dict[str, Any]:
        return self.prepared().normals(x)

    def diffusion(self, x: CableState, u: Any, normals: dict[str, Any], /) -> CableState:
        return self.prepared().diffusion(x, u, normals)

    def links(self) -> tuple[tuple[int, ...], Array]:
        near, far = self._shape().axial_resistance_factors()
        resistivity = _GOHM_UM * self.axial_resistivity * self._factor("axial_resistivity")
        near, far = resistivity * near, resistivity * far
        parents = self.compartments.parents
        is_root = np.arange(len(parents)) == 0
        resistance = jnp.where(is_root, 1.0, near + of_parents(parents, far))
        return parents, jnp.where(is_root, 0.0, 1.0 / resistance)

    def capacitances(self) -> Array:
        density = self.capacitance * self._factor("capacitance")
        return _PER_UM2 * density * self._shape().area()

    def charging(self, x: CableState, u: Any, /) -> Array:
        return self.prepared().charging(x, u)

    def prepared(self) -> CableEquations:
        parents, conductance = self.links()
        compartments = self.compartments
        area = _PER_UM2 * self._shape().area()
        spans, weights, spread = [], {}, {}
        for name, channel in self.channels.items():
            start, stop, mask = span(dict(self.where).get(name), compartments, name)
            spans.append((name, (start, stop)))
            weights[name] = (area * self._factor(name))[start:stop] * jnp.asarray(mask, area.dtype)
            spread[name] = _spread(channel, stop - start)
        return CableEquations(
            channels=spread,
            weights=weights,
            capacitance=self.capacitances(),
            conductance=conductance,
            surface=jnp.where(area > 0.0, area, 1.0),
            ions={name: _spread(pool, compartments.count) for name, pool in self.ions.items()},
            parents=parents,
            junctions=tuple(compartments.is_junction().tolist()),
            spans=tuple(spans),
            sites=self._numbered_sites(),
        )

    def currents(self, x: CableState) -> dict[str, Array]:
        """Each channel's current (n,) in pA, outward positive, by its name."""
        return self.prepared().outward(x)

    def voltage_at(self, x: CableState, site: str) -> Array:
        """The voltage (mV) at a site, from a state; for `record`.

        **Raises:** `ValueError` if there is no such site, naming those there are.
        """
        return value_at(x.voltage, place_of(site, self._numbered_sites()))

    def _numbered_sites(self) -> tuple[tuple[str, int], ...]:
        return tuple((name, index_of(place, self.compartments)) for name, place in self.sites)

    def _factor(self, name: str) -> Any:
        profile = self.profiles.get(name)
        if profile is None:
            return 1.0
        return profile.factor(np.array(self.compartments.distances), self.compartments.regions)

    def _shape(self) -> Compartments:
        """The compartments at the size that their profiles make them."""
        if "radius" not in self.profiles and "length" not in self.profiles:
            return self.compartments
        sizes = (
            self._factor("radius") * self.compartments.radius,
            self._factor("length") * self.compartments.length,
        )
        return eqx.tree_at(lambda c: (c.radius, c.length), self.compartments, sizes)


def _spread(channel: _Model, count: int) -> _Model:
    """So many channels or pools in one.

    The derivatives by their parameters are then summed once, not in each step of a run, where
    sums, unlike all else, are taken one number after the other.
    """
    arrays, others = eqx.partition(channel, eqx.is_array)
    many = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (count, *leaf.shape)), arrays)
    return eqx.combine(many, others)


def _check_channels(channels: Any) -> None:
    if not isinstance(channels, dict) or not channels:
        raise ValueError(
            f"channels={channels!r} of a Cable must be a non-empty dictionary from names to "
            "channels, such as {'leak': Leak()}."
        )
    for name, channel in channels.items():
        if not isinstance(channel, AbstractChannel):
            raise ValueError(
                f"channels[{name!r}] of a Cable is a {type(channel).__name__}: give a channel, "
                "such as channels.Leak()."
            )
        if not isinstance(name, str):
            raise ValueError(f"a channel of a Cable is called {name!r}: give it a text for a name.")
        if name in _GEOMETRY:
            raise ValueError(f"a channel of a Cable is called {name!r}: give it another name.")


def _check_factor(name: str, factor: Any, compartments: Compartments) -> None:
    if not is_concrete(factor) or (np.asarray(factor) > 0.0).all():
        return
    (bad,) = np.nonzero(~(np.asarray(factor) > 0.0))
    distance = compartments.distances[bad[0]]
    raise ValueError(
        f"profiles[{name!r}] of a Cable is {factor[bad[0]]:g} at {distance:g} um from the root: "
        "give one that is above 0 everywhere."
    )


def _check_links(compartments: Compartments) -> None:
    near, far = compartments.axial_resistance_factors()
    if not (is_concrete(near) and is_concrete(far)):
        return
    parents = np.array(compartments.parents)
    paths = np.asarray(near) + np.asarray(far)[parents]
    (short,) = np.nonzero((paths <= 0.0) & (parents >= 0))
    if short.size:
        raise ValueError(
            f"between compartment {short[0]} and its parent {parents[short[0]]} there is no axial "
            "resistance: make one of them of it, or give it a length."
        )
