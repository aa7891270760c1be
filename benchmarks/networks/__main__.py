"""Networks beside Brian2 and snnTorch: `python -m benchmarks.networks`."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..processes import ROOT, documents, printed_by
from ..reporting import headline
from ..rows import FORMAT_VERSION, RESULTS, Row, machine, versions
from ..tables import aligned, number
from .statistics import Activity, agreement, read
from .task import BATCH, STEPS
from .wiring import CELLS, DT, DURATION, NAMES

PEERS = str(ROOT / ".venv-peers" / "bin" / "python")
# (column, interpreter, module, arguments after the duration)
SIMULATORS = {
    "brian2": (PEERS, "benchmarks.peers.brian2_network", ()),
    "on_grid": (sys.executable, "benchmarks.networks.ours", ("on_grid",)),
    "exact": (sys.executable, "benchmarks.networks.ours", ("exact",)),
}
TRAINERS = {
    "diffneuro": (sys.executable, "benchmarks.networks.train"),
    "snntorch": (PEERS, "benchmarks.peers.snntorch_network"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, store it and print tables."""
    asked = _parser().parse_args(arguments)
    load = os.getloadavg()[0]
    print(headline(load), flush=True)
    document = _known(asked.out)
    document |= {"format_version": FORMAT_VERSION, "machine": machine(), "versions": versions()}
    document["load_average_at_start"] = round(load, 2)
    simulations = document.setdefault("simulations", {})
    for name in asked.networks:
        simulations[name] = simulated(name, asked.seeds, asked.cells, asked.duration)
        _store(asked.out, document)
        print(f"\n{name}\n\n{table(simulations[name])}", flush=True)
    if asked.training:
        document["training"] = trained()
        _store(asked.out, document)
        for name, run in document["training"].items():
            print(f"{name}: {run}", flush=True)


def simulated(name: str, seeds: Sequence[int], cells: int, duration: float) -> dict[str, Any]:
    """Every simulator and seed in a process of its own; times are the best of all."""
    runs: dict[str, list[Activity]] = {key: [] for key in SIMULATORS}
    times: dict[str, list[dict[str, float]]] = {key: [] for key in SIMULATORS}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for key, (python, module, last) in SIMULATORS.items():
                path = Path(folder, f"{key}_{seed}.npz")
                given = (name, str(seed), str(cells), str(duration), *last, str(path))
                _, problem = printed_by([python, "-m", module, *given], {})
                if problem:
                    sys.exit(f"{module} {name}: {problem}")
                found, took = read(path, cells, duration)
                runs[key].append(found)
                times[key].append(took)
    seconds = {
        key: {what: min(took[what] for took in all_of) for what in all_of[0]}
        for key, all_of in times.items()
    }
    compared = {key: agreement(runs[key], runs["brian2"]) for key in ("on_grid", "exact")}
    return {
        "cells": cells,
        "duration": duration,
        "seeds": list(seeds),
        "seconds": seconds,
        "compared_with_brian2": compared,
    }


def trained() -> dict[str, Any]:
    """The same training in both libraries, in turns."""
    found = {}
    for key, (python, module) in TRAINERS.items():
        printed, problem = printed_by([python, "-m", module], {})
        found[key] = {"failed": problem} if problem else next(documents(printed))
    return found


def table(found: dict[str, Any]) -> str:
    """A line for each simulator."""
    header = ["simulator", "compiling (s)", "running (s)", "rate (Hz)", "CV", "KS", "agrees"]
    lines = []
    first = found["compared_with_brian2"]["exact"]
    for key, seconds in found["seconds"].items():
        times = [number(seconds["compiling"]), number(seconds["running"])]
        if key == "brian2":
            parts = [first["rate"], first["variation"]]
            texts = [f"{part['theirs']:.3g} +-{part['seeds_apart']:.2g}" for part in parts]
            lines.append([key, *times, *texts, number(first["intervals"]["seeds_apart"]), ""])
            continue
        mine = found["compared_with_brian2"][key]
        texts = [f"{mine[name]['ours']:.3g}" for name in ("rate", "variation")]
        agrees = "yes" if mine["agrees"] else "no"
        lines.append([key, *times, *texts, number(mine["intervals"]["apart"]), agrees])
    return aligned(header, lines)


def _known(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def _rows(document: dict[str, Any]) -> list[Row]:
    """The times, in the form of the other results."""
    found = []
    for name, run in document.get("simulations", {}).items():
        steps = round(run["duration"] / DT)
        for key, seconds in run["seconds"].items():
            for what, value in seconds.items():
                found.append(Row("networks", f"{name} {what}", value, "s", key, 1, steps))
    for key, run in document.get("training", {}).items():
        value = run.get("per_update")
        note = run.get("failed", "")
        found.append(Row("networks", "training", value, "s/update", key, BATCH, STEPS, note=note))
    return found


def _store(path: Path, document: dict[str, Any]) -> None:
    document["rows"] = [row._asdict() for row in _rows(document)]
    path.write_text(json.dumps(document, indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__)
    add = parser.add_argument
    add("--networks", nargs="*", choices=NAMES, default=list(NAMES), help="of Brette et al. 2007")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2])
    add("--cells", type=int, default=CELLS)
    add("--duration", type=float, default=DURATION, help="ms")
    add("--training", action=argparse.BooleanOptionalAction, default=True)
    add("--out", type=Path, default=RESULTS / "networks.json", help="what is not asked for stays")
    return parser


if __name__ == "__main__":
    main()
