"""Numbers, units and lists as people read them."""

import math
import re
from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def unit(name: str) -> str:
    """A unit of the library as it is printed: mS/cm2 becomes mS/cm²; "1" becomes nothing."""
    if name == "1":
        return ""
    micro = re.sub(r"\bu(?=[A-Zm])", "µ", name)
    named = micro.replace("Ohm", "Ω").replace("degC", "°C")
    return re.sub(r"(?<=[^\W\d])-?\d+", lambda power: power[0].translate(_RAISED), named)


def number(value: float, digits: int = 4) -> str:
    """A number with so many significant digits; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = float(f"{value:.{digits}g}")
    style = f".{digits}g" if abs(rounded) < 1e-4 or abs(rounded) >= 1e6 else ".9g"
    mantissa, _, power = f"{rounded:{style}}".partition("e")
    mantissa = mantissa.replace("-", "−")
    return f"{mantissa} × 10{str(int(power)).translate(_RAISED)}" if power else mantissa


def fixed(value: float, decimals: int) -> str:
    """A number with so many decimals, or a dash."""
    return number(value) if not math.isfinite(value) else f"{value:.{decimals}f}".replace("-", "−")


def measured(value: float, error: float) -> tuple[str, str]:
    """A value and its standard error, both to the error's second significant digit."""
    if not (math.isfinite(value) and math.isfinite(error) and 1e-7 < error < 1e6):
        return number(value), number(error, 2)
    decimals = max(0, 1 - math.floor(math.log10(error)))
    return fixed(value, decimals), fixed(error, decimals)


def percent(fraction: float) -> str:
    """A share in per cent, never rounded up to 100."""
    if not math.isfinite(fraction):
        return "–"
    shown = min(100 * fraction, 99.99) if fraction < 1 else 100 * fraction
    return f"{fixed(shown, 2 if shown > 99 else 1)} %"


def share(fraction: float) -> str:
    """A share in per cent to two digits, for errors; a dash or infinity where it is that."""
    return f"{number(100 * fraction, 2)} %" if math.isfinite(fraction) else number(fraction)


def alike(values: Sequence[float], digits: int = 3) -> list[str]:
    """Numbers with the decimals that show so many digits of the largest."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest == 0.0:
        return [number(value) for value in values]
    decimals = max(0, digits - 1 - math.floor(math.log10(largest)))
    return [fixed(value, decimals) for value in values]


def count(amount: int, noun: str) -> str:
    """`1 sweep`, `2 sweeps`."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def joined(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
