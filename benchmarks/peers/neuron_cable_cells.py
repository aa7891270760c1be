"""Cells with a shape in NEURON."""

import json
import subprocess
import sys
import tempfile
from operator import attrgetter
from pathlib import Path

import neuron  # pyright: ignore[reportMissingImports]
from neuron import h  # pyright: ignore[reportMissingImports]

from .cable_cells import (
    CELSIUS,
    CURRENT_NA,
    DURATION,
    E_L,
    E_M,
    E_PASSIVE,
    FILES,
    G_L,
    G_M,
    G_PASSIVE,
    METHODS,
    RESISTIVITY,
    SLOWEST,
    SOMA_DENSITY,
    START,
    STEPS,
)
from .cell import E_K, E_LEAK, E_NA, G_K, G_LEAK, G_NA

_GATE = """
NEURON {{ SUFFIX {name} NONSPECIFIC_CURRENT i RANGE g, e, slowest }}
PARAMETER {{ g = 0 (S/cm2) e = 0 (mV) slowest = 1000 (ms) }}
ASSIGNED {{ v (mV) i (mA/cm2) }}
STATE {{ {states} }}
INITIAL {{ {initial} }}
BREAKPOINT {{ SOLVE change METHOD cnexp  i = g * {open} * (v - e) }}
DERIVATIVE change {{ {change} }}
{functions}
FUNCTION linoid(x) {{
    if (fabs(x) < 1e-6) {{ linoid = 1 + x / 2 }} else {{ linoid = x / (1 - exp(-x)) }}
}}
"""
_M = _GATE.format(
    name="mtype",
    states="p",
    initial="p = steady(v)",
    open="p",
    change="p' = (steady(v) - p) / tau(v)",
    functions="""
FUNCTION steady(v (mV)) { steady = 1 / (1 + exp(-(v + 35) / 10)) }
FUNCTION tau(v (mV)) { tau = slowest / (3.3 * exp((v + 35) / 20) + exp(-(v + 35) / 20)) }
""",
)
_L = _GATE.format(
    name="ltype",
    states="q r",
    initial="q = aq(v) / (aq(v) + bq(v))  r = ar(v) / (ar(v) + br(v))",
    open="q * q * r",
    change="q' = aq(v) * (1 - q) - bq(v) * q  r' = ar(v) * (1 - r) - br(v) * r",
    functions="""
FUNCTION aq(v (mV)) { aq = 0.209 * linoid((v + 27) / 3.8) }
FUNCTION bq(v (mV)) { bq = 0.94 * exp(-(v + 75) / 17) }
FUNCTION ar(v (mV)) { ar = 0.000457 * exp(-(v + 13) / 50) }
FUNCTION br(v (mV)) { br = 0.0065 / (1 + exp(-(v + 15) / 28)) }
""",
)


def main() -> None:
    """The voltage in the soma and in the farthest tip, of each cell, method and step."""
    h.load_file("stdrun.hoc")
    h.load_file("import3d.hoc")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("mtype", _M), ("ltype", _L)):
            (Path(folder) / f"{name}.mod").write_text(text)
        compiler = Path(sys.executable).with_name("nrnivmodl")
        subprocess.run([compiler], cwd=folder, check=True, capture_output=True)
        neuron.load_mechanisms(folder, warn_if_already_loaded=False)
    h.celsius, h.usetable_hh = CELSIUS, 0
    for name in FILES:
        _cell_by_name(name)


def _cell_by_name(name: str) -> None:
    sections = imported(str(FILES[name]))
    soma = next(one for one in sections if "soma" in one.name())
    {"squid soma": _squid_soma, "five channels": _five_channels}[name](sections)
    h.distance(0, soma(0.5))
    tip = max(sections, key=lambda one: h.distance(one(1.0)))
    clamp = h.IClamp(soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 0.0, 1e9, CURRENT_NA[name]
    voltage = [
        h.Vector().record(attrgetter("_ref_v")(place))
        for place in (soma(0.5), tip(1.0 - 0.5 / tip.nseg))
    ]
    for order in METHODS:
        for dt in STEPS:
            h.secondorder, h.dt = order, dt
            h.steps_per_ms = 1.0 / dt
            h.finitialize(START)
            for _ in range(round(DURATION / dt)):
                h.fadvance()
            kept = [list(one)[: round(DURATION / dt)] for one in voltage]
            print(json.dumps({"cell": name, "order": order, "dt": dt, "v": kept}), flush=True)
    for one in sections:
        h.delete_section(sec=one)


def imported(path: str) -> list:
    """The sections of a file, in segments of a tenth of a length constant at 100 Hz."""
    reader = h.Import3d_SWC_read()
    reader.quiet = 1
    reader.input(path)
    h.Import3d_GUI(reader, False).instantiate(None)
    sections = list(h.allsec())
    for one in sections:
        one.Ra, one.cm = RESISTIVITY, 1.0
        one.nseg = int((one.L / (0.1 * h.lambda_f(100.0, sec=one)) + 0.9) / 2) * 2 + 1
    return sections


def _squid(section, density: float) -> None:
    section.insert("hh")
    section.ena, section.ek = E_NA, E_K
    for segment in section:
        segment.hh.gnabar, segment.hh.gkbar = density * G_NA, density * G_K
        segment.hh.gl, segment.hh.el = density * G_LEAK, E_LEAK


def _squid_soma(sections: list) -> None:
    for section in sections:
        if "soma" in section.name():
            _squid(section, SOMA_DENSITY)
        else:
            section.insert("pas")
            section.g_pas, section.e_pas = G_PASSIVE, E_PASSIVE


def _five_channels(sections: list) -> None:
    for section in sections:
        _squid(section, 1.0)
        section.insert("mtype")
        section.g_mtype, section.e_mtype, section.slowest_mtype = G_M, E_M, SLOWEST
        if "soma" not in section.name() and "axon" not in section.name():
            section.insert("ltype")
            section.g_ltype, section.e_ltype = G_L, E_L


if __name__ == "__main__":
    main()
