"""Where a neuron rests, and whether it stays there."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from .._model import AbstractModel
from ._dynamics import dynamics
from ._stability import stability


class RestingPoint(NamedTuple):
    """The rest of a neuron of n variables under a steady current."""

    voltage: float
    """mV"""
    eigenvalues: NDArray
    """(n,) complex, per ms, of the Jacobian there, the slowest to decay first"""
    stability: str
    """in words, "stable focus" for example"""

    @property
    def frequency(self) -> float:
        """Hz, at which the voltage rings by the slowest pair; 0 where it does not."""
        return 1e3 * abs(float(self.eigenvalues[0].imag)) / (2.0 * np.pi)

    @property
    def time_constant(self) -> float:
        """ms, in which the slowest part of a disturbance falls to 1/e; negative if it grows."""
        return -1.0 / float(self.eigenvalues[0].real)


def resting_point(model: AbstractModel, current: float = 0.0) -> RestingPoint:
    """The rest of a neuron of any number of variables, with its eigenvalues.

    The Jacobian is by automatic differentiation, in float64. How rest loses its stability along
    the current is what `fixed_point_branch` says.

    **Arguments:** `model`, a neuron; `current`, pA.

    **Returns:** a `RestingPoint`.

    **Raises:** `ValueError` for a model that is no neuron.
    """
    with jax.enable_x64(True):
        found = dynamics(model, float(current))
        voltage, jacobian = _linear(found, jnp.asarray(float(current)))
    eigenvalues = np.linalg.eigvals(np.asarray(jacobian))
    order = np.argsort(-eigenvalues.real, kind="stable")
    return RestingPoint(float(voltage), eigenvalues[order], stability(np.asarray(jacobian)))


@eqx.filter_jit
def _linear(found, current):
    rest = found.rest()
    return found.output(rest, current), jax.jacfwd(found.rate)(rest, current)
