"""The cell in NEURON."""

from operator import attrgetter

import numpy as np
from neuron import h  # pyright: ignore[reportMissingImports]

from .cell import (
    BATCHES,
    CELSIUS,
    CURRENT_NA,
    DIAMETER,
    DT,
    DURATION,
    E_K,
    E_LEAK,
    E_NA,
    LENGTH,
    START,
    STEPS,
    report,
    report_spikes,
    shortest,
    spike_times,
)

# Its two fixed-step methods: implicit Euler, and Crank-Nicolson with staggered gates.
METHODS = {"NEURON": 0, "NEURON, secondorder": 2}


def main() -> None:
    """Forward runs of one cell and of many, all cells in one process and thread."""
    h.load_file("stdrun.hoc")
    h.celsius, h.dt = CELSIUS, DT
    context = h.ParallelContext()
    context.set_maxstep(10.0)

    def run():
        h.finitialize(START)
        context.psolve(DURATION)

    for batch in BATCHES:
        cells = [_cell() for _ in range(batch)]
        for model, order in METHODS.items():
            h.secondorder = order
            run()
            report("forward", model, shortest(run), batch, "float64")
            if batch == 1:
                trace = np.array(cells[0][2])[:STEPS]
                report_spikes(model, "float64", spike_times(DT * np.arange(STEPS), trace))


def _cell() -> tuple:
    section = h.Section()
    section.L, section.diam, section.cm = LENGTH, DIAMETER, 1.0
    section.insert("hh")
    section.ena, section.ek = E_NA, E_K
    section(0.5).hh.el = E_LEAK
    clamp = h.IClamp(section(0.5))
    clamp.delay, clamp.dur, clamp.amp = 0.0, 1e9, CURRENT_NA
    voltage = h.Vector().record(attrgetter("_ref_v")(section(0.5)))
    return section, clamp, voltage


if __name__ == "__main__":
    main()
