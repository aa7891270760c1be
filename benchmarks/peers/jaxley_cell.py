"""The cell in Jaxley."""

from functools import partial

import jax
import jax.numpy as jnp
import jaxley as jx  # pyright: ignore[reportMissingImports]
import numpy as np
from jaxley.channels import HH  # pyright: ignore[reportMissingImports]

from .cell import (
    BATCHES,
    CURRENT_NA,
    DIAMETER,
    DT,
    E_LEAK,
    LENGTH,
    START,
    STEPS,
    report,
    report_spikes,
    shortest,
    spike_times,
)

TRAINABLE = ("HH_gNa", "HH_gK", "HH_gLeak", "HH_eNa", "HH_eK", "HH_eLeak", "capacitance")
# Its own way to less memory: 40 chunks of 100 steps, of which only the ends are kept.
CHECKPOINTS = {"": None, "checkpointed": [40, 100]}


def main() -> None:
    """Forward and gradient by seven parameters, in its default precision."""
    cell = jx.Compartment()
    cell.insert(HH())
    cell.set("length", LENGTH)
    cell.set("radius", DIAMETER / 2)
    cell.set("HH_eLeak", E_LEAK)
    cell.set("v", START)
    cell.init_states(delta_t=DT)
    cell.record(verbose=False)
    cell.stimulate(CURRENT_NA * jnp.ones(STEPS), verbose=False)
    for name in TRAINABLE:
        cell.make_trainable(name, verbose=False)
    parameters = cell.get_parameters()
    cell.to_jax()

    def voltage(parameters, lengths=None):
        found = jx.integrate(cell, params=parameters, delta_t=DT, checkpoint_lengths=lengths)
        return found[0, :STEPS]

    for batch in BATCHES:
        many = jax.tree.map(lambda value, b=batch: jnp.full((b, *value.shape), value), parameters)
        _time(voltage, many, batch)
    run = np.asarray(jax.jit(voltage)(parameters))
    report_spikes("Jaxley", str(run.dtype), spike_times(DT * np.arange(STEPS), run))


def _time(voltage, many, batch: int) -> None:
    def loss(parameters, lengths):
        return jnp.mean(voltage(parameters, lengths) ** 2)

    functions = {"forward": (voltage, None)}
    for label, lengths in CHECKPOINTS.items():
        functions[f"gradient {label}".strip()] = (jax.grad(loss), lengths)
    for what, (function, lengths) in functions.items():
        call = jax.jit(jax.vmap(partial(function, lengths=lengths)))
        jax.block_until_ready(call(many))
        seconds = shortest(lambda call=call: jax.block_until_ready(call(many)))
        report(what, "Jaxley", seconds, batch, "float32")


if __name__ == "__main__":
    main()
