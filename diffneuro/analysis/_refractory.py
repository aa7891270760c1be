"""How a spike changes the threshold of the next."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._model import AbstractModel, AbstractSpikingModel
from ..solvers import AbstractSolver
from ._dynamics import check_neuron
from ._threshold import (
    Reach,
    Search,
    check_found,
    check_span,
    first_strength,
    pulse,
    reach,
    steps,
    traced,
)

_WEAKEST_SEARCH = 1e6
"""pA, up to where the threshold at rest is looked for"""


@dataclasses.dataclass(frozen=True)
class Refractoriness:
    """The threshold of a second pulse at k intervals after one that made a spike."""

    interval: NDArray
    """(k,) ms, from the beginning of the first pulse to that of the second"""
    threshold: NDArray
    """(k,) pA; NaN where no pulse of the range makes a second spike"""
    resting_threshold: float
    """pA, of a pulse of that duration at rest"""
    absolute: float
    """ms, the absolute refractory period: no second spike before this interval"""
    relative: float
    """ms, until when the threshold is raised; NaN if it still is at the last interval"""

    @property
    def ratio(self) -> NDArray:
        """(k,) the threshold over that at rest; below 1 the neuron is more excitable."""
        return self.threshold / self.resting_threshold


def refractoriness(
    model: AbstractModel,
    intervals: ArrayLike,
    *,
    width: float = 0.2,
    conditioning: float = 2.0,
    strongest: float = 20.0,
    after: float = 15.0,
    threshold: float = -20.0,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
) -> Refractoriness:
    """Absolute and relative refractory period, by pairs of brief pulses from rest.

    A neuron without a threshold of its own has spiked again if its voltage still rises, above
    `threshold`, once the second pulse is over: a strong pulse alone pushes it there too.
    Between the last interval without a second spike and the first with one, the absolute
    period is looked for again, as finely as there are intervals.

    **Arguments:** `model`; `intervals` (k,), rising, ms; `width` of the pulses, ms;
    `conditioning`, the first pulse, and `strongest`, the strongest second one tried, as
    multiples of the threshold at rest; `after`, how long to wait for the second spike, ms;
    `threshold` (mV), `dt` and `solver` as in `threshold_current`.

    **Returns:** a `Refractoriness`.

    **Raises:** `ValueError` for bad times or multiples, for a neuron that does not fire from
    rest, and where there is no second spike at any interval, or one at all of them.
    """
    check_neuron(model)
    times = _check(intervals, width, conditioning, strongest)
    check_span(after, "after")
    count = steps(times[-1] + width + after, dt)
    given = traced(width, conditioning, strongest, threshold)

    def search(tried) -> tuple[Search, Search]:
        return _pairs(model, jnp.asarray(tried), given, count, dt, solver)

    first, second = search(times)
    check_found(first, (0.0, _WEAKEST_SEARCH), "pA", f"with a pulse of {width:g} ms")
    current = np.asarray(second.strength, float)
    fired = np.isfinite(current)
    if not fired.any():
        raise ValueError(
            f"there is no second spike up to {times[-1]:g} ms after the first: go on to longer "
            f"intervals, or raise strongest={strongest:g}."
        )
    begin = int(np.argmax(fired))
    if begin == 0:
        raise ValueError(
            f"there is a second spike at the first interval, {times[0]:g} ms, already: begin "
            "the intervals earlier."
        )
    # As many again, so that nothing is compiled anew.
    finer = np.linspace(times[begin - 1], times[begin], times.size + 2)[1:-1]
    again = np.isfinite(np.asarray(search(finer)[1].strength))
    absolute = finer[np.argmax(again)] if again.any() else times[begin]
    resting = float(first.strength)
    return Refractoriness(
        interval=times,
        threshold=current,
        resting_threshold=resting,
        absolute=float(absolute),
        relative=_recovered(times[begin:], current[begin:] / resting),
    )


def _recovered(times: NDArray, ratio: NDArray) -> float:
    """When a ratio first is down at 1, in a straight line between its samples."""
    down = ratio <= 1.0
    if not down.any():
        return float("nan")
    k = int(np.argmax(down))
    if k == 0:
        return float(times[0])
    share = (ratio[k - 1] - 1.0) / (ratio[k - 1] - ratio[k])
    return float(times[k - 1] + share * (times[k] - times[k - 1]))


def _check(intervals: ArrayLike, width: float, conditioning: float, strongest: float) -> NDArray:
    check_span(width, "width")
    times = np.asarray(intervals, float)
    rising = times.ndim == 1 and times.size > 1 and (np.diff(times) > 0).all()
    if not (rising and np.isfinite(times).all() and times[0] >= width):
        raise ValueError(
            f"intervals={intervals} must be one rising row of at least two times (ms), none "
            f"shorter than a pulse of {width:g} ms."
        )
    for name, value in (("conditioning", conditioning), ("strongest", strongest)):
        if not (np.isfinite(value) and value > 1.0):
            raise ValueError(f"{name}={value} must be above 1, a multiple of the threshold.")
    return times


@eqx.filter_jit
def _pairs(model, intervals, numbers, count, dt, solver):
    """The search at rest, and those at each of the intervals."""
    width, conditioning, strongest, threshold = numbers
    rest = model.initial_state(jnp.zeros(()))

    def run(model, samples, since) -> Reach:
        return reach(model, samples, rest, since, threshold, dt, solver)

    def single(model, current):
        return run(model, current * pulse(0.0, width, count, dt), 0.0)

    first = first_strength(single, model, 0.0, _WEAKEST_SEARCH)

    def second(interval):
        since: Any = interval
        if not isinstance(model, AbstractSpikingModel):
            since = interval + width

        def pair(model, current):
            before = conditioning * first.strength * pulse(0.0, width, count, dt)
            return run(model, before + current * pulse(interval, width, count, dt), since)

        return first_strength(pair, model, 0.0, strongest * first.strength)

    return first, jax.vmap(second)(intervals)
