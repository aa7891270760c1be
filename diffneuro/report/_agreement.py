"""Whether the best starts found the same parameters."""

import numpy as np

from .._result import FitResult
from ._text import joined, number, unit

# In standard errors from end to end, two to each side.
_APART = 4.0
_MOST_NAMED = 4


def agreement(result: FitResult, floor: float) -> str:
    """A sentence on the parameters of the starts whose loss is at most `floor`, or nothing."""
    near = result.losses <= floor
    if near.sum() < 2:
        return ""
    errors = result.standard_errors
    ends = {name: np.asarray(found)[near] for name, found in result.starts.items()}
    apart = [name for name in ends if not np.ptp(ends[name]) <= _APART * errors[name]]
    if not apart:
        return " They agree on every parameter within two standard errors to each side."
    shown = [
        f"{name} ({number(float(ends[name].min()), 3)} to {number(float(ends[name].max()), 3)} "
        f"{unit(result.units[name])})"
        for name in apart[:_MOST_NAMED]
    ]
    more = len(apart) - len(shown)
    rest = [f"{more} more"] if more else []
    return (
        f" They do not agree on {joined([*shown, *rest])}: values this different do equally well."
    )
