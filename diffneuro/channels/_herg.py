"""The potassium current of the hERG channel."""

from typing import Any, ClassVar, NamedTuple

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp
from ._gated import AbstractGatedChannel, Rates


class HERGGates(NamedTuple):
    """Open fractions of the gates of `HERG`."""

    a: Any
    """activation"""
    r: Any
    """recovery from inactivation"""


class HERG(AbstractGatedChannel):
    r"""The rapid delayed rectifier Kv11.1, slow to open and quick to inactivate.

    $\bar g\, a\, r\, (v - E)$ with $k_1 = p_1 e^{p_2 v}$ and $k_2 = p_3 e^{-p_4 v}$ opening and
    closing a, $k_4 = p_7 e^{-p_8 v}$ and $k_3 = p_5 e^{p_6 v}$ opening and closing r, per ms.
    The rates' parameters are those at 0 mV, the sensitivities how fast they grow with the
    voltage or fall.

    The values fit cell 5 of the paper at 21.5 degC (152 nS in all); `g_max` is what that makes
    on 1000 um2, for the paper gives no area.
    Beattie et al. 2018, doi:10.1113/JP275733
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(15.24, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-88.4, "mV")
    activation_rate: Parameter = parameter(2.26026e-4, "1/ms", above=0.0)
    activation_sensitivity: Parameter = parameter(6.99169e-2, "1/mV")
    deactivation_rate: Parameter = parameter(3.44810e-5, "1/ms", above=0.0)
    deactivation_sensitivity: Parameter = parameter(5.46144e-2, "1/mV")
    inactivation_rate: Parameter = parameter(8.73241e-2, "1/ms", above=0.0)
    inactivation_sensitivity: Parameter = parameter(8.91302e-3, "1/mV")
    recovery_rate: Parameter = parameter(5.15113e-3, "1/ms", above=0.0)
    recovery_sensitivity: Parameter = parameter(3.15834e-2, "1/mV")

    def gates(self, u: Membrane, /) -> HERGGates:
        v = u.voltage
        activation = Rates(
            self.activation_rate * exp(self.activation_sensitivity * v),
            self.deactivation_rate * exp(-self.deactivation_sensitivity * v),
        )
        recovery = Rates(
            self.recovery_rate * exp(-self.recovery_sensitivity * v),
            self.inactivation_rate * exp(self.inactivation_sensitivity * v),
        )
        return HERGGates(activation, recovery)

    def open_fraction(self, x: HERGGates, u: Membrane, /) -> Array:
        return x.a * x.r
