"""The cables that simulators share."""

import time
from collections.abc import Callable

from ..rows import Row, emit
from .cable_cells import FOLDER

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
TREE = FOLDER / "ca1_n120.swc"
"""squid membrane on a pyramidal cell, the same current into the soma"""
TREE_STEP = 13.4
"""um; no compartment of it is longer, which makes about a thousand"""
ON_TREE = ", 1,000 compartments"


def shortest(call: Callable[[], object], repeats: int = 5) -> float:
    """The least time of several calls, in seconds, of the processor's or the clock's.

    In one thread the processor's depends less on what else the machine does; of a simulator
    that takes several threads the clock's is less.
    """
    call()
    times = []
    for _ in range(repeats):
        started = time.process_time(), time.perf_counter()
        call()
        times += [time.process_time() - started[0], time.perf_counter() - started[1]]
    return min(times)


def report(
    what: str, model: str, seconds: float, batch: int, dtype: str, count: int = COUNT
) -> None:
    """Hand the speed of one kind of run, of so many compartments, to who asked for it."""
    value = seconds / batch / STEPS / count * 1e9
    emit([Row("cable", what, value, "ns/compartment and step", model, batch, STEPS, dtype)])
