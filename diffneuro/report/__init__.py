"""Figures and the HTML page of a fit."""

from ._correlations import plot_correlations as plot_correlations
from ._f_i_curve import plot_f_i_curve as plot_f_i_curve
from ._first_spikes import plot_first_spikes as plot_first_spikes
from ._losses import plot_losses as plot_losses
from ._phase_plane import plot_phase_plane as plot_phase_plane
from ._raster import plot_raster as plot_raster
from ._spike_counts import plot_spike_counts as plot_spike_counts
from ._starts import plot_starts as plot_starts
from ._sweeps import plot_sweeps as plot_sweeps
from ._voltage import plot_voltage as plot_voltage
from ._write import write_report as write_report
