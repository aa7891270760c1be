"""The exponential Euler method."""

from typing import Any, ClassVar

import jax
from jax.typing import ArrayLike

from .._model import AbstractModel
from ._slopes import relax
from ._solver import AbstractSolver


class ExponentialEuler(AbstractSolver):
    r"""Order 1: $x_{k+1} = x_k + h\,\varphi(h\,a)\,f(x_k)$, $\varphi(z) = (e^z - 1)/z$.

    The slope $a = \partial f_i/\partial x_i$ of each leaf is read off the vector field by
    forward differentiation, so a model needs to know nothing of it. Exact where every leaf
    obeys a linear equation of its own, as gates do under voltage clamp.
    Rush & Larsen 1978, doi:10.1109/TBME.1978.326270
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.1

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        return relax(model, x, u[0], dt, [True] * len(jax.tree.leaves(x)))
