"""Starts of a fit that one convex problem gives."""

import os
from pathlib import Path

import jax
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import DynamicIV, dynamic_i_v, exponential_start, regress_conductances

pytest.importorskip("scipy")

RECORDINGS = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS",
        Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
    )
)

# Conductances under a known voltage

DT, SAMPLES, FINE = 0.025, 8000, 4
CONDUCTANCES = {"channels.na.g_max": 120.0, "channels.k.g_max": 36.0, "channels.leak.g_max": 0.3}
REVERSALS = {
    "channels.na.reversal_potential": 50.0,
    "channels.k.reversal_potential": -77.0,
    "channels.leak.reversal_potential": -54.387,
}
EVERYTHING = {"capacitance": 1.0} | CONDUCTANCES | REVERSALS


def noise_current(seed, count, dt, mean, deviation, time_constant):
    """(count,) pA of an Ornstein-Uhlenbeck process."""
    with jax.enable_x64(True):
        current = dn.stimuli.ornstein_uhlenbeck(
            jax.random.key(seed),
            duration=count * dt,
            dt=dt,
            mean=mean,
            standard_deviation=deviation,
            time_constant=time_constant,
        )
        return np.asarray(current.values)


@pytest.fixture(scope="module")
def squid():
    """Time, current and voltage of a squid axon under noise: 200 ms with 12 spikes.

    The run takes finer steps of a method of order 4, so that the voltage is as good as exact.
    """
    with jax.enable_x64(True):
        current = noise_current(1, SAMPLES, DT, 600.0, 600.0, 5.0)
        run = dn.simulate(
            dn.neurons.HodgkinHuxley(),
            np.repeat(current, FINE),
            t1=DT * SAMPLES,
            dt=DT / FINE,
            every=FINE,
            solver=dn.solvers.RungeKutta4(),
        )
        time, voltage = DT * np.arange(SAMPLES), np.asarray(run.y)
        assert len(dn.analysis.recorded_spike_times(time, voltage)) == 12
        return time, current, voltage


def wrong_cell(**more):
    """A squid axon of which all that is sought is wrong."""
    cell = dn.replace(
        dn.neurons.HodgkinHuxley(),
        dict.fromkeys(CONDUCTANCES, 1.0) | {"channels.leak.reversal_potential": -54.387},
    )
    return dn.neurons.Cell(cell.channels | more)


def noisy(voltage, seed, deviation=0.5):
    return voltage + deviation * np.random.default_rng(seed).normal(size=voltage.shape)


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 1.0])
def test_exact_voltage_gives_every_parameter_whatever_the_smoothing(squid, smoothing, x64):
    cell = dn.replace(wrong_cell(), {"capacitance": 3.0} | dict.fromkeys(REVERSALS, -10.0))
    found = regress_conductances(cell, *squid, names=EVERYTHING, smoothing=smoothing)
    assert list(found) == list(EVERYTHING)
    for name, value in EVERYTHING.items():
        assert found[name] == pytest.approx(value, rel=2e-4), name


