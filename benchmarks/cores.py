"""A batch of 4,096 runs on so many cores."""

import os
import sys

# Before JAX starts its threads, so that they stay on these cores as well.
CORES = int(sys.argv[1]) if len(sys.argv) > 1 else 1
if sys.platform == "linux":
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])

from collections.abc import Callable  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from typing import Any  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402

import diffneuro as dn  # noqa: E402

from .measuring import CURRENTS, DT, batched, constant, fastest, mean_square  # noqa: E402
from .rows import Row, emit  # noqa: E402

RUNS, TILE = 4096, 128
STEPS = {"sweep": 4000, "gradient": 1000}
CONDUCTANCES = np.linspace(108.0, 132.0, RUNS)


def main() -> None:
    """A sweep that keeps the number of spikes, and gradients by a thread for each core."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < CORES:
        note = f"not measured: no {CORES} cores that this process could be bound to"
        for what in STEPS:
            emit([_row(what, None, note)])
        return
    calls = {"sweep": _sweep}
    with ThreadPoolExecutor(CORES) as pool:
        calls["gradient"] = _gradients(pool)
        for what, call in calls.items():
            emit([_row(what, fastest({what: call}, budget=3.0)[what])])


def _sweep() -> Any:
    return dn.sweep(
        dn.neurons.HodgkinHuxley(),
        {"channels.na.g_max": CONDUCTANCES},
        CURRENTS["HH"],
        t1=STEPS["sweep"] * DT,
        dt=DT,
        measure=dn.sweeps.spike_count(),
        progress=False,
    )


def _gradients(pool: ThreadPoolExecutor) -> Callable[[], Any]:
    current = constant("HH", STEPS["gradient"])
    call = batched(jax.grad(mean_square))
    scales = np.linspace(0.9, 1.1, RUNS, dtype=np.float32).reshape(-1, TILE)
    cell = dn.neurons.HodgkinHuxley()
    tiles = [jax.tree.map(lambda value, s=s: value * s, cell) for s in scales]

    def one(tile):
        return jax.block_until_ready(call(tile, current))

    return lambda: list(pool.map(one, tiles))


def _row(what: str, seconds: float | None, note: str = "") -> Row:
    name = f"{what} of {RUNS} runs, {CORES} core{'s' if CORES > 1 else ''}"
    return Row("cores", name, seconds, "s", batch=RUNS, steps=STEPS[what], note=note)


if __name__ == "__main__":
    main()
