"""Steps, trains of pulses and ramps."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import Parameter, is_concrete, parameter
from ._stimulus import AbstractStimulus, check_order


class Step(AbstractStimulus):
    """`amplitude` from `start` to `stop`, `baseline` before and after."""

    amplitude: Parameter = parameter(100.0, "input")
    start: Parameter = parameter(0.0, "ms")
    stop: Parameter = parameter(float("inf"), "ms")
    baseline: Parameter = parameter(0.0, "input")

    def __check_init__(self):
        check_order(self, self.start, self.stop)

    def __call__(self, t: Any, /) -> Array:
        return jnp.where((t >= self.start) & (t < self.stop), self.amplitude, self.baseline)


class PulseTrain(AbstractStimulus):
    """`count` pulses of `width`, one every `period`, the first at `start`."""

    amplitude: Parameter = parameter(100.0, "input")
    start: Parameter = parameter(0.0, "ms")
    width: Parameter = parameter(1.0, "ms", above=0.0)
    period: Parameter = parameter(10.0, "ms", above=0.0)
    count: Parameter = parameter(float("inf"), "1")
    baseline: Parameter = parameter(0.0, "input")

    def __check_init__(self):
        if not (is_concrete(self.width) and is_concrete(self.period)):
            return
        if (np.asarray(self.width) > np.asarray(self.period)).any():
            raise ValueError(
                f"PulseTrain has pulses of {self.width} ms every {self.period} ms: "
                "make the period at least as long as a pulse."
            )

    def __call__(self, t: Any, /) -> Array:
        number = jnp.floor((t - self.start) / self.period)
        phase = (t - self.start) - number * self.period
        on = (number >= 0) & (number < self.count) & (phase < self.width)
        return jnp.where(on, self.amplitude, self.baseline)


class Ramp(AbstractStimulus):
    """A straight line from `baseline` at `start` to `amplitude` at `stop`, then `baseline`."""

    amplitude: Parameter = parameter(100.0, "input")
    start: Parameter = parameter(0.0, "ms")
    stop: Parameter = parameter(100.0, "ms")
    baseline: Parameter = parameter(0.0, "input")

    def __check_init__(self):
        check_order(self, self.start, self.stop)

    def __call__(self, t: Any, /) -> Array:
        fraction = (t - self.start) / (self.stop - self.start)
        on = (fraction >= 0) & (fraction <= 1)
        rise = (self.amplitude - self.baseline) * fraction
        return self.baseline + jnp.where(on, rise, 0.0)
