"""What a channel with independent gates is."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from .._model import AbstractChannel, Membrane


class Rates(NamedTuple):
    """How fast a gate opens and closes."""

    opening: Array
    """per ms"""
    closing: Array
    """per ms"""

    @property
    def steady_state(self) -> Array:
        """The open fraction in the long run."""
        return self.opening / (self.opening + self.closing)

    @property
    def time_constant(self) -> Array:
        """ms"""
        return 1.0 / (self.opening + self.closing)

    def times(self, factor: Array) -> "Rates":
        """Both rates times a factor, such as `q10_factor`."""
        return Rates(factor * self.opening, factor * self.closing)


def from_steady_state(steady_state: Array, time_constant: Array) -> Rates:
    """The rates of a gate given by its steady state and time constant (ms)."""
    return Rates(steady_state / time_constant, (1.0 - steady_state) / time_constant)


def q10_factor(q10: float, temperature: ArrayLike, reference: float) -> Array:
    r"""How much faster rates are than at `reference` (degC): $q_{10}^{(T - T_{ref})/10}$."""
    return jnp.exp(jnp.log(q10) / 10.0 * (jnp.asarray(temperature) - reference))


def _is_gate(node: Any) -> bool:
    return isinstance(node, Rates)


class AbstractGatedChannel(AbstractChannel):
    r"""A channel with gates that do not see each other: $\bar g\, o(x)\, (v - E)$.

    Each gate obeys $\dot x = \alpha (1 - x) - \beta x$. A final class says how fast its gates
    are and how many channels are open with the gates at x; the rest follows. `ion` is who
    carries the current: where the cell keeps that ion's concentrations their Nernst potential
    stands in for `reversal_potential`.
    """

    ion: ClassVar[str | None]
    g_max: eqx.AbstractVar[Any]
    """mS/cm2"""
    reversal_potential: eqx.AbstractVar[Any]
    """mV"""

    @abc.abstractmethod
    def gates(self, u: Membrane, /) -> Any:
        """The `Rates` of each gate, in a NamedTuple or dictionary as the state is."""

    @abc.abstractmethod
    def open_fraction(self, x: Any, u: Membrane, /) -> Array:
        """The fraction of channels that conduct."""

    def carried(self) -> Mapping[str, float]:
        return {} if self.ion is None else {self.ion: 1.0}

    def initial_state(self, u: Membrane, /) -> Any:
        return jax.tree.map(lambda rates: rates.steady_state, self.gates(u), is_leaf=_is_gate)

    def vector_field(self, x: Any, u: Membrane, /) -> Any:
        return jax.tree.map(
            lambda rates, gate: rates.opening - (rates.opening + rates.closing) * gate,
            self.gates(u),
            x,
            is_leaf=_is_gate,
        )

    def output(self, x: Any, u: Membrane, /) -> Array:
        driving_force = u.voltage - u.reversal_potential(self.ion, self.reversal_potential)
        return self.g_max * self.open_fraction(x, u) * driving_force
