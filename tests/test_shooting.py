"""Windows from one recorded spike over the next ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro._bounds import as_bounds
from diffneuro._objective import make_objective
from diffneuro._windows import cut_windows
from diffneuro.losses import PeakVoltage, SpikeTimes, Sum, VoltageError
from diffneuro.methods import Shooting

DT, STEPS = 0.05, 1600
FREE = {"channels.na.g_max": dn.Bounds(40.0, 300.0, "log"), "channels.k.g_max": (10.0, 90.0)}
LOSS = Sum(
    (SpikeTimes(max_spikes=8), VoltageError(mask_spikes=(4.0, 3.0), largest=8.0), PeakVoltage()),
    (1.0, 0.25, 0.25),
)


@pytest.fixture(scope="module")
def recording():
    """Squid axon under a step to 10 uA/cm2 and under none; in double precision."""
    with jax.enable_x64(True):
        time = DT * np.arange(STEPS)
        current = np.stack([np.where(time >= 10.0, 1000.0, 0.0), np.zeros(STEPS)])
        run = jax.vmap(
            lambda c: dn.simulate(dn.neurons.HodgkinHuxley(), c, t1=DT * STEPS, dt=DT).y
        )(current)
        return dn.recordings.Recording(time, current, np.asarray(run))


def spikes(recording):
    return dn.analysis.recorded_spike_times(recording.time, recording.voltage[0])


@pytest.mark.parametrize("horizon", [1, 2])
def test_a_window_begins_after_each_spike_and_holds_the_next_ones(recording, horizon, x64):
    windows = cut_windows(recording, LOSS, horizon, -20.0)
    times = spikes(recording)
    assert len(times) == 5
    # One from before the step, one from each spike, one of the silent sweep.
    np.testing.assert_array_equal(windows.sweep, [0] * 6 + [1])
    # On a grid of 1 ms, so that the pulled run need not be kept whole.
    np.testing.assert_allclose(DT * windows.first[:6], [0.0, *np.ceil(times + 4.0)], atol=1e-6)
    counts = np.isfinite(windows.targets[0].times).sum(axis=1)
    np.testing.assert_array_equal(counts, [min(horizon, 5 - i) for i in range(6)] + [0])
    for number in range(5):
        found = windows.targets[0].times[number][0] + DT * windows.first[number]
        assert found == pytest.approx(times[number], abs=1e-9)
    ends = windows.targets[0].end[:5] + DT * windows.first[:5]
    lasts = [times[min(i + horizon, 5) - 1] if i + horizon <= 5 else 76.0 for i in range(5)]
    np.testing.assert_allclose(ends, np.array(lasts) + 4.0, atol=2 * DT)


@pytest.fixture(scope="module")
def shot(recording):
    """The window residuals, a function of position and gain; and the position of the truth."""
    with jax.enable_x64(True):
        cell = dn.neurons.HodgkinHuxley()
        free = as_bounds(FREE)
        objective = make_objective(cell, recording, free, LOSS, None, None, (1, 2))
        truth = jnp.stack(
            [free["channels.na.g_max"].position(120.0), free["channels.k.g_max"].position(36.0)]
        )
        call = jax.jit(lambda z, gain: objective(z, gain, 1))
        return objective, call, truth


def test_the_truth_predicts_every_interval(shot, x64):
    _, call, truth = shot
    at_truth, elsewhere = (float(jnp.sum(call(z, 1.0) ** 2)) for z in (truth, truth + 0.3))
    # The pulled cell's states are those of the free one but for the step's own error.
    assert at_truth < 1e-4
    assert elsewhere > 0.1


def test_the_jacobian_is_that_of_differences(shot, x64):
    _, call, truth = shot
    z = truth + jnp.array([0.1, -0.05])
    forward = jax.jit(jax.jacfwd(call))(z, 1.0)
    step = 1e-5
    for i, direction in enumerate(np.eye(2)):
        moved = [call(z + k * step * direction, 1.0) for k in (-2, -1, 1, 2)]
        wanted = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * step)
        assert np.abs(wanted).max() > 0.1
        np.testing.assert_allclose(forward[:, i], wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_longer_horizon_is_more_sensitive(shot, x64):
    """Errors multiply from spike to spike, which is why windows begin short."""
    objective, call, truth = shot
    one = jax.jit(jax.jacfwd(call))(truth, 1.0)
    two = jax.jit(jax.jacfwd(lambda z: objective(z, 1.0, 2)))(truth)
    whole = jax.jit(jax.jacfwd(lambda z: objective(z)))(truth)
    sizes = [float(jnp.linalg.norm(part)) for part in (one, two, whole)]
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.slow
def test_shooting_finds_the_conductances(recording):
    result = dn.fit(
        dn.neurons.HodgkinHuxley(),
        recording,
        free=FREE,
        loss=LOSS,
        method=Shooting(steps=6, rounds=2),
        starts={"channels.na.g_max": [60.0, 220.0], "channels.k.g_max": [20.0, 70.0]},
        progress=False,
    )
    assert result.parameters["channels.na.g_max"] == pytest.approx(120.0, rel=0.02)
    assert result.parameters["channels.k.g_max"] == pytest.approx(36.0, rel=0.02)


def test_what_is_unknown_is_not_compared():
    time = 0.1 * np.arange(500)
    voltage = -60.0 + 80.0 * ((time > 10) & (time < 11)) + 80.0 * ((time > 40) & (time < 41))
    current = np.zeros(500)
    unknown = np.where(time < 20.0, voltage, np.nan)
    run = dn.Trajectory(jnp.asarray(time), jnp.asarray(voltage), None)
    for loss in (SpikeTimes(max_spikes=4), VoltageError(), PeakVoltage()):
        parts = loss.residual(run, loss.target(time, current, unknown))
        np.testing.assert_allclose(parts, 0.0, atol=1e-6)
    extra = SpikeTimes(max_spikes=4)
    known = np.where((time > 30) & (time < 45), -60.0, voltage)
    assert jnp.sum(extra.residual(run, extra.target(time, current, known)) ** 2) > 0.01


def test_a_neuron_that_cannot_be_pulled_is_refused(recording):
    with pytest.raises(ValueError, match="LIF cannot be synchronised"):
        dn.fit(
            dn.neurons.LIF(),
            recording,
            free={"capacitance": (50.0, 500.0)},
            method=Shooting(steps=1),
            progress=False,
        )


@pytest.mark.parametrize(
    ("options", "words"), [({"horizon": 0}, "horizon=0"), ({"gain": 0.0}, "gain=0.0 per ms")]
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        Shooting(**options)


def test_the_height_of_spikes():
    time = 0.1 * np.arange(100)
    voltage = -60.0 + 90.0 * (time == 5.0)
    loss = PeakVoltage(scale=10.0, largest=4.0)
    target = loss.target(time, np.zeros(100), voltage)
    run = dn.Trajectory(jnp.asarray(time), jnp.asarray(voltage - 10.0), None)
    (residual,) = loss.residual(run, target)
    assert float(residual) == pytest.approx(-1.0 / np.sqrt(1.0 + 1.0 / 16.0), rel=1e-6)
    with pytest.raises(ValueError, match="scale=0"):
        PeakVoltage(scale=0.0)


def test_a_burst_whose_windows_hold_nothing_between_spikes_can_be_fitted():
    """From 4 ms after a spike to 3 ms after the next one all may be a spike."""
    time = DT * np.arange(2000)
    voltage = np.full((1, 2000), -65.0)
    for spike in (40.0, 92.0, 98.0):
        voltage[0] += 90.0 * np.exp(-(((time - spike) / 0.4) ** 2))
    recording = dn.recordings.Recording(time, np.where(time > 20.0, 300.0, 0.0)[None], voltage)
    loss = Sum((SpikeTimes(), VoltageError(mask_spikes=(4.0, 3.0))), (1.0, 1.0))
    windows = cut_windows(recording, loss, 1, -20.0)
    weights = windows.targets[1].weight
    assert np.isfinite(weights).all()
    assert (np.abs(weights).max(axis=1) == 0).any()
