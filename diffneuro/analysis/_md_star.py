"""How alike two sets of repeated trials are."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def md_star(
    recorded: Sequence[ArrayLike], model: Sequence[ArrayLike], *, window: float = 4.0
) -> float:
    r"""The match of a model's trials with recorded ones, freed from the bias of few trials.

    $M_d^* = \frac{2 \langle \bar d, \bar m \rangle}{R_d + R_m}$, where
    $\langle x, y \rangle$ is the number of pairs of spikes at most $\Delta$ apart, the
    numerator its mean over all pairs of a recorded trial and a model's, and R its mean over
    all pairs of different trials of one set: 1 where both have the same firing intensity, with
    no ceiling to divide by. A model with a single trial is taken for a deterministic one,
    whose next trial would be the same. Naud, Gerhard, Mensi & Gerstner 2011,
    doi:10.1162/NECO_a_00208, with the window of Kistler, Gerstner & van Hemmen 1997.

    **Arguments:** `recorded` and `model`, the spike times of each trial in ms; half-width
    `window`, ms.

    **Returns:** the match; NaN where no two trials of either set have spikes in common.

    **Raises:** `ValueError` for fewer than two recorded trials or no trial of the model.
    """
    if len(recorded) < 2 or len(model) == 0:
        raise ValueError(
            f"recorded has {len(recorded)} and model {len(model)} trains: give two recorded "
            "ones and one of the model at least."
        )
    cell = [np.sort(np.asarray(times, float)) for times in recorded]
    other = [np.sort(np.asarray(times, float)) for times in model]
    shared = np.mean([_close_pairs(one, two, window) for one in cell for two in other])
    within_cell = np.mean([_close_pairs(one, two, window) for one, two in combinations(cell, 2)])
    # A deterministic model's second trial.
    again = other if len(other) > 1 else 2 * other
    within_model = np.mean([_close_pairs(one, two, window) for one, two in combinations(again, 2)])
    total = within_cell + within_model
    return float(2.0 * shared / total) if total > 0 else float("nan")


def _close_pairs(one: NDArray, other: NDArray, window: float) -> int:
    """How many spikes of rising trains are at most `window` apart."""
    last = np.searchsorted(other, one + window, side="right")
    return int((last - np.searchsorted(other, one - window, side="left")).sum())
