"""Reader of Neurodata Without Borders files."""

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ._checks import sampling_interval
from ._recording import listed
from ._request import Contents, Request, Trace, missing_package
from ._units import current_factor, voltage_factor


class _Piece(NamedTuple):
    """Samples `start` to `stop` of a series."""

    series: Any
    start: int
    stop: int


class _Pair(NamedTuple):
    response: _Piece
    stimulus: _Piece


class _Kinds(NamedTuple):
    response: list[Any]
    stimulus: list[Any]
    voltage_clamp: int


def read(path: Path, request: Request) -> Contents:
    """Read CurrentClampSeries, each with the CurrentClampStimulusSeries that belongs to it.

    The two are matched by the table of intracellular recordings, else by electrode and sweep
    number, else by electrode and the numbers in their names.
    """
    try:
        from pynwb import NWBHDF5IO
    except ImportError as error:
        missing_package("pynwb", error)
    with warnings.catch_warnings():
        # Older files bring warnings on their schema, which a reader of theirs cannot act on.
        warnings.simplefilter("ignore")
        try:
            io: Any = NWBHDF5IO(path=str(path), mode="r")
        except Exception as error:  # h5py and hdmf raise whatever they ran into
            raise _unreadable(path, error) from error
        with io:
            try:
                nwb = io.read()
            except Exception as error:
                raise _unreadable(path, error) from error
            try:
                return _contents(nwb, request, path.name)
            except OSError as error:  # data sets are read, and found damaged, only here
                raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ValueError:
    reason = " ".join(str(error).split())[:200]
    return ValueError(
        f"{path.name!r} cannot be read as NWB 2 ({reason}): it is damaged, cut short or of "
        "another kind, copy or convert it again"
    )


def _contents(nwb: Any, request: Request, name: str) -> Contents:
    kinds = _kinds(nwb)
    responses = _of_channel(kinds, request, name)
    if not kinds.stimulus:
        raise ValueError(
            f"{name!r} holds voltage without current (no CurrentClampStimulusSeries): add the "
            "stimulus series to the file"
        )
    if request.current == "measured":
        raise ValueError(
            "current 'measured' is not what an NWB file holds: use 'command', 'auto' or the name "
            "of a stimulus series"
        )
    pairs = _tabled(nwb, responses, request) or _matched(responses, kinds.stimulus, request)
    if not pairs:
        raise ValueError(
            f"{name!r} has no stimulus that belongs to {listed([s.name for s in responses])}: "
            f"name one of {listed([s.name for s in kinds.stimulus])} by current"
        )
    numbered = dict(zip(_numbers(pairs), pairs, strict=True))
    traces = [_trace(n, numbered[n], request) for n in request.pick(list(numbered))]
    used = {id(pair.response.series) for pair in pairs}
    return Contents(
        traces,
        {
            "format": "NWB",
            "identifier": str(nwb.identifier),
            "description": str(nwb.session_description),
            "electrode": _electrode(responses[0]),
            "voltage": [numbered[trace.number].response.series.name for trace in traces],
            "current": [numbered[trace.number].stimulus.series.name for trace in traces],
            "comments": sorted({str(numbered[t.number].response.series.comments) for t in traces}),
            "without_current": [s.name for s in responses if id(s) not in used],
        },
    )


def _kinds(nwb: Any) -> _Kinds:
    from pynwb.icephys import (
        CurrentClampSeries,
        CurrentClampStimulusSeries,
        IZeroClampSeries,
        VoltageClampSeries,
    )

    recorded = [*nwb.acquisition.values(), *nwb.stimulus.values()]
    response = [
        series
        for series in recorded
        if isinstance(series, CurrentClampSeries) and not isinstance(series, IZeroClampSeries)
    ]
    stimulus = [series for series in recorded if isinstance(series, CurrentClampStimulusSeries)]
    voltage_clamp = sum(isinstance(series, VoltageClampSeries) for series in recorded)
    return _Kinds(response, stimulus, voltage_clamp)


