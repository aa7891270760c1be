"""Whether the best starts found the same parameters."""

from typing import NamedTuple

import numpy as np

from .._result import FitResult
from ._facts import fraction
from ._text import joined, number, unit

NEAR = 1.05
"""a start agrees on the loss if it is at most so many times the best"""
_APART = 3.0
# Of the way between the bounds; closer values are the same, however small the standard error is.
_SAME = 1e-4
_MOST_NAMED = 4


class Agreement(NamedTuple):
    """What the starts that came near the best loss found."""

    near: int
    """how many did, the best one included"""
    lowest: dict[str, float]
    """of each parameter among them"""
    highest: dict[str, float]
    apart: tuple[str, ...]
    """parameters whose highest and lowest are over three standard errors apart"""

    def spread(self, name: str) -> float:
        """The highest value of a parameter less the lowest."""
        return self.highest[name] - self.lowest[name]


def agreement(result: FitResult) -> Agreement:
    """How far apart the parameters of the starts are that came within 5 % of the best loss."""
    near = result.losses <= NEAR * result.loss
    errors = result.standard_errors
    lowest, highest, apart = {}, {}, []
    for name, bounds in result.free.items():
        ends = np.asarray(result.starts[name])[near]
        low, high = float(ends.min(initial=np.inf)), float(ends.max(initial=-np.inf))
        lowest[name], highest[name] = low, high
        beyond_error = near.sum() > 1 and high - low > _APART * errors[name]
        if beyond_error and np.ptp(fraction(bounds, ends)) > _SAME:
            apart.append(name)
    return Agreement(int(near.sum()), lowest, highest, tuple(apart))


def agreement_described(result: FitResult) -> str:
    """A sentence on whether the best starts found the same values."""
    found = agreement(result)
    if found.near < 2:
        return "No second start confirms the best one."
    if not found.apart:
        return "They agree on every parameter within three standard errors."
    shown = [
        f"{name} ({number(found.lowest[name], 3)} to {number(found.highest[name], 3)} "
        f"{unit(result.units[name])}".rstrip()
        + ")"
        for name in found.apart[:_MOST_NAMED]
    ]
    more = len(found.apart) - len(shown)
    named = joined([*shown, *([f"{more} more"] if more else [])])
    return (
        f"They do not agree on {named}, over three standard errors apart: there are several "
        "minima, or a valley whose bottom the search had not reached."
    )
