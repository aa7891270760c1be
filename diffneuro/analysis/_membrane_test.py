"""Electrode and membrane from a small step under clamp."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._exponential import fit_exponential


class MembraneTest(NamedTuple):
    """The equivalent circuit of a clamped cell."""

    series_resistance: float
    """GOhm"""
    membrane_resistance: float
    """GOhm"""
    capacitance: float
    """pF"""
    time_constant: float
    """ms, with which the cell charges through the electrode"""
    holding_current: float
    """pA"""


def membrane_test(
    time: ArrayLike,
    current: ArrayLike,
    *,
    step: float,
    start: float,
    stop: float,
    skip: float = 0.1,
) -> MembraneTest:
    r"""Read the circuit off the transient that answers a small step of the command.

    The peak, extrapolated to the step, is $\Delta V/R_s$, the end $\Delta V/(R_s + R_m)$, and
    the time constant $C R_s R_m/(R_s + R_m)$.

    **Arguments:** `time` (n,), ms; `current` (n,), pA, better the mean of many sweeps; `step`,
    mV; `start`, `stop` of the step, ms; `skip`, ms after it in which the pipette charges.

    **Raises:** `ValueError` for a step without samples, and a current that does not answer it.
    """
    t, i = np.asarray(time, float), np.asarray(current, float)
    before, during = i[t < start], (t >= start + skip) & (t < stop)
    if step == 0 or before.size == 0 or during.sum() < 4:
        raise ValueError(
            f"a step of {step:g} mV from {start:g} to {stop:g} ms: give one other than 0, with "
            "samples before and in it."
        )
    holding = float(before.mean())
    found = fit_exponential(t[during] - start, i[during] - holding)
    series = float(step / found.initial)
    membrane = float(step / found.final) - series
    if not (series > 0 and membrane > 0):
        raise ValueError(
            "the current does not answer the step as a resistor before a membrane does: look at "
            "the step's sign, its start, and the mean of the sweeps."
        )
    capacitance = found.time_constant * (1.0 / series + 1.0 / membrane)
    return MembraneTest(series, membrane, capacitance, found.time_constant, holding)
