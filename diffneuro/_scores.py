"""How well a free run reproduces recorded sweeps."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .analysis import (
    CurrentStep,
    Features,
    coincidence,
    current_steps,
    features,
    md_star,
    recorded_spike_times,
    reliability,
)
from .recordings import Recording, TimeSpan

_WIDE, _NARROW = 4.0, 2.0
# Repeats have the same mean current in each stretch of so many ms, but for this share of its range.
_STRETCH, _ALIKE = 20.0, 0.005


class SweepScore(NamedTuple):
    """How well one sweep is reproduced by the free-running model; what is missing is NaN."""

    sweep: int
    """its number in the recording"""
    held_out: bool
    rms_error: float
    """mV, or pA under voltage clamp, over all samples, spikes and transients included"""
    explained_variance: float
    """of what was measured, 1 at best"""
    recorded_spikes: int
    model_spikes: int
    coincidence: float
    """Gamma at +-4 ms, 1 at best, 0 by chance; nan under voltage clamp"""
    coincidence_2ms: float = math.nan
    """Gamma at +-2 ms"""
    md_star: float = math.nan
    """Md* at +-4 ms of the model and all repeats; its ceiling is 1; nan without repeats"""
    repeats: int = 1
    """how many sweeps of the recording have this current, but for noise, this one included"""
    ceiling: float = math.nan
    """mean Gamma at +-4 ms of one repeat with another; nan without repeats"""
    ceiling_2ms: float = math.nan
    step_current: float = math.nan
    """pA above the base; nan if the current is no step"""
    recorded_rate: float = math.nan
    """Hz, spikes over the length of the step, or of the sweep if there is none"""
    model_rate: float = math.nan
    repeat_rate_error: float = math.nan
    """`rate_error` of the other repeats, on average; nan without repeats"""
    recorded_features: Features = Features()
    model_features: Features = Features()
    repeat_errors: Features = Features()
    """by how much the other repeats' features differ, on average, without sign"""
    span: TimeSpan | None = None
    """the part of the sweep that this is of; None for all of it"""

    @property
    def later(self) -> bool:
        """Whether it is of a part of a sweep that does not begin with it."""
        return self.span is not None and self.span.start > 0

    @property
    def feature_errors(self) -> Features:
        """The model's features less the recorded ones."""
        return _each(np.subtract, self.model_features, self.recorded_features)

    @property
    def rate_error(self) -> float:
        """The rate's error without sign, relative to the recorded rate; NaN if that is 0."""
        return _relative(self.model_rate, self.recorded_rate)

    @property
    def latency_error(self) -> float:
        """The first spike's error without sign, ms; NaN where only one of them spikes."""
        return abs(self.feature_errors.latency)


class ScoreSummary(NamedTuple):
    """The scores of several sweeps: means over those that have them, NaN if none has."""

    sweeps: int
    rms_error: float
    """mV, or pA under voltage clamp"""
    explained_variance: float
    coincidence: float
    """Gamma at +-4 ms, of the sweeps in which anyone spikes"""
    coincidence_2ms: float
    md_star: float
    ceiling: float
    """what the recorded repeats score on each other at +-4 ms"""
    ceiling_2ms: float
    rate_error: float
    """1, relative, of the sweeps in which the cell spikes; 1 where only the model is silent"""
    repeat_rate_error: float
    """the same of the recorded repeats"""
    latency_error: float
    """ms, of the sweeps in which both spike"""
    repeat_latency_error: float
    """the same of the recorded repeats"""
    wrongly_silent: int
    """sweeps in which only the cell spikes"""
    wrongly_firing: int
    """sweeps in which only the model spikes"""


class FeatureMeans(NamedTuple):
    """Features of several sweeps: each a mean over those in which both cell and model show it.

    Where the model never does, as one that draws no spikes, the recorded mean is over all sweeps.
    """

    recorded: Features
    model: Features
    error: Features
    """by how much the two differ in one sweep, without sign"""
    repeat_error: Features
    """the same of a sweep and its recorded repeats; NaN without repeats"""


class StepRates(NamedTuple):
    """The f-I curve of the cell and of the model, one entry for each of k step currents."""

    current: NDArray
    """(k,) pA above the base, rising"""
    held_out: NDArray
    """(k,) whether no sweep with this current was fitted"""
    sweeps: NDArray
    """(k,) how many there are; what follows is their mean"""
    recorded_rate: NDArray
    """(k,) Hz, spikes over the length of the step"""
    model_rate: NDArray
    recorded_latency: NDArray
    """(k,) ms from the step to the first peak, NaN where silent"""
    model_latency: NDArray
    recorded_rate_deviation: NDArray
    """(k,) Hz, standard deviation of the recorded sweeps; NaN for a single one"""


