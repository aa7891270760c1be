"""The points of an SWC file, checked."""

import math
from pathlib import Path
from typing import NamedTuple

SOMA = 1
_COLUMNS = "id, type, x, y, z, radius, parent"
# um; the thinnest axons have 0.05, the giant axon of the squid has 240.
_THINNEST, _THICKEST = 0.05, 1000.0


class Point(NamedTuple):
    """One line of the file."""

    line: int
    kind: int
    place: tuple[float, float, float]
    radius: float
    parent: int


class Points(NamedTuple):
    """A tree of points."""

    by_id: dict[int, Point]
    children: dict[int, list[int]]
    root: int
    name: str
    """of the file"""


def read(path: Path, scale: float) -> Points:
    """The points by their id, in um; what is wrong with a file is raised as a `ValueError`."""
    points: dict[int, Point] = {}
    for line, text in enumerate(path.read_text("utf-8-sig", errors="replace").splitlines(), 1):
        words = text.split("#")[0].replace(",", " ").split()
        if not words:
            continue
        number, point = _parse(words, line, scale, path.name)
        if number in points:
            raise ValueError(
                f"{path.name} has the id {number} in line {points[number].line} and again in "
                f"line {line}: give each point an id of its own."
            )
        points[number] = point
    if not points:
        raise ValueError(f"{path.name} has no points: give a file with one a line ({_COLUMNS}).")
    _check_unit(points, path.name, scale)
    return _tree(points, path.name)


def _parse(words: list[str], line: int, scale: float, name: str) -> tuple[int, Point]:
    if len(words) < 7:
        raise ValueError(
            f"line {line} of {name} has {len(words)} columns: give seven ({_COLUMNS})."
        )
    try:
        number, kind, parent = (_whole(words[column]) for column in (0, 1, 6))
        x, y, z, radius = (scale * float(word) for word in words[2:6])
    except (ValueError, OverflowError):
        raise ValueError(
            f"line {line} of {name} is {' '.join(words)!r}: give seven numbers ({_COLUMNS}), the "
            "first two and the last one whole."
        ) from None
    if not all(map(math.isfinite, (x, y, z, radius))):
        raise ValueError(f"line {line} of {name} has a number that is not finite: correct it.")
    if radius <= 0:
        raise ValueError(
            f"line {line} of {name} has a radius of {radius:g} um (point {number}): make it "
            "above 0, that of its neighbours if it was not measured."
        )
    return number, Point(line, kind, (x, y, z), radius, parent)


def _whole(word: str) -> int:
    value = float(word)
    if value != int(value):
        raise ValueError(word)
    return int(value)


def _check_unit(points: dict[int, Point], name: str, scale: float) -> None:
    thickest = max(point.radius for point in points.values())
    if thickest < _THINNEST:
        milli = thickest >= 1e-3 * _THINNEST
        raise ValueError(
            f"the thickest point of {name} has a radius of {thickest:g} um, thinner than any "
            f"neurite: these look like {'millimetres' if milli else 'metres'}, so pass "
            f"scale={scale * (1e3 if milli else 1e6):g}."
        )
    if thickest > _THICKEST:
        raise ValueError(
            f"the thickest point of {name} has a radius of {thickest:g} um, thicker than any "
            f"neuron: these look like nanometres, so pass scale={scale * 1e-3:g}."
        )


def _tree(points: dict[int, Point], name: str) -> Points:
    children: dict[int, list[int]] = {number: [] for number in points}
    roots = []
    for number, point in points.items():
        if point.parent == -1:
            roots.append(number)
        elif point.parent not in points:
            raise ValueError(
                f"line {point.line} of {name} has the parent {point.parent}, which is no point: "
                "add it, or give the id of one that is there (-1 for the root)."
            )
        else:
            children[point.parent].append(number)
    if len(roots) > 1:
        lines = " and ".join(str(points[number].line) for number in roots[:2])
        raise ValueError(
            f"{name} has {len(roots)} roots, points with the parent -1, as in lines {lines}: "
            "join them, or put each tree in a file of its own."
        )
    reached = _reached(children, roots)
    for number, point in points.items():
        if number not in reached:
            raise ValueError(
                f"point {number} in line {point.line} of {name} does not come from a root (a "
                "parent of -1): its parents form a cycle, so correct one of them."
            )
        if point.kind == SOMA and point.parent != -1 and points[point.parent].kind != SOMA:
            raise ValueError(
                f"line {point.line} of {name} is a point of the soma whose parent is a neurite: "
                "make the soma the root, and all its points one piece."
            )
    return Points(points, children, roots[0], name)


def _reached(children: dict[int, list[int]], roots: list[int]) -> set[int]:
    reached, waiting = set(), list(roots)
    while waiting:
        number = waiting.pop()
        reached.add(number)
        waiting.extend(children[number])
    return reached
