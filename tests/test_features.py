"""Features of sweeps, by closed forms and by eFEL, and the scores made of them."""

import dataclasses
import math
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro._scores import step_rates, summarised, sweep_scores
from diffneuro.analysis import (
    CurrentStep,
    Features,
    adaptation_index,
    coincidence,
    current_step,
    current_steps,
    features,
    md_star,
    reliability,
)
from diffneuro.losses import Features as Levels
from diffneuro.methods import LevenbergMarquardt
from diffneuro.recordings import Recording

pytestmark = pytest.mark.usefixtures("strict")

FOLDER = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS",
        Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
    )
)
ALLEN = sorted((FOLDER / "allen-long-square").glob("*.npz"))
FSI = FOLDER / "fsi" / "2019_07_24_0055_fsi.npz"
needs_recordings = pytest.mark.skipif(
    not (ALLEN and FSI.is_file()),
    reason="the folder of recordings is absent (DIFFNEURO_RECORDINGS)",
)

DT, N = 0.1, 3000
TIME = DT * np.arange(N)
START, END = 50.0, 250.0
REST, TOP, LOW = -65.0, 20.0, -75.0
LEAK, LEAK_REST = 0.08, -72.0
TRAIN = (60.0, 80.0, 104.0, 132.0, 164.0, 200.0)


def drawn(train, ground=REST):
    """A voltage with a triangle of a spike at each time, and a trough that lasts 6 ms."""
    shape = [(-0.5, REST), (0.0, TOP), (1.0, LOW), (6.0, REST)]
    knots = [(t + late, v) for t in train for late, v in shape]
    knots = [(0.0, REST), *knots, (N * DT, REST)]
    return np.interp(TIME, *np.array(knots).T) + ground - REST


def stepped(amplitude, base=0.0):
    return base + np.where((TIME >= START) & (TIME < END), amplitude, 0.0)


def of(voltage, **changes):
    return features(TIME, voltage, **({"start": START, "end": END} | changes))


def missing(found):
    return {name for name, value in found._asdict().items() if math.isnan(value)}


@pytest.fixture(scope="module")
def leak_fit():
    """A passive cell, fitted to the levels of two sweeps; a repeat of the second is held out."""
    time, late = TIME[:1000], np.clip(TIME[:1000] - START, 0.0, None)
    current = np.array([stepped(step) for step in (-40.0, 40.0, 40.0)])[:, :1000]
    voltage = LEAK_REST + 0.01 * current / LEAK * (1.0 - np.exp(-late * LEAK))
    return dn.fit(
        dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -60.0)}, area=10_000.0),
        Recording(time=time, current=current, voltage=voltage),
        free={"channels.leak.g_max": (0.01, 1.0), "channels.leak.reversal_potential": (-90, -40)},
        loss=Levels(),
        holdout=[2],
        method=LevenbergMarquardt(steps=15),
        progress=False,
    )


# Closed forms


def test_spikes_of_a_drawn_train():
    found = of(drawn(TRAIN))
    intervals = np.diff(TRAIN)
    assert found.spike_count == 6
    assert found.latency == pytest.approx(10.0)
    assert found.mean_rate == pytest.approx(1e3 * 6 / 150.0)
    assert found.mean_interval == pytest.approx(28.0)
    assert found.interval_cv == pytest.approx(np.std(intervals, ddof=1) / 28.0)
    # One of six spikes is left out.
    assert found.adaptation_index == pytest.approx((4 / 52 + 4 / 60 + 4 / 68) / 3)
    assert found.adaptation_index == pytest.approx(float(adaptation_index(TRAIN)), rel=1e-6)


def test_shape_of_a_drawn_spike():
    found = of(drawn(TRAIN))
    assert found.spike_height == pytest.approx(TOP)
    assert found.ahp_depth == pytest.approx(LOW - REST)
    half = 0.5 * (TOP - LOW)
    assert found.half_width == pytest.approx(0.5 * half / (TOP - REST) + half / (TOP - LOW))


