"""The results of a sweep while it runs."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ._dataset import COMPLETED, DIVERGED
from ._lanes import Lanes
from ._store import Store, read, write


class Results(NamedTuple):
    """One row a run; filled tile by tile."""

    measures: dict[str, NDArray]
    flags: dict[str, NDArray]

    @property
    def completed(self) -> NDArray:
        """Which runs are there."""
        return self.flags[COMPLETED]

    @property
    def diverged(self) -> NDArray:
        """Which runs were not finite."""
        return self.flags[DIVERGED]


def empty_results(runs: int, shapes: Mapping[str, jax.ShapeDtypeStruct]) -> Results:
    """Nothing yet: NaN for each of `runs` runs, whose measures have `shapes`."""
    measures = {name: np.full((runs, *s.shape), np.nan, s.dtype) for name, s in shapes.items()}
    return Results(measures, {name: np.zeros(runs, bool) for name in (DIVERGED, COMPLETED)})


def keep(results: Results, runs: NDArray, out: tuple[dict[str, Array], Array]) -> None:
    """Fill in what came out of a tile, which may be longer than `runs`."""
    measured, diverged = out
    for name, value in measured.items():
        results.measures[name][runs] = np.asarray(value)[: len(runs)]
    results.diverged[runs] = np.asarray(diverged)[: len(runs)]
    results.completed[runs] = True


def load(results: Results, store: Store) -> None:
    """Fill in what a store holds."""
    for name, values in (*results.measures.items(), (DIVERGED, results.diverged)):
        values[...] = read(store, name)
    results.completed[...] = store.completed


def save(results: Results, store: Store) -> None:
    """Write to the store what it does not hold yet."""
    new = np.flatnonzero(results.completed & ~store.completed)
    write(store, new, results.measures | {DIVERGED: results.diverged})


def warn_of_diverged(results: Results, lanes: Lanes) -> None:
    """One warning for all runs that were not finite."""
    count = int(results.diverged.sum())
    if not count:
        return
    first = np.flatnonzero(results.diverged)[:1]
    values = [f"{path}={np.asarray(v)[0]:g}" for path, v in _scalars(lanes, first).items()]
    warnings.warn(
        f"{count} of {lanes.runs} runs diverged and are NaN, the first of them number {first[0]}"
        f"{' with ' if values else ''}{', '.join(values)}: take a smaller dt, or look for values "
        "of the wrong size or unit.",
        stacklevel=4,
    )


def _scalars(lanes: Lanes, runs: NDArray) -> dict[str, Any]:
    return {path: value for path, value in lanes.values(runs).items() if value.ndim == 1}
