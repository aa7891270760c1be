"""Synchronisation with a recording, released in stages."""

import jax.numpy as jnp
from jax import Array

from ._damped_step import FIRST_DAMPING, Lane, damped_step, fresh_lane
from ._method import AbstractStagedMethod, Objective
from ._refill import refill_worse_half

_GAINS = (20.0, 10.0, 5.0, 3.0, 2.0, 1.4, 1.0, 0.7, 0.5, 0.35, 0.25, 0.17, 0.12, 0.08, 0.05, 0.03)


class Synchronised(AbstractStagedMethod):
    r"""The model is pulled towards the recording, ever less, until it runs free.

    An extra $\kappa\,(v_{rec} - v)$ in the voltage's equation makes the error surface of a
    spiking cell smooth. `steps` damped Gauss-Newton steps are made at each of the `gains`
    (1/ms, falling), then `last_steps` with the free model. With a `spread`, at the end of each
    stage, and every `steps` steps of the last, the worse half of the lanes is given up for
    neighbours of the better half, that far away in free coordinates; then the number of starts
    that agree says less.
    Abarbanel, Creveling, Farsian & Kostuk 2009, doi:10.1137/090749761
    """

    gains: tuple[float, ...] = _GAINS
    steps: int = 10
    last_steps: int = 20
    spread: float | None = None

    def __check_init__(self):
        if not self.gains or min(self.gains) <= 0:
            raise ValueError(f"gains={self.gains} of Synchronised must be positive numbers.")
        if self.steps < 1 or self.last_steps < 1:
            raise ValueError(
                f"steps={self.steps} and last_steps={self.last_steps} of Synchronised must be "
                "at least 1."
            )

    @property
    def iterations(self) -> int:
        return len(self.gains) * self.steps + self.last_steps

    def start(self, objective: Objective, position: Array, /) -> Lane:
        return fresh_lane(lambda z: objective(z, self.gains[0]), position)

    def update(self, objective: Objective, state: Lane, iteration: Array, /) -> Lane:
        gains = jnp.asarray((*self.gains, 0.0), state.loss.dtype)
        stage = jnp.minimum(iteration // self.steps, len(self.gains))
        within = iteration - stage * self.steps
        damping = jnp.where(within == 0, FIRST_DAMPING, state.damping)
        return damped_step(lambda z: objective(z, gains[stage]), state._replace(damping=damping))

    def mix(self, states: Lane, iteration: int, key: Array, /) -> Lane:
        if self.spread is None or iteration == 0 or iteration % self.steps:
            return states
        return refill_worse_half(states, key, self.spread)

    def stage(self, iteration: int, /) -> str:
        stage = iteration // self.steps
        return f"gain {self.gains[stage]:g} per ms" if stage < len(self.gains) else "free"
