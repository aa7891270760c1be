"""A few cylinders in the place of a tree."""

import dataclasses
import math

import numpy as np

from ._frusta import Frusta, cut
from ._location import Location
from ._morphology import Morphology, Section
from ._swc import next_name

# 1 um2 of 1 Ohm cm2 has 10 nS, and 1 Ohm cm over 1 um is 1e-5 GOhm.
_NS_PER_UM2 = 10.0
_GOHM_UM = 1e-5
# um; no slice of a taper is longer.
_SLICE = 5.0
_HALVINGS = 200


@dataclasses.dataclass(frozen=True)
class _Stem:
    """What leaves the soma at one place, or several such."""

    section: Section
    """the largest one's first"""
    surface: float
    """um2"""
    conductance: float
    """nS, into it"""
    size: float
    """um2, of the largest one"""


def reduce(
    morphology: Morphology,
    count: int,
    *,
    membrane_resistance: float = 20e3,
    axial_resistivity: float = 100.0,
) -> Morphology:
    r"""The soma, and no more than a few cylinders in the place of all that leaves it.

    Each cylinder stands for one tree or several, of one region as long as there are enough. With
    their surface A and their steady input conductance G it has the diameter d and length L of

    $$\pi d L = A, \qquad \tfrac{\pi}{2} \frac{d^{3/2}}{\sqrt{R_m R_a}} \tanh\frac{L}{\lambda} = G,
    \qquad \lambda = \sqrt{\frac{d R_m}{4 R_a}}$$

    so the whole keeps its surface, and the soma its input resistance, exactly where all leave
    from one place of it. A tree that obeys Rall's 3/2 power law becomes his equivalent cylinder
    (1959), doi:10.1016/0014-4886(59)90046-9; Bush and Sejnowski (1993),
    doi:10.1016/0165-0270(93)90151-G, keep the axial resistance instead. Where fewer compartments
    shall fire as the whole did, this is where a fit of their channels and sizes begins.

    **Arguments:** `morphology`; `count`, how many cylinders there may be; `membrane_resistance`
    $R_m$, Ohm cm2, and `axial_resistivity` $R_a$, Ohm cm, of the passive cell.

    **Returns:** the soma's sections as they were (where there is none, the root), and a section for
    each cylinder.

    **Raises:** `ValueError` if `count` is no whole number above 0, a resistance is not positive, or
    nothing leaves the soma.
    """
    if count != int(count) or count < 1:
        raise ValueError(f"a tree is reduced to {count} cylinders: make it a whole number above 0.")
    if not (membrane_resistance > 0 and axial_resistivity > 0):
        raise ValueError(
            f"the membrane has {membrane_resistance:g} Ohm cm2 and the inside "
            f"{axial_resistivity:g} Ohm cm: make both above 0."
        )
    kept = _soma(morphology)
    names = {section.name for section in kept}
    stems = _stems(morphology, names, membrane_resistance, axial_resistivity)
    if not stems:
        raise ValueError("nothing leaves the soma: there is nothing to reduce.")
    numbers: dict[str, int] = {}
    sections = list(kept)
    for stem in _merged(stems, int(count)):
        name = next_name(stem.section.region, numbers)
        while name in names:
            name = next_name(stem.section.region, numbers)
        length = _length(stem, membrane_resistance, axial_resistivity)
        sections.append(_cylinder(morphology, stem, name, length))
    return Morphology(tuple(sections))


def input_conductance(
    morphology: Morphology,
    location: Location,
    *,
    membrane_resistance: float = 20e3,
    axial_resistivity: float = 100.0,
) -> float:
    """The steady conductance (nS) of a passive cell seen from a place of its root.

    **Arguments:** `morphology`; `location`, on the root; `membrane_resistance`, Ohm cm2;
    `axial_resistivity`, Ohm cm.

    **Raises:** `ValueError` for a place on another section.
    """
    root = morphology.root
    if location.section != root.name:
        raise ValueError(
            f"the place is on section {location.section!r}: give one on the root, {root.name!r}."
        )
    into = _conductances(morphology, membrane_resistance, axial_resistivity)
    beyond = [(child.at, into[child.name]) for child in morphology.children(root.name)]
    halves = (
        _along(root, beyond, side, location.fraction, membrane_resistance, axial_resistivity)
        for side in (True, False)
    )
    here = sum(load for at, load in beyond if at == location.fraction)
    return float(sum(halves) + here)


def _soma(morphology: Morphology) -> tuple[Section, ...]:
    root = morphology.root
    if root.region != "soma":
        return (root,)
    kept: list[Section] = []
    for section in morphology.sections:
        if section.parent is None or (
            section.region == "soma" and section.parent in {one.name for one in kept}
        ):
            kept.append(section)
    return tuple(kept)


def _stems(
    morphology: Morphology, soma: set[str], membrane_resistance: float, axial_resistivity: float
) -> list[_Stem]:
    into = _conductances(morphology, membrane_resistance, axial_resistivity)
    surface: dict[str, float] = {}
    for section in reversed(morphology.sections):
        own = float(cut(section, np.array([0.0, 1.0])).area().sum())
        surface[section.name] = own + sum(
            surface[child.name] for child in morphology.children(section.name)
        )
    return [
        _Stem(section, surface[section.name], into[section.name], surface[section.name])
        for section in morphology.sections
        if section.parent in soma and section.name not in soma
    ]


