"""Escape noise: rates, likelihoods, their gradients, and parameters found again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.losses import PointProcess
from diffneuro.neurons import GIF, GLM, LIF, LNP, EscapeNoise

pytestmark = pytest.mark.usefixtures("strict")

RATE, REFRACTORY = 0.05, 2.0
STEADY = GLM(escape_rate=RATE, refractory_time=REFRACTORY, stimulus_filters={}, history_filters={})


def spikes_of(run):
    times = np.asarray(run.spike_times)
    return times[np.isfinite(times)]


@jax.jit
def steady_trains(keys):
    return jax.vmap(lambda key: dn.simulate(STEADY, 0.0, t1=4000.0, dt=0.2, key=key).spike_times)(
        keys
    )


def test_constant_hazard_is_a_poisson_process_with_dead_time():
    times = np.asarray(steady_trains(jax.random.split(jax.random.key(3), 16)))
    intervals = np.concatenate([np.diff(row[np.isfinite(row)]) for row in times]) - REFRACTORY
    count = intervals.size
    assert count > 2000
    assert intervals.min() >= -1e-3
    assert abs(intervals.mean() * RATE - 1.0) < 4.0 / np.sqrt(count)
    assert abs(intervals.std() * RATE - 1.0) < 8.0 / np.sqrt(count)
    # Kolmogorov-Smirnov against the exponential distribution, at 0.1 %.
    ordered = 1.0 - np.exp(-RATE * np.sort(np.maximum(intervals, 0.0)))
    steps = np.arange(count + 1) / count
    distance = max(np.max(steps[1:] - ordered), np.max(ordered - steps[:-1]))
    assert distance < 1.95 / np.sqrt(count)


def test_the_key_alone_decides_the_spikes():
    keys = jax.random.split(jax.random.key(3), 2)
    one, other = steady_trains(keys)
    np.testing.assert_array_equal(one, steady_trains(keys)[0])
    assert not np.array_equal(one, other)


def test_without_a_key_spikes_come_where_one_is_expected():
    times = spikes_of(dn.simulate(STEADY, 0.0, t1=120.0, dt=0.1))
    np.testing.assert_allclose(np.diff(times), 1.0 / RATE + REFRACTORY, rtol=1e-4)
    assert abs(times[0] - 1.0 / RATE) < 1e-3


def test_linear_nonlinear_poisson_follows_its_filter():
    model = LNP(only=dn.neurons.StimulusFilter(0.01, 20.0))
    run = dn.simulate(model, 100.0, t1=100.0, dt=0.5)
    wanted = 1.0 - np.exp(-np.asarray(run.t) / 20.0)
    np.testing.assert_allclose(run.y, wanted, atol=1e-5)
    np.testing.assert_allclose(run.hazard, 0.01 * np.exp(run.y), rtol=1e-5)


def test_hazard_neither_overflows_nor_loses_its_slope():
    model = GIF(escape_width=0.5)
    x = model.initial_state(jnp.asarray(0.0))

    def hazard(v):
        return model.hazard(x._replace(voltage=v), 0.0)

    v = jnp.linspace(-200.0, 200.0, 4001, dtype=jnp.float32)
    values, slopes = jax.vmap(jax.value_and_grad(hazard))(v)
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
    assert (np.asarray(slopes) > 0).all()
    near = np.abs(v + 48.0) < 5.0
    wanted = 0.001 * np.exp((np.asarray(v)[near] + 48.0) / 0.5)
    np.testing.assert_allclose(values[near], wanted, rtol=1e-4)


def test_kernels_are_what_they_are_called_after_the_refractory_time(x64):
    model = GIF()
    run = dn.simulate(
        model,
        0.0,
        t1=40.0,
        dt=0.1,
        spikes=dn.spikes.Forced([10.0]),
        record=lambda x, u: (x.currents, x.threshold_shifts, x.voltage),
    )
    after = round((10.0 + 4.0) / 0.1)
    currents, shifts, voltage = (np.asarray(part)[after] for part in run.y)
    np.testing.assert_allclose(currents, [100.0, 100.0], rtol=1e-6)
    np.testing.assert_allclose(shifts, [5.0, 5.0], rtol=1e-6)
    assert abs(voltage + 50.0) < 1e-9
    decay = np.asarray(run.y[0])[after + 100] / currents
    np.testing.assert_allclose(decay, np.exp([-10.0 / 10.0, -10.0 / 100.0]), rtol=1e-9)


def test_an_augmented_neuron_starts_at_rest(x64):
    model = GIF(
        couplings={"v": dn.neurons.ThresholdCoupling()},
        gated_currents={"k": dn.neurons.GatedCurrent(), "m": dn.neurons.DelayedCurrent()},
    )

    @jax.jit
    @jax.vmap
    def rates(u):
        return model.vector_field(model.initial_state(u), u)._replace(waiting=jnp.zeros(()))

    for rate in jax.tree.leaves(rates(jnp.asarray([-200.0, 0.0, 150.0]))):
        np.testing.assert_allclose(rate, 0.0, atol=1e-9)


def test_a_delayed_current_opens_late_and_stays_open(x64):
    """Where it settles g n (v - E) with the n of its formula, and how it gets there."""
    part = dn.neurons.DelayedCurrent(4.0, -80.0, -40.0, 5.0, 30.0)
    model = GIF(gated_currents={"m": part})
    x = model.initial_state(jnp.asarray(0.0))
    held = x._replace(voltage=jnp.asarray(-35.0), available=jnp.asarray([0.2]))
    steady = 1.0 / (1.0 + np.exp(-1.0))
    rate = model.vector_field(held, 0.0)
    np.testing.assert_allclose(rate.available, (steady - 0.2) / 30.0, rtol=1e-12)
    wanted = (-10.0 * (-35.0 + 65.0) - 4.0 * 0.2 * 45.0) / 200.0
    np.testing.assert_allclose(rate.voltage, wanted, rtol=1e-12)
    # A width below 0 opens it with hyperpolarisation.
    mirrored = dn.replace(part, {"activation_width": -5.0})
    np.testing.assert_allclose(mirrored.steady(-35.0), 1.0 - steady, rtol=1e-12)


def test_a_delayed_current_without_a_width_is_refused():
    with pytest.raises(ValueError, match="activation_width=0 mV: make it positive"):
        dn.neurons.DelayedCurrent(activation_width=0.0)


def test_soft_thresholds_sharpen_to_the_model_itself():
    sharp = spikes_of(dn.simulate(LIF(), 350.0, t1=200.0, dt=0.05))
    soft = EscapeNoise(LIF(), escape_width=0.01, escape_rate=1.0)
    late = np.diff(spikes_of(dn.simulate(soft, 350.0, t1=200.0, dt=0.05))) - np.diff(sharp)
    # By width/slope*log(slope/(width*rate)), with the slope of v at the threshold, 0.75 mV/ms.
    np.testing.assert_allclose(late, 0.01 / 0.75 * np.log(75.0), atol=0.02)
    wide = EscapeNoise(LIF(), escape_width=2.0, escape_rate=1.0)
    assert len(spikes_of(dn.simulate(wide, 350.0, t1=200.0, dt=0.05))) > len(sharp)


def _random_sets(model, paths, count, seed):
    """(count, paths) values within 15 % of the model's own."""
    known = dn.parameters(model)
    start = np.array([float(known[path][0]) for path in paths])
    scatter = np.random.default_rng(seed).uniform(0.85, 1.15, (count, len(paths)))
    # Potentials move by millivolts, not by per cent.
    moved = np.where(start < 0, start + 20.0 * (scatter - 1.0), start * scatter)
    return moved