def test_a_passive_step_with_a_sag():
    # A slow current lifts what is left of the deflection from -15 to -10 mV.
    late = np.clip(TIME - START, 0.0, None)
    inside = (TIME >= START) & (TIME < END)
    voltage = REST + inside * (-10.0 * (1 - np.exp(-late / 5)) - 8.0 * late / 9 * np.exp(-late / 9))
    found = of(voltage, current=-50.0)
    settled = voltage[(TIME > END - 20.05) & (TIME < END - 0.05)].mean()
    assert found.resting_voltage == pytest.approx(REST, abs=1e-4)
    assert found.steady_voltage == pytest.approx(settled)
    assert found.sag == pytest.approx(settled - voltage.min())
    assert found.sag > 2.0
    assert found.input_resistance == pytest.approx(10.0 / 50.0, rel=1e-4)


def test_the_resting_voltage_is_that_of_the_last_tenth_before_the_step():
    assert of(REST + 0.1 * TIME).resting_voltage == pytest.approx(REST + 0.1 * 47.5)


def test_a_shifted_time_changes_nothing():
    voltage = drawn(TRAIN)
    there = features(TIME + 1000.0, voltage, start=1000.0 + START, end=1000.0 + END)
    np.testing.assert_allclose(there, of(voltage), rtol=1e-9)


def test_only_spikes_within_the_step_count():
    found = of(drawn((20.0, *TRAIN, 270.0)))
    assert found.spike_count == 6
    assert found.latency == pytest.approx(10.0)


# What is missing


def test_a_silent_cell_has_a_rate_of_zero_and_no_latency():
    found = of(drawn(()), current=20.0)
    assert found.spike_count == 0
    assert found.mean_rate == 0
    assert missing(found) == {
        "latency",
        "mean_interval",
        "interval_cv",
        "adaptation_index",
        "spike_height",
        "half_width",
        "ahp_depth",
    }


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_few_spikes(count):
    lost = {1: 3, 2: 2, 3: 1, 4: 0}[count]
    names = ("adaptation_index", "interval_cv", "mean_interval")[:lost]
    assert missing(of(drawn(TRAIN[:count]))) - {"sag", "input_resistance"} == set(names)


def test_a_voltage_that_is_not_finite_has_no_features():
    voltage = drawn(TRAIN)
    voltage[-1] = np.inf
    assert of(voltage) == Features()
    assert missing(Features()) == set(Features._fields)


def test_nothing_before_the_step():
    assert {"resting_voltage", "ahp_depth"} <= missing(of(drawn(TRAIN), start=0.0))


def test_a_spike_that_the_sweep_cuts_off_is_none():
    voltage = drawn(())
    voltage[-3:] = TOP
    assert of(voltage, end=N * DT).spike_count == 0


def test_spikes_of_a_model_that_draws_none():
    found = of(drawn(()), spikes=[20.0, *TRAIN, np.inf])
    assert found[:6] == pytest.approx(of(drawn(TRAIN))[:6])
    assert {"spike_height", "half_width", "ahp_depth", "input_resistance"} <= missing(found)


def test_every_feature_has_a_unit():
    units = Features.units()
    assert tuple(units) == Features._fields
    assert units["input_resistance"] == "GOhm"
    assert units["latency"] == "ms"
    assert units["mean_rate"] == "Hz"
    assert units["ahp_depth"] == "mV"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": 260.0}, "not within the sweep"),
        ({"end": 301.0}, "not within the sweep"),
        ({"start": -1.0}, "not within the sweep"),
        ({"interval": 0.0}, "must be positive"),
        ({"time": -TIME}, "does not rise"),
        ({"voltage": np.zeros((2, N))}, "take one sweep"),
    ],
)
def test_bad_input_is_refused(changes, said):
    given = {"time": TIME, "voltage": drawn(()), "start": START, "end": END} | changes
    with pytest.raises(ValueError, match=said):
        features(given.pop("time"), given.pop("voltage"), **given)


# Against eFEL

NAMES = {
    "spike_count": "spike_count_stimint",
    "mean_rate": "mean_frequency",
    "latency": "time_to_first_spike",
    "mean_interval": "all_ISI_values",
    "interval_cv": "ISI_CV",
    "adaptation_index": "adaptation_index",
    "spike_height": "AP_height",
    "half_width": "spike_half_width",
    "ahp_depth": "AHP_depth",
    "resting_voltage": "voltage_base",
    "steady_voltage": "steady_state_voltage_stimend",
    "sag": "sag_amplitude",
    "input_resistance": "ohmic_input_resistance_vb_ssse",
}


