"""The classical Runge-Kutta method."""

from typing import Any, ClassVar

import jax
from jax.typing import ArrayLike

from .._model import AbstractModel
from ._solver import AbstractSolver


class RungeKutta4(AbstractSolver):
    r"""Order 4: $x_{k+1} = x_k + \frac h6 (k_1 + 2 k_2 + 2 k_3 + k_4)$.

    For smooth models; where the input jumps within a step the order is lost.
    Kutta 1901, Z. Math. Phys. 46:435-453
    """

    nodes: ClassVar[tuple[float, ...]] = (0.0, 0.5, 1.0)
    largest_dt: ClassVar[float] = 0.05

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        def ahead(part, slope):
            return jax.tree.map(lambda value, rate: value + part * dt * rate, x, slope)

        first = model.vector_field(x, u[0])
        second = model.vector_field(ahead(0.5, first), u[1])
        third = model.vector_field(ahead(0.5, second), u[1])
        fourth = model.vector_field(ahead(1.0, third), u[2])
        return jax.tree.map(
            lambda value, a, b, c, d: value + dt / 6.0 * (a + 2.0 * (b + c) + d),
            x,
            first,
            second,
            third,
            fourth,
        )
