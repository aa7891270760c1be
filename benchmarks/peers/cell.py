"""The cell and the stimulus that all simulators share."""

import json
import math
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..rows import Row, emit

DT, STEPS = 0.025, 4000
DURATION = DT * STEPS
BATCHES = (1, 64)
# A cylinder as long as it is thick, of 10,000 um2.
LENGTH = DIAMETER = math.sqrt(1e4 / math.pi)
CURRENT_NA = 1.0
"""10 uA/cm2, from t = 0 on"""
START = -65.0
"""mV, with the gates in their steady state there"""
G_NA, G_K, G_LEAK = 0.12, 0.036, 0.0003
E_NA, E_K, E_LEAK = 50.0, -77.0, -54.387
CELSIUS = 6.3


def spike_times(time_ms: ArrayLike, voltage: ArrayLike) -> list[float]:
    """Rises through 0 mV, by the cubic t(v) through the four samples around each, in ms."""
    t, v = np.asarray(time_ms, float), np.asarray(voltage, float)
    (before,) = np.nonzero((v[:-1] < 0.0) & (v[1:] >= 0.0))
    return [_at_zero(v[k - 1 : k + 3], t[k - 1 : k + 3]) for k in before]


def _at_zero(v: NDArray, t: NDArray) -> float:
    total = 0.0
    for i in range(4):
        others = np.delete(v, i)
        total += t[i] * float(np.prod(others / (others - v[i])))
    return total


def shortest(call: Callable[[], object], repeats: int = 7) -> float:
    """The shortest of several times of a call, in seconds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def report(what: str, model: str, seconds: float, batch: int, dtype: str, note: str = "") -> None:
    """Hand the speed of one kind of run to the process that asked for it."""
    value = seconds / batch / STEPS * 1e9
    emit([Row("peers", what, value, "ns/step", model, batch, STEPS, dtype, note)])


def report_spikes(model: str, dtype: str, times: list[float]) -> None:
    """Hand over spike times, which are judged over there."""
    print(json.dumps({"spike_times": times, "model": model, "dtype": dtype}), flush=True)
