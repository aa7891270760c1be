"""Recordings: what is read is right, what is wrong is refused."""

import hashlib
import json
import os
import struct
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from diffneuro.recordings import Recording, load

FOLDER = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS",
        Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
    )
)
needs_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the folder of recordings is absent (DIFFNEURO_RECORDINGS)"
)
PYR1 = FOLDER / "ca1-pyr1" / "PYR1.abf"
RAMPS = FOLDER / "abf-171116sh" / "171116sh_0016.abf"
NWB = FOLDER / "s1-l23-vc-cc" / "LantyerEtAl2018_180817_ME_9_CC.nwb"


def made(sweeps: int = 2, n: int = 100, dt: float = 0.1, **changes) -> Recording:
    time = dt * np.arange(n)
    current = np.outer(np.arange(sweeps), (time > 3.0) * 50.0)
    fields = {"time": time, "current": current, "voltage": -65.0 + 0.1 * current}
    return Recording(**(fields | changes))


# Recording


def test_recording_has_rows_numbers_and_durations():
    recording = made(sweep_numbers=(4, 7), metadata={"protocol": "steps"})
    assert recording.sweeps == 2
    assert recording.sweep_numbers == (4, 7)
    assert recording.dt == pytest.approx(0.1)
    assert recording.duration == pytest.approx(10.0)
    assert (recording.source, recording.sha256) == ("", "")
    assert "2 sweeps of 10 ms" in repr(recording)
    assert made(sweeps=3).sweep_numbers == (0, 1, 2)


def test_one_dimension_is_one_sweep():
    recording = Recording(time=np.arange(3.0), current=np.zeros(3), voltage=np.full(3, -70.0))
    assert recording.current.shape == recording.voltage.shape == (1, 3)


def test_recording_does_not_change_with_or_through_its_arrays():
    voltage = np.full(3, -70.0)
    recording = Recording(time=np.arange(3.0), current=np.zeros(3), voltage=voltage)
    voltage[:] = 0.0
    assert (recording.voltage == -70.0).all()
    with pytest.raises(ValueError, match="read-only"):
        recording.voltage[0, 0] = 0.0


def test_time_in_single_precision_is_made_exact():
    time = (0.1 * np.arange(600_000)).astype(np.float32)
    recording = Recording(time=time, current=np.zeros(time.size), voltage=-60.0 + 0.0 * time)
    assert recording.dt == pytest.approx(0.1, rel=1e-8)
    assert recording.time[-1] == pytest.approx(59_999.9, rel=1e-8)


def test_fingerprint_names_the_values():
    assert made().fingerprint == made(metadata={"note": "same data"}).fingerprint
    assert len(made().fingerprint) == 64
    changed = made().voltage.copy()
    changed[0, 0] += 1e-12
    assert made(voltage=changed).fingerprint != made().fingerprint
    assert made().crop(0.0, 5.0).fingerprint != made().fingerprint


def with_value(value: float) -> np.ndarray:
    voltage = np.full((2, 100), -65.0)
    voltage[1, 20:] = value
    return voltage


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"voltage": np.full((2, 99), -65.0)}, "voltage has 99 samples but time has 100"),
        ({"voltage": np.full((3, 100), -65.0)}, "current has 2 sweeps but voltage has 3"),
        ({"voltage": np.full((1, 2, 100), -65.0)}, r"shape \(1, 2, 100\)"),
        ({"voltage": [[-65.0] * 100, [-65.0] * 99]}, "equal lengths"),
        ({"current": np.zeros((0, 100))}, "current has no sweep"),
        ({"time": np.zeros(1)}, "at least two samples"),
        ({"time": 0.1 * np.arange(100) + 5.0}, "time starts at 5 ms"),
        ({"time": 0.1 * np.delete(np.arange(101), 50)}, "time is not uniform near"),
        ({"time": -0.1 * np.arange(100)}, "must increase"),
        ({"time": np.full(100, np.nan)}, "time is not finite at sample 0"),
        ({"voltage": with_value(np.nan)}, "voltage is nan in sweep 1 at 2 ms"),
        ({"current": with_value(np.inf)}, "current is inf in sweep 1 at 2 ms"),
        ({"voltage": np.full((2, 100), -0.065)}, "looks like volts: multiply by 1000"),
        ({"voltage": np.full((2, 100), -65e3)}, "-65000 mV, outside -250 to 200"),
        ({"voltage": np.zeros((2, 100))}, "voltage is 0 everywhere"),
        ({"current": np.full((2, 100), 5e-11)}, "looks like amperes: multiply by 1e12"),
        ({"current": np.full((2, 100), 5e7)}, "current peaks at 5e[+]07 pA"),
        ({"sweep_numbers": (1,)}, "1 entries for 2 sweeps"),
        ({"sweep_numbers": (1, 1)}, "repeat"),
        ({"metadata": {"array": np.zeros(2)}}, "metadata cannot be written as JSON"),
    ],
)
def test_bad_arrays_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        made(**changes)


