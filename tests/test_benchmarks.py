"""Tables, targets and comparison of the benchmarks; no timing."""

import pytest

from benchmarks.compare import comparison, differences
from benchmarks.rows import Row, read, smallest, value_of
from benchmarks.tables import by_batch, number
from benchmarks.targets import TARGETS, judge, table


def row(what, value, batch=1, **fields):
    return Row("time_loop", what, value, "ns/step", batch=batch, **fields)


def test_the_smallest_of_repeated_measurements_counts():
    rows = [row("forward", 3.0), row("forward", None), row("forward", 2.0), row("gradient", 9.0)]
    assert smallest(rows) == [row("forward", 2.0), row("gradient", 9.0)]
    assert value_of(rows, "time_loop", "gradient", batch=1) == 9.0
    assert value_of(rows, "time_loop", "gradient", batch=64) is None


def test_a_table_has_a_column_for_each_batch():
    rows = [row("forward", 60.0), row("forward", 7.5, 64), row("C", None, note="there is no gcc")]
    header, _, forward, other, note = by_batch(rows).splitlines()
    assert header.split()[-2:] == ["B=1", "B=64"]
    assert forward.split()[-2:] == ["60.0", "7.50"]
    assert other.split()[-1] == "-"
    assert note.strip() == "C: there is no gcc"
    assert [number(value) for value in (0.0123, 0.0, 1234567.0)] == ["0.012", "0.000", "1.23e+06"]


def test_targets_are_judged_and_what_is_not_measured_is_said():
    rows = [row("forward", 60.0), row("gradient", 150.0), row("forward", 7.0, 64)]
    rows.append(row("gradient", 28.0, 64))
    judged = {line["target"]: line for line in judge(rows)}
    assert len(judged) == len(TARGETS)
    first, second = (judged[f"gradient over forward, B={batch}"] for batch in (1, 64))
    assert (first["reached"], first["met"]) == (2.5, True)
    assert (second["reached"], second["met"]) == (4.0, False)
    assert judged["forward over the C program, B=64"]["met"] is None
    text = table(list(judged.values()))
    assert "MISSED" in text
    assert "not measured" in text


def test_comparison_flags_what_became_slower():
    old = [row("forward", 60.0), row("gradient", 200.0), row("gone", 1.0)]
    new = [row("forward", 67.0), row("gradient", 210.0), row("new", 1.0)]
    text = comparison(old, new)
    (flagged,) = [line for line in text.splitlines() if "SLOWER" in line]
    assert flagged.startswith("forward")
    assert text.endswith("1 of 2 slower than 1.1x")


def test_comparison_says_what_else_changed():
    old = {"machine": {"cores": 2}, "versions": {"jax": "1"}, "load_average_at_start": 0.1}
    new = {"machine": {"cores": 4}, "versions": {"jax": "1"}, "load_average_at_start": 3.0}
    cores, load = differences(old, new)
    assert cores == "cores was 2, is 4"
    assert "load" in load


def test_results_of_another_format_are_refused():
    with pytest.raises(ValueError, match="measure again"):
        read('{"format_version": 0, "rows": []}')
