"""A check that one voltage lies below another."""

from typing import Any

import numpy as np

from .._model import is_concrete


def check_below(neuron: Any, lower: str, upper: str) -> None:
    """Raise a `ValueError` where the parameter `lower` is not below `upper` (both mV)."""
    low, high = getattr(neuron, lower), getattr(neuron, upper)
    if is_concrete(low) and is_concrete(high) and (np.asarray(low) >= np.asarray(high)).any():
        raise ValueError(
            f"{type(neuron).__name__} has {lower}={low} mV and {upper}={high} mV: "
            f"put the {upper} above the {lower}."
        )
