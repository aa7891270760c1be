"""Texts given on the command line, as values."""

from . import recordings
from ._bounds import Bounds

EXAMPLE = "example"


def load(recording, sweeps, channel, current, current_scale) -> recordings.Recording:
    """The recording of a file, or the example."""
    chosen = sweep_numbers("sweeps", sweeps) if sweeps else None
    if recording == EXAMPLE:
        data = recordings.example()
        return data if chosen is None else data.select(chosen)
    if channel is not None and channel.isdecimal():
        channel = int(channel)
    return recordings.load(
        recording, sweeps=chosen, channel=channel, current=current, current_scale=current_scale
    )


def sweep_numbers(option: str, text: str) -> list[int]:
    """The numbers in a list such as 3,5,8-12."""
    found: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.strip().partition("-")
            found.extend(range(int(first), int(last if dash else first) + 1))
    except ValueError:
        raise ValueError(f"--{option} {text!r} must be numbers such as 3,5,8-12.") from None
    if not found:
        raise ValueError(f"--{option} {text!r} names no sweep.")
    return found


def cropped(data: recordings.Recording, crop: str) -> recordings.Recording:
    """The part START:STOP (ms) of every sweep."""
    if not crop:
        return data
    try:
        start, stop = map(float, crop.split(":"))
    except ValueError:
        raise ValueError(f"--crop {crop!r} must be START:STOP in ms, such as 100:900.") from None
    return data.crop(start, stop)


def default_dt(sampling: float, largest: float) -> float:
    """The largest multiple of the sampling interval that is no longer than `largest`."""
    return round(max(1, int(largest / sampling + 1e-6)) * sampling, 9)


def held_out_sweeps(text: str, data: recordings.Recording) -> list[int] | None:
    """The sweeps to keep out of a fit: those named, or every third where there are enough."""
    if text == "none":
        return None
    if text:
        return sweep_numbers("holdout", text)
    return list(data.sweep_numbers[1::3]) if data.sweeps >= 4 else None


def kept_out(
    sweeps: str, time: str, data: recordings.Recording
) -> list[int] | recordings.TimeSpan | None:
    """What to keep out of a fit: sweeps, or a part START:STOP (ms) of every one."""
    if not time:
        return held_out_sweeps(sweeps, data)
    if sweeps not in ("", "none"):
        raise ValueError("--holdout and --holdout-time exclude each other: give one of them.")
    try:
        start, stop = map(float, time.split(":"))
    except ValueError:
        raise ValueError(
            f"--holdout-time {time!r} must be START:STOP in ms, such as 800:1200."
        ) from None
    return recordings.TimeSpan(start, stop)


def free_parameters(texts: list[str]) -> dict[str, Bounds]:
    """Every free parameter with its bounds."""
    parsed: dict[str, Bounds] = {}
    for name, bounds in map(free_parameter, texts):
        if name in parsed:
            raise ValueError(f"--free names {name} twice: give it one pair of bounds.")
        parsed[name] = bounds
    return parsed


def free_parameter(text: str) -> tuple[str, Bounds]:
    """Name and bounds of NAME=LOW:HIGH or NAME=LOW:HIGH:log."""
    name, _, limits = text.partition("=")
    try:
        low, high, *scale = limits.split(":")
        numbers = float(low), float(high)
    except ValueError:
        raise ValueError(
            f"--free {text!r} must be NAME=LOW:HIGH or NAME=LOW:HIGH:log, such as "
            "capacitance=50:500:log."
        ) from None
    try:
        return name.strip(), Bounds(*numbers, *scale)
    except (TypeError, ValueError) as error:
        raise ValueError(f"--free {text!r}: {error}") from None


def named_value(text: str) -> tuple[str, float]:
    """Name and value of NAME=VALUE."""
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise ValueError(f"--set {text!r} must be NAME=VALUE, such as area=2000.") from None
