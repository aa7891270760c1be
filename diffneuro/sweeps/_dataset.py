"""A sweep's results as an xarray Dataset."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._values import Axis

if TYPE_CHECKING:
    import xarray

DIVERGED = "diverged"
COMPLETED = "completed"
"""names of what a dataset holds beside the measures"""


def import_xarray() -> Any:
    """xarray, which only sweeps need."""
    try:
        import xarray
    except ImportError:
        raise ImportError(
            "a sweep needs the sweep extra: pip install 'diffneuro[sweep]'."
        ) from None
    return xarray


def check_measure_names(names: Mapping[str, Any], axes: tuple[Axis, ...]) -> None:
    """Raise a `ValueError` for a measure whose name is taken."""
    taken = {DIVERGED, COMPLETED, *(axis.name for axis in axes)}
    taken |= {path for axis in axes for path in axis.columns}
    for name in names:
        if name in taken:
            raise ValueError(f"the measure name {name!r} is taken in this sweep: choose another.")


def to_dataset(
    axes: tuple[Axis, ...],
    results: Mapping[str, NDArray],
    flags: Mapping[str, NDArray],
    units: Mapping[str, str | None],
    attributes: Mapping[str, Any],
) -> "xarray.Dataset":
    """Measures and flags, one row a run, along named dimensions with units."""
    xarray = import_xarray()
    dimensions = tuple(axis.name for axis in axes)
    sizes = tuple(axis.size for axis in axes)
    variables = {}
    for name, values in {**results, **flags}.items():
        own = tuple(f"{name}_{i}" for i in range(values.ndim - 1))
        shaped = values.reshape(*sizes, *values.shape[1:])
        variables[name] = ((*dimensions, *own), shaped, _unit(units.get(name)))
    return xarray.Dataset(variables, _coordinates(axes, units), dict(attributes))


def _coordinates(axes: tuple[Axis, ...], units: Mapping[str, str | None]) -> dict[str, Any]:
    coordinates: dict[str, Any] = {}
    for axis in axes:
        # Parameters that are arrays themselves have no place on an axis but their number.
        coordinates[axis.name] = (axis.name, np.arange(axis.size))
        for path, column in axis.columns.items():
            if column.ndim == 1:
                coordinates[path] = (axis.name, column, _unit(units.get(path)))
    return coordinates


def _unit(unit: str | None) -> dict[str, str]:
    return {} if unit is None else {"units": unit}
