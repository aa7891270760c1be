"""From a shape to compartments."""

import dataclasses
from typing import NamedTuple

import numpy as np

from .._model import as_parameter
from ._compartments import Compartments
from ._frusta import cut, per_part
from ._morphology import Morphology, Section
from ._rules import AbstractRule


class _Row(NamedTuple):
    parent: int
    region: str
    distance: float
    length: float
    radius: float
    area_factor: float
    near_factor: float
    far_factor: float
    span: tuple[str, float, float]


class _Node(NamedTuple):
    """Where children are joined to the tree."""

    number: int
    distance: float


def discretise(morphology: Morphology, rule: AbstractRule) -> Compartments:
    """The compartments of a shape.

    Surface and axial resistance are integrated exactly over the frusta in each compartment.
    The volume between two points is a frustum, also where a compartment ends inside it.

    A child at the end of its parent is joined to the parent's last compartment if it is alone,
    else all are joined to a junction after it. A child at the start of a section that is not
    the root is joined where that section is. Any other is joined to the middle of the
    compartment it leaves from, as in NEURON; where the tree also goes on through that
    compartment, its far half (of the root's first compartment, with children at 0, also its
    near half) is a compartment of its own without surface, in the region "" as junctions are.

    **Arguments:** `morphology`; `rule`, such as `MaximumLength(20.0)`, `Count(5)` or
    `DLambda()`, or any object with such a `count(section)`.

    **Returns:** the compartments in the order of the sections, each section from its start.

    **Raises:** `ValueError` if the rule's count is not a whole number above 0, and for what is no
    morphology or no rule.
    """
    if not isinstance(morphology, Morphology):
        raise ValueError(f"{morphology!r} is no morphology: give what from_swc or build makes.")
    if not callable(getattr(rule, "count", None)):
        raise ValueError(f"{rule!r} is no rule: give one, such as MaximumLength(20.0) for 20 um.")
    morphology = _without_starts(morphology)
    rows: list[_Row] = []
    nodes: dict[tuple[str, float], _Node] = {}
    for section in morphology.sections:
        node = None if section.parent is None else nodes[section.parent, section.at]
        joints = [child.at for child in morphology.children(section.name)]
        nodes |= _add(rows, section, _count(rule, section), node, joints)
    (parents, regions, distances, length, radius, area, near, far, spans) = zip(*rows, strict=True)
    return Compartments(
        parents=parents,
        regions=regions,
        distances=distances,
        length=as_parameter(length),
        radius=as_parameter(radius),
        area_factor=as_parameter(area),
        near_factor=as_parameter(near),
        far_factor=as_parameter(far),
        spans=spans,
    )


def _count(rule: AbstractRule, section: Section) -> int:
    count = rule.count(section)
    if count != int(count) or count < 1:
        raise ValueError(
            f"{type(rule).__name__} cuts section {section.name!r} into {count} compartments: "
            "make it a whole number above 0."
        )
    return int(count)


def _without_starts(morphology: Morphology) -> Morphology:
    """The same tree, no section leaving from the start of another but of the root."""
    found: dict[str, Section] = {}
    for section in morphology.sections:
        if section.parent is not None and section.at == 0.0:
            parent = found[section.parent]
            if parent.parent is not None:
                section = dataclasses.replace(section, parent=parent.parent, at=parent.at)
        found[section.name] = section
    return Morphology(tuple(found.values()))


def _add(
    rows: list[_Row], section: Section, count: int, node: _Node | None, joints: list[float]
) -> dict[tuple[str, float], _Node]:
    """Add a section to the rows; where its children, which leave at `joints`, are joined."""
    inside = {at: min(int(at * count), count - 1) for at in joints if 0.0 < at < 1.0}
    at_end = joints.count(1.0)
    nodes: dict[tuple[str, float], _Node] = {}
    for number, row in enumerate(_cylinders(section, count)):
        index = len(rows)
        start = node.distance + 0.5 * row.length if node else 0.0
        row = row._replace(parent=node.number if node else -1, distance=start)
        from_start = index == 0 and 0.0 in joints
        from_middle = from_start or number in inside.values()
        rows.append(row._replace(far_factor=0.0) if from_middle else row)
        if from_start:
            nodes[section.name, 0.0] = _add_half(rows, index, row.near_factor, 0.0)
        for at, chosen in inside.items():
            if chosen == number:
                nodes[section.name, at] = _Node(index, row.distance)
        goes_on = number < count - 1 or at_end > 0
        if from_middle and goes_on:
            node = _add_half(rows, index, row.far_factor, (number + 1) / count)
        else:
            node = _Node(index, row.distance + 0.5 * row.length)
    assert node is not None
    # A half of its own is already a place in which several may meet.
    if at_end > 1 and rows[node.number].region:
        node = _add_junction(rows, node, section.name)
    if at_end:
        nodes[section.name, 1.0] = node
    return nodes


def _cylinders(section: Section, count: int) -> list[_Row]:
    """The compartments of a section, as if it stood alone."""
    halves = cut(section, np.linspace(0.0, 1.0, 2 * count + 1))
    length = np.full(count, section.length / count)
    area = per_part(halves.area(), halves, 2 * count).reshape(count, 2).sum(1)
    resistance = per_part(halves.axial_resistance(), halves, 2 * count).reshape(count, 2)
    radius = per_part(halves.radius_length(), halves, 2 * count).reshape(count, 2).sum(1) / length
    area_factor = area / (2.0 * np.pi * radius * length)
    factors = resistance / (0.5 * length / (np.pi * radius**2))[:, None]
    return [
        _Row(
            -1,
            section.region,
            0.0,
            float(length[number]),
            float(radius[number]),
            float(area_factor[number]),
            float(factors[number, 0]),
            float(factors[number, 1]),
            (section.name, number / count, (number + 1) / count),
        )
        for number in range(count)
    ]


def _add_half(rows: list[_Row], index: int, factor: float, end: float) -> _Node:
    """Half a compartment, from its middle outward, without surface."""
    of = rows[index]
    node = _Node(len(rows), of.distance + 0.5 * of.length)
    rows.append(
        of._replace(
            parent=index,
            region="",
            distance=node.distance,
            area_factor=0.0,
            near_factor=factor,
            far_factor=0.0,
            span=(of.span[0], end, end),
        )
    )
    return node


def _add_junction(rows: list[_Row], node: _Node, name: str) -> _Node:
    """A place in which several children and their parent meet."""
    junction = _Node(len(rows), node.distance)
    rows.append(_Row(node.number, "", node.distance, 0.0, 1.0, 1.0, 1.0, 1.0, (name, 1.0, 1.0)))
    return junction
