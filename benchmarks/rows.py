"""What a measurement is, and files of them."""

import json
import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"
FORMAT_VERSION = 1
PACKAGES = ("diffneuro", "jax", "jaxlib", "equinox", "numpy")


class Row(NamedTuple):
    """One measured number; all fields but the value and the note say what it is."""

    section: str
    what: str
    value: float | None
    """None where it could not be measured; the note says why"""
    unit: str
    model: str = "HH"
    batch: int = 1
    steps: int = 4000
    dtype: str = "float32"
    note: str = ""

    def identity(self) -> tuple:
        """What two rows of two runs have in common."""
        return tuple(self._replace(value=None, note=""))


def smallest(rows: Iterable[Row]) -> list[Row]:
    """One row of each identity: of repeated measurements the smallest."""
    best: dict[tuple, Row] = {}
    for row in rows:
        known = best.get(row.identity())
        if (
            known is None
            or known.value is None
            or (row.value is not None and row.value < known.value)
        ):
            best[row.identity()] = row
    return list(best.values())


def value_of(rows: Iterable[Row], section: str, what: str, **fields: Any) -> float | None:
    """The value of the first row that fits."""
    for row in rows:
        asked = {"section": section, "what": what, **fields}
        if all(getattr(row, name) == wanted for name, wanted in asked.items()):
            return row.value
    return None


def machine() -> dict[str, Any]:
    """The processor's model and how many cores this process may use."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if "model name" in line), model)
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system()}


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """The installed versions of `packages`, and of Python."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def write(name: str, rows: list[Row], load: float, **facts: Any) -> None:
    """Write results/`name`.json; `load` is the load average before anything was measured."""
    document = {
        "format_version": FORMAT_VERSION,
        "machine": machine(),
        "versions": versions(),
        "load_average_at_start": round(load, 2),
        **facts,
        "rows": [row._asdict() for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")


def read(text: str) -> tuple[dict[str, Any], list[Row]]:
    """A document that `write` wrote, and its rows."""
    document = json.loads(text)
    if document.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"the results have format version {document.get('format_version')}, and this reads "
            f"{FORMAT_VERSION}: measure again with make bench."
        )
    return document, [Row(**row) for row in document["rows"]]


def emit(rows: Iterable[Row]) -> None:
    """Hand rows to the process that started this one."""
    for row in rows:
        print(json.dumps(row._asdict()), flush=True)
