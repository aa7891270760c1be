"""The potassium currents of layer-5 pyramidal cells."""

from typing import Any, ClassVar

import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, sigmoid
from ._gated import AbstractGatedChannel, Rates, from_steady_state, q10_factor


class HayPersistentPotassium(AbstractGatedChannel):
    r"""The slowly inactivating potassium current, $\bar g\, m^2 h\, (v - E)$.

    $m_\infty = 1/(1 + e^{-(v + 11)/12})$, $h_\infty = 1/(1 + e^{(v + 64)/11})$,
    $\tau_m = 1.25 + \min(175.03\,e^{0.026 w}, 13\,e^{-0.026 w})$ and
    $\tau_h = 360 + (1010 + 24 (w + 55))\,e^{-((w + 75)/48)^2}$ with $w = v + 10$, in ms, both
    over $2.3^{(T - 21)/10}$.

    It is `K_Pst` of the model, whose branches of $\tau_m$ for v below and above -60 mV are the
    smaller of the two wherever they differ; `g_max` is that of its soma. Kinetics after
    Korngreen & Sakmann 2000, doi:10.1111/j.1469-7793.2000.00621.x;
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(2.23, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-85.0, "mV")
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v, speed = u.voltage, q10_factor(2.3, self.temperature, 21.0)
        w = v + 10.0
        rising, falling = 175.03 * exp(0.026 * w), 13.0 * exp(-0.026 * w)
        bump = exp(-jnp.square((w + 75.0) / 48.0))
        m = from_steady_state(sigmoid((v + 11.0) / 12.0), 1.25 + jnp.minimum(rising, falling))
        h = from_steady_state(
            sigmoid(-(v + 64.0) / 11.0), 360.0 + (1010.0 + 24.0 * (w + 55.0)) * bump
        )
        return {"m": m.times(speed), "h": h.times(speed)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 2 * x["h"]


class HayTransientPotassium(AbstractGatedChannel):
    r"""The quickly inactivating (A-type) potassium current, $\bar g\, m^4 h\, (v - E)$.

    $m_\infty = 1/(1 + e^{-(v + 10)/19})$, $h_\infty = 1/(1 + e^{(v + 76)/10})$,
    $\tau_m = 0.34 + 0.92\,e^{-((v + 81)/59)^2}$ and $\tau_h = 8 + 49\,e^{-((v + 83)/23)^2}$,
    in ms, both over $2.3^{(T - 21)/10}$.

    It is `K_Tst` of the model; `g_max` is that of its soma. Kinetics after
    Korngreen & Sakmann 2000, doi:10.1111/j.1469-7793.2000.00621.x;
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(81.2, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-85.0, "mV")
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v, speed = u.voltage, q10_factor(2.3, self.temperature, 21.0)
        tau_m = 0.34 + 0.92 * exp(-jnp.square((v + 81.0) / 59.0))
        tau_h = 8.0 + 49.0 * exp(-jnp.square((v + 83.0) / 23.0))
        m = from_steady_state(sigmoid((v + 10.0) / 19.0), tau_m)
        h = from_steady_state(sigmoid(-(v + 76.0) / 10.0), tau_h)
        return {"m": m.times(speed), "h": h.times(speed)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 4 * x["h"]


class HayKv3(AbstractGatedChannel):
    r"""The fast delayed rectifier Kv3.1, $\bar g\, m\, (v - E)$.

    $m_\infty = 1/(1 + e^{-(v - 18.7)/9.7})$ and $\tau_m = 4/(1 + e^{-(v + 46.56)/44.14})$ ms.

    It is `SKv3_1` of the model; `g_max` is that of its soma. Kinetics after Rettig et al. 1992;
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(693.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-85.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        tau = 4.0 * sigmoid((v + 46.56) / 44.14)
        return {"m": from_steady_state(sigmoid((v - 18.7) / 9.7), tau)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"]


class HayMTypePotassium(AbstractGatedChannel):
    r"""The M-current, $\bar g\, m\, (v - E)$, with $\alpha = 0.0033\,e^{(v + 35)/10}$.

    $\beta = 0.0033\,e^{-(v + 35)/10}$, per ms, both times $2.3^{(T - 21)/10}$.

    It is `Im` of the model, which has it in the apical dendrite only, from where `g_max` is.
    Kinetics after Adams, Brown & Constanti 1982;
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(0.0675, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-85.0, "mV")
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        x = (u.voltage + 35.0) / 10.0
        m = Rates(0.0033 * exp(x), 0.0033 * exp(-x))
        return {"m": m.times(q10_factor(2.3, self.temperature, 21.0))}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"]
