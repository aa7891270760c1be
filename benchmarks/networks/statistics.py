"""What two simulators of one network should agree in."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FEWEST = 3


class Activity(NamedTuple):
    """The spikes of one run."""

    rate: float
    """Hz, the mean of all cells"""
    variation: float
    """the mean CV of the intervals of cells with three or more"""
    intervals: NDArray[np.float64]
    """ms, of all cells, sorted"""


def activity(cell: ArrayLike, time: ArrayLike, cells: int, duration: float) -> Activity:
    """Of spikes at `time` (ms) of the cells numbered `cell`."""
    who, when = np.asarray(cell, int), np.asarray(time, float)
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    same = np.diff(who) == 0
    intervals, owner = np.diff(when)[same], who[1:][same]
    count = np.bincount(owner, minlength=cells)
    mean, square = (
        np.bincount(owner, weights=values, minlength=cells) / np.maximum(count, 1)
        for values in (intervals, intervals**2)
    )
    many = count >= _FEWEST
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))[many] / mean[many]
    rate = when.size / cells / duration * 1000.0
    return Activity(rate, float(spread.mean()) if many.any() else np.nan, np.sort(intervals))


def read(path: Path, cells: int, duration: float) -> tuple[Activity, dict[str, float]]:
    """The activity of a run and its times (s), from its file."""
    with np.load(path) as known:
        found = activity(known["cell"], known["time"], cells, duration)
        return found, {name: float(known[name]) for name in ("compiling", "running")}


def kolmogorov_smirnov(one: NDArray, other: NDArray) -> float:
    """The largest distance between the distributions of two sorted samples, 0 to 1."""
    if not one.size or not other.size:
        return float(one.size != other.size)
    places = np.concatenate([one, other])
    shares = [
        np.searchsorted(sample, places, side="right") / sample.size for sample in (one, other)
    ]
    return float(np.abs(shares[0] - shares[1]).max())


def agreement(ours: Sequence[Activity], theirs: Sequence[Activity]) -> dict[str, Any]:
    """How far apart two simulators are, and how far the seeds of the other one are.

    Rates and CVs are compared by their means over seeds, with the range of the other's seeds;
    intervals by the mean distance between runs of both, with the largest between the other's.
    """
    found: dict[str, Any] = {}
    for name in ("rate", "variation"):
        mine, known = ([getattr(run, name) for run in runs] for runs in (ours, theirs))
        found[name] = {
            "ours": float(np.mean(mine)),
            "theirs": float(np.mean(known)),
            "apart": float(abs(np.mean(mine) - np.mean(known))),
            "seeds_apart": float(np.ptp(np.asarray(known))),
            "ours_by_seed": mine,
            "theirs_by_seed": known,
        }
    across = [
        kolmogorov_smirnov(one.intervals, other.intervals)
        for one, other in itertools.product(ours, theirs)
    ]
    within = [
        kolmogorov_smirnov(one.intervals, other.intervals)
        for one, other in itertools.combinations(theirs, 2)
    ]
    apart = float(np.mean(across))
    found["intervals"] = {"apart": apart, "seeds_apart": max(within, default=0.0)}
    found["agrees"] = all(part["apart"] <= part["seeds_apart"] for part in found.values())
    return found
