"""The quadratic upstroke, where it does not blow up."""

from typing import Any

import jax.numpy as jnp
from jax import Array


def rise_at(voltage: Any, vertex: Any, scale: Any) -> Array:
    r"""$x = y$ for $y = (v - v_c)/s < 0$ and $x = \arctan y$ above: how far the upstroke is.

    $v_c$ is the vertex of the parabola and s a scale, both in mV. Below the vertex x is as v is;
    above it v blows up in finite time, but x goes through $\pi/2$, where v is infinite, at a
    finite rate, and is close to linear in time there.
    """
    height = (jnp.asarray(voltage) - vertex) / scale
    return jnp.where(height < 0.0, height, jnp.arctan(height))


def voltage_at(rise: Array, peak: Any, vertex: Any, scale: Any) -> Array:
    """The voltage (mV) at a rise; past the `peak`, where trial steps end, along its tangent."""
    within = jnp.clip(rise, 0.0, peak)
    tangent = jnp.tan(within)
    upper = tangent + (1.0 + tangent * tangent) * (rise - within)
    return vertex + scale * jnp.where(rise < 0.0, rise, upper)


def short_of_infinity(rise: Array) -> Array:
    """The rise, no further than where v is infinite."""
    return jnp.minimum(rise, 0.5 * jnp.pi)


def rise_rate(rise: Array, opening: Any, drive: Any, damping: Any) -> Array:
    r"""$\dot x$ (per ms) where $\dot v = \alpha (v - v_c)^2 + \beta - \gamma (v - v_c)$.

    Beyond infinity, where only trial steps come, the rate stays what it was there.

    **Arguments:** `opening` $= \alpha s$, `drive` $= \beta/s$, `damping` $= \gamma$, per ms.
    """
    rise = short_of_infinity(rise)
    sine, cosine = jnp.sin(rise), jnp.cos(rise)
    upper = opening * sine * sine + drive * cosine * cosine - damping * sine * cosine
    return jnp.where(rise < 0.0, opening * rise * rise + drive - damping * rise, upper)


def lowest_rest(opening: Any, drive: Any, damping: Any) -> Array:
    """The lowest (v - v_c)/s at which v rests, or where it moves slowest; arguments as above."""
    under_root = damping * damping - 4.0 * opening * drive
    rests = under_root > 0.0
    root = jnp.sqrt(jnp.where(rests, under_root, 1.0))
    return (damping - jnp.where(rests, root, 0.0)) / (2.0 * opening)
