"""The mean squared difference of two clamp currents."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .._time_loop import Trajectory
from ._loss import AbstractLoss


class CurrentTarget(NamedTuple):
    """A recorded current and how much each sample counts."""

    current: NDArray
    """(n,) pA"""
    weight: NDArray
    """(n,) square roots of weights that add up to 1"""


class CurrentError(AbstractLoss):
    r"""$\sum_k w_k (I_k - I_k^{rec})^2 / \sum_k w_k$, in pA2.

    For voltage clamp. `weights` (n,) says how much each sample counts, the same in all sweeps.
    `mask` (ms) leaves out what follows each jump of the command by more than `jump` (mV) from
    one sample to the next, where the current charges capacitances: 0 leaves out nothing.
    """

    weights: NDArray | None = None
    mask: float = 0.0
    jump: float = 5.0

    def __check_init__(self):
        if not (self.mask >= 0.0 and self.jump > 0.0):
            raise ValueError(
                f"mask={self.mask} ms and jump={self.jump} mV of CurrentError: give a mask of at "
                "least 0 and a jump above 0."
            )

    def target(self, time: NDArray, current: NDArray, voltage: NDArray, /) -> CurrentTarget:
        weight = np.ones(len(time)) if self.weights is None else np.array(self.weights, float)
        if weight.shape != time.shape or not np.isfinite(weight).all() or (weight < 0).any():
            raise ValueError(
                f"weights of CurrentError must be {len(time)} numbers >= 0, one a sample; "
                f"they have shape {weight.shape}."
            )
        masked = round(self.mask / (time[1] - time[0]))
        for first in np.flatnonzero(np.abs(np.diff(voltage)) > self.jump) + 1:
            weight[first : first + masked] = 0.0
        if weight.sum() == 0:
            raise ValueError("every sample has weight 0: mask less of the recording.")
        return CurrentTarget(current, np.sqrt(weight / weight.sum()))

    def residual(self, run: Trajectory, target: CurrentTarget, /) -> Array:
        return jnp.asarray(target.weight) * (run.y - target.current)
