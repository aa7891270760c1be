"""Shapes in NeuroML documents."""

import dataclasses
import difflib
import os
from collections.abc import Mapping
from xml.etree.ElementTree import Element

import numpy as np

from .._xml import quantity, read_xml
from ._morphology import Morphology, Section
from ._swc import next_name, sphere

UNBRANCHED = "sao864921383"
"""what NeuroLex calls a group of segments that is one section"""
REGIONS = {
    "dendrite_group": "dendrite",
    "basal_dendrite_group": "dendrite",
    "basal_group": "dendrite",
    "apical_dendrite_group": "apical",
    "apical_group": "apical",
    "axon_group": "axon",
    "soma_group": "soma",
}
_REST = "dendrite"


@dataclasses.dataclass
class _Segment:
    number: int
    parent: int | None
    fraction: float
    start: np.ndarray
    """(4,) um: x, y, z and radius"""
    end: np.ndarray
    own_start: bool
    region: str = _REST
    group: str = ""


def from_neuroml(
    path: str | os.PathLike,
    *,
    cell: str | None = None,
    regions: Mapping[str, str] | None = None,
) -> Morphology:
    """The shape of a cell in a NeuroML 2 document.

    Segments that follow each other without a branch are one section, as far as they are in the
    same groups that are marked as unbranched (`neuroLexId="sao864921383"`), whose names sections
    then have. A root that is a point is a sphere: a cylinder as long as wide.

    **Arguments:** `path`; `cell`, the id of the cell or morphology, needed where there are several;
    `regions`, from ids of segment groups to regions, of which the last counts; by default
    `soma_group`, `axon_group`, `dendrite_group` and `apical_dendrite_group` by those names. What
    is in none of these is `dendrite`.

    **Raises:** `ValueError` for what is no such document, has no morphology or several, a loop, or
    segments without a place.
    """
    morphology = _chosen(read_xml(path), cell)
    segments = _segments(morphology)
    elements = {element.get("id", ""): element for element in morphology.findall("segmentGroup")}
    for group, region in (REGIONS if regions is None else regions).items():
        if group in elements:
            for segment in _in_group(segments, elements, group):
                segment.region = region
        elif regions is not None:
            nearest = difflib.get_close_matches(group, list(elements), n=3, cutoff=0.3)
            raise ValueError(
                f"there is no segment group {group!r}; the nearest are {', '.join(nearest)}."
            )
    for group, element in elements.items():
        if element.get("neuroLexId") == UNBRANCHED:
            for segment in _in_group(segments, elements, group):
                segment.group = group
    return Morphology(tuple(_sections(segments)))


def _chosen(root: Element, name: str | None) -> Element:
    found: dict[str, Element] = {}
    owned = set()
    for cell in root.iter("cell"):
        for morphology in cell.findall("morphology"):
            found[cell.get("id", "")] = morphology
            owned.add(id(morphology))
    for morphology in root.iter("morphology"):
        if id(morphology) not in owned:
            found[morphology.get("id", "")] = morphology
    chosen = [part for key, part in found.items() if name is None or key == name]
    if len(chosen) != 1:
        known = ", ".join(found) or "none"
        raise ValueError(
            f"the document has {len(chosen)} morphologies of cell {name!r}: give the id of one as "
            f"cell=; there are {known}."
        )
    return chosen[0]


def _segments(morphology: Element) -> dict[int, _Segment]:
    """By their ids, each after its parent."""
    elements = morphology.findall("segment")
    waiting = {_number(element, "id"): element for element in elements}
    if len(waiting) != len(elements):
        raise ValueError("two segments have the same id, or none: give each one of its own.")
    found: dict[int, _Segment] = {}
    while waiting:
        before = len(waiting)
        for number, element in list(waiting.items()):
            parent = _parent(element)
            if parent is None or parent in found:
                found[number] = _segment(number, waiting.pop(number), found)
        if len(waiting) == before:
            raise ValueError(
                f"segment {min(waiting)} has no way to a root: name a parent that is there."
            )
    roots = [number for number, one in found.items() if one.parent is None]
    if len(roots) != 1:
        raise ValueError(f"the morphology has {len(roots)} roots: give it one.")
    return found


def _parent(element: Element) -> int | None:
    parent = element.find("parent")
    return None if parent is None else _number(parent, "segment")


def _number(element: Element, name: str) -> int:
    """The id of a segment; -1 where none is given."""
    text = element.get(name, "-1")
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"<{element.tag}> has {name}={text!r}: give a whole number, the id of a segment."
        ) from None


