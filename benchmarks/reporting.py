"""What stands above and below the tables."""

import json

from .rows import FORMAT_VERSION, RESULTS, Row, machine, read, versions
from .targets import judge, table

# Above this load the other programs of the machine spoil the numbers.
QUIET = 0.5


def headline(load: float) -> str:
    """Where and with what this was measured, and whether the machine was busy."""
    where = machine()
    found = ", ".join(f"{name} {number}" for name, number in versions().items())
    text = f"{where['processor']}, {where['cores']} cores; {found}; load {load:.2f} at the start"
    if load > QUIET:
        text += "\nThe machine was busy: ratios taken in turns may hold, times do not."
    return text


def report_targets(load: float) -> None:
    """Judge the targets by the newest results of all sections, print and store."""
    rows: list[Row] = []
    for path in sorted(RESULTS.glob("*.json")):
        if path.stem != "targets":
            rows += read(path.read_text())[1]
    judged = judge(rows)
    document = {
        "format_version": FORMAT_VERSION,
        "machine": machine(),
        "versions": versions(),
        "load_average_at_start": round(load, 2),
        "targets": judged,
    }
    (RESULTS / "targets.json").write_text(json.dumps(document, indent=1) + "\n")
    print(f"\ntargets\n\n{table(judged)}")
