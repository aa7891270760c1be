"""Spike times and f-I curves of the runs that were kept.

Of each method the run with the median loss, of an even number the lower, simulated anew with the
parameters it found.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import diffneuro as dn
from diffneuro.analysis import coincidence, recorded_spike_times
from diffneuro.recordings import Recording

from ..rows import RESULTS
from .cells import CELLS, FOLDER, MARGIN, SINGLE_SWEEP
from .problems import Problem, problem
from .store import rows
from .table import loss_of, newest

_NAMES = {"ours": "diffneuro", "cma_es": "CMA-ES", "de": "DE", "ga": "genetic algorithm"}
_COLORS = {"ours": "C3", "cma_es": "C0", "de": "C2", "ga": "C1"}
_WINDOW = 4.0  # ms
_DRAWN = ("multiscale", "cortical_free")
"""the problems of which runs are drawn; of held-out steps the first"""


def median_runs(kept: Sequence[dict], name: str, cell: str) -> dict[str, dict]:
    """By method, the run with the median loss of a problem on a cell, the lower of two."""
    found = {}
    for method in _NAMES:
        about = (name, cell, method, 1.0)
        keys = ("problem", "cell", "method", "budget_scale")
        group = [row for row in newest(kept) if tuple(row[key] for key in keys) == about]
        if group:
            found[method] = sorted(group, key=loss_of)[(len(group) - 1) // 2]
    return found


def spike_trains(question: Problem, row: dict[str, Any]) -> list[np.ndarray]:
    """The spike times (ms) of each sweep under the parameters of a run."""
    recording = question.recording
    model = dn.replace(question.model, row["parameters"])
    runs = [
        dn.simulate(model, current, t1=recording.duration, dt=recording.dt).y
        for current in recording.current
    ]
    return [recorded_spike_times(recording.time, np.asarray(run)) for run in runs]


def recorded_trains(recording: Recording) -> list[np.ndarray]:
    """The spike times (ms) of each sweep."""
    return [recorded_spike_times(recording.time, row) for row in recording.voltage]


def draw_trains(kept: Sequence[dict], folder: Path, path: Path) -> None:
    """The spikes of the cells with one step, the cell's above those of each fit."""
    figure = Figure(figsize=(9.0, 11.0), layout="constrained")
    axes = FigureCanvasAgg(figure).figure.subplots(len(SINGLE_SWEEP), 1)
    for ax, cell in zip(axes, SINGLE_SWEEP, strict=True):
        lines, labels, colors = [], [], ["black"]
        for name in _DRAWN:
            question = problem(name, cell, folder)
            (recorded,) = recorded_trains(question.recording)
            if not lines:
                lines, labels = [recorded], ["the cell"]
            for method, row in median_runs(kept, name, cell).items():
                (train,) = spike_trains(question, row)
                span = question.recording.duration
                gamma = coincidence(recorded, train, duration=span, window=_WINDOW)
                lines.append(train)
                colors.append(_COLORS[method])
                labels.append(f"{_NAMES[method]}, {row['free']} free: {gamma:.2f}")
        places = -np.arange(len(lines))
        ax.eventplot(lines, lineoffsets=places, linelengths=0.8, colors=colors, linewidths=1.0)
        for time in lines[0]:
            ax.axvspan(time - _WINDOW, time + _WINDOW, color="0.9", zorder=0)
        ax.set_yticks(places, labels, fontsize=7)
        ax.set_title(f"{cell}: Gamma in windows of {_WINDOW:g} ms", fontsize=9, loc="left")
    axes[-1].set_xlabel("time (ms)")
    _save(figure, path)


def step_within(cell: str) -> tuple[float, float]:
    """When the step of current begins and ends (ms) in what `recorded` cuts out."""
    start, stop = CELLS[cell].step
    cut = max(0.0, start - MARGIN)
    return start - cut, stop - cut


def draw_rates(kept: Sequence[dict], folder: Path, path: Path) -> None:
    """The f-I curves and first latencies of the cells with many steps, and of each fit."""
    cells = [cell for cell in CELLS if cell not in SINGLE_SWEEP]
    figure = Figure(figsize=(3.0 * len(cells), 5.5), layout="constrained")
    axes = FigureCanvasAgg(figure).figure.subplots(2, len(cells), squeeze=False)
    for (rate, latency), cell in zip(axes.T, cells, strict=True):
        question = problem(_DRAWN[0], cell, folder)
        data, (start, stop) = question.recording, step_within(cell)
        during = (data.time >= start) & (data.time < stop)
        size = data.current[:, during].mean(axis=1) - data.current[:, ~during].mean(axis=1)
        order = np.argsort(size)
        fitted = ~np.isin(data.sweep_numbers, question.held_out)
        curves = [("the cell", "black", recorded_trains(data))] + [
            (_NAMES[method], _COLORS[method], spike_trains(question, row))
            for method, row in median_runs(kept, _DRAWN[0], cell).items()
        ]
        for label, color, trains in curves:
            inside = [train[(train >= start) & (train < stop)] for train in trains]
            rates = np.array([1000.0 * len(train) / (stop - start) for train in inside])
            first = np.array([train[0] - start if len(train) else np.nan for train in inside])
            for ax, values in ((rate, rates), (latency, first)):
                ax.plot(size[order], values[order], "-", color=color, label=label, linewidth=1.0)
                if color == "black":
                    ax.plot(size[fitted], values[fitted], "o", color=color)
                    ax.plot(size[~fitted], values[~fitted], "o", color=color, mfc="white")
        rate.set_title(f"{cell} (filled: fitted)", fontsize=9)
        latency.set_yscale("log")
        latency.set_xlabel("current (pA)")
    axes[0, 0].set_ylabel("rate (Hz)")
    axes[1, 0].set_ylabel("first spike after (ms)")
    axes[0, 0].legend(fontsize=7)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    print(f"saved {path}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw both figures from the file of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, default=FOLDER)
    parser.add_argument("--rows", type=Path, default=RESULTS / "fit_quality.jsonl")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the figures")
    asked = parser.parse_args(arguments)
    if not asked.recordings.is_dir():
        parser.exit(1, f"there is no folder of recordings {asked.recordings}: give --recordings.\n")
    kept = rows(asked.rows)
    draw_trains(kept, asked.recordings, asked.out / "fit_quality_spikes.png")
    draw_rates(kept, asked.recordings, asked.out / "fit_quality_rates.png")


if __name__ == "__main__":
    main()
