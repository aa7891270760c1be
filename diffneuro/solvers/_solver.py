"""What a solver is: one step of an initial value problem."""

import abc
from typing import Any, ClassVar

import equinox as eqx
from jax.typing import ArrayLike

from .._model import AbstractModel, AbstractNoisyModel


class AbstractSolver(eqx.Module):
    """One step of dx/dt = f(x, u).

    `nodes` are the fractions of a step at which the solver wants the input; a step gets a
    tuple `u` with the input at each. `largest_dt` (ms) is the step beyond which a neuron's
    spikes can no longer be trusted.
    """

    nodes: ClassVar[tuple[float, ...]]
    largest_dt: ClassVar[float]

    @abc.abstractmethod
    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        """The state `dt` ms after `x`."""


class AbstractNoiseSolver(AbstractSolver):
    """A solver for models with noise, whose path depends on normal numbers alone."""

    @abc.abstractmethod
    def kick(self, model: AbstractNoisyModel, x: Any, u: tuple, dt: Any, normals: Any, /) -> Any:
        """What the noise adds to a step from `x`; `normals` are what the model asked for."""


class AbstractStaggeredSolver(AbstractSolver):
    """A solver that moves one part of the state half a step ahead of the other.

    A loop leads by half a step first and by whole ones from then on; whoever looks at the
    state in between leads it by the half step that is missing. `step` by itself is the
    symmetric one: lead by half, follow, lead by half.
    """

    @abc.abstractmethod
    def lead(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        """Move the leading part by `dt`, the other held; two moves are one of their sum."""

    @abc.abstractmethod
    def follow(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        """Move the other part by `dt`, the leading one held."""
