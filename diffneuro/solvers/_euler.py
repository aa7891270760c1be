"""The explicit Euler method."""

from typing import Any, ClassVar

import jax
from jax.typing import ArrayLike

from .._model import AbstractModel
from ._solver import AbstractSolver


class Euler(AbstractSolver):
    r"""Order 1: $x_{k+1} = x_k + h f(x_k)$."""

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.05

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        slope = model.vector_field(x, u[0])
        return jax.tree.map(lambda value, rate: value + dt * rate, x, slope)