def test_zero_current_is_legal():
    assert not made(current=np.zeros((2, 100))).current.any()


def test_select_goes_by_number():
    recording = made(sweeps=3, sweep_numbers=(4, 7, 9))
    chosen = recording.select([9, 4])
    assert chosen.sweep_numbers == (9, 4)
    np.testing.assert_array_equal(chosen.current, recording.current[[2, 0]])
    assert recording.select(7).sweeps == 1
    assert chosen.metadata["history"] == ["select [9, 4]"]
    assert "history" not in recording.metadata


@pytest.mark.parametrize(
    ("sweeps", "message"),
    [([], "sweeps is empty: choose from 4, 7"), ([0], "sweeps 0 do not exist"), ([4, 4], "repeat")],
)
def test_select_refuses(sweeps, message):
    with pytest.raises(ValueError, match=message):
        made(sweep_numbers=(4, 7)).select(sweeps)


def test_crop_keeps_the_window_and_restarts_time():
    recording = made()
    cut = recording.crop(2.0, 5.0)
    assert (cut.time[0], cut.duration) == (0.0, pytest.approx(3.0))
    np.testing.assert_array_equal(cut.current, recording.current[:, 20:50])


@pytest.mark.parametrize("window", [(-1.0, 5.0), (5.0, 5.0), (0.0, 10.2), (0.0, 0.1)])
def test_crop_refuses(window):
    with pytest.raises(ValueError, match="crop from"):
        made().crop(*window)


def test_quiet_part_of_a_recording_is_not_taken_for_amperes():
    current = np.full(100, 1e-4)
    current[50:] = 100.0
    recording = Recording(np.arange(100.0), current, np.full(100, -60.0))
    assert recording.crop(0.0, 40.0).current.max() == 1e-4


def test_resample_down_averages_the_held_current_exactly():
    pytest.importorskip("scipy")
    slow = made().resample(0.4)
    # The step turns on at 3.1 ms: a quarter of the interval that starts at 2.8 ms.
    assert slow.time.size == 25
    np.testing.assert_array_equal(slow.current[1, :7], 0.0)
    assert slow.current[1, 7] == pytest.approx(12.5)
    np.testing.assert_array_equal(slow.current[1, 8:], 50.0)
    uneven = made().resample(0.25)
    assert uneven.current.sum() * 0.25 == pytest.approx(made().current.sum() * 0.1)


def test_resample_down_has_no_aliases_and_no_delay():
    pytest.importorskip("scipy")
    time = 0.1 * np.arange(5000)
    slow_wave, fast_wave = (np.sin(2 * np.pi * f * time / 1e3) for f in (10.0, 4400.0))
    recording = Recording(time, np.zeros(5000), -65.0 + 10 * slow_wave + 10 * fast_wave)
    slow = recording.resample(0.5)
    expected = -65.0 + 10 * slow_wave[::5]
    assert np.abs(slow.voltage[0] - expected)[20:-20].max() < 0.05


def test_resample_up_holds_current_and_interpolates_voltage():
    recording = Recording(np.arange(3.0), [0.0, 10.0, 20.0], [-70.0, -60.0, -50.0])
    fine = recording.resample(0.5)
    np.testing.assert_allclose(fine.current[0], [0, 0, 10, 10, 20])
    np.testing.assert_allclose(fine.voltage[0], [-70, -65, -60, -55, -50])
    assert fine.dt == 0.5


