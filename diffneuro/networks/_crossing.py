"""When voltages rise through a threshold."""

import jax.numpy as jnp
from jax import Array


def crossed(before: Array, now: Array, after: Array, threshold: float) -> tuple[Array, Array]:
    """Where voltages rise through a threshold in a step, and when, by the parabola of three."""
    past, start, end = before - threshold, now - threshold, after - threshold
    fired = (start < 0.0) & (end >= 0.0)
    slope = jnp.where(fired, 0.5 * (end - past), 1.0)
    bend = jnp.where(fired, 0.5 * (end - 2.0 * start + past), 0.0)
    start = jnp.where(fired, start, -1.0)
    under_root = slope * slope - 4.0 * bend * start
    positive = under_root > 0.0
    root = jnp.sqrt(jnp.where(positive, under_root, 1.0))
    denominator = slope + jnp.where(positive, root, 0.0)
    usable = denominator > 0.0
    fraction = jnp.where(usable, -2.0 * start / jnp.where(usable, denominator, 1.0), 0.5)
    return fired.astype(fraction.dtype), jnp.clip(fraction, 0.0, 1.0)
