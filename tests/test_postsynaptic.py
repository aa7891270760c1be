"""Postsynaptic responses: measures, summation, reversal, and synapses that known spikes reach."""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import (
    driving_force,
    fit_reversal,
    paired_pulse_ratio,
    population_trains,
    postsynaptic_response,
    postsynaptic_responses,
    response_amplitudes,
    shunting,
    spatial_summation,
    steady_voltage,
    temporal_summation,
)
from diffneuro.channels import Leak
from diffneuro.networks import Dense, Network, Population, Projection, Source
from diffneuro.neurons import LIF, Cell, OpenConductance, SynapticInput
from diffneuro.stimuli import SpikeTrains
from diffneuro.synapses import (
    DrivenSynapse,
    DualExponential,
    DualExponentialCurrent,
    Exponential,
    StochasticRelease,
    TsodyksMarkram,
)

pytestmark = pytest.mark.usefixtures("strict")

FOLDER = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS",
        Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
    )
)
WINDOWS = FOLDER / "synaptic" / "gc_mepsc_windows.npz"
needs_recordings = pytest.mark.skipif(
    not WINDOWS.is_file(), reason="the folder of recordings is absent (DIFFNEURO_RECORDINGS)"
)

TIME = 0.01 * np.arange(8000)
RISE, DECAY = 0.4, 5.0
PEAK = RISE * DECAY / (DECAY - RISE) * np.log(DECAY / RISE)
NORM = 1.0 / (np.exp(-PEAK / DECAY) - np.exp(-PEAK / RISE))


def course(since):
    """A rise and a decay with peak 1 from `since` = 0 on."""
    t = np.maximum(since, 0.0)
    return NORM * (np.exp(-t / DECAY) - np.exp(-t / RISE))


def triangle(onset, up, down):
    return np.interp(TIME, [0.0, onset, onset + up, onset + up + down, 80.0], [0, 0, 1, 0, 0])


def test_measures_of_two_exponentials():
    found = postsynaptic_response(TIME, 2.0 - 20.0 * course(TIME - 11.0), 10.0)
    assert found.baseline == pytest.approx(2.0)
    assert found.amplitude == pytest.approx(-20.0, rel=1e-3)
    assert found.peak_time == pytest.approx(11.0 + PEAK, abs=0.02)
    # The slower exponential is not alone at 80 % of the peak.
    assert found.decay_time_constant == pytest.approx(DECAY, rel=0.02)
    assert found.charge == pytest.approx(-20.0 * NORM * (DECAY - RISE), rel=1e-3)


def test_measures_of_straight_flanks():
    found = postsynaptic_response(TIME, -60.0 + 4.0 * triangle(12.5, 2.0, 6.0), 10.0, average=0.0)
    assert found.latency == pytest.approx(2.5, abs=1e-6)
    assert found.rise_time == pytest.approx(1.6, abs=1e-6)
    assert found.half_width == pytest.approx(4.0, abs=1e-6)
    assert found.charge == pytest.approx(4.0 * 4.0, rel=1e-4)


def test_time_constant_of_one_exponential_is_exact():
    trace = np.where(TIME < 10.0, 0.0, np.exp(-(TIME - 10.0) / 3.0))
    found = postsynaptic_response(TIME, trace, 10.0, average=0.0)
    assert found.decay_time_constant == pytest.approx(3.0, rel=1e-9)


def test_the_other_sign_changes_amplitude_and_charge_alone():
    trace = course(TIME - 11.0)
    up = postsynaptic_response(TIME, trace, 10.0)._asdict()
    down = postsynaptic_response(TIME, -trace, 10.0)._asdict()
    for name, value in up.items():
        sign = -1.0 if name in ("amplitude", "charge", "baseline") else 1.0
        assert down[name] == pytest.approx(sign * value, abs=1e-12), name


def test_noise_neither_makes_the_peak_nor_the_decay():
    noise = np.random.default_rng(0).normal(size=(20, TIME.size))
    traces = 10.0 * course(TIME - 11.0) + noise
    plain = postsynaptic_responses(TIME, traces, 10.0, average=0.0)
    calm = postsynaptic_responses(TIME, traces, 10.0, average=0.5)
    assert np.mean(plain.amplitude) > 11.5
    assert np.mean(calm.amplitude) == pytest.approx(10.0, rel=0.03)
    assert np.mean(calm.decay_time_constant) == pytest.approx(DECAY, rel=0.05)
    one = postsynaptic_response(TIME, traces[3], 10.0, average=0.5)
    assert one.amplitude == calm.amplitude[3]


