"""Reading of a recording from a file of any known format."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from . import _abf, _igor, _npz, _nwb, _table
from ._recording import Recording, listed
from ._request import Contents, Request, Trace

_READERS = {
    ".nwb": _nwb.read,
    ".abf": _abf.read,
    ".ibw": _igor.read_wave,
    ".pxp": _igor.read_experiment,
    ".csv": _table.read,
    ".tsv": _table.read,
    ".txt": _table.read,
    ".npz": _npz.read,
}


def load(
    path: str | PathLike[str],
    *,
    sweeps: int | Sequence[int] | None = None,
    channel: int | str | None = None,
    current: str = "auto",
    current_scale: float | None = None,
    voltage_scale: float | None = None,
    voltage_clamp: bool = False,
) -> Recording:
    """Read a recording, in library units.

    Arguments:
        path: a file; its suffix says the format: .nwb, .abf, .ibw and .pxp (Igor), .npz, or
            a table in .csv, .tsv or .txt with units in its header.
        sweeps: numbers of the sweeps to read, as the file counts them (ABF, and files without
            numbers, from 0); all by default.
        channel: name or position of the voltage, where the file holds several: a channel
            (ABF), an electrode or series (NWB), a column (tables), a wave (Igor), a key (NPZ).
        current: "measured", "command", "auto" (the format's usual one: measured before command
            in ABF and tables; `i_pA`, `i_cmd_pA`, `i_meas_pA` in that order in NPZ; the stimulus
            series in NWB), or the current's own name. An .ibw file holds one wave: give
            the path of the other .ibw, which may be relative to the first.
        current_scale: factor from the file's values to pA; by default the file's unit says it.
        voltage_scale: factor from the file's values to mV; by default the file's unit says it.
        voltage_clamp: whether the voltage of the file is a command and the current measured;
            NPZ files then hold it as `v_cmd_mV`, for other formats name it by channel.

    Returns a Recording whose `source`, `sha256` and `metadata` say where it comes from.

    Raises FileNotFoundError where there is no file, ImportError where the package that reads
    the format is not installed, ValueError where the file is not a recording, is cut short,
    lacks voltage or current, or holds implausible values.
    """
    path = Path(path)
    reader = _reader(path)
    for name, scale in (("current_scale", current_scale), ("voltage_scale", voltage_scale)):
        if scale is not None and (not np.isfinite(scale) or scale == 0):
            raise ValueError(f"{name} is {scale}: give a finite factor other than 0")
    if sweeps is not None and not isinstance(sweeps, (int, np.integer)) and len(sweeps) == 0:
        raise ValueError("sweeps is empty: name at least one sweep, or leave it out for all")
    if voltage_clamp and channel is None and path.suffix.casefold() == ".npz":
        channel = "v_cmd_mV"
    contents = reader(path, Request(sweeps, channel, current, current_scale, voltage_scale))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return _recording(contents, path.name, sha256, voltage_clamp)


def _reader(path: Path):
    if path.is_dir():
        raise ValueError(f"path {str(path)!r} is a directory: give a file in it")
    if not path.exists():
        raise FileNotFoundError(f"path {str(path)!r} does not exist: check its spelling")
    reader = _READERS.get(path.suffix.casefold())
    if reader is None:
        raise ValueError(
            f"{path.name!r} is not a recording that can be read: give one of {', '.join(_READERS)}"
        )
    return reader


def _recording(contents: Contents, source: str, sha256: str, voltage_clamp: bool) -> Recording:
    traces = contents.traces
    _check_equal(traces)
    return Recording(
        time=traces[0].dt * np.arange(traces[0].voltage.size),
        current=np.stack([trace.current for trace in traces]),
        voltage=np.stack([trace.voltage for trace in traces]),
        sweep_numbers=tuple(trace.number for trace in traces),
        metadata=contents.metadata,
        source=source,
        sha256=sha256,
        voltage_clamp=voltage_clamp,
    )


def _check_equal(traces: list[Trace]) -> None:
    for trace in traces:
        if trace.current.shape != trace.voltage.shape:
            raise ValueError(
                f"sweep {trace.number} has {trace.voltage.size} samples of voltage but "
                f"{trace.current.size} of current: choose other sweeps or another current"
            )
    kinds = Counter((trace.voltage.size, float(f"{trace.dt:.7g}")) for trace in traces)
    if len(kinds) > 1:
        size, dt = kinds.most_common(1)[0][0]
        alike = [
            trace.number
            for trace in traces
            if trace.voltage.size == size and float(f"{trace.dt:.7g}") == dt
        ]
        found = listed([f"{n} samples at {step:g} ms" for n, step in kinds])
        raise ValueError(
            f"sweeps differ in length or sampling ({found}): pick alike ones, "
            f"for example sweeps=[{listed(alike)}]"
        )
