"""The transient sodium current of layer-5 pyramidal cells."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import linoid
from ._gated import AbstractGatedChannel, Rates, q10_factor


class HayTransientSodium(AbstractGatedChannel):
    r"""The fast sodium current of layer-5 pyramidal cells, $\bar g\, m^3 h\, (v - E)$.

    With $L(x) = x/(1 - e^{-x})$, $x = (v + 38 - s)/6$ and $y = (v + 66 - s)/6$:
    $\alpha_m = 1.092\,L(x)$, $\beta_m = 0.744\,L(-x)$, $\alpha_h = 0.09\,L(-y)$,
    $\beta_h = 0.09\,L(y)$, per ms, all times $2.3^{(T - 21)/10}$.

    It is `NaTa_t` of the model; `NaTs2_t` has the shift s = 6 mV. `g_max` is that of the
    model's soma. Kinetics after Colbert & Pan 2002, doi:10.1038/nn0602-857;
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """

    ion: ClassVar[str | None] = "na"
    g_max: Parameter = parameter(2040.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(50.0, "mV")
    shift: Parameter = parameter(0.0, "mV")
    temperature: Parameter = parameter(34.0, "degC", above=-273.15)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v, speed = u.voltage - self.shift, q10_factor(2.3, self.temperature, 21.0)
        x, y = (v + 38.0) / 6.0, (v + 66.0) / 6.0
        m = Rates(1.092 * linoid(x), 0.744 * linoid(-x))
        h = Rates(0.09 * linoid(-y), 0.09 * linoid(y))
        return {"m": m.times(speed), "h": h.times(speed)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"] ** 3 * x["h"]
