"""The smallest current that makes a neuron fire."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractModel
from .._simulate import simulate
from ..solvers import AbstractSolver
from ._spike_times import spike_times

# A batch of this width costs hardly more than one run.
_LANES = 16


def rheobase(
    model: AbstractModel,
    *,
    duration: float = 1000.0,
    currents: tuple[float, float] = (0.0, 1000.0),
    precision: float = 1e-4,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> float:
    """The smallest step of current, from rest, with which a neuron fires at least once.

    Sixteen runs side by side narrow the range of currents to a seventeenth, again and again.
    A neuron close to a saddle-node fires late, so a short step asks for more current.

    **Arguments:** `model`; `duration` of the step, ms; `currents`, the range to look in, pA;
    `precision`, how narrow it shall become, as a share of itself; `threshold` (mV), whose
    upward crossings are the spikes of a neuron without a threshold of its own; `dt` and
    `solver` as in `simulate`.

    **Returns:** pA; with this current it fires, with less by `precision` it does not.

    **Raises:** `ValueError` for bad times, a bad range, and where the neuron fires at both of
    its ends or at neither.
    """
    low, high = map(float, currents)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"currents={currents} pA must be two numbers, the smaller one first.")
    if not 1e-6 <= precision < 1.0:
        raise ValueError(f"precision={precision} must be a share, from 1e-6 to below 1.")
    wanted = precision * (high - low)

    def fires(tried):
        return np.asarray(_fires(model, jnp.asarray(tried), duration, threshold, dt, solver))

    tried = np.linspace(low, high, _LANES)
    fired = fires(tried)
    if fired[0]:
        raise ValueError(f"the neuron fires at {low:g} pA already: begin `currents` lower.")
    if not fired.any():
        raise ValueError(
            f"the neuron does not fire at {high:g} pA within {duration:g} ms: end `currents` "
            f"higher, give a longer duration, or a threshold below {threshold:g} mV."
        )
    while True:
        first = int(np.argmax(fired))
        low, high = (tried[first - 1] if first else low), tried[first]
        if high - low <= wanted:
            return float(high)
        # The upper end is known to make it fire.
        tried = np.linspace(low, high, _LANES + 2)[1:]
        fired = np.append(fires(tried[:-1]), True)


@eqx.filter_jit
def _fires(model, currents: Array, duration, threshold, dt, solver) -> Array:
    def count(current):
        run = simulate(model, current, t1=duration, dt=dt, solver=solver)
        return spike_times(run, max_spikes=1, threshold=threshold)[1]

    return jax.vmap(count)(currents) > 0
