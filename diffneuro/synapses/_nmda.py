"""NMDA receptors and their block by magnesium."""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from ._dual_exponential import AbstractDualExponentialReceptor
from ._two_state import AbstractTwoStateReceptor

# mV. Further down all is blocked to less than 1e-25, and float32 could not hold the exponential.
_ALL_BLOCKED = -1000.0


def magnesium_block(v: Any, magnesium: Any) -> Array:
    r"""Which share of open NMDA channels conducts: $1/(1 + e^{-0.062 v}\,[Mg]/3.57)$.

    **Arguments:** `v`, the voltage (mV); `magnesium`, the concentration outside (mM), which may
    be 0.

    **Returns:** the share, between 0 and 1, in the shape of the two.

    Jahr & Stevens 1990, doi:10.1523/JNEUROSCI.10-09-03178.1990
    """
    plugged = jnp.exp(-0.062 * jnp.maximum(v, _ALL_BLOCKED)) * (magnesium / 3.57)
    return 1.0 / (1.0 + plugged)


class NMDA(AbstractTwoStateReceptor):
    r"""NMDA receptors: $\bar g\, r\, B(v)\,(v - E)$ with $\dot r = \alpha [T] (1 - r) - \beta r$.

    $B(v) = 1/(1 + e^{-0.062 v}\,[Mg]/3.57)$. Calcium carries the share `calcium_fraction` of
    the current, 11 % as in NR1-NR2A (Burnashev et al. 1995, J Physiol 485:403); it does not move
    the reversal potential. The rates are those of Destexhe, Mainen & Sejnowski's chapter in
    *Methods in Neuronal Modeling*, 1998. `g_max` is arbitrary.
    Jahr & Stevens 1990, doi:10.1523/JNEUROSCI.10-09-03178.1990
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    binding_rate: Parameter = parameter(0.072, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.0066, "1/ms", above=0.0)
    magnesium: Parameter = parameter(1.0, "mM", at_least=0.0)
    calcium_fraction: Parameter = parameter(0.11, "1", at_least=0.0)
    transmitter: str = eqx.field(default="glutamate", static=True)

    @property
    def blocks(self) -> bool:
        return True

    def block(self, u: Membrane, /) -> Array:
        return magnesium_block(u.voltage, self.magnesium)

    def carried(self) -> Mapping[str, Any]:
        return {"ca": self.calcium_fraction}


class ExponentialNMDA(AbstractDualExponentialReceptor):
    r"""NMDA receptors as a filter: $w\,k\,(e^{-t/\tau_d} - e^{-t/\tau_r})\, B(v)\,(v - E)$.

    k makes w the peak of what is open, blocked or not; $B(v) = 1/(1 + e^{-0.062 v}\,[Mg]/3.57)$.
    Calcium carries the share `calcium_fraction` of the current, as in `NMDA`.
    Jahr & Stevens 1990, doi:10.1523/JNEUROSCI.10-09-03178.1990
    """

    ion: ClassVar[str | None] = None
    rise_time_constant: Parameter = parameter(2.0, "ms", above=0.0)
    decay_time_constant: Parameter = parameter(100.0, "ms", above=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    magnesium: Parameter = parameter(1.0, "mM", at_least=0.0)
    calcium_fraction: Parameter = parameter(0.11, "1", at_least=0.0)

    @property
    def blocks(self) -> bool:
        return True

    def block(self, u: Membrane, /) -> Array:
        return magnesium_block(u.voltage, self.magnesium)

    def carried(self) -> Mapping[str, Any]:
        return {"ca": self.calcium_fraction}
