"""Rows as text."""

from collections.abc import Iterable, Sequence

from .rows import Row


def number(value: float | None) -> str:
    """Three digits that matter; a dash for what was not measured."""
    if value is None:
        return "-"
    if value == 0 or 0.01 <= abs(value) < 1e5:
        return f"{value:.{3 if abs(value) < 1 else 2 if abs(value) < 10 else 1}f}"
    return f"{value:.3g}"


def aligned(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A text table: the first column to the left, the others to the right."""
    cells = [list(header), *(list(line) for line in lines)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    texts = []
    for line in cells:
        first, *others = (
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        texts.append("  ".join([first, *others]).rstrip())
    return "\n".join([texts[0], "-" * len(texts[0]), *texts[1:]])


def by_batch(rows: Sequence[Row]) -> str:
    """Rows of one section: a line for each thing measured, a column for each batch."""
    batches = sorted({row.batch for row in rows})
    lines: dict[tuple, dict[int, Row]] = {}
    for row in rows:
        line = (row.what, row.model, row.dtype, row.steps, row.unit)
        lines.setdefault(line, {})[row.batch] = row
    header = ["what", "model", "dtype", "steps", "unit", *(f"B={batch}" for batch in batches)]
    body = []
    for (what, model, dtype, steps, unit), found in lines.items():
        values = [number(found[b].value) if b in found else "" for b in batches]
        body.append([what, model, dtype, f"{steps:,}", unit, *values])
    notes = dict.fromkeys(f"  {row.what}: {row.note}" for row in rows if row.note)
    return "\n".join([aligned(header, body), *notes])
