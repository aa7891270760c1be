"""Laws of gates whose constants can be fitted."""

import abc
from typing import Any

import equinox as eqx
import numpy as np
from jax import Array

from .._model import Parameter, check_ranges, is_concrete, parameter
from .._numerics import exp, linoid, sigmoid
from ._gated import Rates, from_steady_state


class AbstractShape(eqx.Module):
    r"""How a rate depends on the voltage: a function of $x = (v - V_0)/k$ which is plain.

    $V_0$ is `midpoint`, and k is `scale`, negative for what falls with depolarisation.
    """

    midpoint: eqx.AbstractVar[Any]
    scale: eqx.AbstractVar[Any]

    def __check_init__(self):
        check_ranges(self)
        if is_concrete(self.scale) and not np.asarray(self.scale).all():
            raise ValueError(
                f"{type(self).__name__} has scale=0 mV: make it positive for what rises with "
                "depolarisation, negative for what falls."
            )

    @abc.abstractmethod
    def __call__(self, v: Array, /) -> Array:
        """The shape at the voltage `v` (mV), a pure number."""

    def place(self, v: Array) -> Array:
        """x"""
        return (v - self.midpoint) / self.scale


class ExponentialShape(AbstractShape):
    r"""$e^x$"""

    midpoint: Parameter = parameter(-65.0, "mV")
    scale: Parameter = parameter(20.0, "mV")

    def __call__(self, v: Array, /) -> Array:
        return exp(self.place(v))


class SigmoidShape(AbstractShape):
    r"""$1/(1 + e^{-x})$"""

    midpoint: Parameter = parameter(-40.0, "mV")
    scale: Parameter = parameter(10.0, "mV")

    def __call__(self, v: Array, /) -> Array:
        return sigmoid(self.place(v))


class LinoidShape(AbstractShape):
    r"""$x/(1 - e^{-x})$"""

    midpoint: Parameter = parameter(-40.0, "mV")
    scale: Parameter = parameter(10.0, "mV")

    def __call__(self, v: Array, /) -> Array:
        return linoid(self.place(v))


class RateLaw(eqx.Module):
    r"""A law for an `HHGate`: $\alpha = s\,a\,f(v)$ and $\beta = s\,b\,g(v)$.

    a is `opening_rate` and b is `closing_rate`, f and g are shapes; s is `speed`.
    """

    opening: AbstractShape
    closing: AbstractShape
    opening_rate: Parameter = parameter(1.0, "1/ms", at_least=0.0)
    closing_rate: Parameter = parameter(1.0, "1/ms", at_least=0.0)
    speed: Parameter = parameter(1.0, "1", above=0.0)

    def __check_init__(self):
        check_ranges(self)

    def __call__(self, v: Array, /) -> Rates:
        rates = Rates(self.opening_rate * self.opening(v), self.closing_rate * self.closing(v))
        return rates.times(self.speed)


class SteadyStateLaw(eqx.Module):
    r"""A law for an `HHGate`: $x_\infty = m\,f(v)$ and $\tau = \tau_0/s$.

    m is `largest`, f a shape, $\tau_0$ `time_constant`; s is `speed`.
    """

    steady_state: AbstractShape
    time_constant: Parameter = parameter(1.0, "ms", above=0.0)
    largest: Parameter = parameter(1.0, "1", at_least=0.0)
    speed: Parameter = parameter(1.0, "1", above=0.0)

    def __check_init__(self):
        check_ranges(self)

    def __call__(self, v: Array, /) -> Rates:
        steady = self.largest * self.steady_state(v)
        return from_steady_state(steady, self.time_constant).times(self.speed)
