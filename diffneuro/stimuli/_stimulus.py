"""What a stimulus is, and the sum of several."""

import abc
from typing import Any

import equinox as eqx
from jax import Array


class AbstractStimulus(eqx.Module):
    """A function of time (ms): pA into a neuron, mV onto a clamped channel.

    At t < 0 it gives what was there before the run, which is what the model rests under.
    Values (amplitudes, frequencies, phases) have derivatives; the times of edges do not.
    """

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
