"""Evolution by differences between members of a population."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from ._damped_step import total
from ._method import FARTHEST, AbstractStagedMethod, Objective, check_population


class DELane(NamedTuple):
    """One member of the population, and what it tries."""

    position: Array
    loss: Array
    trial: Array


class DifferentialEvolution(AbstractStagedMethod):
    r"""The starts are a population; each tries $x + F (x_{best} - x) + F (x_a - x_b)$.

    F is drawn anew for each member between half the `weight` and one and a half of it. Each
    coordinate of the trial is taken with the probability `crossover`, else it stays; a trial
    that is better replaces its parent. Without derivatives; simulations =
    starts x (generations + 1). Storn & Price 1997, doi:10.1023/A:1008202821328
    """

    generations: int = 200
    weight: float = 0.6
    crossover: float = 0.9

    def __check_init__(self):
        if self.generations < 1 or not self.weight > 0 or not 0 < self.crossover <= 1:
            raise ValueError(
                f"generations={self.generations} and weight={self.weight} of DifferentialEvolution "
                f"must be positive, and crossover={self.crossover} in (0, 1]."
            )

    @property
    def iterations(self) -> int:
        return self.generations

    def tangents(self, count: int, /) -> int:
        return 0

    def start(self, objective: Objective, position: Array, /) -> DELane:
        return DELane(position, total(objective(position)), position)

    def update(self, objective: Objective, state: DELane, iteration: Array, /) -> DELane:
        loss = total(objective(state.trial))
        better = loss < state.loss
        return DELane(
            jnp.where(better, state.trial, state.position),
            jnp.where(better, loss, state.loss),
            state.trial,
        )

    def mix(self, states: DELane, iteration: int, key: Array, /) -> DELane:
        check_population(self, len(states.loss))
        return _generation(states, self.weight, self.crossover, key)

    def stage(self, iteration: int, /) -> str:
        return "differential evolution"


@eqx.filter_jit
def _generation(states: DELane, weight: float, crossover: float, key: Array) -> DELane:
    here = states.position
    count, size = here.shape
    pair_key, order_key, weight_key, cross_key, one_key = jax.random.split(key, 5)
    # Two others for each member: shifts of the circle of members by unequal amounts.
    shifts = jax.random.choice(pair_key, count - 1, (2,), replace=False) + 1
    order = jax.random.permutation(order_key, count)
    places = jnp.argsort(order)
    one, other = (here[order[(places + shift) % count]] for shift in shifts)
    best = here[jnp.argmin(states.loss)]
    factor = weight * jax.random.uniform(weight_key, (count, 1), here.dtype, 0.5, 1.5)
    moved = here + factor * (best[None] - here) + factor * (one - other)
    taken = jax.random.uniform(cross_key, (count, size)) < crossover
    taken = taken | (jnp.arange(size)[None] == jax.random.randint(one_key, (count, 1), 0, size))
    trial = jnp.where(taken, moved, here)
    return states._replace(trial=jnp.clip(trial, -FARTHEST, FARTHEST))
