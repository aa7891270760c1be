"""The cable that simulators share."""

import time
from collections.abc import Callable

from ..rows import Row, emit

DT, STEPS = 0.025, 4000
DURATION = DT * STEPS
BATCHES = (1, 16)
COUNT = 100
STEP, DIAMETER = 20.0, 2.0
"""um; the length of a compartment, and how thick it is"""
RESISTIVITY = 35.4
"""Ohm cm"""
CURRENT_NA = 0.5
"""into one end, from t = 0 on"""


def shortest(call: Callable[[], object], repeats: int = 5) -> float:
    """The least processor time of several calls, in seconds.

    All run in one thread, and it depends less than time by the clock on what else runs.
    """
    call()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return min(times)


def report(what: str, model: str, seconds: float, batch: int, dtype: str) -> None:
    """Hand the speed of one kind of run to the process that asked for it."""
    value = seconds / batch / STEPS / COUNT * 1e9
    emit([Row("cable", what, value, "ns/compartment and step", model, batch, STEPS, dtype)])