def _of_channel(kinds: _Kinds, request: Request, name: str) -> list[Any]:
    """The responses of one electrode, or the one series named."""
    if not kinds.response:
        found = f"only voltage clamp, {kinds.voltage_clamp} series" if kinds.voltage_clamp else ""
        raise ValueError(
            f"{name!r} has no CurrentClampSeries ({found or 'no clamp series with current'}): "
            "give a current-clamp file"
        )
    named = [series for series in kinds.response if series.name == request.channel]
    if named:
        return named
    electrodes = sorted({_electrode(series) for series in kinds.response})
    position = request.channel
    if position is None and len(electrodes) == 1:
        position = 0
    if isinstance(position, str) and position in electrodes:
        position = electrodes.index(position)
    if not isinstance(position, int) or not 0 <= position < len(electrodes):
        offer = listed([f"{electrode!r} ({k})" for k, electrode in enumerate(electrodes)])
        raise ValueError(
            f"channel is {request.channel!r}, the file holds electrodes {offer}: name one of "
            "them or a series"
        )
    return [s for s in kinds.response if _electrode(s) == electrodes[position]]


def _electrode(series: Any) -> str:
    return str(series.electrode.name)


def _tabled(nwb: Any, responses: list[Any], request: Request) -> list[_Pair]:
    table = nwb.intracellular_recordings
    if table is None or request.named_current is not None:
        return []
    kept = {series.object_id for series in responses}
    rows = zip(
        table.category_tables["responses"]["response"][:],
        table.category_tables["stimuli"]["stimulus"][:],
        strict=True,
    )
    return [
        _Pair(_piece(response), _piece(stimulus))
        for response, stimulus in rows
        if response.timeseries is not None
        and response.timeseries.object_id in kept
        and stimulus.timeseries is not None
    ]


def _piece(reference: Any) -> _Piece:
    first = int(reference.idx_start)
    return _Piece(reference.timeseries, first, first + int(reference.count))


def _matched(responses: list[Any], stimuli: list[Any], request: Request) -> list[_Pair]:
    pairs = []
    alone = len(responses) == len(stimuli) == 1
    for response in responses:
        found = [s for s in stimuli if _belongs(s, response, alone)]
        if request.named_current is not None:
            found = [s for s in stimuli if s.name == request.named_current]
        if len(found) > 1:
            raise ValueError(
                f"series {response.name!r} has several stimuli, "
                f"{listed([s.name for s in found])}: name one by current"
            )
        pairs += [_Pair(_whole(response), _whole(stimulus)) for stimulus in found]
    return pairs


def _belongs(stimulus: Any, response: Any, alone: bool) -> bool:
    if _electrode(stimulus) != _electrode(response):
        return False
    if stimulus.sweep_number is not None and response.sweep_number is not None:
        return stimulus.sweep_number == response.sweep_number
    digits = [re.findall(r"\d+", series.name) for series in (stimulus, response)]
    return alone or (bool(digits[0]) and [*map(int, digits[0])] == [*map(int, digits[1])])


def _whole(series: Any) -> _Piece:
    return _Piece(series, 0, len(series.data))


def _numbers(pairs: list[_Pair]) -> list[int]:
    numbers = [pair.response.series.sweep_number for pair in pairs]
    if None in numbers or len(set(numbers)) < len(numbers):
        return list(range(len(pairs)))
    return [int(number) for number in numbers]


def _trace(number: int, pair: _Pair, request: Request) -> Trace:
    response, stimulus = pair
    dt, start = _clock(response)
    stimulus_dt, stimulus_start = _clock(stimulus)
    if abs(stimulus_dt / dt - 1) > 1e-6 or abs(start - stimulus_start) > 0.5 * dt:
        raise ValueError(
            f"sweep {number} has voltage from {start:g} ms every {dt:g} ms but current from "
            f"{stimulus_start:g} ms every {stimulus_dt:g} ms: store both on one clock"
        )
    unit, name = str(response.series.unit), response.series.name
    to_millivolt = voltage_factor(unit, request.voltage_scale, name)
    unit, name = str(stimulus.series.unit), stimulus.series.name
    to_picoampere = current_factor(unit, request.current_scale, name)
    return Trace(number, to_millivolt * _values(response), to_picoampere * _values(stimulus), dt)


def _clock(piece: _Piece) -> tuple[float, float]:
    """Sampling interval and time of the first sample, ms."""
    series = piece.series
    if series.timestamps is not None:
        time = 1e3 * np.asarray(series.timestamps[piece.start : piece.stop], dtype=np.float64)
        return sampling_interval(time, f"time of {series.name}"), float(time[0])
    dt = 1e3 / float(series.rate)
    return dt, 1e3 * float(series.starting_time or 0.0) + piece.start * dt


def _values(piece: _Piece) -> np.ndarray:
    values = np.asarray(piece.series.data[piece.start : piece.stop], dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(
            f"series {piece.series.name!r} has shape {values.shape}: store one sweep per series"
        )
    return values * float(piece.series.conversion) + float(piece.series.offset)