def agrees_with_efel(time, voltage, step, interval):
    """Compare every feature, and return how many are there."""
    efel = pytest.importorskip("efel")
    # Where samples are equal, or an edge of the step is on one, eFEL's choice is up to the
    # rounding of times that it adds up.
    voltage = voltage + 1e-4 * np.random.default_rng(0).normal(size=voltage.size)
    start, end = step.start + 0.003, step.end - 0.007
    efel.reset()
    for name, value in (
        ("strict_stiminterval", True),
        ("ignore_first_ISI", False),
        ("interp_step", interval),
        ("stimulus_current", 1e-3 * step.current),
    ):
        efel.set_setting(name, value)
    trace = {"T": time, "V": voltage, "stim_start": [start], "stim_end": [end]}
    (theirs,) = efel.get_feature_values([trace], list(NAMES.values()), raise_warnings=False)
    efel.reset()
    ours = features(time, voltage, start=start, end=end, current=step.current, interval=interval)
    expected = {
        ours_name: math.nan
        if theirs[name] is None or not len(theirs[name])
        else theirs[name].mean()
        for ours_name, name in NAMES.items()
    }
    expected["input_resistance"] *= 1e-3
    if ours.spike_count:
        expected["input_resistance"] = math.nan
    else:
        expected["mean_rate"] = 0.0
    for name, value in expected.items():
        assert getattr(ours, name) == pytest.approx(value, rel=1e-7, nan_ok=True), name
    return len(Features._fields) - len(missing(ours))


@needs_recordings
@pytest.mark.parametrize("interval", [0.1, 0.02])
@pytest.mark.parametrize("path", ALLEN, ids=lambda path: path.stem)
def test_cortical_cells_against_efel(path, interval):
    with np.load(path) as file:
        data = dict(file)
    voltage = data["v_mV"].astype(float)
    time = float(data["dt_ms"]) * np.arange(voltage.size)
    step = current_step(time, data["i_pA"])
    assert (step.start, step.end) == pytest.approx((205.0, 1205.0))
    assert agrees_with_efel(time, voltage, step, interval) == 11


@needs_recordings
@pytest.mark.parametrize("interval", [0.1, 0.05])
def test_all_sweeps_of_a_fast_spiking_cell_against_efel(interval):
    with np.load(FSI) as file:
        data = dict(file)
    time = 0.05 * np.arange(data["v_mV"].shape[1])
    there = [
        agrees_with_efel(
            time, row.astype(float), CurrentStep(146.85, 646.85, amplitude, 0.0), interval
        )
        for row, amplitude in zip(data["v_mV"], np.arange(-100.0, 301.0, 25.0), strict=True)
    ]
    # Below rest there is a sag as well.
    assert there[:4] == [6] * 4
    assert min(there[5:]) >= 11


@pytest.mark.parametrize("amplitude", [-2.0, 8.0])
def test_a_simulated_cell_against_efel(x64, amplitude):
    time = 0.025 * np.arange(6000)
    current = np.where((time >= 30.0) & (time < 130.0), amplitude * 100.0, 0.0)
    cell = dn.neurons.Cell(
        {
            "na": dn.channels.SquidSodium(),
            "k": dn.channels.SquidPotassium(),
            "leak": dn.channels.Leak(0.3, -54.4),
        },
        area=10_000.0,
    )
    run = dn.simulate(cell, current, t1=150.0, dt=0.025)
    voltage = np.asarray(run.y)
    step = current_step(time, current)
    there = agrees_with_efel(time, voltage, step, 0.1)
    assert there == (6 if amplitude < 0 else 11)


# Steps of current


def test_a_clean_step_is_found():
    assert current_step(TIME, stepped(120.0)) == pytest.approx((START, END, 120.0, 0.0))
    assert current_step(TIME, stepped(-30.0, 5.0)) == pytest.approx((START, END, -30.0, 5.0))


def test_a_test_pulse_is_passed_over():
    current = stepped(120.0) + np.where((TIME >= 10) & (TIME < 20), -20.0, 0.0)
    assert current_step(TIME, current) == pytest.approx((START, END, 120.0, 0.0))
    short = current_step(TIME, current, shortest=5.0)
    assert short == pytest.approx((10.0, 20.0, -20.0, 0.0))


def test_a_noisy_step_is_found():
    noise = 2.0 * np.random.default_rng(1).normal(size=N)
    found = current_step(TIME, stepped(120.0) + noise)
    assert found[:2] == pytest.approx((START, END))
    assert found.current == pytest.approx(120.0, abs=0.5)


