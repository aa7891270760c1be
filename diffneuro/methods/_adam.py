"""Adam on the scalar loss."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from ._method import FARTHEST, AbstractMethod, Objective


class AdamLane(NamedTuple):
    """One start of a gradient descent: its best so far, and where it is."""

    position: Array
    loss: Array
    here: Array
    momentum: Any


class Adam(AbstractMethod):
    """Adaptive gradient descent with clipped gradients, by reverse differentiation.

    A lane keeps the best position it has seen; where its loss or gradient is not finite it
    stays put. Kingma & Ba 2015, arXiv:1412.6980
    """

    steps: int = 300
    learning_rate: float = 0.05

    def __check_init__(self):
        if self.steps < 1:
            raise ValueError(f"steps={self.steps} of Adam must be at least 1.")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate={self.learning_rate} of Adam must be positive.")

    @property
    def iterations(self) -> int:
        return self.steps

    def tangents(self, count: int, /) -> int:
        return 0

    def start(self, objective: Objective, position: Array, /) -> AdamLane:
        infinite = jnp.full((), jnp.inf, position.dtype)
        return AdamLane(position, infinite, position, self._rule().init(position))

    def update(self, objective: Objective, state: AdamLane, iteration: Array, /) -> AdamLane:
        def loss(z):
            errors = objective(z)
            return jnp.sum(errors * errors)

        value, slope = jax.value_and_grad(loss)(state.here)
        value = jnp.where(jnp.isfinite(value), value, jnp.inf)
        slope = jnp.where(jnp.isfinite(slope), slope, 0.0)
        better = value < state.loss
        change, momentum = self._rule().update(slope, state.momentum)
        here = jnp.clip(state.here + jnp.asarray(change), -FARTHEST, FARTHEST)
        return AdamLane(
            jnp.where(better, state.here, state.position),
            jnp.where(better, value, state.loss),
            here,
            momentum,
        )

    def mix(self, states: AdamLane, iteration: int, key: Array, /) -> AdamLane:
        return states

    def _rule(self):
        return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(self.learning_rate))