def test_what_cannot_be_measured_is_nan():
    noise = np.random.default_rng(1).normal(size=TIME.size)
    slight = postsynaptic_response(TIME, noise, 40.0, stop=40.1)
    assert np.isfinite([slight.amplitude, slight.charge, slight.baseline]).all()
    assert np.isnan([slight.latency, slight.rise_time, slight.decay_time_constant]).all()
    cut = postsynaptic_response(TIME, course(TIME - 11.0), 10.0, stop=13.0)
    assert np.isfinite(cut.rise_time)
    assert np.isnan([cut.decay_time_constant, cut.half_width]).all()


def test_amplitudes_above_what_is_left_of_a_train():
    sizes, stimuli = np.array([3.0, 2.0, 1.2, 0.9]), np.array([5.0, 15.0, 25.0, 45.0])
    trace = -70.0 + sum(a * course(TIME - t) for a, t in zip(sizes, stimuli, strict=True))
    found = response_amplitudes(TIME, trace, stimuli, decay_time_constant=DECAY, average=0.0)
    np.testing.assert_allclose(found, sizes, rtol=1e-3)
    measured = response_amplitudes(TIME, trace, stimuli)
    np.testing.assert_allclose(measured, sizes, rtol=0.02)
    ratio = paired_pulse_ratio(TIME, -trace, stimuli, decay_time_constant=DECAY)
    assert ratio == pytest.approx(2.0 / 3.0, rel=5e-3)


def test_temporal_summation_is_a_geometric_series():
    stimuli, tau = np.array([10.0, 16.0, 22.0, 28.0]), 8.0
    late = TIME[:, None] - stimuli
    trace = np.sum(np.where(late >= 0.0, np.exp(-np.maximum(late, 0.0) / tau), 0.0), axis=1)
    r = np.exp(-6.0 / tau)
    for sign in (1.0, -1.0):
        found = temporal_summation(TIME, sign * trace - 60.0, stimuli, average=0.0)
        assert found == pytest.approx(1.0 + r + r**2 + r**3, rel=1e-3)
    assert temporal_summation(TIME, trace, stimuli[:1], average=0.0) == pytest.approx(1.0)
    # Before a slower peak is reached the next comes; then one response alone says what it is.
    pair, alone = np.array([10.0, 10.4]), course(TIME - 10.0)
    trace = alone + course(TIME - 10.4)
    found = temporal_summation(TIME, trace, pair, alone=alone)
    assert found == pytest.approx(trace.max(), rel=1e-3)
    assert temporal_summation(TIME, trace, pair) > 1.1 * found


def test_conductances_sum_less_than_currents():
    first, second = course(TIME - 10.0), 2.0 * course(TIME - 12.0)
    assert spatial_summation(first + second, [first, second], rest=0.0) == pytest.approx(1.0)
    # Steady: each alone depolarises by g E/(g + 1), both by (g1 + g2) E/(g1 + g2 + 1).
    g = np.array([0.5, 0.25])
    held = [np.append(0.0, steady_voltage([1.0, one], [0.0, 60.0])) for one in (*g, g.sum())]
    expected = (g.sum() / (1.0 + g.sum())) / np.sum(g / (1.0 + g))
    assert spatial_summation(held[2], held[:2]) == pytest.approx(expected, rel=1e-6)


def test_inhibition_at_rest_does_nothing_and_halves_an_epsp():
    cell = Cell({"leak": Leak(0.05, -70.0)}, area=2000.0)  # 1 nS
    excitation, inhibition = OpenConductance(0.5, 0.0), OpenConductance(1.5, -70.0)

    @jax.jit
    def settled(e, i):
        given = SynapticInput(
            0.0, (excitation._replace(conductance=e), inhibition._replace(conductance=i))
        )
        return dn.simulate(cell, given, t1=300.0, dt=0.1, state=cell.initial_state(0.0)).y

    alone, ipsp, both = settled(0.5, 0.0), settled(0.0, 1.5), settled(0.5, 1.5)
    np.testing.assert_allclose(ipsp, -70.0, atol=1e-3)
    assert shunting(alone, ipsp, both) == pytest.approx(0.5, rel=1e-4)
    known = steady_voltage([[1.0, 0.5, 0.0], [1.0, 0.5, 1.5]], [-70.0, 0.0, -70.0])
    np.testing.assert_allclose(known + 70.0, 70.0 / 3.0 * np.array([1.0, 0.5]), rtol=1e-5)
    np.testing.assert_allclose([alone[-1], both[-1]], known, rtol=1e-4)


