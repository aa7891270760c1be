"""Evolution of a normal distribution of parameters."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._numerics import solve_positive
from ._damped_step import jacobian, total
from ._method import FARTHEST, AbstractWindowedMethod, Objective, check_population

# In free coordinates, of which a bounded parameter has a few from end to end; and of the
# losses, relative: below these a population has nothing more to find where it is.
_SMALLEST_SPREAD = 1e-4
_SMALLEST_DIFFERENCE = 1e-5
_SMALLEST_VARIANCE = 1e-12
_AROUND_BEST = 0.3


class Distribution(NamedTuple):
    """What a population is drawn from, N(mean, scale^2 covariance), and how that moved."""

    mean: Array
    """(P,)"""
    scale: Array
    covariance: Array
    """(P, P)"""
    path: Array
    """(P,) the mean's recent moves, which stretch the covariance"""
    whitened_path: Array
    """(P,) the same in units of the distribution, whose length changes the scale"""


class CMALane(NamedTuple):
    """One member of the population: its best so far, and what it tries."""

    position: Array
    loss: Array
    trial: Array
    trial_loss: Array
    distribution: Distribution
    """the same for every lane"""


class CMAES(AbstractWindowedMethod):
    r"""Covariance matrix adaptation: the starts are a population of that size.

    Each of `generations` draws every lane from $N(m, \sigma^2 C)$, moves m to the weighted mean
    of the better half, and adapts $\sigma$ and C to the moves that helped. It begins at the
    weighted mean of the better starts with $\sigma$ = `scale` in free coordinates. Where the
    population has contracted it begins again somewhere else; a lane keeps its best.
    Without derivatives; simulations = starts x (generations + 1).

    With a `horizon` it begins at the best start instead, and its first C is what the windows
    over so many recorded spikes allow, as those of `Shooting` with the same `gain` (1/ms):
    $C = (J^T J/L + 1)^{-1}$ with their loss L, so that $\sigma$ = 1 doubles it, or where they
    leave something open goes 1 far; every start's Jacobian is taken for that. After a
    contraction it begins again around the best, with C = 1 and $\sigma$ = 0.3.
    Hansen & Ostermeier 2001, doi:10.1162/106365601750190398; constants of Hansen 2016,
    arXiv:1604.00772, without negative weights.
    """

    generations: int = 200
    scale: float = 1.0
    horizon: int | None = None
    gain: float = 1.0

    def __check_init__(self):
        if self.generations < 1 or not self.scale > 0 or not self.gain > 0:
            raise ValueError(
                f"generations={self.generations}, scale={self.scale} and gain={self.gain} of CMAES "
                "must be positive."
            )
        if self.horizon is not None and self.horizon < 1:
            raise ValueError(f"horizon={self.horizon} of CMAES must be at least 1, or None.")

    @property
    def horizons(self) -> tuple[int, ...]:
        return () if self.horizon is None else (self.horizon,)

    @property
    def iterations(self) -> int:
        return self.generations

    def tangents(self, count: int, /) -> int:
        return 0

    def start(self, objective: Objective, position: Array, /) -> CMALane:
        loss = total(objective(position))
        still = jnp.zeros_like(position)
        scale = jnp.asarray(self.scale, position.dtype)
        first = Distribution(position, scale, self._covariance(objective, position), still, still)
        return CMALane(position, loss, position, loss, first)

    def update(self, objective: Objective, state: CMALane, iteration: Array, /) -> CMALane:
        loss = total(objective(state.trial))
        better = loss < state.loss
        return state._replace(
            position=jnp.where(better, state.trial, state.position),
            loss=jnp.where(better, loss, state.loss),
            trial_loss=loss,
        )

    def mix(self, states: CMALane, iteration: int, key: Array, /) -> CMALane:
        check_population(self, len(states.loss))
        seeded = self.horizon is not None
        return _generation(states, jnp.asarray(iteration), self.scale, seeded, key)

    def stage(self, iteration: int, /) -> str:
        return "evolution of a distribution"

    def _covariance(self, objective: Objective, position: Array) -> Array:
        """(P, P) of a population that begins at `position`."""
        unit = jnp.eye(position.shape[0], dtype=position.dtype)
        if self.horizon is None:
            return unit
        gain = jnp.asarray(self.gain, position.dtype)
        errors, slopes = jacobian(lambda z: objective(z, gain, self.horizon), position)
        curvature = slopes @ slopes.T / total(errors)
        usable = jnp.where(jnp.all(jnp.isfinite(curvature)), curvature, 0.0)
        return solve_positive(unit + usable, unit)


def recombination_weights(count: int) -> np.ndarray:
    """(count,) what each of a ranked population counts for; the worse half nothing."""
    raw = np.log((count + 1) / 2) - np.log(np.arange(1, count + 1))
    raw = np.maximum(raw, 0.0)
    return raw / raw.sum()


