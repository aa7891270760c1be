"""What stands between a neuron and its recording."""

import os
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm
from test_conformance import compiled

import diffneuro as dn
from diffneuro import analysis, channels, neurons, stimuli
from diffneuro.methods import LevenbergMarquardt, Synchronised
from diffneuro.neurons import ElectrodeLag, EscapeRig, Rig, SpikingRig
from diffneuro.recordings import Recording

pytestmark = pytest.mark.usefixtures("strict")

FOLDER = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS",
        Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
    )
)
needs_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the folder of recordings is absent (DIFFNEURO_RECORDINGS)"
)
RIG = {"series_resistance": 0.03, "current_offset": -22.0, "junction_potential": 9.0}
STEP = stimuli.Step(60.0, 5.0, 20.0)


@eqx.filter_jit
def run(model, stimulus, t1=30.0, dt=0.05, key=None, state=None):
    return dn.simulate(model, stimulus, t1=t1, dt=dt, key=key, state=state)


def passive_cell():
    """20 pF and 1 nS, at rest at -70 mV: 20 ms."""
    leak = channels.Leak(g_max=0.05, reversal_potential=-70.0)
    return neurons.Cell({"leak": leak}, area=2000.0)


# What the amplifier shows


def test_a_passive_cell_is_shown_with_the_drop_and_the_junction_potential(x64):
    found = run(Rig(passive_cell(), **RIG), STEP)
    t = np.asarray(found.t)
    during = (t >= 5.0) & (t < 20.0)
    rise = np.where(t >= 5.0, 1.0 - np.exp(-(t - 5.0) / 20.0), 0.0)
    fall = np.where(t >= 20.0, 1.0 - np.exp(-(t - 20.0) / 20.0), 0.0)
    # 1 GOhm of membrane; 30 MOhm of electrode.
    wanted = -70.0 - 22.0 + 60.0 * (rise - fall) + 0.03 * (60.0 * during - 22.0) + 9.0
    np.testing.assert_allclose(found.y, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    ("rig", "key"),
    [
        (Rig(neurons.WangBuzsaki()), None),
        (SpikingRig(neurons.AdEx()), None),
        (EscapeRig(neurons.GIF()), 3),
    ],
    ids=["Rig", "SpikingRig", "EscapeRig"],
)
def test_with_its_defaults_it_changes_nothing(rig, key):
    key = None if key is None else jax.random.key(key)
    bare, through = (run(model, 900.0, 50.0, key=key) for model in (rig.model, rig))
    np.testing.assert_array_equal(through.y, bare.y)
    assert np.ptp(bare.y) > 10.0
    if bare.spikes is not None:
        assert bare.spikes.sum() >= 2
        np.testing.assert_array_equal(through.spike_times, bare.spike_times)


@pytest.mark.parametrize(
    ("made", "key"),
    [
        (lambda: SpikingRig(neurons.AdEx(), **RIG), None),
        (lambda: EscapeRig(neurons.GIF(), **RIG), 3),
    ],
    ids=["SpikingRig", "EscapeRig"],
)
def test_spikes_come_as_under_the_current_that_the_neuron_gets(made, key, x64):
    rig = made()
    key = None if key is None else jax.random.key(key)
    state = rig.initial_state(jnp.asarray(0.0))
    through = run(rig, 900.0, 50.0, key=key, state=state)
    bare = run(rig.model, 900.0 - 22.0, 50.0, key=key, state=state)
    assert bare.spikes.sum() >= 2
    np.testing.assert_allclose(through.spike_times, bare.spike_times, rtol=1e-12)
    np.testing.assert_allclose(through.y, bare.y + 0.03 * 878.0 + 9.0, rtol=1e-12)


