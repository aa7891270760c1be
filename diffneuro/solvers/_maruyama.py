"""Euler's methods for models with noise."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from .._model import AbstractModel, AbstractNoisyModel
from ._euler import Euler
from ._exponential_euler import ExponentialEuler
from ._slopes import decayed_kick
from ._solver import AbstractNoiseSolver
from ._staggered import check_unwrapped


class EulerMaruyama(AbstractNoiseSolver):
    r"""$x_{k+1} = x_k + h f(x_k) + \sqrt h\,\sigma(x_k)\,\xi_k$.

    Strong order 1/2, 1 where the noise does not depend on the state. Ito's calculus.
    Maruyama 1955, doi:10.1007/BF02846028
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.05

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        return Euler().step(model, x, u, dt)

    def kick(self, model: AbstractNoisyModel, x: Any, u: tuple, dt: Any, normals: Any, /) -> Any:
        noise = model.diffusion(x, u[0], normals)
        return jax.tree.map(lambda part: jnp.sqrt(dt) * part, noise)


class ExponentialEulerMaruyama(AbstractNoiseSolver):
    r"""Exponential Euler with noise that decays as the state does.

    To the step of `ExponentialEuler` with slope a it adds
    $\sigma(x_k) \sqrt{h\,\varphi(2 h a)}\,\xi_k$, $\varphi(z) = (e^z - 1)/z$: exact for an
    Ornstein-Uhlenbeck process at any step. For the shares of an `Occupancy`, where a is a
    matrix, the factor is $\sqrt h\,(1 - ha/2 + h^2a^2/24)^{-1}$. Ito's calculus.
    Shardlow & Taylor 2016, doi:10.1007/s10543-015-0568-x
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.1

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        check_unwrapped(model)
        return ExponentialEuler().step(model, x, u, dt)

    def kick(self, model: AbstractNoisyModel, x: Any, u: tuple, dt: Any, normals: Any, /) -> Any:
        noise, structure = jax.tree.flatten(model.diffusion(x, u[0], normals))
        kicks = [
            part if isinstance(part, float) else decayed_kick(model, x, u[0], dt, index, part)
            for index, part in enumerate(noise)
        ]
        return jax.tree.unflatten(structure, kicks)
