"""A command that goes from level to level."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import as_parameter, is_concrete
from ._stimulus import AbstractStimulus


class Staircase(AbstractStimulus):
    """`levels[0]` for `durations[0]` ms, then `levels[1]` for the next, and so on.

    The first level is there before the run, the last stays after it. With a leading axis on
    both it is a family of commands, one a row: `jax.vmap` over it.
    """

    levels: Array = eqx.field(converter=as_parameter, metadata={"unit": "input"})
    durations: Array = eqx.field(converter=as_parameter, metadata={"unit": "ms"})

    def __check_init__(self):
        levels, durations = jnp.shape(self.levels), jnp.shape(self.durations)
        if not levels or levels != durations:
            raise ValueError(
                f"Staircase has levels of shape {levels} and durations of shape {durations}: "
                "give each level its duration."
            )
        if is_concrete(self.durations) and (np.asarray(self.durations) < 0.0).any():
            raise ValueError("Staircase has a negative duration: make each at least 0 ms.")

    def __call__(self, t: Any, /) -> Array:
        edges = jnp.cumsum(self.durations, axis=-1)[..., :-1]
        rises = jnp.where(t >= edges, self.levels[..., 1:] - self.levels[..., :-1], 0.0)
        return self.levels[..., 0] + jnp.sum(rises, axis=-1)
