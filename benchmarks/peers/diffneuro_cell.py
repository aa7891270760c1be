"""The cell in diffneuro."""

from functools import partial

import jax
import jax.numpy as jnp

import diffneuro as dn

from ..measuring import batched, constant, dtype_name, fastest, mean_square, stacked, voltage
from .cell import BATCHES, DT, DURATION, START, report, report_spikes, spike_times


def main() -> None:
    """Forward and gradient, as in the other benchmarks."""
    model, current, dtype = dn.neurons.HodgkinHuxley(), constant("HH"), dtype_name()
    for batch in BATCHES:
        inputs = stacked(model, batch), current
        calls = {
            "forward": partial(batched(voltage, out_axes=1), *inputs),
            "gradient": partial(batched(jax.grad(mean_square)), *inputs),
        }
        for what, seconds in fastest(calls).items():
            report(what, "diffneuro", seconds, batch, dtype)
    at_start = dn.Membrane(jnp.asarray(START))
    gates = {name: channel.initial_state(at_start) for name, channel in model.channels.items()}
    state = dn.neurons.CellState(at_start.voltage, gates)
    run = dn.simulate(model, current, t1=DURATION, dt=DT, state=state)
    report_spikes("diffneuro", dtype, spike_times(run.t, run.y))


if __name__ == "__main__":
    main()
