"""The likelihood of spikes given their intensity."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._numerics import exprel


@jax.jit
def point_process_log_likelihood(hazard: ArrayLike, spikes: ArrayLike, dt: ArrayLike) -> Array:
    r"""How likely spikes are under the intensity with which a model fires.

    $\log L = \sum_i \log \lambda(t_i) - \int \lambda\,\mathrm{d}t$.

    Between samples the logarithm of the hazard is taken to be linear, as it is where the
    voltage is in $\lambda = \lambda_0 e^{(v - \theta)/\Delta}$. In a step with a spike the
    hazard may jump there, as it does when the spike resets the neuron: up to the spike its
    logarithm goes on with the smaller of the slopes of the two steps before, and after it with
    that of the two steps that follow; where the two disagree in sign, where one has a spike or
    lies outside the run, it stands still. So the value is exact where the hazard is log-linear
    between knots at the samples, jumps at spikes, and has no knot within three steps of one,
    and of order 2 in dt where it is smooth between spikes. A hazard too small for a floating
    number counts as the smallest. Truccolo et al. 2005, doi:10.1152/jn.00697.2004

    **Arguments:** `hazard` (n,) per ms at t[k] = k dt, before a spike at that time; `spikes`,
    times in ms, padded with inf, at most one a step, such as `Trajectory.spike_times`; those
    outside the run are left out; `dt` in ms.

    **Returns:** the log-likelihood in nats, a scalar, differentiable in hazard and times.
    """
    real = jnp.result_type(float)
    hazard, spikes = jnp.asarray(hazard, real), jnp.ravel(jnp.asarray(spikes, real))
    fired, part = _by_step(spikes / dt, hazard.shape[0])
    log = jnp.log(jnp.maximum(hazard, jnp.finfo(real).tiny))
    # The last step has no sample at its end: it goes on as the one before.
    rise = jnp.where(fired[:-1], 0.0, jnp.diff(log))
    rise = jnp.concatenate([rise, rise[-1:]])
    following = jnp.concatenate([log[1:], log[-1:]])
    before = _smaller(_shifted(rise, 1), _shifted(rise, 2))
    after = _smaller(_shifted(rise, -1), _shifted(rise, -2))
    left = 1.0 - part
    split = part * jnp.exp(log) * exprel(part * before)
    split = split + left * jnp.exp(following) * exprel(-left * after)
    expected = jnp.where(fired, split, _mean(hazard, log, rise))
    return jnp.sum(jnp.where(fired, log + part * before, 0.0)) - dt * jnp.sum(expected)


def _mean(hazard: Array, log: Array, rise: Array) -> Array:
    """The mean hazard of each step: halfway where it comes from or falls to nothing."""
    end = jnp.concatenate([hazard[1:], hazard[-1:]])
    alive = (hazard > 0.0) & (end > 0.0)
    whole = jnp.exp(log) * exprel(jnp.where(alive, rise, 0.0))
    return jnp.where(alive, whole, 0.5 * (hazard + end))


def _shifted(values: Array, steps: int) -> Array:
    """What was `steps` steps before, 0 from outside the run."""
    padded = jnp.pad(values, (max(steps, 0), max(-steps, 0)))
    start = max(-steps, 0)
    return padded[start : start + values.shape[0]]


def _smaller(one: Array, other: Array) -> Array:
    """The one nearer to 0 of two numbers of the same sign, else 0."""
    smaller = jnp.where(jnp.abs(one) < jnp.abs(other), one, other)
    return jnp.where(one * other > 0.0, smaller, 0.0)


def _by_step(position: Array, count: int) -> tuple[Array, Array]:
    """Whether each of `count` steps has a spike, and at what part of it."""
    within = (position >= 0.0) & (position < count)
    step = jnp.where(within, jnp.floor(position), count)
    where = step.astype(int)
    fired = jnp.zeros(count, bool).at[where].set(True, mode="drop")
    part = jnp.where(within, position - step, 0.0)
    return fired, jnp.zeros(count, position.dtype).at[where].set(part, mode="drop")
