"""Synapses: spikes or voltage in, postsynaptic current out."""

from ._alpha import Alpha as Alpha
from ._calcium_terminal import (
    CalciumTerminal as CalciumTerminal,
    CalciumTerminalState as CalciumTerminalState,
)
from ._channel_count import (
    GABAA_CHANNEL as GABAA_CHANNEL,
    GLYCINE_CHANNEL as GLYCINE_CHANNEL,
    channel_conductance as channel_conductance,
)
from ._desensitising_ampa import DesensitisingAMPA as DesensitisingAMPA
from ._driven import Arrivals as Arrivals, DrivenSynapse as DrivenSynapse
from ._dual_exponential import (
    DualExponential as DualExponential,
    DualExponentialCurrent as DualExponentialCurrent,
    RisingConductance as RisingConductance,
)
from ._exponential import (
    Exponential as Exponential,
    ExponentialCurrent as ExponentialCurrent,
    ExponentialGABAA as ExponentialGABAA,
    ExponentialGlycine as ExponentialGlycine,
    exponential_kainate as exponential_kainate,
    exponential_nicotinic as exponential_nicotinic,
)
from ._exponential_terminal import ExponentialTerminal as ExponentialTerminal
from ._g_protein import (
    GABAB as GABAB,
    Cascade as Cascade,
    MetabotropicGlutamate as MetabotropicGlutamate,
)
from ._gap_junction import (
    AbstractGapJunction as AbstractGapJunction,
    Ohmic as Ohmic,
    Rectifying as Rectifying,
)
from ._muscarinic import (
    MuscarinicState as MuscarinicState,
    MuscarinicSuppression as MuscarinicSuppression,
)
from ._nmda import (
    NMDA as NMDA,
    ExponentialNMDA as ExponentialNMDA,
    magnesium_block as magnesium_block,
)
from ._pulse_terminal import Pulse as Pulse, PulseTerminal as PulseTerminal
from ._receptor import (
    AbstractImpulseReceptor as AbstractImpulseReceptor,
    AbstractReceptor as AbstractReceptor,
    AbstractTransmitterReceptor as AbstractTransmitterReceptor,
)
from ._release import AbstractRelease as AbstractRelease
from ._sigmoid_terminal import SigmoidTerminal as SigmoidTerminal
from ._stdp import (
    STDP as STDP,
    AbstractBounds as AbstractBounds,
    HardBounds as HardBounds,
    SoftBounds as SoftBounds,
    Traces as Traces,
)
from ._stochastic_release import StochasticRelease as StochasticRelease
from ._terminal import (
    AbstractGradedTerminal as AbstractGradedTerminal,
    AbstractSpikeTerminal as AbstractSpikeTerminal,
)
from ._tsodyks_markram import Resources as Resources, TsodyksMarkram as TsodyksMarkram
from ._two_state import (
    AMPA as AMPA,
    GABAA as GABAA,
    Glycine as Glycine,
    Kainate as Kainate,
    NicotinicACh as NicotinicACh,
)
