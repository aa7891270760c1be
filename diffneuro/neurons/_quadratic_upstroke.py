"""The quadratic upstroke, where it does not blow up."""

from typing import Any

import jax.numpy as jnp
from jax import Array

_INFINITY = 2.0


def rise_at(voltage: Any, vertex: Any, scale: Any) -> Array:
    r"""$x = y = (v - v_c)/s$ where that is negative, and $x = 2y/(1 + \sqrt{1 + y^2})$ above.

    $v_c$ is the vertex of the parabola and s a scale, both in mV. Below the vertex x is as v is;
    above it v blows up in finite time, but x goes through 2, where v is infinite, at a finite
    rate, and is close to linear in time there. Value, slope and bend are continuous, and the
    way back, $y = x/(1 - x^2/4)$, costs but a division.
    """
    height = (jnp.asarray(voltage) - vertex) / scale
    above = 2.0 * height / (1.0 + jnp.sqrt(1.0 + height * height))
    return jnp.where(height < 0.0, height, above)


def voltage_at(rise: Array, peak: Any, vertex: Any, scale: Any) -> Array:
    """The voltage (mV) at a rise; past the `peak`, where trial steps end, along its tangent."""
    within = jnp.clip(rise, 0.0, peak)
    quarter = 0.25 * within * within
    left = 1.0 - quarter
    above = within / left + (1.0 + quarter) / (left * left) * (rise - within)
    return vertex + scale * jnp.where(rise < 0.0, rise, above)


def short_of_infinity(rise: Array) -> Array:
    """The rise, no further than where v is infinite."""
    return jnp.minimum(rise, _INFINITY)


def rise_rate(rise: Array, opening: Any, drive: Any, damping: Any) -> Array:
    r"""$\dot x$ (per ms) where $\dot v = \alpha (v - v_c)^2 + \beta - \gamma (v - v_c)$.

    Beyond infinity, where only trial steps come, the rate stays what it was there.

    **Arguments:** `opening` $= \alpha s$, `drive` $= \beta/s$, `damping` $= \gamma$, per ms.
    """
    rise = short_of_infinity(rise)
    above = jnp.maximum(rise, 0.0)
    quarter = 0.25 * above * above
    left = 1.0 - quarter
    bent = opening * rise * rise + left * (drive * left - damping * rise)
    return bent / (1.0 + quarter)


def lowest_rest(opening: Any, drive: Any, damping: Any) -> Array:
    """The lowest (v - v_c)/s at which v rests, or where it moves slowest; arguments as above."""
    under_root = damping * damping - 4.0 * opening * drive
    rests = under_root > 0.0
    root = jnp.sqrt(jnp.where(rests, under_root, 1.0))
    return (damping - jnp.where(rests, root, 0.0)) / (2.0 * opening)
