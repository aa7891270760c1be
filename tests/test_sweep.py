"""Sweeps: the same numbers as single runs, kept, resumed and refused."""

import os
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.sweeps import _tiles

xarray = pytest.importorskip("xarray")
pytest.importorskip("zarr")

AMPLITUDE, SODIUM, POTASSIUM = "stimulus.amplitude", "channels.na.g_max", "channels.k.g_max"
T1, DT = 20.0, 0.05
STEP = dn.stimuli.Step(0.0, 2.0)
MEASURES = {
    "count": dn.sweeps.spike_count(),
    "rate": dn.sweeps.rate(start=5.0),
    "latency": dn.sweeps.latency(start=2.0),
    "peak": dn.sweeps.peak(),
    "trough": dn.sweeps.trough(start=1.0, stop=9.0),
    "mean": dn.sweeps.mean_voltage(),
    "final": dn.sweeps.final_voltage(),
    "thinned": lambda run: run.y[::100],
}


def hh_sweep(values, **options):
    options = {"t1": T1, "dt": DT, "measure": MEASURES, "progress": False} | options
    return dn.sweep(dn.neurons.HodgkinHuxley(), values, STEP, **options)


def lif_sweep(values, stimulus=400.0, **options):
    options = {"t1": T1, "dt": DT, "measure": dn.sweeps.spike_count()} | options
    return dn.sweep(dn.neurons.LIF(), values, stimulus, progress=False, **options)


GRID = {AMPLITUDE: [0.0, 400.0, 1200.0], SODIUM: [100.0, 140.0]}


@pytest.fixture(scope="module")
def surface():
    return hh_sweep(dn.sweeps.grid(GRID))


# The same as single runs


def test_grid_has_a_dimension_with_units_for_each_parameter(surface):
    assert dict(surface.sizes) == {AMPLITUDE: 3, SODIUM: 2, "thinned_0": 4}
    assert list(surface.data_vars) == [*MEASURES, "diverged"]
    assert surface["count"].dims == (AMPLITUDE, SODIUM)
    assert surface.thinned.dims == (AMPLITUDE, SODIUM, "thinned_0")
    np.testing.assert_array_equal(surface[AMPLITUDE], GRID[AMPLITUDE])
    units = {AMPLITUDE: "pA", SODIUM: "mS/cm2", "count": "1", "rate": "Hz", "latency": "ms"}
    units |= {"peak": "mV", "final": "mV"}
    assert {name: surface[name].attrs["units"] for name in units} == units
    assert surface.attrs["t1"] == T1
    assert surface.attrs["dt"] == DT
    assert surface.attrs["solver"] == "Staggered()"
    assert '"area": 10000.0' in surface.attrs["fixed_parameters"]
    assert '"jax"' in surface.attrs["versions"]
    assert not surface.diverged.any()


def test_every_run_is_what_simulate_gives(surface):
    for amplitude in GRID[AMPLITUDE]:
        for sodium in GRID[SODIUM]:
            cell = dn.replace(dn.neurons.HodgkinHuxley(), {SODIUM: sodium})
            run = dn.simulate(cell, dn.replace(STEP, {"amplitude": amplitude}), t1=T1, dt=DT)
            found = surface.sel({AMPLITUDE: amplitude, SODIUM: sodium})
            times, count = dn.analysis.spike_times(run, max_spikes=8)
            times, y = np.asarray(times), np.asarray(run.y)
            assert found["count"] == count
            assert float(found.rate) == pytest.approx(1e3 * np.sum(times[:count] >= 5.0) / 15.0)
            first = times[0] - 2.0 if count else np.nan
            np.testing.assert_allclose(found.latency, first, atol=2e-4)
            np.testing.assert_allclose(found.peak, y.max(), atol=5e-2)
            np.testing.assert_allclose(found.trough, y[20:180].min(), atol=1e-2)
            np.testing.assert_allclose(found["mean"], y.mean(dtype=float), atol=1e-2)
            np.testing.assert_allclose(found.final, y[-1], atol=1e-2)
            np.testing.assert_allclose(found.thinned, y[::100], atol=5e-2)
    assert surface["count"].max() >= 2
    assert np.isnan(surface.latency.values).any()


