"""Analysis of runs and recordings."""

from ._adaptation_index import adaptation_index as adaptation_index
from ._clamp_currents import (
    mean_currents as mean_currents,
    peak_currents as peak_currents,
    reversal_potential as reversal_potential,
    subtract_leak as subtract_leak,
    tail_currents as tail_currents,
)
from ._coincidence import coincidence as coincidence
from ._conductance_regression import regress_conductances as regress_conductances
from ._conduction_velocity import (
    arrival_times as arrival_times,
    conduction_velocity as conduction_velocity,
)
from ._current_step import (
    CurrentStep as CurrentStep,
    current_step as current_step,
    current_steps as current_steps,
)
from ._driving_force import (
    ReversalFit as ReversalFit,
    driving_force as driving_force,
    fit_reversal as fit_reversal,
    steady_voltage as steady_voltage,
)
from ._dynamic_i_v import (
    DynamicIV as DynamicIV,
    dynamic_i_v as dynamic_i_v,
    exponential_start as exponential_start,
)
from ._exponential import ExponentialFit as ExponentialFit, fit_exponential as fit_exponential
from ._features import Features as Features, features as features
from ._fi_curve import FICurve as FICurve, fi_curve as fi_curve, steady_rate as steady_rate
from ._fixed_point_branch import (
    Bifurcation as Bifurcation,
    FixedPointBranch as FixedPointBranch,
    bifurcations as bifurcations,
    fixed_point_branch as fixed_point_branch,
)
from ._gating_curve import (
    BoltzmannFit as BoltzmannFit,
    GatingCurve as GatingCurve,
    activation_curve as activation_curve,
    fit_boltzmann as fit_boltzmann,
    inactivation_curve as inactivation_curve,
)
from ._intervals import (
    interspike_intervals as interspike_intervals,
    interval_distance as interval_distance,
    interval_histogram as interval_histogram,
    matched_intervals as matched_intervals,
)
from ._lif import (
    lif_rate as lif_rate,
    lif_spike_times as lif_spike_times,
    lif_voltage as lif_voltage,
)
from ._md_star import md_star as md_star
from ._membrane_test import MembraneTest as MembraneTest, membrane_test as membrane_test
from ._membrane_trace import MembraneTrace as MembraneTrace, membrane_trace as membrane_trace
from ._passive import (
    Passive as Passive,
    SpecificPassive as SpecificPassive,
    area_from_capacitance as area_from_capacitance,
    capacitor_charge as capacitor_charge,
    passive as passive,
    passive_from_step as passive_from_step,
    specific_passive as specific_passive,
)
from ._passive_stage import PassiveStage as PassiveStage, passive_stage as passive_stage
from ._phase_plane import (
    FixedPoint as FixedPoint,
    PhasePlane as PhasePlane,
    phase_plane as phase_plane,
)
from ._plane import in_plane as in_plane
from ._point_process import point_process_log_likelihood as point_process_log_likelihood
from ._population_trains import population_trains as population_trains
from ._postsynaptic import (
    PostsynapticResponse as PostsynapticResponse,
    postsynaptic_response as postsynaptic_response,
    postsynaptic_responses as postsynaptic_responses,
)
from ._psth import psth as psth, smooth_psth as smooth_psth
from ._rebound import Rebound as Rebound, rebound as rebound
from ._refractory import Refractoriness as Refractoriness, refractoriness as refractoriness
from ._reliability import (
    coincidence_with_repeats as coincidence_with_repeats,
    reliability as reliability,
)
from ._resting_point import RestingPoint as RestingPoint, resting_point as resting_point
from ._rheobase import rheobase as rheobase
from ._smooth_coincidence import smooth_coincidence as smooth_coincidence
from ._sodium_entry import SodiumEntry as SodiumEntry, sodium_entry as sodium_entry
from ._spike_energy import SpikeEnergy as SpikeEnergy, spike_energy as spike_energy
from ._spike_times import (
    recorded_spike_times as recorded_spike_times,
    spike_times as spike_times,
)
from ._stability import stability as stability
from ._strength_duration import (
    StrengthDuration as StrengthDuration,
    StrengthDurationFit as StrengthDurationFit,
    chronaxie as chronaxie,
    lapicque_fit as lapicque_fit,
    strength_duration as strength_duration,
    weiss_fit as weiss_fit,
)
from ._summation import (
    paired_pulse_ratio as paired_pulse_ratio,
    response_amplitudes as response_amplitudes,
    shunting as shunting,
    spatial_summation as spatial_summation,
    temporal_summation as temporal_summation,
)
from ._threshold import (
    threshold_current as threshold_current,
    threshold_voltage as threshold_voltage,
)
from ._van_rossum import van_rossum as van_rossum
from ._victor_purpura import (
    soft_victor_purpura as soft_victor_purpura,
    victor_purpura as victor_purpura,
)
