"""From each recorded spike to the next ones."""

import jax.numpy as jnp
from jax import Array

from ._damped_step import FIRST_DAMPING, Lane, damped_step, fresh_lane
from ._method import AbstractWindowedMethod, Objective
from ._refill import refill_worse_half


class Shooting(AbstractWindowedMethod):
    r"""Levenberg-Marquardt on the intervals, each begun in the state the recording left.

    Errors of a free run multiply from spike to spike, and so does its Jacobian; here the model,
    pulled towards the recorded voltage with the `gain` (1/ms), finds its hidden state at every
    recorded spike, and from each runs freely over `horizon` spikes. `steps` damped steps are
    made in each of `rounds`, between which the worse half of the lanes is given up for
    neighbours of the better, `spread` away in free coordinates.
    After Bock 1983, doi:10.1007/978-1-4684-7324-7_8 (multiple shooting), with the window's
    states from synchronisation instead of being free.
    """

    horizon: int = 1
    gain: float = 1.0
    steps: int = 12
    rounds: int = 1
    spread: float = 0.3

    def __check_init__(self):
        if min(self.horizon, self.steps, self.rounds) < 1:
            raise ValueError(
                f"horizon={self.horizon}, steps={self.steps} and rounds={self.rounds} of Shooting "
                "must be at least 1."
            )
        if not self.gain > 0:
            raise ValueError(f"gain={self.gain} per ms of Shooting must be positive: 1 is usual.")

    @property
    def horizons(self) -> tuple[int, ...]:
        return (self.horizon,)

    @property
    def iterations(self) -> int:
        return self.steps * self.rounds

    def tangents(self, count: int, /) -> int:
        return count

    def start(self, objective: Objective, position: Array, /) -> Lane:
        return fresh_lane(lambda z: self._residual(objective, z), position)

    def update(self, objective: Objective, state: Lane, iteration: Array, /) -> Lane:
        damping = jnp.where(iteration % self.steps == 0, FIRST_DAMPING, state.damping)
        return damped_step(lambda z: self._residual(objective, z), state._replace(damping=damping))

    def mix(self, states: Lane, iteration: int, key: Array, /) -> Lane:
        if iteration == 0 or iteration % self.steps:
            return states
        return refill_worse_half(states, key, self.spread)

    def stage(self, iteration: int, /) -> str:
        return f"windows over {self.horizon} spike" + ("s" if self.horizon > 1 else "")

    def _residual(self, objective: Objective, position: Array) -> Array:
        return objective(position, jnp.asarray(self.gain, position.dtype), self.horizon)
