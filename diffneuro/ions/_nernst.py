"""The potential at which an ion is in equilibrium."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ._checks import check_concentration, check_temperature, check_valence

GAS_CONSTANT = 8.31446261815324
"""J/(K mol)"""
FARADAY = 96485.33212
"""C/mol"""
ABSOLUTE_ZERO = -273.15
"""degC"""


def absolute_temperature(temperature: ArrayLike) -> Array:
    """A temperature (degC) in kelvin.

    **Raises:** `ValueError` below absolute zero.
    """
    check_temperature(temperature, ABSOLUTE_ZERO)
    return jnp.asarray(temperature, jnp.result_type(float)) - ABSOLUTE_ZERO


def thermal_voltage(temperature: ArrayLike) -> Array:
    """RT/F (mV) at a temperature (degC)."""
    return 1e3 * GAS_CONSTANT / FARADAY * absolute_temperature(temperature)


def nernst(
    outside: ArrayLike, inside: ArrayLike, *, valence: float, temperature: ArrayLike
) -> Array:
    r"""The Nernst potential, $\frac{RT}{zF}\ln\frac{c_{out}}{c_{in}}$ (mV).

    **Arguments:** `outside`, `inside`, concentrations (mM); `valence`, the ion's charge number;
    `temperature` (degC).

    **Raises:** `ValueError` for a concentration that is not positive, a valence of 0, or a
    temperature below absolute zero.
    """
    check_valence(valence)
    check_concentration("outside", outside)
    check_concentration("inside", inside)
    ratio = jnp.log(jnp.asarray(outside)) - jnp.log(jnp.asarray(inside))
    return thermal_voltage(temperature) / valence * ratio
