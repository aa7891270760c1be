"""What is kept of a run."""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import AbstractChannel, AbstractModel
from .._time_loop import Trajectory

Function = Callable[[Trajectory], Any]


class Measure(eqx.Module):
    """A function of a run with its unit; `name` is what a sweep calls it by itself.

    The function takes a `Trajectory` and returns a number or a small array. It runs inside
    the compiled sweep, so it is written in `jax.numpy`. The unit "output" stands for that of
    the model's output: mV for a neuron, uA/cm2 for a channel.
    """

    function: Function
    unit: str = eqx.field(static=True)
    name: str = eqx.field(static=True, default="measure")

    def __call__(self, run: Trajectory, /) -> Any:
        return self.function(run)


def as_measures(measure: Function | Mapping[str, Function]) -> dict[str, Function]:
    """`measure` of a sweep as a dictionary from names to functions."""
    named = dict(measure) if isinstance(measure, Mapping) else {_name(measure): measure}
    if not named:
        raise ValueError("measure is empty: name at least one, such as sweeps.rate().")
    for name, function in named.items():
        if not callable(function):
            raise ValueError(
                f"the measure {name!r} is a {type(function).__name__}: give a function of a "
                "Trajectory, such as sweeps.rate()."
            )
    return named


def _name(function: Any) -> str:
    name = getattr(function, "name", None) or getattr(function, "__name__", "measure")
    return name if name.isidentifier() else "measure"


def unit_of(function: Function, model: AbstractModel) -> str | None:
    """The unit of a measure, where it says one."""
    unit = getattr(function, "unit", None)
    if unit == "output":
        return "uA/cm2" if isinstance(model, AbstractChannel) else "mV"
    return unit


def apply(name: str, function: Function, run: Trajectory) -> Array:
    """The measure of a run as a floating array, which can be NaN."""
    value = function(run)
    try:
        value = jnp.asarray(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"the measure {name!r} gave a {type(value).__name__}, not a number or an array: "
            "a ready measure must be called, as in sweeps.peak()."
        ) from None
    if jnp.issubdtype(value.dtype, jnp.inexact):
        return value
    return value.astype(jnp.result_type(float))
