"""Hazards that are exponential where they matter."""

import jax.numpy as jnp
from jax import Array

_LOWEST, _HIGHEST = -30.0, 20.0


def exponential_hazard(excess: Array) -> Array:
    r"""$e^z$ for z in [-30, 20], and continued beyond so that it never over- or underflows.

    Above, it goes on along its tangent, where a spike is certain within any step; below, as
    $e^{-30}/(-29 - z)$, where none comes in a lifetime. Value and slope are continuous and
    neither vanishes, so a search that starts far off still sees a direction.
    """
    middle = jnp.exp(jnp.clip(excess, _LOWEST, _HIGHEST))
    above = 1.0 + jnp.maximum(excess - _HIGHEST, 0.0)
    below = 1.0 + jnp.maximum(_LOWEST - excess, 0.0)
    return middle * above / below
