"""What a pool of ions is."""

import abc
from typing import Any

import equinox as eqx
from jax import Array

from .._model import AbstractModel, Ion
from ._nernst import FARADAY

VALENCES = {"na": 1, "k": 1, "cl": -1, "ca": 2}
"""The charge numbers of the ions that channels know by name."""


class AbstractIonPool(AbstractModel):
    """The concentrations of one kind of ion next to a membrane, of charge number `valence`.

    The input of a pool is the current density that its ion carries through the membrane
    (uA/cm2, outward positive), its output the concentration inside (mM). Its initial state is
    where it settles under a constant current, in closed form; a pool that settles nowhere
    starts from the concentrations it was given, whatever the current.
    """

    valence: eqx.AbstractVar[int]

    @abc.abstractmethod
    def ion(self, x: Any, /) -> Ion:
        """The concentrations on both sides, and the reversal potential they make."""

    def output(self, x: Any, u: Any, /) -> Array:
        return self.ion(x).inside


def flux(current: Array, *, valence: float, depth: Array) -> Array:
    """How fast a current changes the concentration on its side (mM/ms), outward lowering it.

    **Arguments:** `current`, outward density (uA/cm2); `valence`, the ion's charge number;
    `depth`, volume over membrane area (um).
    """
    # 1 uA/cm2 over 1 um is 1e-2/F mol/(cm3 s), which is 10/F mM/ms.
    return -10.0 / (valence * FARADAY) * current / depth
