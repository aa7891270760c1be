"""The alternating exponential method for conductance cells."""

from typing import Any, ClassVar

import equinox as eqx
import jax
from jax.typing import ArrayLike

from .._model import AbstractConductanceModel, AbstractModel
from ._slopes import relax
from ._solver import AbstractStaggeredSolver


class Staggered(AbstractStaggeredSolver):
    r"""Order 2: gates half a step ahead of the voltage, each moved with the other held.

    $g_{k+1/2}$ from $g_{k-1/2}$ with $v_k$, then
    $v_{k+1} = v_k + h\,\varphi(h\,\partial_v f_v)\,f_v(v_k, g_{k+1/2})$, both by exponential
    steps. It costs what exponential Euler costs. Gates that act on each other, rather than
    through the voltage, are coupled to order 1. Hines 1984, doi:10.1016/0020-7101(84)90008-4
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.1

    def lead(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        return relax(model, x, u[0], dt, [not flag for flag in _voltage_leaves(model, x)])

    def follow(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        return relax(model, x, u[0], dt, _voltage_leaves(model, x))

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        x = self.lead(model, x, u, 0.5 * dt)
        return self.lead(model, self.follow(model, x, u, dt), u, 0.5 * dt)


def _voltage_leaves(model: AbstractModel, x: Any) -> list[bool]:
    if not isinstance(model, AbstractConductanceModel):
        raise ValueError(
            f"Staggered needs a model that says which part of its state is the voltage; "
            f"{type(model).__name__} does not: use ExponentialHeun() instead."
        )
    flags = jax.tree.map(lambda _: False, x)
    marked = eqx.tree_at(model.voltage, flags, replace_fn=lambda _: True)
    return jax.tree.leaves(marked)
