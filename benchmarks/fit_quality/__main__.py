"""Every method on every cell: `python -m benchmarks.fit_quality`."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import jax

from ..reporting import headline
from ..rows import RESULTS
from .cells import CELLS, FOLDER, SINGLE_SWEEP
from .contenders import NAMES as METHODS, Contender, contenders
from .genetic import Breeder
from .problems import NAMES as PROBLEMS, Problem, problem
from .runs import run
from .store import append, identity, rows
from .table import newest, table


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for and not in the file yet, then print the table."""
    asked = _parser().parse_args(arguments)
    if not asked.recordings.is_dir():
        sys.exit(
            f"skipped: there is no folder of recordings {asked.recordings}; name it by "
            "--recordings or DIFFNEURO_RECORDINGS."
        )
    print(headline(os.getloadavg()[0]), flush=True)
    breeder = Breeder()
    try:
        for name in asked.problem:
            for cell in asked.cells:
                _cell(name, cell, asked, breeder)
                # Compiled programs of one cell are of no use to the next.
                jax.clear_caches()
    except KeyboardInterrupt:
        print("interrupted: what was finished is kept.", flush=True)
    finally:
        breeder.close()
    kept = [row for row in rows(asked.out) if _is_asked(row, asked)]
    print(f"\n{table(newest(kept))}" if kept else "\nnothing was measured")


def _cell(name: str, cell: str, asked: argparse.Namespace, breeder: Breeder) -> None:
    try:
        question = problem(name, cell, asked.recordings)
    except FileNotFoundError as error:
        print(f"{cell}: skipped, {error}", flush=True)
        return
    chosen = contenders(asked.methods, question, asked.budget_scale, breeder)
    for method, one in chosen.items():
        for seed in asked.seeds:
            _once(question, method, one, seed, asked)


def _once(question: Problem, method: str, one: Contender, seed: int, asked) -> None:
    here = f"{question.name} {question.cell} {method} seed {seed}"
    if identity(question, one, seed) in {row["identity"] for row in rows(asked.out)}:
        print(f"{here}: done before", flush=True)
        return
    try:
        row = run(question, one, seed)
    except (ValueError, RuntimeError):
        print(f"{here}: failed\n{traceback.format_exc(limit=3)}", flush=True)
        return
    if not row["completed"]:
        raise KeyboardInterrupt
    append(asked.out, {**row, "method": method, "budget_scale": asked.budget_scale})
    print(
        f"{here}: loss {row['loss']:.4g}, {row['simulations']:.0f} simulations, "
        f"{row['seconds']:.0f} s, spikes {sum(row['model_spikes'])}/{sum(row['recorded_spikes'])}",
        flush=True,
    )


def _is_asked(row: dict, asked: argparse.Namespace) -> bool:
    return (
        row["problem"] in asked.problem
        and row["cell"] in asked.cells
        and row["method"] in asked.methods
        and row["seed"] in asked.seeds
        and row["budget_scale"] == asked.budget_scale
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_quality", description=__doc__)
    add = parser.add_argument
    add("--problem", nargs="+", choices=PROBLEMS, default=["multiscale"], help="model and bounds")
    cells = "by default those with a single step; of the others steps are held out"
    add("--cells", nargs="+", choices=list(CELLS), default=list(SINGLE_SWEEP), help=cells)
    add("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    add("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    scale = "the starts of ours as a share of the usual, at least 4; others get as many simulations"
    add("--budget-scale", type=float, default=1.0, help=scale)
    add("--recordings", type=Path, default=FOLDER, help="the folder of recordings")
    add("--out", type=Path, default=RESULTS / "fit_quality.jsonl", help="added to, not replaced")
    return parser


if __name__ == "__main__":
    main()
