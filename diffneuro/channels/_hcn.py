"""The hyperpolarisation-activated cation current."""

from typing import Any, ClassVar

from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exp, linoid
from ._gated import AbstractGatedChannel, Rates


class HCN(AbstractGatedChannel):
    r"""The current $I_h$ of layer-5 pyramidal cells, $\bar g\, m\, (v - E)$.

    $\alpha = 0.076517\,x/(e^x - 1)$ with $x = (v + 154.9)/11.9$ and
    $\beta = 0.193\,e^{v/33.1}$, per ms.

    Sodium and potassium carry it together, so no ion's concentration moves its reversal. It is
    `Ih` of Hay et al. 2011, doi:10.1371/journal.pcbi.1002107, with the `g_max` of that model's
    soma. Kole, Hallermann & Stuart 2006, doi:10.1523/JNEUROSCI.3664-05.2006
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(0.2, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-45.0, "mV")

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        v = u.voltage
        opening = 0.00643 * 11.9 * linoid(-(v + 154.9) / 11.9)
        return {"m": Rates(opening, 0.193 * exp(v / 33.1))}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["m"]
