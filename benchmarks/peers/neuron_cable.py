"""The cable in NEURON."""

from operator import attrgetter

from neuron import h  # pyright: ignore[reportMissingImports]

from .cable import (
    BATCHES,
    COUNT,
    CURRENT_NA,
    DIAMETER,
    DT,
    DURATION,
    RESISTIVITY,
    STEP,
    report,
    shortest,
)
from .cell import CELSIUS, E_K, E_LEAK, E_NA, START

# Its two fixed-step methods: implicit Euler, and Crank-Nicolson with staggered gates.
METHODS = {"NEURON": 0, "NEURON, secondorder": 2}


def main() -> None:
    """Forward runs of one cable and of many, all in one process and thread."""
    h.load_file("stdrun.hoc")
    h.celsius, h.dt = CELSIUS, DT
    context = h.ParallelContext()
    context.set_maxstep(10.0)

    def run():
        h.finitialize(START)
        context.psolve(DURATION)

    for batch in BATCHES:
        cables = [_cable() for _ in range(batch)]
        for model, order in METHODS.items():
            h.secondorder = order
            report("forward", model, shortest(run), len(cables), "float64")


def _cable() -> tuple:
    section = h.Section()
    section.L, section.diam, section.cm = COUNT * STEP, DIAMETER, 1.0
    section.nseg, section.Ra = COUNT, RESISTIVITY
    section.insert("hh")
    section.ena, section.ek = E_NA, E_K
    for segment in section:
        segment.hh.el = E_LEAK
    clamp = h.IClamp(section(0.0))
    clamp.delay, clamp.dur, clamp.amp = 0.0, 1e9, CURRENT_NA
    voltage = h.Vector().record(attrgetter("_ref_v")(section(0.5 / COUNT)))
    return section, clamp, voltage


if __name__ == "__main__":
    main()
