"""A cell pulled towards a recorded voltage."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
from jax import Array

from .._model import AbstractConductanceModel, Parameter, parameter


class Nudge(NamedTuple):
    """The input of a `Nudged` model."""

    current: Array
    """pA"""
    voltage: Array
    """the recorded voltage, mV"""


class Nudged(AbstractConductanceModel):
    r"""A cell with an observer's coupling: $\dot v = f_v + \kappa\,(v_{rec} - v)$.

    It is a voltage clamp of finite gain $\kappa$, which makes the error surface of a spiking
    cell smooth; at gain 0 the cell is free. The state is the cell's own.
    Abarbanel, Creveling, Farsian & Kostuk 2009, doi:10.1137/090749761
    """

    model: AbstractConductanceModel
    gain: Parameter = parameter(1.0, "1/ms", at_least=0.0)

    def initial_state(self, u: Nudge, /) -> Any:
        return self.model.initial_state(u.current)

    def vector_field(self, x: Any, u: Nudge, /) -> Any:
        own = self.model.vector_field(x, u.current)

        def pulled(rate, voltage):
            return rate + self.gain * (u.voltage - voltage)

        rates = jax.tree.map(pulled, self.model.voltage(own), self.model.voltage(x))
        return eqx.tree_at(self.model.voltage, own, rates)

    def output(self, x: Any, u: Nudge, /) -> Array:
        return self.model.output(x, u.current)

    def voltage(self, x: Any, /) -> Any:
        return self.model.voltage(x)

    def concentrations(self, x: Any, /) -> Any:
        return self.model.concentrations(x)