def test_a_resampled_step_is_found():
    current = stepped(120.0)
    current[[500, 2500]] = 37.0
    start, end, height, _ = current_step(TIME, current)
    assert (start, end, height) == pytest.approx((START + DT, END, 120.0))


def test_all_steps_of_a_sweep_are_found():
    current = stepped(120.0) + np.where((TIME >= 120) & (TIME < 180), -70.0, 0.0)
    found = current_steps(TIME, current)
    expected = [(50.0, 120.0, 120.0, 0.0), (120.0, 180.0, 50.0, 0.0), (180.0, 250.0, 120.0, 0.0)]
    assert len(found) == 3
    for step, wanted in zip(found, expected, strict=True):
        assert step == pytest.approx(wanted)


def test_a_constant_current_is_a_step_over_the_whole_sweep():
    assert current_step(TIME, np.full(N, 7.0)) == pytest.approx((0.0, N * DT, 7.0, 0.0))


@pytest.mark.parametrize("shape", ["noise", "ramp", "sine"])
def test_what_is_no_step_is_none(shape):
    steps = np.random.default_rng(2).normal(size=N)
    current = {
        "noise": np.convolve(steps, np.exp(-np.arange(200) / 30.0))[:N],
        "ramp": 0.1 * np.clip(TIME - START, 0.0, 100.0) * (TIME < 200.0),
        "sine": 50.0 * np.sin(0.1 * TIME),
    }[shape]
    assert current_step(TIME, current) is None


def test_currents_that_cannot_be_read_are_refused():
    with pytest.raises(ValueError, match="one row each"):
        current_step(TIME, np.zeros((2, N)))
    with pytest.raises(ValueError, match="not finite"):
        current_step(TIME, np.full(N, np.nan))


# Scores

STEPS = (0.0, 40.0, 80.0, 80.0, 80.0)
CELL = ((), (), TRAIN, (62.0, *TRAIN[1:-1]), (61.0, *TRAIN[1:]))
MODEL = ((), (100.0,), (63.0, *TRAIN[1:]), (), TRAIN)


def scored(model=MODEL, currents=STEPS, held_out=(3, 4), draws_spikes=True):
    current = np.array([stepped(step) for step in currents])
    voltage = np.array([drawn(train) for train in CELL])
    recording = Recording(time=TIME, current=current, voltage=voltage)
    if draws_spikes:
        fitted = np.array([drawn(train) for train in model])
        # As a fit's: where the voltage rises through -20 mV.
        model = [np.asarray(train) - 0.5 * 40.0 / 85.0 for train in model]
    else:
        fitted = np.full(voltage.shape, REST)
    trains = [np.asarray(train, float) for train in model]
    return sweep_scores(recording, fitted, trains, held_out, draws_spikes)


def test_a_perfect_model_has_no_errors():
    scores = scored(CELL)
    for score in scores:
        known = [value for value in score.feature_errors if not math.isnan(value)]
        assert len(known) >= 4
        assert known == [0.0] * len(known)
        assert (score.coincidence, score.coincidence_2ms) == pytest.approx((1.0, 1.0))
        assert score.rms_error == 0.0
    assert scores[2].rate_error == scores[2].latency_error == 0.0
    assert math.isnan(scores[0].rate_error)


def test_coincidence_and_repeats_of_a_sweep():
    score = scored()[2]
    trains = [np.asarray(train) for train in CELL[2:]]
    model = np.asarray(MODEL[2])
    for window, found, ceiling in (
        (4.0, score.coincidence, score.ceiling),
        (2.0, score.coincidence_2ms, score.ceiling_2ms),
    ):
        expected = coincidence(trains[0], model, duration=N * DT, window=window)
        assert found == pytest.approx(expected)
        assert ceiling == pytest.approx(reliability(trains, duration=N * DT, window=window))
    assert score.coincidence_2ms < score.coincidence
    assert score.md_star == pytest.approx(md_star(trains, [model]))
    assert score.repeats == 3
    assert score.repeat_errors.latency == pytest.approx(0.5 * (2.0 + 1.0))
    assert score.repeat_errors.spike_count == pytest.approx(0.5)
    assert score.repeat_rate_error == pytest.approx(0.5 / 6)


def test_a_sweep_without_repeats_has_no_ceiling():
    score = scored()[1]
    assert score.repeats == 1
    assert math.isnan(score.ceiling)
    assert math.isnan(score.md_star)
    assert score.repeat_errors == Features()


