"""The exponential upstroke, in what is left of it."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from .._numerics import lowest_root
from ._synaptic_input import injected_current, linear_input

# Only the trial step of a spike comes closer to the upstroke's end than this; what the leak and
# the input contribute, which is then below 1e-6 of the upstroke, stays what it was.
_CLOSEST = 1e-6


def distance_from(voltage: Any, threshold: Any, slope_factor: Any) -> Array:
    r"""$d = \log(1 + e^{-(v - V_T)/\Delta_T})$: how far the upstroke is.

    Far below the threshold it is as linear in time as v is; the upstroke, which blows up in v,
    runs down to 0 at a rate that tends to $g_L/C$. So spike times and their derivatives are
    accurate at steps of 0.1 ms, and no exponential overflows.
    """
    return jax.nn.softplus(-(voltage - threshold) / slope_factor)


def voltage_at(distance: Array, threshold: Any, slope_factor: Any) -> Array:
    """The voltage (mV) at a distance above 0."""
    # log(exp(d) - 1), without overflow for a large distance.
    height = distance + jnp.log(-jnp.expm1(-distance))
    return threshold - slope_factor * height


def short_of_the_end(distance: Array) -> Array:
    """The distance, kept above 0 for the sake of trial steps that ran past the upstroke."""
    return jnp.maximum(distance, _CLOSEST)


def distance_charge(
    distance: Array, passive: Any, leak_conductance: Any, slope_factor: Any
) -> Array:
    r"""$C \dot d$ (pF/ms) where all but the upstroke makes a `passive` current (pA)."""
    closing = jnp.expm1(-distance)
    return closing * passive / slope_factor - leak_conductance * (1.0 + closing)


def lowest_rest(
    u: Any,
    leak_conductance: Any,
    leak_reversal: Any,
    threshold: Any,
    slope_factor: Any,
    adaptation_conductance: Any = 0.0,
) -> Array:
    """The lowest voltage (mV) at which the membrane rests, or else where it moves slowest."""
    current, conductance = linear_input(u)
    damping = leak_conductance + adaptation_conductance + conductance

    def net_inward(v):
        upstroke = leak_conductance * slope_factor * jnp.exp((v - threshold) / slope_factor)
        passive = (leak_conductance + adaptation_conductance) * (v - leak_reversal)
        return injected_current(u, v) + upstroke - passive

    # The net current is least where the upstroke is as steep as all else; without damping that
    # is nowhere, and the leak's reversal potential stands in.
    steepness = jnp.exp(jnp.minimum((leak_reversal - threshold) / slope_factor, 0.0))
    steepness = jnp.maximum(damping / leak_conductance, steepness)
    slowest = threshold + slope_factor * jnp.log(steepness)
    low = slowest - 200.0 + 2.0 * jnp.minimum(current, 0.0) / leak_conductance
    rest = lowest_root(net_inward, low + (slowest - low) * jnp.linspace(0.0, 1.0, 129))
    return jnp.where(net_inward(slowest) > 0.0, slowest, rest)
