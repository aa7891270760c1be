"""The FitzHugh-Nagumo model of excitability."""

from typing import Annotated, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractConductanceModel, Parameter, parameter
from .._numerics import lowest_root
from ._synaptic_input import injected_current

# Fine where the nullclines bend, and coarse as far as a large input can push a rest.
_REST_GRID = np.sinh(np.linspace(-6.0, 6.0, 129))


class FitzHughNagumoState(NamedTuple):
    """The state of a `FitzHughNagumo` model."""

    voltage: Annotated[Array, "1"]
    """excitation, as the voltage of an axon"""
    recovery: Annotated[Array, "1"]
    """what brings the excitation down again"""


class FitzHughNagumo(AbstractConductanceModel):
    r"""$\dot V = V - V^3/3 - W + I$, $\dot W = \phi\,(V + a - b W)$.

    Everything is a pure number: V rests near -1.2 and peaks near 2, an input of 0.33 to 1.42
    makes it fire, and the unit of time is what `simulate` calls 1 ms. Its spikes are upward
    crossings of about 0: give `threshold=0.0` where one is asked for. A conductance g of the
    input with reversal potential E adds g (E - V). FitzHugh's voltage and current count
    downward, his unit of time is three of ours and his $\phi$ is 1/9.
    FitzHugh 1961, doi:10.1016/S0006-3495(61)86902-6; Nagumo, Arimoto & Yoshizawa 1962,
    doi:10.1109/JRPROC.1962.288235
    """

    recovery_rate: Parameter = parameter(0.08, "1", at_least=0.0)
    recovery_offset: Parameter = parameter(0.7, "1")
    recovery_decay: Parameter = parameter(0.8, "1", at_least=0.0)

    def initial_state(self, u: Any, /) -> FitzHughNagumoState:
        def net_inward(v):
            return self.recovery_decay * self._held(v, u) - (v + self.recovery_offset)

        v = lowest_root(net_inward, jnp.asarray(_REST_GRID, jnp.result_type(float)))
        return FitzHughNagumoState(v, self._held(v, u))

    def vector_field(self, x: FitzHughNagumoState, u: Any, /) -> FitzHughNagumoState:
        dv = self._held(x.voltage, u) - x.recovery
        pull = x.voltage + self.recovery_offset - self.recovery_decay * x.recovery
        return FitzHughNagumoState(dv, self.recovery_rate * pull)

    def output(self, x: FitzHughNagumoState, u: Any, /) -> Array:
        return x.voltage

    def voltage(self, x: FitzHughNagumoState, /) -> Array:
        return x.voltage

    def _held(self, v, u):
        """The recovery that holds the voltage still."""
        return v - v**3 / 3.0 + injected_current(u, v)