def test_repeats_of_a_measured_current_may_differ_by_noise():
    noise = np.random.default_rng(5).normal(size=(5, N))
    current = np.array([stepped(step) for step in STEPS]) + 0.5 * noise
    voltage = np.array([drawn(train) for train in CELL])
    recording = Recording(time=TIME, current=current, voltage=voltage)
    scores = sweep_scores(recording, voltage, [np.zeros(0)] * 5, (), True)
    assert [score.repeats for score in scores] == [1, 1, 3, 3, 3]
    assert [score.step_current for score in scores[1:]] == pytest.approx([40, 80, 80, 80], abs=0.2)


def test_the_step_in_which_sweeps_differ_is_scored():
    # All sweeps begin with one and the same test step.
    test = np.where((TIME >= 10) & (TIME < 70), -20.0, 0.0)
    current = np.array([test + np.where((TIME >= 120) & (TIME < 240), s, 0.0) for s in (0, 30, 60)])
    voltage = np.array([drawn(train) for train in ((), (150.0,), (140.0, 200.0))])
    recording = Recording(time=TIME, current=current, voltage=voltage)
    scores = sweep_scores(recording, voltage, [np.zeros(0)] * 3, (), True)
    assert [score.step_current for score in scores] == pytest.approx([0.0, 30.0, 60.0])
    assert scores[1].recorded_features.latency == pytest.approx(30.0)


def test_rates_and_latencies_of_sweeps():
    scores = scored()
    assert [score.step_current for score in scores] == [0.0, 40.0, 80.0, 80.0, 80.0]
    assert [score.recorded_rate for score in scores] == pytest.approx([0, 0, 30, 25, 30])
    assert [score.model_rate for score in scores] == pytest.approx([0, 5, 30, 0, 30])
    assert [score.rate_error for score in scores[2:]] == pytest.approx([0.0, 1.0, 0.0])
    assert scores[2].latency_error == pytest.approx(3.0)
    assert scores[2].feature_errors.latency == pytest.approx(3.0)
    assert math.isnan(scores[3].latency_error)
    assert scores[4].latency_error == pytest.approx(1.0)


def test_a_model_that_draws_no_spikes_is_compared_by_its_spike_times():
    given, shown = scored(draws_spikes=False), scored()
    crossing = 0.5 * 40.0 / 85.0
    assert [score.model_rate for score in given] == [score.model_rate for score in shown]
    assert given[2].latency_error == pytest.approx(3.0 + crossing)
    assert math.isnan(given[2].model_features.spike_height)
    assert given[2].recorded_features.spike_height == pytest.approx(TOP)


def test_the_summary_of_some_sweeps():
    scores = scored()
    found = summarised(scores)
    assert found.sweeps == 5
    assert found.rate_error == pytest.approx(1 / 3)
    assert found.latency_error == pytest.approx(2.0)
    assert (found.wrongly_silent, found.wrongly_firing) == (1, 1)
    assert found.coincidence == pytest.approx(np.mean([s.coincidence for s in scores[1:]]))
    assert found.ceiling == pytest.approx(scores[2].ceiling)
    assert found.repeat_latency_error == pytest.approx((1.5 + 1.5 + 1.0) / 3)
    assert math.isnan(summarised(scores[:2]).rate_error)


def test_the_curves_of_cell_and_model():
    found = step_rates(scored(held_out=(1, 3, 4)))
    np.testing.assert_allclose(found.current, [0.0, 40.0, 80.0])
    assert found.held_out.tolist() == [False, True, False]
    assert found.sweeps.tolist() == [1, 1, 3]
    np.testing.assert_allclose(found.recorded_rate, [0.0, 0.0, 85 / 3])
    np.testing.assert_allclose(found.model_rate, [0.0, 5.0, 20.0])
    np.testing.assert_allclose(found.recorded_latency, [np.nan, np.nan, 11.0])
    np.testing.assert_allclose(found.model_latency, [np.nan, 50.0, 11.5])
    np.testing.assert_allclose(
        found.recorded_rate_deviation, [np.nan, np.nan, np.std([30, 25, 30], ddof=1)]
    )


