"""Which of ten groups of inputs bursts first; NumPy only."""

import numpy as np
from numpy.typing import NDArray

GROUPS, INPUTS, HIDDEN, STEPS, DT = 10, 100, 100, 200, 0.5
BATCH, UPDATES, TEST_BATCHES, RATE = 256, 200, 4, 1e-2
# Hz of all inputs; the share of a group that takes part in its burst, of so many steps.
_BACKGROUND, _TAKE_PART, _BURST = 2.0, 0.9, 10
_FIRST, _GAP = (10, 50), (20, 50)


def samples(random: np.random.Generator, count: int) -> tuple[NDArray[np.float32], NDArray]:
    """Rasters (count, STEPS, INPUTS) and the group that bursts first in each.

    Two groups burst, each of their inputs once within 5 ms or not at all, the second 10 to 25 ms
    after the first, so that neither how often inputs spike nor where the trial ends tells.
    """
    spikes = random.random((count, STEPS, INPUTS)) < _BACKGROUND * DT / 1000.0
    each = INPUTS // GROUPS
    first = random.integers(GROUPS, size=count)
    second = (first + random.integers(1, GROUPS, size=count)) % GROUPS
    begins = random.integers(*_FIRST, size=count)
    later = begins + random.integers(*_GAP, size=count)
    trial = np.arange(count)[:, None]
    for group, begin in ((first, begins), (second, later)):
        cell = group[:, None] * each + np.arange(each)
        when = begin[:, None] + random.integers(_BURST, size=(count, each))
        takes_part = random.random((count, each)) < _TAKE_PART
        spikes[trial, when, cell] |= takes_part
    return spikes.astype(np.float32), first
