"""Heun's method."""

from typing import Any, ClassVar

import jax
from jax.typing import ArrayLike

from .._model import AbstractModel
from ._solver import AbstractSolver


class Heun(AbstractSolver):
    r"""Order 2: $x_{k+1} = x_k + \frac h2 (f(x_k, u_k) + f(x_k + h f(x_k, u_k), u_{k+1}))$.

    Heun 1900, Z. Math. Phys. 45:23-38
    """

    nodes: ClassVar[tuple[float, ...]] = (0.0, 1.0)
    largest_dt: ClassVar[float] = 0.05

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        first = model.vector_field(x, u[0])
        trial = jax.tree.map(lambda value, rate: value + dt * rate, x, first)
        second = model.vector_field(trial, u[1])
        return jax.tree.map(
            lambda value, before, after: value + 0.5 * dt * (before + after), x, first, second
        )