@pytest.mark.slow
def test_gradients_of_spike_times_equal_differences_for_20_random_sets(x64):
    model = GIF()
    paths = list(dn.parameters(model))
    sets = _random_sets(model, paths, 20, 0)

    @jax.jit
    @jax.vmap
    def weighted(values):
        changed = dn.replace(model, dict(zip(paths, values, strict=True)))
        run = dn.simulate(changed, 450.0, t1=120.0, dt=0.1)
        times = jnp.where(run.spikes > 0, run.spike_times, 0.0)
        weight = jnp.cos(jnp.cumsum(run.spikes))
        return jnp.sum(weight * times), jnp.sum(run.spikes)

    slope = jax.jit(jax.vmap(jax.jacfwd(lambda values: weighted(values[None])[0][0])))(sets)
    step = 1e-6 * np.abs(sets)
    for i, path in enumerate(paths):
        offset = np.zeros_like(sets)
        offset[:, i] = step[:, i]
        above, count = weighted(sets + offset)
        below, same = weighted(sets - offset)
        np.testing.assert_array_equal(count, same)
        assert (np.asarray(count) >= 2).all()
        wanted = (np.asarray(above) - np.asarray(below)) / (2.0 * step[:, i])
        floor = 1e-7 * np.abs(wanted).max() + 1e-8
        np.testing.assert_allclose(slope[:, i], wanted, rtol=1e-4, atol=floor, err_msg=path)


# The likelihood


def _target(times, count, dt):
    counts = np.histogram(times, np.arange(count + 1) * dt)[0].astype(float)
    return dn.losses.PointProcessTarget(jnp.asarray(counts), jnp.asarray(dt))


