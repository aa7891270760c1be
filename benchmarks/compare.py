"""Fresh results beside the last committed ones."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .reporting import QUIET
from .rows import RESULTS, Row, read
from .tables import aligned, number

SLOWER = 1.1


def main() -> None:
    """Compare every file of results with its committed self."""
    for path in sorted(RESULTS.glob("*.json")):
        if path.stem == "targets":
            continue
        committed = _committed(path)
        if committed is None:
            print(f"\n{path.stem}: nothing committed yet to compare with")
            continue
        if committed == path.read_text():
            print(f"\n{path.stem}: not measured anew since it was committed")
            continue
        old, new = read(committed), read(path.read_text())
        print(f"\n{path.stem}\n\n{comparison(old[1], new[1])}")
        for line in differences(old[0], new[0]):
            print(f"  {line}")


def comparison(old: Sequence[Row], new: Sequence[Row]) -> str:
    """A table of what was measured both times; slower by more than 1.1 is flagged."""
    before = {row.identity(): row.value for row in old}
    lines, flagged = [], 0
    for row in new:
        then = before.get(row.identity())
        if not then or row.value is None or row.unit == "count":
            continue
        ratio = row.value / then
        flagged += ratio > SLOWER
        flag = "SLOWER" if ratio > SLOWER else "faster" if ratio < 1 / SLOWER else ""
        name = f"{row.what}, {row.model}, B={row.batch}, {row.steps:,} steps, {row.dtype}"
        lines.append([name, row.unit, number(then), number(row.value), f"{ratio:.2f}", flag])
    text = aligned(["what", "unit", "committed", "now", "ratio", ""], lines)
    return f"{text}\n{flagged} of {len(lines)} slower than {SLOWER}x"


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What else was different, which a ratio must not be blamed on."""
    for what in ("machine", "versions"):
        for name, value in new[what].items():
            then = old[what].get(name)
            if then != value:
                yield f"{name} was {then}, is {value}"
    loads = old["load_average_at_start"], new["load_average_at_start"]
    if max(loads) > QUIET:
        yield f"the machine was busy: load {loads[0]} when committed, {loads[1]} now"


def _committed(path: Path) -> str | None:
    name = f"HEAD:./{path.name}"
    done = subprocess.run(
        ["git", "show", name], cwd=path.parent, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


if __name__ == "__main__":
    main()
