"""How long a step of the Hodgkin-Huxley time loop takes.

Forward, gradient (reverse mode) and Jacobian (forward mode, eight tangents) of one run of
4,000 steps at dt 0.025 ms in float32, in ns per neuron and step: the smallest of several runs.
Prints a table and writes benchmarks/results/time_loop.json.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

import diffneuro as dn

STEPS, DT = 4000, 0.025
BATCHES = (1, 8, 64, 1024)
TANGENTS = 8
REPEATS = 7
RESULTS = Path(__file__).parent / "results" / "time_loop.json"


def mean_square(model: dn.AbstractModel, current: jax.Array) -> jax.Array:
    """A scalar of one run."""
    run = dn.simulate(model, current, t1=STEPS * DT, dt=DT)
    return jnp.mean(run.y**2)


def jacobian(model: dn.AbstractModel, current: jax.Array) -> jax.Array:
    """The voltage's derivatives along eight directions in the space of parameters."""

    def voltage(scale):
        scaled = jax.tree.map(lambda value: value * scale, model)
        return dn.simulate(scaled, current, t1=STEPS * DT, dt=DT).y

    def along(direction):
        return jax.jvp(voltage, (jnp.ones(()),), (direction,))[1]

    return jax.vmap(along)(jnp.linspace(0.5, 1.5, TANGENTS))


def batched(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of many models and one current, compiled."""
    return eqx.filter_jit(eqx.filter_vmap(function, in_axes=(eqx.if_array(0), None)))


def seconds(function: Callable[..., Any], *inputs: Any) -> tuple[float, float]:
    """The first call's time and the smallest of the later ones'."""
    started = time.perf_counter()
    jax.block_until_ready(function(*inputs))
    first = time.perf_counter() - started
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        jax.block_until_ready(function(*inputs))
        times.append(time.perf_counter() - started)
    return first, min(times)


def main() -> None:
    """Measure, print, write."""
    kinds = {"forward": mean_square, "gradient": eqx.filter_grad(mean_square), "jacobian": jacobian}
    current = jnp.full((STEPS,), 1000.0)
    rows = []
    print(f"{'batch':>6} {'what':10} {'ns/step':>9} {'x forward':>10} {'first call s':>13}")
    for batch in BATCHES:
        models = jax.tree.map(
            lambda value, batch=batch: jnp.broadcast_to(value, (batch, *value.shape)),
            dn.neurons.HodgkinHuxley(),
        )
        forward = 0.0
        for kind, function in kinds.items():
            first, best = seconds(batched(function), models, current)
            ns = best / STEPS / batch * 1e9
            forward = ns if kind == "forward" else forward
            rows.append({"batch": batch, "what": kind, "ns_per_step": ns, "first_call_s": first})
            print(f"{batch:6} {kind:10} {ns:9.1f} {ns / forward:10.2f} {first:13.2f}")
    document = {
        "format_version": 1,
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "device": jax.devices()[0].device_kind,
        },
        "versions": {name: version(name) for name in ("diffneuro", "jax", "jaxlib")},
        "steps": STEPS,
        "dtype": "float32",
        "rows": rows,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
