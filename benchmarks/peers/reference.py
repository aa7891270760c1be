"""The cell's spike times, to nine digits."""

import numpy as np
from scipy.integrate import solve_ivp

from .cell import DURATION, E_K, E_LEAK, E_NA, G_K, G_LEAK, G_NA, START


def _rates(v: float) -> tuple[np.ndarray, np.ndarray]:
    """Opening and closing rates of m, h and n, per ms."""
    x, y = (v + 40.0) / 10.0, (v + 55.0) / 10.0
    opening = [
        x / -np.expm1(-x) if x else 1.0,
        0.07 * np.exp(-(v + 65.0) / 20.0),
        0.1 * (y / -np.expm1(-y) if y else 1.0),
    ]
    closing = [
        4.0 * np.exp(-(v + 65.0) / 18.0),
        1.0 / (1.0 + np.exp(-(v + 35.0) / 10.0)),
        0.125 * np.exp(-(v + 65.0) / 80.0),
    ]
    return np.array(opening), np.array(closing)


def _slopes(_: float, x: np.ndarray) -> np.ndarray:
    v, gates = x[0], x[1:]
    opening, closing = _rates(v)
    m, h, n = gates
    sodium, potassium = G_NA * m**3 * h * (v - E_NA), G_K * n**4 * (v - E_K)
    outward = 1e3 * (sodium + potassium + G_LEAK * (v - E_LEAK))
    return np.array([10.0 - outward, *(opening * (1.0 - gates) - closing * gates)])


def _rise(_: float, x: np.ndarray) -> float:
    return x[0]


_rise.direction = 1.0  # pyright: ignore[reportFunctionMemberAccess]


def reference_spike_times() -> list[float]:
    """Rises through 0 mV by LSODA at a relative tolerance of 1e-10, in ms."""
    opening, closing = _rates(START)
    start = [START, *(opening / (opening + closing))]
    span = (0.0, DURATION)
    run = solve_ivp(_slopes, span, start, "LSODA", events=_rise, rtol=1e-10, atol=1e-11)
    return [float(t) for t in run.t_events[0]]
