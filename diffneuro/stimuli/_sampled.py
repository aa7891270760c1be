"""A stimulus given by its samples."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Parameter, as_parameter, parameter
from ._stimulus import AbstractStimulus


class Sampled(AbstractStimulus):
    """The value `values[k]` from k*dt to (k+1)*dt, the first before and the last after."""

    values: Array = eqx.field(converter=as_parameter, metadata={"unit": "input"})
    dt: Parameter = parameter(0.025, "ms", above=0.0)

    def __call__(self, t: Any, /) -> Array:
        # A time that is k*dt but for rounding belongs to sample k.
        sample = jnp.floor(t / self.dt + 0.01).astype(int)
        return self.values[jnp.clip(sample, 0, self.values.shape[0] - 1)]
