"""What numbers of electrochemistry must be."""

from typing import Any

import numpy as np
from jax.core import Tracer


def check_concentration(name: str, value: Any, *, above: bool = True) -> None:
    """Raise a `ValueError` unless a concentration is positive (or, not `above`, at least 0)."""
    if isinstance(value, Tracer):
        return
    known = np.asarray(value)
    if not ((known > 0) if above else (known >= 0)).all():
        raise ValueError(
            f"{name}={value} mM is no concentration: make it {'above' if above else 'at least'} 0."
        )


def check_temperature(value: Any, absolute_zero: float) -> None:
    """Raise a `ValueError` for a temperature (degC) not above absolute zero."""
    if not isinstance(value, Tracer) and not (np.asarray(value) > absolute_zero).all():
        raise ValueError(
            f"temperature={value} degC is not above absolute zero, {absolute_zero} degC: give it "
            "in degrees Celsius."
        )


def check_valence(value: Any) -> None:
    """Raise a `ValueError` unless an ion's charge number is a whole one other than 0."""
    if isinstance(value, Tracer):
        return
    if np.ndim(value) or value == 0 or value != round(value):
        raise ValueError(
            f"valence={value} must be the ion's charge number: 1 for sodium and potassium, -1 for "
            "chloride, 2 for calcium."
        )