def test_steady_voltage_has_the_derivative_of_a_driving_force(x64):
    g, e = jnp.array([1.0, 0.4, 0.7]), jnp.array([-70.0, 0.0, -80.0])
    slope = jax.grad(steady_voltage)(g, e)
    v = steady_voltage(g, e)
    np.testing.assert_allclose(slope, -driving_force(v, e) / g.sum(), rtol=1e-12)
    moved = [steady_voltage(g.at[1].add(h), e) for h in (1e-5, -1e-5)]
    assert float(slope[1]) == pytest.approx(float(moved[0] - moved[1]) / 2e-5, rel=1e-8)


def test_reversal_of_a_line_and_its_error():
    volts = np.array([-80.0, -60.0, -40.0, -20.0, 20.0])
    exact = fit_reversal(volts, 1.5 * (volts + 12.0))
    assert exact.reversal_potential == pytest.approx(-12.0)
    assert exact.slope == pytest.approx(1.5)
    np.testing.assert_allclose(exact.standard_errors, 0.0, atol=1e-12)
    noisy = 1.5 * (volts + 12.0) + np.array([1.0, -2.0, 0.5, 1.5, -1.0])
    found = fit_reversal(volts, noisy)
    (slope, offset), covariance = np.polyfit(volts, noisy, 1, cov=True)
    assert found.slope == pytest.approx(slope)
    assert found.reversal_potential == pytest.approx(-offset / slope)
    to_first_order = np.array([offset / slope**2, -1.0 / slope])
    error = np.sqrt(to_first_order @ covariance @ to_first_order)
    assert found.standard_errors == pytest.approx((error, np.sqrt(covariance[0, 0])))


def test_a_driven_synapse_is_the_sum_of_its_arrivals(x64):
    receptor, release = DualExponential(RISE, DECAY, -10.0), TsodyksMarkram(0.4, 60.0, 30.0)
    synapse = DrivenSynapse((2.0, 9.0, 12.5), receptor, 3.0, 0.77, release)
    run = dn.simulate(synapse, -60.0, t1=30.0, dt=0.05)
    amounts = synapse.amounts()
    shared = sum(
        amount * course(np.asarray(run.t) - t - 0.77)
        for amount, t in zip(amounts, synapse.times, strict=True)
    )
    np.testing.assert_allclose(run.y, 3.0 * -50.0 * shared, rtol=1e-9, atol=1e-9)
    u1, left = 0.4, 0.6
    u2 = u1 * np.exp(-7.0 / 30.0) + 0.4 * (1.0 - u1 * np.exp(-7.0 / 30.0))
    np.testing.assert_allclose(amounts[:2], [u1, u2 * (1.0 - (1.0 - left) * np.exp(-7.0 / 60.0))])
    np.testing.assert_allclose(DrivenSynapse((1.0, 2.0), receptor).amounts(), 1.0)


def test_a_driven_synapse_does_in_a_cell_what_a_projection_does(x64):
    times, receptor, release = (
        (2.0, 9.0, 12.5),
        DualExponential(0.4, 3.0),
        TsodyksMarkram(0.4, 60.0),
    )
    passive = Cell({"leak": Leak(0.1, -70.0)}, area=100.0)
    synapse = DrivenSynapse(times, receptor, 0.05, 1.5, release)
    driven = Cell(passive.channels | {"synapse": synapse}, area=100.0)
    joined = Network(
        {"in": Source(1), "cell": Population(passive, 1)},
        {
            "in_cell": Projection(
                "in", "cell", Dense([[0.05]]), receptor, delay=1.5, release=release
            )
        },
    )
    alone = dn.simulate(driven, 0.0, t1=20.0, dt=0.025).y
    run = dn.simulate(joined, {"in": SpikeTrains([times])}, t1=20.0, dt=0.025)
    assert np.ptp(alone) > 5.0
    np.testing.assert_allclose(alone, run.y["cell"][:, 0], atol=5e-3)
    trains = population_trains(run)
    assert sorted(trains) == ["cell", "in"]
    np.testing.assert_allclose(trains["in"][0], times)


