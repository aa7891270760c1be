"""What a recording must satisfy before it is used."""

import numpy as np

# Wider than any healthy cell: hyperpolarising noise reaches -150 mV in real recordings.
_VOLTAGE_RANGE = (-250.0, 200.0)
_CURRENT_LIMIT = 1e6


def sampling_interval(time: np.ndarray, name: str = "time") -> float:
    """The interval of uniformly sampled `time` (n,), in its own unit.

    Raises ValueError if a sample is off its place by more than a tenth of the interval.
    """
    if time.ndim != 1 or time.size < 2:
        raise ValueError(f"{name} has shape {time.shape}: give one axis with at least two samples")
    if not np.isfinite(time).all():
        position = int(np.flatnonzero(~np.isfinite(time))[0])
        raise ValueError(f"{name} is not finite at sample {position}: give every sample a time")
    interval = float(time[-1] - time[0]) / (time.size - 1)
    if interval <= 0:
        raise ValueError(f"{name} runs from {time[0]:g} to {time[-1]:g}: it must increase")
    # The tenth allows for times stored in float32 or rounded in a text file; a lost sample is
    # off by at least a half.
    off = np.abs(time - time[0] - interval * np.arange(time.size))
    if off.max() > 0.1 * interval:
        raise ValueError(
            f"{name} is not uniform near {time[int(off.argmax())]:g} (mean interval "
            f"{interval:g}): interpolate the traces to a constant interval first"
        )
    return _rounded(interval, time.size)


def _rounded(interval: float, samples: int) -> float:
    """The shortest decimal that no sample's place tells from `interval`, so 0.1 stays 0.1."""
    for digits in range(1, 10):
        short = float(f"{interval:.{digits}g}")
        off = abs(short / interval - 1)
        if off < 1e-7 and off * samples < 0.05:
            return short
    return interval


def check_shapes(time: np.ndarray, current: np.ndarray, voltage: np.ndarray) -> None:
    """Refuse arrays that are not one time axis with rows of current and voltage."""
    for name, trace in (("current", current), ("voltage", voltage)):
        if trace.ndim != 2:
            raise ValueError(f"{name} has shape {trace.shape}: give (sweeps, samples)")
        if trace.shape[0] == 0:
            raise ValueError(f"{name} has no sweep: give at least one row")
        if trace.shape[1] != time.size:
            raise ValueError(
                f"{name} has {trace.shape[1]} samples but time has {time.size}: "
                "give them equal lengths"
            )
    if current.shape[0] != voltage.shape[0]:
        raise ValueError(
            f"current has {current.shape[0]} sweeps but voltage has {voltage.shape[0]}: "
            "give one row of current per row of voltage"
        )


def check_sweep_numbers(numbers: tuple[int, ...], count: int) -> None:
    """Refuse sweep numbers that do not name each of `count` sweeps once."""
    if len(numbers) != count:
        raise ValueError(
            f"sweep_numbers has {len(numbers)} entries for {count} sweeps: give one per sweep"
        )
    if len(set(numbers)) != count:
        raise ValueError(f"sweep_numbers {numbers} repeat: give each sweep its own number")


def check_finite(name: str, trace: np.ndarray, time: np.ndarray, numbers: tuple[int, ...]) -> None:
    """Refuse NaN and infinity, naming the sweep and the first time."""
    bad = ~np.isfinite(trace)
    if bad.any():
        row = int(np.flatnonzero(bad.any(axis=1))[0])
        first = int(np.flatnonzero(bad[row])[0])
        raise ValueError(
            f"{name} is {trace[row, first]} in sweep {numbers[row]} at {time[first]:g} ms: "
            "leave that sweep out or cut the file before that time"
        )


def check_voltage_range(voltage: np.ndarray) -> None:
    """Refuse voltages that cannot be a membrane's in mV."""
    low, high = float(voltage.min()), float(voltage.max())
    if low == high == 0.0:
        raise ValueError("voltage is 0 everywhere: pick the channel that recorded the membrane")
    if max(-low, high) < 1.0:
        raise ValueError(
            f"voltage lies within {low:g} to {high:g}, which looks like volts: multiply by 1000"
        )
    if low < _VOLTAGE_RANGE[0] or high > _VOLTAGE_RANGE[1]:
        raise ValueError(
            f"voltage reaches {low if low < _VOLTAGE_RANGE[0] else high:g} mV, outside "
            f"{_VOLTAGE_RANGE[0]:g} to {_VOLTAGE_RANGE[1]:g}: correct its unit with a factor "
            "(1e-3 if these are uV) or leave out sweeps with artefacts"
        )


def check_current_range(current: np.ndarray) -> None:
    """Refuse currents that cannot be in pA; zero everywhere is legal."""
    peak = float(np.abs(current).max())
    if 0.0 < peak < 1e-3:
        raise ValueError(
            f"current peaks at {peak:g}, which looks like amperes: multiply by 1e12 to get pA"
        )
    if peak > _CURRENT_LIMIT:
        raise ValueError(
            f"current peaks at {peak:g} pA, above {_CURRENT_LIMIT:g}: correct its unit with a "
            "factor (1e-3 if these are fA)"
        )
