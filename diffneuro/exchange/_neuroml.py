"""Cells as NeuroML documents."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from .._model import AbstractChannel
from .._storage import write_atomically
from ..channels import (
    AbstractShape,
    BoltzmannGate,
    ExponentialShape,
    LinoidShape,
    RateLaw,
    SigmoidShape,
    SteadyStateLaw,
)
from ._kinetics import Law, laws, number
from ._layout import Layout, Piece, layout

_SCHEMA = "http://www.neuroml.org/schema/neuroml2"
_UNBRANCHED = "sao864921383"
_SHAPES = {
    ExponentialShape: "HHExp",
    SigmoidShape: "HHSigmoid",
    LinoidShape: "HHExpLinear",
}
# mV; a rate on this scale does not change.
_FLAT = 1e9
# um; sections are drawn side by side, for files of a cable have no directions.
_APART = 10.0


def to_neuroml(model: Any, path: str | os.PathLike, *, name: str = "cell") -> None:
    """Write a `Cell` or a `Cable` as a NeuroML 2 document.

    The document has the channels with their kinetics, and a cell with a segment for each
    compartment and densities by segment groups. Segments keep surface and axial resistance; they
    are drawn along one axis, since compartments have no directions. Temperature is that of the
    model's rates.

    **Arguments:** `model`, with channels that are a `Leak`, `SquidSodium`, `SquidPotassium` or a
    `GatedChannel` of `HHGate`s by a `RateLaw` or `SteadyStateLaw`, or of `BoltzmannGate`s with
    `shortest=0`; `path`; `name`, the cell's id.

    **Raises:** `ValueError` for models and channels other than these, and for a name that is no id.
    """
    if not (name.isidentifier() and name.isascii()):
        raise ValueError(
            f"name={name!r} of the cell is no id: take letters, digits and underscores."
        )
    plan = layout(model)
    root = Element("neuroml", {"xmlns": _SCHEMA, "id": f"{name}_document"})
    for channel, kind in plan.channels.items():
        _add_channel(root, channel, kind)
    cell = SubElement(root, "cell", {"id": name})
    morphology = SubElement(cell, "morphology", {"id": f"{name}_morphology"})
    _add_segments(morphology, plan.pieces)
    properties = SubElement(cell, "biophysicalProperties", {"id": f"{name}_properties"})
    membrane = SubElement(properties, "membraneProperties")
    _add_densities(membrane, morphology, plan)
    inside = SubElement(properties, "intracellularProperties")
    resistivity = [f"{piece.resistivity!r} ohm_cm" for piece in plan.pieces]
    _add_values(inside, morphology, "resistivity", resistivity)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    write_atomically(path, text + b"\n")


def _add_channel(root: Element, name: str, channel: AbstractChannel) -> None:
    gates = laws(name, channel)
    given = {"id": name, "conductance": "10pS"}
    if not gates:
        given["type"] = "ionChannelPassive"
    carriers = list(channel.carried())
    if len(carriers) == 1:
        given["species"] = carriers[0]
    element = SubElement(root, "ionChannelHH", given)
    for key, (law, power) in gates.items():
        if isinstance(law, BoltzmannGate):
            law = _two_rates(name, key, law)
        _add_gate(element, key, law, power)


def _two_rates(name: str, key: str, gate: BoltzmannGate) -> RateLaw:
    """The passage over one barrier, as the two rates that it has."""
    if number(gate.shortest) != 0.0:
        raise ValueError(
            f"gate {key!r} of channels[{name!r}] has shortest={number(gate.shortest):g} ms, and "
            "NeuroML has no such time course: fit it with shortest=0, or write it for NEURON."
        )
    share, rate = number(gate.asymmetry), 0.5 / number(gate.time_constant)
    opening, closing = (
        ExponentialShape(gate.half_voltage, number(gate.slope) / part if part else _FLAT)
        for part in (share, share - 1.0)
    )
    return RateLaw(opening, closing, rate, rate)


def _add_gate(channel: Element, name: str, law: Law, power: int) -> None:
    kind = "gateHHrates" if isinstance(law, RateLaw) else "gateHHtauInf"
    gate = SubElement(channel, kind, {"id": name, "instances": str(power)})
    assert isinstance(law, RateLaw | SteadyStateLaw)
    settings = {"type": "q10Fixed", "fixedQ10": repr(number(law.speed))}
    if number(law.speed) != 1.0:
        SubElement(gate, "q10Settings", settings)
    if isinstance(law, RateLaw):
        for part, shape, rate in (
            ("forwardRate", law.opening, law.opening_rate),
            ("reverseRate", law.closing, law.closing_rate),
        ):
            SubElement(gate, part, _shape(shape, "Rate", f"{number(rate)!r} per_ms"))
        return
    tau = f"{number(law.time_constant)!r} ms"
    SubElement(gate, "timeCourse", {"type": "fixedTimeCourse", "tau": tau})
    largest = repr(number(law.largest))
    SubElement(gate, "steadyState", _shape(law.steady_state, "Variable", largest))


def _shape(shape: AbstractShape, of: str, rate: str) -> dict[str, str]:
    return {
        "type": _SHAPES[type(shape)] + of,
        "rate": rate,
        "midpoint": f"{number(shape.midpoint)!r} mV",
        "scale": f"{number(shape.scale)!r} mV",
    }


def _add_segments(morphology: Element, pieces: tuple[Piece, ...]) -> None:
    rows = {name: k for k, name in enumerate(dict.fromkeys(piece.section for piece in pieces))}
    starts: list[float] = []
    for order, piece in enumerate(pieces):
        segment = SubElement(morphology, "segment", {"id": str(order), "name": piece.name})
        start = 0.0
        if piece.parent is not None:
            given = {"segment": str(piece.parent), "fractionAlong": repr(piece.end)}
            SubElement(segment, "parent", given)
            start = starts[piece.parent] + piece.end * pieces[piece.parent].length
        starts.append(start)
        ends = (("proximal", start), ("distal", start + piece.length))
        for (end, x), diameter in zip(ends, piece.diameters, strict=True):
            place = {"x": x, "y": _APART * rows[piece.section], "z": 0.0}
            given = {**place, "diameter": diameter}
            SubElement(segment, end, {key: repr(float(value)) for key, value in given.items()})
    for section in rows:
        members = [k for k, piece in enumerate(pieces) if piece.section == section]
        _add_group(morphology, _plain(section), members, _UNBRANCHED)
    for region in dict.fromkeys(piece.region for piece in pieces):
        members = [k for k, piece in enumerate(pieces) if piece.region == region]
        _add_group(morphology, f"{_plain(region)}_group", members)


def _plain(name: str) -> str:
    """A name of letters, digits and underscores alone, which is what documents take."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _add_group(
    morphology: Element, name: str, members: Iterable[int], lexicon: str | None = None
) -> None:
    given = {"id": name} if lexicon is None else {"id": name, "neuroLexId": lexicon}
    group = SubElement(morphology, "segmentGroup", given)
    for member in members:
        SubElement(group, "member", {"segment": str(member)})


