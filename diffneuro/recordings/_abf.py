"""Reader of Axon Binary Format files, versions 1 and 2."""

import struct
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ._request import Contents, Request, Trace, choose, missing_package
from ._units import CURRENT, VOLTAGE, current_factor, factor, voltage_factor

_BLOCK = 512
# ABF2: 18 section entries (block u32, bytes per item u32, items i64) from byte 76 on.
_SECTIONS = struct.Struct("<" + "IIq" * 18)


class _Header(NamedTuple):
    promised: int
    dt: float


class _Source(NamedTuple):
    measured: bool
    position: int
    name: str
    unit: str


def read(path: Path, request: Request) -> Contents:
    """Read sweeps, numbered from 0; a channel's unit, not its name, says what it holds."""
    header = _header(path)
    abf = _open(path)
    channel = _voltage_channel(abf, request, path.name)
    unit, name = abf.adcUnits[channel], abf.adcNames[channel]
    to_millivolt = voltage_factor(unit, request.voltage_scale, name)
    source = _current_source(abf, channel, request, path.name)
    to_picoampere = current_factor(source.unit, request.current_scale, source.name)
    traces = [
        Trace(
            number,
            to_millivolt * _sampled(abf, number, channel),
            to_picoampere * _current(abf, number, source),
            header.dt,
        )
        for number in request.pick(abf.sweepList)
    ]
    return Contents(traces, _metadata(abf, name, source))


def _header(path: Path) -> _Header:
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        if head[:4] not in (b"ABF ", b"ABF2"):
            raise ValueError(f"{path.name!r} is not an ABF file: give a file that Clampex wrote")
        try:
            if head[:4] == b"ABF ":
                header = _header_version_1(head)
            else:
                sections = _SECTIONS.unpack_from(head, 76)
                file.seek(sections[0] * _BLOCK + 2)
                header = _header_version_2(sections, file.read(4))
        except struct.error as error:
            raise ValueError(
                f"{path.name!r} is cut short within its header: copy it again from the rig"
            ) from error
    size = path.stat().st_size
    if size < header.promised:
        raise ValueError(
            f"{path.name!r} is cut short, its header promises {header.promised} bytes and it "
            f"has {size}: copy it again from the rig"
        )
    return header


def _header_version_1(head: bytes) -> _Header:
    (points,) = struct.unpack_from("<i", head, 10)
    (is_float,) = struct.unpack_from("<h", head, 30)
    block, skipped = struct.unpack_from("<ih", head, 40)
    channels, microseconds = struct.unpack_from("<hf", head, 120)
    promised = block * _BLOCK + skipped + points * (4 if is_float else 2)
    return _Header(promised, _milliseconds(microseconds * channels))


def _header_version_2(sections: tuple[int, ...], interval: bytes) -> _Header:
    entries = zip(sections[0::3], sections[1::3], sections[2::3], strict=True)
    ends = (block * _BLOCK + size * count for block, size, count in entries if count > 0)
    promised = max(ends, default=_BLOCK)
    return _Header(promised, _milliseconds(struct.unpack("<f", interval)[0]))


def _milliseconds(microseconds: float) -> float:
    # Stored in single precision: more digits would be noise.
    return float(f"{microseconds:.7g}") / 1e3


def _open(path: Path) -> Any:
    try:
        import pyabf
    except ImportError as error:
        missing_package("pyabf", error)
    try:
        return pyabf.ABF(str(path), cacheStimulusFiles=False)
    except Exception as error:  # pyabf raises whatever its parsing ran into
        raise ValueError(
            f"{path.name!r} cannot be read as ABF ({error}): it is damaged or of an unusual "
            "kind, save it again with Clampfit"
        ) from error


def _voltage_channel(abf: Any, request: Request, name: str) -> int:
    if request.channel is not None:
        return choose("channel", request.channel, abf.adcNames, "channels")
    found = [c for c in abf.channelList if factor(abf.adcUnits[c], VOLTAGE) is not None]
    if not found:
        raise ValueError(
            f"{name!r} has no voltage channel (units {', '.join(abf.adcUnits)}), as a "
            "voltage-clamp recording has not: give a current-clamp file, or name the channel "
            "and voltage_scale"
        )
    if len(found) > 1:
        choose("channel", None, abf.adcNames, "channels")
    return found[0]


