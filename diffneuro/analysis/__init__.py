"""Analysis of runs and recordings."""

from ._coincidence import coincidence as coincidence
from ._spike_times import (
    recorded_spike_times as recorded_spike_times,
    spike_times as spike_times,
)