def test_only_the_current_of_the_electrode_drops_along_it(x64):
    """A synapse's conductance moves the membrane, not the electrode."""
    u = neurons.SynapticInput(50.0, (neurons.OpenConductance(2.0, 0.0),))
    cell = passive_cell()
    bare, through = run(cell, u), run(Rig(cell, 0.03), u)
    np.testing.assert_allclose(through.y - bare.y, 0.03 * 50.0, rtol=1e-9)


def test_noise_of_the_neuron_passes(x64):
    key = jax.random.key(5)
    noisy = neurons.CurrentNoise(passive_cell())
    bare, through = run(noisy, 20.0, key=key), run(Rig(noisy, 0.03), 20.0, key=key)
    assert np.std(bare.y) > 0.1
    np.testing.assert_allclose(through.y, bare.y + 0.6, rtol=1e-12)
    # So short a lag shows in each step the voltage before it.
    noisy = neurons.SpikingCurrentNoise(neurons.LIF())
    bare = run(noisy, 20.0, key=key)
    late = run(SpikingRig(noisy, 0.03, lag=ElectrodeLag(1e-6)), 20.0, key=key)
    assert np.std(bare.y) > 0.1
    np.testing.assert_allclose(late.y[1:], bare.y[:-1] + 0.6, rtol=1e-12)


# An electrode with a capacitance


def pipette(time, current, start):
    """Cell and pipette as two linear compartments from (v, v_rec): 20 pF, 1 nS; 50 MOhm, 4 pF."""
    across = 1.0 / 0.05
    rates = np.array(
        [[-(across + 1.0) / 20.0, across / 20.0, -70.0 / 20.0], [across, -across, current], [0] * 3]
    )
    rates[1] /= 4.0
    return np.stack([(expm(rates * t) @ np.append(start, 1.0))[1] for t in time])


def test_a_pipette_with_a_capacitance_is_one_more_compartment(x64):
    rig = Rig(passive_cell(), 0.05, lag=ElectrodeLag(0.05 * 4.0, 4.0))
    rest = rig.initial_state(jnp.asarray(0.0))
    np.testing.assert_allclose(rest.shown, -70.0)
    errors = []
    for dt in (0.02, 0.01):
        state = rest._replace(shown=jnp.asarray(-60.0))
        found = run(rig, 40.0, 3.0, dt, state=state)
        errors.append(np.abs(found.y - pipette(found.t, 40.0, (-70.0, -60.0))).max())
    assert errors[1] < 2e-3
    # Staggered is of order 2.
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


def test_a_filter_in_the_amplifier_is_not_felt(x64):
    cell = passive_cell()
    found = run(Rig(cell, 0.03, lag=ElectrodeLag(0.5)), STEP, dt=0.01)
    bare = run(Rig(cell, 0.03), STEP, dt=0.01)
    np.testing.assert_allclose(found.state.model.voltage, bare.state.voltage, rtol=1e-12)
    # The jump of 1.8 mV arrives with the filter's time constant, after half a step at most.
    t = np.arange(400) * 0.01
    slow = 60.0 * (1.0 - np.exp(-t / 20.0))
    late = 60.0 * 20.0 / 19.5 * (np.exp(-t / 20.0) - np.exp(-t / 0.5))
    wanted = -70.0 + 1.8 * (1.0 - np.exp(-t / 0.5)) + 60.0 * (1.0 - np.exp(-t / 0.5)) - late
    assert np.abs(wanted[50:] - (-70.0 + 1.8 + slow[50:])).max() > 0.5
    np.testing.assert_allclose(found.y[500:900], wanted, rtol=0, atol=1.8 * 0.005 / 0.5 * 1.05)


