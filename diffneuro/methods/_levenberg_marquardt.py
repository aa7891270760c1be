"""Levenberg-Marquardt on the free-running model."""

from jax import Array

from ._damped_step import Lane, damped_step, fresh_lane
from ._method import AbstractMethod, Objective
from ._refill import refill_worse_half


class LevenbergMarquardt(AbstractMethod):
    """Damped Gauss-Newton steps, with the Jacobian by forward differentiation.

    Every `refill_every` iterations, if given, the worse half of the lanes is given up for
    neighbours of the better half, `spread` away in free coordinates and half as far each time.
    """

    steps: int = 60
    refill_every: int | None = None
    spread: float = 0.5

    def __check_init__(self):
        if self.steps < 1:
            raise ValueError(f"steps={self.steps} of LevenbergMarquardt must be at least 1.")
        if self.refill_every is not None and self.refill_every < 1:
            raise ValueError(
                f"refill_every={self.refill_every} must be at least 1, or None for never."
            )

    @property
    def iterations(self) -> int:
        return self.steps

    def tangents(self, count: int, /) -> int:
        return count

    def start(self, objective: Objective, position: Array, /) -> Lane:
        return fresh_lane(objective, position)

    def update(self, objective: Objective, state: Lane, iteration: Array, /) -> Lane:
        return damped_step(objective, state)

    def mix(self, states: Lane, iteration: int, key: Array, /) -> Lane:
        if self.refill_every is None or iteration == 0 or iteration % self.refill_every:
            return states
        generation = iteration // self.refill_every
        return refill_worse_half(states, key, self.spread * 0.5 ** (generation - 1))
