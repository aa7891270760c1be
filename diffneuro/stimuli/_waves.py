"""Sine waves and chirps."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from .._model import Parameter, parameter
from ._stimulus import AbstractStimulus, check_order

_RADIANS_PER_HZ_MS = 2e-3 * jnp.pi


class Sine(AbstractStimulus):
    r"""$b + A \sin(2\pi f (t - t_0) + \varphi)$ from `start` to `stop`, `baseline` outside."""

    amplitude: Parameter = parameter(100.0, "input")
    frequency: Parameter = parameter(10.0, "Hz", at_least=0.0)
    phase: Parameter = parameter(0.0, "1")
    start: Parameter = parameter(0.0, "ms")
    stop: Parameter = parameter(float("inf"), "ms")
    baseline: Parameter = parameter(0.0, "input")

    def __check_init__(self):
        check_order(self, self.start, self.stop)

    def __call__(self, t: Any, /) -> Array:
        angle = _RADIANS_PER_HZ_MS * self.frequency * (t - self.start) + self.phase
        on = (t >= self.start) & (t < self.stop)
        return self.baseline + jnp.where(on, self.amplitude * jnp.sin(angle), 0.0)


class Chirp(AbstractStimulus):
    """A sine whose frequency runs linearly from `low` at `start` to `high` at `stop`."""

    amplitude: Parameter = parameter(100.0, "input")
    low: Parameter = parameter(0.5, "Hz")
    high: Parameter = parameter(20.0, "Hz")
    start: Parameter = parameter(0.0, "ms")
    stop: Parameter = parameter(1000.0, "ms")
    baseline: Parameter = parameter(0.0, "input")

    def __check_init__(self):
        check_order(self, self.start, self.stop)

    def __call__(self, t: Any, /) -> Array:
        elapsed = t - self.start
        slope = (self.high - self.low) / (self.stop - self.start)
        angle = _RADIANS_PER_HZ_MS * (self.low + 0.5 * slope * elapsed) * elapsed
        on = (t >= self.start) & (t < self.stop)
        return self.baseline + jnp.where(on, self.amplitude * jnp.sin(angle), 0.0)
