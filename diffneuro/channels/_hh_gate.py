"""Gates that a user declares."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import Parameter, check_ranges, is_concrete, parameter
from .._numerics import exp, sigmoid
from ._gated import Rates


class AbstractGate(eqx.Module):
    """A kind of gate of a `GatedChannel`, of which every channel has `power`.

    A final class says how fast one opens and closes.
    """

    power: eqx.AbstractVar[int]

    def __check_init__(self):
        check_ranges(self)
        if isinstance(self.power, bool) or not isinstance(self.power, int) or self.power < 1:
            raise ValueError(
                f"{type(self).__name__} has power={self.power!r}: give the number of such gates "
                "in a channel, a whole number from 1 on."
            )

    @abc.abstractmethod
    def rates(self, v: Array, /) -> Rates:
        """How fast the gate opens and closes at the voltage `v` (mV)."""


class _Plain(eqx.Module):
    """A function without parameters, which compiled code is told apart by."""

    function: Callable[[Array], Any] = eqx.field(static=True)

    def __call__(self, v: Array) -> Any:
        return self.function(v)


def _as_module(law: Any) -> Any:
    return law if isinstance(law, eqx.Module) else _Plain(law)


def _two_rates(law: Callable[[Array], Any], v: Array) -> Rates:
    """What a law says, as two arrays of the voltage's type and shape."""
    found = law(v)
    if not isinstance(found, tuple) or len(found) != 2:
        raise ValueError(
            f"the law of an HHGate gives {type(found).__name__} {found!r}: let it give two rates "
            "per ms, (opening, closing), or from_steady_state(steady_state, time_constant)."
        )
    for rate in found:
        if jnp.shape(rate) not in ((), jnp.shape(v)):
            raise ValueError(
                f"the law of an HHGate gives a rate of shape {jnp.shape(rate)} for a voltage of "
                f"shape {jnp.shape(v)}: let it give one number per voltage."
            )
    return Rates(*(jnp.full(jnp.shape(v), rate, jnp.result_type(v)) for rate in found))


class HHGate(AbstractGate):
    r"""A gate by any law of its rates: $\dot x = \alpha(v) (1 - x) - \beta(v) x$.

    `law` is a function of the voltage (mV) that gives $(\alpha, \beta)$ per ms. Where a paper
    has steady state and time constant, let it give `from_steady_state(steady_state,
    time_constant)`; where $x/(1 - e^{-x})$ stands in it, write `linoid(x)`. As an `eqx.Module`
    with `parameter`s the law can be fitted and saved.

        HHGate(lambda v: (linoid((v + 40) / 10), 4 * jnp.exp(-(v + 65) / 18)), power=3)

    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """

    law: Callable[[Array], Any] = eqx.field(converter=_as_module)
    power: int = eqx.field(default=1, static=True)

    def __check_init__(self):
        if not callable(self.law) or (
            isinstance(self.law, _Plain) and not callable(self.law.function)
        ):
            raise ValueError(
                "the law of an HHGate must be a function of the voltage (mV), such as "
                "lambda v: (0.1 * jnp.exp(v / 20), 0.1 * jnp.exp(-v / 20))."
            )
        voltage = jax.ShapeDtypeStruct((), jnp.result_type(float))
        try:
            jax.eval_shape(lambda v: _two_rates(self.law, v), voltage)
        except TypeError as error:
            raise ValueError(
                "the law of an HHGate cannot be traced: write it with jax.numpy, jnp.exp for "
                f"math.exp or np.exp and jnp.where for if ({str(error).splitlines()[0]})."
            ) from error

    def rates(self, v: Array, /) -> Rates:
        return _two_rates(self.law, v)


class BoltzmannGate(AbstractGate):
    r"""A gate with parameters to fit: $\dot x = (x_\infty - x)/\tau$.

    $x_\infty = 1/(1 + e^{-s})$ with $s = (v - V_{1/2})/k$,
    $\tau = \tau_0 + 2\tau_1/(e^{\delta s} + e^{-(1 - \delta) s})$.

    $V_{1/2}$ is `half_voltage` and k is `slope`, negative for a gate that closes with
    depolarisation. $\tau_0$ is `shortest`, and $\tau_1$, `time_constant`, what comes to it at
    $V_{1/2}$. With $\tau_0 = 0$ this is the passage over one barrier in the membrane's field,
    at the place $\delta$, `asymmetry`: $\alpha \propto e^{\delta s}$ and
    $\beta \propto e^{-(1 - \delta) s}$. Hodgkin & Huxley 1952,
    doi:10.1113/jphysiol.1952.sp004764, have such rates.
    """

    half_voltage: Parameter = parameter(-40.0, "mV")
    slope: Parameter = parameter(8.0, "mV")
    time_constant: Parameter = parameter(5.0, "ms", above=0.0)
    shortest: Parameter = parameter(0.5, "ms", at_least=0.0)
    asymmetry: Parameter = parameter(0.5, "1")
    power: int = eqx.field(default=1, static=True)

    def __check_init__(self):
        if is_concrete(self.slope) and not np.asarray(self.slope).all():
            raise ValueError(
                "BoltzmannGate has slope=0 mV: make it positive for a gate that opens with "
                "depolarisation, negative for one that closes."
            )

    def rates(self, v: Array, /) -> Rates:
        s = (v - self.half_voltage) / self.slope
        # The logarithm of the sum of the two exponentials, neither of which then overflows.
        steepness = self.asymmetry * s + jax.nn.softplus(-s)
        tau = self.shortest + 2.0 * self.time_constant * exp(-steepness)
        return Rates(sigmoid(s) / tau, sigmoid(-s) / tau)
