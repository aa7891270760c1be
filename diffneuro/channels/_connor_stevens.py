"""Sodium, delayed and A-type potassium of crab leg axons."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, linoid
from ._gated import AbstractGatedChannel, Rates, from_steady_state


class ConnorStevensSodium(AbstractGatedChannel):
    r"""The transient sodium current, $\bar g\, m^3 h\, (v - E)$.

    With $\ell(x) = x/(1 - e^{-x})$, per ms,
    $\alpha_m = 3.8\,\ell((v + 29.7)/10)$, $\beta_m = 15.2\, e^{-0.0556 (v + 54.7)}$,
    $\alpha_h = 0.266\, e^{-0.05 (v + 48)}$, $\beta_h = 3.8/(1 + e^{-0.1 (v + 18)})$.

    The rates are those at 18 degC, 3.8 times the squid axon's at 6.3 degC.
    Connor, Walter & McKown 1977, doi:10.1016/S0006-3495(77)85598-7
    """

    ion: ClassVar[str | None] = "na"
    g_max: Parameter = parameter(120.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(55.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        return {
            "m": Rates(3.8 * linoid((v + 29.7) / 10.0), 15.2 * exp(-0.0556 * (v + 54.7))),
            "h": Rates(0.266 * exp(-0.05 * (v + 48.0)), 3.8 / (1.0 + exp(-0.1 * (v + 18.0)))),
        }

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 3 * x["h"]


class ConnorStevensPotassium(AbstractGatedChannel):
    r"""The delayed rectifier, $\bar g\, n^4 (v - E)$.

    With $\ell(x) = x/(1 - e^{-x})$, per ms, $\alpha_n = 0.2\,\ell((v + 45.7)/10)$,
    $\beta_n = 0.25\, e^{-0.0125 (v + 55.7)}$.

    The rates are those at 18 degC.
    Connor, Walter & McKown 1977, doi:10.1016/S0006-3495(77)85598-7
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(20.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-72.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        n = Rates(0.2 * linoid((v + 45.7) / 10.0), 0.25 * exp(-0.0125 * (v + 55.7)))
        return {"n": n}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["n"] ** 4


class ConnorStevensATypePotassium(AbstractGatedChannel):
    r"""The transient potassium current that lets a neuron fire slowly, $\bar g\, a^3 b\, (v - E)$.

    $a_\infty^3 = 0.0761\, e^{0.0314 (v + 94.22)}/(1 + e^{0.0346 (v + 1.17)})$,
    $\tau_a = 0.3632 + 1.158/(1 + e^{0.0497 (v + 55.96)})$,
    $b_\infty^{1/4} = 1/(1 + e^{0.0688 (v + 53.3)})$,
    $\tau_b = 1.24 + 2.678/(1 + e^{0.0624 (v + 50)})$, in ms.

    The rates are those at 18 degC. The fit of $a_\infty$ is above 1 by up to 0.013 between
    +40 and +97 mV. Connor, Walter & McKown 1977, doi:10.1016/S0006-3495(77)85598-7
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(47.7, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-75.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        cubed = 0.0761 * exp(0.0314 * (v + 94.22)) / (1.0 + exp(0.0346 * (v + 1.17)))
        a_inf = cubed ** (1.0 / 3.0)
        tau_a = 0.3632 + 1.158 / (1.0 + exp(0.0497 * (v + 55.96)))
        b_inf = (1.0 / (1.0 + exp(0.0688 * (v + 53.3)))) ** 4
        tau_b = 1.24 + 2.678 / (1.0 + exp(0.0624 * (v + 50.0)))
        return {"a": from_steady_state(a_inf, tau_a), "b": from_steady_state(b_inf, tau_b)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["a"] ** 3 * x["b"]