def test_a_lag_shows_a_reset_late_and_spikes_in_time(x64):
    lif = neurons.LIF(refractory_time=0.0)
    bare = run(SpikingRig(lif, 0.02), 500.0, dt=0.01)
    late = run(SpikingRig(lif, 0.02, lag=ElectrodeLag(0.2)), 500.0, dt=0.01)
    assert bare.spikes.sum() >= 1
    np.testing.assert_allclose(late.spike_times, bare.spike_times, rtol=1e-12)
    first = int(np.argmax(bare.spikes))
    behind = np.asarray(late.y - bare.y)[first + 1 : first + 301]
    # 15 mV of reset behind, but for the ramps around it, decaying with 0.2 ms.
    assert 13.0 < behind[0] < 15.0
    ratio = (behind[0] - behind[-1]) / (behind[20] - behind[-1])
    assert np.log(ratio) == pytest.approx(1.0, rel=0.02)


# Derivatives and fits


@pytest.mark.parametrize(
    ("made", "stimulus"),
    [
        pytest.param(
            lambda: Rig(passive_cell(), lag=ElectrodeLag(0.12, 3.0), **RIG), 60.0, id="Rig"
        ),
        pytest.param(
            lambda: SpikingRig(neurons.LIF(), lag=ElectrodeLag(0.12, 3.0), **RIG),
            900.0,
            id="SpikingRig",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_gradients_equal_central_differences(made, stimulus, x64):
    model = made()
    names = [name for name in dn.parameters(model) if not name.startswith("model.")]
    assert len(names) == 5
    start = np.array([float(dn.parameters(model)[name][0]) for name in names])

    @jax.jit
    def observable(values):
        one = dn.replace(model, dict(zip(names, values, strict=True)))
        found = dn.simulate(one, stimulus, t1=8.0, dt=0.05)
        return jnp.sum(jnp.cos(0.7 * jnp.arange(160)) * found.y)

    step = 1e-4 * np.abs(start)
    moved = np.array([-2.0, -1.0, 1.0, 2.0])[:, None, None] * np.diag(step) + start
    around = np.asarray(jax.vmap(jax.vmap(observable))(moved))
    wanted = np.array([1.0, -8.0, 8.0, -1.0]) @ around / (12.0 * step)
    assert (np.abs(wanted) > 1e-6).all()
    forward, reverse = jax.jit(lambda z: (jax.jacfwd(observable)(z), jax.grad(observable)(z)))(
        start
    )
    np.testing.assert_allclose(forward, wanted, rtol=1e-6)
    np.testing.assert_allclose(reverse, wanted, rtol=1e-6)


@pytest.mark.slow
def test_the_rig_is_fitted_with_the_cell(x64, tmp_path):
    truth = {
        "series_resistance": 0.028,
        "current_offset": -21.0,
        "lag.time_constant": 0.3,
        "model.capacitance": 1.4,
        "model.channels.leak.g_max": 0.08,
    }
    rig = Rig(passive_cell(), 0.01, lag=ElectrodeLag(0.15))
    time = 0.1 * np.arange(600)
    current = np.where((time >= 5.0) & (time < 40.0), np.array([[40.0], [-30.0]]), 0.0)
    shown = [dn.simulate(dn.replace(rig, truth), row, t1=60.0, dt=0.1) for row in current]
    # A recording begins at rest under what flows there, offset included.
    voltage = np.stack([found.y for found in shown])
    free = {
        "series_resistance": (0.0, 0.1),
        "current_offset": (-60.0, 40.0),
        "lag.time_constant": (0.02, 2.0),
        "model.capacitance": (0.3, 4.0),
        "model.channels.leak.g_max": dn.Bounds(0.01, 1.0, scale="log"),
    }
    found = dn.fit(
        rig,
        Recording(time=time, current=current, voltage=voltage),
        free=free,
        method=LevenbergMarquardt(steps=12),
        starts=8,
        progress=False,
    )
    assert found.parameters == pytest.approx(truth, rel=1e-6)
    found.save(tmp_path / "rig.fit")
    loaded = dn.FitResult.load(tmp_path / "rig.fit")
    assert loaded.parameters == found.parameters
    assert isinstance(loaded.model.lag, ElectrodeLag)


# Synchronisation


def test_a_rig_is_pulled_by_what_it_shows(x64):
    """At rest leak, current and pull balance: 20 pF, 1 nS, and 2 per ms are 40 nS more."""
    pulled = neurons.Nudged(Rig(passive_cell(), **RIG), 2.0)
    found = run(pulled, neurons.Nudge(jnp.asarray(60.0), jnp.asarray(-50.0)), t1=30.0)
    drop = 0.03 * 38.0 + 9.0
    membrane = (-70.0 + 38.0 + 40.0 * (-50.0 - drop)) / 41.0
    np.testing.assert_allclose(found.state.voltage, membrane, rtol=1e-9)
    np.testing.assert_allclose(found.y[-1], membrane + drop, rtol=1e-9)


def test_what_ran_to_a_bound_returns_when_the_first_gain_is_repeated():
    """On a flat surface, where no step is taken."""
    method = Synchronised(gains=(2.0, 2.0, 1.0), steps=2, last_steps=1)

    def flat(position, gain):
        return 1.0 + 0.0 * gain * position

    lane = method.start(flat, jnp.array([5.9, 0.3, -3.0]))
    update = compiled(lambda lane, iteration: method.update(flat, lane, iteration))
    for iteration in range(method.iterations):
        moved = update(lane, jnp.asarray(iteration))
        wanted = [0.0, 0.3, 0.0] if iteration == 2 else [5.9, 0.3, -3.0]
        np.testing.assert_allclose(moved.position, wanted, rtol=1e-6)


# Messages


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Rig(neurons.LIF()), "SpikingRig"),
        (lambda: SpikingRig(neurons.HodgkinHuxley()), "conductance-based cells have Rig"),
        (lambda: SpikingRig(neurons.GIF()), "EscapeRig"),
        (lambda: EscapeRig(neurons.LIF()), "sharp thresholds SpikingRig"),
        (lambda: Rig(lag=0.1), r"write neurons.ElectrodeLag\(0.1\)"),
        (lambda: ElectrodeLag(0.0), "time_constant.*above 0"),
        (lambda: ElectrodeLag(0.1, -3.0), "electrode_capacitance.*at least 0"),
    ],
)
def test_what_is_no_rig_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# The passive stage

