"""Gates, conductances and currents of a run, drawn."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..analysis import MembraneTrace
from ._canvas import labelled
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, blank, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHADES = (FITTED, HELD_OUT, "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES = ("-", "--", ":", "-.")
_HEIGHTS = {"voltage": 1.3, "gates": 1.3, "conductances": 1.1, "currents": 1.3}


@on_paper
def plot_membrane_trace(trace: MembraneTrace) -> "Figure":
    """Voltage, gates, conductances and currents of a cell, one below the other.

    A channel has one colour in all panels, grey without gates; its gates differ by their
    dashes. The sum of the currents is black.

    **Arguments:** `trace`, of one run.

    **Returns:** the figure, which belongs to no window.

    **Raises:** `ValueError` for the traces of a batch.
    """
    time = np.asarray(trace.time, float)
    if time.ndim != 1 or np.shape(trace.voltage) != time.shape:
        raise ValueError(
            f"the trace is a batch, its voltage of shape {np.shape(trace.voltage)}: draw each "
            "run by itself."
        )
    colours = _colours(trace)
    shown = [name for name in _HEIGHTS if name == "voltage" or len(getattr(trace, name))]
    heights = [_HEIGHTS[name] for name in shown]
    figure = blank(sum(heights) + 0.5, width=5.2)
    panels = figure.subplots(len(shown), sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    above = dict(zip(shown, panels, strict=True))
    above["voltage"].plot(time, np.asarray(trace.voltage, float), color=RECORDED, linewidth=1.2)
    above["voltage"].set_ylabel(labelled("voltage", "mV"))
    if trace.gates:
        _draw(above["gates"], time, trace.gates, colours)
        above["gates"].set_ylabel("gates")
        above["gates"].set_ylim(-0.03, 1.03)
    if trace.conductances:
        _draw(above["conductances"], time, trace.conductances, colours)
        above["conductances"].set_ylabel(labelled("conductance\n", "mS/cm2"))
    _draw(above["currents"], time, trace.currents, colours)
    total = sum(np.asarray(current, float) for current in trace.currents.values())
    above["currents"].plot(time, total, color=RECORDED, linewidth=0.9, label="sum")
    above["currents"].set_ylabel(labelled("current\n", "uA/cm2"))
    for axes in panels[1:]:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    panels[-1].set_xlim(time[0], time[-1])
    panels[-1].set_xlabel("time (ms)")
    return figure


def _colours(trace: MembraneTrace) -> dict[str, str]:
    """One for each channel, beginning with that of most gates."""
    gates = [name.split(".")[0] for name in trace.gates]
    gated = sorted(dict.fromkeys(gates), key=gates.count, reverse=True)
    shades = {name: _SHADES[number % len(_SHADES)] for number, name in enumerate(gated)}
    return dict.fromkeys(trace.currents, QUIET) | shades


def _draw(
    axes: "Axes", time: ArrayLike, lines: Mapping[str, ArrayLike], colours: Mapping[str, str]
) -> None:
    seen: dict[str, int] = {}
    for name, values in lines.items():
        channel = name.split(".")[0]
        dash = _DASHES[seen.get(channel, 0) % len(_DASHES)]
        seen[channel] = seen.get(channel, 0) + 1
        axes.plot(
            time,
            np.asarray(values, float),
            dash,
            color=colours.get(channel, RECORDED),
            linewidth=1.3,
            label=name,
        )
