"""What a spike costs in sodium."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from .._model import is_concrete
from .._simulate import simulate
from ..neurons import Cell
from ..solvers import AbstractSolver

_ELEMENTARY_CHARGE = 1.602176634e-10
"""nC per 1e9 charges: 1.6e-19 C are 1.6e-10 nC"""
_UM2_IN_CM2 = 1e-8


class SpikeEnergy(NamedTuple):
    """What a spike takes in, beside what its rise needs at least."""

    sodium: Array
    """nC/cm2 that sodium carries in, beyond what it does at rest"""
    capacitive: Array
    """nC/cm2 that charge the membrane from rest to the spike's peak"""
    excess: Array
    """sodium over capacitive; 1 where nothing flows out while sodium flows in"""
    ions: Array
    """sodium ions that enter the whole cell"""
    atp: Array
    """molecules that a pump needs to bring them out again, three ions each"""


def spike_energy(
    cell: Cell,
    stimulus: Any,
    *,
    t1: float,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> SpikeEnergy:
    r"""The sodium that enters during a spike, and the least that would do.

    $Q_{Na} = -\int (j_{Na}(t) - j_{Na}(0))\,\mathrm{d}t$ over the run against $C\,\Delta v$,
    with $\Delta v$ from the start of the run, at rest, to the highest voltage. Their ratio is
    large where sodium and potassium currents overlap. Give a brief pulse that makes one spike,
    and time to rest again; charge that the pulse itself brings counts towards the rise, so
    that the ratio can be below 1. Sodium is what the cell's channels say they carry as "na".
    Alle, Roth & Geiger 2009, doi:10.1126/science.1174331; Sengupta et al. 2010,
    doi:10.1371/journal.pcbi.1000840

    **Arguments:** `cell`; `stimulus`, `t1`, `dt` and `solver` as in `simulate`.

    **Returns:** a `SpikeEnergy`, differentiable.

    **Raises:** `ValueError` for what is no `Cell`, or one without a sodium channel, and as
    `simulate`.
    """
    shares = _sodium_shares(cell)
    # A sample at t = 0 is not yet moved by the stimulus: it is the rest.
    voltage, sodium = _run(cell, stimulus, shares, t1, dt, solver)
    if is_concrete(voltage) and not float(jnp.max(voltage)) > float(voltage[0]):
        raise ValueError(
            "the voltage never rises above where it starts, so there is no spike: give a "
            "stronger pulse."
        )
    charge = -dt * jnp.sum(sodium[1:] - sodium[0])
    capacitive = cell.capacitance * (jnp.max(voltage) - voltage[0])
    # Left for the last, so that nothing leaves the range of float32.
    ions = charge * (cell.area * (_UM2_IN_CM2 / _ELEMENTARY_CHARGE))
    return SpikeEnergy(charge, capacitive, charge / capacitive, ions, ions / 3.0)


def _sodium_shares(cell: Cell) -> dict[str, float]:
    """Which share of a channel's current sodium carries, where it does."""
    if not isinstance(cell, Cell):
        raise ValueError(f"{type(cell).__name__} has no ion currents: give a neurons.Cell.")
    carried = {name: channel.carried() for name, channel in cell.channels.items()}
    shares = {name: ions["na"] for name, ions in carried.items() if "na" in ions}
    if not shares:
        raise ValueError(
            f"no channel of {', '.join(cell.channels)} carries sodium: put one in whose ion is "
            '"na".'
        )
    return shares


@eqx.filter_jit
def _run(cell, stimulus, shares, t1, dt, solver):
    def record(x, u):
        currents = cell.currents(x, u)
        return x.voltage, sum(share * currents[name] for name, share in shares.items())

    return simulate(cell, stimulus, t1=t1, dt=dt, solver=solver, record=record).y
