"""A channel that a transmitter opens."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from ._gated import AbstractGatedChannel, Rates


class LigandGated(AbstractGatedChannel):
    r"""Receptor channels with one step of binding, $\bar g\, r\, (v - E)$.

    $\dot r = \alpha\,[T]\,(1 - r) - \beta\, r$ with $[T]$ the transmitter's concentration (mM),
    the membrane's signal named `transmitter`.

    The default is an AMPA receptor; `g_max` is arbitrary. The scheme is
    Destexhe, Mainen & Sejnowski 1994, doi:10.1162/neco.1994.6.1.14; the rates are in their
    chapter of 1998.
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(1.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    binding_rate: Parameter = parameter(1.1, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.19, "1/ms", above=0.0)
    transmitter: str = eqx.field(default="glutamate", static=True)

    def gates(self, u: Membrane, /) -> dict[str, Rates]:
        concentration = u.signal(self.transmitter)
        # As wide as the voltage, which a gate without transmitter would not be.
        opening = self.binding_rate * concentration + jnp.zeros_like(u.voltage)
        return {"r": Rates(opening, self.unbinding_rate)}

    def open_fraction(self, x: dict[str, Any], u: Membrane, /) -> Array:
        return x["r"]
