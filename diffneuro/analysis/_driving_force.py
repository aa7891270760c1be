"""Driving force, and the potential at which it is none."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from ._least_squares import check_points


class ReversalFit(NamedTuple):
    r"""$A = g\,(V - E)$ through responses at several holding voltages."""

    reversal_potential: float
    """mV"""
    slope: float
    """the amplitudes' unit per mV: nS for pA"""
    standard_errors: tuple[float, float]
    """of these two; the first to first order in the slope's relative error"""


def fit_reversal(voltages: ArrayLike, amplitudes: ArrayLike) -> ReversalFit:
    r"""The straight line through responses at several voltages, and where it is zero.

    With the line $a + bV$, $E = -a/b$ and
    $\sigma_E^2 = \frac{s^2}{b^2} \left(\frac{1}{n} +
    \frac{(E - \bar V)^2}{\sum (V_i - \bar V)^2}\right)$, $s$ the residual standard deviation.
    `reversal_potential` is for I-V curves that are not straight.

    **Arguments:** `voltages` (n,), mV; `amplitudes` (n,), signed peaks, pA or mV.

    **Raises:** `ValueError` for fewer than four points, a single voltage, and amplitudes that do
    not change with it.
    """
    v, y = np.asarray(voltages, float), np.asarray(amplitudes, float)
    check_points(v, y, "line")
    away = v - v.mean()
    spread = float(np.sum(away**2))
    slope = float(np.sum(away * y) / spread) if spread > 0.0 else 0.0
    if slope == 0.0:
        raise ValueError("the amplitudes do not change with the voltage: give several voltages.")
    reversal = float(v.mean() - y.mean() / slope)
    residual = y - y.mean() - slope * away
    variance = float(np.sum(residual**2)) / (v.size - 2)
    reach = 1.0 / v.size + (reversal - v.mean()) ** 2 / spread
    errors = (np.sqrt(variance * reach) / abs(slope), np.sqrt(variance / spread))
    return ReversalFit(reversal, slope, (float(errors[0]), float(errors[1])))


def driving_force(voltage: ArrayLike, reversal_potential: ArrayLike) -> Array:
    """What drives ions through an open channel: V - E (mV), outward where positive."""
    return jnp.asarray(voltage) - jnp.asarray(reversal_potential)


def steady_voltage(conductances: ArrayLike, reversal_potentials: ArrayLike) -> Array:
    r"""Where conductances hold a membrane: $V = \sum_i g_i E_i / \sum_i g_i$.

    With a leak and an excitation alone, and with a third conductance at the leak's reversal, it
    says what shunting does: the third moves nothing by itself and divides the depolarisation by
    $1 + g_i/(g_L + g_e)$.

    **Arguments:** `conductances` (..., k), nS or mS/cm2, one of each sort; `reversal_potentials`
    (..., k), mV.

    **Returns:** (...,) mV; it has derivatives.
    """
    g, e = jnp.broadcast_arrays(
        jnp.asarray(conductances, float), jnp.asarray(reversal_potentials, float)
    )
    return jnp.sum(g * e, axis=-1) / jnp.sum(g, axis=-1)