def test_paired_values_run_side_by_side_in_tiles():
    values = {"capacitance": np.linspace(100.0, 300.0, 21), "threshold": np.linspace(-55, -48, 21)}
    measure = {"latency": dn.sweeps.latency(), "count": dn.sweeps.spike_count(stop=15.0)}
    found = lif_sweep(values, 800.0, measure=measure, tile=4)
    assert dict(found.sizes) == {"run": 21}
    assert found.capacitance.attrs == {"units": "pF"}
    assert found.threshold.dims == ("run",)
    for number in (0, 7, 20):
        at = {name: column[number] for name, column in values.items()}
        run = dn.simulate(dn.replace(dn.neurons.LIF(), at), 800.0, t1=T1, dt=DT)
        first = float(np.min(run.spike_times))
        np.testing.assert_allclose(found.latency[number], first, rtol=1e-5)
        assert int(found["count"][number]) == np.sum(run.spike_times < 15.0)


def test_double_precision_reaches_the_workers(x64):
    found = lif_sweep({"capacitance": np.linspace(100.0, 300.0, 9)}, tile=2)
    assert found.spike_count.dtype == np.float64
    assert found.attrs["precision"] == "float64"
    latency = lif_sweep({"capacitance": [170.1]}, measure=dn.sweeps.latency()).latency
    run = dn.simulate(dn.neurons.LIF(capacitance=170.1), 400.0, t1=T1, dt=DT)
    assert float(latency[0]) == pytest.approx(float(np.min(run.spike_times)), rel=1e-12)


def test_a_channel_under_voltage_clamp_is_driven_in_mV():
    values = dn.sweeps.grid({AMPLITUDE: [-40.0, 0.0, 20.0]})
    step = dn.stimuli.Step(0.0, 1.0, baseline=-70.0)
    options = {"t1": 10.0, "dt": DT, "measure": dn.sweeps.peak(), "progress": False}
    found = dn.sweep(dn.channels.SquidPotassium(), values, step, **options)
    assert found[AMPLITUDE].attrs["units"] == "mV"
    assert found.peak.attrs["units"] == "uA/cm2"
    assert (np.diff(found.peak) > 0).all()


def test_fewer_samples_reach_the_measures():
    found = lif_sweep({"capacitance": [150.0]}, every=4, measure=lambda run: run.t[:3])
    np.testing.assert_allclose(found.measure, [[0.0, 0.2, 0.4]], rtol=1e-6)
    assert found.measure.dims == ("run", "measure_0")


def test_initial_states_are_a_dimension():
    model = dn.neurons.LIF()
    start = model.initial_state(jnp.asarray(0.0))
    states = type(start)(jnp.asarray([-70.0, -60.0, -51.0]), jnp.zeros(3))
    found = lif_sweep(
        dn.sweeps.grid({"capacitance": [150.0, 250.0]}),
        states=states,
        measure=lambda run: run.y[0],
    )
    assert found.measure.dims == ("capacitance", "state")
    np.testing.assert_allclose(found.measure, [[-70.0, -60.0, -51.0]] * 2)


class Drifting(dn.AbstractNoisyModel):
    """A voltage that does nothing but diffuse."""

    amplitude: dn.Parameter = dn.parameter(1.0, "mV")

    def initial_state(self, u, /):
        return jnp.zeros_like(u)

    def vector_field(self, x, u, /):
        return -0.1 * x

    def output(self, x, u, /):
        return x

    def diffusion(self, x, u, normals, /):
        return self.amplitude * normals


