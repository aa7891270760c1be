"""Solvers: one step of an initial value problem."""

from ._euler import Euler as Euler
from ._exponential_euler import ExponentialEuler as ExponentialEuler
from ._exponential_heun import ExponentialHeun as ExponentialHeun
from ._solver import (
    AbstractSolver as AbstractSolver,
    AbstractStaggeredSolver as AbstractStaggeredSolver,
)
from ._staggered import Staggered as Staggered
