"""Losses: what of a run and a recording is compared."""

from ._coincidence import Coincidence as Coincidence, CoincidenceTarget as CoincidenceTarget
from ._current_error import CurrentError as CurrentError, CurrentTarget as CurrentTarget
from ._features import Features as Features, FeatureTarget as FeatureTarget
from ._interval_distribution import IntervalDistribution as IntervalDistribution
from ._loss import (
    AbstractLoss as AbstractLoss,
    AbstractSpikeLikelihood as AbstractSpikeLikelihood,
    AbstractSpikeTrainLoss as AbstractSpikeTrainLoss,
    Sum as Sum,
)
from ._peak_voltage import PeakTarget as PeakTarget, PeakVoltage as PeakVoltage
from ._point_process import (
    PointProcess as PointProcess,
    PointProcessTarget as PointProcessTarget,
)
from ._spike_count import SpikeCount as SpikeCount
from ._spike_times import SpikeTarget as SpikeTarget, SpikeTimes as SpikeTimes
from ._van_rossum import VanRossum as VanRossum
from ._victor_purpura import VictorPurpura as VictorPurpura
from ._voltage_error import VoltageError as VoltageError, VoltageTarget as VoltageTarget
