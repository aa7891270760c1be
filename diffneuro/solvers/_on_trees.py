"""Implicit steps of voltages that are linked as a tree."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractCoupledModel, AbstractModel
from .._tree import solve_rise
from ._solver import AbstractStaggeredSolver
from ._staggered import check_unwrapped, move_charges, move_gates


class CrankNicolson(AbstractStaggeredSolver):
    r"""Order 2: gates half a step ahead of voltages that are linked, which move implicitly.

    $\left(\frac{2C}{h} - \partial_v I(v_k) + L\right) \delta = I(v_k) - L v_k$, then
    $v_{k+1} = v_k + 2 \delta$, with L the links' conductances, each row's sum 0: the trapezoidal
    rule for currents that are linear in the voltage, and of order 2 for others. Solved on the
    tree, at a cost proportional to its size. Gates and concentrations move as those of
    `Staggered`. Steps long beside the time constant of a compartment's exchange with its
    neighbours are stable, but a jump of the current rings in them: `BackwardEuler` does not.
    Hines 1984, doi:10.1016/0020-7101(84)90008-4
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.1

    def lead(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        return move_gates(_coupled(self, model), x, u[0], dt)

    def follow(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        model = _coupled(self, model)

        def charge(x: Any) -> Any:
            return _moved(model, x, 2.0 * _rise(model, x, u[0], 0.5 * dt))

        return move_charges(model, x, u[0], dt, charge)

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        x = self.lead(model, x, u, 0.5 * dt)
        return self.lead(model, self.follow(model, x, u, dt), u, 0.5 * dt)


class BackwardEuler(AbstractStaggeredSolver):
    r"""Order 1: gates half a step ahead of voltages that are linked, which move implicitly.

    $\left(\frac Ch - \partial_v I(v_k) + L\right) (v_{k+1} - v_k) = I(v_k) - L v_k$, with L the
    links' conductances, each row's sum 0, and the input at the end of the step. Solved on the
    tree, at a cost proportional to its size; no step rings. Gates and concentrations move as
    those of `Staggered`. Hines 1984, doi:10.1016/0020-7101(84)90008-4
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5, 1.0)
    largest_dt: ClassVar[float] = 0.05

    def lead(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        return move_gates(_coupled(self, model), x, u[0], dt)

    def follow(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        model = _coupled(self, model)

        def charge(x: Any) -> Any:
            return _moved(model, x, _rise(model, x, u[1], dt))

        return move_charges(model, x, u[0], dt, charge)

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        x = self.lead(model, x, u, 0.5 * dt)
        return self.lead(model, self.follow(model, x, u, dt), u, 0.5 * dt)


def _coupled(solver: AbstractStaggeredSolver, model: AbstractModel) -> AbstractCoupledModel:
    check_unwrapped(model)
    if not isinstance(model, AbstractCoupledModel):
        raise ValueError(
            f"{type(solver).__name__} is for voltages that are linked, as those of a Cable; "
            f"{type(model).__name__} has none: leave solver out."
        )
    return model


def _rise(model: AbstractCoupledModel, x: Any, u: Any, dt: ArrayLike) -> Array:
    """How far voltages rise in an implicit step, the currents linear in them.

    What is solved for is the difference, which keeps its digits where the voltage has none.
    """
    voltage = model.voltage(x)
    parents, conductance = model.links()

    def charging(v: Array) -> Array:
        return model.charging(eqx.tree_at(model.voltage, x, v), u)

    current, slope = jax.jvp(charging, (voltage,), (jnp.ones_like(voltage),))
    own = model.capacitances() / dt - slope
    return solve_rise(parents, own, conductance, voltage, current)


def _moved(model: AbstractCoupledModel, x: Any, rise: Array) -> Any:
    return eqx.tree_at(model.voltage, x, model.voltage(x) + rise)
