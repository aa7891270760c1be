"""Firing patterns of the Izhikevich neurons."""

from collections.abc import Mapping
from types import MappingProxyType

from ._firing_pattern import FiringPattern


def _of_2003(a, b, c, d, current) -> FiringPattern:
    parameters = {
        "recovery_rate": a,
        "recovery_sensitivity": b,
        "reset_potential": c,
        "spike_recovery": d,
    }
    return FiringPattern(MappingProxyType(parameters), current)


def _of_2007(capacitance, k, rest, threshold, peak, a, b, c, d, current) -> FiringPattern:
    parameters = {
        "capacitance": capacitance,
        "quadratic_conductance": k,
        "rest_potential": rest,
        "threshold": threshold,
        "peak_potential": peak,
        "recovery_rate": a,
        "recovery_conductance": b,
        "reset_potential": c,
        "spike_recovery": d,
    }
    return FiringPattern(MappingProxyType(parameters), current)


# Izhikevich 2003, doi:10.1109/TNN.2003.820440, figure 2; the current in mV/ms. The thalamo-
# cortical cell also fires a burst when released from -25 mV/ms, and the resonator is silent but
# for a pulse of 10 mV/ms.
IZHIKEVICH_2003_PATTERNS: Mapping[str, FiringPattern] = MappingProxyType(
    {
        "regular spiking": _of_2003(0.02, 0.2, -65.0, 8.0, 10.0),
        "intrinsically bursting": _of_2003(0.02, 0.2, -55.0, 4.0, 10.0),
        "chattering": _of_2003(0.02, 0.2, -50.0, 2.0, 10.0),
        "fast spiking": _of_2003(0.1, 0.2, -65.0, 2.0, 10.0),
        "thalamo-cortical": _of_2003(0.02, 0.25, -65.0, 0.05, 1.5),
        "resonator": _of_2003(0.1, 0.26, -65.0, 2.0, -0.5),
        "low-threshold spiking": _of_2003(0.02, 0.25, -65.0, 2.0, 10.0),
    }
)

# Izhikevich 2007, Dynamical Systems in Neuroscience, doi:10.7551/mitpress/2526.001.0001, figures
# 8.12, 8.19 and 8.23; the current in pA.
IZHIKEVICH_2007_PATTERNS: Mapping[str, FiringPattern] = MappingProxyType(
    {
        "regular spiking": _of_2007(
            100.0, 0.7, -60.0, -40.0, 35.0, 0.03, -2.0, -50.0, 100.0, 100.0
        ),
        "intrinsically bursting": _of_2007(
            150.0, 1.2, -75.0, -45.0, 50.0, 0.01, 5.0, -56.0, 130.0, 500.0
        ),
        "chattering": _of_2007(50.0, 1.5, -60.0, -40.0, 25.0, 0.03, 1.0, -40.0, 150.0, 400.0),
    }
)
