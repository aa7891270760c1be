"""Figures and the HTML page of a fit."""

from ._connectivity import (
    plot_connectivity as plot_connectivity,
    plot_weights as plot_weights,
)
from ._correlations import plot_correlations as plot_correlations
from ._f_i_curve import plot_f_i_curve as plot_f_i_curve
from ._first_spikes import plot_first_spikes as plot_first_spikes
from ._losses import plot_losses as plot_losses
from ._membrane_trace import plot_membrane_trace as plot_membrane_trace
from ._morphology import (
    film_morphology as film_morphology,
    plot_morphology as plot_morphology,
    plot_morphology_3d as plot_morphology_3d,
)
from ._phase_plane import plot_phase_plane as plot_phase_plane
from ._population_rate import plot_population_rate as plot_population_rate
from ._postsynaptic import plot_postsynaptic_response as plot_postsynaptic_response
from ._profile import plot_profile as plot_profile
from ._profiles import plot_profiles as plot_profiles
from ._raster import plot_raster as plot_raster
from ._refractoriness import plot_refractoriness as plot_refractoriness
from ._spike_counts import plot_spike_counts as plot_spike_counts
from ._starts import plot_starts as plot_starts
from ._step_rates import plot_step_rates as plot_step_rates
from ._strength_duration import plot_strength_duration as plot_strength_duration
from ._sweeps import plot_sweeps as plot_sweeps
from ._voltage import plot_voltage as plot_voltage
from ._voltage_clamp import (
    plot_clamp_currents as plot_clamp_currents,
    plot_gating_curves as plot_gating_curves,
    plot_i_v_curve as plot_i_v_curve,
)
from ._write import write_report as write_report
