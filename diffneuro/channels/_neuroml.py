"""Channels that a NeuroML document defines."""

import os
from typing import Any
from xml.etree.ElementTree import Element

from .._xml import quantity, read_xml
from ._gated_channel import GatedChannel
from ._hh_gate import HHGate
from ._rate_laws import ExponentialShape, LinoidShape, RateLaw, SigmoidShape, SteadyStateLaw
from ._squid import Leak

_CHANNELS = ("ionChannel", "ionChannelHH", "ionChannelPassive")
_RATES = {
    "HHExpRate": ExponentialShape,
    "HHSigmoidRate": SigmoidShape,
    "HHExpLinearRate": LinoidShape,
}
_VARIABLES = {
    "HHExpVariable": ExponentialShape,
    "HHSigmoidVariable": SigmoidShape,
    "HHExpLinearVariable": LinoidShape,
}
_GATES = ("gateHHrates", "gateHHtauInf")
_ASIDE = ("notes", "annotation", "property")


def from_neuroml(
    path: str | os.PathLike,
    g_max: Any,
    reversal_potential: Any,
    *,
    name: str | None = None,
    temperature: float | None = None,
) -> GatedChannel | Leak:
    """A channel of a NeuroML 2 document.

    Gates may be `gateHHrates` of `HHExpRate`, `HHSigmoidRate` and `HHExpLinearRate`, or
    `gateHHtauInf` of the same three variables and a `fixedTimeCourse`, either with `q10Fixed` or
    `q10ExpTemp`. The document's constants become parameters, named after its gates:
    `kinetics.m.law.opening.midpoint`. The conductance of a single channel is not used, and files
    that it includes are not read.

    **Arguments:** `path`; `g_max`, mS/cm2, and `reversal_potential`, mV, which documents keep with
    the cell; `name`, the channel's id, needed where there are several; `temperature`, degC, needed
    where rates depend on it.

    **Returns:** a `Leak` where there are no gates.

    **Raises:** `ValueError` for what is no such document, and for kinetics other than these.
    """
    channel = _chosen(read_xml(path), name)
    if channel.get("type", channel.tag) not in _CHANNELS:
        raise ValueError(
            f"channel {channel.get('id')!r} is of type {channel.get('type')}, of which nothing is "
            f"known here: it must be one of {', '.join(_CHANNELS)}."
        )
    gates = {}
    for element in channel:
        if not isinstance(element.tag, str) or element.tag in _ASIDE:
            continue
        if element.tag not in ("gate", *_GATES):
            raise _unknown(channel, element, _GATES)
        gates[element.get("id", "")] = _gate(channel, element, temperature)
    if not gates:
        return Leak(g_max, reversal_potential)
    species = channel.get("species")
    ion = species if species in ("na", "k", "cl", "ca") else None
    return GatedChannel(gates, g_max, reversal_potential, ion=ion)


def _chosen(root: Element, name: str | None) -> Element:
    """The channel of that name, or the only one."""
    found = [
        element
        for element in root.iter()
        if isinstance(element.tag, str) and element.tag.startswith("ionChannel")
    ]
    chosen = [element for element in found if name is None or element.get("id") == name]
    if len(chosen) != 1:
        known = ", ".join(str(element.get("id")) for element in found) or "none"
        raise ValueError(
            f"the document has {len(chosen)} channels of name {name!r}: give the name of one as "
            f"name=; there are {known}."
        )
    return chosen[0]


def _unknown(channel: Element, element: Element, known: Any) -> ValueError:
    kind = element.get("type", element.tag)
    return ValueError(
        f"channel {channel.get('id')!r} has a <{element.tag}> of type {kind}, of which nothing is "
        f"known here: take one of {', '.join(known)}, or write its law for an HHGate."
    )


def _gate(channel: Element, gate: Element, temperature: float | None) -> HHGate:
    kind = gate.get("type", gate.tag)
    if kind not in _GATES:
        raise _unknown(channel, gate, _GATES)
    power = quantity(gate, "instances", "none")
    if power != int(power):
        raise ValueError(
            f"gate {gate.get('id')!r} has {power:g} instances: make it a whole number."
        )
    speed = 1.0
    for setting in gate.findall("q10Settings"):
        speed *= _speed(channel, setting, temperature)
    read = _rate_law if kind == "gateHHrates" else _steady_state_law
    return HHGate(law=read(channel, gate, speed), power=int(power))


def _part(channel: Element, gate: Element, name: str, known: Any) -> Element:
    found = gate.find(name)
    if found is None:
        raise ValueError(f"gate {gate.get('id')!r} has no <{name}>: {gate.tag} needs one.")
    if found.get("type") not in known:
        raise _unknown(channel, found, known)
    return found


def _rate_law(channel: Element, gate: Element, speed: float) -> RateLaw:
    forward, reverse = (
        _part(channel, gate, name, _RATES) for name in ("forwardRate", "reverseRate")
    )
    return RateLaw(
        _shape(forward, _RATES),
        _shape(reverse, _RATES),
        quantity(forward, "rate", "per_time"),
        quantity(reverse, "rate", "per_time"),
        speed,
    )


def _steady_state_law(channel: Element, gate: Element, speed: float) -> SteadyStateLaw:
    steady = _part(channel, gate, "steadyState", _VARIABLES)
    course = _part(channel, gate, "timeCourse", ("fixedTimeCourse",))
    tau, largest = quantity(course, "tau", "time"), quantity(steady, "rate", "none")
    return SteadyStateLaw(_shape(steady, _VARIABLES), tau, largest, speed)


def _shape(part: Element, kinds: Any) -> Any:
    midpoint, scale = quantity(part, "midpoint", "voltage"), quantity(part, "scale", "voltage")
    return kinds[part.get("type")](midpoint, scale)


def _speed(channel: Element, setting: Element, temperature: float | None) -> float:
    """How much faster a gate is than its rates say."""
    kind = setting.get("type")
    if kind == "q10Fixed":
        return quantity(setting, "fixedQ10", "none")
    if kind != "q10ExpTemp":
        raise _unknown(channel, setting, ("q10Fixed", "q10ExpTemp"))
    if temperature is None:
        raise ValueError(
            f"the rates of channel {channel.get('id')!r} depend on temperature: give temperature= "
            "in degC."
        )
    reference = quantity(setting, "experimentalTemp", "temperature")
    return quantity(setting, "q10Factor", "none") ** ((temperature - reference) / 10.0)
