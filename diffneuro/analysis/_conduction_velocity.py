"""How fast an impulse travels."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from .._model import is_concrete
from .._time_loop import Trajectory
from ._spike_times import first_spike_times

_M_PER_S = 1e-3
"""of 1 um/ms"""


def arrival_times(trajectory: Trajectory, *, threshold: float = -20.0) -> Array:
    """When the first impulse passes each place, off the grid.

    **Arguments:** `trajectory`, whose output is the voltage (mV) of k places, (n, k), as
    `simulate` records with `record=lambda x, u: x.voltage`; `threshold` (mV), the upward
    crossing of which is the arrival.

    **Returns:** (k,) ms, differentiable; inf where no impulse comes.

    **Raises:** `ValueError` for an output of another shape.
    """
    if not isinstance(trajectory.y, jax.Array | np.ndarray) or trajectory.y.ndim != 2:
        raise ValueError(
            "the trajectory has no voltages of several places: simulate with "
            "record=lambda x, u: x.voltage, and for a batch use jax.vmap."
        )

    def first(voltage: Array) -> Array:
        return first_spike_times(Trajectory(trajectory.t, voltage, None), 1, threshold)[0][0]

    return jax.vmap(first, in_axes=1)(jnp.asarray(trajectory.y))


def conduction_velocity(
    trajectory: Trajectory, distances: ArrayLike, *, threshold: float = -20.0
) -> Array:
    r"""How fast the first impulse of a run travels.

    $$\theta = \left(\frac{\sum_i (x_i - \bar x)(t_i - \bar t)}{\sum_i (x_i - \bar x)^2}
    \right)^{-1}$$

    with the places $x_i$ and the times $t_i$ at which the voltage rises through a threshold, by
    the cubic through four samples: of two places the distance over the delay, of more the slope
    of the line through all. Keep away from the ends of an axon and from the electrode, where
    impulses are faster.

    **Arguments:** `trajectory`, whose output is the voltage (mV) of k places, (n, k);
    `distances` (k,), um along the axon; `threshold`, mV.

    **Returns:** m/s, below 0 towards smaller distances, differentiable. Inside jit NaN where
    the impulse does not come to every place.

    **Raises:** `ValueError` for fewer than two places, for distances that are not one for each
    or all the same, and outside jit for a place that no impulse comes to.
    """
    times = arrival_times(trajectory, threshold=threshold)
    places = jnp.asarray(distances, times.dtype)
    if places.shape != times.shape or len(places) < 2:
        raise ValueError(
            f"there are voltages of {len(times)} places and distances of shape {places.shape}: "
            "give one for each of at least two."
        )
    if is_concrete(places) and float(jnp.max(places)) == float(jnp.min(places)):
        raise ValueError("all places are at one distance: give the voltage of two that are apart.")
    if is_concrete(times) and not bool(jnp.isfinite(times).all()):
        missed = int(jnp.argmin(jnp.isfinite(times)))
        raise ValueError(
            f"no impulse comes to the place at {float(places[missed]):g} um: simulate longer, "
            "stimulate more strongly, or look for a block."
        )
    off = places - jnp.mean(places)
    late = jnp.sum(off * (times - jnp.mean(times)))
    return _M_PER_S * jnp.sum(off * off) / late
