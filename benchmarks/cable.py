"""Speed of a cable, beside NEURON's."""

import sys
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
    RESISTIVITY,
    STEP,
    STEPS,
    report,
    shortest,
)
from .processes import ROOT, documents, printed_by
from .rows import Row, emit

NEURON = str(ROOT / ".venv-peers" / "bin" / "python"), "-m", "benchmarks.peers.neuron_cable"


def squid_cable() -> dn.neurons.Cable:
    """An unbranched cable of squid membrane."""
    shape = dn.morphology.cylinder(COUNT * STEP, DIAMETER / 2.0)
    channels: dict[str, Any] = {
        "na": dn.channels.SquidSodium(),
        "k": dn.channels.SquidPotassium(),
        "leak": dn.channels.Leak(),
    }
    compartments = dn.morphology.discretise(shape, dn.morphology.Count(COUNT))
    return dn.neurons.Cable(compartments, channels, axial_resistivity=RESISTIVITY)


def voltage(model: dn.neurons.Cable, current: jax.Array) -> jax.Array:
    """The recorded voltage at the end with the electrode, (steps,)."""
    return dn.simulate(model, current, t1=DURATION, dt=DT).y


def mean_square(model: dn.neurons.Cable, current: jax.Array) -> jax.Array:
    """A number whose gradient, by every parameter, radius and length, needs the whole run."""
    return jnp.mean(voltage(model, current) ** 2)


def main() -> None:
    """Ours first, then NEURON's where it is installed."""
    model, current = squid_cable(), jnp.full((STEPS,), 1e3 * CURRENT_NA)
    for batch in BATCHES:
        inputs = stacked(model, batch), current
        calls = {
            "forward": partial(batched(voltage, out_axes=1), *inputs),
            "gradient": partial(batched(jax.grad(mean_square)), *inputs),
        }
        for what, call in calls.items():
            seconds = shortest(lambda call=call: jax.block_until_ready(call()))
            report(what, "diffneuro", seconds, batch, dtype_name())
    printed, problem = printed_by(NEURON, {})
    emit([Row(**document) for document in documents(printed)])
    if problem:
        print(f"NEURON: {problem}", file=sys.stderr)


if __name__ == "__main__":
    main()
