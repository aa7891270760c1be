"""The spike currents of hippocampal pyramidal cells."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, linoid
from ._gated import AbstractGatedChannel, Rates


class TraubMilesSodium(AbstractGatedChannel):
    r"""The transient sodium current of Traub & Miles, $\bar g\, m^3 h\, (v - E)$.

    With $u = v - V_T$ and $\ell(x) = x/(1 - e^{-x})$, per ms,
    $\alpha_m = 1.28\,\ell((u - 13)/4)$, $\beta_m = 1.4\,\ell((40 - u)/5)$,
    $\alpha_h = 0.128\, e^{(17 - u)/18}$, $\beta_h = 4/(1 + e^{(40 - u)/5})$.

    $V_T$, `threshold`, moves all rates along the voltage and with them the spike threshold.
    The rates are those at 36 degC. After Traub & Miles 1991 (Neuronal Networks of the
    Hippocampus) in Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """

    ion: ClassVar[str | None] = "na"
    g_max: Parameter = parameter(50.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(50.0, "mV")
    threshold: Parameter = parameter(-55.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage - self.threshold
        return {
            "m": Rates(1.28 * linoid((v - 13.0) / 4.0), 1.4 * linoid((40.0 - v) / 5.0)),
            "h": Rates(0.128 * exp((17.0 - v) / 18.0), 4.0 / (1.0 + exp((40.0 - v) / 5.0))),
        }

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 3 * x["h"]


class TraubMilesPotassium(AbstractGatedChannel):
    r"""The delayed rectifier of Traub & Miles, $\bar g\, n^4 (v - E)$.

    With $u = v - V_T$ and $\ell(x) = x/(1 - e^{-x})$, per ms,
    $\alpha_n = 0.16\,\ell((u - 15)/5)$, $\beta_n = 0.5\, e^{(10 - u)/40}$.

    $V_T$ is `threshold`, as that of `TraubMilesSodium`. The rates are those at 36 degC. After
    Traub & Miles 1991 (Neuronal Networks of the Hippocampus) in Pospischil et al. 2008,
    doi:10.1007/s00422-008-0263-8
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(5.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-90.0, "mV")
    threshold: Parameter = parameter(-55.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage - self.threshold
        n = Rates(0.16 * linoid((v - 15.0) / 5.0), 0.5 * exp((10.0 - v) / 40.0))
        return {"n": n}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["n"] ** 4
