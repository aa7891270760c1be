"""What a page says about a fit, as numbers."""

import ast
import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import methods
from .._bounds import Bounds
from .._model import AbstractChannel
from .._result import FitResult, SweepScore
from .._scores import summarised
from ..analysis import recorded_spike_times
from ..recordings import TimeSpan
from ._text import share

WINDOW = 4.0
"""ms within which two spikes coincide, as in the scores"""
# Who knows nothing but the bounds is already within 0.29 of the way: 1 / sqrt(12).
LOOSE = 1 / 3
"""the least standard error, between the bounds, of a parameter that is not determined"""


class Quantity(NamedTuple):
    """What was measured, or imposed."""

    name: str
    unit: str


def response_of(result: FitResult) -> Quantity:
    """What the model was fitted to."""
    if not result.recording.voltage_clamp:
        return Quantity("voltage", "mV")
    bare = isinstance(result.model, AbstractChannel)
    return Quantity("current", "µA/cm²" if bare else "pA")


def stimulus_of(result: FitResult) -> Quantity:
    """What drove the model."""
    clamped = result.recording.voltage_clamp
    return Quantity("voltage", "mV") if clamped else Quantity("current", "pA")


class Tally(NamedTuple):
    """How well several sweeps are reproduced, taken together."""

    sweeps: int
    recorded: int
    model: int
    matched: int
    """recorded spikes with one of the model's within `WINDOW`"""
    coincidence: float
    """mean Gamma of the sweeps in which anyone spikes; nan without such a sweep"""
    ceiling: float
    """the same of the cell's own repeats with each other; nan without repeats"""
    explained: float
    rms: float
    """in the unit of `of`"""
    of: Quantity
    clamped: bool
    """whether a current was measured, which has no spikes"""


def tally(result: FitResult, scores: Sequence[SweepScore]) -> Tally:
    """The scores of some of the sweeps, pooled."""
    numbers = result.recording.sweep_numbers
    rows = [numbers.index(score.sweep) for score in scores]
    span = scores[0].span if scores else None
    here = _samples(result, span)
    measured = result.recording.response[rows][:, here]
    error = result.fitted_response[rows][:, here].astype(float) - measured
    spread = float(np.var(measured, axis=1).sum())
    means = summarised(scores)
    return Tally(
        sweeps=len(scores),
        recorded=sum(score.recorded_spikes for score in scores),
        model=sum(score.model_spikes for score in scores),
        matched=sum(_matched(*_within(spike_trains(result, row), span)) for row in rows),
        coincidence=means.coincidence,
        ceiling=means.ceiling,
        explained=1.0 - float(np.var(error, axis=1).sum()) / spread if spread > 0 else math.nan,
        rms=float(np.sqrt(np.mean(error**2))),
        of=response_of(result),
        clamped=result.recording.voltage_clamp,
    )


def _samples(result: FitResult, span: TimeSpan | None) -> slice:
    """The samples of a part of every sweep, of all of it for None."""
    dt = result.recording.dt
    return slice(None) if span is None else slice(round(span.start / dt), round(span.stop / dt))


def _within(trains: tuple[NDArray, NDArray], span: TimeSpan | None) -> tuple[NDArray, NDArray]:
    if span is None:
        return trains
    recorded, model = (train[(train >= span.start) & (train < span.stop)] for train in trains)
    return recorded, model


def fitted_span(result: FitResult) -> TimeSpan | None:
    """The part of the fitted sweeps that the fit has seen; None where that is all."""
    kept = result.held_out_span
    return None if kept is None else TimeSpan(0.0, kept.start)


def spike_trains(result: FitResult, row: int) -> tuple[NDArray, NDArray]:
    """The recorded and the model's spike times in one sweep, ms."""
    recording = result.recording
    if recording.voltage_clamp:
        return np.zeros(0), np.zeros(0)
    return (
        recorded_spike_times(recording.time, recording.voltage[row]),
        np.sort(np.asarray(result.fitted_spikes[row], float)),
    )


