"""Reader of NPZ archives with units in their keys."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ._recording import listed
from ._request import Contents, Request, Trace
from ._units import current_factor, voltage_factor

_CURRENT_KEYS = {
    "auto": ("i_pA", "i_cmd_pA", "i_meas_pA"),
    "measured": ("i_meas_pA", "i_pA"),
    "command": ("i_cmd_pA",),
}


def read(path: Path, request: Request) -> Contents:
    """Read `v_mV` (sweeps, n) or (n,), a current `i_pA`, `i_cmd_pA` or `i_meas_pA`, `dt_ms`."""
    arrays = _arrays(path)
    voltage_key = _voltage_key(arrays, request, path.name)
    current_key = _current_key(arrays, request, path.name)
    if "dt_ms" not in arrays:
        raise ValueError(f"{path.name!r} has no key 'dt_ms': add the sampling interval in ms")
    dt = arrays["dt_ms"]
    if dt.size != 1 or not (np.isfinite(dt).all() and dt.item() > 0):
        raise ValueError(f"dt_ms is {dt!r}: give one positive number")
    voltage = _sweeps(arrays, voltage_key)
    voltage = voltage * voltage_factor(_unit(voltage_key), request.voltage_scale, voltage_key)
    current = _sweeps(arrays, current_key)
    current = current * current_factor(_unit(current_key), request.current_scale, current_key)
    if len(voltage) != len(current):
        raise ValueError(
            f"{voltage_key} has {len(voltage)} sweeps but {current_key} has {len(current)}: "
            "store one row of current per row of voltage"
        )
    numbers = request.pick(range(len(voltage)))
    traces = [Trace(n, voltage[n], current[n], float(dt.item())) for n in numbers]
    return Contents(
        traces,
        {"format": "NPZ", "voltage": voltage_key, "current": current_key, "keys": list(arrays)},
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path.name!r} is not an NPZ archive of plain arrays ({error}): write it with "
            "numpy.savez, without Python objects"
        ) from error


def _voltage_key(arrays: dict[str, Any], request: Request, name: str) -> str:
    key = "v_mV" if request.channel is None else str(request.channel)
    if key not in arrays:
        clamp = " (it holds a voltage-clamp command)" if "v_cmd_mV" in arrays else ""
        raise ValueError(
            f"{name!r} has no voltage {key!r}{clamp}: store (sweeps, samples) in mV under "
            f"'v_mV', or name another of {listed(list(arrays))} by channel"
        )
    return key


def _current_key(arrays: dict[str, Any], request: Request, name: str) -> str:
    keys = _CURRENT_KEYS.get(request.current, (request.current,))
    found = [key for key in keys if key in arrays]
    if not found:
        raise ValueError(
            f"{name!r} has no current {' or '.join(keys)} (current={request.current!r}): name "
            f"another of {listed(list(arrays))} by current"
        )
    return found[0]


def _sweeps(arrays: dict[str, np.ndarray], key: str) -> np.ndarray:
    array = arrays[key]
    if array.ndim not in (1, 2) or not np.issubdtype(array.dtype, np.number):
        raise ValueError(
            f"{key} has shape {array.shape} and type {array.dtype}: store numbers (sweeps, samples)"
        )
    return np.atleast_2d(array.astype(np.float64))


def _unit(key: str) -> str:
    return key.rpartition("_")[2]
