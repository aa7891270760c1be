"""The generalised integrate-and-fire neuron, GIF."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from .._model import AbstractEscapeModel, Parameter, parameter
from .._numerics import lowest_root
from ._escape import exponential_hazard
from ._spike_triggered import (
    DelayedCurrent,
    GatedCurrent,
    SpikeCurrent,
    ThresholdCoupling,
    ThresholdShift,
    jumps,
    stacked,
)
from ._synaptic_input import injected_current, linear_input


class GIFState(NamedTuple):
    """The state of a `GIF` neuron."""

    voltage: Array
    """mV"""
    currents: Array
    """(currents,) spike-triggered currents in the order of their names, pA"""
    threshold_shifts: Array
    """(shifts,) by how much spikes have moved the threshold, mV"""
    couplings: Array
    """(couplings,) by how much the voltage has moved the threshold, mV"""
    available: Array
    """(gated,) fractions of channels that are not inactivated, or if they open late are open"""
    refractory: Array
    """what is left of the refractory period, ms"""
    waiting: Array
    """the hazard left until the next spike"""


def _two_currents() -> dict[str, SpikeCurrent]:
    return {"fast": SpikeCurrent(100.0, 10.0), "slow": SpikeCurrent(100.0, 100.0)}


def _two_shifts() -> dict[str, ThresholdShift]:
    return {"fast": ThresholdShift(5.0, 10.0), "slow": ThresholdShift(5.0, 100.0)}


class GIF(AbstractEscapeModel):
    r"""$C\,\dot v = -g_L (v - E_L) - \sum_j i_j + I$; hazard $\lambda_0 e^{(v-\theta)/\Delta}$.

    The threshold is $\theta = \theta_0 + \sum_j h_j$. A spike sets $v = V_r$ for $t_r$, during
    which the hazard is 0, and adds $q_j$ to every spike-triggered current $i_j$ and shift $h_j$
    of the threshold, which decay with $\tau_j$: the kernels $\eta$ and $\gamma$ of the papers
    as sums of as many exponentials as there are `currents` and `threshold_shifts`. With
    `couplings` the threshold follows the voltage too, and `gated_currents` are subtracted from
    I; by default there are none of either.

    $\lambda_0$ and $\theta_0$ say the same thing twice: a fit frees one of them. Far from the
    threshold the hazard is no exponential any more, so that it cannot overflow. Defaults are
    those of the authors' program, each kernel shared by a fast and a slow exponential.
    Mensi et al. 2012, doi:10.1152/jn.00408.2011; Pozzorini et al. 2015,
    doi:10.1371/journal.pcbi.1004275; couplings as in Mensi et al. 2016,
    doi:10.1371/journal.pcbi.1004761; gated currents as in Harkin et al. 2023,
    doi:10.7554/eLife.72951
    """

    capacitance: Parameter = parameter(200.0, "pF", above=0.0)
    leak_conductance: Parameter = parameter(10.0, "nS", above=0.0)
    leak_reversal: Parameter = parameter(-65.0, "mV")
    threshold: Parameter = parameter(-48.0, "mV")
    escape_width: Parameter = parameter(0.5, "mV", above=0.0)
    escape_rate: Parameter = parameter(0.001, "1/ms", above=0.0)
    reset_potential: Parameter = parameter(-50.0, "mV")
    refractory_time: Parameter = parameter(4.0, "ms", at_least=0.0)
    currents: dict[str, SpikeCurrent] = eqx.field(default_factory=_two_currents)
    threshold_shifts: dict[str, ThresholdShift] = eqx.field(default_factory=_two_shifts)
    couplings: dict[str, ThresholdCoupling] = eqx.field(default_factory=dict)
    gated_currents: dict[str, GatedCurrent | DelayedCurrent] = eqx.field(default_factory=dict)

    def initial_state(self, u: Any, /) -> GIFState:
        current, conductance = linear_input(u)
        pull = current + self.leak_conductance * self.leak_reversal
        v = pull / (self.leak_conductance + conductance)
        if self.gated_currents:
            v = self._rest(v, u)
        return GIFState(
            v,
            jnp.zeros(len(self.currents), v.dtype),
            jnp.zeros(len(self.threshold_shifts), v.dtype),
            self._coupled(v),
            self._steady(v),
            jnp.zeros_like(v),
            jnp.ones_like(v),
        )

    def vector_field(self, x: GIFState, u: Any, /) -> GIFState:
        net = self._net_inward(x.voltage, x.available, u) - jnp.sum(x.currents)
        dv = net / self.capacitance
        return GIFState(
            jnp.where(x.refractory <= 0, dv, 0.0),
            -x.currents / stacked(self.currents, "time_constant"),
            -x.threshold_shifts / stacked(self.threshold_shifts, "time_constant"),
            (self._coupled(x.voltage) - x.couplings) / stacked(self.couplings, "time_constant"),
            (self._steady(x.voltage) - x.available) / stacked(self.gated_currents, "time_constant"),
            jnp.zeros_like(dv),
            -self.hazard(x, u),
        )

    def output(self, x: GIFState, u: Any, /) -> Array:
        return x.voltage

    def hazard(self, x: GIFState, u: Any, /) -> Array:
        excess = self.overshoot(x, u) / self.escape_width
        intensity = self.escape_rate * exponential_hazard(excess)
        return jnp.where(x.refractory <= 0, intensity, 0.0)

    def event(self, x: GIFState, u: Any, /) -> Array:
        return -x.waiting

    def overshoot(self, x: GIFState, u: Any, /) -> Array:
        moved = jnp.sum(x.threshold_shifts) + jnp.sum(x.couplings)
        return x.voltage - self.threshold - moved

    def jump(self, x: GIFState, u: Any, /) -> GIFState:
        return GIFState(
            jnp.broadcast_to(self.reset_potential, x.voltage.shape),
            x.currents + jumps(self.currents, self.refractory_time),
            x.threshold_shifts + jumps(self.threshold_shifts, self.refractory_time),
            x.couplings,
            x.available,
            jnp.broadcast_to(self.refractory_time, x.refractory.shape),
            jnp.ones_like(x.waiting),
        )

    def refractory(self, x: GIFState, /) -> Array:
        return x.refractory

    def waiting(self, x: GIFState, /) -> Array:
        return x.waiting

    def _net_inward(self, voltage, available, u):
        inward = injected_current(u, voltage)
        inward = inward - self.leak_conductance * (voltage - self.leak_reversal)
        for i, name in enumerate(sorted(self.gated_currents)):
            inward = inward - self.gated_currents[name].current(voltage, available[i])
        return inward

    def _rest(self, without_gates, u):
        """The resting potential, which lies between that of the leak and the gates' reversals."""
        ends = [without_gates, *(gate.reversal_potential for gate in self.gated_currents.values())]
        low, high = jnp.min(jnp.stack(ends)) - 1.0, jnp.max(jnp.stack(ends)) + 1.0
        grid = low + (high - low) * jnp.linspace(0.0, 1.0, 129)
        return lowest_root(lambda v: self._net_inward(v, self._steady(v), u), grid)

    def _steady(self, voltage):
        names = sorted(self.gated_currents)
        values = [self.gated_currents[name].steady(voltage) for name in names]
        return jnp.stack(values) if values else jnp.zeros(0)

    def _coupled(self, voltage):
        """Where the voltage draws the threshold's couplings (mV)."""
        slope, midpoint, width = (
            stacked(self.couplings, field) for field in ("slope", "midpoint", "width")
        )
        return slope * width * jax.nn.softplus((voltage - midpoint) / width)