def test_sweeps_without_a_step_are_in_no_curve():
    noise = np.random.default_rng(3).normal(size=(5, N)).cumsum(axis=1)
    voltage = np.array([drawn(train) for train in CELL])
    recording = Recording(time=TIME, current=noise, voltage=voltage)
    scores = sweep_scores(recording, voltage, [np.zeros(0)] * 5, (), True)
    assert all(math.isnan(score.step_current) for score in scores)
    assert scores[2].recorded_rate == pytest.approx(20.0)
    assert step_rates(scores).current.shape == (0,)


@needs_recordings
def test_the_sweep_without_current_of_a_family_has_its_window():
    with np.load(FSI) as file:
        data = dict(file)
    time = 0.05 * np.arange(data["v_mV"].shape[1])
    recording = Recording(time=time, current=data["i_cmd_pA"], voltage=data["v_mV"])
    silent = [np.zeros(0)] * 17
    scores = sweep_scores(recording, np.full(recording.voltage.shape, -60.0), silent, (), True)
    found = step_rates(scores)
    np.testing.assert_allclose(found.current, np.arange(-100.0, 301.0, 25.0))
    counts = [0, 0, 0, 0, 4, 13, 20, 28, 32, 40, 44, 49, 53, 56, 59, 61, 63]
    np.testing.assert_allclose(found.recorded_rate, 2.0 * np.array(counts), atol=2.0)


def test_a_model_that_diverges_is_scored_all_the_same():
    voltage = np.array([drawn(train) for train in CELL])
    current = np.array([stepped(step) for step in STEPS])
    recording = Recording(time=TIME, current=current, voltage=voltage)
    fitted = np.full(voltage.shape, np.nan)
    score = sweep_scores(recording, fitted, [np.zeros(0)] * 5, (), True)[2]
    assert score.model_features == Features()
    assert score.recorded_rate == pytest.approx(30.0)
    assert math.isnan(score.rate_error)


def test_the_scores_of_a_fit(leak_fit):
    scores = leak_fit.scores()
    # Missing values are one and the same NaN.
    assert scores == leak_fit.scores()
    assert [score.held_out for score in scores] == [False, False, True]
    assert [score.repeats for score in scores] == [1, 2, 2]
    assert (leak_fit.summary().sweeps, leak_fit.summary(held_out=False).sweeps) == (1, 2)
    np.testing.assert_allclose(leak_fit.step_rates().current, [-40.0, 40.0])
    resistance = scores[0].recorded_features.input_resistance
    reached = 1.0 - np.exp(-LEAK * np.arange(45.0, 50.0, DT)).mean()
    assert resistance == pytest.approx(0.01 / LEAK * reached, rel=1e-6)
    assert scores[0].feature_errors.input_resistance == pytest.approx(0.0, abs=2e-4)
    with pytest.raises(ValueError, match="fit with holdout="):
        dataclasses.replace(leak_fit, held_out=()).summary()


# The loss

HELD = stepped(-50.0)
PUSHED = stepped(50.0)


def run_of(voltage):
    real = jnp.result_type(float)
    return dn.Trajectory(jnp.asarray(TIME, real), jnp.asarray(voltage, real), None)


def residuals(loss, voltage, recorded, current):
    target = jax.tree.map(jnp.asarray, loss.target(TIME, current, recorded))
    with jax.numpy_dtype_promotion("standard"):
        return np.asarray(loss.residual(run_of(voltage), target))


def sagging(depth=10.0):
    late = np.clip(TIME - START, 0.0, None)
    return REST - depth * late / 9.0 * np.exp(-late / 9.0) * (TIME < END)


@pytest.mark.parametrize(
    ("voltage", "current", "shown"),
    [
        (drawn(TRAIN), PUSHED, [1, 0, 1, 1]),
        (sagging(), HELD, [1, 1, 1, 0]),
        (drawn(()), np.random.default_rng(4).normal(size=N).cumsum(), [0, 1, 1, 0]),
    ],
)
def test_a_shift_of_the_voltage_is_the_error_of_every_level_shown(x64, voltage, current, shown):
    loss = Levels(rest=1.0, steady=4.0, trough=9.0, height=16.0)
    np.testing.assert_array_equal(residuals(loss, voltage, voltage, current), np.zeros(4))
    moved = residuals(loss, voltage + 3.0, voltage, current)
    np.testing.assert_allclose(moved, 3.0 * np.array(shown) * [1.0, 2.0, 3.0, 4.0], rtol=1e-9)


