"""What the fit is worth, in plain words."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .._model import AbstractSpikingModel
from .._result import FitResult
from ..methods import AbstractStagedMethod
from ..recordings import TimeSpan
from ._agreement import NEAR, agreement_described
from ._facts import (
    WINDOW,
    Tally,
    correlations,
    method_of,
    residual_memory,
    stages,
    tally,
    uncertainty_described,
    undetermined,
)
from ._text import count, fixed, joined, number, percent, unit

GOOD, PARTIAL, BAD = "good", "partial", "bad"
LABELS = {
    GOOD: "The model describes these recordings",
    PARTIAL: "The model describes these recordings in part",
    BAD: "The model does not describe these recordings",
}
_GOOD_GAMMA, _BAD_GAMMA = 0.8, 0.3
_GOOD_VARIANCE, _BAD_VARIANCE = 0.9, 0.5
_WHITE = 0.2
_TIED = 0.95


class Verdict(NamedTuple):
    """A grade, the sentences that give its reason, and what to be wary of."""

    grade: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]


def verdict(result: FitResult) -> Verdict:
    """What a reader should know before looking at any figure."""
    scores = result.scores()
    fitted = tally(result, [score for score in scores if not score.held_out])
    sentences = [_described(fitted)]
    grade = _grade(result, fitted)
    held_out = [score for score in scores if score.held_out]
    if held_out:
        other = tally(result, held_out)
        sentences.append(_held_out_described(other, result.held_out_span))
        if _grade(result, other) != GOOD and grade == GOOD:
            grade = PARTIAL
    sentences.append(starts_described(result))
    return Verdict(grade, tuple(sentences), tuple(_warnings(result)))


def _grade(result: FitResult, scored: Tally) -> str:
    if not math.isfinite(scored.rms):
        return BAD
    if scored.recorded == 0 and scored.model > 0:
        return BAD
    if scored.recorded == 0:
        return _graded(scored.explained, _BAD_VARIANCE, _GOOD_VARIANCE)
    share = scored.matched / max(scored.recorded, scored.model)
    by_spikes = _graded(min(scored.coincidence, share), _BAD_GAMMA, _GOOD_GAMMA)
    # An integrate-and-fire cell draws no action potentials; its voltage is no reproach.
    if isinstance(result.model, AbstractSpikingModel) or scored.explained >= _BAD_VARIANCE:
        return by_spikes
    return PARTIAL if by_spikes == GOOD else by_spikes


def _graded(value: float, bad: float, good: float) -> str:
    return GOOD if value >= good else BAD if not value >= bad else PARTIAL


def _described(scored: Tally) -> str:
    if not math.isfinite(scored.rms):
        return f"The fitted model's {scored.of.name} is not finite: this fit cannot be used."
    if scored.clamped:
        return f"The model {_voltage_described(scored)}."
    spikes, voltage = _spikes_described(scored), _voltage_described(scored)
    if scored.recorded and not scored.model:
        return (
            f"The model is silent where the cell fires {count(scored.recorded, 'spike')}: this "
            f"fit does not describe the spiking of this cell. It {voltage}."
        )
    if scored.recorded and _graded(scored.coincidence, _BAD_GAMMA, _GOOD_GAMMA) == BAD:
        return (
            f"The model {spikes.removesuffix(',')}: this fit does not describe the spiking of "
            f"this cell. It {voltage}."
        )
    return f"The model {spikes} and {voltage}."


def _spikes_described(scored: Tally) -> str:
    if scored.recorded == 0:
        if scored.model == 0:
            return "stays silent, as the cell does,"
        return f"fires {count(scored.model, 'spike')} where the cell fires none"
    extra = scored.model - scored.matched
    more = f", fires {extra} that the cell does not," if extra else ""
    known = math.isfinite(scored.ceiling)
    repeats = f"; the cell's repeats {fixed(scored.ceiling, 2)}" if known else ""
    return (
        f"reproduces {scored.matched} of {count(scored.recorded, 'spike')} "
        f"(coincidence {fixed(scored.coincidence, 2)} at {WINDOW:g} ms{repeats}){more}"
    )


def _voltage_described(scored: Tally) -> str:
    size = number(scored.rms, 3) if scored.rms >= 100 else fixed(scored.rms, 2)
    residual = f"residual {size} {scored.of.unit} rms"
    if not scored.explained > 0:
        return f"explains none of the {scored.of.name}'s variance; {residual}"
    return f"explains {percent(scored.explained)} of the {scored.of.name}'s variance; {residual}"


def _held_out_described(scored: Tally, span: TimeSpan | None) -> str:
    which = f"the {count(scored.sweeps, 'sweep')}"
    if span is not None:
        which = f"the part ({span}) of {which}"
    if not math.isfinite(scored.rms):
        return f"On {which} held out of the fit its {scored.of.name} is not finite."
    if scored.clamped:
        return f"On {which} held out of the fit it {_voltage_described(scored)}."
    if scored.recorded and not scored.model:
        spikes = f"is silent where the cell fires {count(scored.recorded, 'spike')}"
    else:
        spikes = _spikes_described(scored)
    return f"On {which} held out of the fit it {spikes} and {_voltage_described(scored)}."


def starts_described(result: FitResult) -> str:
    """How many starts found the best loss, and whether by the same values."""
    total = int(result.losses.size)
    lost = int((~np.isfinite(result.losses)).sum())
    if total == 1:
        return "There was one start, which cannot show whether another minimum is deeper."
    near = result.reached(NEAR * result.loss)
    return (
        f"{near} of {total} starts came within 5 % of the best loss, {number(result.loss)}; "
        f"{lost or 'none'} went non-finite. {agreement_described(result)}"
    )


def _warnings(result: FitResult) -> Iterator[str]:
    if not result.completed:
        yield _interrupted(result)
    for name, end in result.at_bound().items():
        bounds = result.free[name]
        value = bounds.low if end == "low" else bounds.high
        yield (
            f"{name} ended at its {'lower' if end == 'low' else 'upper'} bound "
            f"({number(value)} {unit(result.units[name])}): widen the bound if the physiology "
            "allows, or the model lacks something."
        )
    yield from not_determined(result)
    yield from _tied(result)
    memory = residual_memory(result)
    if memory > _WHITE:
        yield (
            "The residual is not white (correlation from one sample to the next "
            f"{fixed(memory, 2)}): {_allowed(result)}"
        )


def not_determined(result: FitResult) -> Iterator[str]:
    """Sentences that name the parameters of which the recording says little or nothing."""
    found = result.identifiability()
    idle, tied = found.without_effect, found.confounded
    if idle:
        them = "it" if len(idle) == 1 else "them"
        yield f"Without any effect in this recording: {joined(idle)}; a fit can leave {them} out."
    if tied:
        yield (
            f"Not determined by this recording: {joined(tied)}, whose effects it cannot tell "
            "apart; hold one fixed."
        )
    wide = [
        f"{name} ({uncertainty_described(result, name)})"
        for name in undetermined(result)
        if name not in (*idle, *tied)
    ]
    if wide:
        yield (
            f"Not determined by this recording: {joined(wide)}. In brackets the standard error "
            "as a share of the way between the bounds: over a third of it is no better than "
            "knowing only the bounds."
        )


def _allowed(result: FitResult) -> str:
    """What the standard errors make of a residual that remembers."""
    if result.score_covariance is None:
        return (
            "the standard errors are too small, for they hold only where the model reproduces "
            "the recording down to its noise."
        )
    known, worth = result.residual_count, result.effective_count
    return (
        f"its {count(known, 'sample')} say as much as {number(worth, 2)} independent ones. The "
        "standard errors allow for that, but not for what the model gets wrong every time."
    )


def _interrupted(result: FitResult) -> str:
    method, done = method_of(result), len(result.history)
    of = f" of {method.iterations}" if method is not None else ""
    text = f"The search was stopped (Ctrl-C) after {done}{of} iterations; this is its best so far."
    parts = stages(result)
    if isinstance(method, AbstractStagedMethod) and parts and done < method.iterations:
        text += (
            f" It had reached the stage “{parts[-1].name}”, whose loss is not that of the free "
            "model: the loss and the standard errors below are not those of the free model either."
        )
    return text


def _tied(result: FitResult) -> Iterator[str]:
    names, matrix = list(result.free), correlations(result)
    pairs = [
        f"{names[a]} with {names[b]} ({fixed(matrix[a, b], 2)})"
        for a, b in zip(*np.triu_indices(len(names), 1), strict=True)
        if abs(matrix[a, b]) > _TIED
    ]
    if pairs:
        yield f"Determined mostly in combination (correlation): {joined(pairs)}."
