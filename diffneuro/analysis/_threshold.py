"""The weakest pulse, and the smallest push, that fire."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractConductanceModel, AbstractModel, AbstractSpikingModel, is_concrete
from .._simulate import simulate
from ..solvers import AbstractSolver
from ._dynamics import check_neuron

# With both ends a batch whose width costs hardly more than one run.
_LANES = 16
# Each narrows a range to a seventeenth; as many as the bytes of a number have digits for.
_ROUNDS = {4: 7, 8: 14}
# Of the way to another voltage, so that each is short even where a spike takes off.
_RUNGS = 128


class Reach(NamedTuple):
    """How far an experiment took a neuron."""

    fired: Array
    """whether there was a spike"""
    height: Array
    """mV, of the highest voltage that was reached by rising, or above the spike's threshold"""


class Search(NamedTuple):
    """What a search for the smallest strength that fires has found."""

    strength: Array
    """the smallest that fires; NaN where there is none in the range"""
    below: Array
    """the largest below it, which differs by rounding"""
    at_once: Array
    """whether the lower end of the range fires already"""
    ever: Array
    """whether anything in the range does"""


def threshold_current(
    model: AbstractModel,
    duration: float,
    *,
    currents: tuple[float, float] = (0.0, 2e4),
    after: float = 20.0,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> Array:
    r"""The weakest pulse of current, from rest, that makes a neuron fire.

    Runs side by side narrow the range of currents down to rounding. At the end the highest
    voltage $h(I, p)$ stands still, which makes the current a function of the parameters p:
    $\mathrm{d}I/\mathrm{d}p = -(\partial h/\partial p)/(\partial h/\partial I)$. So the result
    has first derivatives by the model, in forward and reverse mode.

    **Arguments:** `model`; `duration` of the pulse, ms; `currents`, the range to look in, pA;
    `after`, how long to wait for a spike when the pulse has ended, ms; `threshold` (mV), which
    a spike of a neuron without a threshold of its own rises through; `dt` and `solver` as in
    `simulate`.

    **Returns:** pA. Inside jit it is NaN where the errors below would be raised.

    **Raises:** `ValueError` for a bad duration or range, and where the neuron fires at both
    ends of the range or at neither.
    """
    check_neuron(model)
    low, high = check_range(currents, "currents", "pA")
    check_span(duration, "duration")
    check_span(after, "after", at_least=0.0)
    count = steps(duration + after, dt)
    given = traced(duration, low, high, threshold)
    found = _weakest_pulse(model, given, count, dt, solver)
    check_found(found, currents, "pA", f"after {duration:g} ms")
    return found.strength


def threshold_voltage(
    model: AbstractModel,
    *,
    displacements: tuple[float, float] = (0.0, 100.0),
    holding: float = 0.0,
    after: float = 20.0,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> Array:
    """The voltage to which a shock without duration must push a neuron so that it fires.

    The gates are at rest when the neuron is let go. Times its capacitance, what the voltage is
    above rest is the threshold's charge. The result has first derivatives by the model, as that
    of `threshold_current`.

    **Arguments:** `model`; `displacements`, the range of distances from rest to look in, mV;
    `holding`, a steady current, pA; `after`, how long to wait for a spike, ms; `threshold`,
    `dt` and `solver` as in `threshold_current`.

    **Returns:** mV. Inside jit it is NaN where the errors below would be raised.

    **Raises:** `ValueError` for a bad range, and where the neuron fires at both of its ends or
    at neither.
    """
    check_neuron(model)
    low, high = check_range(displacements, "displacements", "mV")
    check_span(after, "after")
    count = steps(after, dt)
    given = traced(holding, low, high, threshold)
    rest, found = _weakest_push(model, given, count, dt, solver)
    check_found(found, displacements, "mV", f"within {after:g} ms")
    return rest + found.strength


def traced(*numbers: float) -> list[Array]:
    """Numbers as arrays, so that other ones need no new compilation."""
    return [jnp.asarray(number, jnp.result_type(float)) for number in numbers]


def pulse(start: Any, width: Any, count: int, dt: float) -> Array:
    """(count,) the share of each step that a pulse of `width` from `start` on covers."""
    t = dt * jnp.arange(count)
    begin, end = jnp.maximum(t, start), jnp.minimum(t + dt, start + width)
    # What rounding leaves of a step's edge is no pulse.
    share = jnp.clip((end - begin) / dt, 0.0, 1.0)
    return jnp.where(share < 1e-4, 0.0, share)


def lead(width: Any, dt: float) -> Array:
    """When (ms) a pulse must begin so that it ends on a step's edge, where voltages are seen."""
    return dt * jnp.ceil(width / dt - 1e-4) - width


def reach(
    model: Any, samples: Array, state: Any, since: Any, threshold: Any, dt: float, solver: Any
) -> Reach:
    """What a run under `samples` (n,) of current does from the time `since` (ms) on.

    A neuron without a threshold of its own fires where its voltage rises, above `threshold`.
    Where `since` is the end of a pulse, that the pulse has pushed it there is no spike.
    """
    count = samples.shape[0]
    spiking = isinstance(model, AbstractSpikingModel)
    show = model.overshoot if spiking else model.output
    run = simulate(model, samples, t1=count * dt, dt=dt, solver=solver, state=state, record=show)
    height = jnp.append(run.y, show(run.state, samples[-1]))
    # Half a step of patience, because times on the grid are rounded.
    late = dt * (jnp.arange(count) + 0.5) > since
    if run.spike_times is not None:
        fired = jnp.any(jnp.isfinite(run.spike_times) & late) | (
            (since <= 0.0) & (height[0] >= 0.0)
        )
        return Reach(fired, jnp.max(jnp.where(late, height[1:], -jnp.inf)))
    rising = late & (height[1:] > height[:-1])
    top = jnp.max(jnp.where(rising, height[1:], -jnp.inf))
    return Reach(top >= threshold, top)


def first_strength(
    attempt: Callable[[Any, Array], Reach], given: Any, low: Any, high: Any
) -> Search:
    """The smallest strength, between `low` and `high`, with which `attempt` fires.

    Of `attempt(given, strength)`; nothing is differentiated.
    """
    held = _held(given)
    low, high = (jnp.asarray(end, jnp.result_type(float)) for end in (low, high))

    def narrow(number, known):
        left, right, at_once, ever = known
        tried = jnp.linspace(left, right, _LANES + 2)
        fired = jax.vmap(lambda strength: attempt(held, strength).fired)(tried)
        first, fires = jnp.argmax(fired), jnp.any(fired)
        at_once = jnp.where(number == 0, fired[0], at_once)
        right = jnp.where(fires, tried[first], right)
        return tried[jnp.maximum(first - 1, 0)], right, at_once, ever | fires

    nothing = jnp.asarray(False)
    rounds = _ROUNDS[low.dtype.itemsize]
    start = jax.lax.stop_gradient((low, high))
    found = jax.lax.fori_loop(0, rounds, narrow, (*start, nothing, nothing))
    left, right, at_once, ever = found
    return Search(jnp.where(ever & ~at_once, right, jnp.nan), left, at_once, ever)


def smooth_strength(
    attempt: Callable[[Any, Array], Reach], given: Any, low: Any, high: Any
) -> Search:
    """As `first_strength`, with first derivatives of the strength by `given`.

    `attempt(given, strength)` may depend on nothing differentiable but its arguments. Just
    below the threshold the height is differentiated, because a spike by a rule has none.
    """
    found = first_strength(attempt, given, low, high)
    held = _held(given)
    ones = (jnp.ones_like(found.below),)
    _, slope = jax.jvp(lambda s: attempt(held, s).height, (found.below,), ones)
    height = attempt(given, found.below).height
    steep = slope > 0
    # Zero, which has the derivatives of the implicit function.
    change = jnp.where(steep, height - jax.lax.stop_gradient(height), 0.0)
    strength = found.strength - change / jnp.where(steep, slope, 1.0)
    return found._replace(strength=strength)


def _held(given: Any) -> Any:
    return jax.tree.map(lambda x: jax.lax.stop_gradient(x) if eqx.is_array(x) else x, given)


@eqx.filter_jit
def _weakest_pulse(model, numbers, count, dt, solver) -> Search:
    duration, low, high, threshold = numbers

    def attempt(model, current):
        samples = current * pulse(lead(duration, dt), duration, count, dt)
        return reach(model, samples, model.initial_state(jnp.zeros(())), 0.0, threshold, dt, solver)

    return smooth_strength(attempt, model, low, high)


@eqx.filter_jit
def _weakest_push(model, numbers, count, dt, solver):
    holding, low, high, threshold = numbers

    def attempt(model, displacement):
        state = displaced(model, model.initial_state(holding), displacement)
        samples = jnp.full(count, holding)
        return reach(model, samples, state, 0.0, threshold, dt, solver)

    rest = model.output(model.initial_state(holding), holding)
    return rest, smooth_strength(attempt, model, low, high)


def displaced(model: AbstractModel, x: Any, by: Array) -> Any:
    """The state with its voltage moved by so many mV."""
    if isinstance(model, AbstractConductanceModel):
        return eqx.tree_at(model.voltage, x, replace_fn=lambda v: v + by)
    # Some neurons carry another number in its place, of which the voltage is a function.
    (place, *others), structure = jax.tree.flatten(x)

    def output(place):
        return model.output(jax.tree.unflatten(structure, [place, *others]), jnp.zeros(()))

    start = output(place)

    def climb(rung, place):
        goal = start + by * jnp.minimum(1.0, (rung + 1) / _RUNGS)
        here, slope = jax.jvp(output, (place,), (jnp.ones_like(place),))
        moves = slope != 0
        return place + jnp.where(moves, goal - here, 0.0) / jnp.where(moves, slope, 1.0)

    # At the end some of Newton's steps on the spot.
    place = jax.lax.fori_loop(0, _RUNGS + 8, climb, place)
    return jax.tree.unflatten(structure, [place, *others])


def check_range(ends: tuple[float, float], name: str, unit: str) -> tuple[float, float]:
    """Both ends as numbers, or a `ValueError` that says what a range is."""
    low, high = map(float, ends)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"{name}={ends} {unit} must be two numbers, the smaller one first.")
    return low, high


def check_span(time: float, name: str, *, at_least: float | None = None) -> None:
    """Raise a `ValueError` unless a time (ms) is positive, or not below `at_least`."""
    good = time > 0.0 if at_least is None else time >= at_least
    if not (np.isfinite(time) and good):
        wanted = "positive" if at_least is None else f"at least {at_least:g}"
        raise ValueError(f"{name}={time} ms must be {wanted} and finite.")


def steps(span: float, dt: float) -> int:
    """How many steps of `dt` cover so many ms."""
    if not (np.isfinite(dt) and dt > 0):
        raise ValueError(f"dt={dt} ms must be positive: 0.025 suits most neurons.")
    return max(1, int(np.ceil(span / dt - 1e-6)))


def check_found(found: Search, ends: tuple[float, float], unit: str, when: str) -> None:
    """Raise a `ValueError` for a search, outside jit, that has found nothing."""
    if not (is_concrete(found.at_once) and is_concrete(found.ever)):
        return
    low, high = ends
    if np.any(found.at_once):
        raise ValueError(f"the neuron fires at {low:g} {unit} already: begin the range lower.")
    if not np.all(found.ever):
        raise ValueError(
            f"the neuron does not fire at {high:g} {unit} {when}: end the range higher, wait "
            "longer, or give a lower threshold."
        )
