"""The persistent sodium current of cortical cells."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import linoid, sigmoid
from ._gated import AbstractGatedChannel, Rates, from_steady_state, q10_factor


class PersistentSodium(AbstractGatedChannel):
    r"""The sodium current that hardly inactivates, $\bar g\, m^3 h\, (v - E)$.

    $m_\infty = 1/(1 + e^{-(v + 52.6)/4.6})$, $h_\infty = 1/(1 + e^{(v + 48.8)/10})$. With
    $L(x) = x/(1 - e^{-x})$ the time constants (ms) are
    $\tau_m = 6/(1.092\,L(x) + 0.744\,L(-x))$, $x = (v + 38)/6$, six times the transient
    current's, and $\tau_h = 1/(1.33344 \cdot 10^{-5} L(-y) + 1.82522 \cdot 10^{-5} L(z))$,
    $y = (v + 17)/4.63$, $z = (v + 64.4)/2.63$; both over $2.3^{(T - 21)/10}$.

    It is `Nap_Et2` of Hay et al. 2011, doi:10.1371/journal.pcbi.1002107, with the `g_max` of
    that model's soma.
    Magistretti & Alonso 1999, doi:10.1085/jgp.114.4.491
    """

    ion: ClassVar[str | None] = "na"
    g_max: Parameter = parameter(1.72, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(50.0, "mV")
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v, speed = u.voltage, q10_factor(2.3, self.temperature, 21.0)
        x, y, z = (v + 38.0) / 6.0, (v + 17.0) / 4.63, (v + 64.4) / 2.63
        tau_m = 6.0 / (1.092 * linoid(x) + 0.744 * linoid(-x))
        tau_h = 1.0 / (2.88e-6 * 4.63 * linoid(-y) + 6.94e-6 * 2.63 * linoid(z))
        m = from_steady_state(sigmoid((v + 52.6) / 4.6), tau_m)
        h = from_steady_state(sigmoid(-(v + 48.8) / 10.0), tau_h)
        return {"m": m.times(speed), "h": h.times(speed)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 3 * x["h"]