def test_resample_refuses():
    with pytest.raises(ValueError, match="no ratio of small integers"):
        made().resample(0.1 * np.pi)
    with pytest.raises(ValueError, match="positive"):
        made().resample(-1.0)
    assert made().resample(0.1).time.size == 100


# Files


def test_missing_file_directory_and_other_kinds(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load(tmp_path / "absent.abf")
    with pytest.raises(ValueError, match="is a directory"):
        load(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ValueError, match="not a recording"):
        load(tmp_path / "picture.png")


@pytest.mark.parametrize("suffix", ["abf", "nwb", "ibw", "pxp", "npz", "csv"])
@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"some text\n", b""])
def test_other_content_under_the_suffix_of_a_recording(tmp_path, suffix, content):
    package = {"abf": "pyabf", "nwb": "pynwb", "ibw": "igor2", "pxp": "igor2"}.get(suffix)
    if package:
        pytest.importorskip(package)
    path = tmp_path / f"other.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.\w+' (is not|cannot be|has|holds)"):
        load(path, current=str(path) if suffix == "ibw" else "auto")


@pytest.mark.parametrize(
    ("package", "suffix"), [("pyabf", "abf"), ("pynwb", "nwb"), ("igor2", "ibw")]
)
def test_missing_reader_names_the_extra(tmp_path, monkeypatch, package, suffix):
    path = tmp_path / f"recording.{suffix}"
    head = bytearray(b"ABF ".ljust(6144, b"\0"))
    path.write_bytes(bytes(head))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"pip install 'diffneuro\[io\]'"):
        load(path, current=str(path) if suffix == "ibw" else "auto")


# NPZ


def test_npz_currents(tmp_path):
    path = tmp_path / "cell.npz"
    voltage = np.full((2, 10), -70.0)
    np.savez(path, v_mV=voltage, i_cmd_pA=voltage * 0 + 5, i_meas_pA=voltage * 0 + 6, dt_ms=0.1)
    assert load(path).current[0, 0] == 5
    assert load(path, current="command").current[0, 0] == 5
    assert load(path, current="measured").current[0, 0] == 6
    assert load(path, current="i_meas_pA").current[0, 0] == 6
    assert load(path, current_scale=2.0).current[0, 0] == 10
    assert load(path, sweeps=[1]).sweep_numbers == (1,)
    recording = load(path)
    assert recording.source == "cell.npz"
    assert recording.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    json.dumps(recording.metadata)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"i_pA": [1.0, 2.0], "dt_ms": 0.1}, "has no voltage 'v_mV'"),
        ({"i_pA": [1.0], "v_cmd_mV": [1.0], "dt_ms": 0.1}, "voltage-clamp command"),
        ({"v_mV": [-70.0, -70.0], "dt_ms": 0.1}, "has no current i_pA or"),
        ({"v_mV": [-70.0, -70.0], "i_pA": [1.0, 1.0]}, "has no key 'dt_ms'"),
        ({"v_mV": [-70.0, -70.0], "i_pA": [1.0, 1.0], "dt_ms": 0.0}, "dt_ms is"),
        ({"v_mV": [-70.0, -70.0], "i_pA": [1.0], "dt_ms": 0.1}, "2 samples of voltage but 1"),
        ({"v_mV": [[-70.0, -70.0]] * 2, "i_pA": [1.0, 1.0], "dt_ms": 0.1}, "has 2 sweeps"),
        ({"v_mV": [-70.0, np.nan], "i_pA": [1.0, 1.0], "dt_ms": 0.1}, "nan in sweep 0 at 0.1 ms"),
        ({"v_mV": [-0.07, -0.07], "i_pA": [1.0, 1.0], "dt_ms": 0.1}, "looks like volts"),
        ({"v_mV": [-70.0, -70.0], "i_pA": [1e-10, 1e-10], "dt_ms": 0.1}, "like amperes"),
        ({"v_mV": np.array([{}]), "i_pA": [1.0], "dt_ms": 0.1}, "without Python objects"),
    ],
)
def test_bad_npz(tmp_path, arrays, message):
    np.savez(tmp_path / "cell.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "cell.npz")


def test_bad_requests(tmp_path):
    path = tmp_path / "cell.npz"
    np.savez(path, v_mV=np.full((2, 10), -70.0), i_pA=np.zeros((2, 10)), dt_ms=0.1)
    for arguments, message in [
        ({"sweeps": []}, "sweeps is empty"),
        ({"sweeps": [5]}, "sweeps 5 do not exist: choose from 0, 1"),
        ({"current_scale": 0.0}, "current_scale is 0"),
        ({"voltage_scale": np.nan}, "voltage_scale is nan"),
        ({"current": "i_other_pA"}, "has no current i_other_pA"),
    ]:
        with pytest.raises(ValueError, match=message):
            load(path, **arguments)


# Tables


def written(tmp_path: Path, text: str, name: str = "cell.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "time_ms,current_pA,voltage_mV\n0,0,-70\n0.1,100,-69\n0.2,100,-68\n"),
        ("b.csv", "# cell 3\nt (s),I [nA],Vm (mV)\n1,0,-70\n1.0001,0.1,-69\n1.0002,0.1,-68\n"),
        ("c.tsv", "Time (ms)\tIm (A)\tVm (V)\n0\t0\t-0.07\n.1\t1e-10\t-0.069\n.2\t1e-10\t-.068\n"),
        ("d.csv", "t [ms];I [pA];V [mV]\n0;0;-70\n0,1;100;-69\n0,2;100;-68\n"),
        ("e.txt", "\ufefft_\u00b5s\ti_pA\tv_mV\n0\t0\t-70\n100\t100\t-69\n200\t100\t-68\n"),
    ],
)
def test_table_units(tmp_path, name, text):
    recording = load(written(tmp_path, text, name))
    np.testing.assert_allclose(recording.time, [0.0, 0.1, 0.2], rtol=1e-6)
    np.testing.assert_allclose(recording.current, [[0.0, 100.0, 100.0]])
    np.testing.assert_allclose(recording.voltage, [[-70.0, -69.0, -68.0]])