def test_keys_are_a_dimension_and_one_key_is_shared(getkey):
    keys = jax.random.split(getkey(), 3)
    options = {"t1": 5.0, "dt": DT, "measure": dn.sweeps.final_voltage(), "progress": False}
    values = {"amplitude": [1.0, 1.0]}
    each = dn.sweep(Drifting(), values, 0.0, key=keys, **options).final_voltage
    assert each.dims == ("run", "key")
    assert len(np.unique(each)) == 3
    alone = dn.simulate(Drifting(), 0.0, t1=5.0, dt=DT, key=keys[1])
    np.testing.assert_allclose(each[:, 1], float(alone.y[-1]), rtol=1e-5)
    shared = dn.sweep(Drifting(), values, 0.0, key=keys[1], **options).final_voltage
    assert shared.dims == ("run",)
    np.testing.assert_allclose(shared, each[:, 1], rtol=1e-5)
    with pytest.raises(ValueError, match="noise"):
        lif_sweep({}, key=keys)


def test_traced_once_for_a_shape():
    traces = []

    def seen(run):
        traces.append(run.y.shape)
        return run.y[-1]

    measure = {"seen": seen, "count": dn.sweeps.spike_count()}
    for scale, threshold in ((1.0, -20.0), (1.1, -10.0)):
        values = {"capacitance": scale * np.linspace(100.0, 300.0, 40)}
        measure["count"] = dn.sweeps.spike_count(threshold)
        lif_sweep(values, 400.0 * scale, measure=measure, tile=8)
    assert traces == [(400,)]


# Runs that diverge


def test_a_diverging_run_is_marked_and_harms_no_other():
    values = {"capacitance": [1.0, 1e-4, 1.2, 1e-4], SODIUM: [120.0, 110.0, 100.0, 90.0]}
    measure = {"count": dn.sweeps.spike_count(), "end": lambda run: run.t[-1]}
    options = {"measure": measure, "solver": dn.solvers.Euler(), "dt": 0.02}
    with pytest.warns(UserWarning, match=r"2 of 4 runs .*number 1 .*=0.0001, .*na.g_max=110"):
        found = hh_sweep(values, **options)
    np.testing.assert_array_equal(found.diverged, [False, True, False, True])
    np.testing.assert_array_equal(np.isnan(found["count"]), found.diverged)
    np.testing.assert_array_equal(np.isnan(found.end), found.diverged)
    good = {name: np.array(column)[::2] for name, column in values.items()}
    alone = hh_sweep(good, **options)
    np.testing.assert_array_equal(found["count"][::2], alone["count"])
    assert found.attrs["diverged"] == 2


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores are bound on Linux")
def test_a_process_bound_to_one_core_has_one_stream(monkeypatch):
    monkeypatch.setattr(_tiles.os, "sched_getaffinity", lambda _: {3})
    assert len(_tiles.workers()) == 1


# A store


def interrupt(done, total, diverged, stage):
    raise KeyboardInterrupt


def test_an_interrupted_sweep_goes_on_where_it_stopped(tmp_path, monkeypatch):
    path = tmp_path / "sweep.zarr"
    values = dn.sweeps.grid({"capacitance": np.linspace(100.0, 300.0, 16), "threshold": [-50, -49]})
    measure = {"count": dn.sweeps.spike_count(), "trace": lambda run: run.y[::200]}
    options = {"measure": measure, "tile": 2}
    with monkeypatch.context() as m:
        m.setattr(_tiles, "_cores", lambda: 1)
        with pytest.raises(KeyboardInterrupt):
            dn.sweep(
                dn.neurons.LIF(),
                values,
                400.0,
                t1=T1,
                dt=DT,
                store=path,
                progress=interrupt,
                **options,
            )
    part = xarray.open_zarr(path).load()
    done = part.completed.values
    assert 0 < done.sum() < done.size
    np.testing.assert_array_equal(np.isnan(part["count"].values), ~done)
    again = lif_sweep(values, store=path, **options)
    whole = lif_sweep(values, **options)
    xarray.testing.assert_equal(again, whole)
    on_disk = xarray.open_zarr(path).load()
    assert "completed" not in on_disk
    xarray.testing.assert_equal(on_disk, whole)
    assert on_disk.attrs["format_version"] == 1
    assert on_disk["count"].attrs["units"] == "1"


