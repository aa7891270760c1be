"""Recorded against fitted voltage, sweep by sweep."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .._result import FitResult
from ._drawing import FITTED, HELD_OUT, QUIET, RECORDED, WIDTH, blank, on_paper
from ._facts import fitted_rows, response_of, spike_trains, stimulus_of
from ._trace import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12
"""How many sweeps one figure shows"""
_COLUMNS_PER_INCH = 200
_HEIGHTS = (5.0, 1.6, 1.4)
_LABEL_AT = 0.047
"""how far left of its panel an axis label stands, as a share of the figure"""


@on_paper
def plot_sweeps(result: FitResult) -> "Figure":
    """Recorded and fitted voltage (mV), their difference (mV) and the current (pA).

    Of a voltage clamp the current, the difference of currents, and the command.

    **Arguments:** `result` of a fit. Of more than 12 sweeps 12 are shown, evenly spread over
    the fitted and the held-out ones; a note says so.

    **Returns:** a figure that belongs to no window.
    """
    rows = shown_rows(result)
    across = 1 if len(rows) == 1 else 2 if len(rows) <= 4 else 3
    down = -(-len(rows) // across)
    height = 5.4 if down == across == 1 else 0.9 + 3.0 * down
    figure = blank(height, layout="none")
    head, foot = (0.4 if len(rows) == 1 else 0.6) / height, 0.5 / height
    grid = figure.add_gridspec(
        down, across, left=0.078, right=0.985, top=1 - head, bottom=foot, wspace=0.06, hspace=0.14
    )
    ranges = _ranges(result, rows)
    for place, row in enumerate(rows):
        cell = grid[place // across, place % across]
        cell = cell.subgridspec(3, 1, hspace=0.1, height_ratios=_HEIGHTS)
        panels = [figure.add_subplot(cell[i]) for i in range(3)]
        _draw_sweep(panels, result, row, WIDTH / across * _COLUMNS_PER_INCH)
        lowest = place + across >= len(rows)
        _frame(panels, result, ranges, leftmost=place % across == 0, lowest=lowest)
        if len(rows) > 1:
            _name(panels[0], result, row)
    _legend(figure, result, rows)
    return figure


def shown_rows(result: FitResult) -> list[int]:
    """The rows of the recording that are drawn: evenly spread, held-out ones among them."""
    fitted = fitted_rows(result)
    held_out = [row for row in range(result.recording.sweeps) if row not in fitted]
    if len(fitted) + len(held_out) <= MOST:
        return sorted(fitted + held_out)
    out = _spread(held_out, max(MOST // 4, MOST - len(fitted)))
    return sorted(_spread(fitted, MOST - len(out)) + out)


def _spread(rows: list[int], most: int) -> list[int]:
    if len(rows) <= most:
        return rows
    return [rows[i] for i in np.linspace(0, len(rows) - 1, most).round().astype(int)]


def _draw_sweep(panels: "list[Axes]", result: FitResult, row: int, columns: float) -> None:
    recording = result.recording
    colour = colour_of(result, row)
    recorded, fitted = recording.response[row], result.fitted_response[row].astype(float)
    above, between, below = panels

    def draw(axes: "Axes", values: np.ndarray, **look: Any) -> None:
        axes.plot(*thinned(recording.time, values, int(columns)), **look)

    if result.held_out_span is not None:
        for axes in panels:
            axes.axvspan(*result.held_out_span, color=HELD_OUT, alpha=0.08, linewidth=0)
    draw(above, recorded, color=RECORDED, linewidth=1.9)
    draw(above, fitted, color=colour, linewidth=0.8)
    for height, times, shade in zip(
        (0.96, 0.885), spike_trains(result, row), (RECORDED, colour), strict=True
    ):
        place = above.get_xaxis_transform()
        above.plot(times, np.full(len(times), height), "|", color=shade, ms=5, transform=place)
    between.axhline(0.0, color=QUIET, linewidth=0.5)
    draw(between, fitted - recorded, color=colour, linewidth=0.6)
    draw(below, recording.stimulus[row], color=RECORDED, linewidth=0.7)


def colour_of(result: FitResult, row: int) -> str:
    """The model's colour in this sweep: another one where it is held out."""
    held_out = result.recording.sweep_numbers[row] in result.held_out
    return HELD_OUT if held_out else FITTED