def _matched(recorded: NDArray, model: NDArray) -> int:
    """How many recorded spikes have a model spike of their own within the window."""
    hits, following = 0, 0
    for spike in recorded:
        following += int(np.searchsorted(model[following:], spike - WINDOW))
        if following < model.size and model[following] <= spike + WINDOW:
            hits, following = hits + 1, following + 1
    return hits


def residual_memory(result: FitResult) -> float:
    """Autocorrelation of the fitted sweeps' residuals from one sample to the next."""
    rows = fitted_rows(result)
    here = _samples(result, fitted_span(result))
    error = result.fitted_response[rows][:, here] - result.recording.response[rows][:, here]
    error -= error.mean(axis=1, keepdims=True)
    power = float((error**2).sum())
    return float((error[:, 1:] * error[:, :-1]).sum()) / power if power > 0 else 0.0


def fitted_rows(result: FitResult) -> list[int]:
    """The rows of the recording that were fitted."""
    numbers = result.recording.sweep_numbers
    return [row for row, number in enumerate(numbers) if number not in result.held_out]


def fraction(bounds: Bounds, value: ArrayLike) -> NDArray:
    """Where between its bounds a parameter lies: 0 low, 1 high."""
    low, high, inside = bounds.low, bounds.high, np.asarray(value, float)
    if bounds.scale == "log":
        return np.log(inside / low) / math.log(high / low)
    return (inside - low) / (high - low)


def uncertainty(result: FitResult, name: str) -> float:
    """A parameter's standard error as a share of the way between its bounds."""
    bounds, error = result.free[name], result.standard_errors[name]
    if bounds.scale == "log":
        return error / result.parameters[name] / math.log(bounds.high / bounds.low)
    return error / (bounds.high - bounds.low)


def uncertainty_described(result: FitResult, name: str) -> str:
    """That share in per cent, without figures where it is more than all of it."""
    part = uncertainty(result, name)
    return "over 100 %" if 1 < part < math.inf else share(part)


def undetermined(result: FitResult) -> list[str]:
    """The parameters whose standard error is over a third of the way between their bounds."""
    return [name for name in result.free if not uncertainty(result, name) <= LOOSE]


def correlations(result: FitResult) -> NDArray:
    """(P, P) correlations of the parameters; nan where a variance is none or infinite."""
    covariance = result.covariance()
    scale = np.sqrt(np.diag(covariance))
    scale = np.where(np.isfinite(scale) & (scale > 0), scale, np.nan)
    covariance = np.where(np.isfinite(covariance), covariance, np.nan)
    return np.clip(covariance / np.outer(scale, scale), -1.0, 1.0)


def method_of(result: FitResult) -> methods.AbstractMethod | None:
    """The method that made the fit, from its description; None where that does not say.

    A description leaves out what was at its default, so it is believed only where this version
    wrote it.
    """
    about = result.about
    if about.get("versions", {}).get("diffneuro") != version("diffneuro"):
        return None
    try:
        call = ast.parse(str(about.get("method")), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            return None
        kind = vars(methods).get(call.func.id)
        if not (isinstance(kind, type) and issubclass(kind, methods.AbstractMethod)):
            return None
        return kind(**{str(k.arg): ast.literal_eval(k.value) for k in call.keywords})
    except (SyntaxError, TypeError, ValueError):
        return None


class Stage(NamedTuple):
    """A stretch of the search within which losses are comparable."""

    first: int
    last: int
    name: str


def stages(result: FitResult) -> list[Stage]:
    """The stages of the search, iterations counted from 1; empty where there are none."""
    method = method_of(result)
    if not isinstance(method, methods.AbstractStagedMethod):
        return []
    found: list[Stage] = []
    for iteration in range(len(result.history)):
        name = method.stage(iteration)
        if found and found[-1].name == name:
            found[-1] = found[-1]._replace(last=iteration + 1)
        else:
            found.append(Stage(iteration + 1, iteration + 1, name))
    return found
