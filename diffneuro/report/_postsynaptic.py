"""A postsynaptic response with its measures marked."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analysis import PostsynapticResponse
from ._canvas import canvas, labelled
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DECAY = "#009e73"


@on_paper
def plot_postsynaptic_response(
    time: ArrayLike,
    trace: ArrayLike,
    response: PostsynapticResponse,
    stimulus: float,
    axes: "Axes | None" = None,
    *,
    unit: str = "mV",
) -> "Figure":
    """An EPSP, IPSP, EPSC or IPSC, and on it what has been measured.

    **Arguments:** `time` (n,), ms, and `trace` (n,) as they were measured; `response`, of
    `analysis.postsynaptic_response` with that `stimulus` (ms); `axes` to draw into, otherwise a
    new figure; `unit` of the trace.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for the measures of several traces.
    """
    if np.ndim(response.amplitude):
        raise ValueError("the response is that of several traces: draw each by itself.")
    t, y = np.asarray(time, float), np.asarray(trace, float)
    figure, axes = canvas(axes, 2.8, 5.6)
    base, height = response.baseline, response.amplitude
    axes.plot(t, y, color=RECORDED, linewidth=0.9)
    axes.axhline(base, color=QUIET, linewidth=0.7, linestyle=":")
    axes.axvline(stimulus, color=QUIET, linewidth=0.7, label=f"stimulus; peak {height:.3g} {unit}")
    _mark(axes, t, (y - base) / (height or 1.0), response, stimulus)
    axes.set_xlim(t[0], t[-1])
    axes.set_xlabel("time (ms)")
    axes.set_ylabel(labelled("current" if unit == "pA" else "voltage", unit))
    axes.legend(loc="best")
    return figure


def _mark(axes: "Axes", t: NDArray, share: NDArray, response, stimulus: float) -> None:
    """Peak, rise, width and decay, those that there are, of a trace in shares of its peak."""
    base, height, peak = response.baseline, response.amplitude, response.peak_time
    if np.isfinite(peak):
        axes.plot(peak, base + height, "o", color=FITTED, markersize=4.0)
    if np.isfinite(response.rise_time):
        low = stimulus + response.latency + response.rise_time / 8.0
        ends, levels = np.array([low, low + response.rise_time]), np.array([0.1, 0.9])
        label = f"rise {response.rise_time:.3g} ms"
        axes.plot(ends, base + levels * height, color=FITTED, linewidth=2.0, label=label)
    if np.isfinite(response.half_width):
        start = _crossing(t, share, peak)
        ends, label = [start, start + response.half_width], f"width {response.half_width:.3g} ms"
        axes.plot(ends, 2 * [base + 0.5 * height], color=HELD_OUT, label=label)
    if np.isfinite(response.decay_time_constant):
        tau = response.decay_time_constant
        after = t > peak
        shown, half = t[t >= t[after & (share < 0.8)][0]], t[after & (share < 0.5)][0]
        decay = base + 0.5 * height * np.exp(-(shown - half) / tau)
        axes.plot(shown, decay, "--", color=_DECAY, label=f"decay {tau:.3g} ms")


def _crossing(t: NDArray, share: NDArray, peak: float) -> float:
    """Where the rise has passed half the amplitude for good, on a straight line."""
    k = np.flatnonzero((t < peak) & (share < 0.5))[-1]
    return float(t[k] + (0.5 - share[k]) / (share[k + 1] - share[k]) * (t[k + 1] - t[k]))
