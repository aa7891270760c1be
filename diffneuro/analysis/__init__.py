"""Analysis of runs and recordings."""

from ._adaptation_index import adaptation_index as adaptation_index
from ._coincidence import coincidence as coincidence
from ._fi_curve import FICurve as FICurve, fi_curve as fi_curve
from ._fixed_point_branch import (
    Bifurcation as Bifurcation,
    FixedPointBranch as FixedPointBranch,
    bifurcations as bifurcations,
    fixed_point_branch as fixed_point_branch,
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
from ._phase_plane import (
    FixedPoint as FixedPoint,
    PhasePlane as PhasePlane,
    phase_plane as phase_plane,
)
from ._plane import in_plane as in_plane
from ._point_process import point_process_log_likelihood as point_process_log_likelihood
from ._psth import psth as psth, smooth_psth as smooth_psth
from ._reliability import (
    coincidence_with_repeats as coincidence_with_repeats,
    reliability as reliability,
)
from ._rheobase import rheobase as rheobase
from ._smooth_coincidence import smooth_coincidence as smooth_coincidence
from ._spike_times import (
    recorded_spike_times as recorded_spike_times,
    spike_times as spike_times,
)
from ._stability import stability as stability
from ._van_rossum import van_rossum as van_rossum
from ._victor_purpura import (
    soft_victor_purpura as soft_victor_purpura,
    victor_purpura as victor_purpura,
)
