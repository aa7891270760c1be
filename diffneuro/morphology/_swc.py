"""Reader of SWC files."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._morphology import Morphology, Section
from ._swc_rows import SOMA, Points, read

_REGIONS = {0: "undefined", 1: "soma", 2: "axon", 3: "dendrite", 4: "apical"}


class _Start(NamedTuple):
    """Where a section begins."""

    chain: list[int]
    parent: str | None
    at: float
    before: int | None
    """the point of its parent that it begins with, if so"""


def from_swc(path: str | Path, *, scale: float = 1.0) -> Morphology:
    """The shape in an SWC file.

    Types 1 to 4 are the regions `soma`, `axon`, `dendrite` and `apical`, 0 is `undefined`, any
    other number `type 5` and so on; a section is named after its region, as `dendrite_0`. A
    section ends where the tree branches and where the type changes.

    - A soma of one point is a cylinder as long and as wide as the sphere, which has its
      surface. A soma of three points of which two are the root's children, as NeuroMorpho.Org
      writes them, is one section from one of the two over the root to the other.
    - A neurite leaves from the middle of such a soma, and begins with its own first point: the
      gap between has neither surface nor resistance. If this is its only point it begins at the
      soma's point, with its own radius; if the tree branches there, each branch begins there.
    - Any other soma is the row of frusta between its points; it may branch. A neurite at the
      end of the row begins there, with the radius of its own first point; one elsewhere leaves
      from where its parent point is along the row, and begins with its own first point.

    These are the rules of NEURON's import, but that it moves what leaves a long soma between its
    ends to the middle. MorphIO, whose files `from_morphio` takes, chains up the points of a
    branched soma as if it did not branch, and lets all neurites begin with their own first point.

    **Arguments:** `path`; `scale`, what to multiply all coordinates and radii with for um.

    **Returns:** the shape, the root point's section first.

    **Raises:** `ValueError` for a broken file, naming the line: no points, a line without seven
    numbers, an id that is there twice, a missing parent, a cycle, two roots, a soma behind a
    neurite, a radius that is not positive, or such that these cannot be micrometres.
    """
    if not (scale > 0 and math.isfinite(scale)):
        raise ValueError(f"scale is {scale:g}: make it above 0.")
    points = read(Path(path), scale)
    soma = _soma(points)
    sections = soma or _grow(points, _starts_at_root(points), [])
    if soma:
        sections = _grow(points, _stems(points, soma), soma)
    return Morphology(tuple(sections))


def region_of(kind: int) -> str:
    """The name of the region of an SWC type."""
    return _REGIONS.get(kind, f"type {kind}")


def _onward(points: Points, number: int) -> list[int]:
    """Where a piece goes on: a soma only to the soma."""
    children = points.children[number]
    if points.by_id[number].kind == SOMA:
        return [child for child in children if points.by_id[child].kind == SOMA]
    return children


def _chain(points: Points, first: int) -> list[int]:
    """The points from the first one on until the tree branches or the type changes."""
    chain = [first]
    kind = points.by_id[first].kind
    while True:
        onward = _onward(points, chain[-1])
        if len(onward) != 1 or points.by_id[onward[0]].kind != kind:
            return chain
        chain.append(onward[0])


def _starts_at_root(points: Points) -> list[_Start]:
    """The root's section and, if the root is a branch point, the others there."""
    chain, root = _chain(points, points.root), points.root
    if len(chain) > 1:
        return [_Start(chain, None, 1.0, None)]
    onward = _onward(points, root)
    if not onward:
        raise ValueError(
            f"{points.name} has one point, which is not of the type 1, a soma: give more points."
        )
    name = next_name(region_of(points.by_id[onward[0]].kind), {})
    first = _Start([root, *_chain(points, onward[0])], None, 1.0, None)
    return [first, *(_Start(_chain(points, child), name, 0.0, root) for child in onward[1:])]


