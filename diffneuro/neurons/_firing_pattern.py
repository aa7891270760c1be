"""What it takes to see a firing pattern of a paper."""

from collections.abc import Mapping
from typing import NamedTuple


class FiringPattern(NamedTuple):
    """Parameters of a model, and the constant input under which its paper shows the pattern.

    `AdEx(**pattern.parameters)` is the neuron, and `simulate` takes its `current` as stimulus.
    """

    parameters: Mapping[str, float]
    """name and value, in the unit of the model"""
    current: float
    """the injected current, in the unit of the model's input"""
