"""The exponential Runge-Kutta method of order 2."""

from typing import Any, ClassVar

import jax
from jax.typing import ArrayLike

from .._model import AbstractModel
from .._numerics import exprel, exprel2
from ._slopes import rate_and_slope
from ._solver import AbstractSolver


class ExponentialHeun(AbstractSolver):
    r"""Order 2: an exponential Euler step $\tilde x$, corrected by what it left out.

    $x_{k+1} = \tilde x + h\,\varphi_2(h\,a)\,(N(\tilde x) - N(x_k))$ with
    $N(x) = f(x) - a x$, $\varphi_2(z) = (e^z - 1 - z)/z^2$, and for each leaf the slope
    $a = \partial f_i/\partial x_i$ at $x_k$, read off the vector field by forward
    differentiation. Exact where every leaf obeys a linear equation of its own.
    Cox & Matthews 2002, doi:10.1006/jcph.2002.6995
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.5

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        leaves, structure = jax.tree.flatten(x)
        motion = [rate_and_slope(model, x, u[0], i) for i in range(len(leaves))]
        trial = [
            leaf + dt * exprel(dt * slope) * rate
            for leaf, (rate, slope) in zip(leaves, motion, strict=True)
        ]
        later = jax.tree.leaves(model.vector_field(jax.tree.unflatten(structure, trial), u[0]))
        corrected = [
            there + dt * exprel2(dt * slope) * (new - rate - slope * (there - leaf))
            for leaf, there, new, (rate, slope) in zip(leaves, trial, later, motion, strict=True)
        ]
        return jax.tree.unflatten(structure, corrected)
