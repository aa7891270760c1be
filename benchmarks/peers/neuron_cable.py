"""The cable in NEURON."""

import math
from operator import attrgetter

from neuron import h  # pyright: ignore[reportMissingImports]

from .cable import (
    BATCHES,
    COUNT,
    CURRENT_NA,
    DIAMETER,
    DT,
    DURATION,
    ON_TREE,
    RESISTIVITY,
    STEP,
    TREE,
    TREE_STEP,
    report,
    shortest,
)
from .cell import CELSIUS, E_K, E_LEAK, E_NA, START

# Its two fixed-step methods: implicit Euler, and Crank-Nicolson with staggered gates.
METHODS = {"NEURON": 0, "NEURON, secondorder": 2}


def main() -> None:
    """Forward runs of one cable and of many and of a tree, all in one process and thread."""
    h.load_file("stdrun.hoc")
    h.load_file("import3d.hoc")
    h.celsius, h.dt = CELSIUS, DT
    context = h.ParallelContext()
    context.set_maxstep(10.0)

    def run():
        h.finitialize(START)
        context.psolve(DURATION)

    def timed(what, batch, count):
        for model, order in METHODS.items():
            h.secondorder = order
            report(what, model, shortest(run), batch, "float64", count)

    for batch in BATCHES:
        cables = [_cable() for _ in range(batch)]
        timed("forward", len(cables), COUNT)
        del cables
    if TREE.is_file():
        sections = _tree()
        kept = _driven(sections[0], 0.5)
        timed(f"forward{ON_TREE}", len(kept[:1]), sum(one.nseg for one in sections))


def _cable() -> tuple:
    section = h.Section()
    section.L, section.diam = COUNT * STEP, DIAMETER
    section.nseg = COUNT
    _squid(section)
    return section, *_driven(section, 0.5 / COUNT)


def _tree() -> list:
    """The sections of a reconstruction, the soma's first."""
    reader = h.Import3d_SWC_read()
    reader.quiet = 1
    reader.input(str(TREE))
    h.Import3d_GUI(reader, False).instantiate(None)
    sections = sorted(h.allsec(), key=lambda one: "soma" not in one.name())
    for one in sections:
        one.nseg = math.ceil(one.L / TREE_STEP)
        _squid(one)
    return sections


def _squid(section) -> None:
    section.cm, section.Ra = 1.0, RESISTIVITY
    section.insert("hh")
    section.ena, section.ek = E_NA, E_K
    for segment in section:
        segment.hh.el = E_LEAK


def _driven(section, place: float) -> tuple:
    clamp = h.IClamp(section(place))
    clamp.delay, clamp.dur, clamp.amp = 0.0, 1e9, CURRENT_NA
    return clamp, h.Vector().record(attrgetter("_ref_v")(section(place)))


if __name__ == "__main__":
    main()
