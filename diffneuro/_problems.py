"""Models ready to be fitted: what is free, and between what."""

from collections.abc import Callable
from typing import NamedTuple

from . import neurons
from ._bounds import Bounds
from ._model import AbstractModel


class Problem(NamedTuple):
    """A model with its free parameters, as the command line offers it."""

    description: str
    make: Callable[[], AbstractModel]
    free: dict[str, Bounds]
    """free parameters, wide enough for most cells"""
    largest_dt: float
    """ms, the step up to which recordings are thinned before a fit"""


_SQUID_BOUNDS = {
    "channels.na.g_max": Bounds(5.0, 500.0, "log"),
    "channels.k.g_max": Bounds(0.5, 200.0, "log"),
    "channels.leak.g_max": Bounds(0.002, 2.0, "log"),
    "channels.na.reversal_potential": Bounds(30.0, 80.0),
    "channels.k.reversal_potential": Bounds(-110.0, -65.0),
    "channels.leak.reversal_potential": Bounds(-100.0, -35.0),
    "area": Bounds(300.0, 100000.0, "log"),
    "channels.na.activation_shift": Bounds(-25.0, 25.0),
    "channels.na.temperature": Bounds(0.0, 40.0),
    "channels.k.temperature": Bounds(0.0, 40.0),
}
_INTEGRATE_AND_FIRE_BOUNDS = {
    "capacitance": Bounds(10.0, 1000.0, "log"),
    "leak_conductance": Bounds(0.5, 100.0, "log"),
    "leak_reversal": Bounds(-90.0, -45.0),
    "threshold": Bounds(-65.0, -25.0),
    "reset_potential": Bounds(-90.0, -30.0),
}
PROBLEMS = {
    "hh": Problem(
        "the squid axon's sodium, potassium and leak (Hodgkin & Huxley 1952)",
        neurons.HodgkinHuxley,
        _SQUID_BOUNDS,
        0.05,
    ),
    "adex": Problem(
        "adaptive exponential integrate-and-fire (Brette & Gerstner 2005)",
        lambda: neurons.AdEx(peak_potential=-20.0, refractory_time=2.0),
        {
            **_INTEGRATE_AND_FIRE_BOUNDS,
            "slope_factor": Bounds(0.5, 8.0, "log"),
            "adaptation_conductance": Bounds(-5.0, 20.0),
            "adaptation_time_constant": Bounds(10.0, 1000.0, "log"),
            "spike_adaptation": Bounds(0.1, 300.0, "log"),
        },
        0.1,
    ),
    "lif": Problem(
        "leaky integrate-and-fire with a refractory time (Lapicque 1907)",
        neurons.LIF,
        {**_INTEGRATE_AND_FIRE_BOUNDS, "refractory_time": Bounds(0.5, 20.0, "log")},
        0.1,
    ),
}
