"""The networks of Brette et al. 2007 in Brian2."""

import sys
import tempfile
import time
from pathlib import Path

import brian2 as b2  # pyright: ignore[reportMissingImports]
import numpy as np

from ..networks.wiring import DT, EXCITATORY_SHARE, start, wiring

CURRENT = """
dv/dt = (ge + gi - gl*(v - el))/c_m : volt (unless refractory)
dge/dt = -ge/(5*ms) : amp
dgi/dt = -gi/(10*ms) : amp
"""
CONDUCTANCE = """
dv/dt = (ge*(0*mV - v) + gi*(-80*mV - v) - gl*(v - el))/c_m : volt (unless refractory)
dge/dt = -ge/(5*ms) : siemens
dgi/dt = -gi/(10*ms) : siemens
"""
HODGKIN_HUXLEY = """
dv/dt = (gl*(el - v) + ge*(0*mV - v) + gi*(-80*mV - v)
    - g_na*m**3*h*(v - 50*mV) - g_kd*n**4*(v + 90*mV))/c_m : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dge/dt = -ge/(5*ms) : siemens
dgi/dt = -gi/(10*ms) : siemens
alpha_m = 0.32*4/exprel((13 - u)/4)/ms : Hz
beta_m = 0.28*5/exprel((u - 40)/5)/ms : Hz
alpha_h = 0.128*exp((17 - u)/18)/ms : Hz
beta_h = 4/(1 + exp((40 - u)/5))/ms : Hz
alpha_n = 0.032*5/exprel((15 - u)/5)/ms : Hz
beta_n = 0.5*exp((10 - u)/40)/ms : Hz
u = v/mV + 63 : 1
"""
CONSTANTS = {
    "c_m": 200 * b2.pF,
    "gl": 10 * b2.nS,
    "g_na": 20_000 * b2.nS,
    "g_kd": 6000 * b2.nS,
}
# (equations, options of the group, resting potential, unit of weights, the two weights)
FIRES = {"threshold": "v > -50*mV", "reset": "v = -60*mV", "refractory": 5 * b2.ms}
UPSTROKE = {"threshold": "v > -20*mV", "refractory": 3 * b2.ms}
NETWORKS = {
    "CUBA": (CURRENT, {**FIRES, "method": "exact"}, -49.0, b2.pA, (16.2, -90.0)),
    "COBA": (CONDUCTANCE, {**FIRES, "method": "exponential_euler"}, -60.0, b2.nS, (6.0, 67.0)),
    "COBAHH": (
        HODGKIN_HUXLEY,
        {**UPSTROKE, "method": "exponential_euler"},
        -60.0,
        b2.nS,
        (6.0, 67.0),
    ),
}


def main(name: str, seed: int, cells: int, duration: float, out: str) -> None:
    """Build and run; write spikes and times to `out`, the run's being the program's own."""
    equations, options, rest, unit, weights = NETWORKS[name]
    made, begun = wiring(seed, cells), start(name, seed, cells)
    with tempfile.TemporaryDirectory() as folder:
        b2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        b2.prefs.core.default_float_dtype = np.float64
        b2.defaultclock.dt = DT * b2.ms
        b2.seed(seed)
        group = b2.NeuronGroup(
            cells, equations, namespace={**CONSTANTS, "el": rest * b2.mV}, **options
        )
        group.v = begun.voltage * b2.mV
        group.ge = begun.excitatory * unit
        group.gi = begun.inhibitory * unit
        excites = made.sources < round(EXCITATORY_SHARE * cells)
        synapses = []
        for target, weight, which in zip(("ge", "gi"), weights, (excites, ~excites), strict=True):
            joined = b2.Synapses(
                group, group, on_pre=f"{target} += weight", namespace={"weight": weight * unit}
            )
            joined.connect(i=made.sources[which], j=made.targets[which])
            synapses.append(joined)
        monitor = b2.SpikeMonitor(group)
        network = b2.Network(group, *synapses, monitor)
        network.run(duration * b2.ms)
        began = time.perf_counter()
        b2.device.build(directory=folder, run=False, compile=True)
        compiling = time.perf_counter() - began
        running = []
        for _ in range(3):
            b2.device.run(folder)
            running.append(float(Path(folder, "results/last_run_info.txt").read_text().split()[0]))
        np.savez(
            out,
            cell=np.asarray(monitor.i),
            time=np.asarray(monitor.t / b2.ms),
            compiling=compiling,
            running=min(running),
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
