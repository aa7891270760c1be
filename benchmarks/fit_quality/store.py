"""A file with one run on each line."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

import diffneuro as dn

from .contenders import Contender
from .problems import Problem


def identity(problem: Problem, contender: Contender, seed: int) -> str:
    """What two runs have in common that need not both be done, in 16 letters."""
    known = dn.parameters(problem.model)
    parts = (
        {name: np.asarray(value).tolist() for name, (value, _) in known.items()},
        {name: (b.low, b.high, b.scale) for name, b in problem.free.items()},
        problem.recording.fingerprint,
        problem.held_out,
        repr(problem.loss),
        repr(contender.method),
        contender.lanes,
        seed,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def append(path: Path, row: dict[str, Any]) -> None:
    """Add one run, in one piece; what an earlier process left of a line stays a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(row, allow_nan=False) + "\n").encode()
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, b"\n" * torn + line)
        os.fsync(file)
    finally:
        os.close(file)


def rows(path: Path) -> list[dict[str, Any]]:
    """All runs in the file, without lines that were not finished."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text().splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict):
            found.append(row)
    return found