@pytest.mark.slow
def test_a_fit_finds_release_and_kinetics(x64):
    times = (5.0, 25.0, 45.0, 65.0, 140.0)
    truth = DrivenSynapse(
        times, DualExponentialCurrent(0.3, 4.0), 30.0, 1.2, TsodyksMarkram(0.6, 80.0)
    )
    run = dn.simulate(truth, -70.0, t1=160.0, dt=0.2)
    noise = 0.05 * np.random.default_rng(2).normal(size=run.t.size)
    recording = dn.recordings.Recording(
        run.t, run.y + noise, np.full(run.t.size, -70.0), voltage_clamp=True
    )
    start = DrivenSynapse(
        times, DualExponentialCurrent(0.3, 2.5), 20.0, 1.0, TsodyksMarkram(0.4, 50.0)
    )
    result = dn.fit(
        start,
        recording,
        free={
            "weight": (1.0, 100.0),
            "delay": (0.1, 3.0),
            "receptor.decay_time_constant": dn.Bounds(0.5, 20.0, scale="log"),
            "release.utilisation": (0.05, 0.95),
            "release.recovery_time": dn.Bounds(10.0, 1000.0, scale="log"),
        },
        method=dn.methods.LevenbergMarquardt(steps=20),
        progress=False,
    )
    known = {name: float(value) for name, (value, _) in dn.parameters(truth).items()}
    for name, value in result.parameters.items():
        assert abs(value - known[name]) < 4.0 * result.standard_errors[name], name
        assert result.standard_errors[name] < 0.03 * known[name], name


@needs_recordings
def test_mean_miniature_current_decays_in_a_millisecond():
    windows = np.load(WINDOWS)
    mean = windows["i_pA"][windows["score"] == 1].mean(axis=0).astype(float)
    time = float(windows["dt_ms"]) * np.arange(mean.size)
    found = postsynaptic_response(time, mean, 1.6, baseline=1.5, sign=-1)
    assert found.amplitude == pytest.approx(-17.9, rel=0.01)
    assert 0.1 < found.rise_time < 0.4
    assert 0.7 < found.decay_time_constant < 1.3


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("give .n,. each", lambda: postsynaptic_response(TIME, TIME[:-1], 1.0)),
        ("not uniform", lambda: postsynaptic_response([0, 1, 2, 4, 8.0], np.zeros(5), 2.0)),
        ("inside the trace", lambda: postsynaptic_response(TIME, TIME, 0.0)),
        ("inside the trace", lambda: postsynaptic_response(TIME, TIME, 90.0)),
        ("sign=2 must be", lambda: postsynaptic_response(TIME, TIME, 9.0, sign=2)),
        ("one response a row", lambda: postsynaptic_responses(TIME, TIME, 9.0)),
        ("ascending", lambda: response_amplitudes(TIME, TIME, [9.0, 8.0])),
        ("give decay_time_constant", lambda: response_amplitudes(TIME, TIME, [8.0, 9.0])),
        ("two stimuli", lambda: paired_pulse_ratio(TIME, TIME, [8.0])),
        ("give .n,. and .k, n.", lambda: spatial_summation(TIME, TIME)),
        ("give .n,. each", lambda: shunting(TIME, TIME, TIME[1:])),
        ("at least four points", lambda: fit_reversal([0.0, 1.0], [1.0, 2.0])),
        ("several voltages", lambda: fit_reversal([2.0] * 5, np.arange(5.0))),
        ("no network", lambda: population_trains(dn.simulate(LIF(), 0.0, t1=1.0, dt=0.1))),
        ("ascending order", lambda: DrivenSynapse((), DualExponential())),
        ("ascending order", lambda: DrivenSynapse((2.0, 1.0), DualExponential())),
        ("none that impulses open", lambda: DrivenSynapse((1.0,), Leak())),
        (
            "without chance",
            lambda: DrivenSynapse((1.0,), Exponential(), release=StochasticRelease()),
        ),
        ("is negative", lambda: DrivenSynapse((1.0,), DualExponential(), -1.0)),
    ],
)
def test_bad_input_is_refused_with_the_cure(message, call):
    with pytest.raises(ValueError, match=message):
        call()