@pytest.mark.parametrize(
    ("header", "numbers"),
    [
        ("time_ms,current_pA_1,voltage_mV_1,current_pA_4,voltage_mV_4", (1, 4)),
        ("time_ms,I 1 (pA),Vm 1 (mV),I 4 (pA),Vm 4 (mV)", (1, 4)),
        ("time_ms,current_pA,voltage_mV,current_pA,voltage_mV", (0, 1)),
    ],
)
def test_table_of_sweeps(tmp_path, header, numbers):
    path = written(tmp_path, header + "\n0,1,-70,2,-60\n1,1,-70,2,-60\n")
    recording = load(path)
    assert recording.sweep_numbers == numbers
    np.testing.assert_array_equal(recording.voltage[:, 0], [-70, -60])
    np.testing.assert_array_equal(recording.current[:, 0], [1, 2])
    assert load(path, sweeps=numbers[1]).current[0, 0] == 2


def test_table_choices(tmp_path):
    text = "t_ms,i_cmd_pA,i_meas_pA,soma_mV,dendrite_mV\n0,1,2,-70,-60\n1,1,2,-70,-60\n"
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match="channel is open"):
        load(path)
    assert load(path, channel="dendrite").voltage[0, 0] == -60
    assert load(path, channel=0).current[0, 0] == 2
    assert load(path, channel=0, current="command").current[0, 0] == 1
    assert load(path, channel=0, current="i_cmd").current[0, 0] == 1
    shared = written(tmp_path, "t_ms,i_pA,v_mV_1,v_mV_2\n0,1,-70,-60\n1,1,-70,-60\n", "b.csv")
    np.testing.assert_array_equal(load(shared).current, np.ones((2, 2)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,current,voltage\n0,0,-70\n1,0,-70\n", "without a known unit: write the header"),
        ("0,0,-70\n1,0,-70\n2,0,-70\n", "without a known unit"),
        ("current_pA,voltage_mV\n0,-70\n0,-70\n", "0 columns of time"),
        ("time_ms,voltage_mV\n0,-70\n1,-70\n", "no current column"),
        ("time_ms,current_pA\n0,-70\n1,-70\n", "no voltage column"),
        ("time_ms,current_pA,voltage_mV\n0,0,-70\n", "at least two rows"),
        ("time_ms,current_pA,voltage_mV\n0,0,-70\n1,0\n", "2 cells in row 2 but 3"),
        ("time_ms,current_pA,voltage_mV\n0,0,-70\n1,0,\n", "no number"),
        ("time_ms,current_pA,voltage_mV\n0,0,-70\n1,0,nan\n", "voltage is nan in sweep 0 at 1 ms"),
        ("time_ms,current_pA,voltage_mV\n0,0,-0.07\n1,0,-0.07\n", "looks like volts"),
        ("time_ms,current_pA,voltage_mV\n0,1e-10,-70\n1,1e-10,-70\n", "looks like amperes"),
        ("time_ms,i_pA,v_mV\n0,0,-70\n1,0,-70\n3,0,-70\n", "not uniform"),
        ("t_ms,i_pA_1,i_pA_2,v_mV_1,v_mV_3\n0,0,0,-70,-70\n1,0,0,-70,-70\n", "other numbers"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load(written(tmp_path, text))


# Axon


@needs_recordings
def test_abf1_equals_its_copy():
    pytest.importorskip("pyabf")
    copy = np.load(FOLDER / "ca1-pyr1" / "pyr1_steps.npz")
    command = load(PYR1, current="command", current_scale=10.0)
    np.testing.assert_array_equal(command.voltage, copy["v_mV"])
    np.testing.assert_array_equal(command.current, copy["i_cmd_pA"])
    assert command.dt == copy["dt_ms"]
    assert command.sha256.startswith("4c133fa9fd2be30b")
    measured = load(PYR1, sweeps=[3, 29])
    np.testing.assert_array_equal(measured.current, copy["i_meas_pA"][[3, 29]])
    assert measured.sweep_numbers == (3, 29)
    assert measured.metadata["protocol"] == "cc10pA1s"


@needs_recordings
def test_abf2_equals_its_copy():
    pytest.importorskip("pyabf")
    copy = np.load(RAMPS.with_suffix(".npz"))
    recording = load(RAMPS)
    np.testing.assert_array_equal(recording.voltage, copy["v_mV"])
    np.testing.assert_allclose(recording.current, copy["i_cmd_pA"], atol=1e-5)


@needs_recordings
@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        (PYR1, {"current": "command"}, "units: mV.: pass current_scale"),
        (PYR1, {"current_scale": 10.0}, "say which, 'measured' or 'command'"),
        (PYR1, {"channel": "Imemb"}, "in 'pA', which is no unit of voltage"),
        (PYR1, {"channel": 5}, "channel 5 is not in the file"),
        (PYR1, {"sweeps": [30]}, "sweeps 30 do not exist"),
        (PYR1, {"current": "Vx"}, "current 'Vx' is not in the file"),
        (RAMPS, {"current": "measured"}, "no measured current"),
        (RAMPS.with_name("171116sh_0011.abf"), {}, "has no voltage channel"),
    ],
)
def test_abf_refuses(path, arguments, message):
    pytest.importorskip("pyabf")
    with pytest.raises(ValueError, match=message):
        load(path, **arguments)


@needs_recordings
@pytest.mark.parametrize("path", [PYR1, RAMPS], ids=["abf1", "abf2"])
@pytest.mark.parametrize("share", [1e-4, 1e-3, 0.5, 0.999])
def test_truncated_abf(tmp_path, path, share):
    pytest.importorskip("pyabf")
    content = path.read_bytes()
    cut = tmp_path / "cut.abf"
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="cut short"):
        load(cut)