DT = 0.05
TIME = DT * np.arange(16000)


def stepped(amplitudes, *, series=0.025, resistance=0.5, tau=10.0, rest=-68.0, offset=0.0):
    """Command, measured current and voltage of a passive cell, by their closed form."""
    command = np.where((TIME >= 200.0) & (TIME < 500.0), np.array(amplitudes)[:, None], 0.0)
    rise = np.where(TIME >= 200.0, 1.0 - np.exp(-(TIME - 200.0) / tau), 0.0)
    fall = np.where(TIME >= 500.0, 1.0 - np.exp(-(TIME - 500.0) / tau), 0.0)
    settling = np.array(amplitudes)[:, None] * (rise - fall) + offset
    current = command + offset
    return command, current, rest + series * current + resistance * settling


def test_the_passive_stage_reads_cell_and_rig_off_steps():
    command, current, voltage = stepped([-40.0, -20.0, 30.0], offset=-22.0)
    found = analysis.passive_stage(TIME, current, voltage, command=command)
    assert found.steps == 6
    assert found.resting_potential == pytest.approx(-68.0, abs=1e-5)
    assert found.input_resistance == pytest.approx(0.5, rel=1e-5)
    assert found.time_constant == pytest.approx(10.0, rel=1e-5)
    assert found.capacitance == pytest.approx(20.0, rel=1e-5)
    assert found.series_resistance == pytest.approx(0.025, rel=1e-5)
    assert found.current_offset == pytest.approx(-22.0, rel=1e-9)


