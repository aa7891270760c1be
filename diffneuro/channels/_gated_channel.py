"""A channel that a user declares."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from ._gated import AbstractGatedChannel, Rates
from ._hh_gate import AbstractGate, BoltzmannGate


def _one_gate() -> dict[str, AbstractGate]:
    return {"n": BoltzmannGate()}


class GatedChannel(AbstractGatedChannel):
    r"""A channel of any gates: $\bar g \prod_i x_i^{p_i}\, (v - E)$.

    `kinetics` maps names of your choice to gates $x_i$, each with its `power` $p_i$: `HHGate`s
    by the functions of a paper, `BoltzmannGate`s, or classes of your own. `ion` (`na`, `k`,
    `cl`, `ca`) is who carries the current, None for nobody in particular.

        GatedChannel({"m": HHGate(m, power=3), "h": HHGate(h)}, 120.0, 50.0, ion="na")

    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    kinetics: dict[str, AbstractGate] = eqx.field(default_factory=_one_gate)
    g_max: Parameter = parameter(10.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-90.0, "mV")
    # What a class for one channel knows, an instance of this one is told.
    ion: str | None = eqx.field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default=None, static=True, kw_only=True
    )

    def __check_init__(self):
        if not isinstance(self.kinetics, dict) or not self.kinetics:
            raise ValueError(
                f"kinetics={self.kinetics!r} of a GatedChannel must be a non-empty dictionary "
                "from names to gates, such as {'n': BoltzmannGate(power=4)}; a channel without "
                "gates is a Leak."
            )
        for name, gate in self.kinetics.items():
            if not isinstance(gate, AbstractGate):
                raise ValueError(
                    f"gate {name!r} of a GatedChannel is a {type(gate).__name__}: write "
                    "HHGate(function, power=1) for a function of the voltage."
                )
        if self.ion is not None and not isinstance(self.ion, str):
            raise ValueError(
                f"ion={self.ion!r} of a GatedChannel must be an ion's name, such as 'k', or None."
            )

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        return {name: gate.rates(u.voltage) for name, gate in self.kinetics.items()}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        fraction = jnp.ones_like(u.voltage)
        for name, gate in self.kinetics.items():
            fraction = fraction * x[name] ** gate.power
        return fraction
