"""Sweeps: what varies in one, and what is kept of a run."""

from ._measure import Measure as Measure
from ._spike_measures import latency as latency, rate as rate, spike_count as spike_count
from ._values import Grid as Grid, grid as grid
from ._voltage_measures import (
    final_voltage as final_voltage,
    mean_voltage as mean_voltage,
    peak as peak,
    trough as trough,
)