def test_what_is_not_sought_is_the_cells(squid, x64):
    cell = dn.replace(wrong_cell(), {"channels.leak.g_max": 0.3, "capacitance": 1.0})
    names = ["channels.k.g_max", "channels.na.g_max"]
    found = regress_conductances(cell, *squid, names=names)
    assert list(found) == names
    assert found == pytest.approx({name: CONDUCTANCES[name] for name in names}, rel=1e-4)
    # Twice the membrane of half the capacitance and conductances is the same cell.
    double = dn.replace(cell, {"area": 2e4, "capacitance": 0.5, "channels.leak.g_max": 0.15})
    halves = regress_conductances(double, *squid, names=names)
    assert halves == pytest.approx({name: value / 2 for name, value in found.items()}, rel=1e-5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_half_a_millivolt_of_noise_costs_a_percent(squid, seed):
    time, current, voltage = squid
    found = regress_conductances(
        wrong_cell(), time, current, noisy(voltage, seed), names=["capacitance", *CONDUCTANCES]
    )
    assert found["capacitance"] == pytest.approx(1.0, rel=0.01)
    assert found["channels.na.g_max"] == pytest.approx(120.0, rel=0.015)
    assert found["channels.k.g_max"] == pytest.approx(36.0, rel=0.015)
    assert found["channels.leak.g_max"] == pytest.approx(0.3, rel=0.03)


def test_noise_leaves_the_reversal_potentials_to_half_a_millivolt(squid):
    time, current, voltage = squid
    found = regress_conductances(
        wrong_cell(), time, current, noisy(voltage, 3), names=CONDUCTANCES | REVERSALS
    )
    for name, value in CONDUCTANCES.items():
        assert found[name] == pytest.approx(value, rel=0.03), name
    for name, value in REVERSALS.items():
        assert found[name] == pytest.approx(value, abs=0.5), name


def coarser(squid, factor):
    time, current, voltage = squid
    return time[::factor], current.reshape(-1, factor).mean(axis=1), voltage[::factor]


def test_samples_four_times_as_far_apart_still_tell(squid, x64):
    found = regress_conductances(wrong_cell(), *coarser(squid, 4))
    assert found == pytest.approx(CONDUCTANCES, rel=2e-3)


def test_intervals_too_coarse_for_an_upstroke_are_left_out(squid, x64):
    coarse, names = coarser(squid, 16), ["capacitance", *CONDUCTANCES]
    taken = regress_conductances(wrong_cell(), *coarse, names=names, largest_change=1e3)
    assert abs(taken["capacitance"] - 1.0) > 0.03
    found = regress_conductances(wrong_cell(), *coarse, names=names)
    for name in names:
        assert found[name] == pytest.approx(EVERYTHING[name], rel=0.012), name


def test_a_channel_that_is_not_there_gets_nothing(squid, x64):
    cell = wrong_cell(a=dn.channels.HCN(), ka=dn.channels.ConnorStevensATypePotassium())
    found = regress_conductances(cell, *squid)
    assert 0.0 <= found["channels.a.g_max"] < 1e-3
    # The paper's cell has 47.7.
    assert 0.0 <= found["channels.ka.g_max"] < 2e-3
    assert {name: found[name] for name in CONDUCTANCES} == pytest.approx(CONDUCTANCES, rel=1e-3)


def leaky(*reversals):
    leaks = {f"leak{i}": dn.channels.Leak(0.3, e) for i, e in enumerate(reversals)}
    return dn.neurons.Cell(leaks)


@pytest.fixture(scope="module")
def passive():
    """50 ms of a cell with one leak, in closed form: steps of current held for 10 ms."""
    time = 0.1 * np.arange(500)
    current = np.repeat([0.0, 50.0, -80.0, 120.0, 20.0], 100)
    voltage, v, decay = np.empty(500), -40.0, np.exp(-0.03)
    for k, settled in enumerate(-40.0 + current / 100.0 / 0.3):
        voltage[k] = v
        v = settled + (v - settled) * decay
    return time, current, voltage


def test_a_passive_cell_is_its_closed_form(passive, x64):
    names = ["capacitance", "channels.leak0.g_max", "channels.leak0.reversal_potential"]
    found = regress_conductances(leaky(-70.0), *passive, names=names)
    # The cubic through a kink at each step of the current is not exact.
    assert [found[name] for name in names] == pytest.approx([1.0, 0.3, -40.0], rel=2e-4)


def test_a_negative_conductance_is_not_given(passive, x64):
    # 0.3 (v + 40) is 0.4 (v + 50) - 0.1 (v + 80).
    found = regress_conductances(leaky(-50.0, -80.0), *passive)
    assert found["channels.leak0.g_max"] > 0.0
    assert found["channels.leak1.g_max"] == 0.0
    # But 0.1 (v + 70) + 0.2 (v + 25) may be given.
    found = regress_conductances(leaky(-70.0, -25.0), *passive)
    wanted = {"channels.leak0.g_max": 0.1, "channels.leak1.g_max": 0.2}
    assert found == pytest.approx(wanted, rel=2e-3)


def test_the_reversal_potential_of_no_conductance_stays(passive, x64):
    # What the first leak has too much no second one can take away, wherever it reverses.
    cell = dn.replace(leaky(-40.0, -80.0), {"channels.leak0.g_max": 0.5})
    names = ["channels.leak1.g_max", "channels.leak1.reversal_potential"]
    found = regress_conductances(cell, *passive, names=names)
    assert [found[name] for name in names] == [0.0, -80.0]


def test_sweeps_are_taken_together(passive, x64):
    time, current, voltage = passive
    names = ["capacitance", "channels.leak0.g_max", "channels.leak0.reversal_potential"]
    cell = leaky(-70.0)
    one = regress_conductances(cell, *passive, names=names)
    two = regress_conductances(cell, time, [current, current], [voltage, voltage], names=names)
    # The classes of errors are split elsewhere among twice as many intervals.
    assert two == pytest.approx(one, rel=1e-5)
    other = regress_conductances(cell, time, [current, 0.5 * current], [voltage, voltage])
    assert abs(other["channels.leak0.g_max"] / 0.3 - 1.0) > 0.02


def test_weights_leave_out_what_is_not_to_be_believed(passive, x64):
    time, current, voltage = passive
    spoiled = np.where((time > 22.0) & (time < 27.0), 1000.0, current)
    weights = np.where((time > 20.0) & (time < 29.0), 0.0, 1.0)
    name = "channels.leak0.g_max"
    believed = regress_conductances(leaky(-40.0), time, spoiled, voltage)[name]
    assert abs(believed / 0.3 - 1.0) > 0.02
    found = regress_conductances(leaky(-40.0), time, spoiled, voltage, weights=weights)[name]
    assert found == pytest.approx(0.3, rel=2e-4)


def test_the_regression_makes_a_cell_that_spikes_as_recorded(squid):
    time, current, voltage = squid
    found = regress_conductances(wrong_cell(), time, current, noisy(voltage, 5))
    cell = dn.replace(wrong_cell(), found)
    run = dn.simulate(cell, current, t1=DT * SAMPLES, dt=DT)
    wanted = dn.analysis.recorded_spike_times(time, voltage)
    spikes = dn.analysis.recorded_spike_times(time, np.asarray(run.y))
    np.testing.assert_allclose(spikes, wanted, atol=1.0)


NO_CURRENT = np.zeros(500)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"cell": dn.neurons.LIF()}, {}, "LIF has no channels"),
        (
            {
                "cell": dn.neurons.Cell(
                    {"ca": dn.channels.GatedChannel(ion="ca")}, ions={"ca": dn.ions.CalciumShell()}
                )
            },
            {},
            "pools of ions.*ions={}",
        ),
        ({}, {"names": ["channels.leak0.g_min"]}, "nearest names are channels.leak0.g_max"),
        ({}, {"names": ["channels.leak0.g_max", "area"]}, "not linear in area"),
        ({}, {"names": ["channels.leak0.reversal_potential"]}, "seek channels.leak0.g_max as well"),
        ({}, {"names": ["capacitance"]}, "at least one of a conductance"),
        ({}, {"names": ["channels.leak0.g_max"] * 2}, "different names"),
        ({"current": NO_CURRENT[:-1]}, {}, "disagree"),
        ({}, {"weights": -np.ones(500)}, "must not be negative"),
        ({}, {"weights": NO_CURRENT}, "more weights above 0"),
        ({}, {"smoothing": -0.1}, "smoothing=-0.1"),
        ({"time": np.arange(500) ** 2.0}, {}, "equal steps"),
        ({"current": np.full(500, np.nan)}, {}, "finite"),
        (
            {"current": NO_CURRENT},
            {"names": ["capacitance", "channels.leak0.g_max"]},
            "does not tell the capacitance",
        ),
    ],
)
def test_regression_refuses_in_words(passive, change, options, message):
    time, current, voltage = passive
    given = {"cell": leaky(-40.0), "time": time, "current": current, "voltage": voltage} | change
    with pytest.raises(ValueError, match=message):
        regress_conductances(**given, **options)