def test_a_finished_store_is_read_and_not_run_again(tmp_path, monkeypatch):
    path = tmp_path / "sweep.zarr"
    first = lif_sweep({"capacitance": [100.0, 200.0]}, store=path)
    monkeypatch.setattr("diffneuro._sweep.measured_tile", None)
    xarray.testing.assert_identical(lif_sweep({"capacitance": [100.0, 200.0]}, store=path), first)


OTHERS = {
    "model": ({"model": dn.neurons.LIF(threshold=-49.0)}, "threshold was -50.0 and is now -49.0"),
    "values": ({"values": {"capacitance": [100.0, 201.0]}}, "capacitance"),
    "count": ({"values": {"capacitance": [100.0]}}, "run was 2 and is now 1"),
    "stimulus": ({"stimulus": 300.0}, "stimulus was 400.0 and is now 300.0"),
    "t1": ({"t1": 10.0}, "t1 was 20.0 and is now 10.0"),
    "measure": ({"measure": dn.sweeps.spike_count(-10.0)}, "measures"),
}


@pytest.fixture(scope="module")
def finished_store(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "sweep.zarr"
    lif_sweep({"capacitance": [100.0, 200.0]}, store=path)
    return path


@pytest.mark.parametrize("case", OTHERS)
def test_the_store_of_another_sweep_is_refused(case, finished_store):
    changed, expected = OTHERS[case]
    arguments = {
        "model": dn.neurons.LIF(),
        "values": {"capacitance": [100.0, 200.0]},
        "stimulus": 400.0,
        "t1": T1,
        "dt": DT,
        "measure": dn.sweeps.spike_count(),
    } | changed
    with pytest.raises(ValueError, match="another sweep") as raised:
        dn.sweep(**arguments, store=finished_store, progress=False)
    assert expected in str(raised.value)


def test_what_is_no_store_is_left_alone(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(ValueError, match="notes"):
        lif_sweep({"capacitance": [100.0]}, store=tmp_path / "notes")
    assert [item.name for item in (tmp_path / "notes").iterdir()] == ["a.txt"]
    with pytest.raises(ValueError, match="folder that exists"):
        lif_sweep({"capacitance": [100.0]}, store=tmp_path / "none" / "sweep.zarr")


# Bad input


def bad(values=None, stimulus=STEP, **options):
    options = {"t1": T1, "dt": DT, "measure": dn.sweeps.peak(), "progress": False} | options
    values = {SODIUM: [120.0]} if values is None else values
    return lambda: dn.sweep(dn.neurons.HodgkinHuxley(), values, stimulus, **options)


BAD = {
    "unknown": (bad({"channels.na.gmax": [1.0]}), "channels.na.g_max"),
    "unknown in a grid": (bad(dn.sweeps.grid({"amplitude": [1.0]})), "stimulus.amplitude"),
    "unknown stimulus": (bad({"stimulus.amplitud": [1.0]}), "Step.*stimulus.amplitude"),
    "plain stimulus": (bad({AMPLITUDE: [1.0]}, 5.0), "stimuli.Step"),
    "unequal": (bad({SODIUM: [1.0, 2.0], POTASSIUM: [1.0]}), "na.g_max has 2.*k.g_max has 1"),
    "empty": (bad({SODIUM: []}), "na.g_max are empty"),
    "nothing": (bad({}), "nothing varies"),
    "NaN": (bad({SODIUM: [1.0, np.nan]}), "value number 1 of channels.na.g_max is nan"),
    "inf": (bad(dn.sweeps.grid({SODIUM: [np.inf]})), "value number 0 of channels.na.g_max is inf"),
    "words": (bad({SODIUM: ["many"]}), "na.g_max must be numbers"),
    "a number": (bad({SODIUM: 1.0}), "na.g_max have shape"),
    "an array each": (bad({SODIUM: [[1.0, 2.0]]}), "na.g_max have shape"),
    "no step": (bad(dt=0.0), "dt=0.0"),
    "no time": (bad(t1=0.01), "t1=0.01"),
    "short stimulus": (bad(stimulus=np.zeros(10)), "shape"),
    "hole in stimulus": (bad(stimulus=np.where(np.arange(400) == 20, np.nan, 0.0)), "t=1 ms"),
    "no measure": (bad(measure={}), "measure is empty"),
    "no function": (bad(measure={"peak": 1.0}), "'peak' is a float"),
    "uncalled": (bad(measure={"peak": dn.sweeps.peak}), "sweeps.peak()"),
    "taken": (bad(measure={"run": dn.sweeps.peak()}), "'run' is taken"),
    "tile": (bad(tile=0), "tile=0"),
    "states": (bad(states=(jnp.zeros(2), jnp.zeros(3))), "states must"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_says_what_to_do(case):
    call, expected = BAD[case]
    with pytest.raises(ValueError, match=expected):
        call()


def test_too_little_memory_is_said_before_the_run(monkeypatch):
    monkeypatch.setattr(_tiles, "free_bytes", lambda device: 1e5)
    with pytest.raises(ValueError, match=r"tile=.*every=.*measure="):
        lif_sweep({"capacitance": np.linspace(100.0, 300.0, 64)})


def test_without_xarray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"diffneuro\[sweep\]"):
        bad()()


def test_tiles_are_whole_vectors_that_fit(monkeypatch):
    device = jax.devices("cpu")[0]
    monkeypatch.setattr(_tiles, "free_bytes", lambda device: 1e9)
    for runs, lane_bytes, expected in ((10**6, 1e4, 128), (40, 1e4, 32), (1, 1e4, 16)):
        assert _tiles.tile_width(runs, None, [device] * 2, lane_bytes, 0.0) == expected
    assert _tiles.tile_width(10**6, None, [device] * 2, 5e6, 0.0) == 48
    assert _tiles.tile_width(10**6, 24, [device] * 2, 1e4, 0.0) == 24


# The command line

FILE = """
model = "lif"
t1 = 20.0
dt = 0.1
measure = ["spike_count", "latency"]
[set]
threshold = -48.0
[stimulus]
start = 2.0
[values]
"stimulus.amplitude" = { start = 100.0, stop = 500.0, count = 3 }
capacitance = [150.0, 250.0]
"""


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """The exit status and output of `diffneuro sweep` of a text, in this process."""
    pytest.importorskip("typer")
    pytest.importorskip("rich")
    from diffneuro import cli

    def run(text, *arguments):
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["diffneuro", "sweep", str(path), *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return run


def test_a_cable_is_known_by_its_places_and_its_width_can_be_varied(tmp_path):
    tree = dn.morphology.discretise(dn.morphology.cylinder(100.0, 1.0), dn.morphology.Count(2))

    def last(run):
        return run.y[-1]

    def swept(fraction):
        cable = dn.neurons.Cable(
            tree,
            {"leak": dn.channels.Leak(0.1, -65.0)},
            profiles={"radius": dn.neurons.Factor(1.0)},
            sites={"here": dn.morphology.Location("cable", fraction)},
        )
        values = {"profiles.radius.value": [1.0, 2.0]}
        store = tmp_path / "store.zarr"
        return dn.sweep(cable, values, 10.0, t1=1.0, measure=last, store=store)["last"].values

    thin, thick = swept(0.1)
    assert thin > thick > -65.0
    with pytest.raises(ValueError, match="holds another sweep"):
        swept(0.9)


def test_command_writes_a_store_and_a_table(command, tmp_path):
    status, shown, _ = command(FILE, "--out", "result.zarr")
    assert status == 0
    assert "6 runs (3 stimulus.amplitude x 2 capacitance), 0 diverged" in shown
    stored = xarray.open_zarr(tmp_path / "result.zarr").load()
    assert stored.latency.dims == (AMPLITUDE, "capacitance")
    neuron = dn.neurons.LIF(threshold=-48.0, capacitance=150.0)
    run = dn.simulate(neuron, dn.stimuli.Step(500.0, 2.0), t1=20.0, dt=0.1)
    np.testing.assert_allclose(stored.latency[2, 0], np.min(run.spike_times), rtol=1e-5)

    assert command(FILE, "--out", "result.csv")[0] == 0
    rows = (tmp_path / "result.csv").read_text().splitlines()
    assert rows[0].startswith("stimulus.amplitude (pA),capacitance (pF),spike_count (1)")
    assert len(rows) == 7
    assert "--overwrite" in command(FILE, "--out", "result.csv")[2]
    other = FILE.replace("-48.0", "-47.0")
    assert "threshold was -48.0" in command(other, "--out", "result.zarr")[2]
    assert command(other, "--out", "result.zarr", "--overwrite")[0] == 0


def test_command_takes_pairs_nested_names_and_arguments_of_measures(command, tmp_path):
    text = """
    model = "hh"
    t1 = 10.0
    dt = 0.05
    [measure]
    peak = { start = 1.0 }
    [stimulus]
    kind = "sine"
    frequency = 100.0
    [paired]
    channels.na.g_max = { start = 50.0, stop = 200.0, count = 3, scale = "log" }
    stimulus.amplitude = [0.0, 100.0, 200.0]
    """
    assert command(text, "--out", "out.zarr")[0] == 0
    stored = xarray.open_zarr(tmp_path / "out.zarr").load()
    assert stored.peak.dims == ("run",)
    np.testing.assert_allclose(stored[SODIUM], [50.0, 100.0, 200.0])


BAD_FILES = {
    "not TOML": ("model = ", "TOML"),
    "unknown entry": (FILE.replace("[set]", "[sett]"), "'sett'; the nearest names are set"),
    "no model": (FILE.replace('model = "lif"', ""), "model and t1"),
    "unknown model": (FILE.replace('"lif"', '"lof"'), "lif"),
    "unknown measure": (FILE.replace('"latency"', '"latancy"'), "latency"),
    "unknown stimulus": (FILE.replace("[stimulus]", '[stimulus]\nkind = "stap"'), "step"),
    "unknown in stimulus": (FILE.replace("start = 2.0", "stat = 2.0"), "start"),
    "unknown parameter": (FILE.replace("threshold", "treshold"), "threshold"),
    "unknown value": (FILE.replace("capacitance", "capacitence"), "capacitance"),
    "half a range": (FILE.replace(", count = 3", ""), "list of numbers or a range"),
    "no count": (FILE.replace("count = 3", "count = 0"), "count = 0"),
    "word for a number": (FILE.replace("t1 = 20.0", 't1 = "long"'), "must be a number"),
    "no values": (FILE.partition("[values]")[0], "[values]"),
    "negative time": (FILE.replace("t1 = 20.0", "t1 = -1.0"), "t1=-1.0"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_say_what_to_do(case, command, tmp_path):
    text, expected = BAD_FILES[case]
    status, _, error = command(text, "--out", "out.zarr")
    assert status == 1
    assert error.count("\n") == 1
    assert expected in error
    assert not (tmp_path / "out.zarr").exists()


def test_out_must_be_a_store_or_a_table(command):
    assert ".zarr or .csv" in command(FILE, "--out", "result.txt")[2]


def test_user_measures_carry_a_unit():
    class Range(eqx.Module):
        unit: str = eqx.field(static=True, default="mV")

        def __call__(self, run):
            return jnp.ptp(run.y)

    measure = {"own": Range(), "wrapped": dn.sweeps.Measure(lambda run: run.t[-1], "ms")}
    found = lif_sweep({"capacitance": [100.0]}, measure=measure)
    assert found.own.attrs["units"] == "mV"
    assert found.wrapped.attrs["units"] == "ms"
