"""Firing patterns of the AdEx neuron."""

from collections.abc import Mapping
from types import MappingProxyType

from ._firing_pattern import FiringPattern


def _pattern(capacitance, leak, rest, a, tau_w, b, reset, current) -> FiringPattern:
    parameters = {
        "capacitance": capacitance,
        "leak_conductance": leak,
        "leak_reversal": rest,
        "threshold": -50.0,
        "slope_factor": 2.0,
        "adaptation_conductance": a,
        "adaptation_time_constant": tau_w,
        "spike_adaptation": b,
        "reset_potential": reset,
        "peak_potential": 0.0,
    }
    return FiringPattern(MappingProxyType(parameters), current)


# Naud, Marcille, Clopath & Gerstner 2008, doi:10.1007/s00422-008-0264-7, table 1, with the
# step of current (pA) last; all cells have V_T = -50 mV and Delta_T = 2 mV.
ADEX_PATTERNS: Mapping[str, FiringPattern] = MappingProxyType(
    {
        "tonic": _pattern(200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0, 500.0),
        "adapting": _pattern(200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0, 500.0),
        "initial burst": _pattern(130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0, 400.0),
        "regular bursting": _pattern(200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0, 210.0),
        "delayed accelerating": _pattern(200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0, 300.0),
        "delayed regular bursting": _pattern(100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0, 110.0),
        "transient": _pattern(100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0, 180.0),
        "irregular": _pattern(100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0, 160.0),
    }
)
