"""Shapes built by hand."""

import dataclasses
import math

import numpy as np

from ._morphology import Morphology, Section


@dataclasses.dataclass(frozen=True)
class Branch:
    """A straight cylinder or taper and what grows on it.

    **Arguments:** `length`, um; `radius`, um; `end_radius`, um, by default `radius`;
    `children`, further branches; `name`, by default the region and a number; `region`; `at`,
    from which fraction of its parent it leaves; `direction`, (3,), by default spread in the
    plane of x and y.
    """

    length: float
    radius: float
    end_radius: float | None = None
    children: tuple["Branch", ...] = ()
    name: str = ""
    region: str = "dendrite"
    at: float = 1.0
    direction: tuple[float, float, float] | None = None


def build(root: Branch) -> Morphology:
    """The shape whose root is the branch, in the place where x, y and z are 0.

    Children at the end of a branch fan out from its direction; those at its middle leave all
    around, the first one to the right. Directions only matter to the eye.

    **Raises:** `ValueError` for what no section may be: a length or a radius that is not
    positive, two branches of one name, an `at` off the parent, a direction of no length.
    """
    sections: list[Section] = []
    numbers: dict[str, int] = {}
    names = _names(root)
    waiting: list[tuple[Branch, Section | None, float, int]] = [(root, None, 0.0, 0)]
    while waiting:
        branch, parent, angle, order = waiting.pop()
        name = branch.name
        while not name or (name in names and name != branch.name):
            numbers[branch.region] = numbers.get(branch.region, -1) + 1
            name = f"{branch.region}_{numbers[branch.region]}"
        section = _section(branch, name, parent, angle)
        sections.append(section)
        children = list(zip(branch.children, _angles(branch, section, order), strict=True))
        waiting.extend((child, section, angle, order + 1) for child, angle in reversed(children))
    return Morphology(tuple(sections))


def cylinder(
    length: float, radius: float, *, name: str = "cable", region: str = "dendrite"
) -> Morphology:
    """A cable of constant radius: its `length` and `radius` in um."""
    return build(Branch(length, radius, name=name, region=region))


def taper(
    length: float,
    start_radius: float,
    end_radius: float,
    *,
    name: str = "taper",
    region: str = "dendrite",
) -> Morphology:
    """A frustum: its `length`, `start_radius` and `end_radius` in um."""
    return build(Branch(length, start_radius, end_radius, name=name, region=region))


def ball_and_stick(soma_radius: float, length: float, radius: float) -> Morphology:
    """A soma and a dendrite that leaves from its middle.

    The soma is a cylinder as long as wide, which has the surface of the sphere.

    **Arguments:** `soma_radius`, `length` and `radius` of the dendrite, um.

    **Returns:** the sections `soma` and `dendrite`.
    """
    stick = Branch(length, radius, name="dendrite", at=0.5)
    return build(Branch(2.0 * soma_radius, soma_radius, None, (stick,), "soma", "soma"))


def binary_tree(orders: int, length: float, radius: float, *, exponent: float = 1.5) -> Morphology:
    r"""A dendrite that parts into two equal daughters again and again.

    $$r_\text{parent}^p = 2\,r_\text{daughter}^p, \qquad
    L_\text{daughter} = L_\text{parent}\sqrt{r_\text{daughter}/r_\text{parent}}$$

    The second makes all branches equally long in length constants. For $p = 3/2$ the tree is,
    seen from its trunk, a cylinder of the trunk's radius and `orders` times its length. Rall
    (1959), doi:10.1016/0014-4886(59)90046-9.

    **Arguments:** `orders`, how many generations there are, the trunk included; `length` and
    `radius` of the trunk, um; `exponent` $p$, 1.

    **Returns:** a trunk and its offspring, $2^\text{orders} - 1$ sections.

    **Raises:** `ValueError` if `orders` is no whole number above 0 or `exponent` not positive.
    """
    if orders != int(orders) or orders < 1:
        raise ValueError(f"a binary tree has {orders} orders: make it a whole number above 0.")
    if not exponent > 0:
        raise ValueError(f"a binary tree has the exponent {exponent:g}: make it above 0.")
    thinner = 2.0 ** (-1.0 / exponent)
    order = int(orders) - 1
    branch = Branch(length * thinner ** (0.5 * order), radius * thinner**order)
    for order in reversed(range(int(orders) - 1)):
        branch = Branch(
            length * thinner ** (0.5 * order), radius * thinner**order, None, (branch, branch)
        )
    return build(branch)


def _names(root: Branch) -> set[str]:
    """The names that branches were given."""
    found, waiting = set(), [root]
    while waiting:
        branch = waiting.pop()
        found.add(branch.name)
        waiting.extend(branch.children)
    return found - {""}


def _section(branch: Branch, name: str, parent: Section | None, angle: float) -> Section:
    if not (branch.length > 0 and math.isfinite(branch.length)):
        raise ValueError(f"branch {name!r} is {branch.length:g} um long: make it above 0.")
    start, along = np.zeros(3), np.array([math.cos(angle), math.sin(angle), 0.0])
    if branch.direction is not None:
        along = np.array(branch.direction, float)
        if along.shape != (3,) or not np.linalg.norm(along) > 0:
            raise ValueError(
                f"branch {name!r} has the direction {branch.direction}: give three numbers, not "
                "all 0."
            )
        along = along / np.linalg.norm(along)
    if parent is not None:
        start = parent.points[0] + branch.at * (parent.points[1] - parent.points[0])
        if 0.0 < branch.at < 1.0:
            # On the parent's surface, where it is seen.
            start = start + parent.radii[0] * along
    end = branch.radius if branch.end_radius is None else branch.end_radius
    return Section(
        name,
        branch.region,
        np.array([start, start + branch.length * along]),
        np.array([branch.radius, end]),
        None if parent is None else parent.name,
        branch.at,
    )


def _angles(branch: Branch, section: Section, order: int) -> list[float]:
    """In which direction each child goes, in the plane of x and y."""
    along = section.points[1] - section.points[0]
    towards = math.atan2(along[1], along[0])
    places = [child.at if child.at in (0.0, 1.0) else 0.5 for child in branch.children]
    angles = []
    for number, at in enumerate(places):
        turn, count = places[:number].count(at), places.count(at)
        if at == 0.5:
            angles.append(2.0 * math.pi * turn / count)
            continue
        # The farther out, the less room there is between neighbours.
        width = 1.5 * 0.62**order if count > 1 else 0.0
        share = turn / (count - 1) - 0.5 if count > 1 else 0.0
        angles.append(towards + (math.pi if at == 0.0 else 0.0) + width * share)
    return angles
