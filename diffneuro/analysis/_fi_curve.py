"""Firing rate against current."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from .._model import AbstractModel, AbstractSpikingModel
from .._simulate import simulate
from ..solvers import AbstractSolver
from ._dynamics import check_neuron, input_unit
from ._spike_times import first_spike_times, recorded_spike_times

# Wide enough to fill the processor, narrow enough to keep the traces of a tile small.
_LANES = 64


@dataclasses.dataclass(frozen=True)
class FICurve:
    """How a neuron fires under k steps of current."""

    current: NDArray
    """(k,) in `unit`"""
    steady_rate: NDArray
    """(k,) Hz, of the mean interval once the firing has settled; 0 below two spikes there"""
    first_rate: NDArray
    """(k,) Hz, of the first interval; 0 below two spikes"""
    latency: NDArray
    """(k,) ms from the step to the first spike, NaN where there is none"""
    spikes: tuple[NDArray, ...]
    """the spike times of each step, ms"""
    unit: str
    """of the current: pA, or 1 for a model of pure numbers"""


def fi_curve(
    model: AbstractModel,
    currents: ArrayLike,
    *,
    t1: float = 1000.0,
    settled: float | None = None,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> FICurve:
    """The f-I curve: rates under steps of current that begin at rest at t = 0.

    Plain numbers; for derivatives by current or parameters see `steady_rate`.

    **Arguments:** `model`; `currents` (k,), pA; `t1`, the length of each step, ms; `settled`,
    from when on the rate counts as steady, ms, by default the second half; `threshold` (mV),
    whose upward crossings are the spikes of a neuron without a threshold of its own; `dt` and
    `solver` as in `simulate`.

    **Returns:** an `FICurve`.

    **Raises:** `ValueError` for bad times, currents of the wrong shape, and as `simulate`.
    """
    check_neuron(model)
    steps = np.asarray(currents, float)
    if steps.ndim != 1 or not steps.size or not np.isfinite(steps).all():
        raise ValueError(
            f"currents have shape {steps.shape}: give one row of finite numbers (pA), such as "
            "np.linspace(0.0, 1000.0, 21)."
        )
    settled = _settled(settled, t1)
    trains = [
        times
        for first in range(0, steps.size, _LANES)
        for times in _trains(model, steps[first : first + _LANES], t1, threshold, dt, solver)
    ]
    return FICurve(
        current=steps,
        steady_rate=np.array([_rate(times[times >= settled]) for times in trains]),
        first_rate=np.array([_rate(times[:2]) for times in trains]),
        latency=np.array([times[0] if times.size else np.nan for times in trains]),
        spikes=tuple(trains),
        unit=input_unit(model),
    )


def steady_rate(
    model: AbstractModel,
    current: Any,
    *,
    t1: float = 1000.0,
    settled: float | None = None,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> Array:
    """The rate of settled firing under a step of current, with its derivatives.

    The gain of a neuron is its derivative by the current, `jax.grad(steady_rate, argnums=1)`;
    `jax.jacfwd` gives it by every parameter. The spike times behind it are off the grid.

    **Arguments:** as in `fi_curve`, but `current` is one number, pA.

    **Returns:** Hz, of the mean interval from `settled` on; 0 below two spikes there.

    **Raises:** `ValueError` for bad times, and as `simulate`.
    """
    settled = _settled(settled, t1)
    # At 1,000 Hz this is all of them.
    run = simulate(model, current, t1=t1, dt=dt, solver=solver)
    times, _ = first_spike_times(run, max(2, round(t1)), threshold)
    counted = (times >= settled) & jnp.isfinite(times)
    first = jnp.min(jnp.where(counted, times, jnp.inf))
    last = jnp.max(jnp.where(counted, times, -jnp.inf))
    fires = last > first
    span = jnp.where(fires, last - first, 1.0)
    return jnp.where(fires, 1e3 * (jnp.sum(counted) - 1) / span, 0.0)


def _settled(settled: float | None, t1: float) -> float:
    settled = 0.5 * t1 if settled is None else settled
    if not 0.0 <= settled < t1:
        raise ValueError(f"settled={settled} ms must lie within the step, from 0 to t1={t1} ms.")
    return settled


def _rate(times: NDArray) -> float:
    return 1e3 * (times.size - 1) / (times[-1] - times[0]) if times.size > 1 else 0.0


def _trains(model, currents: NDArray, t1, threshold, dt, solver) -> list[NDArray]:
    t, traces = _runs(model, jnp.asarray(currents), t1, dt, solver)
    traces = np.asarray(traces, float)
    if isinstance(model, AbstractSpikingModel):
        return [times[np.isfinite(times)] for times in traces]
    for current, voltage in zip(currents, traces, strict=True):
        if not np.isfinite(voltage).all():
            raise ValueError(f"the run under {current:g} pA diverged: take a smaller dt.")
    return [recorded_spike_times(np.asarray(t), voltage, threshold) for voltage in traces]


@eqx.filter_jit
def _runs(model, currents: Array, t1, dt, solver) -> tuple[Array, Array]:
    """The times, and the spike times of a spiking model or the voltages of another."""

    def one(current):
        run = simulate(model, current, t1=t1, dt=dt, solver=solver)
        return run.t, run.y if run.spike_times is None else run.spike_times

    return jax.vmap(one, out_axes=(None, 0))(currents)
