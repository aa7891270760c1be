"""Reader of text tables with units in their header."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._checks import sampling_interval
from ._request import Contents, Request, Trace
from ._units import (
    CURRENT,
    TIME,
    VOLTAGE,
    current_factor,
    factor,
    voltage_factor,
)

_EXAMPLE = "time_ms,current_pA,voltage_mV"
# "Vm (mV) 2" or "Vm_2 [mV]": the unit in brackets; "voltage_mV_2": the unit after a separator.
_BRACKETS = re.compile(r"^(?P<name>.*?)[\s_]*[(\[]\s*(?P<unit>[^)\]]+?)\s*[)\]][\s_.]*(?P<n>\d*)$")
_SEPARATED = re.compile(r"^(?P<name>.+?)[\s_/]+(?P<unit>[^\W\d_]+)(?:[\s_.]+(?P<n>\d+))?$")
_NUMBERED = re.compile(r"^(?P<name>.*?[^\W\d])[\s_.]+(?P<n>\d+)$")


class _Column(NamedTuple):
    position: int
    name: str
    unit: str
    number: int | None


def read(path: Path, request: Request) -> Contents:
    """Read a time column, and voltage and current columns, one each or one per sweep.

    A header such as `time_ms,current_pA,voltage_mV` or `t (s);I [nA];Vm (mV)` gives the units;
    sweeps are repeated or numbered columns; one current column may serve all voltages.
    """
    comments, header, rows, delimiter = _lines(path)
    columns = [_column(k, cell, path.name) for k, cell in enumerate(_cells(header, delimiter))]
    times = [c for c in columns if factor(c.unit, TIME) is not None]
    if len(times) != 1:
        raise ValueError(
            f"{path.name!r} has {len(times)} columns of time: give one, as in {_EXAMPLE!r}"
        )
    voltages = _voltages(columns, request, path.name)
    currents = _currents(columns, request, path.name)
    pairs = _pairs(voltages, currents, path.name)
    values = _values(rows, delimiter, len(columns), path.name)
    time = values[:, times[0].position] * (factor(times[0].unit, TIME) or 1.0)
    dt = sampling_interval(time, f"column {times[0].name!r}")
    traces = []
    for number in request.pick(list(pairs)):
        voltage, current = pairs[number]
        millivolt = voltage_factor(voltage.unit, request.voltage_scale, voltage.name)
        picoampere = current_factor(current.unit, request.current_scale, current.name)
        millivolt = millivolt * values[:, voltage.position]
        traces.append(Trace(number, millivolt, picoampere * values[:, current.position], dt))
    names = {"voltage": voltages[0].name, "current": currents[0].name}
    return Contents(traces, {"format": "table", **names, "header": header, "comments": comments})


def _lines(path: Path) -> tuple[list[str], str, list[str], str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name!r} is not a text table in UTF-8 ({error.reason}): export it as CSV"
        ) from error
    comments = [line.lstrip("# ") for line in lines if line.startswith("#")]
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    if len(lines) < 3:
        raise ValueError(
            f"{path.name!r} has {len(lines)} lines: give a header, as in {_EXAMPLE!r}, and at "
            "least two rows"
        )
    candidates = "\t" if path.suffix.casefold() == ".tsv" else "\t;,"
    delimiter = next((mark for mark in candidates if mark in lines[0]), ",")
    return comments, lines[0], lines[1:], delimiter


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in line.split(delimiter)]


def _column(position: int, cell: str, file: str) -> _Column:
    parts = _BRACKETS.match(cell) or _SEPARATED.match(cell)
    unit = parts["unit"] if parts else ""
    if not parts or all(factor(unit, table) is None for table in (TIME, VOLTAGE, CURRENT)):
        raise ValueError(
            f"{file!r} has a column {cell!r} without a known unit: write the header with units, "
            f"as in {_EXAMPLE!r} or 't (s),I [nA],Vm (mV)'"
        )
    name, number = parts["name"].strip(), parts["n"]
    if not number and (numbered := _NUMBERED.match(name)):
        name, number = numbered["name"], numbered["n"]
    return _Column(position, name, unit, int(number) if number else None)


def _voltages(columns: list[_Column], request: Request, file: str) -> list[_Column]:
    found = [c for c in columns if factor(c.unit, VOLTAGE) is not None]
    return _one_name("channel", request.channel, found, "voltage", file)


def _currents(columns: list[_Column], request: Request, file: str) -> list[_Column]:
    found = [c for c in columns if factor(c.unit, CURRENT) is not None]
    if request.named_current is not None:
        return _one_name("current", request.named_current, found, "current", file)
    commands = [c for c in found if re.search("cmd|command|stim", c.name.casefold())]
    measured = [c for c in found if c not in commands]
    if request.current == "auto":
        return _one_name("current", None, measured or commands, "current", file)
    kept = commands if request.current == "command" else measured
    # A single column of current is whatever its owner calls it.
    kept = kept or (found if len({c.name for c in found}) == 1 else [])
    return _one_name("current", None, kept, f"{request.current} current", file)


def _one_name(
    argument: str, wanted: int | str | None, found: list[_Column], what: str, file: str
) -> list[_Column]:
    names = list(dict.fromkeys(c.name for c in found))
    if not names:
        raise ValueError(f"{file!r} has no {what} column: add one, as in {_EXAMPLE!r}")
    offer = ", ".join(f"{name!r} ({k})" for k, name in enumerate(names))
    if wanted is None and len(names) > 1:
        raise ValueError(f"{argument} is open, {file!r} has {what} columns {offer}: name one")
    name = names[wanted] if isinstance(wanted, int) and 0 <= wanted < len(names) else wanted
    if name is not None and name not in names:
        raise ValueError(f"{argument} {wanted!r} is not in {file!r}: choose from {offer}")
    return [c for c in found if c.name == (name or names[0])]


def _pairs(
    voltages: list[_Column], currents: list[_Column], file: str
) -> dict[int, tuple[_Column, _Column]]:
    """Sweep number to its two columns."""
    numbers = _numbers(voltages)
    if len(currents) == 1:
        return {n: (v, currents[0]) for n, v in zip(numbers, voltages, strict=True)}
    if sorted(numbers) != sorted(_numbers(currents)):
        raise ValueError(
            f"{file!r} has {len(voltages)} voltage and {len(currents)} current columns with "
            "other numbers: give each voltage_mV_k its current_pA_k, or one current for all"
        )
    by_number = dict(zip(_numbers(currents), currents, strict=True))
    return {n: (v, by_number[n]) for n, v in zip(numbers, voltages, strict=True)}


def _numbers(columns: list[_Column]) -> list[int]:
    numbers = [column.number for column in columns]
    given = [number for number in numbers if number is not None]
    complete = len(given) == len(columns) == len(set(given))
    return given if complete else list(range(len(columns)))


def _values(rows: list[str], delimiter: str, width: int, file: str) -> np.ndarray:
    if delimiter != ",":
        rows = [row.replace(",", ".") for row in rows]  # decimal comma
    for position, row in enumerate(rows):
        if row.count(delimiter) != width - 1:
            raise ValueError(
                f"{file!r} has {row.count(delimiter) + 1} cells in row {position + 1} but "
                f"{width} in its header: give every row all cells, without text in them"
            )
    try:
        return np.loadtxt(rows, delimiter=delimiter, ndmin=2, comments=None, quotechar='"')
    except ValueError as error:
        raise ValueError(
            f"{file!r} has a cell that is no number ({str(error).rstrip('.')}): give sweeps of "
            "equal lengths and numbers only"
        ) from error
