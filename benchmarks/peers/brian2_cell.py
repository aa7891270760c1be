"""The cell in Brian2, compiled as a C++ program."""

import sys
import tempfile
from pathlib import Path

import brian2 as b2  # pyright: ignore[reportMissingImports]
import numpy as np

from .cell import (
    CURRENT_NA,
    DT,
    DURATION,
    E_K,
    E_LEAK,
    E_NA,
    G_K,
    G_LEAK,
    G_NA,
    START,
    STEPS,
    report,
    report_spikes,
    spike_times,
)

AREA_CM2 = 1e-4
EQUATIONS = """
dv/dt = (i_density - g_na*m**3*h*(v - e_na) - g_k*n**4*(v - e_k) - g_leak*(v - e_leak))/c_m : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
alpha_m = 1/exprel(-(v/mV + 40)/10)/ms : Hz
beta_m = 4*exp(-(v/mV + 65)/18)/ms : Hz
alpha_h = 0.07*exp(-(v/mV + 65)/20)/ms : Hz
beta_h = 1/(1 + exp(-(v/mV + 35)/10))/ms : Hz
alpha_n = 0.1/exprel(-(v/mV + 55)/10)/ms : Hz
beta_n = 0.125*exp(-(v/mV + 65)/80)/ms : Hz
"""
SIEMENS_CM2 = b2.siemens / b2.cm**2
CONSTANTS = {
    "g_na": G_NA * SIEMENS_CM2,
    "g_k": G_K * SIEMENS_CM2,
    "g_leak": G_LEAK * SIEMENS_CM2,
    "e_na": E_NA * b2.mV,
    "e_k": E_K * b2.mV,
    "e_leak": E_LEAK * b2.mV,
    "c_m": 1.0 * b2.uF / b2.cm**2,
    "i_density": CURRENT_NA * b2.nA / (AREA_CM2 * b2.cm**2),
}


def main(batch: int) -> None:
    """Build and run by its exponential Euler; the time is the program's own of its loop."""
    with tempfile.TemporaryDirectory() as folder:
        b2.set_device("cpp_standalone", build_on_run=False, directory=folder)
        b2.defaultclock.dt = DT * b2.ms
        cells = b2.NeuronGroup(batch, EQUATIONS, method="exponential_euler", namespace=CONSTANTS)
        cells.v = START * b2.mV
        for gate in "mhn":
            setattr(cells, gate, f"alpha_{gate}/(alpha_{gate} + beta_{gate})")
        monitor = b2.StateMonitor(cells, "v", record=True)
        b2.run(DURATION * b2.ms)
        b2.device.build(directory=folder, run=False, compile=True)
        times = []
        for _ in range(5):
            b2.device.run(folder)
            times.append(float(Path(folder, "results/last_run_info.txt").read_text().split()[0]))
        report("forward", "Brian2", min(times), batch, "float64", "C++ standalone")
        if batch == 1:
            trace = np.asarray(monitor.v[0] / b2.mV)[:STEPS]
            report_spikes("Brian2", "float64", spike_times(DT * np.arange(STEPS), trace))


if __name__ == "__main__":
    main(int(sys.argv[1]))
