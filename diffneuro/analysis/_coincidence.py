"""The coincidence factor of two spike trains."""

import numpy as np
from numpy.typing import ArrayLike


def coincidence(
    recorded: ArrayLike, model: ArrayLike, *, duration: float, window: float = 4.0
) -> float:
    r"""How well a model's spikes coincide with recorded ones: 1 perfect, 0 by chance.

    $\Gamma = \frac{N_c - 2 \nu \Delta N_d}{(N_d + N_m)/2} \cdot \frac{1}{1 - 2 \nu \Delta}$,
    with $\nu$ the model's rate. Kistler, Gerstner & van Hemmen 1997,
    doi:10.1162/neco.1997.9.5.1015; Jolivet et al. 2008, doi:10.1007/s00422-008-0261-x

    **Arguments:** spike times in ms; `duration` of the sweep and half-width `window`, ms.

    **Returns:** the factor; 1 for two silent trains, 0 where only one is silent.
    """
    recorded, model = np.sort(np.asarray(recorded, float)), np.sort(np.asarray(model, float))
    if recorded.size == 0 or model.size == 0:
        return float(recorded.size == model.size)
    hits, candidate = 0, 0
    for spike in recorded:
        while candidate < model.size and model[candidate] < spike - window:
            candidate += 1
        if candidate < model.size and model[candidate] <= spike + window:
            hits += 1
            candidate += 1
    by_chance = 2.0 * window * model.size / duration
    if by_chance >= 1.0:
        return float("nan")
    expected = by_chance * recorded.size
    return float((hits - expected) / (0.5 * (recorded.size + model.size)) / (1.0 - by_chance))