SPIKES = np.array([12.3, 31.7, 60.2])


def _forced(model, dt=0.1):
    return dn.simulate(model, 300.0, t1=100.0, dt=dt, spikes=dn.spikes.Forced(SPIKES))


def test_squares_of_residuals_add_up_to_the_deviance(x64):
    run = _forced(GIF())
    target = _target(SPIKES, 1000, 0.1)
    found = jnp.sum(PointProcess().residual(run, target) ** 2)
    expected, counts = 0.1 * np.asarray(run.hazard), np.asarray(target.counts)
    fired = counts > 0
    wanted = 2.0 * (expected.sum() - np.log(expected[fired]).sum() - fired.sum())
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    log_likelihood = np.log(expected[fired]).sum() - expected.sum()
    np.testing.assert_allclose(found, -2.0 * log_likelihood - 2.0 * len(SPIKES), rtol=1e-12)


def test_residuals_are_signed_and_smooth(x64):
    def residual(log_expected, count):
        hazard = jnp.exp(log_expected)[None] / 0.1
        run = dn.Trajectory(jnp.zeros(1), jnp.zeros(1), None, hazard=hazard)
        target = dn.losses.PointProcessTarget(jnp.full(1, count), jnp.asarray(0.1))
        return PointProcess().residual(run, target)[0]

    z = jnp.linspace(-6.0, 3.0, 181)
    values, slopes = jax.vmap(jax.value_and_grad(residual), (0, None))(z, 1.0)
    assert (np.sign(values) == -np.sign(np.round(z, 9))).all()
    assert (np.asarray(slopes) < 0).all()
    np.testing.assert_allclose(np.interp(0.0, z, slopes), -1.0, rtol=1e-6)
    np.testing.assert_allclose(
        jax.vmap(residual, (0, None))(z, 0.0), -np.sqrt(2.0 * np.exp(z)), rtol=1e-12
    )


