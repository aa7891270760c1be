"""The calcium currents of layer-5 pyramidal cells."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, linoid, sigmoid
from ._gated import AbstractGatedChannel, Rates, from_steady_state, q10_factor


class HayHighVoltageCalcium(AbstractGatedChannel):
    r"""The high-voltage-activated calcium current, $\bar g\, m^2 h\, (v - E)$.

    $\alpha_m = 0.209\,x/(1 - e^{-x})$ with $x = (v + 27)/3.8$,
    $\beta_m = 0.94\,e^{-(v + 75)/17}$, $\alpha_h = 0.000457\,e^{-(v + 13)/50}$,
    $\beta_h = 0.0065/(1 + e^{-(v + 15)/28})$, per ms.

    It is `Ca_HVA` of the model; `g_max` is that of its soma, and `reversal_potential` the one
    of 0.1 uM inside and 2 mM outside at 34 degC. Kinetics after
    Reuveni et al. 1993, doi:10.1523/JNEUROSCI.13-11-04609.1993;
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """

    ion: ClassVar[str | None] = "ca"
    g_max: Parameter = parameter(0.992, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(131.1, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        m = Rates(0.055 * 3.8 * linoid((v + 27.0) / 3.8), 0.94 * exp(-(v + 75.0) / 17.0))
        h = Rates(0.000457 * exp(-(v + 13.0) / 50.0), 0.0065 * sigmoid((v + 15.0) / 28.0))
        return {"m": m, "h": h}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 2 * x["h"]


class HayLowVoltageCalcium(AbstractGatedChannel):
    r"""The low-voltage-activated (T-type) calcium current, $\bar g\, m^2 h\, (v - E)$.

    $m_\infty = 1/(1 + e^{-(v + 40)/6})$, $h_\infty = 1/(1 + e^{(v + 90)/6.4})$,
    $\tau_m = 5 + 20/(1 + e^{(v + 35)/5})$ and $\tau_h = 20 + 50/(1 + e^{(v + 50)/7})$, in ms,
    both over $2.3^{(T - 21)/10}$.

    It is `Ca_LVAst` of the model; `g_max` is that of its soma, and `reversal_potential` the one
    of 0.1 uM inside and 2 mM outside at 34 degC. Kinetics after
    Avery & Johnston 1996, doi:10.1523/JNEUROSCI.16-18-05567.1996;
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """

    ion: ClassVar[str | None] = "ca"
    g_max: Parameter = parameter(3.43, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(131.1, "mV")
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v, speed = u.voltage, q10_factor(2.3, self.temperature, 21.0)
        tau_m = 5.0 + 20.0 * sigmoid(-(v + 35.0) / 5.0)
        tau_h = 20.0 + 50.0 * sigmoid(-(v + 50.0) / 7.0)
        m = from_steady_state(sigmoid((v + 40.0) / 6.0), tau_m)
        h = from_steady_state(sigmoid(-(v + 90.0) / 6.4), tau_h)
        return {"m": m.times(speed), "h": h.times(speed)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 2 * x["h"]
