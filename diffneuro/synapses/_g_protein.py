"""Receptors that open channels through a G protein."""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
from jax import Array

from .._model import Membrane, Parameter, parameter
from ._receptor import AbstractTransmitterReceptor


class Cascade(NamedTuple):
    """The state of a receptor and of the messenger that it makes."""

    bound: Array
    """the share of the receptors"""
    messenger: Array
    """uM"""


class AbstractGProteinReceptor(AbstractTransmitterReceptor):
    r"""Receptors whose messenger opens channels: $\bar g\,\frac{s^n}{s^n + K_d}\,(v - E)$.

    $\dot r = K_1 [T] (1 - r) - K_2 r$ and $\dot s = K_3 r - K_4 s$.
    """

    binding_rate: eqx.AbstractVar[Any]
    """K1, 1/(mM ms)"""
    unbinding_rate: eqx.AbstractVar[Any]
    """K2, 1/ms"""
    production_rate: eqx.AbstractVar[Any]
    """K3, uM/ms"""
    decay_rate: eqx.AbstractVar[Any]
    """K4, 1/ms"""
    dissociation_constant: eqx.AbstractVar[Any]
    """Kd, uM^n"""
    binding_sites: eqx.AbstractVar[int]
    """n, a whole number, so that no messenger at all is no singularity"""

    def __check_init__(self):
        if not isinstance(self.binding_sites, int) or self.binding_sites < 1:
            raise ValueError(
                f"binding_sites={self.binding_sites!r} of a {type(self).__name__} is how many "
                "messengers open a channel: make it a whole number of at least 1."
            )

    def open_fraction(self, x: Cascade, /) -> Array:
        bound = x.messenger**self.binding_sites
        return bound / (bound + self.dissociation_constant)

    def initial_state(self, u: Membrane, /) -> Cascade:
        binding = self.binding_rate * u.signal(self.transmitter)
        bound = binding / (binding + self.unbinding_rate)
        return Cascade(bound, bound * (self.production_rate / self.decay_rate))

    def vector_field(self, x: Cascade, u: Membrane, /) -> Cascade:
        binding = self.binding_rate * u.signal(self.transmitter)
        return Cascade(
            binding * (1.0 - x.bound) - self.unbinding_rate * x.bound,
            self.production_rate * x.bound - self.decay_rate * x.messenger,
        )


class GABAB(AbstractGProteinReceptor):
    r"""GABA_B receptors, which open potassium channels: $\bar g\,\frac{s^n}{s^n + K_d}\,(v - E_K)$.

    $\dot r = K_1 [T] (1 - r) - K_2 r$ and $\dot s = K_3 r - K_4 s$. Where the cell keeps its
    potassium that decides the reversal potential. The rates are those of Destexhe, Mainen &
    Sejnowski's chapter in *Methods in Neuronal Modeling*, 1998. `g_max` is arbitrary.
    Destexhe & Sejnowski 1995, doi:10.1073/pnas.92.21.9515
    """

    ion: ClassVar[str | None] = "k"
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(-95.0, "mV")
    binding_rate: Parameter = parameter(0.52, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(0.0013, "1/ms", above=0.0)
    production_rate: Parameter = parameter(0.098, "uM/ms", above=0.0)
    decay_rate: Parameter = parameter(0.033, "1/ms", above=0.0)
    dissociation_constant: Parameter = parameter(100.0, "uM^n", above=0.0)
    binding_sites: int = eqx.field(default=4, static=True)
    transmitter: str = eqx.field(default="gaba", static=True)


class MetabotropicGlutamate(AbstractGProteinReceptor):
    r"""Slow excitation by type 1 glutamate receptors: $\bar g\,\frac{s}{s + K_d}\,(v - E)$.

    $\dot r = K_1 [T] (1 - r) - K_2 r$ and $\dot s = K_3 r - K_4 s$, the scheme of the paper on
    GABA_B receptors with $s^n$, n = 1. $1/K_2 = 1/K_4 = 700$ ms, with which the slow current of
    Purkinje cells peaks 700 ms after a flash of glutamate and reverses at 0 mV, as found by
    Canepari et al. 2001 (J Physiol 533:765). Half the receptors are bound at 0.01 mM, $K_3 = K_4$
    and $K_d$ = 0.5 uM are no more than round numbers; `g_max` is arbitrary.
    Destexhe & Sejnowski 1995, doi:10.1073/pnas.92.21.9515
    """

    ion: ClassVar[str | None] = None
    g_max: Parameter = parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    binding_rate: Parameter = parameter(1.0 / 7.0, "1/(mM ms)", above=0.0)
    unbinding_rate: Parameter = parameter(1.0 / 700.0, "1/ms", above=0.0)
    production_rate: Parameter = parameter(1.0 / 700.0, "uM/ms", above=0.0)
    decay_rate: Parameter = parameter(1.0 / 700.0, "1/ms", above=0.0)
    dissociation_constant: Parameter = parameter(0.5, "uM^n", above=0.0)
    binding_sites: int = eqx.field(default=1, static=True)
    transmitter: str = eqx.field(default="glutamate", static=True)