@eqx.filter_jit
def _generation(
    states: CMALane, iteration: Array, scale: float, seeded: bool, key: Array
) -> CMALane:
    order = jnp.argsort(states.trial_loss)
    ranked = states.trial[order]
    # At first every lane has its own, later all have the same.
    last = jax.tree.map(lambda leaf: leaf[order[0]], states.distribution)
    adapted = _adapt(last, ranked, iteration)
    begun = last if seeded else _begin(ranked, scale)
    draw_key, restart_key = jax.random.split(key)
    if seeded:
        best = states.position[jnp.argmin(states.loss)]
        elsewhere = _begin(jnp.broadcast_to(best, ranked.shape), _AROUND_BEST)
    else:
        anywhere = jax.random.normal(restart_key, ranked.shape, ranked.dtype)
        elsewhere = _begin(anywhere, scale)
    over = _has_contracted(adapted, states.trial_loss)
    chosen = jax.tree.map(
        lambda first, other, moved: jnp.where(iteration == 0, first, jnp.where(over, other, moved)),
        begun,
        elsewhere,
        adapted,
    )
    trial = _draw(chosen, draw_key, ranked.shape)
    shared = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (len(trial), *leaf.shape)), chosen)
    return states._replace(trial=trial, distribution=shared)


def _begin(ranked: Array, scale: float) -> Distribution:
    weights = jnp.asarray(recombination_weights(ranked.shape[0]), ranked.dtype)
    mean = weights @ ranked
    still = jnp.zeros_like(mean)
    unit = jnp.eye(mean.shape[0], dtype=mean.dtype)
    return Distribution(mean, jnp.asarray(scale, mean.dtype), unit, still, still)


def _adapt(old: Distribution, ranked: Array, iteration: Array) -> Distribution:
    count, size = ranked.shape
    w = recombination_weights(count)
    effective = 1.0 / np.sum(w**2)
    c_scale = (effective + 2) / (size + effective + 5)
    damping = 1 + 2 * max(0.0, np.sqrt((effective - 1) / (size + 1)) - 1) + c_scale
    c_path = (4 + effective / size) / (size + 4 + 2 * effective / size)
    c_one = 2 / ((size + 1.3) ** 2 + effective)
    c_rank = min(1 - c_one, 2 * (effective - 2 + 1 / effective) / ((size + 2) ** 2 + effective))
    usual_length = np.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size**2))

    weights = jnp.asarray(w, ranked.dtype)
    steps = (ranked - old.mean[None]) / old.scale
    move = weights @ steps
    spread, axes = _axes(old.covariance)
    whitened = axes @ ((axes.T @ move) / spread)
    whitened_path = (1 - c_scale) * old.whitened_path + jnp.sqrt(
        c_scale * (2 - c_scale) * effective
    ) * whitened
    length = jnp.linalg.norm(whitened_path)
    # A path that is long because the scale is still growing must not stretch the covariance.
    settled = jnp.sqrt(1 - (1 - c_scale) ** (2.0 * iteration.astype(ranked.dtype) + 2.0))
    calm = length / jnp.maximum(settled, 1e-3) < (1.4 + 2 / (size + 1)) * usual_length
    path = (1 - c_path) * old.path + jnp.where(
        calm, jnp.sqrt(c_path * (2 - c_path) * effective), 0.0
    ) * move
    covariance = (
        (1 - c_one - c_rank) * old.covariance
        + c_one * jnp.outer(path, path)
        + c_rank * (steps.T * weights[None]) @ steps
    )
    scale = old.scale * jnp.exp(c_scale / damping * (length / usual_length - 1))
    return Distribution(old.mean + old.scale * move, scale, covariance, path, whitened_path)


def _axes(covariance: Array) -> tuple[Array, Array]:
    """Standard deviations and directions of the covariance's axes."""
    variances, axes = jnp.linalg.eigh(0.5 * (covariance + covariance.T))
    return jnp.sqrt(jnp.maximum(variances, _SMALLEST_VARIANCE)), axes


def _draw(distribution: Distribution, key: Array, shape: tuple[int, ...]) -> Array:
    spread, axes = _axes(distribution.covariance)
    normals = jax.random.normal(key, shape, distribution.mean.dtype)
    steps = (normals * spread[None]) @ axes.T
    return jnp.clip(distribution.mean[None] + distribution.scale * steps, -FARTHEST, FARTHEST)


def _has_contracted(distribution: Distribution, losses: Array) -> Array:
    widest = distribution.scale * jnp.sqrt(jnp.max(jnp.diag(distribution.covariance)))
    best = jnp.min(losses)
    middle = jnp.sort(losses)[losses.shape[0] // 2]
    flat = (middle - best) < _SMALLEST_DIFFERENCE * jnp.abs(best)
    broken = ~jnp.isfinite(widest)
    return (widest < _SMALLEST_SPREAD) | flat | broken
