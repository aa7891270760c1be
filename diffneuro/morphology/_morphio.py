"""Shapes that MorphIO has read."""

from typing import Any

import numpy as np

from ._morphology import Morphology, Section
from ._swc import next_name, region_of, sphere


def from_morphio(morphology: Any) -> Morphology:
    """The shape in a `morphio.Morphology`, which reads ASC (Neurolucida), H5 and SWC files.

    Needs the extra `morphology`. The soma is, as MorphIO tells its kinds apart:

    - one point: the cylinder with the surface of the sphere;
    - three points in NeuroMorpho.Org's way: the cylinder through them;
    - several points of an SWC file: the row of frusta between them in the order of the file.
      MorphIO keeps no branches of a soma; `from_swc` does;
    - a contour, as in ASC files: the cylinder with the surface of the sphere whose radius is
      the contour's mean distance from its centre.

    All neurites leave from the middle of the soma and begin with their own first point; one
    of a single point begins at the soma's centre. MorphIO 3.5 leaves out points that form a
    cycle, takes radii of zero or below and loose neurites with a warning, and refuses a type
    that changes without a branch unless told otherwise; of these, radii are refused here.

    **Arguments:** `morphology`, such as `morphio.Morphology("cell.asc")`.

    **Raises:** `ValueError` for no soma and not one root, for a radius that is not positive,
    and for a section without length.
    """
    sections = _soma(morphology)
    roots = morphology.root_sections
    if not sections and (len(roots) != 1 or len(roots[0].points) < 2):
        raise ValueError(
            f"the morphology has no soma and {len(roots)} roots: give it a soma, or one root of "
            "two points or more (from_swc takes a root that branches at once)."
        )
    soma = sections[0].name if sections else None
    names: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for section in morphology.iter():
        region = region_of(int(section.type))
        names[section.id] = next_name(region, numbers)
        places, radii = np.array(section.points, float), np.array(section.diameters, float) / 2
        if len(places) == 1:
            places = np.vstack([morphology.soma.center, places])
            radii = np.repeat(radii, 2)
        parent = soma if section.is_root else names[section.parent.id]
        at = 0.5 if section.is_root and sections else 1.0
        sections.append(Section(names[section.id], region, places, radii, parent, at))
    return Morphology(tuple(sections))


def _soma(morphology: Any) -> list[Section]:
    places = np.array(morphology.soma.points, float)
    radii = np.array(morphology.soma.diameters, float) / 2
    kind = morphology.soma_type.name
    if not len(places):
        return []
    if len(places) == 1:
        return [sphere(places[0], float(radii[0]))]
    if kind == "SOMA_SIMPLE_CONTOUR":
        centre = places.mean(0)
        return [sphere(centre, float(np.linalg.norm(places - centre, axis=1).mean()))]
    if kind == "SOMA_NEUROMORPHO_THREE_POINT_CYLINDERS":
        places, radii = places[[1, 0, 2]], radii[[1, 0, 2]]
    return [Section("soma", "soma", places, radii)]
