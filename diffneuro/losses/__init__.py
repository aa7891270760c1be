"""Losses: what of a run and a recording is compared."""

from ._loss import AbstractLoss as AbstractLoss, Sum as Sum
from ._spike_times import SpikeTarget as SpikeTarget, SpikeTimes as SpikeTimes
from ._voltage_error import VoltageError as VoltageError, VoltageTarget as VoltageTarget
