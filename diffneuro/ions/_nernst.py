"""The potential at which an ion is in equilibrium."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

GAS_CONSTANT = 8.31446261815324
"""J/(K mol)"""
FARADAY = 96485.33212
"""C/mol"""
ABSOLUTE_ZERO = -273.15
"""degC"""


def thermal_voltage(temperature: ArrayLike) -> Array:
    """RT/F (mV) at a temperature (degC)."""
    return 1e3 * GAS_CONSTANT / FARADAY * (jnp.asarray(temperature) - ABSOLUTE_ZERO)


def nernst(
    outside: ArrayLike, inside: ArrayLike, *, valence: float, temperature: ArrayLike
) -> Array:
    r"""The Nernst potential, $\frac{RT}{zF}\ln\frac{c_{out}}{c_{in}}$ (mV).

    **Arguments:** `outside`, `inside`, concentrations (mM); `valence`, the ion's charge number;
    `temperature` (degC).
    """
    ratio = jnp.log(jnp.asarray(outside)) - jnp.log(jnp.asarray(inside))
    return thermal_voltage(temperature) / valence * ratio
