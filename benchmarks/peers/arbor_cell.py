"""The cell in Arbor."""

import time

import arbor  # pyright: ignore[reportMissingImports]
import numpy as np
from arbor import units as u  # pyright: ignore[reportMissingImports]

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
    report,
    report_spikes,
    spike_times,
)


class Cells(arbor.recipe):
    """`count` of the cell, none connected, the voltage of each probed."""

    def __init__(self, count):
        arbor.recipe.__init__(self)
        self.count = count
        self.properties = arbor.neuron_cable_properties()

    def num_cells(self):
        """How many."""
        return self.count

    def cell_kind(self, gid):
        """Cells with a morphology, of one compartment here."""
        return arbor.cell_kind.cable

    def global_properties(self, kind):
        """NEURON's defaults; what differs is set on the cell."""
        return self.properties

    def probes(self, gid):
        """The voltage in the middle."""
        return [arbor.cable_probe_membrane_voltage("(location 0 0.5)", "v")]

    def cell_description(self, gid):
        """The cylinder with its channels and its electrode."""
        tree = arbor.segment_tree()
        ends = [arbor.mpoint(x, 0, 0, DIAMETER / 2) for x in (-LENGTH / 2, LENGTH / 2)]
        tree.append(arbor.mnpos, *ends, tag=1)
        decor = arbor.decor()
        decor.set_property(
            Vm=START * u.mV, cm=0.01 * u.F / u.m2, tempK=(CELSIUS + 273.15) * u.Kelvin
        )
        decor.set_ion("na", rev_pot=E_NA * u.mV)
        decor.set_ion("k", rev_pot=E_K * u.mV)
        decor.paint("(all)", arbor.density("hh", {"el": E_LEAK}))
        decor.place("(location 0 0.5)", arbor.i_clamp(CURRENT_NA * u.nA))
        return arbor.cable_cell(tree, decor, None, arbor.cv_policy_single())


def main() -> None:
    """Forward runs in one thread; a new simulation each time, made outside the timing."""
    for batch in BATCHES:
        seconds = min(_run(batch)[0] for _ in range(5))
        report("forward", "Arbor", seconds, batch, "float64")
    samples = _run(1)[1]
    report_spikes("Arbor", "float64", spike_times(samples[:, 0], samples[:, 1]))


def _run(batch: int) -> tuple[float, np.ndarray]:
    """Seconds, and the first cell's times and voltages."""
    simulation = arbor.simulation(Cells(batch), arbor.context(threads=1))
    schedule = arbor.regular_schedule(DT * u.ms)
    probes = [simulation.sample((gid, "v"), schedule) for gid in range(batch)]
    started = time.perf_counter()
    simulation.run(DURATION * u.ms, DT * u.ms)
    seconds = time.perf_counter() - started
    return seconds, np.asarray(simulation.samples(probes[0])[0][0])


if __name__ == "__main__":
    main()
