"""M, L and T currents of Pospischil's cortical neurons."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, linoid, sigmoid
from ._gated import AbstractGatedChannel, Rates, from_steady_state

# Three times as fast for each 10 degC, from 24 to 36 degC.
_FASTER_AT_36 = 3.0**1.2


class PospischilMTypePotassium(AbstractGatedChannel):
    r"""The slow potassium current behind adaptation, $\bar g\, p\, (v - E)$.

    $p_\infty = 1/(1 + e^{-(v + 35)/10})$,
    $\tau_p = \tau_{max}/(3.3\, e^{(v + 35)/20} + e^{-(v + 35)/20})$.

    The rates are those at 36 degC; $\tau_{max}$ is `slowest`. After Yamada, Koch & Adams 1989
    in Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(0.07, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-90.0, "mV")
    slowest: Parameter = parameter(1000.0, "ms", above=0.0)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        p_inf = 1.0 / (1.0 + exp(-(v + 35.0) / 10.0))
        tau = self.slowest / (3.3 * exp((v + 35.0) / 20.0) + exp(-(v + 35.0) / 20.0))
        return {"p": from_steady_state(p_inf, tau)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["p"]


class PospischilLTypeCalcium(AbstractGatedChannel):
    r"""The high-threshold calcium current, $\bar g\, q^2 r\, (v - E)$.

    With $\ell(x) = x/(1 - e^{-x})$, per ms, $\alpha_q = 0.209\,\ell((v + 27)/3.8)$,
    $\beta_q = 0.94\, e^{-(v + 75)/17}$, $\alpha_r = 0.000457\, e^{-(v + 13)/50}$,
    $\beta_r = 0.0065/(1 + e^{-(v + 15)/28})$.

    The rates are those at 36 degC. Reuveni et al. 1993, doi:10.1523/JNEUROSCI.13-11-04609.1993,
    as in Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """

    ion: ClassVar[str | None] = "ca"
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(120.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        return {
            "q": Rates(0.209 * linoid((v + 27.0) / 3.8), 0.94 * exp(-(v + 75.0) / 17.0)),
            "r": Rates(
                0.000457 * exp(-(v + 13.0) / 50.0),
                0.0065 / (1.0 + exp(-(v + 15.0) / 28.0)),
            ),
        }

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["q"] ** 2 * x["r"]


class PospischilTTypeCalcium(AbstractGatedChannel):
    r"""The low-threshold calcium current, $\bar g\, s_\infty^2 u\, (v - E)$.

    With $w = v + V_x$, $s_\infty = 1/(1 + e^{-(w + 57)/6.2})$,
    $u_\infty = 1/(1 + e^{(w + 81)/4})$,
    $\tau_u = 3^{-1.2}\left(30.8 + \frac{211.4 + e^{(w + 113.2)/5}}{1 + e^{(w + 84)/3.2}}\right)$.

    Its activation s is instantaneous. $V_x$, `shift`, is what 2 mM of calcium outside screens.
    The rates are those at 36 degC, for which the factor on all of $\tau_u$ is as in the authors'
    program (ModelDB 123623). After Huguenard & McCormick 1992, doi:10.1152/jn.1992.68.4.1373,
    in Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """

    ion: ClassVar[str | None] = "ca"
    g_max: Parameter = parameter(0.4, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(120.0, "mV")
    shift: Parameter = parameter(2.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        w = u.voltage + self.shift
        u_inf = 1.0 / (1.0 + exp((w + 81.0) / 4.0))
        # The logistic function, because the square of its denominator overflows single precision.
        slow = (211.4 + exp((w + 113.2) / 5.0)) * sigmoid(-(w + 84.0) / 3.2)
        return {"u": from_steady_state(u_inf, (30.8 + slow) / _FASTER_AT_36)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        w = u.voltage + self.shift
        s_inf = 1.0 / (1.0 + exp(-(w + 57.0) / 6.2))
        return s_inf**2 * x["u"]
