"""Sodium and potassium of a hippocampal interneuron."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, linoid
from ._gated import AbstractGatedChannel, Rates


class WangBuzsakiSodium(AbstractGatedChannel):
    r"""The transient sodium current, $\bar g\, m_\infty^3 h\, (v - E)$.

    $m_\infty = \alpha_m/(\alpha_m + \beta_m)$ is instantaneous. With
    $\ell(x) = x/(1 - e^{-x})$, per ms, $\alpha_m = \ell((v + 35)/10)$,
    $\beta_m = 4 e^{-(v + 60)/18}$, $\alpha_h = 0.07\,\phi\, e^{-(v + 58)/20}$,
    $\beta_h = \phi/(1 + e^{-(v + 28)/10})$.

    $\phi$ is `speed`. Wang & Buzsaki 1996, doi:10.1523/JNEUROSCI.16-20-06402.1996
    """

    ion: ClassVar[str | None] = "na"
    g_max: Parameter = parameter(35.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(55.0, "mV")
    speed: Parameter = parameter(5.0, "1", above=0.0)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        h = Rates(0.07 * exp(-(v + 58.0) / 20.0), 1.0 / (1.0 + exp(-(v + 28.0) / 10.0)))
        return {"h": h.times(self.speed)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        v = u.voltage
        m = Rates(linoid((v + 35.0) / 10.0), 4.0 * exp(-(v + 60.0) / 18.0))
        return m.steady_state**3 * x["h"]


class WangBuzsakiPotassium(AbstractGatedChannel):
    r"""The delayed rectifier, $\bar g\, n^4 (v - E)$.

    With $\ell(x) = x/(1 - e^{-x})$, per ms, $\alpha_n = 0.1\,\phi\,\ell((v + 34)/10)$,
    $\beta_n = 0.125\,\phi\, e^{-(v + 44)/80}$.

    $\phi$ is `speed`. Wang & Buzsaki 1996, doi:10.1523/JNEUROSCI.16-20-06402.1996
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(9.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-90.0, "mV")
    speed: Parameter = parameter(5.0, "1", above=0.0)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        n = Rates(0.1 * linoid((v + 34.0) / 10.0), 0.125 * exp(-(v + 44.0) / 80.0))
        return {"n": n.times(self.speed)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["n"] ** 4