# NWB


def nwb_file(path: Path, voltages, currents, *, numbered=True, table=False, electrodes=1, **more):
    """Write series of voltage (V) and current (A), each a list of arrays."""
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.icephys import CurrentClampSeries, CurrentClampStimulusSeries

    nwb = NWBFile(
        session_description="test", identifier="test", session_start_time=datetime.now(UTC)
    )
    device = nwb.create_device(name="amplifier")
    sites = [
        nwb.create_icephys_electrode(name=f"site{k}", description="", device=device)
        for k in range(electrodes)
    ]
    series = {"voltage": [], "current": []}
    for kind, rows in (("voltage", voltages), ("current", currents)):
        make = CurrentClampSeries if kind == "voltage" else CurrentClampStimulusSeries
        for k, row in enumerate(rows):
            number = {"sweep_number": k // electrodes + 5} if numbered else {}
            fields = {
                "rate": 10_000.0,
                "gain": 1.0,
                "data": row,
                "electrode": sites[k % electrodes],
            }
            new = make(name=f"{kind}_{k:03d}", **(fields | number | more))
            series[kind].append(new)
            (nwb.add_acquisition if kind == "voltage" else nwb.add_stimulus)(new)
    if table:
        for response, stimulus in zip(series["voltage"], reversed(series["current"]), strict=True):
            nwb.add_intracellular_recording(
                electrode=sites[0], stimulus=stimulus, response=response
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with NWBHDF5IO(path=str(path), mode="w") as io:
            io.write(nwb)
    return path


V = [np.full(10, -0.07), np.full(10, -0.06)]
I = [np.full(10, 1e-11), np.full(10, 2e-11)]  # noqa: E741


@needs_recordings
def test_nwb_equals_its_copy():
    pytest.importorskip("pynwb")
    copy = np.load(FOLDER / "s1-l23-vc-cc" / "180817_ME_9_CC.npz")
    recording = load(NWB)
    np.testing.assert_allclose(recording.voltage, copy["v_mV"], rtol=1e-6)
    np.testing.assert_allclose(recording.current, copy["i_pA"], rtol=1e-6, atol=1e-9)
    assert recording.dt == copy["dt_ms"]
    assert recording.sweep_numbers == tuple(range(1, 11))


def test_nwb_conversion_offset_and_clock(tmp_path):
    pytest.importorskip("pynwb")
    data = [np.full(10, -71.0), np.full(10, -61.0)]
    path = nwb_file(tmp_path / "a.nwb", data, data, conversion=1e-3, offset=1e-3)
    recording = load(path, current_scale=1.0)
    np.testing.assert_allclose(recording.voltage[:, 0], [-70.0, -60.0])
    assert recording.sweep_numbers == (5, 6)
    assert recording.dt == pytest.approx(0.1)
    time = {"rate": None, "timestamps": 2.0 + 1e-4 * np.arange(10)}
    stamped = load(nwb_file(tmp_path / "b.nwb", V, I, **time))
    assert stamped.dt == pytest.approx(0.1)
    assert stamped.time[0] == 0.0


@pytest.mark.parametrize("numbered", [True, False])
def test_nwb_matches_by_number_or_by_name(tmp_path, numbered):
    pytest.importorskip("pynwb")
    recording = load(nwb_file(tmp_path / "a.nwb", V, I, numbered=numbered))
    np.testing.assert_allclose(recording.voltage[:, 0], [-70.0, -60.0])
    np.testing.assert_allclose(recording.current[:, 0], [10.0, 20.0])
    assert recording.sweep_numbers == ((5, 6) if numbered else (0, 1))
    one = load(tmp_path / "a.nwb", channel="voltage_001", current="current_000")
    assert (one.voltage[0, 0], one.current[0, 0]) == (pytest.approx(-60), pytest.approx(10))


def test_nwb_matches_by_the_table(tmp_path):
    pytest.importorskip("pynwb")
    recording = load(nwb_file(tmp_path / "a.nwb", V, I, table=True))
    np.testing.assert_allclose(recording.current[:, 0], [20.0, 10.0])


def test_nwb_of_two_electrodes_asks_which(tmp_path):
    pytest.importorskip("pynwb")
    path = nwb_file(tmp_path / "a.nwb", V, I, electrodes=2)
    with pytest.raises(ValueError, match=r"electrodes 'site0' \(0\), 'site1' \(1\)"):
        load(path)
    np.testing.assert_allclose(load(path, channel="site1").current[0, 0], 20.0)
    np.testing.assert_allclose(load(path, channel=0).current[0, 0], 10.0)


def test_nwb_skips_a_voltage_or_current_without_partner(tmp_path):
    pytest.importorskip("pynwb")
    recording = load(nwb_file(tmp_path / "a.nwb", V, I[:1]))
    assert recording.sweep_numbers == (5,)
    assert recording.metadata["without_current"] == ["voltage_001"]
    assert load(nwb_file(tmp_path / "b.nwb", V[:1], I)).current[0, 0] == pytest.approx(10.0)


def test_nwb_never_borrows_a_current_of_another_electrode(tmp_path):
    pytest.importorskip("pynwb")
    path = nwb_file(tmp_path / "a.nwb", V, I[:1], electrodes=2)
    with pytest.raises(ValueError, match="no stimulus that belongs to voltage_001"):
        load(path, channel="site1")


def test_nwb_without_current(tmp_path):
    pytest.importorskip("pynwb")
    with pytest.raises(ValueError, match="holds voltage without current"):
        load(nwb_file(tmp_path / "a.nwb", V, []))
    with pytest.raises(ValueError, match="no CurrentClampSeries"):
        load(nwb_file(tmp_path / "b.nwb", [], []))
    with pytest.raises(ValueError, match="'measured' is not what an NWB file holds"):
        load(nwb_file(tmp_path / "c.nwb", V, I), current="measured")


def test_nwb_of_voltage_clamp_only(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    nwb = pynwb.NWBFile(
        session_description="test", identifier="test", session_start_time=datetime.now(UTC)
    )
    device = nwb.create_device(name="amplifier")
    site = nwb.create_icephys_electrode(name="site", description="", device=device)
    fields = {"rate": 1e4, "gain": 1.0, "electrode": site, "data": np.zeros(10)}
    nwb.add_acquisition(pynwb.icephys.VoltageClampSeries(name="clamp", **fields))
    with pynwb.NWBHDF5IO(path=str(tmp_path / "a.nwb"), mode="w") as io:
        io.write(nwb)
    with pytest.raises(ValueError, match="only voltage clamp, 1 series"):
        load(tmp_path / "a.nwb")


def test_nwb_of_unequal_sweeps_and_bad_values(tmp_path):
    pytest.importorskip("pynwb")
    lengths = [np.full(10, 1.0), np.full(10, 1.0), np.full(8, 1.0)]
    path = nwb_file(tmp_path / "a.nwb", [-0.07 * x for x in lengths], [1e-11 * x for x in lengths])
    with pytest.raises(ValueError, match=r"10 samples.*8 samples.*sweeps=\[5, 6\]"):
        load(path)
    assert load(path, sweeps=[5, 6]).sweeps == 2
    path = nwb_file(tmp_path / "b.nwb", [np.array([-0.07, np.nan])], [np.zeros(2)])
    with pytest.raises(ValueError, match=r"voltage is nan in sweep 5 at 0\.1 ms"):
        load(path)
    path = nwb_file(tmp_path / "c.nwb", V, [row[:9] for row in I])
    with pytest.raises(ValueError, match="sweep 5 has 10 samples of voltage but 9 of current"):
        load(path)


@needs_recordings
def test_truncated_nwb(tmp_path):
    pytest.importorskip("pynwb")
    content = NWB.read_bytes()
    (tmp_path / "cut.nwb").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="cannot be read as NWB"):
        load(tmp_path / "cut.nwb")


# Igor


def igor_wave(name: str, values, unit: str, dt: float = 5e-5, time_unit: str = "s") -> bytes:
    """A version-5 binary wave of single-precision numbers (n,) or (n, sweeps)."""
    values = np.asarray(values, dtype="<f4")
    data = values.tobytes(order="F")
    shape = [*values.shape, 0, 0, 0][:4]
    head = struct.pack("<3IihH6xH32s8x", 0, 0, 0, values.size, 2, 0, 1, name.encode())
    head += struct.pack("<4i4d4d", *shape, dt, 1, 1, 1, 0, 0, 0, 0)
    head = (head + struct.pack("<4s4s", unit.encode(), time_unit.encode())).ljust(320, b"\0")
    sizes = struct.pack("<15i", 320 + len(data), *[0] * 14)
    total = sum(struct.unpack("<191H", struct.pack("<H", 5) + sizes + head)) & 0xFFFF
    return struct.pack("<HH", 5, -total & 0xFFFF) + sizes + head + data


def igor_experiment(path: Path, waves: list[bytes]) -> Path:
    path.write_bytes(b"".join(struct.pack("<HhI", 3, 5, len(wave)) + wave for wave in waves))
    return path


def test_igor_waves(tmp_path):
    pytest.importorskip("igor2")
    voltage = np.linspace(-0.07, -0.05, 20).reshape(10, 2)
    (tmp_path / "vm.ibw").write_bytes(igor_wave("vm", voltage, "V"))
    (tmp_path / "im.ibw").write_bytes(igor_wave("im", 1e-10 * np.ones((10, 2)), "A"))
    recording = load(tmp_path / "vm.ibw", current="im.ibw")
    np.testing.assert_allclose(recording.voltage, 1e3 * voltage.T, rtol=1e-6)
    np.testing.assert_allclose(recording.current, 100.0, rtol=1e-6)
    assert recording.dt == pytest.approx(0.05)
    assert recording.metadata["current_source"] == "im.ibw"
    assert load(tmp_path / "vm.ibw", current=str(tmp_path / "im.ibw"), sweeps=1).sweeps == 1
    with pytest.raises(ValueError, match="holds one wave: give the path"):
        load(tmp_path / "vm.ibw")
    with pytest.raises(FileNotFoundError, match="is no file"):
        load(tmp_path / "vm.ibw", current="absent.ibw")
    with pytest.raises(ValueError, match="in 'V', which is no unit of current"):
        load(tmp_path / "vm.ibw", current="vm.ibw")


def igor_wave_version_2(name: str, values, unit: str, dt: float) -> bytes:
    """A version-2 binary wave of single-precision numbers (n,)."""
    data = np.asarray(values, dtype="<f4").tobytes()
    head = struct.pack("<h4x20s8x4s4s", 2, name.encode(), unit.encode(), b"s")
    head = (head + struct.pack("<i2xdd", len(values), dt, 0.0)).ljust(110, b"\0")
    sizes = struct.pack("<iii", 110 + len(data) + 16, 0, 0)
    total = sum(struct.unpack("<62H", struct.pack("<H", 2) + sizes + head)) & 0xFFFF
    return (
        struct.pack("<H", 2) + sizes + struct.pack("<H", -total & 0xFFFF) + head + data + bytes(16)
    )


def test_igor_waves_of_version_2(tmp_path):
    pytest.importorskip("igor2")
    (tmp_path / "vm.ibw").write_bytes(igor_wave_version_2("vm", [-70.0, -60.0], "mV", 1e-4))
    (tmp_path / "im.ibw").write_bytes(igor_wave_version_2("im", [0.0, 0.05], "nA", 1e-4))
    recording = load(tmp_path / "vm.ibw", current="im.ibw")
    np.testing.assert_allclose(recording.voltage, [[-70.0, -60.0]])
    np.testing.assert_allclose(recording.current, [[0.0, 50.0]], rtol=1e-6)
    assert recording.dt == pytest.approx(0.1)


def test_igor_wave_without_time_or_cut_short(tmp_path):
    pytest.importorskip("igor2")
    wave = igor_wave("vm", np.full(10, -70.0), "mV", time_unit="")
    (tmp_path / "vm.ibw").write_bytes(wave)
    with pytest.raises(ValueError, match="has no unit of time: set it in Igor"):
        load(tmp_path / "vm.ibw", current="vm.ibw")
    (tmp_path / "vm.ibw").write_bytes(wave[:-12])
    with pytest.raises(ValueError, match="cannot be read as an Igor file"):
        load(tmp_path / "vm.ibw", current="vm.ibw")


def test_igor_experiment(tmp_path):
    pytest.importorskip("igor2")
    waves = [igor_wave(f"Vm_{k}", np.full(10, -70.0 + k), "mV") for k in (1, 2)]
    waves += [igor_wave(f"Im_{k}", np.full(10, 10.0 * k), "pA") for k in (2, 1)]
    recording = load(igor_experiment(tmp_path / "a.pxp", waves))
    assert recording.sweep_numbers == (1, 2)
    np.testing.assert_allclose(recording.current[:, 0], [10, 20])
    np.testing.assert_allclose(recording.voltage[:, 0], [-69, -68])
    path = igor_experiment(tmp_path / "b.pxp", [*waves, igor_wave("Vd_1", np.ones(10), "mV")])
    with pytest.raises(ValueError, match="channel is open"):
        load(path)
    assert load(path, channel="Vm").sweeps == 2
    path = igor_experiment(tmp_path / "c.pxp", waves[:2])
    with pytest.raises(ValueError, match="current is not found"):
        load(path)
    path = igor_experiment(tmp_path / "d.pxp", waves[:3])
    with pytest.raises(ValueError, match="do not pair"):
        load(path)
    assert load(path, channel="Vm_2", current="Im_2").sweeps == 1
