"""Neurons: current in (pA), voltage out (mV)."""

from ._adaptive_lif import AdaptiveLIF as AdaptiveLIF, AdaptiveLIFState as AdaptiveLIFState
from ._adex import AdEx as AdEx, AdExState as AdExState
from ._adex_patterns import ADEX_PATTERNS as ADEX_PATTERNS
from ._axon import myelinated_axon as myelinated_axon, unmyelinated_axon as unmyelinated_axon
from ._cable import Cable as Cable, CableState as CableState
from ._cell import Cell as Cell, CellState as CellState
from ._connor_stevens import ConnorStevens as ConnorStevens
from ._current_noise import (
    CurrentNoise as CurrentNoise,
    CurrentNoiseState as CurrentNoiseState,
    SpikingCurrentNoise as SpikingCurrentNoise,
)
from ._eif import EIF as EIF, EIFState as EIFState
from ._escape_noise import EscapeNoise as EscapeNoise, EscapeNoiseState as EscapeNoiseState
from ._firing_pattern import FiringPattern as FiringPattern
from ._fitzhugh_nagumo import (
    FitzHughNagumo as FitzHughNagumo,
    FitzHughNagumoState as FitzHughNagumoState,
)
from ._gif import GIF as GIF, GIFState as GIFState
from ._glif import (
    GLIF as GLIF,
    DriftingThreshold as DriftingThreshold,
    GLIFState as GLIFState,
    VoltageReset as VoltageReset,
)
from ._glm import (
    GLM as GLM,
    GLMState as GLMState,
    HistoryFilter as HistoryFilter,
    StimulusFilter as StimulusFilter,
)
from ._hay import HaySoma as HaySoma
from ._hindmarsh_rose import (
    HindmarshRose as HindmarshRose,
    HindmarshRoseState as HindmarshRoseState,
)
from ._hodgkin_huxley import HodgkinHuxley as HodgkinHuxley
from ._ideal_voltage_clamp import (
    HeldState as HeldState,
    IdealVoltageClamp as IdealVoltageClamp,
)
from ._izhikevich import (
    Izhikevich2003 as Izhikevich2003,
    Izhikevich2007 as Izhikevich2007,
    IzhikevichState as IzhikevichState,
)
from ._izhikevich_patterns import (
    IZHIKEVICH_2003_PATTERNS as IZHIKEVICH_2003_PATTERNS,
    IZHIKEVICH_2007_PATTERNS as IZHIKEVICH_2007_PATTERNS,
)
from ._lif import LIF as LIF, LIFState as LIFState
from ._lnp import LNP as LNP
from ._morris_lecar import (
    MorrisLecar as MorrisLecar,
    MorrisLecarState as MorrisLecarState,
)
from ._morris_lecar_patterns import MORRIS_LECAR_PATTERNS as MORRIS_LECAR_PATTERNS
from ._nudged import Nudge as Nudge, Nudged as Nudged
from ._pinsky_rinzel import (
    PinskyRinzel as PinskyRinzel,
    PinskyRinzelState as PinskyRinzelState,
)
from ._pospischil import (
    PospischilFastSpiking as PospischilFastSpiking,
    PospischilIntrinsicallyBursting as PospischilIntrinsicallyBursting,
    PospischilLowThresholdSpiking as PospischilLowThresholdSpiking,
    PospischilRegularSpiking as PospischilRegularSpiking,
)
from ._profile import (
    AbstractProfile as AbstractProfile,
    ByRegion as ByRegion,
    ExponentialProfile as ExponentialProfile,
    Factor as Factor,
    LinearProfile as LinearProfile,
)
from ._qif import QIF as QIF, QIFState as QIFState
from ._recurrent_network import (
    HiddenUnit as HiddenUnit,
    RecurrentNetwork as RecurrentNetwork,
    RecurrentNetworkState as RecurrentNetworkState,
    Weight as Weight,
)
from ._reduced_hodgkin_huxley import (
    ReducedHodgkinHuxley as ReducedHodgkinHuxley,
    ReducedHodgkinHuxleyState as ReducedHodgkinHuxleyState,
)
from ._rig import (
    ElectrodeLag as ElectrodeLag,
    EscapeRig as EscapeRig,
    Rig as Rig,
    RigState as RigState,
    SpikingRig as SpikingRig,
)
from ._rinzel_hodgkin_huxley import (
    RinzelHodgkinHuxley as RinzelHodgkinHuxley,
    RinzelHodgkinHuxleyState as RinzelHodgkinHuxleyState,
)
from ._signal_input import SignalInput as SignalInput
from ._spike_triggered import (
    DelayedCurrent as DelayedCurrent,
    GatedCurrent as GatedCurrent,
    SpikeCurrent as SpikeCurrent,
    ThresholdCoupling as ThresholdCoupling,
    ThresholdShift as ThresholdShift,
)
from ._synaptic_input import (
    OpenConductance as OpenConductance,
    OpenReceptors as OpenReceptors,
    SynapticInput as SynapticInput,
)
from ._voltage_clamp import ClampedState as ClampedState, VoltageClamp as VoltageClamp
from ._wang_buzsaki import WangBuzsaki as WangBuzsaki
