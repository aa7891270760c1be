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
import jax.numpy as jnp  # noqa: E402

import diffneuro as dn  # noqa: E402

from .measuring import batched, constant, dtype_name, fastest, mean_square, voltage  # noqa: E402
from .rows import Row, emit  # noqa: E402

RUNS, TILE, STEPS = 4096, 128, 2000


def main() -> None:
    """Forward (the number of spikes kept) and gradient, a tile of lanes at a time."""
    if sys.platform != "linux":
        note = "not measured: this system does not bind a process to cores"
        emit([Row("cores", _name("forward"), None, "s", batch=RUNS, steps=STEPS, note=note)])
        return
    model = dn.neurons.HodgkinHuxley()
    scales = jnp.linspace(0.9, 1.1, RUNS).reshape(-1, TILE)
    tiles = [jax.tree.map(lambda value, s=s: value * s, model) for s in scales]
    current = constant("HH", STEPS)
    with ThreadPoolExecutor(CORES) as pool:

        def all_tiles(function: Callable[..., Any]) -> Callable[[], Any]:
            compiled = batched(function)
            jax.block_until_ready(compiled(tiles[0], current))

            def one(tile):
                return jax.block_until_ready(compiled(tile, current))

            return lambda: list(pool.map(one, tiles))

        calls = {"forward": all_tiles(spike_count), "gradient": all_tiles(jax.grad(mean_square))}
        best = fastest(calls, budget=3.0)
    emit(
        Row("cores", _name(what), value, "s", batch=RUNS, steps=STEPS, dtype=dtype_name())
        for what, value in best.items()
    )


def spike_count(model: dn.AbstractModel, current: jax.Array) -> jax.Array:
    """How often the voltage rises through -20 mV."""
    v = voltage(model, current)
    return jnp.sum((v[:-1] < -20.0) & (v[1:] >= -20.0))


def _name(what: str) -> str:
    return f"{what} of {RUNS} runs, {CORES} core{'s' if CORES > 1 else ''}"


if __name__ == "__main__":
    main()
