"""Receptors that a spike opens at once and that close alike."""

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import Membrane, Parameter, parameter
from .._numerics import exprel
from ._receptor import AbstractImpulseReceptor


class AbstractExponentialReceptor(AbstractImpulseReceptor):
    r"""A receptor whose open conductance jumps and decays: $\dot g = -g/\tau$.

    Its state is that conductance.
    """

    time_constant: eqx.AbstractVar[Any]
    """ms"""

    def open_fraction(self, x: Array, /) -> Array:
        return x

    def kick(self) -> Array:
        return jnp.ones_like(self.time_constant)

    def vector_field(self, x: Array, u: Membrane, /) -> Array:
        return -x / self.time_constant

    def flow(self, x: Array, t: Any, /) -> Array:
        return x * jnp.exp(-t / self.time_constant)

    def mean(self, x: Array, t: Any, /) -> Array:
        return x * exprel(-t / self.time_constant)


class Exponential(AbstractExponentialReceptor):
    r"""A conductance that a spike opens at once, $g(t) = w\, e^{-t/\tau}$ and $g\,(v - E)$ flows.

    The default is fast excitation, as of an AMPA receptor with 2 ms; with 10 ms and -70 mV it is
    a GABA_A receptor that no chloride moves.
    Brette et al. 2007, doi:10.1007/s10827-007-0038-6
    """

    ion: ClassVar[str | None] = None
    time_constant: Parameter = parameter(2.0, "ms", above=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")


class ExponentialGABAA(AbstractExponentialReceptor):
    r"""GABA_A receptors that open at once: $g(t) = w\, e^{-t/\tau}$, $g\,(v - E_{Cl})$ flows.

    Where the cell keeps its chloride that decides the reversal potential.
    Brette et al. 2007, doi:10.1007/s10827-007-0038-6
    """

    ion: ClassVar[str | None] = "cl"
    time_constant: Parameter = parameter(10.0, "ms", above=0.0)
    reversal_potential: Parameter = parameter(-70.0, "mV")


class ExponentialGlycine(AbstractExponentialReceptor):
    r"""Glycine receptors that open at once: $g(t) = w\, e^{-t/\tau}$, $g\,(v - E_{Cl})$ flows.

    The time constant is the faster of the two with which the paper's receptors close (15 and
    68 ms). Where the cell keeps its chloride that decides the reversal potential.
    Harty & Manis 1998, doi:10.1152/jn.1998.79.4.1891
    """

    ion: ClassVar[str | None] = "cl"
    time_constant: Parameter = parameter(15.0, "ms", above=0.0)
    reversal_potential: Parameter = parameter(-70.0, "mV")


class ExponentialCurrent(AbstractExponentialReceptor):
    r"""A synapse that injects a current whatever the voltage: $I(t) = w\, e^{-t/\tau}$, inward.

    Weights are in pA, positive where they excite. What flows outward is $-I$: there is no
    driving force, so neither reversal nor shunting.
    Brette et al. 2007, doi:10.1007/s10827-007-0038-6
    """

    ion: ClassVar[str | None] = None
    # Nothing reverses.
    reversal_potential: ClassVar[Any] = None
    time_constant: Parameter = parameter(2.0, "ms", above=0.0)

    def current(self, conductance: Any, u: Membrane, /) -> Any:
        return -conductance

    def linear(self, conductance: Any, u: Membrane, /) -> tuple[Any, Any]:
        return conductance, jnp.zeros_like(conductance)

    @property
    def conducts(self) -> bool:
        return False


def exponential_kainate() -> Exponential:
    r"""Kainate receptors that open at once: $g(t) = w\, e^{-t/\tau}$ with 46 ms, 0 mV.

    The time constant is that of the slow deactivation of heteromers as synapses have them.

    **Returns:** the receptor.

    Barberis et al. 2008, doi:10.1523/JNEUROSCI.1204-08.2008
    """
    return Exponential(46.0, 0.0)


def exponential_nicotinic() -> Exponential:
    r"""Nicotinic receptors that open at once: $g(t) = w\, e^{-t/\tau}$ with 4 ms, 0 mV.

    The time constant is the length of a burst of openings of a channel of frog muscle, as
    in `NicotinicACh`.

    **Returns:** the receptor.

    Colquhoun & Sakmann 1985, doi:10.1113/jphysiol.1985.sp015912
    """
    return Exponential(4.0, 0.0)
