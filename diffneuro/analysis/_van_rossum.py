"""The van Rossum distance of two spike trains."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


@jax.jit
def van_rossum(first: ArrayLike, second: ArrayLike, *, time_constant: ArrayLike = 10.0) -> Array:
    r"""The squared difference of two spike trains, each spike leaving an exponential trace.

    $D = \frac{1}{\tau} \int (f - g)^2\,\mathrm{d}t$ with the traces
    $f(t) = \sum_{t_i < t} e^{-(t - t_i)/\tau}$ and g, in closed form
    $\frac12 \left[\sum_{ij} e^{-|t_i - t_j|/\tau} + \sum_{ij} e^{-|s_i - s_j|/\tau}
    - 2 \sum_{ij} e^{-|t_i - s_j|/\tau}\right]$. A spike too many costs 1/2, a spike in quite
    another place 1. Differentiable in the times; where two coincide, with the mean of the
    derivatives on either side. Time and memory grow with the square of the number of spikes.
    The paper calls this $D^2$; the package elephant returns $\sqrt{2 D}$.
    van Rossum 2001, doi:10.1162/089976601300014321

    **Arguments:** spike times (m,) and (k,) in ms, padded with inf; `time_constant` (ms).

    **Returns:** the distance, a scalar, 0 for equal trains.
    """
    real = jnp.result_type(float)
    first, second = jnp.asarray(first, real), jnp.asarray(second, real)
    times = jnp.concatenate([first, second])
    signs = jnp.concatenate([jnp.ones_like(first), -jnp.ones_like(second)])
    there = jnp.isfinite(times)
    times, signs = jnp.where(there, times, 0.0), jnp.where(there, signs, 0.0)
    overlap = jnp.exp(-jnp.abs(times[:, None] - times[None, :]) / time_constant)
    # Of equal trains rounding leaves a little, which may be negative.
    return jnp.maximum(0.5 * signs @ overlap @ signs, 0.0)
