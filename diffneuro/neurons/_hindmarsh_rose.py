"""The Hindmarsh-Rose model of bursting."""

from typing import Annotated, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractConductanceModel, Parameter, parameter
from .._numerics import lowest_root
from ._synaptic_input import injected_current

# Fine where the nullclines bend, and coarse as far as a large input can push a rest.
_REST_GRID = np.sinh(np.linspace(-6.0, 6.0, 129))


class HindmarshRoseState(NamedTuple):
    """The state of a `HindmarshRose` model."""

    voltage: Annotated[Array, "1"]
    """the paper's x"""
    recovery: Annotated[Array, "1"]
    """the paper's y, of fast currents, upside down: it falls in a spike"""
    adaptation: Annotated[Array, "1"]
    """the paper's z, of slow currents"""


class HindmarshRose(AbstractConductanceModel):
    r"""$\dot x = y - a x^3 + b x^2 - z + I$, $\dot y = c - d x^2 - y$.

    $\dot z = r\,(s\,(x - x_R) - z)$.

    Everything is a pure number: x rests near -1.3 and peaks near 2, and the unit of time is
    what `simulate` calls 1 ms. An input of 1.5 to 3 makes bursts, 3.25 irregular ones, 4
    single spikes. Its spikes are upward crossings of about 1: give `threshold=1.0` where one
    is asked for. A conductance g of the input with reversal potential E adds g (E - x).
    The paper has r 0.001 and 0.005. Hindmarsh & Rose 1984, doi:10.1098/rspb.1984.0024
    """

    cubic: Parameter = parameter(1.0, "1", above=0.0)
    quadratic: Parameter = parameter(3.0, "1")
    recovery_offset: Parameter = parameter(1.0, "1")
    recovery_quadratic: Parameter = parameter(5.0, "1")
    adaptation_rate: Parameter = parameter(0.005, "1", at_least=0.0)
    adaptation_strength: Parameter = parameter(4.0, "1", at_least=0.0)
    adaptation_reversal: Parameter = parameter(-1.6, "1")

    def initial_state(self, u: Any, /) -> HindmarshRoseState:
        def net_inward(v):
            return self._rise(v, self._steady_recovery(v), self._steady_adaptation(v), u)

        v = lowest_root(net_inward, jnp.asarray(_REST_GRID, jnp.result_type(float)))
        return HindmarshRoseState(v, self._steady_recovery(v), self._steady_adaptation(v))

    def vector_field(self, x: HindmarshRoseState, u: Any, /) -> HindmarshRoseState:
        v, y, z = x
        return HindmarshRoseState(
            self._rise(v, y, z, u),
            self._steady_recovery(v) - y,
            self.adaptation_rate * (self._steady_adaptation(v) - z),
        )

    def output(self, x: HindmarshRoseState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: HindmarshRoseState, /) -> Array:
        return x.voltage

    def _rise(self, v, y, z, u):
        return y + v * v * (self.quadratic - self.cubic * v) - z + injected_current(u, v)

    def _steady_recovery(self, v):
        return self.recovery_offset - self.recovery_quadratic * v * v

    def _steady_adaptation(self, v):
        return self.adaptation_strength * (v - self.adaptation_reversal)
