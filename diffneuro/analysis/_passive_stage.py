"""Cell and rig from a recording's small steps of current."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._spike_times import recorded_spike_times

# Of the differences between samples, so that a noisy current has no steps but its own.
_NOISE_FACTOR = 8.0
# ms; a step that takes several samples is one step.
_ONE_STEP = 1.0
# ms; after a spike the membrane is another one.
_AFTER_SPIKE = 50.0
# Which part of a step counts as settled: its end.
_SETTLED = 0.5


class PassiveStage(NamedTuple):
    """What the steps say of the cell, and of the rig through which it is seen."""

    resting_potential: float
    """mV, where the cell settles when the current is 0"""
    input_resistance: float
    """GOhm, of the cell alone, settled: with what slow currents have made of it by then"""
    time_constant: float
    """ms, capacitance x input resistance"""
    capacitance: float
    """pF, by the slope right after a step: what is close to the electrode"""
    series_resistance: float
    """GOhm, of the rig: how far the voltage jumps with the current"""
    current_offset: float
    """pA, by how much the measured current is above the command; NaN without a command"""
    steps: int
    """how many steps of current were free of spikes and used"""


class _Step(NamedTuple):
    """A step of current between two stretches in which it is held."""

    sweep: int
    start: int
    at: int
    stop: int


def passive_stage(
    time: ArrayLike,
    current: ArrayLike,
    voltage: ArrayLike,
    *,
    command: ArrayLike | None = None,
    window: float = 5.0,
    skip: float = 0.5,
    spike_threshold: float = -20.0,
) -> PassiveStage:
    r"""Read the passive cell and the rig off steps that are free of spikes.

    The voltage after a step of 1 pA is $z(t) = R_s + R\,(1 - e^{-t/RC})$. Its end, $R_s + R$, is
    the least-squares slope between the changes of settled voltage and of current; its
    beginning gives $R_s$ and $RC$ by a least-squares fit to the mean of all steps, each weighed by
    its size. Seen from one point a cell with dendrites charges like no single exponential, so
    that a longer `window` finds a larger capacitance. A series resistance can be told only from a
    jump that the amplifier's bridge has not taken away already, and what shows the voltage late
    by $\tau$ (`neurons.ElectrodeLag`) makes it seem smaller by $\tau/C$.

    **Arguments:**

    - `time` (n,), ms; `current` (sweeps, n) or (n,), pA, injected; `voltage`, alike, mV.
    - `command`: alike, pA, what the amplifier was asked for, where `current` was measured.
    - `window`: ms, after the step from which, and before the step from where, is taken what
      tells jump and slope.
    - `skip`: ms after the step, in which the electrode settles.
    - `spike_threshold`: mV, upward through which the voltage is a spike.

    **Returns:** a `PassiveStage`; its numbers suit `neurons.Rig` and, with
    `specific_passive`, a `Cell`.

    **Raises:** `ValueError` for shapes that disagree, where no step is free of spikes, and
    where the voltage does not follow the current.
    """
    t, i, v, asked = _arrays(time, current, voltage, command)
    dt = float(t[1] - t[0])
    if not (math.isfinite(window) and window >= skip + 4 * dt and skip >= 0):
        raise ValueError(
            f"window={window:g} and skip={skip:g} ms leave no four samples of {dt:g} ms: give a "
            "longer window, or a shorter skip of at least 0."
        )
    count = math.ceil(window / dt)
    steps = [
        step
        for sweep in range(len(v))
        for step in _steps(t, asked[sweep], v[sweep], sweep, count, spike_threshold)
    ]
    if not steps:
        raise ValueError(
            f"no step of the current is free of spikes and held for {window:g} ms before and "
            "after: give sweeps with small steps, or a shorter window."
        )
    whole = _settled_resistance(steps, i, v)
    series, time_constant = _transient(steps, i, v, dt, count, skip, whole)
    membrane = whole - series
    if not (membrane > 0 and time_constant > 0):
        raise ValueError(
            f"the voltage jumps by {series:g} GOhm and settles at {whole:g} GOhm, which no "
            "membrane does: look at the units, and give sweeps with smaller steps."
        )
    return PassiveStage(
        _at_no_current(steps, i, v, whole),
        membrane,
        time_constant,
        time_constant / membrane,
        series,
        math.nan if command is None else _offset(asked, i),
        len(steps),
    )


def _arrays(time, current, voltage, command) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    t = np.asarray(time, float)
    i, v = (np.atleast_2d(np.asarray(rows, float)) for rows in (current, voltage))
    asked = i if command is None else np.atleast_2d(np.asarray(command, float))
    if t.ndim != 1 or t.size < 4 or not i.shape == v.shape == asked.shape == (len(v), t.size):
        raise ValueError(
            f"time {t.shape}, current {i.shape}, voltage {v.shape} and command {asked.shape} "
            "disagree: give (n,), and (sweeps, n) of each other."
        )
    if not all(np.isfinite(rows).all() for rows in (t, i, v, asked)):
        raise ValueError("a sample is not finite: cut what the amplifier could not record.")
    return t, i, v, asked


def _steps(t, asked, voltage, sweep, count, threshold) -> list[_Step]:
    """The steps of a sweep around which no spike falls and the current is held."""
    dt = t[1] - t[0]
    jumps = np.abs(np.diff(asked))
    noise = _NOISE_FACTOR * 1.4826 * float(np.median(jumps))
    # A current that rounding or a converter moves by little is held.
    (changes,) = np.nonzero(jumps > max(noise, 1e-3 * float(np.ptp(asked))))
    if changes.size == 0:
        return []
    apart = np.diff(changes, prepend=-t.size) > _ONE_STEP / dt
    begins = changes[apart] + 1
    ends = changes[np.append(apart[1:], True)] + 1
    spikes = np.asarray(recorded_spike_times(t, voltage, threshold)) - t[0]
    found = []
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        start = ends[number - 1] if number else 0
        stop = begins[number + 1] if number + 1 < len(begins) else t.size
        calm = (spikes < start * dt - _AFTER_SPIKE) | (spikes > stop * dt)
        if calm.all() and begin - start >= count and stop - end > count and begin == end:
            found.append(_Step(sweep, int(start), int(begin), int(stop)))
    return found


def _levels(step: _Step, rows: NDArray) -> tuple[float, float]:
    """The mean of what is settled before a step and after it."""
    row = rows[step.sweep]
    before = row[step.at - math.ceil(_SETTLED * (step.at - step.start)) : step.at]
    after = row[step.stop - math.ceil(_SETTLED * (step.stop - step.at)) : step.stop]
    return float(before.mean()), float(after.mean())


def _changes(steps: list[_Step], rows: NDArray) -> NDArray:
    return np.array([after - before for before, after in (_levels(step, rows) for step in steps)])


def _settled_resistance(steps: list[_Step], i: NDArray, v: NDArray) -> float:
    """The slope through the origin of the settled changes of voltage and current (GOhm)."""
    by = _changes(steps, i)
    return float(by @ _changes(steps, v) / (by @ by))


def _at_no_current(steps: list[_Step], i: NDArray, v: NDArray, whole: float) -> float:
    """The voltage before the steps, less what the current there makes of it (mV)."""
    return float(np.mean([_levels(step, v)[0] - whole * _levels(step, i)[0] for step in steps]))


def _transient(
    steps: list[_Step], i: NDArray, v: NDArray, dt: float, count: int, skip: float, whole: float
) -> tuple[float, float]:
    """Series resistance (GOhm) and time constant (ms), by the mean answer to the steps."""
    by = _changes(steps, i)
    ground = [v[step.sweep, step.at - count : step.at].mean() for step in steps]
    answers = np.stack([v[step.sweep, step.at : step.at + count] for step in steps])
    answer = by @ (answers - np.asarray(ground)[:, None]) / (by @ by)
    t = dt * np.arange(count)
    taken = t >= skip - 1e-9
    left = whole - answer[taken]
    if not (left > 0).all():
        raise ValueError(
            f"the voltage passes in {count * dt:g} ms the {whole:g} GOhm where it settles: give a "
            "shorter window, and look at the signs of current and voltage."
        )
    # Weighed so that the logarithm's errors are, to first order, those of the voltage.
    slope, height = np.polyfit(t[taken], np.log(left), 1, w=left)
    return float(whole - np.exp(height)), float(-1.0 / slope)


def _offset(asked: NDArray, measured: NDArray) -> float:
    """The measured current where the command is 0, on the line through all samples (pA)."""
    return float(np.polyfit(asked.ravel(), measured.ravel(), 1)[1])