# The dynamic I-V curve

STEP, LENGTH = 0.1, 20_000.0
TIME = STEP * np.arange(round(LENGTH / STEP))


def driven(neuron, mean, deviation):
    """Current, voltage and spike times of a neuron under noise, 20 s."""
    current = noise_current(3, len(TIME), STEP, mean, deviation, 3.0)
    run = dn.simulate(neuron, current, t1=LENGTH, dt=STEP)
    spikes = np.asarray(run.spike_times, float)
    return current, np.asarray(run.y, float), spikes[np.isfinite(spikes)]


@pytest.fixture(scope="module")
def eif():
    current, voltage, spikes = driven(dn.neurons.EIF(), 60.0, 150.0)
    assert 250 < len(spikes) < 600
    return current, voltage, spikes


def check(curve, neuron, share, close):
    """Conductance and capacitance to a share of them, voltages to so many mV."""
    for name in ("capacitance", "leak_conductance"):
        assert getattr(curve, name) == pytest.approx(float(getattr(neuron, name)), rel=share), name
    for name in ("leak_reversal", "threshold", "slope_factor"):
        assert getattr(curve, name) == pytest.approx(float(getattr(neuron, name)), abs=close), name


@pytest.mark.parametrize("after_spike", [2.0, 30.0])
def test_the_curve_of_an_exponential_neuron_is_its_equation(eif, after_spike):
    current, voltage, spikes = eif
    curve = dynamic_i_v(TIME, current, voltage, spike_times=spikes, after_spike=after_spike)
    check(curve, dn.neurons.EIF(), 2e-3, 0.02)
    # Up to where the voltage rises by 5 mV/ms by itself, which is beyond the threshold.
    assert curve.rate()[-1] < 5.0
    assert curve.voltage[-1] > -52.0
    leak = 20.0 * (curve.voltage + 65.0)
    upstroke = 20.0 * 3.48 * np.exp((curve.voltage + 59.9) / 3.48)
    busy = curve.standard_error < 2.0
    assert busy.sum() > 20
    np.testing.assert_allclose(curve.current[busy], (leak - upstroke)[busy], atol=3.0)