def test_the_passive_stage_reads_back_a_simulated_rig():
    rig = Rig(passive_cell(), 0.03, -22.0, lag=ElectrodeLag(0.05, 0.0))
    command = stepped([-10.0])[0]
    found = run(rig, jnp.asarray(command[0], jnp.float32), 800.0, DT)
    read = analysis.passive_stage(TIME, command, found.y)
    # What is late by 0.05 ms on a slope of 1 mV/ms for 20 pA is taken from the jump.
    assert read.series_resistance == pytest.approx(0.03 - 0.05 / 20.0, rel=0.01)
    assert read.capacitance == pytest.approx(20.0, rel=0.01)
    assert read.input_resistance == pytest.approx(1.0, rel=0.01)
    # The command does not say that 22 pA flow the other way.
    assert read.resting_potential == pytest.approx(-70.0 - 22.0 * 1.03, abs=0.05)
    assert np.isnan(read.current_offset)


def test_noise_leaves_the_passive_stage_near():
    draw = np.random.default_rng(2)
    command, current, voltage = stepped(np.repeat([-40.0, 40.0], 10), offset=-22.0)
    measured = current + draw.normal(size=current.shape)
    voltage = voltage + 0.3 * draw.normal(size=voltage.shape)
    for asked in (command, None):
        given = measured if asked is not None else command
        found = analysis.passive_stage(TIME, given, voltage, command=asked)
        assert found.series_resistance == pytest.approx(0.025, rel=0.1)
        assert found.capacitance == pytest.approx(20.0, rel=0.05)


def test_steps_with_spikes_are_left_out():
    _, current, voltage = stepped([-40.0, 30.0, 200.0])
    alone = analysis.passive_stage(TIME, current[:2], voltage[:2])
    spiking = voltage.copy()
    spiking[2, 6000:6020] = 20.0
    found = analysis.passive_stage(TIME, current, spiking)
    assert found == alone._replace(current_offset=found.current_offset)


# mV; a peak in the first ms of the step, as of a pipette that is badly compensated.
OVERSHOOT = np.where((TIME >= 200.0) & (TIME < 202.0), 40.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"voltage": np.zeros((2, 16000))}, "disagree"),
        ({"current": np.zeros((1, 16000))}, "no step of the current"),
        ({"window": 0.6}, "four samples"),
        ({"voltage": stepped([-40.0])[2] - OVERSHOOT}, "passes in 5 ms"),
        ({"current": -stepped([-40.0])[1]}, "signs of current"),
        ({"voltage": np.full((1, 16000), np.nan)}, "not finite"),
    ],
)
def test_the_passive_stage_says_what_it_cannot_read(changes, words):
    _, current, voltage = stepped([-40.0])
    given = {"current": current, "voltage": voltage} | changes
    with pytest.raises(ValueError, match=words):
        analysis.passive_stage(TIME, given.pop("current"), given.pop("voltage"), **given)


@needs_recordings
def test_a_cell_under_current_clamp_is_as_its_membrane_test_says():
    """97.2 MOhm in voltage clamp; of its two capacitances, that of the ramp, 202 pF."""
    with np.load(FOLDER / "abf-171116sh" / "171116sh_0018.npz") as file:
        data = dict(file)
    time = data["dt_ms"] * np.arange(data["v_mV"].shape[1])
    found = analysis.passive_stage(time, data["i_cmd_pA"], data["v_mV"])
    assert found.input_resistance == pytest.approx(0.0972, rel=0.2)
    assert found.capacitance == pytest.approx(202.0, rel=0.2)


@needs_recordings
def test_a_rig_with_an_offset_and_a_bridge_error_is_found():
    with np.load(FOLDER / "drn-5ht-164" / "steps.npz") as file:
        data = dict(file)
    time = data["dt_ms"] * np.arange(data["v_mV"].shape[1])
    found = analysis.passive_stage(time, data["i_pA"], data["v_mV"], command=data["i_cmd_pA"])
    assert 0.020 < found.series_resistance < 0.035
    assert -28.0 < found.current_offset < -18.0
