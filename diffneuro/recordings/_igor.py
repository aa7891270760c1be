"""Reader of Igor binary waves and packed experiments."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ._request import Contents, Request, Trace, missing_package
from ._units import (
    CURRENT,
    TIME,
    VOLTAGE,
    current_factor,
    factor,
    voltage_factor,
)


class _Wave(NamedTuple):
    name: str
    values: np.ndarray  # (sweeps, n)
    unit: str
    dt: float | None  # ms; None if the wave has no unit of time

    @property
    def base(self) -> str:
        """The name without the sweep's number at its end."""
        return re.sub(r"[_\s]*\d+$", "", self.name) or self.name


def read_wave(path: Path, request: Request) -> Contents:
    """Read voltage from an .ibw, and current from the .ibw that `current` gives the path of.

    A wave of two dimensions holds one sweep per column. Sweeps number from 0.
    """
    voltage = _load(path)
    other = _other_path(path, request)
    current = _load(other)
    pairs = _columns(0, voltage, current)
    with other.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    metadata = {"current_source": other.name, "current_sha256": sha256}
    return _contents(pairs, request, metadata)


def read_experiment(path: Path, request: Request) -> Contents:
    """Read a .pxp: waves in units of voltage with waves in units of current.

    Waves `Vm_1, Vm_2` pair with `Im_1, Im_2` by number; `channel` and `current` name the `Vm`
    and the `Im` where there are several. A wave of two dimensions holds one sweep per column.
    """
    waves = _experiment(path)
    voltages = _group(waves, "channel", request.channel, VOLTAGE, request.voltage_scale)
    named = request.named_current
    currents = _group(waves, "current", named, CURRENT, request.current_scale)
    return _contents(_pairs(voltages, currents), request, {})


def _other_path(path: Path, request: Request) -> Path:
    if request.named_current is None:
        raise ValueError(
            f"current is {request.current!r} but an .ibw file holds one wave: give the path of "
            "the .ibw file with the current"
        )
    for other in (path.parent / request.current, Path(request.current)):
        if other.is_file():
            return other
    raise FileNotFoundError(
        f"current {request.current!r} is no file, here or beside {path.name!r}: give the path "
        "of the .ibw file with the current"
    )


def _load(path: Path) -> _Wave:
    try:
        from igor2 import binarywave
    except ImportError as error:
        missing_package("igor2", error)
    wave = _wave(_parsed(binarywave.load, path))
    if wave is None:
        raise ValueError(f"{path.name!r} is not a wave of real numbers: give a recorded trace")
    return wave


def _experiment(path: Path) -> list[_Wave]:
    try:
        from igor2 import packed
        from igor2.record.wave import WaveRecord
    except ImportError as error:
        missing_package("igor2", error)
    records, _ = _parsed(packed.load, path)
    parsed = [_wave(record.wave) for record in records if isinstance(record, WaveRecord)]
    waves = [wave for wave in parsed if wave is not None]
    if not waves:
        raise ValueError(f"{path.name!r} holds no wave of numbers: save the experiment with data")
    return waves


def _parsed(parse: Callable[[str], Any], path: Path) -> Any:
    try:
        return parse(str(path))
    except Exception as error:  # igor2 raises whatever its parsing ran into
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{path.name!r} cannot be read as an Igor file ({reason}): it is damaged, cut short "
            "or of another kind, save it again from Igor"
        ) from error


def _wave(parsed: dict[str, Any]) -> _Wave | None:
    wave, version = parsed["wave"], parsed["version"]
    values, header = np.asarray(wave["wData"]), wave["wave_header"]
    if values.ndim not in (1, 2) or values.size == 0 or values.dtype.kind not in "iuf":
        return None
    if version == 5:
        step, time_unit = header["sfA"][0], _text(header["dimUnits"][0])
        time_unit = _text(wave.get("dimension_units", b"")) or time_unit
    else:
        step, time_unit = header["hsA"], _text(header["xUnits"])
    unit = _text(wave.get("data_units", b"")) or _text(header["dataUnits"])
    to_millisecond = factor(time_unit, TIME)
    dt = None if to_millisecond is None else float(step) * to_millisecond
    name = _text(header["bname"])
    return _Wave(name, np.atleast_2d(values.astype(np.float64).T), unit, dt)


def _text(characters: Any) -> str:
    if isinstance(characters, str):
        return characters
    joined = characters if isinstance(characters, bytes) else b"".join(np.ravel(characters))
    return joined.split(b"\0")[0].decode("latin-1").strip()


