"""Factors from a file's units to ms, mV and pA."""

TIME = {"us": 1e-3, "ms": 1.0, "msec": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3}
VOLTAGE = {"uv": 1e-3, "mv": 1.0, "v": 1e3, "volt": 1e3, "volts": 1e3}
CURRENT = {"fa": 1e-3, "pa": 1.0, "na": 1e3, "ua": 1e6, "ma": 1e9}
CURRENT |= dict.fromkeys(("a", "amp", "amps", "ampere", "amperes"), 1e12)


def factor(unit: str, table: dict[str, float]) -> float | None:
    """The factor from `unit` to the library's unit; None if `table` does not hold it."""
    # Both Unicode signs for micro are in use.
    return table.get(unit.strip().replace("\u00b5", "u").replace("\u03bc", "u").casefold())


def voltage_factor(unit: str, scale: float | None, name: str) -> float:
    """The factor to mV: the caller's `scale` if given, else that of the file's `unit`."""
    found = factor(unit, VOLTAGE) if scale is None else scale
    if found is None:
        raise ValueError(
            f"voltage {name!r} is in {unit!r}, which is no unit of voltage: pass voltage_scale, "
            "the factor from the file's values to mV, or another channel"
        )
    return found


def current_factor(unit: str, scale: float | None, name: str) -> float:
    """The factor to pA: the caller's `scale` if given, else that of the file's `unit`."""
    found = factor(unit, CURRENT) if scale is None else scale
    if found is None:
        raise ValueError(
            f"current {name!r} is in {unit!r}, which is no unit of current: pass current_scale, "
            "the factor from the file's values to pA"
        )
    return found
