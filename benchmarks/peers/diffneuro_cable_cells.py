"""Our cells with a shape, against NEURON's."""

import sys
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import diffneuro as dn

from ..measuring import dtype_name
from ..processes import ROOT, documents, printed_by
from ..rows import Row, emit
from .cable_cells import (
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
)
from .cell import spike_times

NEURON = str(ROOT / ".venv-peers" / "bin" / "python"), "-m", "benchmarks.peers.neuron_cable_cells"
# S/cm2 to mS/cm2, nA to pA.
_THOUSAND = 1e3


def main() -> None:
    """The same method at the same step, in both simulators."""
    if not all(path.is_file() for path in FILES.values()):
        sys.exit("the folder of recordings is absent (DIFFNEURO_RECORDINGS)")
    printed, problem = printed_by(NEURON, {})
    cells = {"squid soma": squid_soma(), "five channels": five_channels()}
    for document in documents(printed):
        name, method, dt = document["cell"], METHODS[document["order"]], document["dt"]
        ours = _run(cells[name], CURRENT_NA[name], getattr(dn.solvers, method)(), dt)
        emit(_compared(name, method, dt, ours, np.array(document["v"])))
    if problem:
        sys.exit(f"NEURON: {problem}")


def _compared(name: str, method: str, dt: float, ours: NDArray, theirs: NDArray) -> Iterator[Row]:
    labels = {"model": method, "steps": round(DURATION / dt), "dtype": dtype_name()}
    for place, one, other in zip(("soma", "tip"), ours, theirs, strict=True):
        what = f"{name}, mean difference from NEURON, {place}"
        yield Row("cable", what, float(np.abs(one - other).mean()), "mV", **labels)
    t = dt * np.arange(theirs.shape[1])
    here, there = spike_times(t, ours[0]), spike_times(t, theirs[0])
    value, note = None, f"{name} has {len(here)} spikes, and NEURON's {len(there)}"
    if len(here) == len(there):
        value, note = max(abs(a - b) for a, b in zip(here, there, strict=True)), ""
    what = f"{name}, spike times, largest difference from NEURON"
    yield Row("cable", what, value, "ms", note=note, **labels)


def _run(
    cell: dn.neurons.Cable, current: float, solver: dn.solvers.AbstractSolver, dt: float
) -> NDArray:
    """(2, steps) mV, in the soma and in the tip."""
    settled = jax.vmap(lambda channel, v: channel.initial_state(dn.Membrane(v)), (None, 0))
    v = jnp.full(cell.compartments.count, START)
    equations = cell.prepared()
    gates = {
        name: settled(channel, v[slice(*dict(equations.spans)[name])])
        for name, channel in cell.channels.items()
    }

    def both(x, u):
        return cell.voltage_at(x, "soma"), cell.voltage_at(x, "tip")

    run = dn.simulate(
        cell,
        _THOUSAND * current,
        t1=DURATION,
        dt=dt,
        solver=solver,
        record=both,
        state=dn.neurons.CableState(v, gates),
    )
    return np.array(run.y)


def squid_soma() -> dn.neurons.Cable:
    """A pyramidal cell with the squid's channels in its soma and passive dendrites."""
    shape, compartments, tip = _read("squid soma")
    channels = {
        **_squid(SOMA_DENSITY),
        "passive": dn.channels.Leak(_THOUSAND * G_PASSIVE, E_PASSIVE),
    }
    regions = sorted({one.region for one in shape.sections} - {"soma"})
    where = {**dict.fromkeys(("na", "k", "leak"), "soma"), "passive": regions}
    return _cable(compartments, channels, where, tip)


def five_channels() -> dn.neurons.Cable:
    """An interneuron with sodium and three potassium channels' worth of currents, and calcium."""
    _, compartments, tip = _read("five channels")
    channels = {
        **_squid(1.0),
        "m": dn.channels.PospischilMTypePotassium(_THOUSAND * G_M, E_M, SLOWEST),
        "l": dn.channels.PospischilLTypeCalcium(_THOUSAND * G_L, E_L),
    }
    return _cable(compartments, channels, {"l": "dendrite"}, tip)


def _squid(density: float) -> dict[str, dn.AbstractChannel]:
    known = dn.channels.SquidSodium(), dn.channels.SquidPotassium(), dn.channels.Leak()
    names = ("na", "k", "leak")
    return {
        name: dn.replace(channel, {"g_max": density * float(channel.g_max)})
        for name, channel in zip(names, known, strict=True)
    }


def _read(name: str) -> tuple:
    """The shape of a file, its compartments, and the farthest place from its soma."""
    shape = dn.morphology.from_swc(FILES[name])
    rule = dn.morphology.DLambda(axial_resistivity=RESISTIVITY)
    ends = [dn.morphology.Location(one.name, 1.0) for one in shape.sections]
    soma = dn.morphology.Location("soma", 0.5)
    tip = max(ends, key=lambda end: dn.morphology.path_length(shape, soma, end))
    return shape, dn.morphology.discretise(shape, rule), tip


def _cable(compartments, channels, where, tip) -> dn.neurons.Cable:
    sites = {"soma": dn.morphology.Location("soma", 0.5), "tip": tip}
    return dn.neurons.Cable(
        compartments, channels, where, axial_resistivity=RESISTIVITY, sites=sites
    )


if __name__ == "__main__":
    main()
