"""The shape of a neuron."""

import dataclasses
import difflib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, eq=False)
class Section:
    """An unbranched piece of a neuron: a row of frusta between points.

    **Arguments:** `name`; `region`, such as `soma`, `axon`, `dendrite`, `apical`; `points`
    (k, 3), um; `radii` (k,), um; `parent`, the name of the section it leaves from, None for the
    root; `at`, from which fraction of the parent's length. The first point need not lie on the
    parent: what is between has neither surface nor resistance.

    **Raises:** `ValueError` for fewer than two points, no length, a radius that is not
    positive, or an `at` off the parent.
    """

    name: str
    region: str
    points: NDArray
    radii: NDArray
    parent: str | None = None
    at: float = 1.0

    def __post_init__(self):
        # The dataclass is frozen, so that what was checked stays so.
        object.__setattr__(self, "points", np.array(self.points, float))
        object.__setattr__(self, "radii", np.array(self.radii, float))
        if not self.name or not self.region:
            raise ValueError(
                f"a section has the name {self.name!r} and the region {self.region!r}: "
                "neither may be empty."
            )
        count = len(self.points)
        if self.points.shape != (count, 3) or self.radii.shape != (count,) or count < 2:
            raise ValueError(
                f"section {self.name!r} has points of shape {self.points.shape} and radii of "
                f"shape {self.radii.shape}: give two points or more, (k, 3), and as many radii."
            )
        if not (np.isfinite(self.points).all() and np.isfinite(self.radii).all()):
            raise ValueError(
                f"section {self.name!r} has a point or a radius that is not finite: give numbers."
            )
        if (self.radii <= 0).any():
            raise ValueError(
                f"section {self.name!r} has a radius of {self.radii.min():g} um: make each above 0."
            )
        if not self.length > 0:
            raise ValueError(
                f"section {self.name!r} has no length, all its points are in one place: leave it "
                "out."
            )
        if not 0.0 <= self.at <= 1.0:
            raise ValueError(
                f"section {self.name!r} leaves its parent at {self.at:g} of the length, which is "
                "off the tree: give a fraction from 0 to 1."
            )

    @property
    def arc(self) -> NDArray:
        """(k,) um along the section from its start to each point."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def length(self) -> float:
        """Um from end to end."""
        return float(self.arc[-1])


@dataclasses.dataclass(frozen=True, eq=False)
class Morphology:
    """The shape of a neuron: a tree of sections.

    **Arguments:** `sections`, the root first and each other one after its parent.

    **Raises:** `ValueError` for no section, two roots, two sections of one name, or a parent
    that is missing or comes too late.
    """

    sections: tuple[Section, ...]

    def __post_init__(self):
        object.__setattr__(self, "sections", tuple(self.sections))
        if not self.sections:
            raise ValueError("a morphology has no sections: give at least one.")
        seen: set[str] = set()
        for section in self.sections:
            if section.name in seen:
                raise ValueError(
                    f"two sections have the name {section.name!r}: give each a name of its own."
                )
            if (section.parent is None) == bool(seen):
                raise ValueError(
                    f"section {section.name!r} has the parent {section.parent!r}: the first "
                    "section is the root, with None, and each other needs a parent."
                )
            if section.parent is not None and section.parent not in seen:
                raise ValueError(
                    f"section {section.name!r} has the parent {section.parent!r}, which does not "
                    "come before it: list each section after its parent."
                )
            seen.add(section.name)

    @property
    def root(self) -> Section:
        """The section all others come from."""
        return self.sections[0]

    def section(self, name: str) -> Section:
        """The section of that name.

        **Raises:** `ValueError` if there is none, naming the nearest.
        """
        for section in self.sections:
            if section.name == name:
                return section
        known = [section.name for section in self.sections]
        nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or known[:5]
        raise ValueError(
            f"there is no section {name!r}; the nearest names are {', '.join(nearest)}."
        )

    def children(self, name: str) -> tuple[Section, ...]:
        """The sections that leave from the section of that name."""
        return tuple(section for section in self.sections if section.parent == name)

    def in_region(self, region: str) -> tuple[Section, ...]:
        """The sections of a region.

        **Raises:** `ValueError` if there is none, naming the regions there are.
        """
        chosen = tuple(section for section in self.sections if section.region == region)
        if not chosen:
            known = sorted({section.region for section in self.sections})
            raise ValueError(
                f"no section is in a region {region!r}; the regions are {', '.join(known)}."
            )
        return chosen

    def with_region(self, region: str, names: Iterable[str]) -> "Morphology":
        """The same shape with the named sections in a region of that name.

        **Raises:** `ValueError` for a name of no section, or no names.
        """
        chosen = {self.section(name).name for name in names}
        if not chosen:
            raise ValueError(f"no sections are named for the region {region!r}: name some.")
        return Morphology(
            tuple(
                dataclasses.replace(section, region=region) if section.name in chosen else section
                for section in self.sections
            )
        )
