"""A cell whose voltage is what it is told to be."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jax import Array

from .._model import AbstractClampedModel, AbstractNoisyModel
from ._cell import Cell, CellState

# 1 uA/cm2 over 1 um2 is 0.01 pA.
_PA_PER_DENSITY_UM2 = 0.01


class HeldState(NamedTuple):
    """The state of a cell whose voltage is held."""

    channels: dict[str, Any]
    """the state of each channel, by its name in the cell"""
    ions: Mapping[str, Any]
    """the state of each ion pool, by its name in the cell"""


class IdealVoltageClamp(AbstractClampedModel, AbstractNoisyModel):
    r"""A cell under a perfect clamp: $I = A \sum_c j_c(v)$ at the command $v$.

    Input is the command (mV), output the current through the membrane (pA, outward positive).
    The charging of the capacitance takes no time and is not in the current. On 100 um2 of
    membrane 1 mS/cm2 is 1 nS, which serves where a cell's area is not known. Without an
    electrode there is nothing to lose voltage in; `VoltageClamp` has one.
    Cole 1949, the clamp as Hodgkin, Huxley & Katz 1952 used it, doi:10.1113/jphysiol.1952.sp004716
    """

    cell: Cell

    def __check_init__(self):
        if not isinstance(self.cell, Cell):
            raise ValueError(
                f"IdealVoltageClamp holds a Cell, not {type(self.cell).__name__}: put channels "
                "into one, as neurons.Cell({'herg': channels.HERG()}), or use VoltageClamp."
            )

    def initial_state(self, u: Array, /) -> HeldState:
        held = self.cell.held(u)
        return HeldState(held.channels, held.ions)

    def vector_field(self, x: HeldState, u: Array, /) -> HeldState:
        rate = self.cell.vector_field(_with_voltage(x, u), 0.0)
        return HeldState(rate.channels, rate.ions)

    def output(self, x: HeldState, u: Array, /) -> Array:
        densities = self.cell.currents(_with_voltage(x, u), 0.0)
        return _PA_PER_DENSITY_UM2 * self.cell.area * sum(densities.values())

    def is_noisy(self) -> bool:
        return self.cell.is_noisy()

    def normals(self, x: HeldState, /) -> Any:
        return self.cell.normals(_with_voltage(x, 0.0))

    def diffusion(self, x: HeldState, u: Array, normals: Any, /) -> HeldState:
        noise = self.cell.diffusion(_with_voltage(x, u), 0.0, normals)
        return HeldState(noise.channels, noise.ions)


def _with_voltage(x: HeldState, v: Any) -> CellState:
    return CellState(v, x.channels, x.ions)
