"""Potassium currents that calcium inside the cell opens."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, hill
from ..ions import kept_ion, thermal_voltage
from ._gated import AbstractGatedChannel, Rates, from_steady_state


class SK(AbstractGatedChannel):
    r"""The small-conductance potassium current, $\bar g\, z\, (v - E)$, blind to the voltage.

    $z_\infty = 1/(1 + (c_{1/2}/c)^n)$ with c the calcium inside (mM), reached with a time
    constant of 1 ms.

    It is `SK_E2` of Hay et al. 2011, doi:10.1371/journal.pcbi.1002107, with the `g_max` of that
    model's soma. The cell has to keep its calcium: `ions={"ca": ...}`.
    Kohler et al. 1996, doi:10.1126/science.273.5282.1709
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(44.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-85.0, "mV")
    half_calcium: Parameter = parameter(0.00043, "mM", above=0.0)
    hill_coefficient: Parameter = parameter(4.8, "1", above=0.0)
    time_constant: Parameter = parameter(1.0, "ms", above=0.0)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        open_share = hill(kept_ion(u, "ca", self).inside / self.half_calcium, self.hill_coefficient)
        return {"z": from_steady_state(open_share, self.time_constant)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["z"]


class BK(AbstractGatedChannel):
    r"""The big-conductance potassium current, $\bar g\, o\, (v - E)$.

    Depolarisation and the calcium inside, c (mM), open it:
    $\alpha = 0.48\,c/(c + 0.18\,e^{-2 \cdot 0.84\, F v/RT})$ and
    $\beta = 0.28/(1 + c\,e^{2 F v/RT}/0.011)$, per ms.

    These are the rates of the paper's scheme for its channel A, as most network models use
    them; `g_max` is arbitrary. The temperature is in $RT/F$ only. The cell has to keep its
    calcium: `ions={"ca": ...}`.
    Moczydlowski & Latorre 1983, doi:10.1085/jgp.82.4.511
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(10.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-85.0, "mV")
    temperature: Parameter = parameter(22.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        calcium = kept_ion(u, "ca", self).inside
        x = 2.0 * u.voltage / thermal_voltage(self.temperature)
        closed, opened = 0.18 * exp(-0.84 * x), 0.011 * exp(-x)
        return {"o": Rates(0.48 * calcium / (calcium + closed), 0.28 * opened / (opened + calcium))}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["o"]
