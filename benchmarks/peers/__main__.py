"""All simulators in turns: speed beside accuracy."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ..processes import FLOAT64, ROOT, documents, printed_by
from ..reporting import headline, report_targets
from ..rows import Row, smallest, write
from ..tables import by_batch
from .cell import STEPS
from .reference import reference_spike_times

PYTHON = str(ROOT / ".venv-peers" / "bin" / "python")
PACKAGES = ("jaxley", "jax", "neuron", "arbor", "brian2", "numpy")
ROUNDS = 3
# (python, module and arguments, environment): ours before and after each peer's.
OURS = (sys.executable, ("diffneuro_cell",), {})
RUNS: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    OURS,
    (PYTHON, ("jaxley_cell",), {}),
    OURS,
    (PYTHON, ("neuron_cell",), {}),
    (PYTHON, ("arbor_cell",), {}),
    (sys.executable, ("diffneuro_cell",), FLOAT64),
    (PYTHON, ("brian2_cell", "1"), {}),
    (PYTHON, ("brian2_cell", "64"), {}),
)
# What does not change from one time to the next: our cables' voltages against NEURON's.
ONCE = ((sys.executable, ("diffneuro_cable_cells",), FLOAT64),)


def main() -> None:
    """Every simulator in a process of its own, several rounds, the best of each."""
    load = os.getloadavg()[0]
    print(headline(load), flush=True)
    wanted = reference_spike_times()
    measured: list[Row] = []
    for _ in range(ROUNDS):
        for python, module, environment in RUNS:
            measured += _run(python, module, environment, wanted)
    for python, module, environment in ONCE:
        measured += _run(python, module, environment, wanted)
    rows = sorted(smallest(measured), key=lambda row: (row.what, row.dtype))
    write("peers", rows, load, peers=_versions(), rounds=ROUNDS)
    print(f"\npeers\n\n{by_batch(rows)}", flush=True)
    report_targets(load)


def _run(
    python: str, module: Sequence[str], environment: dict[str, str], wanted: Sequence[float]
) -> Iterator[Row]:
    name, *arguments = module
    command = [python, "-m", f"benchmarks.peers.{name}", *arguments]
    printed, problem = printed_by(command, environment)
    for document in documents(printed):
        yield _judged(document, wanted) if "spike_times" in document else Row(**document)
    if problem:
        yield Row("peers", " ".join(module), None, "", note=f"failed: {problem}")


def _judged(document: dict[str, Any], wanted: Sequence[float]) -> Row:
    """The largest error of a spike time, where the number of spikes is right."""
    times, what = document["spike_times"], "spike times, largest error"
    value, note = None, f"{document['model']} has {len(times)} spikes, not {len(wanted)}"
    if len(times) == len(wanted):
        value, note = max(abs(t - w) for t, w in zip(times, wanted, strict=True)), ""
    return Row("peers", what, value, "ms", document["model"], 1, STEPS, document["dtype"], note)


def _versions() -> dict[str, str]:
    """What is installed in the peers' environment."""
    code = "import json, sys; from importlib.metadata import version; " + (
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    printed, problem = printed_by([PYTHON, "-c", code, *PACKAGES], {})
    return next(documents(printed), {"not known": problem})


if __name__ == "__main__":
    main()
