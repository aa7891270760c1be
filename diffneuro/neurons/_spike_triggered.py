"""Parts that spikes or the voltage set in motion."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import Parameter, check_ranges, is_concrete, parameter


class SpikeCurrent(eqx.Module):
    r"""A current that a spike raises by q and that decays: $\dot i = -i/\tau$.

    The jump q is what a spike has added by the end of its refractory time. Positive is
    outward: it opposes the injected current.
    """

    jump: Parameter = parameter(100.0, "pA")
    time_constant: Parameter = parameter(100.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)


class ThresholdShift(eqx.Module):
    r"""A part of the threshold that a spike raises by q and that decays: $\dot h = -h/\tau$.

    The jump q is what a spike has added by the end of its refractory time.
    """

    jump: Parameter = parameter(5.0, "mV")
    time_constant: Parameter = parameter(100.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)


class ThresholdCoupling(eqx.Module):
    r"""A part of the threshold that follows the voltage, as sodium inactivation makes it do.

    $\tau \dot h = a k \log(1 + e^{(v - V_i)/k}) - h$: flat well below $V_i$, of slope a above.
    Mensi, Hagens, Gerstner & Pozzorini 2016, doi:10.1371/journal.pcbi.1004761
    """

    slope: Parameter = parameter(0.5, "1")
    midpoint: Parameter = parameter(-55.0, "mV")
    width: Parameter = parameter(5.0, "mV", above=0.0)
    time_constant: Parameter = parameter(20.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)


class GatedCurrent(eqx.Module):
    r"""A current through channels that open at once and inactivate: $g\,m_\infty\,h\,(v - E)$.

    $m_\infty = 1/(1 + e^{-(v - V_m)/k_m})$, $h_\infty = 1/(1 + e^{(v - V_h)/k_h})$ and
    $\tau \dot h = h_\infty - h$: the A-type potassium current of Harkin et al. 2023,
    doi:10.7554/eLife.72951, with an activation that is not delayed. Defaults are generic.
    """

    conductance: Parameter = parameter(10.0, "nS", at_least=0.0)
    reversal_potential: Parameter = parameter(-90.0, "mV")
    activation_midpoint: Parameter = parameter(-35.0, "mV")
    activation_width: Parameter = parameter(7.0, "mV", above=0.0)
    inactivation_midpoint: Parameter = parameter(-70.0, "mV")
    inactivation_width: Parameter = parameter(7.0, "mV", above=0.0)
    time_constant: Parameter = parameter(40.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)

    def current(self, voltage: Array, available: Array, /) -> Array:
        """pA outward at `voltage` (mV), with the fraction `available` not inactivated."""
        away = voltage - self.activation_midpoint
        activated = jax.nn.sigmoid(away / self.activation_width)
        return self.conductance * activated * available * (voltage - self.reversal_potential)

    def steady(self, voltage: Array, /) -> Array:
        """The fraction that is not inactivated in the long run at `voltage` (mV)."""
        return jax.nn.sigmoid((self.inactivation_midpoint - voltage) / self.inactivation_width)


class DelayedCurrent(eqx.Module):
    r"""A current through channels that open late and stay open: $g\,n\,(v - E)$.

    $n_\infty = 1/(1 + e^{-(v - V_n)/k_n})$ and $\tau \dot n = n_\infty - n$: the potassium
    current that does not inactivate of Harkin et al. 2023, doi:10.7554/eLife.72951. With
    $k_n < 0$ the channels open with hyperpolarisation, as those of $I_h$ and inward rectifiers
    do. Defaults are generic.
    """

    conductance: Parameter = parameter(5.0, "nS", at_least=0.0)
    reversal_potential: Parameter = parameter(-90.0, "mV")
    activation_midpoint: Parameter = parameter(-35.0, "mV")
    activation_width: Parameter = parameter(7.0, "mV")
    time_constant: Parameter = parameter(50.0, "ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)
        width = self.activation_width
        if is_concrete(width) and not np.all(np.asarray(width)):
            raise ValueError(
                "DelayedCurrent has activation_width=0 mV: make it positive for channels that "
                "depolarisation opens, negative for those that hyperpolarisation opens."
            )

    def current(self, voltage: Array, open_fraction: Array, /) -> Array:
        """pA outward at `voltage` (mV), with the fraction `open_fraction` open."""
        return self.conductance * open_fraction * (voltage - self.reversal_potential)

    def steady(self, voltage: Array, /) -> Array:
        """The fraction that is open in the long run at `voltage` (mV)."""
        return jax.nn.sigmoid((voltage - self.activation_midpoint) / self.activation_width)


def stacked(parts: Mapping[str, Any], field: str) -> Array:
    """One field of every part, (parts,), in the order of their names.

    JAX sorts dictionaries by name, so any other order would not last.
    """
    values = [getattr(parts[name], field) for name in sorted(parts)]
    return jnp.stack(values) if values else jnp.zeros(0)


def jumps(parts: Mapping[str, Any], refractory_time: Array) -> Array:
    """(parts,) what every part gains at a spike, so that its `jump` is there afterwards."""
    left = jnp.exp(refractory_time / stacked(parts, "time_constant"))
    return stacked(parts, "jump") * left
