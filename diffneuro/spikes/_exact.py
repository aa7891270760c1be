"""Exact derivatives through a spike."""

from collections.abc import Callable
from typing import Any

from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractSpikingModel
from ..solvers import AbstractSolver
from ._gradient import AbstractSpikeGradient, SpikingStep
from ._split import split_step


class Exact(AbstractSpikeGradient):
    r"""A step that crosses the threshold is split where it does.

    The neuron advances to the crossing, jumps there, and spends the rest of the step after
    the jump, so spike times are off the grid and continuous in every parameter, and plain
    differentiation of that is the exact derivative of the discretised model, the jump
    (saltation) terms included. The number of spikes has no derivative: of a silent neuron
    every derivative by spikes is zero.
    """

    def check(self, dt: float, /) -> None:
        return None

    def prepare(self, count: int, dt: float, rehearse: Callable[[], Array], /) -> None:
        return None

    def step(
        self,
        model: AbstractSpikingModel,
        solver: AbstractSolver,
        x: Any,
        u: tuple,
        dt: ArrayLike,
        given: Any,
        /,
    ) -> SpikingStep:
        return split_step(model, solver, x, u, dt)[1]
