"""Models ready to be fitted: what is free, and between what."""

from collections.abc import Callable
from typing import NamedTuple

from . import channels, ions, neurons
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


def _cortical_channels(**more: AbstractChannel) -> dict[str, AbstractChannel]:
    """Sodium and delayed rectifier of adjustable gates, M current, leak, and what is given."""
    sodium = {"m": channels.Adjustment(), "h": channels.Adjustment()}
    spiking = {
        "na": channels.Adjusted(channels.TraubMilesSodium(), sodium),
        "k": channels.Adjusted(channels.TraubMilesPotassium(), {"n": channels.Adjustment()}),
        "m": channels.PospischilMTypePotassium(0.05, slowest=200.0),
        "leak": channels.Leak(0.05, -70.0),
    }
    return spiking | more


def _adapting_cell() -> neurons.Cell:
    """A cortical cell in which calcium, let in by spikes, opens potassium channels."""
    calcium = channels.PospischilLTypeCalcium(0.05)
    parts = _cortical_channels(l=calcium, sk=channels.SK(0.5))
    return neurons.Cell(parts, ions={"ca": ions.CalciumShell()})


def _multiscale_cell() -> neurons.Cell:
    """A cortical cell with a second, slower M current, which stands for all that is slower."""
    faster, slower = (channels.PospischilMTypePotassium(0.05, slowest=t) for t in (100.0, 1000.0))
    faster = channels.Adjusted(faster, {"p": channels.Adjustment()})
    return neurons.Cell(_cortical_channels(m=faster, slow=slower))


def _pyramidal_cell() -> neurons.Cell:
    """A cortical cell with A current, persistent sodium and an H current."""
    parts = _cortical_channels(
        a=channels.Adjusted(
            channels.ConnorStevensATypePotassium(2.0),
            {"a": channels.Adjustment(), "b": channels.Adjustment()},
        ),
        nap=channels.Adjusted(channels.PersistentSodium(0.02), {"m": channels.Adjustment()}),
        h=channels.HCN(0.01),
    )
    return neurons.Cell(parts)


def _interneuron() -> neurons.Cell:
    """Sodium that hardly inactivates, two fast delayed rectifiers, leak."""
    return neurons.Cell(
        {
            "na": channels.Adjusted(channels.WangBuzsakiSodium(), {"h": channels.Adjustment()}),
            "k": channels.Adjusted(channels.WangBuzsakiPotassium(), {"n": channels.Adjustment()}),
            "kv3": channels.HayKv3(5.0),
            "leak": channels.Leak(0.1, -65.0),
        }
    )


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
_ADAPTING_BOUNDS = {
    "channels.l.g_max": Bounds(0.001, 1.0, "log"),
    "channels.sk.g_max": Bounds(0.01, 20.0, "log"),
    "ions.ca.time_constant": Bounds(20.0, 1000.0, "log"),
}
# Cortical cells adapt over tens of milliseconds to seconds, La Camera et al. 2006,
# doi:10.1152/jn.00453.2006: two currents share the range without changing places.
_MULTISCALE_BOUNDS = {
    "channels.m.channel.g_max": _CORTICAL_BOUNDS["channels.m.g_max"],
    "channels.m.channel.slowest": Bounds(10.0, 300.0, "log"),
    "channels.m.adjustments.p.shift": Bounds(-20.0, 20.0),
    "channels.slow.g_max": Bounds(0.001, 2.0, "log"),
    "channels.slow.slowest": Bounds(300.0, 5000.0, "log"),
}
_NOT_MULTISCALE = (
    "channels.m.g_max",
    "channels.m.slowest",
    "channels.na.channel.reversal_potential",
)
# A, persistent sodium and H currents by a factor of about ten to both sides of what Hay et al.
# 2011, doi:10.1371/journal.pcbi.1002107, and Connor & Stevens 1971 gave them in their cells.
_PYRAMIDAL_BOUNDS = {
    "channels.a.channel.g_max": Bounds(0.1, 50.0, "log"),
    "channels.a.adjustments.a.shift": Bounds(-15.0, 25.0),
    "channels.a.adjustments.b.shift": Bounds(-15.0, 25.0),
    "channels.nap.channel.g_max": Bounds(0.001, 0.5, "log"),
    "channels.nap.adjustments.m.shift": Bounds(-15.0, 15.0),
    "channels.h.g_max": Bounds(0.0005, 0.2, "log"),
}
# By a factor of about ten to both sides of Wang & Buzsaki 1996,
# doi:10.1523/JNEUROSCI.16-20-06402.1996.
_INTERNEURON_BOUNDS = {
    "area": Bounds(1000.0, 100000.0, "log"),
    "channels.leak.g_max": Bounds(0.01, 1.0, "log"),
    "channels.leak.reversal_potential": Bounds(-95.0, -50.0),
    "channels.na.channel.g_max": Bounds(3.0, 300.0, "log"),
    "channels.na.channel.reversal_potential": Bounds(35.0, 75.0),
    "channels.na.channel.speed": Bounds(1.0, 20.0, "log"),
    "channels.na.adjustments.h.shift": Bounds(-20.0, 20.0),
    "channels.k.channel.g_max": Bounds(0.5, 100.0, "log"),
    "channels.k.channel.speed": Bounds(1.0, 20.0, "log"),
    "channels.k.adjustments.n.shift": Bounds(-20.0, 20.0),
    "channels.kv3.g_max": Bounds(0.05, 100.0, "log"),
}
PROBLEMS = {
    "hh": Problem(
        "the squid axon's sodium, potassium and leak (Hodgkin & Huxley 1952)",
        neurons.HodgkinHuxley,
        _SQUID_BOUNDS,
        0.05,
    ),
    "cortical": Problem(
        "regular spiking: Na, Kd, M and leak (Pospischil et al. 2008)",
        lambda: neurons.Cell(_cortical_channels()),
        _CORTICAL_BOUNDS,
        0.05,
    ),
    "bursting": Problem(
        "the same with L- and T-type calcium currents (Pospischil et al. 2008)",
        lambda: neurons.Cell(
            _cortical_channels(
                l=channels.PospischilLTypeCalcium(0.02), t=channels.PospischilTTypeCalcium(0.02)
            )
        ),
        {**_CORTICAL_BOUNDS, **_BURSTING_BOUNDS},
        0.05,
    ),
    "adapting": Problem(
        "cortical, with L-type calcium, a calcium shell and SK (Pospischil 2008, Hay 2011)",
        _adapting_cell,
        {**_CORTICAL_BOUNDS, **_ADAPTING_BOUNDS},
        0.05,
    ),
    "multiscale": Problem(
        "cortical with a second, slower M current: adapting on two time scales",
        _multiscale_cell,
        {k: v for k, v in _CORTICAL_BOUNDS.items() if k not in _NOT_MULTISCALE}
        | _MULTISCALE_BOUNDS,
        0.05,
    ),
    "pyramidal": Problem(
        "cortical, with A current, persistent sodium and H current",
        _pyramidal_cell,
        {**_CORTICAL_BOUNDS, **_PYRAMIDAL_BOUNDS},
        0.05,
    ),
    "interneuron": Problem(
        "fast spiking: Na, two delayed rectifiers and leak (Wang & Buzsaki 1996)",
        _interneuron,
        _INTERNEURON_BOUNDS,
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
