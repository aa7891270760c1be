"""Random positions, of which each lane keeps the best."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ._damped_step import total
from ._method import FARTHEST, AbstractWindowedMethod, Objective


class ScatterLane(NamedTuple):
    """The best position a lane has tried, and what it tries."""

    position: Array
    loss: Array
    trial: Array


class Scatter(AbstractWindowedMethod):
    """Pure random search, the cheap beginning of a dear one.

    Each lane tries `draws` positions from a normal distribution of `spread` in free coordinates,
    in which most of a bounded parameter's range lies within 2 of 0. With a `horizon` they are
    judged by windows over so many recorded spikes, as those of `Shooting` with the same `gain`
    (1/ms), else by the free run. Without derivatives; simulations = starts x (draws + 1).
    """

    draws: int = 16
    horizon: int | None = 1
    gain: float = 1.0
    spread: float = 1.0

    def __check_init__(self):
        if self.draws < 1 or not self.spread > 0 or not self.gain > 0:
            raise ValueError(
                f"draws={self.draws}, spread={self.spread} and gain={self.gain} of Scatter must "
                "be positive."
            )
        if self.horizon is not None and self.horizon < 1:
            raise ValueError(f"horizon={self.horizon} of Scatter must be at least 1, or None.")

    @property
    def horizons(self) -> tuple[int, ...]:
        return () if self.horizon is None else (self.horizon,)

    @property
    def iterations(self) -> int:
        return self.draws

    def tangents(self, count: int, /) -> int:
        return 0

    def start(self, objective: Objective, position: Array, /) -> ScatterLane:
        return ScatterLane(position, self._loss(objective, position), position)

    def update(self, objective: Objective, state: ScatterLane, iteration: Array, /) -> ScatterLane:
        loss = self._loss(objective, state.trial)
        better = loss < state.loss
        return ScatterLane(
            jnp.where(better, state.trial, state.position),
            jnp.where(better, loss, state.loss),
            state.trial,
        )

    def mix(self, states: ScatterLane, iteration: int, key: Array, /) -> ScatterLane:
        here = states.position
        drawn = self.spread * jax.random.normal(key, here.shape, here.dtype)
        return states._replace(trial=jnp.clip(drawn, -FARTHEST, FARTHEST))

    def stage(self, iteration: int, /) -> str:
        return "random positions"

    def _loss(self, objective: Objective, position: Array) -> Array:
        if self.horizon is None:
            return total(objective(position))
        return total(objective(position, jnp.asarray(self.gain, position.dtype), self.horizon))
