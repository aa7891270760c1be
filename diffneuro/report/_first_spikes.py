"""The first spikes, close up."""

from typing import TYPE_CHECKING

import numpy as np

from .._result import FitResult
from ._drawing import RECORDED, blank, on_paper
from ._facts import spike_trains
from ._sweeps import colour_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPIKES = 3
_LONGEST, _BEFORE, _AFTER = 60.0, 5.0, 10.0


@on_paper
def plot_first_spikes(result: FitResult) -> "Figure":
    """Recorded and fitted voltage (mV) around the first spikes of a sweep.

    **Arguments:** `result` of a fit. The sweep is the first with three spikes close together,
    else the first with any.

    **Returns:** a figure that belongs to no window.

    **Raises:** `ValueError` when neither the cell nor the model spikes.
    """
    row = close_up_row(result)
    if row is None:
        raise ValueError("neither the recording nor the model spikes: use plot_sweeps instead.")
    recording, colour = result.recording, colour_of(result, row)
    start, stop = _window(result, row)
    seen = (recording.time >= start) & (recording.time <= stop)
    figure = blank(3.2)
    axes = figure.add_subplot()
    time = recording.time[seen]
    axes.plot(time, recording.voltage[row][seen], color=RECORDED, linewidth=2.8)
    axes.plot(time, result.fitted_voltage[row][seen], color=colour, linewidth=1.0)
    for height, times, shade in zip(
        (0.97, 0.91), spike_trains(result, row), (RECORDED, colour), strict=True
    ):
        inside = times[(times >= start) & (times <= stop)]
        place = axes.get_xaxis_transform()
        axes.plot(inside, np.full(len(inside), height), "|", color=shade, ms=7, transform=place)
    low, high = recording.voltage[row].min(), recording.voltage[row].max()
    axes.set_ylim(low - 0.15 * (high - low), high + 0.25 * (high - low))
    axes.set_xlim(start, stop)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("voltage (mV)")
    return figure


def close_up_row(result: FitResult) -> int | None:
    """The first sweep with several spikes soon after another, else with any, else None."""
    trains = [spike_trains(result, row) for row in range(result.recording.sweeps)]
    for row, (recorded, _) in enumerate(trains):
        if len(recorded) >= _SPIKES and np.ptp(recorded[:_SPIKES]) < _LONGEST - _AFTER - _BEFORE:
            return row
    for who in (0, 1):
        for row, train in enumerate(trains):
            if len(train[who]):
                return row
    return None


def _window(result: FitResult, row: int) -> tuple[float, float]:
    recorded, model = spike_trains(result, row)
    times = recorded if len(recorded) else model
    last = times[min(_SPIKES, len(times)) - 1]
    early = model[(model < times[0]) & (model > times[0] - _LONGEST / 2)]
    start = max(early.min(initial=times[0]) - _BEFORE, 0.0)
    return start, min(last + _AFTER, start + _LONGEST, result.recording.duration)
