"""Coloured noise."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

from ._sampled import Sampled


def ornstein_uhlenbeck(
    key: Array,
    *,
    duration: float,
    dt: float = 0.025,
    mean: ArrayLike = 0.0,
    standard_deviation: ArrayLike = 100.0,
    time_constant: ArrayLike = 3.0,
) -> Sampled:
    r"""One path of an Ornstein-Uhlenbeck process, exact at its samples.

    $\mathrm{d}I = -(I - \mu)\,\mathrm{d}t/\tau + \sigma\sqrt{2/\tau}\,\mathrm{d}W$, started
    from its stationary distribution (Uhlenbeck & Ornstein 1930, doi:10.1103/PhysRev.36.823).

    **Arguments:** `key`, which alone decides the path, on every device; `duration` and `dt`
    (ms); `mean` and `standard_deviation` (pA into a neuron); `time_constant` (ms).

    **Returns:** a `Sampled` stimulus with round(duration/dt) samples.

    **Raises:** `ValueError` when a time is not positive or `duration` is shorter than `dt`.
    """
    if not dt > 0:
        raise ValueError(f"dt={dt} ms must be positive.")
    if not isinstance(time_constant, Tracer) and not np.all(np.asarray(time_constant) > 0):
        raise ValueError(f"time_constant={time_constant} ms must be positive.")
    count = round(duration / dt)
    if count < 1:
        raise ValueError(f"duration={duration} ms is shorter than dt={dt} ms: make it longer.")
    return Sampled(_path(key, count, dt, mean, standard_deviation, time_constant), jnp.asarray(dt))


@eqx.filter_jit
def _path(key, count, dt, mean, standard_deviation, time_constant) -> Array:
    normals = jax.random.normal(key, (count,), jnp.result_type(float))
    decay = jnp.exp(-dt / time_constant)
    kicks = jnp.sqrt(1.0 - decay * decay) * normals[1:]

    def advance(value, kick):
        value = decay * value + kick
        return value, value

    _, rest = jax.lax.scan(advance, normals[0], kicks)
    return mean + standard_deviation * jnp.concatenate([normals[:1], rest])
