"""Losses: zero at equality, and what each counts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro import analysis
from diffneuro.losses import (
    Coincidence,
    IntervalDistribution,
    SpikeCount,
    SpikeTimes,
    Sum,
    VanRossum,
    VictorPurpura,
    VoltageError,
)

pytestmark = pytest.mark.usefixtures("strict")

N, DT = 400, 0.1
TIME = DT * np.arange(N)
CURRENT = np.zeros(N)


def voltage_with_spikes(times, rest=-65.0):
    """A recorded voltage that crosses -20 mV, on a straight rise, at exactly these times."""
    voltage = np.full(N, rest)
    for spike in times:
        k = int(spike // DT)
        part = spike / DT - k
        voltage[k - 1 : k + 3] = -20.0 + 60.0 * (np.arange(-1, 3) - part)
    return voltage


def run_with(voltage, times=None):
    """A trajectory with this output and, for a spiking model, these spikes."""
    t = jnp.asarray(TIME, jnp.result_type(float))
    y = jnp.asarray(voltage, t.dtype)
    if times is None:
        return dn.Trajectory(t, y, None)
    fired = np.zeros(N)
    when = np.full(N, np.inf)
    for spike in times:
        fired[int(spike / DT)] = 1.0
        when[int(spike / DT)] = spike
    return dn.Trajectory(t, y, None, jnp.asarray(fired, t.dtype), jnp.asarray(when, t.dtype))


def total(loss, run, voltage):
    target = jax.tree.map(jnp.asarray, loss.target(TIME, CURRENT, voltage))
    with jax.numpy_dtype_promotion("standard"):  # targets are float64 until a fit casts them
        errors = loss.residual(run, target)
    assert errors.ndim == 1
    return float(jnp.sum(errors * errors))


SPIKES = (5.03, 12.27, 25.51)


@pytest.mark.parametrize(
    "loss",
    [
        VoltageError(),
        VoltageError(mask_spikes=(1.0, 2.0), largest=10.0),
        SpikeTimes(),
        Sum((SpikeTimes(), VoltageError()), (1.0, 0.5)),
    ],
)
def test_zero_at_equality(loss):
    voltage = voltage_with_spikes(SPIKES)
    assert total(loss, run_with(voltage), voltage) == pytest.approx(0.0, abs=1e-9)


def test_voltage_error_is_the_mean_square():
    voltage = voltage_with_spikes(())
    error = np.linspace(-3.0, 5.0, N)
    found = total(VoltageError(), run_with(voltage + error), voltage)
    assert found == pytest.approx(np.mean(error**2), rel=1e-4)


def test_weights_choose_what_counts():
    voltage = voltage_with_spikes(())
    error = np.where(np.arange(N) < 100, 100.0, 2.0)
    weights = np.where(np.arange(N) < 100, 0.0, 3.0)
    found = total(VoltageError(weights=weights), run_with(voltage + error), voltage)
    assert found == pytest.approx(4.0, rel=1e-4)


def test_mask_leaves_out_the_surroundings_of_recorded_spikes():
    voltage = voltage_with_spikes(SPIKES)
    near = np.zeros(N, bool)
    for spike in SPIKES:
        near |= (spike - 1.0 < TIME) & (spike + 2.0 > TIME)
    masked = VoltageError(mask_spikes=(1.0, 2.0))
    assert total(masked, run_with(voltage + np.where(near, 50.0, 0.0)), voltage) < 1e-9
    outside = run_with(voltage + np.where(near, 0.0, 2.0))
    assert total(masked, outside, voltage) == pytest.approx(4.0, rel=1e-4)


def test_largest_levels_off():
    voltage = voltage_with_spikes(())
    loss = VoltageError(largest=5.0)
    assert total(loss, run_with(voltage + 0.01), voltage) == pytest.approx(1e-4, rel=0.02)
    assert total(loss, run_with(voltage + 1e4), voltage) == pytest.approx(25.0, rel=1e-3)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.ones(7), f"{N} numbers"),
        (-np.ones(N), ">= 0"),
        (np.full(N, np.nan), ">= 0"),
        (np.zeros(N), "every sample has weight 0"),
    ],
)
def test_bad_weights_are_refused(weights, said):
    with pytest.raises(ValueError, match=said):
        VoltageError(weights=weights).target(TIME, CURRENT, voltage_with_spikes(()))


def test_spike_times_of_a_spiking_model_are_its_own():
    quiet = np.full(N, -60.0)
    recorded = voltage_with_spikes(SPIKES)
    assert total(SpikeTimes(), run_with(quiet, SPIKES), recorded) == pytest.approx(0.0, abs=1e-9)


def test_a_late_train_costs_its_lateness():
    recorded = voltage_with_spikes(SPIKES)
    loss = SpikeTimes(precision=0.2)
    late = 0.3
    # Only the first interval, the one from t = 0, is wrong, and every absolute time.
    scale = 0.2 * np.diff([0.0, *SPIKES])
    small = np.array([late / scale[0], *(late / scale)])
    levelled = np.array([1.0, 0.5, 0.5, 0.5]) * small / np.sqrt(1.0 + (small / 5.0) ** 2)
    run = run_with(np.full(N, -60.0), [spike + late for spike in SPIKES])
    assert total(loss, run, recorded) == pytest.approx(np.sum(levelled**2) / 4.0, rel=1e-3)


@pytest.mark.parametrize(
    ("onset", "spikes", "scales"),
    [
        (4.0, SPIKES, [1.03, 7.24, 13.24]),  # a short latency
        (0.0, (15.0, 17.0, 20.0), [2.0, 2.0, 3.0]),  # a long one
        (10.0, SPIKES, [7.24, 2.27, 13.24]),  # of the first spike that the step evoked
        (5.0, SPIKES, [1.0, 7.24, 13.24]),  # no cell answers so soon
        (6.0, (5.03,), [20.0]),  # one spike, and not evoked
        (2.0, (5.03,), [3.03]),
    ],
)
def test_a_spike_may_be_late_by_a_share_of_its_interval_or_latency(onset, spikes, scales):
    current = np.where(onset > TIME + 1e-9, 0.0, 50.0)
    loss = SpikeTimes(max_spikes=len(spikes))
    target = loss.target(TIME, current, voltage_with_spikes(spikes))
    np.testing.assert_allclose(target.intervals, scales, atol=1e-6)


def test_missing_spikes_cost_more_the_farther_the_voltage_stayed_below():
    recorded = voltage_with_spikes(SPIKES)
    low = total(SpikeTimes(), run_with(np.full(N, -70.0), ()), recorded)
    high = total(SpikeTimes(), run_with(np.full(N, -50.0), ()), recorded)
    assert low == pytest.approx(3 * (5.0 + 5.0) ** 2 / 4.0, rel=1e-3)
    assert high == pytest.approx(3 * (5.0 + 3.0) ** 2 / 4.0, rel=1e-3)
    two = total(SpikeTimes(), run_with(np.full(N, -50.0), SPIKES[:2]), recorded)
    assert two == pytest.approx((5.0 + 3.0) ** 2 / 4.0, rel=1e-3)


def test_extra_spikes_cost_less_the_later_they_are():
    recorded = voltage_with_spikes(SPIKES)
    early = total(SpikeTimes(), run_with(np.full(N, -60.0), (*SPIKES, 26.5)), recorded)
    late = total(SpikeTimes(), run_with(np.full(N, -60.0), (*SPIKES, 39.5)), recorded)
    assert early > late > 0
    mean_interval = SPIKES[2] / 3
    part = (TIME[-1] - 39.5) / mean_interval
    assert late == pytest.approx((part / np.sqrt(1 + (part / 5) ** 2)) ** 2 / 4, rel=1e-2)


def test_silence_is_right_where_nothing_was_recorded():
    silent = voltage_with_spikes(())
    assert total(SpikeTimes(), run_with(silent, ()), silent) == 0.0
    assert total(SpikeTimes(), run_with(silent, (10.0,)), silent) > 0.01


def test_too_many_recorded_spikes_are_refused():
    with pytest.raises(ValueError, match="max_spikes=2"):
        SpikeTimes(max_spikes=2).target(TIME, CURRENT, voltage_with_spikes(SPIKES))


def test_sum_weighs_its_losses():
    recorded = voltage_with_spikes(SPIKES)
    run = run_with(recorded + 1.5, SPIKES)
    parts = [total(VoltageError(), run, recorded), total(VoltageError(largest=1.0), run, recorded)]
    both = Sum((VoltageError(), VoltageError(largest=1.0)), (2.0, 0.3))
    assert total(both, run, recorded) == pytest.approx(2 * parts[0] + 0.3 * parts[1], rel=1e-4)
    with pytest.raises(ValueError, match="2 losses need as many weights"):
        Sum((VoltageError(), SpikeTimes()), (1.0,))


def test_gradient_equals_central_differences(x64):
    lif = dn.neurons.LIF()
    names = ("capacitance", "threshold", "leak_conductance")
    losses = (
        VoltageError(mask_spikes=(0.5, 1.0), largest=8.0),
        SpikeTimes(),
        Sum((SpikeTimes(), VoltageError()), (1.0, 0.02)),
    )
    recorded = voltage_with_spikes(SPIKES)
    targets = [jax.tree.map(jnp.asarray, loss.target(TIME, CURRENT, recorded)) for loss in losses]

    def values(x):
        model = dn.replace(lif, dict(zip(names, x, strict=True)))
        run = dn.simulate(model, 700.0, t1=N * DT, dt=DT)
        return jnp.stack(
            [jnp.sum(loss.residual(run, t) ** 2) for loss, t in zip(losses, targets, strict=True)]
        )

    x = np.array([float(dn.parameters(lif)[name][0]) for name in names])
    step = 1e-6 * np.abs(x)
    around = jax.jit(jax.vmap(values))(np.concatenate([x + np.diag(step), x - np.diag(step)]))
    wanted = np.asarray(around[:3] - around[3:]).T / (2 * step)
    assert (np.abs(wanted) > 1e-5).all()
    np.testing.assert_allclose(jax.jit(jax.jacfwd(values))(x), wanted, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.jacrev(values))(x), wanted, rtol=1e-6)


# Distances between spike trains

TRAIN_LOSSES = {
    "VanRossum": VanRossum(time_constant=7.0, max_spikes=4),
    "VictorPurpura": VictorPurpura(temperature=0.3, max_spikes=4),
    "IntervalDistribution": IntervalDistribution(max_spikes=4),
    "SpikeCount": SpikeCount(),
}


@eqx.filter_jit
def sum_of_squares(loss, run, target):
    return jnp.sum(loss.residual(run, target) ** 2)


def squares(loss, run, recorded):
    target = jnp.asarray(loss.target(TIME, CURRENT, voltage_with_spikes(recorded)), run.t.dtype)
    return sum_of_squares(loss, run, target)


@compiled
def all_squares(run, targets):
    """Every loss of spike trains, with its derivative by spikes and by spike times."""

    def of(loss, target):
        def total(spikes, times):
            moved = dn.Trajectory(run.t, run.y, None, spikes, times)
            return jnp.sum(loss.residual(moved, target) ** 2)

        return jax.value_and_grad(total, argnums=(0, 1))(run.spikes, run.spike_times)

    return {name: of(loss, targets[name]) for name, loss in TRAIN_LOSSES.items()}


def judged(model, recorded):
    """What every loss says of a spiking model with some spikes, given the recorded ones."""
    run = run_with(np.full(N, -60.0), model)
    voltage = voltage_with_spikes(recorded)
    targets = {
        name: jnp.asarray(loss.target(TIME, CURRENT, voltage), run.t.dtype)
        for name, loss in TRAIN_LOSSES.items()
    }
    return run, all_squares(run, targets)


def test_each_distance_is_what_it_is_said_to_be(x64):
    model, recorded = (4.41, 12.33, 13.5, 30.02), SPIKES
    _, found = judged(model, recorded)
    rossum = analysis.van_rossum(np.array(model), np.array(recorded), time_constant=7.0)
    assert float(found["VanRossum"][0]) == pytest.approx(float(rossum), rel=1e-9)
    edit = analysis.soft_victor_purpura(np.array(model), np.array(recorded), temperature=0.3)
    assert float(found["VictorPurpura"][0]) == pytest.approx(float(edit), rel=1e-9)
    # Three intervals against two, so six parts of a sixth.
    ours, theirs = np.repeat(np.sort(np.diff(model)), 2), np.repeat(np.sort(np.diff(recorded)), 3)
    intervals = np.mean((np.log(ours / theirs) / 0.2) ** 2)
    assert float(found["IntervalDistribution"][0]) == pytest.approx(intervals, rel=1e-9)
    assert float(found["SpikeCount"][0]) == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("model", "recorded"),
    [
        ((4.41, 12.33, 13.5), SPIKES),
        ((), SPIKES),
        (SPIKES, ()),
        ((), ()),
        (SPIKES, SPIKES),
        ((5.03,), (8.0,)),
        ((8.0,), (8.0,)),
    ],
)
def test_derivatives_by_spikes_and_times_are_finite(model, recorded, x64):
    run, found = judged(model, recorded)
    for name, (value, slopes) in found.items():
        assert np.isfinite(value), name
        for slope in slopes:
            assert np.isfinite(slope).all(), name
        if model == recorded:
            assert float(value) == pytest.approx(0.0, abs=1e-9), name
            assert not slopes[0].any() or name == "VanRossum"
    fired = np.asarray(run.spikes) > 0
    moved, by_time = found["VanRossum"][1][1], np.asarray(found["VictorPurpura"][1][1])
    assert not np.asarray(moved)[~fired].any()
    assert not by_time[~fired].any()
    if model and recorded and model != recorded:
        assert (np.abs(np.asarray(moved)[fired]) > 1e-6).all()
        assert (np.abs(by_time[fired]) > 1e-6).all()


@pytest.mark.parametrize(("model", "recorded"), [((4.41, 12.33, 13.5), SPIKES), ((), SPIKES)])
def test_van_rossum_sees_what_a_spike_in_any_step_would_do(model, recorded, x64):
    """The derivative by `spikes` is that of the closed form by the height of a spike."""
    run, found = judged(model, recorded)
    _, (by_spikes, by_times) = found["VanRossum"]
    fired = np.asarray(run.spikes) > 0
    place = np.where(fired, run.spike_times, TIME + 0.5 * DT)

    def overlap(train):
        return np.exp(-np.abs(place[:, None] - np.asarray(train)[None, :]) / 7.0).sum(axis=1)

    np.testing.assert_allclose(by_spikes, overlap(model) - overlap(recorded), rtol=1e-6, atol=1e-9)
    closed = jax.grad(lambda x: analysis.van_rossum(x, np.array(recorded), time_constant=7.0))
    if model:
        np.testing.assert_allclose(by_times[fired], closed(jnp.array(model)), rtol=1e-6)


def test_train_losses_of_a_neuron_without_a_threshold_of_its_own(x64):
    """Its spikes are upward crossings, and the number of them is soft."""
    model, recorded = (4.41, 12.33, 30.02), SPIKES
    run = run_with(voltage_with_spikes(model))
    rossum = analysis.van_rossum(np.array(model), np.array(recorded), time_constant=7.0)
    found = squares(TRAIN_LOSSES["VanRossum"], run, recorded)
    assert float(found) == pytest.approx(float(rossum), rel=1e-6)
    edit = analysis.soft_victor_purpura(np.array(model), np.array(recorded), temperature=0.3)
    found = squares(TRAIN_LOSSES["VictorPurpura"], run, recorded)
    assert float(found) == pytest.approx(float(edit), rel=1e-6)
    assert float(squares(SpikeCount(), run, recorded)) < 1e-6
    assert float(squares(SpikeCount(), run, recorded[:1])) == pytest.approx(2.0, rel=1e-3)


def test_the_soft_count_feels_a_voltage_below_threshold(x64):
    bump = 10.0 * np.sin(np.pi * np.arange(N) / N) ** 2

    def loss(height):
        return squares(SpikeCount(), run_with(jnp.asarray(-40.0 + height * bump)), SPIKES[:1])

    value, slope = jax.value_and_grad(loss)(1.0)
    assert float(value) > 0.3
    wanted = (loss(1.0 + 1e-6) - loss(1.0 - 1e-6)) / 2e-6
    assert float(slope) == pytest.approx(float(wanted), rel=1e-6)
    assert float(slope) < -0.01


def test_a_silent_neuron_is_told_by_a_surrogate_alone(x64):
    def totals(threshold, spikes):
        model = dn.neurons.LIF(threshold=threshold)
        run = dn.simulate(model, 150.0, t1=N * DT, dt=DT, spikes=spikes)
        return {name: squares(loss, run, SPIKES) for name, loss in TRAIN_LOSSES.items()}

    slopes = eqx.filter_jit(jax.jacfwd(totals))
    threshold = jnp.asarray(-50.0)
    assert not any(slopes(threshold, dn.spikes.Exact()).values())
    found = slopes(threshold, dn.spikes.Surrogate())
    assert float(found["VanRossum"]) > 0.01
    assert float(found["SpikeCount"]) > 0.01
    assert found["VictorPurpura"] == found["IntervalDistribution"] == 0.0


def test_exact_derivatives_of_train_losses_equal_central_differences(x64):
    lif = dn.neurons.LIF()
    names = ("capacitance", "threshold", "leak_conductance")
    chosen = [loss for name, loss in TRAIN_LOSSES.items() if name != "SpikeCount"]

    @jax.jit
    def values(x):
        model = dn.replace(lif, dict(zip(names, x, strict=True)))
        run = dn.simulate(model, 700.0, t1=N * DT, dt=DT)
        return jnp.stack([squares(loss, run, SPIKES) for loss in chosen])

    x = np.array([float(dn.parameters(lif)[name][0]) for name in names])
    step = 1e-6 * np.abs(x)
    around = [(values(x + row), values(x - row)) for row in np.diag(step)]
    wanted = np.array([np.subtract(*pair) for pair in around]).T / (2 * step)
    assert (np.abs(wanted) > 1e-5).all()
    np.testing.assert_allclose(jax.jit(jax.jacfwd(values))(x), wanted, rtol=1e-6)


@pytest.mark.slow
def test_a_neuron_is_fitted_by_distances_between_trains():
    truth = {"threshold": -48.0, "capacitance": 150.0}
    current = 500.0 + 150.0 * np.sin(0.2 * TIME)
    current[0] = 0.0  # a fit starts at rest under the first recorded current
    model = dn.replace(dn.neurons.LIF(), truth)
    state = model.initial_state(jnp.asarray(0.0, jnp.float32))
    run = dn.simulate(model, current, t1=N * DT, dt=DT, state=state)
    spikes = np.asarray(run.spike_times, float)
    spikes = spikes[np.isfinite(spikes)]
    assert len(spikes) >= 4
    recording = dn.recordings.Recording(TIME, current, voltage_with_spikes(spikes))
    parts = (
        VanRossum(time_constant=40.0, max_spikes=8),
        IntervalDistribution(max_spikes=8),
        SpikeCount(),
    )
    result = dn.fit(
        dn.neurons.LIF(),
        recording,
        free={"threshold": (-60.0, -40.0), "capacitance": (80.0, 400.0)},
        loss=Sum(parts, (1.0, 1.0, 1.0)),
        method=dn.methods.LevenbergMarquardt(steps=20),
        progress=False,
    )
    for name, value in truth.items():
        assert result.parameters[name] == pytest.approx(value, rel=0.01), name


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: VanRossum(time_constant=0.0), "time_constant=0.0 ms"),
        (lambda: VanRossum(max_spikes=0), "max_spikes=0"),
        (lambda: Coincidence(windows=()), r"windows=\(\) ms"),
        (lambda: Coincidence(windows=(4.0, 0.0)), "4.0, 0.0"),
        (lambda: VictorPurpura(cost=-1.0), "cost=-1.0"),
        (lambda: VictorPurpura(temperature=0.0), "temperature=0.0"),
        (lambda: IntervalDistribution(precision=0.0), "precision=0.0"),
        (lambda: IntervalDistribution(max_spikes=1), "max_spikes=1 at least 2"),
        (lambda: SpikeCount(width=0.0), "width=0.0 mV"),
    ],
)
def test_bad_train_losses_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("loss", [VanRossum, VictorPurpura, IntervalDistribution, Coincidence])
def test_train_losses_refuse_too_many_recorded_spikes(loss):
    with pytest.raises(ValueError, match="3 spikes, but max_spikes=2"):
        loss(max_spikes=2).target(TIME, CURRENT, voltage_with_spikes(SPIKES))


def test_a_thinned_run_is_refused():
    run = dn.simulate(dn.neurons.LIF(), 700.0, t1=N * DT, dt=DT, every=4)
    with pytest.raises(ValueError, match="leave out every="):
        VanRossum(max_spikes=4).residual(run, np.full(4, np.inf))


def test_spikes_past_max_spikes_cost_an_edit_each(x64):
    many = tuple(2.0 + 3.0 * np.arange(9))
    target = jnp.full(4, jnp.inf)
    run = run_with(np.full(N, -60.0), many)
    found = sum_of_squares(VictorPurpura(max_spikes=4, temperature=0.01), run, target)
    assert float(found) == pytest.approx(9.0, rel=1e-6)


# Coincidence

COINCIDENCE = Coincidence(windows=(1.0, 2.0), max_spikes=5)
COINCIDENCE_TARGET = COINCIDENCE.target(TIME, CURRENT, voltage_with_spikes(SPIKES))


def missed(model):
    target = jax.tree.map(jnp.asarray, COINCIDENCE_TARGET)
    return float(sum_of_squares(COINCIDENCE, run_with(np.full(N, -60.0), model), target))


def test_coincidence_is_what_the_factor_lacks(x64):
    model = (4.41, 12.33, 13.5, 30.02)
    factors = [
        analysis.smooth_coincidence(np.array(SPIKES), np.array(model), duration=40.0, window=window)
        for window in (1.0, 2.0)
    ]
    assert missed(model) == pytest.approx(1.0 - float(np.mean(factors)), rel=1e-9)
    assert missed(SPIKES) == pytest.approx(0.0, abs=1e-9)


def test_coincidence_of_silence_and_of_too_many_spikes(x64):
    assert missed(()) == pytest.approx(1.0)
    # Chance explains five spikes in 40 ms to a quarter and a half; two more are not compared.
    many = 2.0 + 5.0 * np.arange(7)
    assert missed(many) == pytest.approx(missed(many[:5]) + 2 / 5, rel=1e-9)
    incessant = Coincidence(windows=(4.0,), max_spikes=5)
    target = jax.tree.map(jnp.asarray, COINCIDENCE_TARGET)
    run = run_with(np.full(N, -60.0), many)
    assert float(sum_of_squares(incessant, run, target)) == pytest.approx(2.0 + 2 / 5)


def test_coincidence_moves_spikes_as_central_differences_say(x64):
    lif = dn.neurons.LIF()
    target = jax.tree.map(jnp.asarray, COINCIDENCE_TARGET)

    @jax.jit
    def value(threshold):
        model = dn.replace(lif, {"threshold": threshold})
        run = dn.simulate(model, 700.0, t1=N * DT, dt=DT)
        return sum_of_squares(COINCIDENCE, run, target)

    wanted = float(value(-50.0 + 1e-5) - value(-50.0 - 1e-5)) / 2e-5
    assert abs(wanted) > 1e-3
    assert float(jax.jit(jax.jacfwd(value))(-50.0)) == pytest.approx(wanted, rel=1e-6)
