"""Currents and rest of a membrane that ions diffuse through."""

from collections.abc import Collection, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

from .._numerics import linoid
from ._checks import check_concentration, check_valence
from ._nernst import FARADAY, thermal_voltage


def ghk_voltage(
    permeability: Mapping[str, ArrayLike],
    outside: Mapping[str, ArrayLike],
    inside: Mapping[str, ArrayLike],
    *,
    temperature: ArrayLike,
    anions: Collection[str] = ("cl",),
) -> Array:
    r"""The potential at which ions of one charge carry no net current (mV).

    $\frac{RT}{F}\ln\frac{\sum_c P_c c_{out} + \sum_a P_a a_{in}}
    {\sum_c P_c c_{in} + \sum_a P_a a_{out}}$ over cations c and anions a. Goldman 1943,
    doi:10.1085/jgp.27.1.37; Hodgkin & Katz 1949, doi:10.1113/jphysiol.1949.sp004310

    **Arguments:** `permeability`, of each ion by its name, in any one unit, since only ratios
    count; `outside`, `inside`, concentrations (mM) under the same names; `temperature` (degC);
    `anions`, names of the ions of charge -1 (all others have +1).

    **Raises:** `ValueError` for names that differ, a negative permeability or concentration,
    or where no ion can pass.
    """
    for name, values in (("outside", outside), ("inside", inside)):
        if set(values) != set(permeability):
            raise ValueError(
                f"{name} has the ions {sorted(values)}, but permeability has "
                f"{sorted(permeability)}: give both the same names."
            )
        for ion, value in values.items():
            check_concentration(f"{name}[{ion!r}]", value, above=False)
    _check_permeability(permeability)
    pushing_up: Any = 0.0
    pushing_down: Any = 0.0
    for ion, share in permeability.items():
        sides = (inside[ion], outside[ion]) if ion in anions else (outside[ion], inside[ion])
        pushing_up = pushing_up + jnp.asarray(share) * jnp.asarray(sides[0])
        pushing_down = pushing_down + jnp.asarray(share) * jnp.asarray(sides[1])
    return thermal_voltage(temperature) * (jnp.log(pushing_up) - jnp.log(pushing_down))


def ghk_current(
    voltage: ArrayLike,
    outside: ArrayLike,
    inside: ArrayLike,
    *,
    permeability: ArrayLike,
    valence: float,
    temperature: ArrayLike,
) -> Array:
    r"""The current density of an ion that diffuses through a constant field (uA/cm2, outward).

    $P z F\,(c_{in}\,L(\xi) - c_{out}\,L(-\xi))$ with $\xi = zFv/RT$ and
    $L(\xi) = \xi/(1 - e^{-\xi})$, which is the usual quotient without its singular point at
    0 mV. Goldman 1943, doi:10.1085/jgp.27.1.37

    **Arguments:** `voltage` (mV); `outside`, `inside` (mM); `permeability` (cm/s); `valence`,
    the ion's charge number; `temperature` (degC).

    **Raises:** `ValueError` for a negative permeability or concentration, a valence of 0, or a
    temperature below absolute zero.
    """
    check_valence(valence)
    if not isinstance(permeability, Tracer) and not (np.asarray(permeability) >= 0).all():
        raise ValueError(f"permeability={permeability} cm/s must be at least 0.")
    check_concentration("outside", outside, above=False)
    check_concentration("inside", inside, above=False)
    reduced = valence * jnp.asarray(voltage) / thermal_voltage(temperature)
    net = jnp.asarray(inside) * linoid(reduced) - jnp.asarray(outside) * linoid(-reduced)
    # 1 cm/s times 1 mM is 1e-6 mol/(cm2 s), which carries F uA/cm2.
    return jnp.asarray(permeability) * valence * FARADAY * net


def chord_conductance_potential(
    conductance: Mapping[str, ArrayLike], reversal_potential: Mapping[str, ArrayLike]
) -> Array:
    r"""The potential at which conductances carry no net current, $\sum g_c E_c / \sum g_c$ (mV).

    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764

    **Arguments:** `conductance`, by name, in any one unit; `reversal_potential` (mV) under the
    same names.

    **Raises:** `ValueError` for names that differ, a negative conductance, or none at all.
    """
    if set(conductance) != set(reversal_potential):
        raise ValueError(
            f"reversal_potential has {sorted(reversal_potential)}, but conductance has "
            f"{sorted(conductance)}: give both the same names."
        )
    _check_permeability(conductance, "conductance")
    total: Any = 0.0
    weighted: Any = 0.0
    for name, share in conductance.items():
        total = total + jnp.asarray(share)
        weighted = weighted + jnp.asarray(share) * jnp.asarray(reversal_potential[name])
    return weighted / total


def _check_permeability(shares: Mapping[str, Any], name: str = "permeability") -> None:
    if any(isinstance(share, Tracer) for share in shares.values()):
        return
    for ion, share in shares.items():
        if not (np.asarray(share) >= 0).all():
            raise ValueError(f"{name}[{ion!r}]={share} must be at least 0.")
    if not (np.asarray(sum(np.asarray(share) for share in shares.values())) > 0).all():
        raise ValueError(f"{name} is 0 for every ion: let at least one of them pass.")
