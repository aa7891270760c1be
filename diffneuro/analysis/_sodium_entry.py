"""What an impulse costs in sodium, along an axon."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import is_concrete
from .._simulate import simulate
from ..neurons import Cable
from ..solvers import AbstractSolver

_ELEMENTARY_CHARGE = 1.602176634e-10
"""nC; 1.6e-19 C"""


class SodiumEntry(NamedTuple):
    """What enters during one impulse, over a metre of axon."""

    charge: Array
    """nC/m that sodium carries in, beyond what it does at rest"""
    ions: Array
    """1/m sodium ions that are that charge"""
    atp: Array
    """1/m molecules that a pump needs to bring them out again, three ions each"""


def sodium_entry(
    cable: Cable,
    stimulus: Any,
    *,
    t1: float,
    between: tuple[float, float],
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
    threshold: float = -20.0,
) -> SodiumEntry:
    r"""The sodium that enters a length of axon as an impulse passes.

    $$q = -\frac1L \sum_{i \in L} \int (I_{Na,i}(t) - I_{Na,i}(0))\,\mathrm{d}t$$

    Give a brief pulse that makes one impulse, time for it to pass and the membrane to be at
    rest again. Sodium is what the channels say they carry as "na".
    Attwell & Laughlin 2001, doi:10.1097/00004647-200110000-00001

    **Arguments:** `cable`; `stimulus`, `t1`, `dt` and `solver` as in `simulate`; `between`,
    from and to which distance (um along the tree), several length constants from ends and
    electrode and, with myelin, whole periods of node and internode; `threshold`, mV, whose
    upward crossing is an impulse.

    **Returns:** a `SodiumEntry`, differentiable.

    **Raises:** `ValueError` for what is no `Cable`, one without sodium channels, no compartment
    between the distances, outside jit if not one impulse passes, and as `simulate`.
    """
    shares = _sodium_shares(cable)
    chosen = cable.compartments.between(*between)
    middle = int(np.nonzero(chosen)[0][chosen.sum() // 2])
    voltage, current = _run(cable, stimulus, shares, chosen, middle, t1, dt, solver)
    _check_one(voltage, threshold)
    # A sample at t = 0 is not yet moved by the stimulus: it is the rest.
    charge = -dt * jnp.sum(current[1:] - current[0])
    length = jnp.sum(cable.compartments.length * chosen)
    # 1 pA ms over 1 um is 1 nC/m.
    density = charge / length
    ions = density / _ELEMENTARY_CHARGE
    return SodiumEntry(density, ions, ions / 3.0)


def _sodium_shares(cable: Cable) -> tuple[tuple[str, float], ...]:
    """Which share of a channel's current sodium carries, where it does."""
    if not isinstance(cable, Cable):
        raise ValueError(
            f"{type(cable).__name__} has no length: give a neurons.Cable, or take spike_energy."
        )
    carried = {name: channel.carried() for name, channel in cable.channels.items()}
    shares = tuple((name, ions["na"]) for name, ions in carried.items() if "na" in ions)
    if not shares:
        raise ValueError(
            f"no channel of {', '.join(cable.channels)} carries sodium: put one in whose ion is "
            '"na".'
        )
    return shares


def _check_one(voltage: Array, threshold: float) -> None:
    if not is_concrete(voltage):
        return
    v = np.asarray(voltage)
    count = int(((v[:-1] < threshold) & (v[1:] >= threshold)).sum())
    if count != 1:
        raise ValueError(
            f"{count} impulses pass the middle of that length, where one should: give a pulse "
            "that makes one, and time for it to come by."
        )


@eqx.filter_jit
def _run(cable, stimulus, shares, chosen, middle, t1, dt, solver):
    equations = cable.prepared()

    def record(x, u):
        currents = equations.outward(x)
        sodium = sum(share * currents[name] for name, share in shares)
        return x.voltage[middle], jnp.sum(jnp.where(chosen, sodium, 0.0))

    return simulate(cable, stimulus, t1=t1, dt=dt, solver=solver, record=record).y
