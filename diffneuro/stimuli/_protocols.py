"""Commands of the voltage clamp."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._staircase import Staircase
from ._stimulus import Sum
from ._waves import Sine


def step_family(
    voltages: ArrayLike,
    *,
    holding: float = -80.0,
    start: float = 20.0,
    duration: float = 100.0,
    tail: float | None = None,
) -> Staircase:
    """Steps to each of `voltages` (k,) from `start` for `duration` ms.

    After a step the command is at `tail`, by default `holding`. For an activation curve from
    tail currents give a tail at which the gates close slowly.

    **Returns:** a family of k commands (mV), for `jax.vmap`.

    **Raises:** `ValueError` for voltages that look like volts.
    """
    return _family((holding, start), (voltages, duration), (holding if tail is None else tail, 0.0))


def inactivation_family(
    voltages: ArrayLike,
    *,
    test: float = 0.0,
    holding: float = -80.0,
    start: float = 20.0,
    duration: float = 500.0,
    test_duration: float = 20.0,
) -> Staircase:
    """Prepulses to each of `voltages` (k,) for `duration` ms, then one to `test`.

    **Returns:** a family of k commands (mV), back at `holding` in the end.

    **Raises:** `ValueError` for voltages that look like volts.
    """
    return _family((holding, start), (voltages, duration), (test, test_duration), (holding, 0.0))


def tail_family(
    voltages: ArrayLike,
    *,
    prepulse: float = 40.0,
    holding: float = -80.0,
    start: float = 20.0,
    duration: float = 500.0,
    tail_duration: float = 500.0,
) -> Staircase:
    """A prepulse of `duration` ms that opens the gates, then each of `voltages` (k,).

    **Returns:** a family of k commands (mV), whose tails reverse at the reversal potential.

    **Raises:** `ValueError` for voltages that look like volts.
    """
    return _family(
        (holding, start), (prepulse, duration), (voltages, tail_duration), (holding, 0.0)
    )


def recovery_family(
    intervals: ArrayLike,
    *,
    pulse: float = 0.0,
    recovery: float = -80.0,
    holding: float = -80.0,
    start: float = 20.0,
    duration: float = 50.0,
) -> Staircase:
    """Two pulses of `duration` ms with each of `intervals` (k,), ms, at `recovery` between.

    **Returns:** a family of k commands (mV).

    **Raises:** `ValueError` for voltages that look like volts.
    """
    return _family(
        (holding, start),
        (pulse, duration),
        (recovery, intervals),
        (pulse, duration),
        (holding, 0.0),
    )


def leak_pulses(command: Staircase, divisor: float = -4.0) -> Staircase:
    """The same command with steps `divisor` times smaller, as P/n leak subtraction asks for.

    **Arguments:** `command`, one or a family; `divisor`, 4 for P/4, -4 for P/-4, whose pulses
    go the other way and open nothing.

    **Raises:** `ValueError` for a divisor of 0.
    """
    if divisor == 0:
        raise ValueError("divisor=0 of leak_pulses: give 4 or -4.")
    holding = command.levels[..., :1]
    return Staircase(holding + (command.levels - holding) / divisor, command.durations)


def three_sines() -> Sum:
    r"""The command of 8 s that determines a whole hERG model.

    Steps of the voltage, and from 3 to 6.5 s
    $-30 + 54 \sin(0.007 s) + 26 \sin(0.037 s) + 10 \sin(0.19 s)$ mV with $s = t - 2500$ ms.
    Beattie et al. 2018, doi:10.1113/JP275733
    """
    steps = Staircase(
        [-80.0, -120.0, -80.0, 40.0, -120.0, -80.0, -30.0, -120.0, -80.0],
        [250.0, 50.0, 200.0, 1000.0, 500.0, 1000.0, 3500.0, 500.0, 1000.0],
    )
    waves = [
        Sine(amplitude, 1e3 * rate / (2.0 * math.pi), 500.0 * rate, 3000.0, 6500.0)
        for amplitude, rate in ((54.0, 0.007), (26.0, 0.037), (10.0, 0.19))
    ]
    return Sum((steps, *waves))


def _family(*segments: tuple[ArrayLike, ArrayLike]) -> Staircase:
    """Levels and durations, one of them a row of k, the rest the same in all commands."""
    levels = [_millivolts(level) for level, _ in segments]
    durations = [np.asarray(duration, float) for _, duration in segments]
    shape = np.broadcast_shapes(*(part.shape for part in [*levels, *durations]))
    if len(shape) != 1:
        raise ValueError("a family of commands needs one row of values that differ, such as ten.")
    columns = [[np.broadcast_to(part, shape) for part in parts] for parts in (levels, durations)]
    return Staircase(*(np.stack(parts, axis=-1) for parts in columns))


def _millivolts(level: ArrayLike) -> NDArray:
    values = np.asarray(level, float)
    if values.size and 0.0 < np.abs(values).max() < 1.0:
        raise ValueError(
            f"the command's voltages lie within {values.min():g} to {values.max():g}, which "
            "looks like volts: multiply by 1000, commands are in mV."
        )
    return values
