"""A part of every sweep, by its time."""

import math
from typing import NamedTuple


class TimeSpan(NamedTuple):
    """The samples of a sweep from `start` up to, without, `stop` (ms).

    As `fit(..., holdout=TimeSpan(800.0, 1200.0))` it is kept out of the fit, which sees every
    sweep up to `start` only: what comes later depends on what was in between. The model runs on
    through the span, and is scored there. Without `stop` it lasts to the end of the sweep.
    """

    start: float
    stop: float = math.inf

    def __str__(self) -> str:
        until = f"to {self.stop:g} ms" if math.isfinite(self.stop) else "ms to the end"
        return f"{self.start:g} {until}"
