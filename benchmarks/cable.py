"""Speed of a cable, beside NEURON's and Jaxley's."""

import sys
import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

import diffneuro as dn

from .measuring import batched, dtype_name, stacked
from .peers.cable import (
    BATCHES,
    COUNT,
    CURRENT_NA,
    DIAMETER,
    DT,
    DURATION,
    ON_TREE,
    RESISTIVITY,
    STEP,
    STEPS,
    TREE,
    TREE_STEP,
    report,
    shortest,
)
from .processes import FLOAT64, ROOT, documents, printed_by
from .rows import Row, emit

THEIRS = str(ROOT / ".venv-peers" / "bin" / "python")
OURS = sys.executable, "-m", "benchmarks.cable"
# What is run, in this order, each in a process of its own.
RUNS: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    ((*OURS, "speed"), {}),
    ((THEIRS, "-m", "benchmarks.peers.neuron_cable"), {}),
    ((*OURS, "speed"), FLOAT64),
    ((THEIRS, "-m", "benchmarks.peers.jaxley_cable"), {}),
    ((*OURS, "first"), {}),
    ((*OURS, "first", "tree"), {}),
)


def squid() -> dict[str, Any]:
    """The channels of the squid."""
    return {
        "na": dn.channels.SquidSodium(),
        "k": dn.channels.SquidPotassium(),
        "leak": dn.channels.Leak(),
    }


def five_channels() -> dict[str, Any]:
    """The squid's and two slow ones, as in the comparison of voltages."""
    more = {
        "m": dn.channels.PospischilMTypePotassium(),
        "l": dn.channels.PospischilLTypeCalcium(),
    }
    return squid() | more


def cable(channels: dict[str, Any]) -> dn.neurons.Cable:
    """An unbranched cable of such a membrane."""
    shape = dn.morphology.cylinder(COUNT * STEP, DIAMETER / 2.0)
    compartments = dn.morphology.discretise(shape, dn.morphology.Count(COUNT))
    return dn.neurons.Cable(compartments, channels, axial_resistivity=RESISTIVITY)


def tree(channels: dict[str, Any]) -> dn.neurons.Cable:
    """A pyramidal cell of such a membrane, in about a thousand compartments."""
    rule = dn.morphology.MaximumLength(TREE_STEP)
    compartments = dn.morphology.discretise(dn.morphology.from_swc(TREE), rule)
    sites = {"soma": dn.morphology.Location("soma")}
    return dn.neurons.Cable(compartments, channels, axial_resistivity=RESISTIVITY, sites=sites)


def voltage(model: dn.neurons.Cable, current: jax.Array) -> jax.Array:
    """The recorded voltage at the place with the electrode, (steps,)."""
    return dn.simulate(model, current, t1=DURATION, dt=DT).y


def mean_square(model: dn.neurons.Cable, current: jax.Array) -> jax.Array:
    """A number whose gradient, by every parameter, radius and length, needs the whole run."""
    return jnp.mean(voltage(model, current) ** 2)


def speed() -> None:
    """Forward and gradient of one cable and of many, and of a tree where its file is."""
    current = jnp.full((STEPS,), 1e3 * CURRENT_NA)
    for batch in BATCHES:
        _time(cable(squid()), current, batch)
    if TREE.is_file():
        _time(tree(squid()), current, 1, ON_TREE)


def _time(model: dn.neurons.Cable, current: jax.Array, batch: int, label: str = "") -> None:
    inputs = stacked(model, batch), current
    count = int((~model.compartments.is_junction()).sum())
    calls = {
        "forward": partial(batched(voltage, out_axes=1), *inputs),
        "gradient": partial(batched(jax.grad(mean_square)), *inputs),
    }
    for what, call in calls.items():
        seconds = shortest(lambda call=call: jax.block_until_ready(call()))
        report(f"{what}{label}", "diffneuro", seconds, batch, dtype_name(), count)


def first(shape: str = "cable") -> None:
    """The first gradient call of this process, which must be a new one; five channels."""
    if shape == "tree" and not TREE.is_file():
        return
    model = {"cable": cable, "tree": tree}[shape](five_channels())
    label = ON_TREE if shape == "tree" else ""
    current = jnp.full((STEPS,), 1e3 * CURRENT_NA)
    gradient = jax.jit(jax.grad(mean_square))
    marks = [(time.perf_counter(), time.process_time())]
    lowered = gradient.lower(model, current)
    marks.append((time.perf_counter(), time.process_time()))
    compiled = lowered.compile()
    marks.append((time.perf_counter(), time.process_time()))
    jax.block_until_ready(compiled(model, current))
    marks.append((time.perf_counter(), time.process_time()))
    spent = {"trace and lower": (0, 1), "compile": (1, 2), "run": (2, 3), "gradient call": (0, 3)}
    for what, (begin, end) in spent.items():
        for clock, number in (("", 0), (", processor", 1)):
            seconds = marks[end][number] - marks[begin][number]
            name = f"first {what}{clock}{label}"
            emit([Row("cable", name, seconds, "s", "five channels", dtype=dtype_name())])


def main() -> None:
    """Ours and the peers', where they are installed."""
    for command, environment in RUNS:
        printed, problem = printed_by(command, environment)
        emit([Row(**document) for document in documents(printed)])
        if problem:
            print(f"{' '.join(command[2:])}: {problem}", file=sys.stderr)


if __name__ == "__main__":
    {"speed": speed, "first": first, "": main}[(sys.argv[1:] or [""])[0]](*sys.argv[2:])
