"""Cells for NEURON."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._model import AbstractChannel
from .._storage import write_atomically
from ..channels import Leak, SquidPotassium, SquidSodium
from ._kinetics import laws, number
from ._layout import Layout, Piece, layout
from ._mod import mechanism

_FORMAT = 1
# Where nothing depends on it: the squid's.
_CELSIUS = 6.3

_LOADER = '''"""The cell of cell.json in NEURON.

Run `nrnivmodl` in this folder first if there are .mod files, and start Python in it. Then

    from cell import build
    cell = build()
    h.finitialize()

begins at rest. `cell["sections"]` are h.Sections, and `cell["sites"]` places with names.
"""

import json
from pathlib import Path

from neuron import h


def build(path=Path(__file__).parent / "cell.json"):
    data = json.loads(Path(path).read_text())
    if data["format"] != 1:
        raise ValueError(f"{path} has format {data['format']}, of which this file knows nothing.")
    h.celsius = data["celsius"]
    sections = []
    for part in data["sections"]:
        section = h.Section(name=part["name"])
        section.nseg = 1
        start, end = part["diam"]
        section.L, section.diam = part["L"], start
        if start != end:
            section.pt3dadd(0, 0, 0, start)
            section.pt3dadd(part["L"], 0, 0, end)
        section.Ra, section.cm = part["Ra"], part["cm"]
        if part["parent"] is not None:
            section.connect(sections[part["parent"]](part["end"]), 0)
        for name, values in part["mechanisms"].items():
            section.insert(name)
            for key, value in values.items():
                setattr(getattr(section(0.5), name), key, value)
        for key, value in part["reversals"].items():
            setattr(section, key, value)
        sections.append(section)
    # Of the middles alone, because the ends belong to neighbours as well.
    for section, part in zip(sections, data["sections"]):
        section(0.5).v = part["v"]
    if any("hh" in part["mechanisms"] for part in data["sections"]):
        # Its table is coarser than what a fit resolves.
        h.usetable_hh = 0
    sites = {name: sections[number](0.5) for name, number in data["sites"].items()}
    return {"sections": sections, "sites": sites}
'''


def to_neuron(model: Any, path: str | os.PathLike) -> list[Path]:
    """Write a `Cell` or a `Cable` as a folder that NEURON can load.

    `cell.json` has the sections, one for each compartment, with their sizes, links and
    conductances, and the voltages of rest without input; `cell.py` builds them. A `Leak` is
    NEURON's `pas`, and the squid's two channels, unshifted and of one temperature, are its `hh`;
    for other channels there are .mod files, which `nrnivmodl` in that folder compiles. Reversal
    potentials are constants, and temperature is that of the model's rates. A compartment keeps its
    surface and the axial resistance of either half.

    **Arguments:** `model`, with channels that are a `Leak`, `SquidSodium`, `SquidPotassium` or a
    `GatedChannel` of `BoltzmannGate`s or of `HHGate`s by a `RateLaw` or `SteadyStateLaw`; `path`,
    a folder, made if it is absent.

    **Returns:** the files.

    **Raises:** `ValueError` for models and channels other than these.
    """
    folder, plan = Path(path), layout(model)
    names = _mechanisms(plan.channels)
    mods = {
        name: mechanism(name, laws(channel, plan.channels[channel]))
        for channel, name in names.items()
        if name not in ("pas", "hh")
    }
    for channel in plan.channels:
        laws(channel, plan.channels[channel])
    data = {
        "format": _FORMAT,
        "celsius": _celsius(plan.channels, names),
        "sections": [_section(piece, plan, names) for piece in plan.pieces],
        "sites": dict(plan.sites),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot make the folder {folder}: {error.strerror}.") from None
    texts = {"cell.json": json.dumps(data, indent=1) + "\n", "cell.py": _LOADER}
    texts |= {f"{name}.mod": text for name, text in mods.items()}
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in texts]


def _mechanisms(channels: Mapping[str, AbstractChannel]) -> dict[str, str]:
    """What each channel is called in NEURON."""
    names = {name: f"dn_{name}" for name in channels}
    leaks = [name for name, channel in channels.items() if isinstance(channel, Leak)]
    if leaks:
        names[leaks[0]] = "pas"
    sodium = [name for name, channel in channels.items() if isinstance(channel, SquidSodium)]
    potassium = [name for name, channel in channels.items() if isinstance(channel, SquidPotassium)]
    if len(sodium) == len(potassium) == 1:
        na, k = channels[sodium[0]], channels[potassium[0]]
        assert isinstance(na, SquidSodium)
        assert isinstance(k, SquidPotassium)
        if na.activation_shift == 0.0 and na.temperature == k.temperature:
            names |= {sodium[0]: "hh", potassium[0]: "hh"}
    return names


def _celsius(channels: Mapping[str, AbstractChannel], names: Mapping[str, str]) -> float:
    for name, channel in channels.items():
        if names[name] == "hh" and isinstance(channel, SquidSodium):
            return number(channel.temperature)
    return _CELSIUS


def _section(piece: Piece, plan: Layout, names: Mapping[str, str]) -> dict[str, Any]:
    mechanisms: dict[str, dict[str, float]] = {}
    reversals: dict[str, float] = {}
    for channel, conductance in piece.conductances.items():
        model = plan.channels[channel]
        # 1 mS/cm2 is 1e-3 S/cm2.
        density = 1e-3 * conductance
        reversal = number(model.reversal_potential)  # pyright: ignore[reportAttributeAccessIssue]
        if names[channel] == "hh":
            own = mechanisms.setdefault("hh", {"gnabar": 0.0, "gkbar": 0.0, "gl": 0.0})
            ion = "na" if isinstance(model, SquidSodium) else "k"
            own[f"g{ion}bar"] = density
            reversals[f"e{ion}"] = reversal
        else:
            key = "g" if names[channel] == "pas" else "gbar"
            mechanisms[names[channel]] = {key: density, "e": reversal}
    return {
        "name": piece.name,
        "region": piece.region,
        "L": piece.length,
        "diam": piece.diameters,
        "Ra": piece.resistivity,
        "cm": piece.capacitance,
        "v": piece.voltage,
        "parent": piece.parent,
        "end": piece.end,
        "mechanisms": mechanisms,
        "reversals": reversals,
    }