def _conductances(
    morphology: Morphology, membrane_resistance: float, axial_resistivity: float
) -> dict[str, float]:
    """The input conductance (nS) of each section and all beyond it, at its start."""
    found: dict[str, float] = {}
    for section in reversed(morphology.sections):
        beyond = [(child.at, found[child.name]) for child in morphology.children(section.name)]
        at_start = sum(load for at, load in beyond if at == 0.0)
        found[section.name] = at_start + _along(
            section, beyond, True, 0.0, membrane_resistance, axial_resistivity
        )
    return found


def _along(
    section: Section,
    beyond: list[tuple[float, float]],
    forward: bool,
    start: float,
    membrane_resistance: float,
    axial_resistivity: float,
) -> float:
    """The conductance (nS) of a section and what is on it, from a fraction to one of its ends.

    Loads at the start itself do not count.
    """
    slices = np.linspace(0.0, 1.0, 1 + math.ceil(section.length / _SLICE))
    edges = np.unique([0.0, start, 1.0, *(at for at, _ in beyond), *slices])
    edges = edges[edges >= start] if forward else edges[edges <= start]
    if len(edges) < 2:
        return 0.0
    frusta = cut(section, edges)
    # From the far end back to the start.
    order = range(len(edges) - 2, -1, -1) if forward else range(len(edges) - 1)
    total = 0.0
    for part in order:
        outer = edges[part + 1] if forward else edges[part]
        total += sum(load for at, load in beyond if at == outer)
        inside = np.nonzero(frusta.part == part)[0]
        for one in reversed(inside) if forward else inside:
            total = _through(frusta, int(one), total, membrane_resistance, axial_resistivity)
    return total


def _through(
    frusta: Frusta, one: int, load: float, membrane_resistance: float, axial_resistivity: float
) -> float:
    """The conductance (nS) of a short frustum with a load at its far end."""
    leak = _NS_PER_UM2 * float(frusta.area()[one]) / membrane_resistance
    if frusta.length[one] == 0.0:
        return load + leak
    resistance = _GOHM_UM * axial_resistivity * float(frusta.axial_resistance()[one])
    infinite = math.sqrt(leak / resistance)
    bend = math.tanh(math.sqrt(leak * resistance))
    return infinite * (load + infinite * bend) / (infinite + load * bend)


def _merged(stems: list[_Stem], count: int) -> list[_Stem]:
    """The two smallest of one region made one until there are few enough; then of any."""
    stems = sorted(stems, key=lambda stem: stem.surface)
    while len(stems) > count:
        pairs = [
            (first, second)
            for k, first in enumerate(stems)
            for second in stems[k + 1 :]
            if first.section.region == second.section.region
        ] or [(stems[0], stems[1])]
        first, second = min(pairs, key=lambda pair: pair[0].surface + pair[1].surface)
        larger = max(first, second, key=lambda stem: stem.size)
        one = _Stem(
            larger.section,
            first.surface + second.surface,
            first.conductance + second.conductance,
            larger.size,
        )
        stems = [stem for stem in stems if stem not in (first, second)]
        stems = sorted([*stems, one], key=lambda stem: stem.surface)
    return stems[::-1]


def _length(stem: _Stem, membrane_resistance: float, axial_resistivity: float) -> float:
    """How long (um) the cylinder of that surface with that input conductance is."""

    def conductance(length: float) -> float:
        radius = 0.5 * stem.surface / (math.pi * length)
        leak = _NS_PER_UM2 * stem.surface / membrane_resistance
        resistance = _GOHM_UM * axial_resistivity * length / (math.pi * radius**2)
        return math.sqrt(leak / resistance) * math.tanh(math.sqrt(leak * resistance))

    # In logarithms: the longer it is, and so the thinner, the less flows into it.
    shorter, longer = math.log(1e-6), math.log(1e9)
    for _ in range(_HALVINGS):
        middle = 0.5 * (shorter + longer)
        if conductance(math.exp(middle)) > stem.conductance:
            shorter = middle
        else:
            longer = middle
    return math.exp(0.5 * (shorter + longer))


def _cylinder(morphology: Morphology, stem: _Stem, name: str, length: float) -> Section:
    """The cylinder where the largest tree that it stands for leaves, in that one's direction."""
    parent = morphology.section(stem.section.parent or "")
    arc = stem.section.at * parent.length
    start = [np.interp(arc, parent.arc, parent.points[:, axis]) for axis in range(3)]
    along = stem.section.points[-1] - stem.section.points[0]
    size = float(np.linalg.norm(along))
    direction = along / size if size > 0.0 else np.array([1.0, 0.0, 0.0])
    points = np.array([start, start + length * direction])
    radius = 0.5 * stem.surface / (math.pi * length)
    return Section(
        name, stem.section.region, points, np.full(2, radius), parent.name, stem.section.at
    )
