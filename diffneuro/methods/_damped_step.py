"""One damped Gauss-Newton step."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .._numerics import solve_positive
from ._method import FARTHEST

_LONGEST_STEP = 2.0
_LOOSER, _TIGHTER = 0.3, 4.0
_DAMPING_RANGE = (1e-5, 1e5)
FIRST_DAMPING = 0.1


class Lane(NamedTuple):
    """One start of a damped least-squares search."""

    position: Array
    """(P,) free coordinates"""
    loss: Array
    """sum of squared residuals; inf where the lane went non-finite"""
    damping: Array


def jacobian(residual: Callable[[Array], Array], position: Array) -> tuple[Array, Array]:
    """Residuals (m,) and their derivatives (P, m), one tangent for each coordinate."""
    directions = jnp.eye(position.shape[0], dtype=position.dtype)

    def along(direction):
        return jax.jvp(residual, (position,), (direction,))

    return jax.vmap(along, out_axes=(None, 0))(directions)


def damped_step(residual: Callable[[Array], Array], lane: Lane) -> Lane:
    r"""Levenberg-Marquardt: solve $(A + \lambda\,\mathrm{diag} A)\,\delta = -J^T r$, try it.

    A better position is kept and damped less, a worse one refused and damped more. A trial
    that is not finite is a worse one. Marquardt 1963, doi:10.1137/0111030
    """
    errors, slopes = jacobian(residual, lane.position)
    loss = total(errors)
    usable = jnp.isfinite(loss) & jnp.all(jnp.isfinite(slopes))
    slopes = jnp.where(usable, slopes, 0.0)
    errors = jnp.where(usable, errors, 0.0)
    curvature = slopes @ slopes.T
    scale = jnp.diag(curvature)
    # A direction that changes nothing gets a small share of the largest scale, not a zero.
    scale = jnp.maximum(scale, 1e-6 * jnp.max(scale) + 1e-12)
    step = -solve_positive(curvature + lane.damping * jnp.diag(scale), slopes @ errors)
    step = jnp.where(jnp.isfinite(step), step, 0.0)
    step = step * jnp.minimum(1.0, _LONGEST_STEP / jnp.maximum(jnp.linalg.norm(step), 1e-12))
    trial = jnp.clip(lane.position + step, -FARTHEST, FARTHEST)
    trial_loss = total(residual(trial))
    better = trial_loss < loss
    return Lane(
        jnp.where(better, trial, lane.position),
        jnp.where(better, trial_loss, loss),
        jnp.clip(lane.damping * jnp.where(better, _LOOSER, _TIGHTER), *_DAMPING_RANGE),
    )


def fresh_lane(residual: Callable[[Array], Array], position: Array) -> Lane:
    """A lane that has not moved yet."""
    loss = total(residual(position))
    return Lane(position, loss, jnp.full_like(loss, FIRST_DAMPING))


def total(errors: Array) -> Array:
    """The sum of squared residuals, inf where it is not finite."""
    total = jnp.sum(errors * errors)
    return jnp.where(jnp.isfinite(total), total, jnp.inf)
