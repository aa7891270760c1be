"""A cell as frusta joined end to end."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._model import AbstractChannel
from ..morphology import Compartments
from ..neurons import Cable, Cell
from ._kinetics import number


class Piece(NamedTuple):
    """One compartment: a frustum with its surface and the axial resistance of either half."""

    name: str
    section: str
    region: str
    length: float
    """um"""
    diameters: tuple[float, float]
    """um, at its start and at its end"""
    resistivity: float
    """Ohm cm"""
    capacitance: float
    """uF/cm2"""
    voltage: float
    """mV, at rest"""
    parent: int | None
    """the number of the piece it is joined to"""
    end: float
    """and where: at 0, 0.5 or 1 of it"""
    conductances: Mapping[str, float]
    """mS/cm2, of each channel that is in it"""


class Layout(NamedTuple):
    """What there is to write of a model."""

    pieces: tuple[Piece, ...]
    channels: Mapping[str, AbstractChannel]
    sites: Mapping[str, int]
    """the number of the piece at each place with a name"""


def layout(model: Any) -> Layout:
    """The pieces of a `Cell` or a `Cable`.

    **Raises:** `ValueError` for another model, for one with pools of ions, and for names that
    are no names elsewhere.
    """
    if not isinstance(model, Cell | Cable):
        raise ValueError(
            f"a {type(model).__name__} cannot be written for other simulators: give a Cell or a "
            "Cable."
        )
    if model.ions:
        raise ValueError(
            f"the cell keeps the concentrations of {', '.join(model.ions)}, of which other "
            "simulators are told nothing here: take the pools out."
        )
    found = _of_cell(model) if isinstance(model, Cell) else _of_cable(model)
    for name in found.channels:
        if not (name.isidentifier() and name.isascii()):
            raise ValueError(
                f"a channel is called {name!r}, which is no name elsewhere: take letters, digits "
                "and underscores."
            )
    return found


def _of_cell(cell: Cell) -> Layout:
    # The cylinder as long as wide has the surface of the sphere.
    size = float(np.sqrt(number(cell.area) / np.pi))
    rest = number(cell.initial_state(0.0).voltage)
    conductances = {name: _peak(channel) for name, channel in cell.channels.items()}
    capacitance = number(cell.capacitance)
    shape = size, (size, size)
    piece = Piece("soma", "soma", "soma", *shape, 100.0, capacitance, rest, None, 1.0, conductances)
    return Layout((piece,), cell.channels, {"soma": 0})


def _peak(channel: Any) -> float:
    """The largest conductance (mS/cm2); of what has none, what is refused later, 0."""
    return number(getattr(channel, "g_max", 0.0))


def _of_cable(cable: Cable) -> Layout:
    compartments = cable.compartments
    junction = compartments.is_junction()
    order = np.cumsum(~junction) - 1
    area, near, far = _sizes(cable)
    length = np.asarray(compartments.length * _factor(cable, "length"), float)
    start, end, resistivity = _frusta(area, near, far, np.where(junction, 1.0, length))
    capacitance = np.asarray(cable.capacitance * _factor(cable, "capacitance"), float)
    rest = np.asarray(cable.initial_state(0.0).voltage, float)
    conductances = _conductances(cable, area)
    pieces = []
    for index in np.nonzero(~junction)[0]:
        parent, at = _joint(compartments, int(index))
        pieces.append(
            Piece(
                f"piece_{order[index]}",
                compartments.spans[index][0] if compartments.spans else "tree",
                compartments.regions[index],
                float(length[index]),
                (float(start[index]), float(end[index])),
                float(resistivity[index]),
                float(np.broadcast_to(capacitance, junction.shape)[index]),
                float(rest[index]),
                None if parent is None else int(order[parent]),
                at,
                {name: float(g[index]) for name, g in conductances.items() if g[index] > 0.0},
            )
        )
    sites = {name: int(order[index]) for name, index in cable.prepared().sites}
    return Layout(tuple(pieces), cable.channels, sites)


def _factor(cable: Cable, name: str) -> Any:
    profile = cable.profiles.get(name)
    compartments = cable.compartments
    if profile is None:
        return 1.0
    return profile.factor(np.array(compartments.distances), compartments.regions)


def _frusta(
    area: NDArray, near: NDArray, far: NDArray, length: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """The diameters (n,) at start and end (um), and the resistivity (n,) in Ohm cm.

    The halves of a frustum resist as its end radii, the other way round; its surface then gives
    the radii themselves.
    """
    ratio = near / far
    product = (area / (np.pi * (1.0 + ratio))) ** 2
    square = 2.0 * product / (length**2 + np.sqrt(length**4 + 4.0 * (1.0 - ratio) ** 2 * product))
    start = np.sqrt(square)
    middle = 0.5 * start * (1.0 + ratio)
    return 2.0 * start, 2.0 * ratio * start, near * np.pi * start * middle / (0.5 * length)


def _sizes(cable: Cable) -> tuple[NDArray, NDArray, NDArray]:
    """Surface (um2), and the axial resistance of both halves (Ohm cm/um), of each compartment."""
    compartments = cable.compartments
    radius, length = _factor(cable, "radius"), _factor(cable, "length")
    area = np.asarray(compartments.area() * radius * length, float)
    near, far = (
        np.asarray(half * length / radius**2, float)
        for half in compartments.axial_resistance_factors()
    )
    near, far = np.where(near > 0.0, near, 1.0), far.copy()
    for index in np.nonzero(far == 0.0)[0]:
        # The other half stands in the tree by itself; where nothing leaves by it, any will do.
        beyond = [
            near[child]
            for child, parent in enumerate(compartments.parents)
            if parent == index and _is_half(compartments, child) and _end(compartments, child)
        ]
        far[index] = beyond[0] if beyond else near[index]
    resistivity = np.asarray(cable.axial_resistivity * _factor(cable, "axial_resistivity"), float)
    return area, resistivity * near, resistivity * np.where(far > 0.0, far, 1.0)


def _conductances(cable: Cable, area: NDArray) -> dict[str, NDArray]:
    """(n,) mS/cm2 of each channel."""
    equations = cable.prepared()
    found = {}
    for name, channel in cable.channels.items():
        start, stop = dict(equations.spans)[name]
        weights = np.zeros(len(area))
        weights[start:stop] = np.asarray(equations.weights[name], float)
        # A weight is what 1 uA/cm2 makes in pA, which 1 um2 of membrane has 0.01 of.
        share = weights / np.where(area > 0.0, 0.01 * area, 1.0)
        # The product of two roundings of one number is next to 1.
        found[name] = _peak(channel) * np.where(np.isclose(share, 1.0, rtol=1e-6), 1.0, share)
    return found


def _joint(compartments: Compartments, index: int) -> tuple[int | None, float]:
    """To which compartment one is joined, and where."""
    parent = compartments.parents[index]
    if parent < 0:
        return None, 1.0
    if compartments.regions[parent] == "":
        return compartments.parents[parent], _end(compartments, parent)
    return parent, 0.5 if compartments.far_factor[parent] == 0.0 else 1.0


def _is_half(compartments: Compartments, index: int) -> bool:
    return compartments.regions[index] == "" and bool(compartments.length[index] > 0.0)


def _end(compartments: Compartments, junction: int) -> float:
    """At which end of its parent a junction is."""
    return 0.0 if compartments.spans and compartments.spans[junction][2] == 0.0 else 1.0
