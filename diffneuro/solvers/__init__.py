"""Solvers: one step of an initial value problem."""

from ._euler import Euler as Euler
from ._exponential_euler import ExponentialEuler as ExponentialEuler
from ._exponential_heun import ExponentialHeun as ExponentialHeun
from ._heun import Heun as Heun
from ._maruyama import (
    EulerMaruyama as EulerMaruyama,
    ExponentialEulerMaruyama as ExponentialEulerMaruyama,
)
from ._maruyama_on_trees import BackwardEulerMaruyama as BackwardEulerMaruyama
from ._on_trees import BackwardEuler as BackwardEuler, CrankNicolson as CrankNicolson
from ._runge_kutta_4 import RungeKutta4 as RungeKutta4
from ._solver import (
    AbstractNoiseSolver as AbstractNoiseSolver,
    AbstractSolver as AbstractSolver,
    AbstractStaggeredSolver as AbstractStaggeredSolver,
)
from ._staggered import Staggered as Staggered
