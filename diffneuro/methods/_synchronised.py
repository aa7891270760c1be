"""Synchronisation with a recording, released in stages."""

import jax.numpy as jnp
from jax import Array

from ._damped_step import FIRST_DAMPING, Lane, damped_step, fresh_lane
from ._method import AbstractStagedMethod, Objective
from ._refill import refill_worse_half

# It is at the first gain that a start is solved or lost, so it is had four times; whoever has the
# minimum there follows it down in few stages.
_GAINS = (20.0, 20.0, 20.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.25, 0.12, 0.06, 0.03)
# Free coordinates: a parameter is then within 12 % of its range of a bound.
_FAR = 2.0


class Synchronised(AbstractStagedMethod):
    r"""The model is pulled towards the recording, ever less, until it runs free.

    An extra $\kappa\,(v_{rec} - h)$, with the model's output h, in the voltage's equation makes
    the error surface of a spiking cell smooth. `steps` damped Gauss-Newton steps are made at
    each of the `gains` (1/ms, falling), then `last_steps` with the free model. Lanes are lost
    where a parameter runs towards a bound, near which its slope vanishes: each time the first
    gain is repeated, the parameters that did go on from the middle of their range. With a
    `spread`, at the end of each stage, and every `steps` steps of the last, the worse half of
    the lanes is given up for neighbours of the better half, that far away in free coordinates;
    then the number of starts that agree says less.
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

    def tangents(self, count: int, /) -> int:
        return count

    def start(self, objective: Objective, position: Array, /) -> Lane:
        return fresh_lane(lambda z: objective(z, self.gains[0]), position)

    def update(self, objective: Objective, state: Lane, iteration: Array, /) -> Lane:
        gains = jnp.asarray((*self.gains, 0.0), state.loss.dtype)
        stage = jnp.minimum(iteration // self.steps, len(self.gains))
        within = iteration - stage * self.steps
        damping = jnp.where(within == 0, FIRST_DAMPING, state.damping)
        position = jnp.where(self._repeats(within, stage, gains), _returned(state), state.position)
        lane = state._replace(position=position, damping=damping)
        return damped_step(lambda z: objective(z, gains[stage]), lane)

    def _repeats(self, within: Array, stage: Array, gains: Array) -> Array:
        """Whether a stage begins that has the first gain once more."""
        return (within == 0) & (stage > 0) & (gains[stage] == gains[0])

    def mix(self, states: Lane, iteration: int, key: Array, /) -> Lane:
        if self.spread is None or iteration == 0 or iteration % self.steps:
            return states
        return refill_worse_half(states, key, self.spread)

    def stage(self, iteration: int, /) -> str:
        stage = iteration // self.steps
        return f"gain {self.gains[stage]:g} per ms" if stage < len(self.gains) else "free"


def _returned(lane: Lane) -> Array:
    """The lane's position, with the middle of the range for what is close to a bound."""
    return jnp.where(jnp.abs(lane.position) > _FAR, 0.0, lane.position)