def sweep_scores(
    recording: Recording,
    fitted: NDArray,
    spikes: Sequence[NDArray],
    held_out: Sequence[int],
    draws_spikes: bool,
) -> list[SweepScore]:
    """The score of each sweep of a recording.

    **Arguments:** `recording`; `fitted` (sweeps, n), the model's response; `spikes`, its spike
    times (ms) in each sweep; `held_out`, the numbers of the sweeps it has not seen;
    `draws_spikes`, whether its voltage shows its spikes.
    """
    scores = [
        _of_response(recording, row, fitted[row], held_out) for row in range(recording.sweeps)
    ]
    if recording.voltage_clamp:
        return scores
    time, duration = recording.time, recording.duration
    trains = [recorded_spike_times(time, voltage) for voltage in recording.voltage]
    steps = _steps(recording)
    windows = [(0.0, duration) if step is None else (step.start, step.end) for step in steps]
    for row, step in enumerate(steps):
        amplitude = math.nan if step is None else step.current
        given = (None, None) if draws_spikes else (trains[row], spikes[row])
        sweeps = (recording.voltage[row], fitted[row])
        start, end = windows[row]
        cell, model = (
            features(time, voltage, start=start, end=end, current=amplitude, spikes=times)
            for voltage, times in zip(sweeps, given, strict=True)
        )
        per_count = 1e3 / (end - start)
        scores[row] = scores[row]._replace(
            recorded_spikes=len(trains[row]),
            model_spikes=len(spikes[row]),
            coincidence=_gamma(trains[row], spikes[row], duration, _WIDE),
            coincidence_2ms=_gamma(trains[row], spikes[row], duration, _NARROW),
            step_current=amplitude,
            recorded_rate=per_count * cell.spike_count,
            model_rate=per_count * model.spike_count if model.spike_count >= 0 else math.nan,
            recorded_features=cell,
            model_features=model,
        )
    for rows in _repeats(recording):
        _add_ceilings(scores, rows, trains, spikes, duration)
    return scores


def span_scores(
    recording: Recording,
    fitted: NDArray,
    spikes: Sequence[NDArray],
    span: TimeSpan,
    *,
    held_out: bool,
    draws_spikes: bool,
) -> list[SweepScore]:
    """The same of a part of each sweep alone."""
    part = recording.crop(*span)
    first = round(span.start / recording.dt)
    trains = [row[(row >= span.start) & (row < span.stop)] - span.start for row in spikes]
    numbers = recording.sweep_numbers if held_out else ()
    response = fitted[:, first : first + part.time.size]
    scores = sweep_scores(part, response, trains, numbers, draws_spikes)
    return [score._replace(span=span) for score in scores]


def summarised(scores: Sequence[SweepScore]) -> ScoreSummary:
    """The mean scores of some sweeps, one at least."""
    firing = [score for score in scores if score.recorded_spikes or score.model_spikes]
    silences = [(s.recorded_features.spike_count, s.model_features.spike_count) for s in scores]
    return ScoreSummary(
        sweeps=len(scores),
        rms_error=_mean(score.rms_error for score in scores),
        explained_variance=_mean(score.explained_variance for score in scores),
        coincidence=_mean(score.coincidence for score in firing),
        coincidence_2ms=_mean(score.coincidence_2ms for score in firing),
        md_star=_mean(score.md_star for score in firing),
        ceiling=_mean(score.ceiling for score in firing),
        ceiling_2ms=_mean(score.ceiling_2ms for score in firing),
        rate_error=_mean(score.rate_error for score in scores),
        repeat_rate_error=_mean(score.repeat_rate_error for score in scores),
        latency_error=_mean(score.latency_error for score in scores),
        repeat_latency_error=_mean(score.repeat_errors.latency for score in scores),
        wrongly_silent=sum(cell > 0 and model == 0 for cell, model in silences),
        wrongly_firing=sum(cell == 0 and model > 0 for cell, model in silences),
    )


def feature_means(scores: Sequence[SweepScore]) -> FeatureMeans:
    """The mean features of some sweeps, recorded and of the model."""
    errors = [score.feature_errors for score in scores]
    columns = []
    for name in Features._fields:
        apart = [abs(getattr(error, name)) for error in errors]
        both = [score for score, error in zip(scores, apart, strict=True) if error >= 0]
        kinds = ("recorded_features", "model_features", "repeat_errors")
        cell, model, repeats = (
            _mean(getattr(getattr(score, kind), name) for score in both or scores) for kind in kinds
        )
        columns.append((cell, model, _mean(apart), repeats))
    return FeatureMeans(*(Features(*values) for values in zip(*columns, strict=True)))


def step_rates(scores: Sequence[SweepScore]) -> StepRates:
    """The f-I curves of sweeps with steps of current; those without one are left out."""
    found = [score for score in scores if not math.isnan(score.step_current)]
    # Currents are told apart to a thousandth of a pA, below what any amplifier can.
    levels = sorted({round(score.step_current, 3) for score in found})
    groups = [[s for s in found if round(s.step_current, 3) == level] for level in levels]

    def means(name: str) -> NDArray:
        return np.array([_mean(getattr(score, name) for score in group) for group in groups])

    def latencies(name: str) -> NDArray:
        return np.array([_mean(getattr(s, name).latency for s in group) for group in groups])

    rates = [[score.recorded_rate for score in group] for group in groups]
    return StepRates(
        current=np.array(levels, float),
        held_out=np.array([all(s.held_out for s in group) for group in groups], bool),
        sweeps=np.array([len(group) for group in groups], int),
        recorded_rate=means("recorded_rate"),
        model_rate=means("model_rate"),
        recorded_latency=latencies("recorded_features"),
        model_latency=latencies("model_features"),
        recorded_rate_deviation=np.array(
            [np.std(rate, ddof=1) if len(rate) > 1 else math.nan for rate in rates], float
        ),
    )


