"""Spike gradients: what a derivative means at a threshold."""

from ._exact import Exact as Exact
from ._forced import Forced as Forced
from ._gradient import (
    AbstractSpikeGradient as AbstractSpikeGradient,
    SpikingStep as SpikingStep,
)
from ._hybrid import Hybrid as Hybrid
from ._on_grid import OnGrid as OnGrid
from ._shapes import (
    arctan as arctan,
    boxcar as boxcar,
    exponential as exponential,
    gaussian as gaussian,
    multi_gaussian as multi_gaussian,
    sigmoid as sigmoid,
    straight_through as straight_through,
    super_spike as super_spike,
    triangular as triangular,
)
from ._surrogate import Surrogate as Surrogate
