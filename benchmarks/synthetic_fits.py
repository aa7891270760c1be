"""Fits to recordings of cells that are known."""

import argparse
import json
import os
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

import diffneuro as dn
from diffneuro.methods import LevenbergMarquardt
from diffneuro.recordings import Recording

from .reporting import headline
from .rows import FORMAT_VERSION, RESULTS, machine, versions
from .tables import aligned

NOISE = 0.5  # mV
FREE = {
    "channels.na.g_max": (20.0, 400.0),
    "channels.k.g_max": (5.0, 120.0),
    "channels.leak.g_max": (0.03, 1.5),
    "channels.na.reversal_potential": (30.0, 70.0),
    "channels.k.reversal_potential": (-100.0, -60.0),
    "channels.leak.reversal_potential": (-80.0, -40.0),
    "capacitance": (0.4, 2.5),
    "channels.na.activation_shift": (-10.0, 10.0),
}
# 10 mV at a current of 2 nA; a fifth of the step that the example is given.
RIG = {"series_resistance": 0.005, "current_offset": -100.0}
RIG_FREE = {"series_resistance": (0.0, 0.02), "current_offset": (-400.0, 300.0)}
Case = Callable[[int], tuple[dn.AbstractModel, Recording, dict[str, float], dict[str, Any]]]


def bare(seed: int):
    """Model, recording, truth and bounds of the cell alone."""
    recording = dn.recordings.example(seed, noise=NOISE)
    return dn.neurons.HodgkinHuxley(), recording, recording.metadata["truth"], FREE


def off_centre(seed: int):
    """The same in bounds of the same width in which the truth lies anywhere from 3 to 95 %."""
    model, recording, truth, _ = bare(seed)
    draw = np.random.default_rng(seed + 100)
    moved = {}
    for name, (low, high) in FREE.items():
        if low > 0 and "reversal" not in name:
            share, ratio = draw.uniform(0.03, 0.9), high / low
            low = truth[name] / (1.0 + share * (ratio - 1.0))
            moved[name] = (low, low * ratio)
        else:
            low = truth[name] - draw.uniform(0.05, 0.95) * (high - low)
            moved[name] = (low, low + FREE[name][1] - FREE[name][0])
    return model, recording, truth, moved


def through_rig(seed: int):
    """The cell with an unknown series resistance and an unknown current, both free as well."""
    clean = dn.recordings.example(seed, noise=0.0)
    truth = {f"model.{name}": value for name, value in clean.metadata["truth"].items()} | RIG
    rig = dn.neurons.Rig(dn.neurons.HodgkinHuxley())
    shown = response(dn.replace(rig, truth), clean)
    noise = NOISE * np.random.default_rng(seed).normal(size=shown.shape)
    recording = Recording(time=clean.time, current=clean.current, voltage=shown + noise)
    free = {f"model.{name}": limits for name, limits in FREE.items()} | RIG_FREE
    return rig, recording, truth, free


CASES: dict[str, Case] = {
    "eight parameters": bare,
    "eight, truth off centre": off_centre,
    "eight and a rig": through_rig,
}


def response(model: dn.AbstractModel, recording: Recording) -> NDArray:
    """(n,) mV without noise."""
    current = recording.current[0]
    run = dn.simulate(model, current, t1=len(current) * recording.dt, dt=recording.dt)
    return np.asarray(run.y, float)


def solved(name: str, seed: int, starts: int) -> dict[str, Any]:
    """How many starts end at the noise floor with every parameter within 2 % of its range."""
    model, recording, truth, free = CASES[name](seed)
    result = dn.fit(
        model, recording, free=free, starts=starts, key=jax.random.key(seed), progress=False
    )
    off = [abs(result.starts[n] - truth[n]) / (high - low) for n, (low, high) in free.items()]
    floor = result.losses <= 1.1 * NOISE**2
    right = floor & (np.max(off, axis=0) < 0.02)
    return {
        "case": name,
        "seed": seed,
        "starts": starts,
        "at_floor": int(floor.sum()),
        "solved": int(right.sum()),
        "seconds": round(result.about["seconds"], 2),
    }


def noises(memory: float, draws: int, samples: int) -> Iterable[NDArray]:
    """White noise, or Ornstein-Uhlenbeck noise of `memory` ms, of the same variance."""
    draw = np.random.default_rng(7)
    kept = np.exp(-0.025 / memory) if memory else 0.0
    for _ in range(draws):
        news = (1.0 - kept**2) ** 0.5 * draw.normal(size=samples)
        news[0] = draw.normal()
        yield NOISE * np.asarray(lfilter([1.0], [1.0, -kept], news))


def coverage(memory: float, draws: int, steps: int) -> dict[str, Any]:
    """In how many recordings the truth lies within one standard error, by parameter."""
    clean = dn.recordings.example(0, noise=0.0)
    truth = clean.metadata["truth"]
    held, scaled = [], []
    clear = clean.voltage.astype(float)
    for noise in noises(memory, draws, clean.time.size):
        result = dn.fit(
            dn.neurons.HodgkinHuxley(),
            Recording(time=clean.time, current=clean.current, voltage=clear + noise),
            free=FREE,
            method=LevenbergMarquardt(steps),
            starts={name: [value] for name, value in truth.items()},
            progress=False,
        )
        errors, found = result.standard_errors, result.parameters
        scores = [(found[name] - truth[name]) / errors[name] for name in FREE]
        scaled.append(scores)
        held.append(np.abs(scores) < 1.0)
    shares = np.mean(held, axis=0)
    return {
        "memory_ms": memory,
        "draws": draws,
        "steps": steps,
        "share": {name: round(float(s), 3) for name, s in zip(FREE, shares, strict=True)},
        "over_all": round(float(np.mean(held)), 3),
        "spread_over_error": {
            name: round(float(s), 3)
            for name, s in zip(FREE, np.std(scaled, axis=0, ddof=1), strict=True)
        },
    }


def print_fits(fits: list[dict[str, Any]]) -> None:
    """One line for each fit."""
    columns = ["case", "seed", "starts", "at_floor", "solved", "seconds"]
    print(aligned(columns, [[str(fit[column]) for column in columns] for fit in fits]))


def print_coverage(rows: list[dict[str, Any]]) -> None:
    """One line for each parameter, a column for each noise."""
    header = ["within one standard error", *(f"{row['memory_ms']:g} ms" for row in rows)]
    lines = [[name, *(f"{row['share'][name]:.2f}" for row in rows)] for name in FREE]
    lines.append(["over all", *(f"{row['over_all']:.2f}" for row in rows)])
    print("\n" + aligned(header, lines))


def write(fits: list[dict[str, Any]], covered: list[dict[str, Any]], load: float) -> None:
    """Write results/synthetic_fits.json."""
    document = {
        "format_version": FORMAT_VERSION,
        "machine": machine(),
        "versions": versions(),
        "load_average_at_start": round(load, 2),
        "rows": [],
        "fits": fits,
        "coverage": covered,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "synthetic_fits.json").write_text(json.dumps(document, indent=1) + "\n")


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="recordings of each case")
    parser.add_argument("--starts", type=int, default=32, help="random starts of each fit")
    parser.add_argument("--draws", type=int, default=100, help="recordings for the coverage")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(headline(load), flush=True)
    fits = [solved(name, seed, options.starts) for name in CASES for seed in range(options.seeds)]
    print_fits(fits)
    covered = [coverage(memory, options.draws, 12) for memory in (0.0, 5.0)]
    print_coverage(covered)
    write(fits, covered, load)


if __name__ == "__main__":
    main()
