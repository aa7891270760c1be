"""How well repeats of one stimulus can be predicted."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

from ._coincidence import coincidence


def reliability(repeats: Sequence[ArrayLike], *, duration: float, window: float = 4.0) -> float:
    """How well a cell predicts itself: the mean coincidence factor over pairs of repeats.

    What it does on one repeat of a frozen stimulus is taken for the prediction of another, so
    this is the score of a model as good as the cell. Every pair is taken both ways round,
    because chance is reckoned from the rate of the predicting train.
    Jolivet et al. 2008, doi:10.1007/s00422-008-0261-x

    **Arguments:** `repeats`, the spike times of each in ms; `duration` of a repeat and
    half-width `window`, ms.

    **Returns:** the mean of `coincidence`.

    **Raises:** `ValueError` for fewer than two repeats.
    """
    if len(repeats) < 2:
        raise ValueError(f"repeats has {len(repeats)} trains: reliability needs at least two.")
    pairs = permutations(repeats, 2)
    found = [coincidence(one, other, duration=duration, window=window) for one, other in pairs]
    return float(np.mean(found))


def coincidence_with_repeats(
    repeats: Sequence[ArrayLike],
    model: Sequence[ArrayLike],
    *,
    duration: float,
    window: float = 4.0,
) -> float:
    """The mean coincidence factor of every model train with every recorded repeat.

    Divided by the `reliability` of the repeats it says how much of what can be predicted is.

    **Arguments:** `repeats` and `model`, the spike times of each trial in ms, one trial for a
    deterministic model; `duration` of a trial and half-width `window`, ms.

    **Returns:** the mean of `coincidence`.

    **Raises:** `ValueError` where either has no trial.
    """
    if len(repeats) == 0 or len(model) == 0:
        raise ValueError(
            f"repeats has {len(repeats)} and model {len(model)} trains: give one of each at least."
        )
    found = [
        coincidence(train, predicted, duration=duration, window=window)
        for train in repeats
        for predicted in model
    ]
    return float(np.mean(found))