def _current_source(abf: Any, voltage: int, request: Request, name: str) -> _Source:
    inputs = [_Source(True, c, abf.adcNames[c], abf.adcUnits[c]) for c in abf.channelList]
    inputs.pop(voltage)
    count = min(len(abf.dacNames), len(abf.stimulusByChannel), len(abf.holdingCommand))
    outputs = [_Source(False, c, abf.dacNames[c], abf.dacUnits[c]) for c in range(count)]
    if request.named_current is not None:
        sources = inputs + outputs
        names = [source.name for source in sources]
        return sources[choose("current", request.named_current, names, "channels")]
    in_current = [s for s in inputs if factor(s.unit, CURRENT) is not None]
    if request.current == "auto" and in_current and request.current_scale is not None:
        raise ValueError(
            "current is 'auto' but current_scale is given, and the file has measured and command "
            "currents: say which, 'measured' or 'command'"
        )
    if request.current == "measured" or (request.current == "auto" and in_current):
        return _measured(inputs, in_current, request, name)
    return _command(abf, outputs, voltage, request, name)


def _measured(
    inputs: list[_Source], in_current: list[_Source], request: Request, name: str
) -> _Source:
    usable = in_current or (inputs if request.current_scale is not None else [])
    if not usable:
        raise ValueError(
            f"{name!r} has no measured current channel: use current='command', or name a "
            "channel by current and give current_scale"
        )
    return usable[choose("current", None, [source.name for source in usable], "channels")]


def _command(
    abf: Any, outputs: list[_Source], voltage: int, request: Request, name: str
) -> _Source:
    usable = [s for s in outputs if factor(s.unit, CURRENT) is not None]
    if request.current_scale is not None:
        usable = usable or outputs
    if not usable:
        units = ", ".join(sorted({source.unit for source in outputs})) or "none"
        raise ValueError(
            f"{name!r} has no command in a unit of current (units: {units}): pass "
            "current_scale, the factor from the command's values to pA"
        )
    # Unused outputs hold one level throughout; amplifiers pair input and output by position.
    usable = [source for source in usable if _varies(abf, source)] or usable
    paired = [source for source in usable if source.position == voltage]
    usable = paired or usable
    return usable[choose("current", None, [source.name for source in usable], "commands")]


def _varies(abf: Any, source: _Source) -> bool:
    waves = [_current(abf, number, source) for number in abf.sweepList]
    return any(np.ptp(wave) > 0 or wave[0] != waves[0][0] for wave in waves)


def _sampled(abf: Any, number: int, channel: int) -> np.ndarray:
    abf.setSweep(number, channel=channel)
    return np.asarray(abf.sweepY, dtype=np.float64)


def _current(abf: Any, number: int, source: _Source) -> np.ndarray:
    if source.measured:
        return _sampled(abf, number, source.position)
    abf.setSweep(number, channel=source.position)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Could not locate stimulus file", UserWarning)
        try:
            wave = np.asarray(abf.sweepC, dtype=np.float64)
        except UnboundLocalError:  # pyabf knows no path of a stimulus file in version 1
            wave = np.array([np.nan])
    if not np.isfinite(wave).all():
        raise ValueError(
            f"the command {source.name!r} came from a stimulus file that is not here: put that "
            "file beside the recording or use a measured current"
        )
    return wave


def _metadata(abf: Any, voltage: str, source: _Source) -> dict[str, Any]:
    kind = "measured" if source.measured else "command"
    return {
        "format": f"ABF {abf.abfVersionString}",
        "voltage": voltage,
        "current": f"{kind} {source.name} ({source.unit})",
        "channels": [f"{n} ({u})" for n, u in zip(abf.adcNames, abf.adcUnits, strict=True)],
        "protocol": str(abf.protocol),
        "comment": str(abf.abfFileComment).strip(),
        "tags": [str(tag).strip() for tag in abf.tagComments],
        "recorded": str(abf.abfDateTimeString),
    }
