"""Spikes at the end of a hyperpolarising step."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractModel, is_concrete
from .._simulate import simulate
from ..solvers import AbstractSolver
from ._dynamics import check_neuron
from ._threshold import Search, check_span, lead, pulse, reach, smooth_strength, steps, traced


class Rebound(NamedTuple):
    """The weakest hyperpolarising step whose end makes a neuron fire."""

    current: Array
    """pA, negative; has first derivatives by the model"""
    voltage: Array
    """mV, at the end of the step"""


def rebound(
    model: AbstractModel,
    duration: float,
    *,
    strongest: float = -5000.0,
    after: float = 30.0,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> Rebound:
    """The threshold of firing at the end of a hyperpolarising step (anode break).

    **Arguments:** `model`; `duration` of the step from rest, ms; `strongest`, the most negative
    current to look at, pA; `after`, how long to wait for a spike, ms; `threshold`, `dt` and
    `solver` as in `threshold_current`.

    **Returns:** a `Rebound`. Inside jit it holds NaN where the error below would be raised.

    **Raises:** `ValueError` for bad times, a `strongest` that is not negative, and where no
    step of the range is followed by a spike.
    """
    check_neuron(model)
    check_span(duration, "duration")
    check_span(after, "after")
    if not (np.isfinite(strongest) and strongest < 0):
        raise ValueError(f"strongest={strongest} pA must be negative, such as -5000.")
    count = steps(duration + after, dt)
    given = traced(duration, strongest, threshold)
    found, result = _weakest(model, given, count, dt, solver)
    _check(found, duration, strongest, after)
    return result


@eqx.filter_jit
def _weakest(model, numbers, count, dt, solver):
    duration, strongest, threshold = numbers
    begin = lead(duration, dt)
    step, end = pulse(begin, duration, count, dt), begin + duration

    def attempt(model, strength):
        rest = model.initial_state(jnp.zeros(()))
        return reach(model, -strength * step, rest, end, threshold, dt, solver)

    found = smooth_strength(attempt, model, 0.0, -strongest)
    run = simulate(model, -found.strength * step, t1=count * dt, dt=dt, solver=solver)
    last = jnp.minimum(jnp.round(end / dt).astype(int), count - 1)
    here = jnp.arange(count) == last
    return found, Rebound(-found.strength, jnp.sum(jnp.where(here, run.y, 0.0)))


def _check(found: Search, duration: float, strongest: float, after: float) -> None:
    """Raise a `ValueError` for a search, outside jit, that has found nothing."""
    if not (is_concrete(found.at_once) and is_concrete(found.ever)):
        return
    if found.at_once:
        raise ValueError("the neuron fires without a step: rebound is for one that rests.")
    if not found.ever:
        raise ValueError(
            f"no spike follows a step of {duration:g} ms within {after:g} ms, down to "
            f"{strongest:g} pA: try a stronger or longer step, or the neuron has no rebound."
        )