def _soma(points: Points) -> list[Section]:
    """The sections of the soma; none if the root is not one."""
    root = points.by_id[points.root]
    if root.kind != SOMA:
        return []
    somatic = [number for number, point in points.by_id.items() if point.kind == SOMA]
    if len(somatic) == 1:
        return [sphere(root.place, root.radius)]
    onward = _onward(points, points.root)
    if len(somatic) == 3 and len(onward) == 2:
        starts = [_Start([onward[0], points.root, onward[1]], None, 1.0, None)]
        return [_section(points, "soma", starts[0])]
    return _grow(points, _starts_at_root(points), [])


def sphere(place: Sequence[float], radius: float) -> Section:
    """A soma with the surface of a sphere: a cylinder along y as long as wide."""
    offsets = radius * np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return Section("soma", "soma", np.asarray(place) + offsets, np.full(3, radius))


def _stems(points: Points, soma: list[Section]) -> list[_Start]:
    """Where the neurites leave the soma."""
    starts = []
    for number, point in points.by_id.items():
        if point.kind != SOMA:
            continue
        for child in points.children[number]:
            if points.by_id[child].kind == SOMA:
                continue
            name, at, before = _leaves(points, soma, number)
            chain, branches = _chain(points, child), points.children[child]
            if len(chain) == 1 and len(branches) > 1:
                # It would have no length, so what grows there begins there.
                starts += [
                    _Start([child, *_chain(points, one)], name, at, before) for one in branches
                ]
            else:
                starts.append(_Start(chain, name, at, before))
    return starts


def _leaves(points: Points, soma: list[Section], number: int) -> tuple[str, float, int | None]:
    """From which section of the soma a neurite leaves, where along it, with which point."""
    somatic = sum(point.kind == SOMA for point in points.by_id.values())
    if somatic == 1 or (somatic == 3 and len(_onward(points, points.root)) == 2):
        return soma[0].name, 0.5, None
    place = points.by_id[number].place
    section = next(one for one in soma if (one.points == place).all(1).any())
    (here,) = np.nonzero((section.points == place).all(1))
    # At an end the soma's last point is its surface, elsewhere it is its axis.
    soma_neighbours = len(_onward(points, number)) + (number != points.root)
    before = number if soma_neighbours == 1 else None
    return section.name, float(section.arc[here[0]] / section.length), before


def _grow(points: Points, starts: list[_Start], sections: list[Section]) -> list[Section]:
    """The sections there are, and those from the starts on."""
    sections, waiting = list(sections), list(reversed(starts))
    numbers: dict[str, int] = {}
    while waiting:
        start = waiting.pop()
        region = region_of(points.by_id[start.chain[-1]].kind)
        name = next_name(region, numbers)
        sections.append(_section(points, name, start))
        end = start.chain[-1]
        waiting.extend(
            _Start(_chain(points, child), name, 1.0, end)
            for child in reversed(_onward(points, end))
        )
    return sections


def next_name(region: str, numbers: dict[str, int]) -> str:
    """The next name in a region: `soma`, `soma_1`, but `dendrite_0`."""
    numbers[region] = numbers.get(region, -1) + 1
    return region if region == "soma" and not numbers[region] else f"{region}_{numbers[region]}"


def _section(points: Points, name: str, start: _Start) -> Section:
    """A section through the points of its chain."""
    own = [points.by_id[number] for number in start.chain]
    places, radii = [point.place for point in own], [point.radius for point in own]
    if start.before is not None:
        before = points.by_id[start.before]
        same = (before.kind == SOMA) == (own[-1].kind == SOMA)
        places, radii = [before.place, *places], [before.radius if same else radii[0], *radii]
    elif len(own) == 1:
        places = [points.by_id[own[0].parent].place, *places]
        radii = [radii[0], *radii]
    try:
        return Section(
            name,
            region_of(own[-1].kind),
            np.array(places),
            np.array(radii),
            start.parent,
            start.at,
        )
    except ValueError as error:
        raise ValueError(f"line {own[-1].line} of {points.name}: {error}") from None
