"""Stimuli: functions of time."""

from ._noise import ornstein_uhlenbeck as ornstein_uhlenbeck
from ._pulses import PulseTrain as PulseTrain, Ramp as Ramp, Step as Step
from ._sampled import Sampled as Sampled
from ._stimulus import AbstractStimulus as AbstractStimulus, Sum as Sum
from ._waves import Chirp as Chirp, Sine as Sine
