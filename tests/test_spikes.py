"""What a derivative means at a threshold, in each of its modes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro import spikes
from diffneuro._storage import describe
from diffneuro.analysis import spike_times
from diffneuro.losses import PointProcess, SpikeCount, Sum, VanRossum, VoltageError
from diffneuro.losses._loss import asks_for_spikes

pytestmark = pytest.mark.usefixtures("strict")

T1, DT = 60.0, 0.1
SHAPES = {
    shape.__name__: shape
    for shape in (
        spikes.super_spike,
        spikes.sigmoid,
        spikes.arctan,
        spikes.triangular,
        spikes.gaussian,
        spikes.multi_gaussian,
        spikes.boxcar,
        spikes.exponential,
    )
}
MODES = {
    "exact": spikes.Exact(),
    "surrogate": spikes.Surrogate(),
    "attached": spikes.Surrogate(detach_reset=False),
    "hybrid": spikes.Hybrid(np.arange(3.0)),
}


def _run(model, current, mode):
    return dn.simulate(model, current, t1=T1, dt=DT, spikes=mode)


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_unit_area(name, x64):
    z = jnp.linspace(-3000.0, 3000.0, 1_200_001)
    area = jnp.trapezoid(SHAPES[name](z), z)
    # The tails of the two that fall off with the square hold 2e-4.
    assert float(area) == pytest.approx(1.0, abs=4e-4)
    assert float(SHAPES[name](jnp.zeros(()))) == pytest.approx(
        float(jnp.max(SHAPES[name](z))), rel=1e-12
    )


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("neuron", [dn.neurons.LIF(), dn.neurons.AdEx()], ids=["LIF", "AdEx"])
def test_a_mode_changes_no_value(neuron, name):
    wanted, found = (_run(neuron, 900.0, mode) for mode in (spikes.Exact(), MODES[name]))
    assert int(wanted.spikes.sum()) >= 2
    np.testing.assert_array_equal(wanted.spikes, found.spikes)
    np.testing.assert_array_equal(wanted.spike_times, found.spike_times)
    np.testing.assert_array_equal(wanted.y, found.y)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODES)
def test_forward_and_reverse_mode_agree(name, x64):
    def outcome(current):
        run = _run(dn.neurons.LIF(), current, MODES[name])
        times = jnp.where(run.spikes > 0, run.spike_times, 0.0)
        return jnp.stack([jnp.sum(run.spikes), jnp.sum(times), jnp.sum(run.y)])

    forward, reverse = jax.jacfwd(outcome)(400.0), jax.jacrev(outcome)(400.0)
    np.testing.assert_allclose(forward, reverse, rtol=1e-10)
    assert np.isfinite(forward).all()


def test_one_surrogate_step_is_the_shape_at_the_voltage(x64):
    """Before the first spike d(sum of spikes)/dI is a sum of g((v - theta)/w)/w dv/dI."""
    width, current = 4.0, 150.0
    lif = dn.neurons.LIF()
    run = _run(lif, current, None)
    assert int(run.spikes.sum()) == 0
    slope = compiled(
        jax.grad(lambda i: jnp.sum(_run(lif, i, spikes.Surrogate(spikes.gaussian, width)).spikes))
    )(current)
    # v = E_L + (I/g_L) (1 - exp(-t g_L/C)), at the end of each step.
    t = DT * np.arange(1, round(T1 / DT) + 1)
    grown = (1.0 - np.exp(-t * 10.0 / 200.0)) / 10.0
    z = (-70.0 + current * grown + 50.0) / width
    wanted = np.sum(np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) / width * grown)
    assert float(slope) == pytest.approx(wanted, rel=1e-6)


def test_a_detached_reset_has_no_part_in_the_derivative(x64):
    def late_voltage(threshold, mode):
        lif = dn.replace(dn.neurons.LIF(), {"threshold": threshold})
        return _run(lif, 400.0, mode).state.voltage

    detached, attached = (
        compiled(jax.grad(lambda threshold, mode=mode: late_voltage(threshold, mode)))(-50.0)
        for mode in (spikes.Surrogate(), spikes.Surrogate(detach_reset=False))
    )
    assert float(detached) == 0.0
    assert abs(float(attached)) > 1e-3


def test_hybrid_is_exact_with_the_right_number_of_spikes_and_a_surrogate_otherwise(x64):
    recorded = np.asarray(_run(dn.neurons.LIF(), 400.0, None).spike_times)
    recorded = recorded[np.isfinite(recorded)]

    def outcome(current, mode):
        run = _run(dn.neurons.LIF(), current, mode)
        times = jnp.where(run.spikes > 0, run.spike_times, 0.0)
        return jnp.stack([jnp.sum(run.spikes), jnp.sum(times)])

    def slopes(mode):
        return compiled(jax.jacfwd(lambda current: outcome(current, mode)))(400.0)

    padded = np.append(recorded, np.inf)
    np.testing.assert_array_equal(slopes(spikes.Hybrid(padded)), slopes(spikes.Exact()))
    wrong = slopes(spikes.Hybrid(recorded[1:]))
    np.testing.assert_allclose(wrong, slopes(spikes.Surrogate()), rtol=1e-12)
    assert wrong[0] > 0


def test_forced_spikes_come_where_they_are_told(x64):
    wanted = jnp.asarray([3.14, 20.0, 44.4444, 70.0, jnp.inf])
    run = _run(dn.neurons.AdEx(), 0.0, spikes.Forced(wanted))
    times, count = spike_times(run, max_spikes=5)
    np.testing.assert_allclose(times[:3], wanted[:3], rtol=1e-12)
    assert int(count) == 3
    before, after = run.y[199], run.y[201]
    assert float(before) < -65
    assert float(after) == pytest.approx(-70.6, abs=0.1)


def test_the_voltage_after_a_forced_spike_has_its_time_as_parameter(x64):
    """dv/ds of a LIF after its reset is that of a decay that began s later."""
    lif = dn.neurons.LIF(refractory_time=1.5)

    def later(s):
        return _run(lif, 150.0, spikes.Forced(jnp.stack([s]))).state.voltage

    s = jnp.asarray(30.03)
    step = 1e-3
    wanted = (later(s + step) - later(s - step)) / (2 * step)
    assert float(jax.grad(later)(s)) == pytest.approx(float(wanted), rel=1e-6)
    # The voltage decays to -55 mV from the reset at -65 mV with 20 ms.
    closed = -10.0 / 20.0 * np.exp(-(T1 - 30.03 - 1.5) / 20.0)
    assert float(wanted) == pytest.approx(closed, rel=1e-5)


@pytest.mark.parametrize("threshold", [-51.3, -49.2])
def test_voltage_error_is_smooth_across_resets(threshold, x64):
    """Its derivative is the continuous one to first order; a sum over the grid is far off."""
    loss = VoltageError()

    def error(threshold, dt, whole=True):
        lif = dn.replace(dn.neurons.LIF(), {"threshold": threshold})
        run = dn.simulate(lif, 400.0, t1=T1, dt=dt)
        t = dt * np.arange(run.t.shape[0])
        target = loss.target(t, 0.0 * t, -60.0 + 3.0 * np.sin(t / 7.0))
        if whole:
            return jnp.sum(loss.residual(run, target) ** 2)
        return jnp.mean((run.y - target.voltage) ** 2)

    fine = jax.jit(lambda threshold: error(threshold, 0.005))
    wanted = (fine(threshold + 0.02) - fine(threshold - 0.02)) / 0.04
    smooth, rough = (
        compiled(jax.grad(lambda threshold, whole=whole: error(threshold, 0.1, whole)))(threshold)
        for whole in (True, False)
    )
    assert float(smooth) == pytest.approx(float(wanted), rel=0.1)
    assert abs(float(rough) / float(wanted) - 1.0) > 1.0


def test_a_surrogate_wakes_a_silent_neuron():
    """Gradient descent on a van Rossum distance finds the current of a spiking neuron."""
    loss = VanRossum()
    recorded = spike_times(_run(dn.neurons.LIF(), 400.0, None), max_spikes=8)[0]

    def distance(current, mode):
        run = _run(dn.neurons.LIF(), current, mode)
        return jnp.sum(loss.residual(run, recorded) ** 2)

    def slope(mode):
        return float(compiled(jax.grad(lambda current: distance(current, mode)))(150.0))

    assert slope(spikes.Exact()) == 0.0
    assert slope(spikes.Surrogate()) < 0.0
    assert slope(spikes.Hybrid(recorded)) < 0.0


def test_bad_input_is_refused_in_words():
    with pytest.raises(ValueError, match="width=0"):
        spikes.Surrogate(width=0.0)
    with pytest.raises(ValueError, match="width=-1"):
        spikes.Surrogate(width=-1.0)
    with pytest.raises(ValueError, match="within one step of dt"):
        _run(dn.neurons.LIF(), 0.0, spikes.Forced([3.01, 3.02]))
    with pytest.raises(ValueError, match="one list of times"):
        spikes.Forced(np.zeros((2, 1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spikes.Surrogate(width=np.nan), "one finite number"),
        (lambda: spikes.Surrogate(width=[1.0, 2.0]), "one finite number"),
        (lambda: spikes.Surrogate("sigmoid"), "no function"),
        (lambda: spikes.Hybrid([1.0], spikes.Surrogate), "must be a Surrogate"),
        (lambda: spikes.Forced([np.nan, 5.0]), "hold NaN"),
        (lambda: _run(dn.neurons.LIF(), 300.0, spikes.Surrogate), "as spikes.Exact"),
        (lambda: _run(dn.neurons.LIF(), 300.0, "surrogate"), "as spikes.Exact"),
        (lambda: _run(dn.neurons.HodgkinHuxley(), 0.0, spikes.Exact()), "leave spikes out"),
        (lambda: dn.simulate(dn.neurons.LIF(), 0.0, t1=1.0, key=3), "jax.random.key"),
        (lambda: spike_times(_run(dn.neurons.LIF(), 0.0, None), max_spikes=3.0), "whole number"),
    ],
)
def test_what_is_no_spike_gradient_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_synaptic_input_of_the_wrong_shape_is_refused():
    opened = dn.neurons.OpenConductance(5.0, 0.0)
    for wrong in (opened, dn.neurons.SynapticInput(300.0, opened)):
        with pytest.raises(ValueError, match="SynapticInput"):
            _run(dn.neurons.LIF(), wrong, None)
    as_list = _run(dn.neurons.LIF(), dn.neurons.SynapticInput(300.0, [opened]), None)
    as_tuple = _run(dn.neurons.LIF(), dn.neurons.SynapticInput(300.0, (opened,)), None)
    np.testing.assert_array_equal(as_list.y, as_tuple.y)


def test_a_sum_of_losses_asks_for_what_its_parts_want():
    between, count = VoltageError(), SpikeCount()
    assert asks_for_spikes(Sum((between, count), (1.0, 1.0))) is count
    assert asks_for_spikes(between) is None
    both = VanRossum(), count
    assert asks_for_spikes(Sum(both, (1.0, 1.0))) is both[0]
    with pytest.raises(ValueError, match="Forced and Hybrid: give fit one"):
        asks_for_spikes(Sum((PointProcess(), count), (1.0, 1.0)))


def test_functions_made_on_the_spot_are_told_apart():
    def window(width):
        return lambda times: spikes.Hybrid(times, window=width)

    assert describe(window(5.0)) == describe(window(5.0))
    assert describe(window(5.0)) != describe(window(1.0))
    assert describe(lambda times: times) != describe(lambda times: times + 1.0)
    assert describe(spikes.Forced) == "diffneuro.spikes._forced.Forced"


def test_spikes_beyond_the_room_are_said():
    run = _run(dn.neurons.LIF(), 600.0, None)
    with pytest.warns(UserWarning, match="max_spikes=2"):
        times, count = spike_times(run, max_spikes=2)
    assert times.shape == (2,)
    assert int(count) > 2


def test_a_derivative_of_a_silent_neuron_is_warned_of():
    def first(current):
        return spike_times(_run(dn.neurons.LIF(), current, None), max_spikes=8)[0][0]

    def slope_at_rest():
        slope = jax.grad(first)(10.0)
        jax.effects_barrier()
        return slope

    with pytest.warns(UserWarning, match="silent"):
        slope = slope_at_rest()
    assert float(slope) == 0.0
    assert float(jax.grad(first)(400.0)) < 0.0


@pytest.mark.slow
def test_fit_takes_spikes_from_recorded_times(x64):
    """With its spikes forced the leak of a neuron follows from the voltage between them."""
    truth = dn.neurons.LIF(leak_conductance=12.0)
    current = np.where(np.arange(round(T1 / DT)) < 20, 0.0, 500.0)
    run = _run(truth, current, None)
    shown = np.asarray(run.y).copy()
    shown[1:][np.asarray(run.spikes)[:-1] > 0] = 20.0
    recording = dn.recordings.Recording(np.asarray(run.t), current, shown)
    result = dn.fit(
        dn.neurons.LIF(),
        recording,
        free={"leak_conductance": (6.0, 20.0)},
        loss=VoltageError(mask_spikes=(0.3, 3.0)),
        method=dn.methods.LevenbergMarquardt(steps=15),
        spikes=spikes.Forced,
        progress=False,
    )
    # A recording knows the times of its spikes to a part of a step only.
    assert result.parameters["leak_conductance"] == pytest.approx(12.0, rel=1e-2)


@pytest.mark.slow
def test_a_fit_by_the_van_rossum_distance_wakes_a_silent_neuron():
    """The loss asks for the hybrid derivative; with the exact one nothing moves."""
    current = np.where(np.arange(round(T1 / DT)) < 20, 0.0, 400.0)
    run = _run(dn.neurons.LIF(), current, None)
    shown = np.asarray(run.y).copy()
    shown[1:][np.asarray(run.spikes)[:-1] > 0] = 20.0
    assert (shown == 20.0).sum() >= 3
    recording = dn.recordings.Recording(DT * np.arange(shown.size), current, shown)

    def fitted(**options):
        result = dn.fit(
            dn.neurons.LIF(threshold=-28.0),
            recording,
            free={"threshold": (-60.0, -20.0)},
            loss=VanRossum(max_spikes=16),
            method=dn.methods.Adam(steps=100, learning_rate=0.05),
            progress=False,
            **options,
        )
        return result.parameters["threshold"]

    assert fitted() == pytest.approx(-50.0, abs=0.3)
    assert fitted(spikes=spikes.Exact()) == pytest.approx(-28.0, abs=1e-3)
