"""Stimuli: functions of time."""

from ._noise import ornstein_uhlenbeck as ornstein_uhlenbeck
from ._protocols import (
    inactivation_family as inactivation_family,
    leak_pulses as leak_pulses,
    recovery_family as recovery_family,
    step_family as step_family,
    tail_family as tail_family,
    three_sines as three_sines,
)
from ._pulses import PulseTrain as PulseTrain, Ramp as Ramp, Step as Step
from ._sampled import Sampled as Sampled
from ._spike_trains import (
    AbstractSpikeTrains as AbstractSpikeTrains,
    GivenSpikes as GivenSpikes,
    PoissonSpikes as PoissonSpikes,
    SpikeTrains as SpikeTrains,
)
from ._staircase import Staircase as Staircase
from ._stimulus import AbstractStimulus as AbstractStimulus, Sum as Sum
from ._waves import Chirp as Chirp, Sine as Sine
