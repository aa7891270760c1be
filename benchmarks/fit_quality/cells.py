"""The recorded cells, cut to their step of current."""

import dataclasses
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diffneuro.recordings import Recording, load

from ..processes import ROOT

FOLDER = Path(os.environ.get("DIFFNEURO_RECORDINGS", ROOT / ".." / "shared" / "recordings"))
"""where recordings are unless it is told"""
_LARGEST_DT = 0.05
MARGIN = 100.0  # ms
_MOST_FITTED = 4


class Cell(NamedTuple):
    """Where a cell's sweeps are, and when its step of current begins and ends."""

    path: str
    step: tuple[float, float]
    """ms"""
    current: str = "auto"
    grain: float | None = None
    """pA, to which a measured current is rounded, so that its noise is no onset of a step"""


def _allen(cell: int, sweep: int) -> Cell:
    return Cell(f"allen-long-square/cell_{cell}_sweep_{sweep}.npz", (205.0, 1205.0))


# The command, because the current measured in ca1-pyr1 has transients at every spike; of fsi and
# abf-171116sh only the command is known. Whether a bridge was balanced is known of none.
CELLS = {
    "509881736": _allen(509881736, 39),
    "526950199": _allen(526950199, 37),
    "532571720": _allen(532571720, 42),
    "555060623": _allen(555060623, 34),
    "567399060": _allen(567399060, 38),
    "ca1-pyr1": Cell("ca1-pyr1/pyr1_steps.npz", (81.0, 1081.0), "command"),
    "fsi": Cell("fsi/2019_07_24_0055_fsi.npz", (146.8, 646.8), "command"),
    "abf-171116sh": Cell("abf-171116sh/171116sh_0018.npz", (146.8, 646.8), "command"),
    "s1-l23-vc-cc": Cell("s1-l23-vc-cc/180817_ME_9_CC.npz", (100.0, 600.0), grain=1.0),
}
SINGLE_SWEEP = tuple(name for name in CELLS if name.isdecimal())
"""one step each, nothing to hold out"""


def recorded(name: str, folder: Path) -> Recording:
    """The sweeps of a cell from 100 ms before its step to 100 ms after, every 0.04 to 0.1 ms.

    **Raises:** `FileNotFoundError` where the folder of recordings does not hold the cell.
    """
    cell = CELLS[name]
    data = load(folder / cell.path, current=cell.current)
    if cell.grain is not None:
        rounded = cell.grain * np.round(data.current / cell.grain)
        data = dataclasses.replace(data, current=rounded)
    start, stop = cell.step
    data = data.crop(max(0.0, start - MARGIN), min(data.duration, stop + MARGIN))
    every = max(1, int(_LARGEST_DT / data.dt + 1e-6))
    return data.resample(round(every * data.dt, 9))


def held_out(recording: Recording) -> tuple[int, ...]:
    """The sweeps that are not fitted: of many all but every third, of which at most four."""
    numbers = recording.sweep_numbers
    if len(numbers) < 3:
        return ()
    thirds = numbers[1::3]
    if len(thirds) > _MOST_FITTED:
        places = np.linspace(0, len(thirds) - 1, _MOST_FITTED).round().astype(int)
        thirds = tuple(thirds[place] for place in places)
    return tuple(number for number in numbers if number not in thirds)
