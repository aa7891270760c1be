"""A membrane's passive properties, absolute and specific."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

# 1 uF/cm2 is 0.01 pF/um2, and 1 mS/cm2 is 0.01 nS/um2.
_PER_UM2 = 0.01
# 1 kOhm cm2 in Ohm cm2: the inverse of 1 mS/cm2.
_OHM_CM2 = 1e3


class Passive(NamedTuple):
    """What an electrode sees of a passive cell."""

    capacitance: Array
    """pF"""
    input_resistance: Array
    """GOhm"""
    time_constant: Array
    """ms"""


class SpecificPassive(NamedTuple):
    """What a passive membrane is made of, per area."""

    area: Array
    """um2"""
    capacitance: Array
    """uF/cm2"""
    leak_conductance: Array
    """mS/cm2"""
    membrane_resistance: Array
    """Ohm cm2"""


def passive(
    area: ArrayLike, *, capacitance: ArrayLike = 1.0, leak_conductance: ArrayLike
) -> Passive:
    r"""The absolute properties of one compartment from the specific ones of its membrane.

    $C = c\,A$, $R = 1/(g A)$, $\tau = RC = c/g$.

    **Arguments:** `area` (um2); `capacitance` (uF/cm2); `leak_conductance` (mS/cm2), which is
    1000 over a membrane resistance in Ohm cm2.

    **Raises:** `ValueError` for a number that is not positive.
    """
    area = _positive("area", area, "um2")
    capacitance = _positive("capacitance", capacitance, "uF/cm2")
    conductance = _positive("leak_conductance", leak_conductance, "mS/cm2")
    return Passive(
        _PER_UM2 * capacitance * area,
        1.0 / (_PER_UM2 * conductance * area),
        capacitance / conductance,
    )


def specific_passive(
    input_resistance: ArrayLike, time_constant: ArrayLike, *, area: ArrayLike
) -> SpecificPassive:
    r"""The specific properties of a membrane from those measured and its area.

    $g = 1/(R A)$, $c = \tau g$.

    **Arguments:** `input_resistance` (GOhm), `time_constant` (ms); `area` (um2). Where the area
    is not known, `area_from_capacitance` gives it.

    **Raises:** `ValueError` for a number that is not positive.
    """
    resistance = _positive("input_resistance", input_resistance, "GOhm")
    time_constant = _positive("time_constant", time_constant, "ms")
    area = _positive("area", area, "um2")
    conductance = 1.0 / (_PER_UM2 * resistance * area)
    return SpecificPassive(area, time_constant * conductance, conductance, _OHM_CM2 / conductance)


def passive_from_step(
    voltage_change: ArrayLike, current: ArrayLike, time_constant: ArrayLike
) -> Passive:
    r"""The absolute properties from the answer to a small step of current.

    $R = \Delta v/I$, $C = \tau/R$.

    **Arguments:** `voltage_change`, once settled (mV); `current`, the step's (pA);
    `time_constant`, with which it settles (ms).

    **Raises:** `ValueError` for a time constant that is not positive, a current of 0, or a
    voltage that goes against the current.
    """
    if not isinstance(current, Tracer) and not np.asarray(current).all():
        raise ValueError(f"current={current} pA says nothing of a resistance: step by more.")
    resistance = _positive(
        "voltage_change/current", jnp.asarray(voltage_change) / jnp.asarray(current), "GOhm"
    )
    time_constant = _positive("time_constant", time_constant, "ms")
    return Passive(time_constant / resistance, resistance, time_constant)


def area_from_capacitance(capacitance: ArrayLike, *, specific: ArrayLike = 1.0) -> Array:
    """The area (um2) of a membrane of some `capacitance` (pF), given its `specific` (uF/cm2)."""
    capacitance = _positive("capacitance", capacitance, "pF")
    return capacitance / (_PER_UM2 * _positive("specific", specific, "uF/cm2"))


def capacitor_charge(capacitance: ArrayLike, voltage: ArrayLike) -> Array:
    """The charge (fC) on a membrane of some `capacitance` (pF) at a `voltage` (mV)."""
    return _positive("capacitance", capacitance, "pF") * jnp.asarray(voltage)


def _positive(name: str, value: Any, unit: str) -> Array:
    if not isinstance(value, Tracer) and not (np.asarray(value) > 0).all():
        raise ValueError(f"{name}={value} {unit} must be positive: give it in {unit}.")
    return jnp.asarray(value, jnp.result_type(float))
