"""Our runs of a network: how long, and which spikes."""

import sys
import time

import jax
import numpy as np

import diffneuro as dn

from .brette import experiment
from .wiring import DT

REPEATS = 3


def main(name: str, seed: int, cells: int, duration: float, how: str, out: str) -> None:
    """Run with spikes "on_grid" or "exact" and write spikes and times to `out`."""
    made = experiment(name, seed, cells)
    spikes = dn.spikes.OnGrid() if how == "on_grid" else dn.spikes.Exact()
    steps = round(duration / DT)

    def run(network, state):
        kept = dn.simulate(network, {}, t1=duration, dt=DT, state=state, spikes=spikes, every=steps)
        return kept.spike_times["cells"]

    began = time.perf_counter()
    program = jax.jit(run).lower(made.network, made.state).compile()
    compiling = time.perf_counter() - began
    running, times = [], None
    for _ in range(REPEATS):
        began = time.perf_counter()
        times = jax.block_until_ready(program(made.network, made.state))
        running.append(time.perf_counter() - began)
    step, cell = np.nonzero(np.isfinite(np.asarray(times)))
    np.savez(
        out,
        cell=cell,
        time=np.asarray(times)[step, cell],
        compiling=compiling,
        running=min(running),
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), *sys.argv[5:])
