"""The leaky integrate-and-fire neuron in closed form."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ..neurons import LIF


def lif_voltage(model: LIF, current: ArrayLike, t: ArrayLike) -> Array:
    r"""The voltage of a `LIF` neuron under a current that is switched on at t = 0, at rest.

    $v(t) = v_\infty + (v_0 - v_\infty) e^{-(t - t_0)/\tau}$ with
    $v_\infty = E_L + I/g_L$ and $\tau = C/g_L$; at first $t_0 = 0$, $v_0 = E_L$, and after each
    spike, when the refractory time is over, $v_0 = V_r$.

    **Arguments:** `model`; `current` (pA), a scalar; `t` in ms, of any shape, none negative.

    **Returns:** mV, in the shape of `t`; differentiable in all three but at the spikes.
    """
    t = jnp.asarray(t, jnp.result_type(float))
    time_constant = model.capacitance / model.leak_conductance
    goal = _goal(model, current)
    first, period, spikes = _times(model, current)
    past = jnp.where(spikes & (t >= first), t - first, 0.0)
    phase = past - period * jnp.floor(past / period)
    released = jnp.maximum(phase - model.refractory_time, 0.0)
    at_rest = spikes & (t >= first)
    start = jnp.where(at_rest, model.reset_potential, model.leak_reversal)
    return goal + (start - goal) * jnp.exp(-jnp.where(at_rest, released, t) / time_constant)


def lif_spike_times(model: LIF, current: ArrayLike, *, max_spikes: int) -> Array:
    """The first spikes of a `LIF` neuron under a current that is switched on at t = 0, at rest.

    **Arguments:** `model`; `current` (pA), a scalar; `max_spikes`, how many times to return.

    **Returns:** (max_spikes,) ms; inf where the current is too weak. Differentiable.
    """
    first, period, spikes = _times(model, current)
    times = first + period * jnp.arange(max_spikes, dtype=period.dtype)
    return jnp.where(spikes, times, jnp.inf)


def lif_rate(model: LIF, current: ArrayLike) -> Array:
    r"""The firing rate of a `LIF` neuron under constant current.

    $1/r = t_r + \tau \log \frac{v_\infty - V_r}{v_\infty - \theta}$ with
    $v_\infty = E_L + I/g_L$ and $\tau = C/g_L$.

    **Arguments:** `model`; `current` (pA).

    **Returns:** Hz; 0 where the current is too weak. Differentiable but at the rheobase.
    """
    _, period, spikes = _times(model, current)
    return jnp.where(spikes, 1e3 / period, 0.0)


def _goal(model: LIF, current: ArrayLike) -> Array:
    return model.leak_reversal + current / model.leak_conductance


def _times(model: LIF, current: ArrayLike) -> tuple[Array, Array, Array]:
    """When the first spike comes, the period (both ms), and whether there are spikes at all."""
    goal = _goal(model, current)
    spikes = goal > model.threshold
    beyond = jnp.where(spikes, goal - model.threshold, 1.0)
    time_constant = model.capacitance / model.leak_conductance

    def climb(start):
        low = jnp.where(spikes, goal - jnp.minimum(start, model.threshold), 2.0)
        return time_constant * jnp.log(low / beyond)

    period = model.refractory_time + climb(model.reset_potential)
    return climb(model.leak_reversal), period, spikes