def _of_response(recording, row: int, fitted: NDArray, held_out) -> SweepScore:
    measured = recording.response[row]
    error = fitted - measured
    spread = float(np.var(measured))
    number = recording.sweep_numbers[row]
    return SweepScore(
        sweep=number,
        held_out=number in held_out,
        rms_error=float(np.sqrt(np.mean(error**2))),
        explained_variance=1.0 - float(np.var(error)) / spread if spread > 0 else math.nan,
        recorded_spikes=0,
        model_spikes=0,
        coincidence=math.nan,
    )


def _steps(recording: Recording) -> list[CurrentStep | None]:
    """The step of each sweep: where the sweeps have several, the one in which they differ most."""
    time = recording.time
    own = [current_steps(time, current) for current in recording.current]
    begun = [step for steps in own for step in steps if step.start > 0]
    if not begun:
        return [steps[0] if steps else None for steps in own]

    def differ(step: CurrentStep) -> float:
        inside = (time >= step.start) & (time < step.end)
        return round(float(np.ptp(np.median(recording.current[:, inside], axis=1))), 1)

    windows = sorted({(step.start, step.end): step for step in begun}.values())
    common = max(windows, key=differ)
    others = [steps for steps in own if any(_overlap(step, common) for step in steps)]
    return [
        _in_window(time, current, steps, common, others)
        for current, steps in zip(recording.current, own, strict=True)
    ]


def _in_window(time, current, steps, common: CurrentStep, others) -> CurrentStep | None:
    """A sweep's own step in the window of all, or one of 0 if it has no other of its own."""
    here = [step for step in steps if _overlap(step, common) and step.start > 0]
    if here:
        return here[0]
    shared = [step for like in others for step in like]
    alone = [step for step in steps if not any(_overlap(step, other) for other in shared)]
    if alone or not (steps or np.ptp(current) == 0 or _quiet(time, current, common)):
        return alone[0] if alone else None
    base = float(np.median(current[time < common.start]))
    return CurrentStep(common.start, common.end, 0.0, base)


def _quiet(time, current, common: CurrentStep) -> bool:
    """Whether the current in a window is, but for its noise, what it was before."""
    inside = current[(time >= common.start) & (time < common.end)]
    before = current[time < common.start]
    apart = abs(float(np.median(inside) - np.median(before)))
    return max(apart, float(np.std(inside))) <= 0.5 * abs(common.current)


def _overlap(one: CurrentStep, other: CurrentStep) -> bool:
    return min(one.end, other.end) - max(one.start, other.start) > 0.5 * (one.end - one.start)


def _repeats(recording: Recording) -> list[list[int]]:
    """The rows with one and the same current but for its noise, where there are several."""
    block = max(1, round(_STRETCH / recording.dt))
    count = max(recording.time.size // block, 1)
    size = min(block * count, recording.time.size)
    means = recording.current[:, :size].reshape(recording.sweeps, count, -1).mean(axis=2)
    groups: list[list[int]] = []
    for row, mean in enumerate(means):
        tolerance = _ALIKE * float(np.ptp(recording.current[row])) + 1e-9
        for group in groups:
            if np.abs(mean - means[group[0]]).max() <= tolerance:
                group.append(row)
                break
        else:
            groups.append([row])
    return [rows for rows in groups if len(rows) > 1]


def _add_ceilings(scores, rows, trains, spikes, duration) -> None:
    recorded = [trains[row] for row in rows]
    ceiling = reliability(recorded, duration=duration, window=_WIDE)
    narrow = reliability(recorded, duration=duration, window=_NARROW)
    for row in rows:
        others = [scores[other] for other in rows if other != row]
        own = scores[row]
        apart = [_each(np.subtract, s.recorded_features, own.recorded_features) for s in others]
        rates = (_relative(other.recorded_rate, own.recorded_rate) for other in others)
        scores[row] = own._replace(
            md_star=_plain(md_star(recorded, [spikes[row]], window=_WIDE)),
            repeats=len(rows),
            ceiling=_plain(ceiling),
            ceiling_2ms=_plain(narrow),
            repeat_rate_error=_mean(rates),
            repeat_errors=Features(*(_mean(map(abs, each)) for each in zip(*apart, strict=True))),
        )


def _gamma(recorded, model, duration, window) -> float:
    return _plain(coincidence(recorded, model, duration=duration, window=window))


def _relative(value: float, reference: float) -> float:
    return abs(value - reference) / reference if reference > 0 else math.nan


def _each(of, one: Features, other: Features) -> Features:
    return Features(*(_plain(of(a, b)) for a, b in zip(one, other, strict=True)))


def _mean(values) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _plain(value: float) -> float:
    # One and the same NaN, so that equal scores compare equal.
    return math.nan if math.isnan(value) else float(value)