def test_each_level_sees_its_own_part(x64):
    base = sagging()
    loss = Levels(softness=0.5)
    late = TIME + 0.5 * DT
    rest = base + 2.0 * (late < START)
    np.testing.assert_allclose(residuals(loss, rest, base, HELD), [2, 0, 0, 0], atol=1e-9)
    steady = base + 2.0 * ((late > 230.0) & (late < END))
    found = residuals(loss, steady, base, HELD)
    np.testing.assert_allclose(found, [0, 2, 0, 0], atol=1e-3)
    deeper = residuals(loss, sagging(12.0), base, HELD)
    assert deeper[2] == pytest.approx(-2.0 / math.e, abs=0.1)
    np.testing.assert_allclose(deeper[[0, 1, 3]], 0.0, atol=1e-3)


def test_a_trough_is_looked_for_after_the_first_recorded_spike(x64):
    base = drawn(TRAIN)
    dip = base - 30.0 * ((TIME > 52.0) & (TIME < 56.0))
    loss = Levels()
    assert residuals(loss, dip, base, PUSHED)[2] == pytest.approx(0.0, abs=1e-9)
    dip = base - 30.0 * ((TIME > 220.0) & (TIME < 224.0))
    assert residuals(loss, dip, base, PUSHED)[2] < -10.0


def test_soft_extremes_reach_the_hard_ones(x64):
    base, other = drawn(TRAIN), drawn((70.0,), ground=REST - 5.0)
    found = residuals(Levels(softness=1e-3), other, base, PUSHED)
    np.testing.assert_allclose(found, [-5.0, 0.0, -5.0, -5.0], atol=0.02)


def test_samples_that_are_unknown_are_not_compared(x64):
    recorded = sagging()
    recorded[TIME > 200.0] = np.nan
    found = residuals(Levels(), sagging() + 1.0, recorded, HELD)
    np.testing.assert_allclose(found, [1.0, 0.0, 1.0, 0.0], rtol=1e-9)


def test_the_derivatives_of_the_levels_equal_central_differences(x64):
    cell = dn.neurons.Cell(
        {
            "na": dn.channels.SquidSodium(),
            "k": dn.channels.SquidPotassium(),
            "leak": dn.channels.Leak(0.3, -54.4),
        },
        area=10_000.0,
    )
    n = 2600
    time = 0.025 * np.arange(n)
    current = np.where((time >= 5.0) & (time < 60.0), 1000.0, 0.0)
    recorded = np.asarray(dn.simulate(cell, current, t1=65.0, dt=0.025).y)
    loss = Levels()
    target = jax.tree.map(jnp.asarray, loss.target(time, current, recorded))
    assert (np.asarray(target.weights) > 0).tolist() == [True, False, True, True]

    @jax.jit
    def errors(values):
        model = dn.replace(
            cell,
            {
                "channels.na.g_max": values[0],
                "channels.k.g_max": values[1],
                "channels.leak.reversal_potential": values[2],
            },
        )
        run = dn.simulate(model, jnp.asarray(current), t1=n * 0.025, dt=0.025)
        return loss.residual(run, target)

    at = jnp.array([118.0, 37.0, -55.0])
    slopes = jax.jacfwd(errors)(at)
    steps = 1e-4 * jnp.abs(at)
    for k in range(3):
        step = steps[k] * jnp.eye(3)[k]
        expected = (errors(at + step) - errors(at - step)) / (2.0 * steps[k])
        np.testing.assert_allclose(slopes[:, k], expected, rtol=1e-5, atol=1e-7)
    assert (np.abs(slopes).max(axis=0) > 0.01).all()


def test_levels_fit_a_leak(leak_fit):
    assert leak_fit.parameters["channels.leak.g_max"] == pytest.approx(LEAK, rel=1e-3)
    found = leak_fit.parameters["channels.leak.reversal_potential"]
    assert found == pytest.approx(LEAK_REST, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rest": -1.0}, "must not be negative"),
        ({"rest": 0.0, "steady": 0.0, "trough": 0.0, "height": 0.0}, "nor all 0"),
        ({"softness": 0.0}, "must be positive"),
    ],
)
def test_a_bad_loss_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        Levels(**changes)


def test_a_run_that_keeps_few_samples_is_refused():
    loss = Levels()
    target = loss.target(TIME, HELD, sagging())
    run = dn.Trajectory(jnp.asarray(TIME[::2]), jnp.asarray(sagging()[::2]), None)
    with pytest.raises(ValueError, match="leave out every="):
        loss.residual(run, target)
