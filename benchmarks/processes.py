"""The measurements, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from .rows import Row

ROOT = Path(__file__).resolve().parents[1]
TIME_LIMIT = 1200.0
FLOAT64 = {"JAX_ENABLE_X64": "1"}


class Process(NamedTuple):
    """A module of this folder, with its arguments, that prints rows."""

    section: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}


# What is listed more than once is measured in several processes, and the best of them counts.
PROCESSES: tuple[Process, ...] = (
    Process("time_loop"),
    Process("time_loop", environment=FLOAT64),
    Process("yardstick"),
    Process("solvers"),
    Process("solvers", environment=FLOAT64),
    Process("cable"),
    Process("memory"),
    *(Process("first_call", ("HH",)), Process("first_call", ("HH", "plain"))) * 3,
    *(Process("first_call", (model,)) for model in ("LIF", "AdEx", "five channels") * 2),
    Process("first_call", ("GIF", "keys")),
    *(Process("cores", ("1",)), Process("cores", ("2",))) * 2,
    Process("accelerator"),
)


def run(process: Process) -> list[Row]:
    """The rows one process printed; of one that failed, a row that says so."""
    module = f"benchmarks.{process.section}"
    name = " ".join((process.section, *process.arguments))
    printed, problem = printed_by(
        [sys.executable, "-m", module, *process.arguments], process.environment
    )
    rows = [Row(**document) for document in documents(printed)]
    if problem:
        rows.append(Row(process.section, name, None, "", note=f"failed: {problem}"))
    return rows


def printed_by(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, str]:
    """What a command printed, and in one line what went wrong, if anything did."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return "", f"it took longer than {TIME_LIMIT:.0f} s"
    except OSError as error:
        return "", str(error)
    if done.returncode == 0:
        return done.stdout, ""
    said = done.stderr.strip().splitlines()
    return done.stdout, (said[-1] if said else f"exit status {done.returncode}")[:200]


def documents(printed: str) -> Iterator[dict]:
    """The lines of a text that are JSON objects."""
    for line in printed.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
