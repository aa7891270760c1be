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
    r"""A cell with an observer's coupling: $\dot v = f_v + \kappa\,(v_{rec} - h(x, I))$.

    It is a voltage clamp of finite gain $\kappa$, which makes the error surface of a spiking
    cell smooth; at gain 0 the cell is free. The state is the cell's own. The paper observes
    the voltage itself, $h = v$; here $h$ is the model's output, through a `Rig` with what the
    electrode adds.
    Abarbanel, Creveling, Farsian & Kostuk 2009, doi:10.1137/090749761
    """

    model: AbstractConductanceModel
    gain: Parameter = parameter(1.0, "1/ms", at_least=0.0)

    def initial_state(self, u: Nudge, /) -> Any:
        return self.model.initial_state(u.current)

    def vector_field(self, x: Any, u: Nudge, /) -> Any:
        own = self.model.vector_field(x, u.current)
        # Like with like, so that the true cell fits at every gain. If the membrane is pulled to
        # the recorded voltage itself, the drop along the electrode is in it and large gains want
        # no series resistance: of 64 starts for ten parameters 25 were solved, and 63 this way.
        pull = self.gain * (u.voltage - self.model.output(x, u.current))
        rates = jax.tree.map(lambda rate: rate + pull, self.model.voltage(own))
        return eqx.tree_at(self.model.voltage, own, rates)

    def output(self, x: Any, u: Nudge, /) -> Array:
        return self.model.output(x, u.current)

    def voltage(self, x: Any, /) -> Any:
        return self.model.voltage(x)

    def concentrations(self, x: Any, /) -> Any:
        return self.model.concentrations(x)
