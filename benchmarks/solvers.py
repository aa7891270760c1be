"""Cost and error of the two exponential solvers."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import diffneuro as dn

from .measuring import (
    DT,
    STEPS,
    batched,
    constant,
    dtype_name,
    fastest,
    mean_square,
    per_step,
    stacked,
    voltage,
)
from .rows import Row, emit

SOLVERS = {
    "Staggered": dn.solvers.Staggered(),
    "ExponentialEuler": dn.solvers.ExponentialEuler(),
}
# Hz at uA/cm2 once the rate has settled, and ms of the rises through 0 mV under 10 uA/cm2 from
# 100 to 200 ms and 35 from 300 to 400: LSODA at a relative tolerance of 1e-10.
FIRING_RATES = {7: 58.33, 10: 68.32, 20: 86.47, 50: 117.04}
SLOW = {"first": 101.901, "second": 116.823, "third": 131.472, "last": 190.018}
FAST = {"first": 300.929, "last": 397.997}


def main() -> None:
    """Cost first, while the process is young."""
    for batch in (1, 64):
        emit(_cost(batch))
    for name, solver in SOLVERS.items():
        emit(_errors(name, solver))


def _cost(batch: int) -> Iterator[Row]:
    inputs = stacked(dn.neurons.HodgkinHuxley(), batch), constant("HH")
    labels: dict[str, Any] = {"batch": batch, "steps": STEPS, "dtype": dtype_name()}
    for what, function, options in (
        ("forward", voltage, {"out_axes": 1}),
        ("gradient", jax.grad(mean_square), {}),
    ):
        best = fastest(
            {
                name: partial(batched(partial(function, solver=solver), **options), *inputs)
                for name, solver in SOLVERS.items()
            }
        )
        for name, seconds in best.items():
            value = per_step(seconds, batch)
            yield Row("solvers", f"{name}, {what}", value, "ns/step", **labels)
        ratio = best["Staggered"] / best["ExponentialEuler"]
        yield Row("solvers", f"Staggered over ExponentialEuler, {what}", ratio, "x", **labels)


def _errors(name: str, solver: Any) -> Iterator[Row]:
    dtype = dtype_name()
    errors = {f"{name}, rate at {i} uA/cm2": (e, "% error") for i, e in _rates(solver).items()}
    errors |= {f"{name}, {spike}": (e, "ms error") for spike, e in _spikes(solver).items()}
    for what, (value, unit) in errors.items():
        yield Row("solvers", what, value, unit, steps=0, dtype=dtype)


def _rates(solver: Any) -> dict[int, float]:
    """Error of the settled firing rate at each current, in per cent."""

    def run(current):
        return dn.simulate(dn.neurons.HodgkinHuxley(), current, t1=350.0, dt=DT, solver=solver).y

    traces = jax.jit(jax.vmap(run))(jnp.array([100.0 * current for current in FIRING_RATES]))
    errors = {}
    for (current, wanted), trace in zip(FIRING_RATES.items(), np.asarray(traces), strict=True):
        settled = _crossings(trace)
        settled = settled[settled > 150.0]
        rate = 1000.0 * (len(settled) - 1) / (settled[-1] - settled[0])
        errors[current] = 100.0 * abs(rate / wanted - 1.0)
    return errors


def _spikes(solver: Any) -> dict[str, float]:
    """Error of spike times under two steps of current, in ms."""
    steps = dn.stimuli.Step(1000.0, 100.0, 200.0) + dn.stimuli.Step(3500.0, 300.0, 400.0)
    simulate: Callable[..., Any] = partial(dn.simulate, dn.neurons.HodgkinHuxley(), steps)
    times = _crossings(np.asarray(simulate(t1=400.0, dt=DT, solver=solver).y))
    slow, fast = times[times < 250.0], times[times > 250.0]
    found = dict(zip(SLOW, [*slow[:3], slow[-1]], strict=True))
    errors = {f"{k} spike at 10 uA/cm2": abs(found[k] - SLOW[k]) for k in SLOW}
    late = dict(zip(FAST, [fast[0], fast[-1]], strict=True))
    return errors | {f"{k} spike at 35 uA/cm2": abs(late[k] - FAST[k]) for k in FAST}


def _crossings(trace: np.ndarray) -> np.ndarray:
    return dn.analysis.recorded_spike_times(DT * np.arange(len(trace)), trace, 0.0)


if __name__ == "__main__":
    main()
