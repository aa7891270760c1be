"""The five levels of generalised leaky integrate-and-fire."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractSpikingModel, Parameter, check_ranges, is_concrete, parameter
from ._spike_triggered import SpikeCurrent, ThresholdShift, jumps, stacked
from ._synaptic_input import injected_current, linear_input


class VoltageReset(eqx.Module):
    r"""Where a spike leaves the voltage: $v \leftarrow E_L + f\,(v - E_L) + \delta$."""

    fraction: Parameter = parameter(0.2, "1")
    addition: Parameter = parameter(18.51, "mV")

    def __check_init__(self):
        check_ranges(self)


class DriftingThreshold(eqx.Module):
    r"""A part of the threshold that drifts with the voltage: $\dot h = a\,(v - E_L) - b\,h$."""

    gain: Parameter = parameter(0.005, "1/ms")
    decay: Parameter = parameter(0.09, "1/ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)


class GLIFState(NamedTuple):
    """The state of a `GLIF` neuron."""

    voltage: Array
    """mV"""
    currents: Array
    """(currents,) after-spike currents in the order of their names, pA"""
    threshold_shifts: Array
    """(shifts,) by how much spikes have moved the threshold, mV"""
    drift: Array
    """by how much the voltage has moved the threshold, mV"""
    refractory: Array
    """what is left of the refractory period, ms"""


def _two_currents() -> dict[str, SpikeCurrent]:
    return {"fast": SpikeCurrent(198.94, 10.0), "slow": SpikeCurrent(9.18, 1000.0 / 3.0)}


def _one_shift() -> dict[str, ThresholdShift]:
    return {"spike": ThresholdShift(0.37, 1000.0 / 9.0)}


class GLIF(AbstractSpikingModel):
    r"""$C\,\dot v = -g_L (v - E_L) - \sum_j i_j + I$; a spike at $v = \theta + \sum_j h_j + h_v$.

    The levels of the paper are the parts it has: `lif` (1) is reset to $E_L$, `lif_r` (2) by a
    `VoltageReset` and with a threshold that spikes shift, `lif_asc` (3) has after-spike
    currents $i_j$, `lif_r_asc` (4) both, and `lif_r_asc_a` (5), the default, a threshold that
    drifts with the voltage as well. For the refractory time voltage and drift stand still.

    After-spike currents are positive outward, and all of a current outlasts the next spike
    (the paper's $R_j = 1$). Defaults are those of cell 490626718 of the Allen Cell Types
    Database at level 5; each level of a cell has a threshold of its own there.
    Teeter et al. 2018, doi:10.1038/s41467-017-02717-4
    """

    capacitance: Parameter = parameter(58.72, "pF", above=0.0)
    leak_conductance: Parameter = parameter(9.43, "nS", above=0.0)
    leak_reversal: Parameter = parameter(-78.85, "mV")
    threshold: Parameter = parameter(-51.68, "mV")
    refractory_time: Parameter = parameter(3.75, "ms", at_least=0.0)
    reset: VoltageReset | None = eqx.field(default_factory=VoltageReset)
    currents: dict[str, SpikeCurrent] = eqx.field(default_factory=_two_currents)
    threshold_shifts: dict[str, ThresholdShift] = eqx.field(default_factory=_one_shift)
    drift: DriftingThreshold | None = eqx.field(default_factory=DriftingThreshold)

    def __check_init__(self):
        if not (is_concrete(self.leak_reversal) and is_concrete(self.threshold)):
            return
        if (np.asarray(self.leak_reversal) >= np.asarray(self.threshold)).any():
            raise ValueError(
                f"GLIF has leak_reversal={self.leak_reversal} mV and "
                f"threshold={self.threshold} mV: put the threshold above rest."
            )

    @classmethod
    def lif(cls, **parameters: Any) -> "GLIF":
        """Level 1: leaky integrate-and-fire."""
        return cls(reset=None, currents={}, threshold_shifts={}, drift=None, **parameters)

    @classmethod
    def lif_r(cls, **parameters: Any) -> "GLIF":
        """Level 2: with biologically defined reset rules."""
        return cls(currents={}, drift=None, **parameters)

    @classmethod
    def lif_asc(cls, **parameters: Any) -> "GLIF":
        """Level 3: with after-spike currents."""
        return cls(reset=None, threshold_shifts={}, drift=None, **parameters)

    @classmethod
    def lif_r_asc(cls, **parameters: Any) -> "GLIF":
        """Level 4: with reset rules and after-spike currents."""
        return cls(drift=None, **parameters)

    @classmethod
    def lif_r_asc_a(cls, **parameters: Any) -> "GLIF":
        """Level 5: with reset rules, after-spike currents and a threshold that adapts."""
        return cls(**parameters)

    def initial_state(self, u: Any, /) -> GLIFState:
        current, conductance = linear_input(u)
        pull = current + self.leak_conductance * self.leak_reversal
        v = pull / (self.leak_conductance + conductance)
        drift = jnp.zeros_like(v)
        if self.drift is not None:
            drift = self.drift.gain / self.drift.decay * (v - self.leak_reversal)
        return GLIFState(
            v,
            jnp.zeros(len(self.currents), v.dtype),
            jnp.zeros(len(self.threshold_shifts), v.dtype),
            drift,
            jnp.zeros_like(v),
        )

    def vector_field(self, x: GLIFState, u: Any, /) -> GLIFState:
        free = x.refractory <= 0
        away = x.voltage - self.leak_reversal
        outward = self.leak_conductance * away + jnp.sum(x.currents)
        dv = (injected_current(u, x.voltage) - outward) / self.capacitance
        drifting = jnp.zeros_like(dv)
        if self.drift is not None:
            drifting = self.drift.gain * away - self.drift.decay * x.drift
        return GLIFState(
            jnp.where(free, dv, 0.0),
            -x.currents / stacked(self.currents, "time_constant"),
            -x.threshold_shifts / stacked(self.threshold_shifts, "time_constant"),
            jnp.where(free, drifting, 0.0),
            jnp.zeros_like(dv),
        )

    def output(self, x: GLIFState, u: Any, /) -> Array:
        return x.voltage

    def event(self, x: GLIFState, u: Any, /) -> Array:
        return self.overshoot(x, u)

    def overshoot(self, x: GLIFState, u: Any, /) -> Array:
        return x.voltage - self.threshold - jnp.sum(x.threshold_shifts) - x.drift

    def jump(self, x: GLIFState, u: Any, /) -> GLIFState:
        v = jnp.broadcast_to(self.leak_reversal, x.voltage.shape)
        if self.reset is not None:
            v = v + self.reset.fraction * (x.voltage - v) + self.reset.addition
        return GLIFState(
            v,
            x.currents + jumps(self.currents, self.refractory_time),
            x.threshold_shifts + jumps(self.threshold_shifts, self.refractory_time),
            x.drift,
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
        )

    def refractory(self, x: GLIFState, /) -> Array:
        return x.refractory
