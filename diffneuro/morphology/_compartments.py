"""A tree of compartments."""

import dataclasses
import difflib
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import as_parameter, check_ranges, is_concrete
from ._location import Location


def _each(unit: str, *, above: float | None = None, at_least: float | None = None) -> Any:
    """A parameter with one value for each compartment; it has no default."""
    metadata = {"unit": unit, "above": above, "at_least": at_least}
    return eqx.field(converter=as_parameter, metadata=metadata)


def _plain(given: Any) -> tuple[Any, ...]:
    """Any row of values as a tuple, which can be compared."""
    return tuple(np.asarray(given).tolist())


class Compartments(eqx.Module):
    r"""A tree of compartments in an order in which a parent comes before its children.

    $$A = 2\pi r L\,a, \qquad
    R_\text{near} = R_a \frac{L/2}{\pi r^2}\,n, \qquad
    R_\text{far} = R_a \frac{L/2}{\pi r^2}\,f$$

    with the length $L$, the radius $r$ and the factors $a, n, f$, all of which are 1 for a
    cylinder; for a taper they hold what the cylinder of mean radius misses. The near half faces
    the parent. Where a section ends in several children stands a junction: a compartment of
    length 0, so without surface and without resistance, in which the last compartment of the
    parent and the first ones of the children meet.

    The middle of a compartment is where its voltage is. Children that leave from there, as
    those of a soma of one compartment do, are joined to it directly; its `far_factor` is 0,
    since their current does not cross its far half. If the tree also goes on there, that half
    is a junction too: of its length, without surface, with its resistance as the near one. No
    two junctions are neighbours in what `discretise` makes.

    As in NEURON, but that it has a point without surface at the end of every section. Hines and
    Carnevale (1997), doi:10.1162/neco.1997.9.6.1179.
    """

    parents: tuple[int, ...] = eqx.field(static=True, converter=_plain)
    """(n,) index of the parent, -1 for the root"""
    regions: tuple[str, ...] = eqx.field(static=True, converter=_plain)
    """(n,) name of the region; "" for a junction"""
    distances: tuple[float, ...] = eqx.field(static=True, converter=_plain)
    """(n,) um along the tree from the middle of the root to that of the compartment"""
    length: Array = _each("um", at_least=0.0)
    """(n,) 0 for a junction in which several meet"""
    radius: Array = _each("um", above=0.0)
    """(n,) the mean over the length"""
    area_factor: Array = _each("1", at_least=0.0)
    """(n,) the surface over that of the cylinder of mean radius"""
    near_factor: Array = _each("1", at_least=0.0)
    """(n,) the same for the axial resistance of the half that faces the parent"""
    far_factor: Array = _each("1", at_least=0.0)
    """(n,) the same for the other half; 0 where children leave from the middle"""
    spans: tuple[tuple[str, float, float], ...] = eqx.field(static=True, default=())
    """(n,) the section of each compartment, and from which to which fraction of it it goes"""

    def __check_init__(self):
        for number, parent in enumerate(self.parents):
            if not (parent < number and (parent >= 0 or number == 0)):
                raise ValueError(
                    f"compartment {number} has the parent {parent}: list the root first, with "
                    "the parent -1, and each other compartment after its parent."
                )
        for name in ("regions", "distances"):
            if len(getattr(self, name)) != self.count:
                raise ValueError(
                    f"there are {self.count} parents and {len(getattr(self, name))} {name}: "
                    "give one for each compartment."
                )
        if self.spans and len(self.spans) != self.count:
            raise ValueError(
                f"there are {self.count} parents and {len(self.spans)} spans: give one for each "
                "compartment, or none."
            )
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if (
                "unit" in field.metadata
                and is_concrete(value)
                and value.shape[-1:] != (self.count,)
            ):
                raise ValueError(
                    f"there are {self.count} parents and a {field.name} of shape {value.shape}: "
                    "give one for each compartment."
                )
            if "unit" in field.metadata and is_concrete(value) and not np.isfinite(value).all():
                raise ValueError(f"a {field.name} of Compartments is not finite: give numbers.")
        check_ranges(self)
        self._check_surfaces()

    def _check_surfaces(self):
        area = self.area()
        if not is_concrete(area):
            return
        (wrong,) = np.nonzero((np.asarray(area) > 0.0) == self.is_junction())
        if wrong.size:
            has = "a" if self.regions[wrong[0]] == "" else "no"
            raise ValueError(
                f"compartment {wrong[0]} of the region {self.regions[wrong[0]]!r} has {has} "
                "surface: junctions, of the region '', have none, and all others have one."
            )

    @property
    def count(self) -> int:
        """How many compartments there are, junctions included."""
        return len(self.parents)

    def is_junction(self) -> np.ndarray:
        """(n,) whether each is a junction, which has no membrane."""
        return np.array([region == "" for region in self.regions])

    def area(self) -> Array:
        """(n,) the surface (um2)."""
        return 2.0 * jnp.pi * self.radius * self.length * self.area_factor

    def axial_resistance_factors(self) -> tuple[Array, Array]:
        """(n,) and (n,): the axial resistance of the near and the far half over $R_a$ (1/um).

        For a resistivity in Ohm cm, $10^{-5}$ times the product is the resistance in GOhm.
        """
        half = 0.5 * self.length / (jnp.pi * self.radius**2)
        return half * self.near_factor, half * self.far_factor

    def in_region(self, name: str) -> np.ndarray:
        """(n,) whether each compartment is in the region.

        **Raises:** `ValueError` if there is no such region, naming those there are.
        """
        if not name or name not in self.regions:
            known = sorted(set(self.regions) - {""})
            nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or known
            raise ValueError(
                f"no compartment is in a region {name!r}; the nearest names are "
                f"{', '.join(nearest)}."
            )
        return np.array([region == name for region in self.regions])

    def between(self, nearest: float, farthest: float) -> np.ndarray:
        """(n,) whether the middle of each lies between two distances (um) along the tree.

        Both ends count; junctions are never chosen.

        **Raises:** `ValueError` if no compartment does.
        """
        distances = np.array(self.distances)
        chosen = (distances >= nearest) & (distances <= farthest) & ~self.is_junction()
        if not chosen.any():
            there = distances[~self.is_junction()]
            raise ValueError(
                f"no compartment lies between {nearest:g} and {farthest:g} um from the root: "
                f"they lie between {there.min():g} and {there.max():g} um, so choose from there."
            )
        return chosen

    def with_region(self, name: str, chosen: np.ndarray) -> "Compartments":
        """The same tree with the `chosen` (n,) in a region of that name, but for junctions.

        **Raises:** `ValueError` if none is chosen, or there is not one truth for each.
        """
        chosen = np.asarray(chosen, bool)
        if not name or chosen.shape != (self.count,):
            raise ValueError(
                f"the region {name!r} is chosen by an array of shape {chosen.shape}: give a name "
                f"and one truth for each of {self.count} compartments."
            )
        chosen = chosen & ~self.is_junction()
        if not chosen.any():
            raise ValueError(f"no compartment is chosen for the region {name!r}: choose some.")
        pairs = zip(self.regions, chosen, strict=True)
        regions = tuple(name if new else region for region, new in pairs)
        return dataclasses.replace(self, regions=regions)

    def in_section(self, name: str) -> np.ndarray:
        """(n,) whether each compartment is a part of the section.

        **Raises:** `ValueError` if there is no such section, naming some there are.
        """
        sections = [section for section, _, _ in self.spans]
        if name not in sections:
            known = sorted(set(sections) - {""})
            nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or known[:5]
            raise ValueError(
                f"no compartment is in a section {name!r}; the nearest names are "
                f"{', '.join(nearest)}."
            )
        return np.array([section == name for section in sections]) & ~self.is_junction()

    def at(self, location: Location) -> int:
        """The index of the compartment at a location.

        Where two meet it is the one nearer to the root.

        **Raises:** `ValueError` if the section is not of this tree.
        """
        (inside,) = np.nonzero(self.in_section(location.section))
        ends = [self.spans[number][2] for number in inside]
        # The last end may miss 1 by a rounding error.
        return int(inside[min(np.searchsorted(ends, location.fraction), len(inside) - 1)])
