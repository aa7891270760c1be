"""Spike gradients: what a derivative means at a threshold."""

from ._exact import Exact as Exact
from ._gradient import (
    AbstractSpikeGradient as AbstractSpikeGradient,
    SpikingStep as SpikingStep,
)
