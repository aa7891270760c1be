"""The alternating exponential method for conductance cells."""

from collections.abc import Callable
from typing import Any, ClassVar

import jax
from jax.typing import ArrayLike

from .._model import AbstractConductanceModel, AbstractCoupledModel, AbstractModel
from ._slopes import relax
from ._solver import AbstractStaggeredSolver


class Staggered(AbstractStaggeredSolver):
    r"""Order 2: gates half a step ahead of the voltage, each moved with the other held.

    $g_{k+1/2}$ from $g_{k-1/2}$ with $v_k$, then
    $v_{k+1} = v_k + h\,\varphi(h\,\partial_v f_v)\,f_v(v_k, g_{k+1/2})$, both by exponential
    steps. It costs what exponential Euler costs. Gates that act on each other, rather than
    through the voltage, are coupled to order 1. Concentrations are kept at the voltage's times:
    half a step of each before the voltage's and, in the reverse order, half a step after, which
    makes them of order 2 for two more looks at the current of each (led like gates they would
    be of order 1). Hines 1984, doi:10.1016/0020-7101(84)90008-4; Strang 1968,
    doi:10.1137/0705041
    """

    nodes: ClassVar[tuple[float, ...]] = (0.5,)
    largest_dt: ClassVar[float] = 0.1

    def lead(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        return move_gates(_telling(model), x, u[0], dt)

    def follow(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        model = _telling(model)
        return move_charges(
            model, x, u[0], dt, lambda x: relax(model, x, u[0], dt, _marked(model.voltage, x))
        )

    def step(self, model: AbstractModel, x: Any, u: tuple, dt: ArrayLike, /) -> Any:
        x = self.lead(model, x, u, 0.5 * dt)
        return self.lead(model, self.follow(model, x, u, dt), u, 0.5 * dt)


def move_gates(model: AbstractConductanceModel, x: Any, u: Any, dt: ArrayLike) -> Any:
    """Move all but voltages and concentrations by an exponential step."""
    held = zip(_marked(model.voltage, x), _marked(model.concentrations, x), strict=True)
    return relax(model, x, u, dt, [not any(flags) for flags in held])


def move_charges(
    model: AbstractConductanceModel, x: Any, u: Any, dt: ArrayLike, charge: Callable[[Any], Any]
) -> Any:
    """Move the voltage by `charge`, between two half steps of each concentration."""
    flags = _marked(model.concentrations, x)
    here = range(len(flags))
    kept = [[at == place for at in here] for place in here if flags[place]]
    for one in kept:
        x = relax(model, x, u, 0.5 * dt, one)
    x = charge(x)
    for one in reversed(kept):
        x = relax(model, x, u, 0.5 * dt, one)
    return x


def check_unwrapped(model: AbstractModel) -> None:
    """Raise a `ValueError` for what stands around linked voltages."""
    parts = jax.tree.leaves(model, is_leaf=lambda part: isinstance(part, AbstractCoupledModel))
    if any(isinstance(part, AbstractCoupledModel) and part is not model for part in parts):
        raise ValueError(
            f"the voltages of this {type(model).__name__} are linked, and no solver sees the links "
            "through what stands around a Cable: give the Cable itself, noise or a clamp as its "
            "input, and fit it by methods.LevenbergMarquardt(), which puts nothing around it."
        )


def _telling(model: AbstractModel) -> AbstractConductanceModel:
    check_unwrapped(model)
    if isinstance(model, AbstractCoupledModel):
        raise ValueError(
            f"Staggered moves each voltage by itself, and those of a {type(model).__name__} are "
            "linked: use CrankNicolson() or BackwardEuler() instead."
        )
    if not isinstance(model, AbstractConductanceModel):
        raise ValueError(
            f"Staggered needs a model that says which part of its state is the voltage; "
            f"{type(model).__name__} does not: use ExponentialHeun() instead."
        )
    return model


def _marked(pick: Callable[[Any], Any], x: Any) -> list[bool]:
    """For each leaf of the state, whether it is among those that `pick` takes from it."""
    leaves, structure = jax.tree.flatten(x)
    places = range(len(leaves))
    picked = jax.tree.leaves(pick(jax.tree.unflatten(structure, places)))
    return [place in picked for place in places]
