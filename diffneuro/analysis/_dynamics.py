"""A model's equations as a function of one vector."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from .._model import (
    AbstractChannel,
    AbstractClampedModel,
    AbstractEscapeModel,
    AbstractModel,
    AbstractSpikingModel,
    Occupancy,
    parameters,
)
from ..ions import AbstractIonPool


class Dynamics(eqx.Module):
    """dx/dt = f(x, I) with x the (n,) numbers of a model's state that move by themselves.

    What only counts time or hazard down between spikes (`refractory`, `waiting`) stays as it
    is in `template`: it belongs to the spike's rule, not to the flow. Of fractions that add up
    to 1 the last is left out: with it the Jacobian would be singular.
    """

    model: AbstractModel
    template: Any

    def vector(self, x: Any, /) -> Array:
        """The moving numbers of a state."""
        return ravel_pytree(_without_last(eqx.filter(x, _moving(self.model, x))))[0]

    def state(self, vector: Array, /) -> Any:
        """The state with these moving numbers."""
        moving, still = eqx.partition(self.template, _moving(self.model, self.template))
        free = ravel_pytree(_without_last(moving))[1](vector)
        return eqx.combine(_with_last(free), still)

    def rate(self, vector: Array, current: Any, /) -> Array:
        """dx/dt per ms."""
        return self.vector(self.model.vector_field(self.state(vector), current))

    def output(self, vector: Array, current: Any, /) -> Array:
        """The voltage (mV)."""
        return self.model.output(self.state(vector), current)

    def rest(self) -> Array:
        """The moving numbers of the state this was made with."""
        return self.vector(self.template)


def _moving(model: AbstractModel, x: Any) -> Any:
    """Which leaves of a state move by themselves."""
    flags = jax.tree.map(lambda _: True, x)
    if isinstance(model, AbstractSpikingModel):
        flags = eqx.tree_at(model.refractory, flags, replace_fn=lambda _: False)
    if isinstance(model, AbstractEscapeModel):
        flags = eqx.tree_at(model.waiting, flags, replace_fn=lambda _: False)
    return flags


def _is_occupancy(part: Any) -> bool:
    return isinstance(part, Occupancy)


def _without_last(x: Any) -> Any:
    def shorten(part):
        return Occupancy(part.fractions[:-1]) if _is_occupancy(part) else part

    return jax.tree.map(shorten, x, is_leaf=_is_occupancy)


def _with_last(x: Any) -> Any:
    def complete(part):
        if not _is_occupancy(part):
            return part
        return Occupancy(jnp.append(part.fractions, 1.0 - jnp.sum(part.fractions)))

    return jax.tree.map(complete, x, is_leaf=_is_occupancy)


def check_neuron(model: AbstractModel) -> None:
    """Raise a `ValueError` for what is no neuron, or one of many parameter values."""
    if isinstance(model, AbstractClampedModel):
        raise ValueError(
            f"{type(model).__name__} takes a voltage, not a current: give the cell that it clamps."
        )
    if not isinstance(model, AbstractModel) or isinstance(model, AbstractChannel | AbstractIonPool):
        raise ValueError(
            f"{type(model).__name__} is not a neuron, whose input is a current: put a channel "
            "into a neurons.Cell, give a model such as neurons.MorrisLecar()."
        )
    for name, (value, _) in parameters(model).items():
        if value.ndim:
            raise ValueError(f"{name} has shape {value.shape}: analyse one model at a time.")


def dynamics(model: AbstractModel, current: float) -> Dynamics:
    """A neuron's equations at rest under `current` (pA), in the precision JAX is set to.

    **Raises:** `ValueError` for what is no neuron, or one of many parameter values.
    """
    check_neuron(model)
    model = jax.tree.map(
        lambda leaf: leaf.astype(float) if eqx.is_inexact_array(leaf) else leaf, model
    )
    return Dynamics(model, _rest(model, jnp.asarray(current, float)))


@eqx.filter_jit
def _rest(model, current):
    return model.initial_state(current)


def variables(found: Dynamics) -> list[tuple[str, str | None]]:
    """Name and, where it is annotated, unit of each moving leaf of the state."""
    x = found.template
    moving = eqx.filter(x, _moving(found.model, x))
    named = []
    for path, _ in jax.tree_util.tree_leaves_with_path(moving):
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        named.append((name, _annotated_unit(x, name)))
    return named


def input_unit(model: AbstractModel) -> str:
    """ "1" for a neuron whose voltage says that it is a pure number, else "pA"."""
    x = jax.eval_shape(model.initial_state, jnp.zeros(()))
    return "1" if _annotated_unit(x, "voltage") == "1" else "pA"


def _annotated_unit(x: Any, name: str) -> str | None:
    """The unit in a state's annotation, as in `voltage: Annotated[Array, "1"]`."""
    annotation = getattr(type(x), "__annotations__", {}).get(name)
    return next(iter(getattr(annotation, "__metadata__", ())), None)
