"""A recording: current and voltage, sweep by sweep."""

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _checks, _resample


@dataclass(frozen=True, eq=False)
class Recording:
    """Clamped sweeps on one time axis; checked at construction, never changed after.

    Arguments:
        time: (n,) ms, uniform from 0.
        current: (sweeps, n) injected current, pA, or, under voltage clamp, the measured one,
            outward positive; (n,) is taken as one sweep. To be fitted by a bare channel, which
            has no area, it is a density, uA/cm2.
        voltage: (sweeps, n) membrane voltage, mV, or, under voltage clamp, the command; (n,) is
            taken as one sweep.
        voltage_clamp: whether the voltage was commanded and the current measured.
        sweep_numbers: the sweeps' numbers in the file; 0, 1, ... if not given.
        metadata: what else the file says; values that JSON can hold.
        source: name of the file, "" for arrays made in memory.
        sha256: hash of the file, "" for arrays made in memory.

    Raises ValueError where shapes disagree, a value is not finite, or a range is implausible
    for the unit.
    """

    time: np.ndarray
    current: np.ndarray
    voltage: np.ndarray
    sweep_numbers: tuple[int, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict, repr=False)
    source: str = ""
    sha256: str = field(default="", repr=False)
    voltage_clamp: bool = False

    def __post_init__(self) -> None:
        time = np.asarray(self.time, dtype=np.float64)
        current = _rows("current", self.current)
        voltage = _rows("voltage", self.voltage)
        dt = _checks.sampling_interval(time)
        if abs(time[0]) > 1e-3 * dt:
            raise ValueError(f"time starts at {time[0]:g} ms: subtract time[0], it starts at 0")
        _checks.check_shapes(time, current, voltage)
        numbers = tuple(int(number) for number in self.sweep_numbers)
        numbers = numbers or tuple(range(len(voltage)))
        _checks.check_sweep_numbers(numbers, len(voltage))
        _checks.check_finite("current", current, time, numbers)
        _checks.check_finite("voltage", voltage, time, numbers)
        _checks.check_voltage_range(voltage)
        _checks.check_current_range(current)
        _set(self, dt * np.arange(time.size), current, voltage, numbers, _plain(self.metadata))

    def __repr__(self) -> str:
        where = f" from {self.source!r}" if self.source else ""
        clamp = ", voltage clamp" if self.voltage_clamp else ""
        length = f"{self.sweeps} sweeps of {self.duration:g} ms, dt {self.dt:g} ms"
        return f"Recording({length}{clamp}{where})"

    @property
    def dt(self) -> float:
        """Sampling interval, ms."""
        return float(self.time[1])

    @property
    def stimulus(self) -> np.ndarray:
        """(sweeps, n) what was imposed: the current, or the voltage under voltage clamp."""
        return self.voltage if self.voltage_clamp else self.current

    @property
    def response(self) -> np.ndarray:
        """(sweeps, n) what was measured: the voltage, or the current under voltage clamp."""
        return self.current if self.voltage_clamp else self.voltage

    @property
    def sweeps(self) -> int:
        """Number of sweeps."""
        return len(self.voltage)

    @property
    def duration(self) -> float:
        """Length of a sweep, ms: each sample counts for one interval."""
        return self.time.size * self.dt

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the time, current and voltage values: names this data, wherever made."""
        clamp = "voltage clamp" if self.voltage_clamp else ""
        digest = hashlib.sha256((repr(self.voltage.shape) + clamp).encode())
        for array in (self.time, self.current, self.voltage):
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()

    def select(self, sweeps: int | Sequence[int]) -> "Recording":
        """The sweeps with these numbers, in this order.

        Arguments:
            sweeps: one number or several, as in `sweep_numbers` (not positions).

        Returns a new Recording. Raises ValueError if there are none or one does not exist.
        """
        numbers = chosen(sweeps, self.sweep_numbers)
        rows = [self.sweep_numbers.index(number) for number in numbers]
        return self._derive(
            f"select {list(numbers)}", self.time, self.current[rows], self.voltage[rows], numbers
        )

    def crop(self, start: float, stop: float) -> "Recording":
        """The samples from `start` up to, without, `stop` (ms); time starts at 0 again.

        Returns a new Recording. Raises ValueError if the window leaves the recording or holds
        fewer than two samples.
        """
        if not (-1e-6 <= start < stop <= self.duration + 1e-6):
            raise ValueError(
                f"crop from {start} to {stop} ms is no window of a recording of "
                f"{self.duration:g} ms: give 0 <= start < stop <= {self.duration:g}"
            )
        first, last = round(start / self.dt), round(stop / self.dt)
        if last - first < 2:
            raise ValueError(
                f"crop from {start} to {stop} ms holds {last - first} samples: "
                f"give at least {2 * self.dt:g} ms"
            )
        return self._derive(
            f"crop {start:g} to {stop:g} ms",
            self.time[: last - first],
            self.current[:, first:last],
            self.voltage[:, first:last],
            self.sweep_numbers,
        )

    def resample(self, dt: float) -> "Recording":
        """The recording at another sampling interval `dt` (ms).

        To a longer interval, what was measured passes a zero-phase anti-aliasing filter and
        what was imposed, which is held between samples, is averaged over each new interval. To
        a shorter one, the one is interpolated linearly and the other held.

        Returns a new Recording. Raises ValueError if the ratio of the intervals is not one of
        small integers.
        """
        rate = _resample.ratio(self.dt, dt)
        if rate == 1:
            return self
        change = _resample.down if rate < 1 else _resample.up
        stimulus, response = change(self.stimulus, self.response, rate)
        time = dt * np.arange(stimulus.shape[1])
        pair = (response, stimulus) if self.voltage_clamp else (stimulus, response)
        return self._derive(f"resample {dt:g} ms", time, *pair, self.sweep_numbers)

    def _derive(
        self,
        step: str,
        time: np.ndarray,
        current: np.ndarray,
        voltage: np.ndarray,
        numbers: tuple[int, ...],
    ) -> "Recording":
        # Past the checks on purpose: a quiet or depolarised stretch of a plausible recording
        # would look as if it had the wrong unit.
        derived = copy.copy(self)
        metadata = _plain(self.metadata)
        metadata["history"] = [*metadata.get("history", []), step]
        _set(derived, time.copy(), current.copy(), voltage.copy(), numbers, metadata)
        return derived


def joined(recordings: Sequence[Recording]) -> Recording:
    """The sweeps of several recordings in one, numbered from 0.

    Arguments:
        recordings: at least one, all of the same sampling interval, length and clamp.

    Returns a new Recording. Raises ValueError if intervals, lengths or clamps differ.
    """
    parts = list(recordings)
    if not parts:
        raise ValueError("recordings is empty: give at least one")
    shapes = {(part.dt, part.time.size) for part in parts}
    if len(shapes) > 1:
        found = ", ".join(f"{size} samples every {dt:g} ms" for dt, size in sorted(shapes))
        raise ValueError(f"recordings differ ({found}): resample and crop them to be alike")
    if len({part.voltage_clamp for part in parts}) > 1:
        raise ValueError("some recordings are voltage clamp and some are not: join only alike")
    return Recording(
        time=parts[0].time,
        current=np.concatenate([part.current for part in parts]),
        voltage=np.concatenate([part.voltage for part in parts]),
        metadata={"joined": [part.metadata for part in parts]},
        source=" + ".join(part.source for part in parts),
        voltage_clamp=parts[0].voltage_clamp,
    )


def restored(
    *,
    time: np.ndarray,
    current: np.ndarray,
    voltage: np.ndarray,
    sweep_numbers: tuple[int, ...],
    metadata: dict[str, Any],
    source: str,
    sha256: str,
    voltage_clamp: bool = False,
) -> Recording:
    """A recording that was one before it was saved, past the checks of plausible ranges.

    A crop may hold a quiet stretch that would look as if it had the wrong unit.
    """
    recording = Recording.__new__(Recording)
    object.__setattr__(recording, "source", source)
    object.__setattr__(recording, "sha256", sha256)
    object.__setattr__(recording, "voltage_clamp", bool(voltage_clamp))
    _checks.check_shapes(time, current, voltage)
    _checks.check_finite("voltage", voltage, time, sweep_numbers)
    _set(recording, time, current, voltage, sweep_numbers, _plain(metadata))
    return recording


def chosen(sweeps: int | Sequence[int] | None, existing: Sequence[int]) -> tuple[int, ...]:
    """The sweep numbers asked for, all of `existing` for None; raises ValueError on others."""
    if sweeps is None:
        return tuple(existing)
    wanted = [sweeps] if isinstance(sweeps, (int, np.integer)) else list(sweeps)
    if not wanted:
        raise ValueError(f"sweeps is empty: choose from {listed(existing)}")
    unknown = [number for number in wanted if number not in existing]
    if unknown:
        raise ValueError(f"sweeps {listed(unknown)} do not exist: choose from {listed(existing)}")
    if len(set(wanted)) < len(wanted):
        raise ValueError(f"sweeps {listed(wanted)} repeat: name each sweep once")
    return tuple(int(number) for number in wanted)


def listed(numbers: Sequence[Any]) -> str:
    """A short list for a message."""
    names = [str(number) for number in numbers]
    return ", ".join(names if len(names) <= 12 else [*names[:8], "...", names[-1]])


def _rows(name: str, values: Any) -> np.ndarray:
    try:
        trace = np.array(values, dtype=np.float64)
    except ValueError as error:
        raise ValueError(
            f"{name} is no array of numbers ({error}): give sweeps of equal lengths"
        ) from error
    return trace[None, :] if trace.ndim == 1 else trace


def _plain(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(metadata))
    except TypeError as error:
        raise ValueError(
            f"metadata cannot be written as JSON ({error}): use texts, numbers, lists and dicts"
        ) from error


def _set(
    recording: Recording,
    time: np.ndarray,
    current: np.ndarray,
    voltage: np.ndarray,
    numbers: tuple[int, ...],
    metadata: dict[str, Any],
) -> None:
    for array in (time, current, voltage):
        array.setflags(write=False)
    fields = {"time": time, "current": current, "voltage": voltage}
    for name, value in (fields | {"sweep_numbers": numbers, "metadata": metadata}).items():
        object.__setattr__(recording, name, value)
