"""A Zarr store that a sweep is written to as it goes."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._dataset import COMPLETED, DIVERGED
from ._identity import difference

if TYPE_CHECKING:
    import xarray

_KIND = "diffneuro sweep"
_FORMAT_VERSION = 1
# Values in one chunk of a variable; each is written anew for every tile that lies in it.
_CHUNK = 4096


class Store(NamedTuple):
    """The results of a sweep on disk, of which some runs may be there already."""

    group: Any
    sizes: tuple[int, ...]
    """of the dimensions"""
    completed: NDArray
    """which runs are there; an unfinished store carries the same as a variable"""


def open_store(path: str | os.PathLike, empty: "xarray.Dataset") -> Store:
    """The store at `path`, made from `empty` where there is none.

    **Raises:** `ValueError` where there is something else, or another sweep.
    """
    path = Path(path)
    if not path.exists():
        _create(path, empty)
    group = _open(path)
    if different := difference(group.attrs.asdict(), empty.attrs):
        raise ValueError(f"{path} holds another sweep: {different}; choose another name.")
    sizes = empty[COMPLETED].shape
    unfinished = COMPLETED in group
    completed = np.asarray(group[COMPLETED][...]) if unfinished else np.ones(sizes, bool)
    return Store(group, sizes, completed.ravel())


def read(store: Store, name: str) -> NDArray:
    """A variable of a store, one row a run."""
    values = np.asarray(store.group[name][...])
    return values.reshape(-1, *values.shape[len(store.sizes) :])


def write(store: Store, runs: NDArray, results: Mapping[str, NDArray]) -> None:
    """Add the results of `runs`, their numbers; each variable has one row a run."""
    if not len(runs):
        return
    done = np.ones(store.completed.shape, bool)
    # Marked as completed last, so that what is marked is there.
    for name, values in (*results.items(), (COMPLETED, done)):
        rows = values[runs]
        within = np.indices(rows.shape[1:], sparse=True)
        places = np.unravel_index(runs, store.sizes)
        outer = [place.reshape(-1, *[1] * len(within)) for place in places]
        selection = np.broadcast_arrays(*outer, *(index[None] for index in within))
        store.group[name].set_coordinate_selection(tuple(selection), rows)
    store.completed[runs] = True


def finish(store: Store, diverged: int) -> None:
    """Say that all runs are there, and how many diverged."""
    if COMPLETED not in store.group:
        return
    store.group.attrs[DIVERGED] = diverged
    del store.group[COMPLETED]
    _import_zarr().consolidate_metadata(store.group.store, zarr_format=2)


def _import_zarr() -> Any:
    try:
        import zarr
    except ImportError:
        raise ImportError("store= needs the sweep extra: pip install 'diffneuro[sweep]'.") from None
    return zarr


def _create(path: Path, empty: "xarray.Dataset") -> None:
    """Whole or not at all: beside its place first, then renamed onto it."""
    _import_zarr()
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise ValueError(
            f"cannot write {path}: {error.strerror}; choose a folder that exists and is writable."
        ) from None
    marked = empty.assign_attrs(kind=_KIND, format_version=_FORMAT_VERSION)
    # Format 2: the one whose metadata can be consolidated, which readers expect.
    encoding = {name: {"chunks": _chunks(values.shape)} for name, values in empty.items()}
    try:
        marked.to_zarr(temporary / "store", zarr_format=2, consolidated=True, encoding=encoding)
        os.replace(temporary / "store", path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _chunks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Whole trailing dimensions as far as they go, since a tile holds neighbours along them."""
    chunks, left = [], _CHUNK
    for size in reversed(shape):
        chunks.append(max(1, min(size, left)))
        left //= max(1, size)
    return tuple(reversed(chunks))


def _open(path: Path) -> Any:
    zarr = _import_zarr()
    try:
        group = zarr.open_group(path, mode="r+", use_consolidated=False)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"{path} is no Zarr store ({' '.join(str(error).split())}): choose another name."
        ) from None
    found = group.attrs.get("kind"), group.attrs.get("format_version")
    if found != (_KIND, _FORMAT_VERSION):
        raise ValueError(
            f"{path} is not a {_KIND} of format version {_FORMAT_VERSION}: choose another name."
        )
    return group


def check_is_sweep(path: Path) -> None:
    """Raise a `ValueError` where there is something else than a sweep's store."""
    _open(path)
