"""Gates, conductances and currents of a cell in a run."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from .._model import Membrane
from .._simulate import simulate
from ..channels import AbstractGatedChannel
from ..neurons import Cell, CellState
from ..solvers import AbstractSolver


class MembraneTrace(NamedTuple):
    """What the channels of a cell did during a run of n samples."""

    time: Array
    """(n,) ms"""
    voltage: Array
    """(n,) mV"""
    gates: dict[str, Array]
    """(n,) each, by channel and gate: `na.m`"""
    conductances: dict[str, Array]
    """(n,) each, mS/cm2, of the channels with gates"""
    currents: dict[str, Array]
    """(n,) each, uA/cm2, outward positive, of all channels"""


def membrane_trace(
    cell: Cell,
    stimulus: Any,
    *,
    t1: float,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
    state: Any = None,
) -> MembraneTrace:
    """Run a cell, and keep voltage, gates, conductances and currents.

    **Arguments:** `cell`; `stimulus`, `t1`, `dt`, `solver` and `state` as in `simulate`.

    **Returns:** a `MembraneTrace`.

    **Raises:** `ValueError` for what is no `Cell`, and as `simulate`.
    """
    if not isinstance(cell, Cell):
        raise ValueError(f"{type(cell).__name__} has no channels: give a neurons.Cell.")

    def record(x, u):
        return MembraneTrace(
            jnp.zeros(()), x.voltage, _gates(x), _conductances(cell, x), cell.currents(x, u)
        )

    run = simulate(cell, stimulus, t1=t1, dt=dt, solver=solver, state=state, record=record)
    return run.y._replace(time=run.t)


def _gates(x: CellState) -> dict[str, Array]:
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(x.channels)
        if jnp.ndim(leaf) == 0
    }


def _conductances(cell: Cell, x: CellState) -> dict[str, Array]:
    ions = {name: pool.ion(x.ions[name]) for name, pool in cell.ions.items()}
    membrane = Membrane(x.voltage, ions)
    return {
        name: channel.g_max * channel.open_fraction(x.channels[name], membrane)
        for name, channel in cell.channels.items()
        if isinstance(channel, AbstractGatedChannel)
    }
