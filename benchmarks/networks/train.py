"""A spiking network trained by surrogate gradient, timed."""

import json
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import diffneuro as dn
from diffneuro.networks import Dense, Network, Population, Projection, Source
from diffneuro.synapses import ExponentialCurrent

from .task import BATCH, DT, GROUPS, HIDDEN, INPUTS, RATE, STEPS, TEST_BATCHES, UPDATES, samples

SPIKES = dn.spikes.OnGrid(dn.spikes.Surrogate(width=5.0))
# What a voltage beyond rest counts as evidence, per mV.
_EVIDENCE = 0.3


def network(seed: int = 0) -> Network:
    """Inputs, a hidden layer and a readout whose threshold is out of reach; none recurrent."""
    random = np.random.default_rng(seed)
    neuron = dn.neurons.LIF(refractory_time=0.0, reset_potential=-70.0)
    readout = dn.neurons.LIF(refractory_time=0.0, reset_potential=-70.0, threshold=1e6)
    populations = {
        "input": Source(INPUTS),
        "hidden": Population(neuron, HIDDEN),
        "output": Population(readout, GROUPS),
    }
    into = random.normal(0.0, 4000.0 / np.sqrt(INPUTS), (HIDDEN, INPUTS))
    out = random.normal(0.0, 1000.0 / np.sqrt(HIDDEN), (GROUPS, HIDDEN))
    synapse = ExponentialCurrent(5.0)
    projections = {
        "into": Projection("input", "hidden", Dense(into), synapse, delay=DT),
        "out": Projection("hidden", "output", Dense(out), synapse, delay=DT),
    }
    return Network(populations, projections)


def evidence(net: Network, raster: jax.Array) -> jax.Array:
    """(GROUPS,) logits of one trial: the readout's mean voltages."""
    run = dn.simulate(
        net,
        {"input": raster},
        t1=STEPS * DT,
        dt=DT,
        spikes=SPIKES,
        record=lambda x, u: net.voltages("output", x),
        # The states of 200 steps fit the memory, and nothing is then computed twice.
        adjoint=dn.adjoints.StoreAll(),
    )
    return _EVIDENCE * (jnp.mean(run.y, 0) + 70.0)


def weights(net: Network) -> dict[str, jax.Array]:
    """What is trained, by its name in the network."""
    return {name: value for name, (value, _) in dn.parameters(net).items() if "weights" in name}


def loss(values: dict[str, jax.Array], net: Network, rasters: jax.Array, labels: jax.Array) -> Any:
    """The mean cross-entropy of a batch, and the share that is right."""
    logits = jax.vmap(lambda raster: evidence(dn.replace(net, values), raster))(rasters)
    right = jnp.mean(jnp.argmax(logits, 1) == labels)
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels)), right


def main() -> None:
    """Train on fresh samples, test on others, and print one JSON line."""
    random, net = np.random.default_rng(1), network()
    # Weights are some hundred pA, and Adam moves each number by the rate.
    optimiser = optax.adam(RATE * 1000.0)
    values = weights(net)
    state = optimiser.init(values)

    @jax.jit
    def update(values, state, rasters, labels):
        (_, right), slope = jax.value_and_grad(loss, has_aux=True)(values, net, rasters, labels)
        change, state = optimiser.update(slope, state)
        return optax.apply_updates(values, change), state, right

    began = time.perf_counter()
    program = update.lower(values, state, *samples(random, BATCH)).compile()
    compiling = time.perf_counter() - began
    times, processor, curve = [], [], []
    for _ in range(UPDATES):
        batch = samples(random, BATCH)
        began, used = time.perf_counter(), time.process_time()
        values, state, right = jax.block_until_ready(program(values, state, *batch))
        times.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
        curve.append(float(right))
    judge = jax.jit(loss)
    right = [float(judge(values, net, *samples(random, BATCH))[1]) for _ in range(TEST_BATCHES)]
    found = {
        "accuracy": float(np.mean(right)),
        "updates": UPDATES,
        "compiling": compiling,
        "per_update": float(np.min(times)),
        "per_update_median": float(np.median(times)),
        "processor_per_update": min(processor),
        "curve": curve[:: UPDATES // 10],
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
