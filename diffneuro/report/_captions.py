"""What stands under each figure."""

import numpy as np

from .._result import FitResult
from ..methods import LevenbergMarquardt
from ._facts import method_of, stages
from ._first_spikes import close_up_row
from ._spike_counts import step_currents
from ._sweeps import shown_rows
from ._text import count


def captions(result: FitResult) -> dict[str, str]:
    """The caption of every figure, by its name."""
    return {
        "sweeps": _sweeps(result),
        "first_spikes": _first_spikes(result),
        "step_rates": _step_rates(result),
        "spike_counts": _spike_counts(result),
        "profiles": "Profile likelihoods: how far the loss rises when one parameter is held and "
        "the others are fitted again (dots), what the standard error alone says (dashed), and "
        "the 95 % interval (shaded). A flat side is one that the recording leaves open.",
        "correlations": "Correlations of the parameters' errors. Near 1 or −1 the recording "
        "fixes only a combination of the two; grey where there is no finite variance.",
        "losses": _losses(result),
        "starts": _starts(result),
    }


def _sweeps(result: FitResult) -> str:
    shown, total = len(shown_rows(result)), result.recording.sweeps
    clamped = (
        "Recorded (dark) and modelled current, their difference (model − recording) and the "
        "command."
    )
    text = (
        "Recorded (dark) and modelled voltage, their difference (model − recording) and the "
        "injected current. Ticks at the top are spikes, recorded above modelled."
    )
    text = clamped if result.recording.voltage_clamp else text
    if result.held_out:
        text += " Held-out sweeps, which the fit has not seen, are blue."
    if result.held_out_span is not None:
        text += f" The part from {result.held_out_span}, shaded, was held out of the fit."
    if shown < total:
        text += f" {shown} of {total} sweeps, evenly spread; all are in the table of scores."
    return text


def _first_spikes(result: FitResult) -> str:
    row = close_up_row(result)
    which = result.recording.sweep_numbers[row] if row is not None else ""
    return f"The first spikes of sweep {which}, close up: recorded (dark) and modelled."


def _step_rates(result: FitResult) -> str:
    rates = result.step_rates()
    text = (
        "The f-I curve, spikes over the length of the step, and the time to the first spike, "
        "recorded and modelled."
    )
    if rates.held_out.any():
        text += " Of the blue steps no sweep was fitted."
    if (rates.sweeps > 1).any():
        text += " Means where a step has several sweeps; bars are the recorded standard deviation."
    return text


def _spike_counts(result: FitResult) -> str:
    over = "the step of current" if step_currents(result) is not None else "the sweep's number"
    return f"Spikes in each sweep over {over}, recorded and modelled."


def _losses(result: FitResult) -> str:
    text = f"Loss of {count(int(result.losses.size), 'start')} over the iterations."
    method = method_of(result)
    if method is None:
        text += " If the method goes in stages, losses of different stages do not compare."
    elif stages(result):
        text += (
            " The loss is that of the stage (names at the top, thin lines between): only losses "
            "of one stage compare, and it may rise from one to the next."
        )
    if isinstance(method, LevenbergMarquardt) and method.refill_every is not None:
        text += (
            f" Every {method.refill_every} iterations the starts are sorted and the worse half "
            "gives way to neighbours of the better, so that a line may change its start."
        )
    return text


def _starts(result: FitResult) -> str:
    lost = int((~np.isfinite(result.losses)).sum())
    text = "Where each start ended, the best (diamond) on top, the others below in order of loss."
    return text + (f" {count(lost, 'start')} went non-finite, not shown." if lost else "")
