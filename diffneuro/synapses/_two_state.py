"""Receptors with one step of binding."""

from typing import Any, ClassVar

import equinox as eqx
from jax import Array

from .._model import Membrane, Parameter, parameter
from ._receptor import AbstractTransmitterReceptor


class AbstractTwoStateReceptor(AbstractTransmitterReceptor):
    r"""Receptors that are open while transmitter is bound: $\dot r = \alpha [T] (1 - r) - \beta r$.

    Their state is the bound share r.
    """

    binding_rate: eqx.AbstractVar[Any]
    """1/(mM ms)"""
    unbinding_rate: eqx.AbstractVar[Any]
    """1/ms"""

    def open_fraction(self, x: Array, /) -> Array:
        return x

    def initial_state(self, u: Membrane, /) -> Array:
        opening = self.binding_rate * u.signal(self.transmitter)
        return opening / (opening + self.unbinding_rate)

    def vector_field(self, x: Array, u: Membrane, /) -> Array:
        opening = self.binding_rate * u.signal(self.transmitter)
        return opening * (1.0 - x) - self.unbinding_rate * x


class AMPA(AbstractTwoStateReceptor):
    r"""AMPA receptors: $\bar g\, r\,(v - E)$ with $\dot r = \alpha [T] (1 - r) - \beta r$.

    The scheme is the paper's; the rates are those of the same authors' chapter in *Methods in
    Neuronal Modeling*, 1998. `g_max` is arbitrary.
    Destexhe, Mainen & Sejnowski 1994, doi:10.1162/neco.1994.6.1.14
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    binding_rate: Parameter = parameter(1.1, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.19, "1/ms", above=0.0)
    transmitter: str = eqx.field(default="glutamate", static=True)


class Kainate(AbstractTwoStateReceptor):
    r"""Kainate receptors: $\bar g\, r\,(v - E)$ with $\dot r = \alpha [T] (1 - r) - \beta r$.

    $1/\beta = 46$ ms is the slow deactivation of GluK2/GluK5, which synapses have, and half are
    open at 0.02 mM, both as listed by Traynelis et al. 2010, doi:10.1124/pr.109.002451;
    desensitisation is left out. `g_max` is arbitrary.
    Barberis et al. 2008, doi:10.1523/JNEUROSCI.1204-08.2008
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    binding_rate: Parameter = parameter(1.1, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.022, "1/ms", above=0.0)
    transmitter: str = eqx.field(default="glutamate", static=True)


class GABAA(AbstractTwoStateReceptor):
    r"""GABA_A receptors: $\bar g\, r\,(v - E_{Cl})$ with $\dot r = \alpha [T] (1 - r) - \beta r$.

    Where the cell keeps its chloride that decides the reversal potential. The scheme is the
    paper's; the rates are those of the same authors' chapter in *Methods in Neuronal Modeling*,
    1998. `g_max` is arbitrary.
    Destexhe, Mainen & Sejnowski 1994, doi:10.1162/neco.1994.6.1.14
    """

    ion: ClassVar[str | None] = "cl"
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-70.0, "mV")
    binding_rate: Parameter = parameter(5.0, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.18, "1/ms", above=0.0)
    transmitter: str = eqx.field(default="gaba", static=True)


class Glycine(AbstractTwoStateReceptor):
    r"""Glycine receptors: $\bar g\, r\,(v - E_{Cl})$ with $\dot r = \alpha [T] (1 - r) - \beta r$.

    $1/\beta = 15$ ms is the faster of the two time constants with which the paper's receptors
    close (the other is 68 ms); $\alpha$ is that of `GABAA`. Where the cell keeps its chloride
    that decides the reversal potential. `g_max` is arbitrary.
    Harty & Manis 1998, doi:10.1152/jn.1998.79.4.1891
    """

    ion: ClassVar[str | None] = "cl"
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-70.0, "mV")
    binding_rate: Parameter = parameter(5.0, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(1.0 / 15.0, "1/ms", above=0.0)
    transmitter: str = eqx.field(default="glycine", static=True)


class NicotinicACh(AbstractTwoStateReceptor):
    r"""Nicotinic receptors: $\bar g\, r\,(v - E)$ with $\dot r = \alpha [T] (1 - r) - \beta r$.

    The paper's channels of frog muscle bind two molecules and flicker; here a burst of openings
    is one. It lasts $1/\beta = (1 + b/2k)/a$ = 4 ms with a = 0.714, b = 30.6 and k = 8.15 per
    ms, the rates of closing, opening and unbinding. Half are open at 0.015 mM, as found by
    Colquhoun & Ogden 1988 (J Physiol 395:131). `g_max` is arbitrary.
    Colquhoun & Sakmann 1985, doi:10.1113/jphysiol.1985.sp015912
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    binding_rate: Parameter = parameter(16.5, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.248, "1/ms", above=0.0)
    transmitter: str = eqx.field(default="acetylcholine", static=True)