def _add_densities(membrane: Element, morphology: Element, plan: Layout) -> None:
    for name, channel in plan.channels.items():
        reversal = number(channel.reversal_potential)  # pyright: ignore[reportAttributeAccessIssue]
        given = {"ionChannel": name, "erev": f"{reversal!r} mV"}
        carriers = list(channel.carried())
        given["ion"] = carriers[0] if len(carriers) == 1 else "non_specific"
        densities = [piece.conductances.get(name) for piece in plan.pieces]
        for k, (density, group) in enumerate(_by_value(densities, morphology, name)):
            own = {"id": f"{name}_{k}", "condDensity": f"{density!r} mS_per_cm2", **given, **group}
            SubElement(membrane, "channelDensity", own)
    # Documents must have one, which only networks look at.
    SubElement(membrane, "spikeThresh", {"value": "0 mV"})
    capacitance = [f"{piece.capacitance!r} uF_per_cm2" for piece in plan.pieces]
    _add_values(membrane, morphology, "specificCapacitance", capacitance)
    _add_values(
        membrane,
        morphology,
        "initMembPotential",
        [f"{piece.voltage!r} mV" for piece in plan.pieces],
    )


def _add_values(parent: Element, morphology: Element, tag: str, values: list[str]) -> None:
    for value, group in _by_value(values, morphology, tag):
        SubElement(parent, tag, {"value": value, **group})


def _by_value(
    values: list[Any], morphology: Element, name: str
) -> list[tuple[Any, Mapping[str, str]]]:
    """Each value there is, and the segment group that has it; no group where all do."""
    known = [value for value in dict.fromkeys(values) if value is not None]
    if len(known) == 1 and None not in values:
        return [(known[0], {})]
    found = []
    for k, value in enumerate(known):
        group = f"{name}_group_{k}"
        _add_group(morphology, group, (i for i, one in enumerate(values) if one == value))
        found.append((value, {"segmentGroup": group}))
    return found
