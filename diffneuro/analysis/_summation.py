"""How responses add up, in time, in space and under a shunt."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._postsynaptic import postsynaptic_response, running_mean


def response_amplitudes(
    time: ArrayLike,
    trace: ArrayLike,
    stimuli: ArrayLike,
    *,
    decay_time_constant: float | None = None,
    baseline: float = 5.0,
    average: float = 0.1,
    sign: int | None = None,
) -> NDArray:
    r"""The amplitude of each response of a train, above what is left of those before it.

    What is left at a stimulus is carried on as $e^{-t/\tau}$ and taken away, with $\tau$ the
    decay of the last response where it is not given. That is exact where a response ends as an
    exponential before the next stimulus comes.

    **Arguments:** `time` (n,), ms; `trace` (n,), mV or pA; `stimuli` (k,), ms, ascending;
    `decay_time_constant`, ms; `baseline`, `average` and `sign` as in `postsynaptic_response`.

    **Returns:** (k,) signed, mV or pA.

    **Raises:** `ValueError` for stimuli that are not in order, a decay that cannot be measured,
    and as `postsynaptic_response`.
    """
    shocks = _in_order(stimuli)
    last = postsynaptic_response(
        time, trace, float(shocks[-1]), baseline=baseline, average=average, sign=sign
    )
    tau = last.decay_time_constant if decay_time_constant is None else decay_time_constant
    if not tau > 0.0:
        raise ValueError(
            f"the decay after the last stimulus measures as {tau} ms: give decay_time_constant."
        )
    t, y = np.asarray(time, float), np.asarray(trace, float)
    dt = t[1] - t[0]
    rest = y[(t < shocks[0] - 1e-9) & (t >= shocks[0] - baseline - 1e-9)].mean()
    smooth = running_mean(y - rest, average / dt)
    ends = np.append(shocks[1:], t[-1] + dt)
    found = []
    for number, (start, end) in enumerate(zip(shocks, ends, strict=True)):
        here = (t >= start - 1e-9) & (t < end - 1e-9)
        # Of a single sample before the stimulus the running mean would reach beyond it.
        place = max(np.flatnonzero(here)[0] - round(0.5 * average / dt), 0)
        left = 0.0 if number == 0 else smooth[place] * np.exp(-(t[here] - t[place]) / tau)
        rise = smooth[here] - left
        found.append(rise[np.argmax(np.abs(rise) if sign is None else sign * rise)])
    return np.array(found)


def paired_pulse_ratio(
    time: ArrayLike, trace: ArrayLike, stimuli: ArrayLike, **options: Any
) -> float:
    """The second response's amplitude over the first's: above 1 facilitates, below 1 depresses.

    **Arguments:** as of `response_amplitudes`, with at least two stimuli.

    **Raises:** `ValueError` for fewer, and as `response_amplitudes`.
    """
    if np.size(stimuli) < 2:
        raise ValueError("a paired-pulse ratio needs two stimuli: give both times (ms).")
    first, second, *_ = response_amplitudes(time, trace, stimuli, **options)
    return float(second / first)


def temporal_summation(
    time: ArrayLike,
    trace: ArrayLike,
    stimuli: ArrayLike,
    *,
    alone: ArrayLike | None = None,
    average: float = 0.1,
) -> float:
    """How high a train climbs: the peak after the last stimulus over that of one response.

    Both are measured from where the trace was before the first stimulus, so that 1 is no
    summation at all.

    **Arguments:** `time` (n,), ms; `trace` (n,); `stimuli` (k,), ms, ascending; `alone` (n,), the
    response to the first stimulus by itself, without which the train must leave it the time to
    reach its peak; `average`, ms.

    **Raises:** `ValueError` as `postsynaptic_response`, and for stimuli that are not in order.
    """
    shocks = _in_order(stimuli)
    single = trace if alone is None else alone
    stop = float(shocks[1]) if alone is None and shocks.size > 1 else None
    first = postsynaptic_response(time, single, float(shocks[0]), stop=stop, average=average)
    whole = postsynaptic_response(time, trace, float(shocks[0]), average=average)
    t, y = np.asarray(time, float), np.asarray(trace, float)
    smooth = running_mean(y - whole.baseline, average / (t[1] - t[0]))
    sign = np.sign(first.amplitude)
    return float(np.max(sign * smooth[t >= shocks[-1] - 1e-9]) / (sign * first.amplitude))


def spatial_summation(together: ArrayLike, alone: ArrayLike, *, rest: float | None = None) -> float:
    """The peak of inputs that come together over that of the sum of each alone.

    1 is linear; below 1 the inputs take each other's driving force or share a conductance.

    **Arguments:** `together` (n,), the response to all inputs; `alone` (k, n), to each; `rest`,
    what a trace is without input, by default the first sample of `together`.

    **Raises:** `ValueError` for shapes that do not fit.
    """
    joint, single = np.asarray(together, float), np.asarray(alone, float)
    if joint.ndim != 1 or single.ndim != 2 or single.shape[1:] != joint.shape:
        raise ValueError(
            f"together has shape {joint.shape} and alone {single.shape}: give (n,) and (k, n)."
        )
    ground = joint[0] if rest is None else rest
    expected = (single - ground).sum(axis=0)
    return float(_farthest(joint - ground) / _farthest(expected))


def shunting(
    excitation: ArrayLike, inhibition: ArrayLike, together: ArrayLike, *, rest: float | None = None
) -> float:
    """The share of an EPSP that inhibition leaves: 1 for none taken, 0 for all.

    What inhibition does by itself is taken away first, so that an IPSP at its reversal
    potential, which shows nothing, is seen by what it shunts.

    **Arguments:** the three responses (n,) to each input alone and to both; `rest`, what a
    trace is without input, by default the first sample of `excitation`.

    **Raises:** `ValueError` for shapes that differ.
    """
    e, i, both = (np.asarray(trace, float) for trace in (excitation, inhibition, together))
    if e.ndim != 1 or not e.shape == i.shape == both.shape:
        raise ValueError(
            f"the responses have shapes {e.shape}, {i.shape} and {both.shape}: give (n,) each."
        )
    alone = e - (e[0] if rest is None else rest)
    return float(_farthest(both - i) / _farthest(alone))


def _farthest(deviation: NDArray) -> float:
    return float(deviation[np.argmax(np.abs(deviation))])


def _in_order(stimuli: ArrayLike) -> NDArray:
    shocks = np.atleast_1d(np.asarray(stimuli, float))
    if shocks.ndim != 1 or not shocks.size or (np.diff(shocks) <= 0.0).any():
        raise ValueError(f"stimuli={stimuli!r} must be times in ascending order (ms).")
    return shocks
