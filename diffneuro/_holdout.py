"""What of a recording is kept out of a fit."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from .analysis import recorded_spike_times
from .recordings import Recording, TimeSpan

Kept: TypeAlias = int | Sequence[int] | TimeSpan | None
"""What a user may ask to be held out."""


class Holdout(NamedTuple):
    """Sweeps, or a span of the time of every sweep, that the fit does not see."""

    sweeps: tuple[int, ...] = ()
    span: TimeSpan | None = None


def as_holdout(kept: Kept, recording: Recording) -> Holdout:
    """What is kept out, its span within the recording; raises `ValueError` as `fit` does."""
    if isinstance(kept, TimeSpan):
        return Holdout((), _checked(kept, recording))
    if kept is None:
        return Holdout()
    return Holdout(tuple(int(number) for number in np.atleast_1d(np.asarray(kept))))


def fitted_part(recording: Recording, holdout: Holdout) -> Recording:
    """What is not held out; raises `ValueError` where nothing is left."""
    if holdout.span is not None:
        return recording.crop(0.0, holdout.span.start)
    if not holdout.sweeps:
        return recording
    recording.select(holdout.sweeps)
    kept = [number for number in recording.sweep_numbers if number not in set(holdout.sweeps)]
    if kept:
        return recording.select(kept)
    if recording.sweeps == 1:
        raise ValueError(
            "the recording has one sweep, so that none can be held out: keep a part of its time "
            "aside with holdout=recordings.TimeSpan(start, stop), --holdout-time START:STOP on the "
            "command line, or give fit several recordings."
        )
    raise ValueError("holdout names every sweep of the recording: leave one to fit.")


def _checked(span: TimeSpan, recording: Recording) -> TimeSpan:
    """The span on the recording's samples."""
    duration, dt = recording.duration, recording.dt
    stop = min(span.stop, duration) if span.stop == np.inf else span.stop
    if not (0.0 <= span.start < stop <= duration + 1e-6):
        raise ValueError(
            f"the held-out time, {span}, is no part of a sweep of {duration:g} ms: give 0 < start "
            f"< stop <= {duration:g}."
        )
    first, last = round(span.start / dt), min(round(stop / dt), recording.time.size)
    if last - first < 2:
        raise ValueError(
            f"the held-out time, {span}, holds fewer than two samples: make it longer than "
            f"{2 * dt:g} ms."
        )
    if first < 2 or not _is_driven(recording, first):
        raise ValueError(
            f"the held-out time, {span}, leaves nothing to fit, for the fit sees what comes before "
            "it, and there the stimulus does not change: begin it later."
        )
    _check_spikes(span, recording, first, last)
    return TimeSpan(first * dt, last * dt)


def _is_driven(recording: Recording, first: int) -> bool:
    """Whether the stimulus does anything before a sample, if it ever does."""
    before = recording.stimulus[:, :first]
    return bool(np.ptp(before, axis=1).any() or not np.ptp(recording.stimulus, axis=1).any())


def _check_spikes(span: TimeSpan, recording: Recording, first: int, last: int) -> None:
    if recording.voltage_clamp:
        return
    trains = [recorded_spike_times(recording.time, voltage) for voltage in recording.voltage]
    times = np.concatenate(trains) / recording.dt
    if times.size and not ((times >= first) & (times < last)).any():
        raise ValueError(
            f"the held-out time, {span}, holds no spike of any sweep, though the recording has "
            f"{times.size}: choose a part in which the cell fires."
        )
