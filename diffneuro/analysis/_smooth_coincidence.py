"""The coincidence factor with a gradient."""

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


@jax.jit
def smooth_coincidence(
    recorded: ArrayLike, model: ArrayLike, *, duration: ArrayLike, window: ArrayLike = 4.0
) -> Array:
    r"""`coincidence` with a Gaussian in the place of the window, differentiable in the times.

    $\Gamma = \frac{\langle d, m \rangle - 2 \nu \Delta N_d}
    {\frac12 (\langle d, d \rangle + \langle m, m \rangle) - 2 \nu \Delta \frac12 (N_d + N_m)}$
    with $\langle x, y \rangle = \sum_{ij} K(x_i - y_j)$ over all pairs and
    $K(s) = e^{-\pi s^2/(2\Delta)^2}$, which has the window's area $2\Delta$, so that chance is
    the same; $\nu$ is the model's rate. With intervals longer than the window
    $\langle x, x \rangle$ is the number of spikes, and this is the formula of `coincidence`.
    Kistler, Gerstner & van Hemmen 1997, doi:10.1162/neco.1997.9.5.1015; the products of trains
    in the place of counts as in Schreiber et al. 2003, doi:10.1016/S0925-2312(02)00838-X

    **Arguments:** spike times (m,) and (k,) in ms, padded with inf; `duration` of the sweep
    and half-width `window`, ms.

    **Returns:** the factor, a scalar: 1 for equal trains, two silent ones included; 0 where
    only one is silent; NaN where the model spikes so often that chance explains everything.
    """
    real = jnp.result_type(float)
    recorded, model = jnp.asarray(recorded, real), jnp.asarray(model, real)

    def product(one, other):
        there = jnp.isfinite(one)[:, None] & jnp.isfinite(other)[None, :]
        apart = jnp.where(there, one[:, None], 0.0) - jnp.where(there, other[None, :], 0.0)
        return jnp.sum(jnp.where(there, jnp.exp(-math.pi * (apart / (2.0 * window)) ** 2), 0.0))

    spikes, model_spikes = (jnp.sum(jnp.isfinite(x)).astype(real) for x in (recorded, model))
    by_chance = 2.0 * window * model_spikes / duration
    hits = product(recorded, model) - by_chance * spikes
    size = product(recorded, recorded) + product(model, model)
    most = 0.5 * (size - by_chance * (spikes + model_spikes))
    silent = (spikes == 0) | (model_spikes == 0)
    sound = (by_chance < 1.0) & ~silent
    gamma = jnp.where(sound, hits / jnp.where(sound, most, 1.0), jnp.nan)
    return jnp.where(silent, (spikes == model_spikes).astype(real), gamma)
