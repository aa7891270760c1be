"""Models ready to be fitted: what is free, and between what."""

from collections.abc import Callable
from typing import NamedTuple

from . import channels, neurons
from ._bounds import Bounds
from ._model import AbstractChannel, AbstractModel


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


def _cortical_cell(**more: AbstractChannel) -> neurons.Cell:
    """Sodium and delayed rectifier of adjustable gates, M current, leak, and what is given."""
    sodium = {"m": channels.Adjustment(), "h": channels.Adjustment()}
    spiking = {
        "na": channels.Adjusted(channels.TraubMilesSodium(), sodium),
        "k": channels.Adjusted(channels.TraubMilesPotassium(), {"n": channels.Adjustment()}),
        "m": channels.PospischilMTypePotassium(0.05, slowest=200.0),
        "leak": channels.Leak(0.05, -70.0),
    }
    return neurons.Cell(spiking | more)


# Wide by choice: conductances by a factor of about ten to both sides of those that Pospischil et
# al. 2008, doi:10.1007/s00422-008-0263-8, found in cortical cells, speeds by one of three to four.
_CORTICAL_BOUNDS = {
    "area": Bounds(1000.0, 100000.0, "log"),
    "channels.leak.g_max": Bounds(0.005, 0.5, "log"),
    "channels.leak.reversal_potential": Bounds(-95.0, -50.0),
    "channels.na.channel.g_max": Bounds(3.0, 500.0, "log"),
    "channels.na.channel.reversal_potential": Bounds(35.0, 75.0),
    "channels.na.channel.threshold": Bounds(-75.0, -35.0),
    "channels.na.adjustments.m.speed": Bounds(0.3, 4.0, "log"),
    "channels.na.adjustments.h.speed": Bounds(0.3, 4.0, "log"),
    "channels.na.adjustments.h.shift": Bounds(-15.0, 15.0),
    "channels.k.channel.g_max": Bounds(0.5, 100.0, "log"),
    "channels.k.channel.threshold": Bounds(-75.0, -35.0),
    "channels.k.adjustments.n.speed": Bounds(0.3, 4.0, "log"),
    "channels.m.g_max": Bounds(0.001, 2.0, "log"),
    "channels.m.slowest": Bounds(30.0, 2000.0, "log"),
}
_BURSTING_BOUNDS = {
    "channels.l.g_max": Bounds(0.001, 1.0, "log"),
    "channels.t.g_max": Bounds(0.001, 5.0, "log"),
}
PROBLEMS = {
    "hh": Problem(
        "the squid axon's sodium, potassium and leak (Hodgkin & Huxley 1952)",
        neurons.HodgkinHuxley,
        _SQUID_BOUNDS,
        0.05,
    ),
    "cortical": Problem(
        "regular or fast spiking, adapting: Na, Kd, M and leak (Pospischil et al. 2008)",
        _cortical_cell,
        _CORTICAL_BOUNDS,
        0.05,
    ),
    "bursting": Problem(
        "the same with L- and T-type calcium currents (Pospischil et al. 2008)",
        lambda: _cortical_cell(
            l=channels.PospischilLTypeCalcium(0.02), t=channels.PospischilTTypeCalcium(0.02)
        ),
        {**_CORTICAL_BOUNDS, **_BURSTING_BOUNDS},
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
