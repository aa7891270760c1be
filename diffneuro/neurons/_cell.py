"""One compartment with any channels in its membrane."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractChannel, AbstractConductanceModel, Membrane, Parameter, parameter
from .._numerics import lowest_root
from ._synaptic_input import injected_current

# 1 pA over 1 um2 is 100 uA/cm2.
_DENSITY_PER_PA_UM2 = 100.0
# mV; fine where cells rest, and coarse as far as a holding current can pull one.
_REST_GRID = np.concatenate(
    [[-2000.0, -1000.0, -500.0, -300.0, -200.0], np.linspace(-150.0, 60.0, 64), [100.0, 300.0]]
)


class CellState(NamedTuple):
    """The state of a `Cell`."""

    voltage: Array
    """mV"""
    channels: dict[str, Any]
    """the state of each channel, by its name in the cell"""


class Cell(AbstractConductanceModel):
    r"""A compartment: $C\,\dot v = I/A - \sum_c j_c(v)$, with $j_c$ the channels' currents.

    `channels` maps names of your choice to channels: `{"na": SquidSodium(), ...}`. Input is
    the current injected into the whole cell (pA), output its voltage (mV).
    """

    channels: dict[str, AbstractChannel]
    capacitance: Parameter = parameter(1.0, "uF/cm2", above=0.0)
    area: Parameter = parameter(1e4, "um2", above=0.0)

    def __check_init__(self):
        if not isinstance(self.channels, dict) or not self.channels:
            raise ValueError(
                f"channels={self.channels!r} of a Cell must be a non-empty dictionary from "
                "names to channels, such as {'leak': Leak()}."
            )

    def initial_state(self, u: Any, /) -> CellState:
        def net_inward(v):
            membrane = Membrane(v)
            return self._injected(v, u) - self._outward(self._rest(membrane), membrane)

        v = lowest_root(net_inward, jnp.asarray(_REST_GRID, jnp.result_type(float)))
        return CellState(v, self._rest(Membrane(v)))

    def vector_field(self, x: CellState, u: Any, /) -> CellState:
        membrane = Membrane(x.voltage)
        inward = self._injected(x.voltage, u)
        dv = (inward - self._outward(x.channels, membrane)) / self.capacitance
        gates = {
            name: channel.vector_field(x.channels[name], membrane)
            for name, channel in self.channels.items()
        }
        return CellState(dv, gates)

    def output(self, x: CellState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: CellState, /) -> Array:
        return x.voltage

    def _injected(self, v, u):
        return _DENSITY_PER_PA_UM2 * injected_current(u, v) / self.area

    def _outward(self, states, membrane):
        currents = [
            channel.output(states[name], membrane) for name, channel in self.channels.items()
        ]
        return sum(currents[1:], start=currents[0])

    def _rest(self, membrane):
        return {name: channel.initial_state(membrane) for name, channel in self.channels.items()}
