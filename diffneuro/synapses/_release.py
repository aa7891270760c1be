"""How much a spike releases, given those before it."""

import abc
from typing import Any

import equinox as eqx
from jax import Array

from .._model import check_ranges


class AbstractRelease(eqx.Module):
    """Short-term plasticity of a terminal: each spike releases a share of what is there.

    The state belongs to one presynaptic neuron. Between spikes it flows by itself, in closed
    form. What a spike releases is relative to a weight.
    """

    def __check_init__(self):
        check_ranges(self)

    @abc.abstractmethod
    def initial_state(self) -> Any:
        """The state after a long silence."""

    @abc.abstractmethod
    def flow(self, x: Any, t: Any, /) -> Any:
        """The state `t` ms later if no spike comes; right at t = 0 in value and derivative."""

    @abc.abstractmethod
    def release(self, x: Any, chance: Any, /) -> tuple[Array, Any]:
        """What a spike releases now, and the state after it.

        `chance` is what `chances` has drawn for this spike, or None for what is released in the
        mean, which is what has a derivative.
        """

    def is_noisy(self) -> bool:
        """Whether a run under a key differs from one without."""
        return False

    def chances(self, key: Array, shape: tuple[int, ...], /) -> Any:
        """What `shape` spikes need of chance, with leading axes `shape`; None where nothing."""
        return None
