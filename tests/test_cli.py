"""The command line, as a user meets it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import diffneuro as dn

pytest.importorskip("typer")
pytest.importorskip("rich")
pytest.importorskip("matplotlib")

from diffneuro import _search as search, cli

RECORDINGS = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS", Path(__file__).parents[1] / ".." / "shared" / "recordings"
    )
)


def command(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "diffneuro.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of the command in this process."""
    monkeypatch.setattr(sys, "argv", ["diffneuro", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    printed = capsys.readouterr()
    return int(stop.value.code or 0), printed.out, printed.err


@pytest.fixture(scope="module")
def passive_csv(tmp_path_factory) -> Path:
    """A small recording that needs no spikes: 30 ms of a leaky cell."""
    time = 0.1 * np.arange(300)
    current = np.where(time > 5.0, 50.0, 0.0)
    run = dn.simulate(dn.neurons.LIF(), current, t1=30.0, dt=0.1)
    path = tmp_path_factory.mktemp("cli") / "cell.csv"
    rows = np.stack([time, current, np.asarray(run.y, float)], axis=1)
    np.savetxt(path, rows, delimiter=",", header="time_ms,current_pA,voltage_mV", comments="")
    return path


LIF_FIT = (
    "--model",
    "lif",
    "--free",
    "capacitance=50:800:log",
    "--free",
    "leak_conductance=2:40:log",
    "--starts",
    "2",
)


def test_version_and_help_as_a_process():
    shown = command("--version")
    assert shown.returncode == 0
    assert re.match(r"diffneuro \d+\.\d+", shown.stdout)
    helped = command("fit", "--help")
    assert helped.returncode == 0
    for option in ("--model", "--sweeps", "--free", "--starts", "--method", "--seed", "--holdout"):
        assert option in helped.stdout


def test_an_error_as_a_process_is_one_line_without_traceback(tmp_path):
    failed = command("fit", str(tmp_path / "none.abf"), "--out", str(tmp_path / "out"))
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("diffneuro: ")
    assert "none.abf" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "out").exists()


def test_debug_shows_the_traceback(tmp_path):
    failed = command("--debug", "fit", str(tmp_path / "none.abf"), "--out", str(tmp_path / "out"))
    assert failed.returncode != 0
    assert "Traceback" in failed.stderr


def test_fit_writes_a_report_and_a_fit_that_loads(tmp_path, passive_csv, monkeypatch, capsys):
    out = tmp_path / "out"
    status, shown, _ = run(
        monkeypatch, capsys, "fit", str(passive_csv), "--out", str(out), *LIF_FIT
    )
    assert status == 0
    assert "capacitance" in shown
    assert (out / "report.html").read_text().lower().startswith("<!doctype html>")
    assert not (out / "unfinished_fit.zip").exists()
    loaded = dn.FitResult.load(out / "fit.npz")
    assert loaded.parameters["capacitance"] == pytest.approx(200.0, rel=1e-3)
    assert loaded.parameters["leak_conductance"] == pytest.approx(10.0, rel=1e-3)

    saved = (out / "fit.npz").read_bytes()
    again = run(monkeypatch, capsys, "fit", str(passive_csv), "--out", str(out), *LIF_FIT)
    assert again[0] == 1
    assert "--overwrite" in again[2]
    assert (out / "fit.npz").read_bytes() == saved


def test_an_interrupted_fit_is_gone_on_with(tmp_path, passive_csv, monkeypatch, capsys):
    """Ctrl-C leaves the best so far; --resume ends where an uninterrupted fit does."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    arguments = ("fit", str(passive_csv), *LIF_FIT, "--out")
    assert run(monkeypatch, capsys, *arguments, str(whole))[0] == 0
    update, calls = search._update, []

    def interrupted(*values):
        calls.append(1)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return update(*values)

    monkeypatch.setattr(search, "_update", interrupted)
    status, shown, _ = run(monkeypatch, capsys, *arguments, str(out))
    assert status == 130
    assert "--resume" in shown
    assert not dn.FitResult.load(out / "fit.npz").completed

    # A slip of the pen costs nothing of it.
    unfinished = (out / "unfinished_fit.zip").read_bytes()
    for slip in (("--free", "typo=1:2", "--overwrite"), ()):
        assert run(monkeypatch, capsys, *arguments, str(out), *slip)[0] == 1
        assert (out / "unfinished_fit.zip").read_bytes() == unfinished

    assert run(monkeypatch, capsys, *arguments, str(out), "--resume")[0] == 0
    assert not (out / "unfinished_fit.zip").exists()
    resumed, direct = dn.FitResult.load(out / "fit.npz"), dn.FitResult.load(whole / "fit.npz")
    np.testing.assert_array_equal(resumed.history, direct.history)
    assert resumed.parameters == direct.parameters
    assert run(monkeypatch, capsys, *arguments, str(out), "--resume")[0] == 1


def test_simulate_writes_a_recording(tmp_path, monkeypatch, capsys):
    path = tmp_path / "trace.csv"
    arguments = ("simulate", "--model", "lif", "--out", str(path), "--amplitude", "300")
    assert run(monkeypatch, capsys, *arguments, "--t1", "20", "--dt", "0.1")[0] == 0
    recording = dn.recordings.load(path)
    assert recording.voltage.shape == (1, 200)
    assert recording.current.max() == 300.0
    status, _, error = run(monkeypatch, capsys, *arguments)
    assert status == 1
    assert "--overwrite" in error


def test_models_lists_parameters_with_units(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "160")
    status, shown, _ = run(monkeypatch, capsys, "models")
    assert status == 0
    for word in ("channels.na.g_max", "mS/cm2", "adex", "spike_adaptation", "lif", "pF"):
        assert word in shown


BAD_OPTIONS = {
    "unknown parameter": (("--free", "capacitence=50:800"), "capacitance"),
    "low above high": (("--free", "capacitance=800:50"), "low=800"),
    "log of nothing": (("--free", "capacitance=0:50:log"), "positive"),
    "not a bound": (("--free", "capacitance"), "NAME=LOW:HIGH"),
    "unknown scale": (("--free", "capacitance=1:50:cubic"), "'log'"),
    "no sweep": (("--sweeps", "7"), "7"),
    "not numbers": (("--sweeps", "a"), "--sweeps"),
    "hold all out": (("--holdout", "0"), "holdout"),
    "no spikes": (("--loss", "spikes"), "with --sweeps, --holdout or --crop, or take --loss"),
    "no time": (("--holdout-time", "20"), "--holdout-time '20' must be START:STOP"),
    "time beyond": (("--holdout-time", "20:40"), "no part of a sweep of 30 ms"),
    "two holdouts": (("--holdout-time", "20:30", "--holdout", "0"), "exclude each other"),
    "bad crop": (("--crop", "20"), "START:STOP"),
    "empty crop": (("--crop", "20:10"), "crop"),
    "twice the same": (("--free", "capacitance=1:2", "--free", "capacitance=1:3"), "twice"),
    "half a range": (("--sweeps", "0-"), "--sweeps"),
    "coarse step": (("--dt", "1.0"), "1 ms"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options_say_what_to_do(case, tmp_path, passive_csv, monkeypatch, capsys):
    options, expected = BAD_OPTIONS[case]
    out = tmp_path / "out"
    arguments = ("fit", str(passive_csv), "--model", "lif", "--out", str(out), *options)
    status, _, error = run(monkeypatch, capsys, *arguments)
    assert status == 1
    assert error.startswith("diffneuro: ")
    assert error.count("\n") == 1
    assert expected in error
    assert not (out / "fit.npz").exists()


def write_csv(path: Path, header: str, voltage: float = -70.0, current: float = 10.0) -> Path:
    rows = [f"{0.1 * k:.1f},{current},{voltage}" for k in range(50)]
    path.write_text("\n".join([header, *rows, ""]))
    return path


def bad_recordings(folder: Path) -> dict[str, tuple[Path, str]]:
    header = "time_ms,current_pA,voltage_mV"
    picture = folder / "picture.abf"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    hole = write_csv(folder / "hole.csv", header)
    hole.write_text(hole.read_text().replace("1.0,10.0,-70.0", "1.0,10.0,nan"))
    lengths = folder / "lengths.npz"
    np.savez(lengths, v_mV=np.full(50, -70.0), i_pA=np.zeros(49), dt_ms=0.1)
    return {
        "not a recording": (picture, "picture.abf"),
        "without units": (write_csv(folder / "bare.csv", "time,current,voltage"), "unit"),
        "volts": (write_csv(folder / "volts.csv", header, voltage=-0.07), "volt"),
        "amperes": (write_csv(folder / "amperes.csv", header, current=1e-11), "amperes"),
        "hole": (hole, "1 ms"),
        "lengths": (lengths, "49"),
    }


@pytest.mark.parametrize(
    "case", ["not a recording", "without units", "volts", "amperes", "hole", "lengths"]
)
def test_bad_recordings_say_what_to_do(case, tmp_path, monkeypatch, capsys):
    path, expected = bad_recordings(tmp_path)[case]
    arguments = ("fit", str(path), "--model", "lif", "--out", str(tmp_path / "out"))
    status, _, error = run(monkeypatch, capsys, *arguments)
    assert status == 1
    assert error.count("\n") == 1
    assert expected in error
    assert not (tmp_path / "out").exists()


def test_out_that_is_a_file_is_left_alone(tmp_path, passive_csv, monkeypatch, capsys):
    out = tmp_path / "notes.txt"
    out.write_text("mine")
    status, _, error = run(
        monkeypatch, capsys, "fit", str(passive_csv), "--out", str(out), *LIF_FIT
    )
    assert status == 1
    assert "folder" in error
    assert out.read_text() == "mine"


def test_out_below_a_file_cannot_be_written(tmp_path, passive_csv, monkeypatch, capsys):
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "out"
    status, _, error = run(
        monkeypatch, capsys, "fit", str(passive_csv), "--out", str(out), *LIF_FIT
    )
    assert status == 1
    assert "cannot be written" in error


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings in {RECORDINGS}")
def test_truncated_abf_of_a_real_cell(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pyabf")
    original = (RECORDINGS / "abf-171116sh" / "171116sh_0016.abf").read_bytes()
    path = tmp_path / "short.abf"
    path.write_bytes(original[: len(original) // 2])
    arguments = ("fit", str(path), "--model", "lif", "--out", str(tmp_path / "out"))
    status, _, error = run(monkeypatch, capsys, *arguments)
    assert status == 1
    assert error.count("\n") == 1
    assert "short.abf" in error