def _group(
    waves: list[_Wave],
    argument: str,
    wanted: int | str | None,
    units: dict[str, float],
    scale: float | None,
) -> list[_Wave]:
    """The waves of one base name that can hold this quantity."""
    usable = [wave for wave in waves if factor(wave.unit, units) is not None]
    if isinstance(wanted, str) and scale is not None:
        usable = waves
    bases = sorted({wave.base for wave in usable})
    offer = ", ".join(f"{base!r} ({k})" for k, base in enumerate(bases))
    if not bases:
        raise ValueError(
            f"{argument} is not found, no wave is in {' or '.join(units)}: set the waves' units, "
            f"or name one by {argument} and give its scale"
        )
    if wanted is None and len(bases) > 1:
        raise ValueError(f"{argument} is open, the file holds waves {offer}: name one of them")
    if isinstance(wanted, int) and 0 <= wanted < len(bases):
        wanted = bases[wanted]
    wanted = bases[0] if wanted is None else wanted
    found = [wave for wave in usable if wanted in (wave.base, wave.name)]
    if not found:
        raise ValueError(f"{argument} {wanted!r} is not in the file: choose from waves {offer}")
    return found


def _pairs(voltages: list[_Wave], currents: list[_Wave]) -> dict[int, tuple[_Wave, _Wave]]:
    """Sweep number to its two waves of one row."""
    if len(voltages) == len(currents) == 1:
        return _columns(_number(voltages[0]) or 0, voltages[0], currents[0])
    by_number = {_number(wave): wave for wave in currents}
    numbers = [_number(wave) for wave in voltages]
    repeated = min(len(set(numbers)), len(by_number)) < max(len(voltages), len(currents))
    if None in numbers or repeated or set(numbers) != set(by_number):
        names = [", ".join(wave.name for wave in group) for group in (voltages, currents)]
        raise ValueError(
            f"waves {names[0]} and {names[1]} do not pair by the numbers at their ends: name "
            "one wave by channel and one by current"
        )
    many = [wave.name for wave in (*voltages, *currents) if len(wave.values) > 1]
    if many:
        raise ValueError(
            f"waves {', '.join(many)} hold several sweeps each: name one by channel and one by "
            "current"
        )
    return {
        number: (wave._replace(values=wave.values[0]), other._replace(values=other.values[0]))
        for wave, number in zip(voltages, numbers, strict=True)
        if number is not None and (other := by_number[number])
    }


def _number(wave: _Wave) -> int | None:
    digits = re.search(r"\d+$", wave.name)
    return int(digits[0]) if digits else None


def _columns(first: int, voltage: _Wave, current: _Wave) -> dict[int, tuple[_Wave, _Wave]]:
    if len(voltage.values) != len(current.values):
        raise ValueError(
            f"wave {voltage.name!r} holds {len(voltage.values)} sweeps but {current.name!r} "
            f"{len(current.values)}: give waves with equal numbers of columns"
        )
    rows = zip(voltage.values, current.values, strict=True)
    return {
        first + k: (voltage._replace(values=v), current._replace(values=i))
        for k, (v, i) in enumerate(rows)
    }


def _contents(
    pairs: dict[int, tuple[_Wave, _Wave]], request: Request, metadata: dict[str, Any]
) -> Contents:
    numbers = request.pick(list(pairs))
    traces = [_trace(number, *pairs[number], request) for number in numbers]
    names = {
        "voltage": [pairs[number][0].name for number in numbers],
        "current": [pairs[number][1].name for number in numbers],
    }
    return Contents(traces, {"format": "Igor", **names, **metadata})


def _trace(number: int, voltage: _Wave, current: _Wave, request: Request) -> Trace:
    for wave in (voltage, current):
        if wave.dt is None or not wave.dt > 0:
            raise ValueError(
                f"wave {wave.name!r} has no unit of time: set it in Igor, for example "
                f'SetScale/P x, 0, 5e-5, "s", {wave.name}'
            )
    if voltage.dt is None or current.dt is None or abs(voltage.dt / current.dt - 1) > 1e-6:
        raise ValueError(
            f"waves {voltage.name!r} and {current.name!r} are sampled every {voltage.dt} and "
            f"{current.dt} ms: give waves with one interval"
        )
    to_millivolt = voltage_factor(voltage.unit, request.voltage_scale, voltage.name)
    to_picoampere = current_factor(current.unit, request.current_scale, current.name)
    return Trace(number, to_millivolt * voltage.values, to_picoampere * current.values, voltage.dt)
