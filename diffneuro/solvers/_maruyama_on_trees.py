"""Euler's implicit method for linked voltages with noise."""

from typing import Any, ClassVar

from jax.typing import ArrayLike

from .._model import AbstractModel, AbstractNoisyModel
from ._maruyama import ExponentialEulerMaruyama
from ._on_trees import BackwardEuler
from ._solver import AbstractNoiseSolver


class BackwardEulerMaruyama(AbstractNoiseSolver):
    r"""Gates, then linked voltages as `BackwardEuler` moves them, and the gates' noise.

    The noise is that of `ExponentialEulerMaruyama`, which decays as the state does. Of order 1
    without noise, because gates and voltages are at the same times. Ito's calculus.
    Hines 1984, doi:10.1016/0020-7101(84)90008-4; Maruyama 1955, doi:10.1007/BF02846028
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5, 1.0)
    largest_dt: ClassVar[float] = 0.05

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        parts = BackwardEuler()
        return parts.follow(model, parts.lead(model, x, u, dt), u, dt)

    def kick(self, model: AbstractNoisyModel, x: Any, u: tuple, dt: Any, normals: Any, /) -> Any:
        return ExponentialEulerMaruyama().kick(model, x, u, dt, normals)