def _ranges(result: FitResult, rows: list[int]) -> list[tuple[float, float]]:
    """What the three panels span, the same in all sweeps."""
    recorded, fitted = result.recording.response[rows], result.fitted_response[rows].astype(float)
    low, high = float(recorded.min()), float(recorded.max())
    reach = high - low
    # A model that runs away must not squeeze the recording into a line.
    finite = np.clip(fitted[np.isfinite(fitted)], low - reach, high + reach)
    low, high = float(finite.min(initial=low)), float(finite.max(initial=high))
    error = np.clip(fitted - recorded, -2 * reach, 2 * reach)
    largest = float(np.abs(error[np.isfinite(error)]).max(initial=1e-3))
    stimulus = result.recording.stimulus[rows]
    room = 0.08 * max(float(np.ptp(stimulus)), 1e-3)
    return [
        (low - 0.05 * (high - low), high + 0.25 * (high - low)),
        (-1.08 * largest, 1.08 * largest),
        (float(stimulus.min()) - room, float(stimulus.max()) + room),
    ]


def _frame(panels, result, ranges, *, leftmost: bool, lowest: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    seen, imposed = response_of(result), stimulus_of(result)
    below = "command" if result.recording.voltage_clamp else imposed.name
    labels = (
        f"{seen.name} ({seen.unit})",
        f"residual\n({seen.unit})",
        f"{below}\n({imposed.unit})",
    )
    for axes, limits, label, ticks in zip(panels, ranges, labels, (6, 2, 2), strict=True):
        axes.set_xlim(0.0, result.recording.duration)
        axes.set_ylim(*limits)
        symmetric = limits[0] == -limits[1]
        axes.yaxis.set_major_locator(MaxNLocator(ticks, symmetric=symmetric, min_n_ticks=2))
        axes.tick_params(labelleft=leftmost)
        if leftmost:
            axes.set_ylabel(label, fontsize=9.0 if result.recording.sweeps == 1 else 7.5)
            axes.yaxis.set_label_coords(-_LABEL_AT / axes.get_position().width, 0.5)
        if axes is not panels[-1]:
            axes.spines["bottom"].set_visible(False)
            axes.tick_params(bottom=False, labelbottom=False)
    panels[-1].tick_params(labelbottom=lowest)
    panels[-1].xaxis.set_major_locator(MaxNLocator(8, prune="upper"))
    if lowest:
        panels[-1].set_xlabel("time (ms)")


def _name(axes: "Axes", result: FitResult, row: int) -> None:
    number = result.recording.sweep_numbers[row]
    held_out = number in result.held_out
    axes.set_title(
        f"sweep {number}, held out" if held_out else f"sweep {number}",
        loc="left",
        pad=3,
        fontweight="bold" if held_out else "normal",
        color=HELD_OUT if held_out else RECORDED,
    )


def _legend(figure: "Figure", result: FitResult, rows: list[int]) -> None:
    from matplotlib.lines import Line2D

    drawn = {colour_of(result, row) for row in rows}
    entries = [
        ("recorded", RECORDED, 1.9),
        ("model" if HELD_OUT not in drawn else "model, fitted sweep", FITTED, 1.2),
        ("model, held-out sweep", HELD_OUT, 1.2),
    ]
    lines = [
        Line2D([], [], color=colour, linewidth=width, label=label)
        for label, colour, width in entries
        if colour == RECORDED or colour in drawn
    ]
    figure.legend(handles=lines, loc="upper left", bbox_to_anchor=(0.07, 1.0), ncols=3)
    total = result.recording.sweeps
    if len(rows) < total:
        note = f"{len(rows)} of {total} sweeps, evenly spread"
        y = 1 - 0.17 / figure.get_figheight()
        figure.text(0.985, y, note, ha="right", va="center", color="#555555", fontsize=8.5)