def _segment(number: int, element: Element, before: Mapping[int, _Segment]) -> _Segment:
    parent, fraction = _parent(element), 1.0
    link, near, far = (element.find(name) for name in ("parent", "proximal", "distal"))
    if link is not None and link.get("fractionAlong") is not None:
        fraction = quantity(link, "fractionAlong", "none")
    if far is None or (near is None and parent is None):
        raise ValueError(
            f"segment {number} has no <{'distal' if far is None else 'proximal'}>: give it one."
        )
    if near is not None:
        start = _point(near)
    else:
        of = before[parent if parent is not None else -1]
        start = of.start + fraction * (of.end - of.start)
    return _Segment(number, parent, fraction, start, _point(far), near is not None)


def _point(element: Element) -> np.ndarray:
    x, y, z, diameter = (quantity(element, key, "none") for key in ("x", "y", "z", "diameter"))
    return np.array([x, y, z, 0.5 * diameter])


def _in_group(
    segments: Mapping[int, _Segment], elements: Mapping[str, Element], name: str
) -> list[_Segment]:
    """The segments of a group."""
    numbers = _members(elements, name)
    for number in numbers:
        if number not in segments:
            raise ValueError(
                f"segment group {name!r} has the member {number}, which is no segment: take it out."
            )
    return [segments[number] for number in numbers]


def _members(elements: Mapping[str, Element], name: str, above: tuple[str, ...] = ()) -> list[int]:
    """The ids of the segments of a group, with those of the groups that it includes."""
    if name in above or name not in elements:
        raise ValueError(f"segment group {name!r} is absent or includes itself: mend it.")
    found: list[int] = []
    for part in elements[name]:
        if part.tag == "member":
            found.append(_number(part, "segment"))
        elif part.tag == "include":
            found += _members(elements, part.get("segmentGroup", ""), (*above, name))
        elif part.tag in ("path", "subTree", "exclude"):
            raise ValueError(
                f"segment group {name!r} has a <{part.tag}>, which is not read here: list its "
                "members."
            )
    return found


def _sections(segments: Mapping[int, _Segment]) -> list[Section]:
    chains = _chains(segments)
    place = {number: (chain, k) for chain in chains for k, number in enumerate(chain)}
    names: dict[int, str] = {}
    numbers: dict[str, int] = {}
    groups = [segments[chain[0]].group for chain in chains]
    found = []
    for chain, group in zip(chains, groups, strict=True):
        first = segments[chain[0]]
        unique = group and groups.count(group) == 1
        names[chain[0]] = group if unique else next_name(first.region, numbers)
        parent, at = None, 1.0
        if first.parent is not None:
            above, k = place[first.parent]
            parent, at = names[above[0]], _fraction(segments, above, k, first.fraction)
        found.append(_section([segments[number] for number in chain], names[chain[0]], parent, at))
    return found


def _chains(segments: Mapping[int, _Segment]) -> list[list[int]]:
    """The segments of each section, in an order in which parents come first."""
    children: dict[int, list[_Segment]] = {number: [] for number in segments}
    for one in segments.values():
        if one.parent is not None and one.fraction == 1.0:
            children[one.parent].append(one)
    chains: dict[int, list[int]] = {}
    for number, one in segments.items():
        before = None if one.parent is None else segments[one.parent]
        if (
            before is not None
            and children[before.number] == [one]
            and (before.region, before.group) == (one.region, one.group)
            and np.allclose(one.start, before.end)
            and np.any(before.start != before.end)
        ):
            chains[number] = chains[before.number]
            chains[number].append(number)
        else:
            chains[number] = [number]
    return list({id(chain): chain for chain in chains.values()}.values())


def _fraction(segments: Mapping[int, _Segment], chain: list[int], k: int, fraction: float) -> float:
    """Where a part of a segment is along its section."""
    lengths = [
        np.linalg.norm(segments[number].end[:3] - segments[number].start[:3]) for number in chain
    ]
    if not sum(lengths):
        return 0.5
    if fraction == 1.0 and k == len(chain) - 1:
        return 1.0
    return float((sum(lengths[:k]) + fraction * lengths[k]) / sum(lengths))


def _section(chain: list[_Segment], name: str, parent: str | None, at: float) -> Section:
    points = np.array([chain[0].start, *(one.end for one in chain)])
    if parent is None and np.ptp(points[:, :3], axis=0).max() == 0.0:
        ball = sphere(points[0, :3].tolist(), float(points[0, 3]))
        return dataclasses.replace(ball, name=name, region=chain[0].region)
    return Section(name, chain[0].region, points[:, :3], points[:, 3], parent, at)