def test_noise_of_the_voltage_costs_a_few_percent(eif):
    current, voltage, spikes = eif
    measured = noisy(voltage, 0, 0.2)
    curve = dynamic_i_v(TIME, current, measured, spike_times=spikes, after_spike=5.0)
    check(curve, dn.neurons.EIF(), 0.03, 0.15)


def test_sweeps_share_one_curve(eif):
    current, voltage, spikes = eif
    half = len(TIME) // 2
    middle = STEP * half
    trains = [spikes[spikes < middle], spikes[spikes >= middle] - middle]
    rows = [values[: 2 * half].reshape(2, half) for values in (current, voltage)]
    curve = dynamic_i_v(TIME[:half], *rows, spike_times=trains)
    check(curve, dn.neurons.EIF(), 2e-3, 0.02)


def test_a_leaky_neuron_has_no_upstroke():
    neuron = dn.neurons.LIF()
    current, voltage, spikes = driven(neuron, 150.0, 200.0)
    assert len(spikes) > 50
    curve = dynamic_i_v(TIME, current, voltage, spike_times=spikes)
    assert curve.slope_factor == 0.0
    assert curve.capacitance == pytest.approx(200.0, rel=2e-3)
    assert curve.leak_conductance == pytest.approx(10.0, rel=0.01)
    assert curve.leak_reversal == pytest.approx(-70.0, abs=0.05)
    assert curve.threshold == pytest.approx(-50.0, abs=1.0)
    np.testing.assert_allclose(curve.model_current([-70.0, -60.0]), [0.0, 100.0], atol=1.0)
    with pytest.raises(ValueError, match="no upstroke"):
        exponential_start(curve)


def test_a_curve_starts_the_exponential_neurons():
    empty = np.zeros(0)
    curve = DynamicIV(empty, empty, empty, 150.0, 8.0, -72.0, -48.0, 1.5)
    start = exponential_start(curve)
    for neuron in (dn.neurons.EIF(), dn.neurons.AdEx()):
        started = dn.replace(neuron, start)
        assert float(started.slope_factor) == 1.5
        assert float(started.leak_reversal) == -72.0
    # Flat at the threshold, where the upstroke carries g_L Delta_T: 8 * (24 - 1.5).
    assert curve.model_current(-48.0) == pytest.approx(180.0)
    around = curve.model_current(-48.0 + np.array([-1e-3, 1e-3]))
    assert around[1] - around[0] == pytest.approx(0.0, abs=1e-6)


def test_a_serotonergic_neuron_has_plausible_parameters():
    path = RECORDINGS / "drn-5ht-164" / "training.npz"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    recording = dn.recordings.load(path)
    # 28 MOhm of the electrode are in the voltage.
    membrane = recording.voltage - 0.028 * recording.current
    curve = dynamic_i_v(recording.time, recording.current, membrane, voltage_range=(-80.0, 0.0))
    print({name: round(value, 2) for name, value in exponential_start(curve).items()})
    assert all(np.isfinite(value).all() for value in curve)
    assert 25.0 < curve.capacitance < 70.0
    assert 1.0 < curve.leak_conductance < 5.0
    assert -75.0 < curve.leak_reversal < -55.0
    assert -45.0 < curve.threshold < -25.0
    assert 0.3 < curve.slope_factor < 5.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"current": NO_CURRENT}, "does not tell the capacitance"),
        ({"current": NO_CURRENT[:-1]}, "disagree"),
        ({"voltage": np.full(500, np.inf)}, "finite"),
        ({"time": np.arange(500) ** 2.0}, "equal steps"),
        ({"spike_times": [[1.0], [2.0]]}, "2 trains for 1 sweeps"),
        ({"spike_times": [0.0], "after_spike": 100.0}, "shorten after_spike"),
        ({"bin_width": 0.0}, "bin_width=0.0"),
        ({"bin_width": 50.0}, "1 bins of 20 .*narrow bin_width"),
    ],
)
def test_the_curve_is_refused_in_words(passive, change, message):
    time, current, voltage = passive
    given = {"time": time, "current": current, "voltage": voltage} | change
    with pytest.raises(ValueError, match=message):
        dynamic_i_v(**given)
