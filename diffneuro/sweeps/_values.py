"""What varies in a sweep: its axes and their values."""

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from .._model import AbstractChannel, AbstractModel, parameters

STIMULUS = "stimulus."
"""how the path of a parameter of the stimulus begins"""


class Axis(NamedTuple):
    """One dimension of a sweep."""

    name: str
    size: int
    columns: dict[str, NDArray]
    """parameter -> its `size` values along this dimension"""


@dataclasses.dataclass(frozen=True)
class Grid:
    """Every combination of the values of several parameters; `grid` makes one."""

    values: Mapping[str, ArrayLike]


def grid(values: Mapping[str, ArrayLike]) -> Grid:
    """Every combination of the given values (Cartesian product).

    **Arguments:** `values`, from dotted path to the values of that parameter, in its unit:
    `{"channels.na.g_max": [80.0, 120.0], "stimulus.amplitude": np.linspace(0, 500, 11)}`.

    **Returns:** what `sweep` takes as its values; each parameter becomes a dimension.
    """
    return Grid(dict(values))


def known_parameters(model: AbstractModel, stimulus: Any) -> dict[str, tuple[Array, str]]:
    """Everything a sweep may vary: dotted path -> value and unit."""
    units = {"input": "mV" if isinstance(model, AbstractChannel) else "pA"}
    of_stimulus = {
        f"{STIMULUS}{path}": (value, units.get(unit, unit))
        for path, (value, unit) in parameters(stimulus).items()
    }
    return parameters(model) | of_stimulus


def axes_of(
    values: Grid | Mapping[str, ArrayLike], states: Any, keys: Array | None, known: Mapping
) -> tuple[Axis, ...]:
    """The dimensions of a sweep, slowest first.

    **Raises:** `ValueError` for values that are empty, not finite, of the wrong shape or,
    where they are paired, of unequal lengths.
    """
    if isinstance(values, Grid):
        axes = [_axis(path, {path: column}, known) for path, column in values.values.items()]
    else:
        axes = [_axis("run", values, known)] if len(values) else []
    if states is not None:
        axes.append(Axis("state", _leading(states), {}))
    if keys is not None:
        axes.append(Axis("key", keys.shape[0], {}))
    if not axes:
        raise ValueError(
            "nothing varies in this sweep: give values, states or a batch of keys, or use "
            "simulate for a single run."
        )
    return tuple(axes)


def _axis(name: str, values: Mapping[str, ArrayLike], known: Mapping) -> Axis:
    columns = {path: _column(path, value, known[path][0]) for path, value in values.items()}
    lengths = {path: len(column) for path, column in columns.items()}
    if len(set(lengths.values())) != 1:
        listed = ", ".join(f"{path} has {length}" for path, length in lengths.items())
        raise ValueError(
            f"paired values must be equally many, but {listed}: make them so, or use "
            "sweeps.grid for every combination."
        )
    return Axis(name, next(iter(lengths.values())), columns)


def _column(path: str, values: ArrayLike, example: Array) -> NDArray:
    try:
        column = np.asarray(values, float)
    except (TypeError, ValueError):
        raise ValueError(f"the values of {path} must be numbers, one for each run.") from None
    if column.ndim == 0 or column.shape[1:] != example.shape:
        expected = " x ".join(["runs", *map(str, example.shape)])
        raise ValueError(
            f"the values of {path} have shape {column.shape}: give an array of {expected}."
        )
    if not len(column):
        raise ValueError(f"the values of {path} are empty: give at least one.")
    # An edge of a stimulus may well lie at infinity.
    bad = np.isnan(column) if path.startswith(STIMULUS) else ~np.isfinite(column)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"value number {first[0]} of {path} is {column[first]}: leave it out or mend it."
        )
    return column


def _leading(states: Any) -> int:
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(states)]
    lengths = {shape[0] if shape else None for shape in shapes}
    if len(lengths) != 1 or lengths & {None, 0}:
        raise ValueError(
            f"states must have one leading axis of initial states in every part, but the parts "
            f"have shapes {', '.join(map(str, shapes))}."
        )
    return shapes[0][0]


def check_paths(model: AbstractModel, stimulus: Any, paths: Any, known: Mapping) -> None:
    """Raise a `ValueError` with the nearest names if a path is no parameter of either."""
    for path in paths:
        if path in known:
            continue
        of_stimulus = path.startswith(STIMULUS)
        if of_stimulus and not any(name.startswith(STIMULUS) for name in known):
            raise ValueError(
                f"{path} is to vary, but the stimulus is a {type(stimulus).__name__} without "
                "parameters: use one that has some, such as stimuli.Step(amplitude=100.0)."
            )
        owner = f"the stimulus, a {type(stimulus).__name__}," if of_stimulus else ""
        nearest = difflib.get_close_matches(path, list(known), n=3, cutoff=0.3) or list(known)
        raise ValueError(
            f"{owner or type(model).__name__} has no parameter {path!r}; the nearest names are "
            f"{', '.join(nearest)}."
        )
