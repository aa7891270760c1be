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
        """What the noise adds to a step from `x`; `normals` has the structure of `x`."""


class AbstractStaggeredSolver(AbstractSolver):
    """A solver whose parts of the state live on two grids, half a step apart."""

    @abc.abstractmethod
    def start(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        """From a state at one time to the staggered one."""

    @abc.abstractmethod
    def finish(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        """From the staggered state back to one time; undoes `start`."""
