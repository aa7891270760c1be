"""A cell clamped through an electrode."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import (
    AbstractClampedModel,
    AbstractConductanceModel,
    AbstractNoisyModel,
    Parameter,
    has_noise,
    is_concrete,
    parameter,
)
from ._synaptic_input import OpenConductance, SynapticInput


class ClampedState(NamedTuple):
    """The state of a `VoltageClamp`."""

    cell: Any
    """the state of the cell"""
    replica: Array
    """mV, the voltage of the amplifier's model of the cell's capacitance"""


class VoltageClamp(AbstractClampedModel, AbstractConductanceModel, AbstractNoisyModel):
    r"""A whole cell behind the electrode's resistance: what the amplifier does and sees.

    The electrode injects $I_e = (v_c + v_o - v)/((1 - k) R_s)$ at the command $v_c$ with an
    offset $v_o$. `compensation` k is the share of the series resistance that the amplifier
    corrects, taken as instantaneous. The output is
    $I_e - C^* \dot v^*$ with $\tau^* \dot v^* = v_c - v^*$: what the amplifier takes for the
    charging of the cell, by its own settings `compensated_capacitance` $C^*$ and
    `compensated_time_constant` $\tau^*$. The transient is gone where these are the cell's
    capacitance C and $(1 - k) R_s C$.

    Input is the command (mV), output the amplifier's current (pA, outward positive). The
    pipette's capacitance counts as compensated, and filters as open. The cell's gates feel a jump
    half a step late. `IdealVoltageClamp` has no series resistance at all.
    Sigworth 1995, doi:10.1007/978-1-4419-1229-9_4; Lei et al. 2020, doi:10.1098/rsta.2019.0348
    """

    cell: AbstractConductanceModel
    series_resistance: Parameter = parameter(0.01, "GOhm", above=0.0)
    compensation: Parameter = parameter(0.0, "1", at_least=0.0)
    voltage_offset: Parameter = parameter(0.0, "mV")
    compensated_capacitance: Parameter = parameter(0.0, "pF", at_least=0.0)
    compensated_time_constant: Parameter = parameter(0.1, "ms", above=0.0)

    def __check_init__(self):
        if not isinstance(self.cell, AbstractConductanceModel):
            raise ValueError(
                f"VoltageClamp clamps a neuron whose voltage is its own, not "
                f"{type(self.cell).__name__}: give it a neurons.Cell."
            )
        if is_concrete(self.compensation) and (np.asarray(self.compensation) >= 1.0).any():
            raise ValueError(
                f"VoltageClamp has compensation={self.compensation}: it is the share of the "
                "series resistance and at 1 (100 %) no amplifier is stable; 0.8 is usual. "
                "For a perfect clamp use IdealVoltageClamp."
            )

    def initial_state(self, u: Array, /) -> ClampedState:
        return ClampedState(self.cell.initial_state(self._electrode(u)), jnp.asarray(u))

    def vector_field(self, x: ClampedState, u: Array, /) -> ClampedState:
        rate = self.cell.vector_field(x.cell, self._electrode(u))
        return ClampedState(rate, (u - x.replica) / self.compensated_time_constant)

    def output(self, x: ClampedState, u: Array, /) -> Array:
        ((conductance, reversal_potential),) = self._electrode(u).conductances
        voltage = self.cell.output(x.cell, u)
        charging = (u - x.replica) / self.compensated_time_constant
        injected = conductance * (reversal_potential - voltage)
        return injected - self.compensated_capacitance * charging

    def voltage(self, x: ClampedState, /) -> Any:
        # The replica too: a solver that moved it with the gates would be half a step off.
        return self.cell.voltage(x.cell), x.replica

    def concentrations(self, x: ClampedState, /) -> Any:
        return self.cell.concentrations(x.cell)

    def is_noisy(self) -> bool:
        return has_noise(self.cell)

    def normals(self, x: ClampedState, /) -> Any:
        assert isinstance(self.cell, AbstractNoisyModel)
        return self.cell.normals(x.cell)

    def diffusion(self, x: ClampedState, u: Array, normals: Any, /) -> ClampedState:
        assert isinstance(self.cell, AbstractNoisyModel)
        return ClampedState(self.cell.diffusion(x.cell, self._electrode(u), normals), 0.0)  # pyright: ignore[reportArgumentType]

    def _electrode(self, u: Any) -> SynapticInput:
        """The electrode: a conductance (nS, the reciprocal of GOhm) that pulls to the command."""
        resistance = (1.0 - self.compensation) * self.series_resistance
        return SynapticInput(
            jnp.zeros_like(u), (OpenConductance(1.0 / resistance, u + self.voltage_offset),)
        )