def test_a_spike_that_is_ruled_out_is_bounded_and_has_no_slope(x64):
    times = np.array([12.3, 13.9])

    def loss(threshold):
        model = dn.replace(GIF(), {"threshold": threshold})
        run = dn.simulate(model, 0.0, t1=20.0, dt=0.1, spikes=dn.spikes.Forced(times))
        return PointProcess().residual(run, _target(times, 200, 0.1))[139]

    value, slope = jax.value_and_grad(loss)(-48.0)
    np.testing.assert_allclose(value, np.sqrt(2.0 * 29.0), rtol=1e-9)
    assert slope == 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [GIF(), EscapeNoise(dn.neurons.LIF()), GLM()],
    ids=lambda model: type(model).__name__,
)
def test_gradient_of_the_likelihood_equals_differences(model, x64):
    model = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), model)
    # Steps that are held for the refractory time are not differentiable by it.
    paths = [path for path in dn.parameters(model) if "refractory" not in path]
    target = _target(SPIKES, 1000, 0.1)
    start = np.array([float(dn.parameters(model)[path][0]) for path in paths])

    @jax.jit
    def loss(values):
        run = _forced(dn.replace(model, dict(zip(paths, values, strict=True))))
        return jnp.sum(PointProcess().residual(run, target) ** 2)

    step = 1e-5 * np.abs(start)
    around = [
        np.asarray(jax.jit(jax.vmap(loss))(start + sign * np.diag(step))) for sign in (1.0, -1.0)
    ]
    wanted = (around[0] - around[1]) / (2.0 * step)
    np.testing.assert_allclose(jax.grad(loss)(start), wanted, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(jax.jacfwd(loss)(start), wanted, rtol=1e-5, atol=1e-7)


def test_the_likelihood_needs_a_hazard():
    run = dn.simulate(LIF(), 350.0, t1=10.0, dt=0.1)
    with pytest.raises(ValueError, match="EscapeNoise"):
        PointProcess().residual(run, _target(SPIKES, 100, 0.1))


def _noise(count, dt):
    white = np.random.default_rng(7).normal(size=count)
    current = np.zeros(count)
    for k in range(1, count):
        current[k] = current[k - 1] * np.exp(-dt / 5.0) + white[k] * 60.0 * np.sqrt(dt / 2.5)
    return 220.0 + current


@pytest.mark.slow
def test_parameters_are_found_again_from_simulated_spikes(x64):
    truth = GIF(
        escape_width=1.0,
        currents={"one": dn.neurons.SpikeCurrent(30.0, 60.0)},
        threshold_shifts={"one": dn.neurons.ThresholdShift(3.0, 40.0)},
    )
    dt, count = 0.2, 100_000
    current = _noise(count, dt)
    run = dn.simulate(truth, current, t1=count * dt, dt=dt, key=jax.random.key(1))
    assert len(spikes_of(run)) > 150
    # A spike in step k lifts the sample at its end above the detection threshold.
    voltage = np.asarray(run.y).copy()
    voltage[1:][np.asarray(run.spikes)[:-1] > 0] = 20.0
    recording = dn.recordings.Recording(dt * np.arange(count), current, voltage)
    free = {
        "threshold": (-55.0, -40.0),
        "escape_width": dn.Bounds(0.3, 5.0, "log"),
        "currents.one.jump": (-50.0, 150.0),
        "threshold_shifts.one.jump": (-5.0, 15.0),
    }
    start = {
        "threshold": -46.0,
        "escape_width": 2.0,
        "currents.one.jump": 60.0,
        "threshold_shifts.one.jump": 1.0,
    }
    result = dn.fit(
        dn.replace(truth, start),
        recording,
        free=free,
        loss=PointProcess(),
        method=dn.methods.LevenbergMarquardt(steps=25),
        progress=False,
    )
    exact = {path: float(dn.parameters(truth)[path][0]) for path in free}
    tolerance = {
        "threshold": 0.5,
        "escape_width": 0.25,
        "currents.one.jump": 10.0,
        "threshold_shifts.one.jump": 1.0,
    }
    for path, value in result.parameters.items():
        assert abs(value - exact[path]) < tolerance[path], path


def test_a_recurrent_network_is_the_equations_it_is_said_to_be(x64):
    """Against a plain loop over its units; connections go from the named unit to the owner."""
    network = dn.neurons.RecurrentNetwork.random(3, jax.random.key(3))
    hidden, trace, current = np.array([0.3, -0.2, 0.5]), 0.4, 150.0
    x = network.initial_state(0.0)._replace(hidden=jnp.asarray(hidden), trace=jnp.asarray(trace))
    names = list(network.units)
    wanted = []
    for name, h in zip(names, hidden, strict=True):
        unit = network.units[name]
        total = unit.input_weight * current / 1000.0 + unit.spike_weight * trace + unit.bias
        for source, other in zip(names, hidden, strict=True):
            total += unit.inputs[source].weight * other if source != name else 0.0
        wanted.append((np.tanh(total) - h) / unit.time_constant)
    np.testing.assert_allclose(network.vector_field(x, current).hidden, wanted, rtol=1e-12)
    with pytest.raises(ValueError, match="'b', which is no unit"):
        dn.neurons.RecurrentNetwork(
            units={"a": dn.neurons.HiddenUnit(inputs={"b": dn.neurons.Weight(1.0)})}
        )


def _noise_driven(model, seed):
    """4 s of a model under noise, as a recording, and its spike times."""
    noise = dn.stimuli.ornstein_uhlenbeck(
        jax.random.key(seed),
        duration=4000.0,
        dt=0.5,
        mean=400.0,
        standard_deviation=300.0,
        time_constant=5.0,
    )
    current = np.asarray(jax.vmap(noise)(jnp.arange(8000) * 0.5))
    run = dn.simulate(model, current, t1=4000.0, dt=0.5, key=jax.random.key(seed + 1))
    shown = np.where(np.asarray(run.spikes) > 0, 20.0, -60.0)
    shown[0] = -60.0
    times = np.asarray(run.spike_times)
    return dn.recordings.Recording(np.asarray(run.t), current, shown), times[np.isfinite(times)]


@pytest.mark.slow
def test_a_recurrent_network_learns_the_spikes_of_a_gif(x64):
    """Fitted from random weights, it predicts spikes under another noise nearly as the GIF does."""
    neuron, loss = dn.neurons.GIF(), dn.losses.PointProcess()
    network = dn.neurons.RecurrentNetwork.random(3, jax.random.key(4))
    free = {path: (-8.0, 8.0) for path, (_, unit) in dn.parameters(network).items() if unit == "1"}
    method = dn.methods.LevenbergMarquardt(steps=30)
    training, _ = _noise_driven(neuron, 1)
    result = dn.fit(network, training, free=free, loss=loss, method=method, progress=False)
    test, times = _noise_driven(neuron, 8)
    target = loss.target(test.time, test.current[0], test.voltage[0])

    def deviance(model):
        forced = dn.spikes.Forced(times)
        run = dn.simulate(model, test.current[0], t1=4000.0, dt=0.5, spikes=forced)
        return float(np.sum(np.asarray(loss.residual(run, target)) ** 2))

    constant = 2.0 * len(times) * np.log(8000 / len(times))
    assert deviance(neuron) < 0.7 * constant
    assert deviance(result.model) < 0.7 * constant
