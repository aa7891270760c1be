"""What a stimulus is, and the sum of several."""

import abc
from typing import Any

import equinox as eqx
import numpy as np
from jax import Array

from .._model import check_ranges, is_concrete


class AbstractStimulus(eqx.Module):
    """A function of time (ms): pA into a neuron, mV onto a clamped channel.

    At t < 0 it gives what was there before the run, which is what the model rests under.
    Values (amplitudes, frequencies, phases) have derivatives; the times of edges do not.
    """

    def __check_init__(self):
        check_ranges(self)

    @abc.abstractmethod
    def __call__(self, t: Any, /) -> Array:
        """The value at time `t` (ms, scalar)."""

    def __add__(self, other: "AbstractStimulus") -> "Sum":
        return Sum((self, other))


class Sum(AbstractStimulus):
    r"""Several stimuli at once: $\sum_i s_i(t)$. Written `a + b`."""

    parts: tuple[AbstractStimulus, ...]

    def __call__(self, t: Any, /) -> Array:
        total = self.parts[0](t)
        for part in self.parts[1:]:
            total = total + part(t)
        return total


def check_order(stimulus: AbstractStimulus, start: Any, stop: Any) -> None:
    """Raise a `ValueError` unless `start` is before `stop` (ms), where both are known."""
    if (
        is_concrete(start)
        and is_concrete(stop)
        and not (np.asarray(start) < np.asarray(stop)).all()
    ):
        raise ValueError(
            f"{type(stimulus).__name__} starts at {start} ms and stops at {stop} ms: "
            "make stop the later one."
        )
