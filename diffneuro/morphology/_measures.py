"""Surface and distances of a shape."""

import numpy as np

from ._frusta import Frusta, cut
from ._location import Location
from ._morphology import Morphology

_WHOLE = np.array([0.0, 1.0])


def surface(morphology: Morphology, region: str | None = None) -> float:
    """The surface (um2) of a shape, or of one region of it: the sum over its frusta.

    **Raises:** `ValueError` for a region that no section is in.
    """
    sections = morphology.sections if region is None else morphology.in_region(region)
    return float(sum(cut(section, _WHOLE).area().sum() for section in sections))


def path_length(morphology: Morphology, start: Location, end: Location) -> float:
    """How far it is from one location to another along the tree (um).

    A gap between a parent and the first point of its child counts nothing.

    **Raises:** `ValueError` for a section that is not there.
    """
    return float(sum(frusta.length.sum() for frusta in _path(morphology, start, end)))


def electrotonic_length(
    morphology: Morphology,
    start: Location,
    end: Location,
    *,
    membrane_resistance: float,
    axial_resistivity: float,
) -> float:
    r"""How far it is from one location to another along the tree in length constants.

    $$\int \frac{\mathrm{d}x}{\lambda(x)}, \qquad \lambda = \sqrt{\frac{r R_m}{2 R_a}}$$

    **Arguments:** `morphology`; `start` and `end`; `membrane_resistance` $R_m$, Ohm cm2;
    `axial_resistivity` $R_a$, Ohm cm.

    **Raises:** `ValueError` for a section that is not there, or a resistance that is not
    positive.
    """
    if not (membrane_resistance > 0 and axial_resistivity > 0):
        raise ValueError(
            f"the membrane has {membrane_resistance:g} Ohm cm2 and the inside "
            f"{axial_resistivity:g} Ohm cm: make both above 0."
        )
    # The length constant of a radius of 1 um; 1 cm is 1e4 um.
    unit = 1e4 * np.sqrt(1e-4 * membrane_resistance / (2.0 * axial_resistivity))
    path = _path(morphology, start, end)
    return float(sum(frusta.inverse_root_length().sum() for frusta in path) / unit)


def _path(morphology: Morphology, start: Location, end: Location) -> list[Frusta]:
    """The frusta between two locations, in no order."""
    ways = [_to_root(morphology, location) for location in (start, end)]
    pieces = []
    for name in ways[0] | ways[1]:
        # Where both ways use a section, what both use of it is not between the two.
        span = np.array(sorted(way.get(name, 0.0) for way in ways))
        if span[1] > span[0]:
            pieces.append(cut(morphology.section(name), span))
    return pieces


def _to_root(morphology: Morphology, location: Location) -> dict[str, float]:
    """By section, from which fraction on its start is approached on the way to the root."""
    section = morphology.section(location.section)
    way = {section.name: location.fraction}
    while section.parent is not None:
        way[section.parent] = section.at
        section = morphology.section(section.parent)
    return way
