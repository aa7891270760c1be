"""Synapses: spikes or voltage in, postsynaptic current out."""

from ._receptor import (
    AbstractImpulseReceptor as AbstractImpulseReceptor,
    AbstractReceptor as AbstractReceptor,
    AbstractTransmitterReceptor as AbstractTransmitterReceptor,
)
from ._release import AbstractRelease as AbstractRelease
from ._terminal import (
    AbstractGradedTerminal as AbstractGradedTerminal,
    AbstractSpikeTerminal as AbstractSpikeTerminal,
)
