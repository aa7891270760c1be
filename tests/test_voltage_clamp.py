"""The voltage clamp: circuits, protocols, curves, fits."""

import os
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import analysis, channels, neurons, report, stimuli
from diffneuro.losses import CurrentError
from diffneuro.recordings import Recording, joined, load

pytestmark = pytest.mark.usefixtures("strict")

FOLDER = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS",
        Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
    )
)
HERG = FOLDER / "herg-cell5"
needs_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the folder of recordings is absent (DIFFNEURO_RECORDINGS)"
)
DT = 0.01


@eqx.filter_jit
def currents(clamp, command, t1, dt):
    return dn.simulate(clamp, command, t1=t1, dt=dt).y


def passive_cell():
    """20 pF and 1 nS, at rest at -70 mV."""
    leak = channels.Leak(g_max=0.05, reversal_potential=-70.0)
    return neurons.Cell({"leak": leak}, area=2000.0)


# A passive cell behind an electrode


def test_the_transient_of_a_passive_cell_is_that_of_its_circuit(x64):
    """R_s = 10 MOhm, C = 20 pF, R_m = 1 GOhm; 60 % compensated is an electrode of 4 MOhm."""
    for compensation in (0.0, 0.6):
        clamp = neurons.VoltageClamp(passive_cell(), 0.01, compensation)
        command = stimuli.Step(-60.0, 5.0, 20.0, -70.0)
        found = np.asarray(currents(clamp, command, 20.0, DT))
        seen = (1.0 - compensation) * 0.01
        time = DT * np.arange(found.size) - 5.0
        steady, tau = 10.0 / (seen + 1.0), 20.0 / (1.0 / seen + 1.0)
        wanted = steady + (10.0 / seen - steady) * np.exp(-time / tau)
        np.testing.assert_allclose(found[500:], wanted[500:], rtol=1e-9)
        np.testing.assert_allclose(found[:500], 0.0, atol=1e-9)


def test_the_circuit_is_read_off_the_transient(x64):
    command = stimuli.Step(-75.0, 5.0, 30.0, -70.0)
    found = currents(neurons.VoltageClamp(passive_cell(), 0.015), command, 30.0, DT)
    time = DT * np.arange(found.size)
    test = analysis.membrane_test(time, found, step=-5.0, start=5.0, stop=30.0, skip=0.05)
    assert test.series_resistance == pytest.approx(0.015, rel=1e-3)
    assert test.membrane_resistance == pytest.approx(1.0, rel=1e-3)
    assert test.capacitance == pytest.approx(20.0, rel=1e-3)
    assert test.time_constant == pytest.approx(0.015 * 20.0 / 1.015, rel=1e-3)
    assert test.holding_current == pytest.approx(0.0, abs=1e-3)


def test_the_transient_is_gone_where_the_amplifier_knows_the_cell(x64):
    resistance = 0.4 * 0.01
    charging = {"compensated_capacitance": 20.0, "compensated_time_constant": resistance * 20.0}
    clamp = neurons.VoltageClamp(passive_cell(), 0.01, 0.6, **charging)
    found = np.asarray(currents(clamp, stimuli.Step(-60.0, 5.0, 20.0, -70.0), 20.0, DT))
    # Of 2500 pA what is left is the leak, and the 0.4 % that the replica lacks of the leak.
    assert found[-1] == pytest.approx(10.0 / (1.0 + resistance), rel=1e-6)
    assert np.abs(found[500:] - found[-1]).max() < 10.0 * 2.0


def test_series_resistance_costs_voltage(x64):
    """The cell is at v_c + v_o - R_s I, and the steady current is the channel's there."""
    potassium = channels.SquidPotassium()
    cell = neurons.Cell({"k": potassium, "leak": channels.Leak()}, area=5000.0)
    clamp = neurons.VoltageClamp(cell, 0.02, 0.25, voltage_offset=-3.0)
    run = dn.simulate(clamp, 10.0, t1=1.0, dt=0.1)
    current = float(run.y[-1])
    voltage = float(run.state.cell.voltage)
    assert voltage == pytest.approx(10.0 - 3.0 - 0.75 * 0.02 * current, abs=1e-9)
    assert current > 500.0
    ideal = neurons.IdealVoltageClamp(cell)
    held = dn.simulate(ideal, voltage, t1=0.1, dt=0.1).y[-1]
    assert current == pytest.approx(float(held), rel=1e-6)


def test_a_small_series_resistance_is_an_ideal_clamp(x64):
    cell = neurons.HodgkinHuxley()
    command = stimuli.Step(0.0, 2.0, 20.0, -70.0)
    ideal = currents(neurons.IdealVoltageClamp(cell), command, 6.0, DT)
    peak = float(jnp.abs(ideal).max())
    # Gates feel a jump half a step late, which is what is left.
    for dt, largest in ((0.01, 0.012), (0.0025, 0.003)):
        real = currents(neurons.VoltageClamp(cell, 1e-8), command, 6.0, dt)[:: round(DT / dt)]
        assert float(jnp.abs(real - ideal)[250:].max()) < largest * peak


def test_an_ideal_clamp_is_a_bare_channel_times_the_area(x64):
    channel = channels.SquidPotassium()
    command = stimuli.Step(20.0, 1.0, 8.0, -65.0)
    cell = neurons.Cell({"k": channel}, area=2500.0)
    whole = currents(neurons.IdealVoltageClamp(cell), command, 10.0, 0.1)
    bare = currents(channel, command, 10.0, 0.1)
    np.testing.assert_allclose(whole, 25.0 * bare, rtol=1e-12)
    # Gates at a held voltage relax exactly, whatever the step.
    rates = channel.gates(dn.Membrane(jnp.asarray(20.0))).n
    rest = channel.gates(dn.Membrane(jnp.asarray(-65.0))).n.steady_state
    time = 0.1 * np.arange(11, 80)
    n = rates.steady_state + (rest - rates.steady_state) * np.exp(
        -(time - 1.0) / rates.time_constant
    )
    np.testing.assert_allclose(bare[11:80], 36.0 * n**4 * 97.0, rtol=1e-10)


def test_an_array_of_commands_starts_at_rest_under_its_first():
    clamp = neurons.VoltageClamp(passive_cell(), 0.01)
    for model in (clamp, neurons.IdealVoltageClamp(passive_cell())):
        found = currents(model, np.full(20, -90.0), 20 * DT, DT)
        np.testing.assert_allclose(found, found[-1], rtol=1e-4)
        assert float(found[0]) == pytest.approx(-20.0, rel=0.02)


@pytest.mark.parametrize(
    "clamped",
    [
        neurons.IdealVoltageClamp,
        pytest.param(lambda cell: neurons.VoltageClamp(cell, 1e-5), marks=pytest.mark.slow),
    ],
    ids=["ideal", "real"],
)
def test_noise_of_channels_passes_through(clamped, getkey):
    """The current of many channels has the variance of their number, N p (1 - p) i^2."""
    scheme = channels.GateScheme(channels.SquidPotassium(), {"n": 4})
    cell = neurons.Cell({"k": channels.ChannelNoise(scheme, 1800.0)}, area=100.0)
    with jax.numpy_rank_promotion("allow"):
        runs = eqx.filter_jit(
            jax.vmap(
                lambda clamp, key: dn.simulate(clamp, -20.0, t1=100.0, dt=0.1, key=key).y,
                in_axes=(None, 0),
            )
        )
        found = np.asarray(runs(clamped(cell), jax.random.split(getkey(), 20)))[:, 200:]
        gate = scheme.channel.gates(dn.Membrane(jnp.asarray(-20.0))).n.steady_state
        p = float(gate) ** 4
        full = 36.0 * 57.0
        assert found.mean() == pytest.approx(full * p, rel=0.02)
        assert found.var() == pytest.approx(full**2 * p * (1.0 - p) / 1800.0, rel=0.15)
    assert not neurons.IdealVoltageClamp(passive_cell()).is_noisy()
    assert not neurons.VoltageClamp(passive_cell()).is_noisy()
    with pytest.raises(ValueError, match="no noise of its own"):
        dn.simulate(
            neurons.VoltageClamp(passive_cell()), -70.0, t1=1.0, dt=0.1, key=jax.random.key(0)
        )


# Protocols


def test_a_staircase_goes_from_level_to_level():
    stairs = stimuli.Staircase([-80.0, 20.0, -40.0], [10.0, 5.0, 2.0])
    time = np.array([-1.0, 0.0, 9.99, 10.0, 14.99, 15.0, 100.0], np.float32)
    wanted = [-80.0, -80.0, -80.0, 20.0, 20.0, -40.0, -40.0]
    np.testing.assert_array_equal(jax.vmap(stairs)(time), wanted)


def test_families_have_a_command_in_each_row():
    times = np.arange(0.0, 200.0, 5.0, np.float32)

    def rows(family):
        return np.asarray(jax.vmap(lambda one: jax.vmap(one)(times))(family))

    voltages = np.arange(-60.0, 61.0, 20.0)
    steps = rows(stimuli.step_family(voltages, start=20.0, duration=100.0, tail=-50.0))
    np.testing.assert_array_equal(steps[:, 0], -80.0)
    np.testing.assert_array_equal(steps[:, times == 60.0].ravel(), voltages)
    np.testing.assert_array_equal(steps[:, -1], -50.0)
    options = {"start": 20.0, "duration": 60.0}
    prepulses = rows(stimuli.inactivation_family(voltages, test=10.0, **options))
    np.testing.assert_array_equal(prepulses[:, times == 50.0].ravel(), voltages)
    np.testing.assert_array_equal(prepulses[:, times == 90.0], 10.0)
    np.testing.assert_array_equal(prepulses[:, times == 100.0], -80.0)
    tails = rows(stimuli.tail_family(voltages, tail_duration=50.0, **options))
    np.testing.assert_array_equal(tails[:, times == 50.0], 40.0)
    np.testing.assert_array_equal(tails[:, times == 100.0].ravel(), voltages)
    pairs = rows(stimuli.recovery_family([10.0, 30.0], duration=20.0))
    np.testing.assert_array_equal(pairs[:, times == 45.0].ravel(), [-80.0, -80.0])
    np.testing.assert_array_equal(pairs[:, times == 60.0].ravel(), [0.0, -80.0])
    np.testing.assert_array_equal(pairs[:, times == 75.0].ravel(), [-80.0, 0.0])


@needs_recordings
def test_three_sines_are_the_published_command():
    from scipy.io import loadmat

    published = loadmat(HERG / "sine_wave_protocol.mat")["T"].ravel()
    with jax.enable_x64(True):
        made = np.asarray(jax.vmap(stimuli.three_sines())(0.1 * jnp.arange(80000)))
    # The file counts its samples from 1.
    np.testing.assert_allclose(made[:-1], published[1:], atol=1e-9)


def test_leak_subtraction_takes_away_leak_and_transient():
    potassium = channels.SquidPotassium(g_max=1.0)
    parts = {"k": potassium, "leak": channels.Leak(0.1, -70.0)}
    clamp = neurons.VoltageClamp(neurons.Cell(parts, area=2000.0), 1e-4)
    command = stimuli.step_family([20.0], holding=-100.0, start=5.0, duration=10.0)
    both = jax.vmap(lambda one: currents(clamp, one, 20.0, DT))
    whole, small = both(command)[0], both(stimuli.leak_pulses(command, -8.0))
    left = analysis.subtract_leak(whole, small, divisor=-8.0, baseline=400)
    bare = neurons.IdealVoltageClamp(neurons.Cell({"k": potassium}, area=2000.0))
    wanted = currents(bare, jax.tree.map(lambda part: part[0], command), 20.0, DT)
    wanted = np.asarray(wanted - wanted[0])
    inside = slice(520, 1490)
    np.testing.assert_allclose(left[inside], wanted[inside], atol=0.01 * np.ptp(wanted))
    assert np.abs(np.asarray(whole)[inside] - wanted[inside]).max() > 100.0


# Curves


def test_curves_of_a_known_channel_are_found():
    """A cell with one gate: its activation, its tails and its reversal."""
    clamp = neurons.IdealVoltageClamp(neurons.Cell({"herg": channels.HERG()}, area=1000.0))
    voltages = np.arange(-60.0, 61.0, 10.0)
    command = stimuli.step_family(voltages, start=10.0, duration=4000.0, tail=-120.0)
    found = jax.vmap(lambda one: currents(clamp, one, 4100.0, 1.0))(command)
    time = np.arange(4100.0)
    # At the jump the gate r follows within milliseconds and the current is proportional to a.
    tails = analysis.peak_currents(time, found, (4011.0, 4100.0))
    curve = analysis.inactivation_curve(voltages, tails)
    gates = jax.vmap(lambda v: channels.HERG().gates(dn.Membrane(v)))(jnp.asarray(voltages))
    rates = gates.a
    settled = rates.steady_state * (1.0 - np.exp(-4000.0 / rates.time_constant))
    np.testing.assert_allclose(curve.fraction, settled / settled[-1], atol=0.02)
    half = np.interp(0.5, settled / settled[-1], voltages)
    assert curve.fit.half == pytest.approx(half, abs=1.0)


def test_an_exponential_is_found_and_extrapolated():
    time = np.arange(2.0, 80.0, 0.5)
    values = -30.0 - 470.0 * np.exp(-time / 17.0)
    (found,) = analysis.tail_currents(time, values[None], (2.0, 80.0))
    assert found.initial == pytest.approx(-30.0 - 470.0 * np.exp(-2.0 / 17.0), rel=1e-6)
    assert found.final == pytest.approx(-30.0, rel=1e-6)
    assert found.time_constant == pytest.approx(17.0, rel=1e-6)
    again = analysis.fit_exponential(time, values)
    assert again.initial == pytest.approx(-500.0, rel=1e-6)
    np.testing.assert_allclose(again.value(time), values, rtol=1e-6)


def test_recovery_of_the_squid_axon_has_the_time_constant_of_its_gate():
    sodium = channels.SquidSodium()
    intervals = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    command = stimuli.recovery_family(intervals, recovery=-80.0, start=5.0, duration=20.0)
    found = np.asarray(jax.vmap(lambda one: currents(sodium, one, 90.0, 0.02))(command))
    time = 0.02 * np.arange(found.shape[1])
    first = analysis.peak_currents(time, found, (5.0, 25.0))
    second = [
        analysis.peak_currents(time, row, (25.0 + wait, 45.0 + wait))[0]
        for row, wait in zip(found, intervals, strict=True)
    ]
    recovery = analysis.fit_exponential(intervals, np.array(second) / first)
    tau = float(sodium.gates(dn.Membrane(jnp.asarray(-80.0))).h.time_constant)
    # The leftover of m in the first half millisecond bends the curve a little.
    assert recovery.time_constant == pytest.approx(tau, rel=0.03)


def test_activation_of_conductances():
    voltages = np.arange(-60.0, 81.0, 5.0)
    conductance = 40.0 / (1.0 + np.exp(-(voltages + 25.0) / 7.0))
    current = conductance * (voltages - 52.0)
    assert analysis.reversal_potential(voltages, current) == pytest.approx(52.0, abs=0.05)
    curve = analysis.activation_curve(voltages, current, 52.0)
    assert curve.voltage.size == voltages.size - 2
    assert (curve.fit.half, curve.fit.slope) == pytest.approx((-25.0, 7.0), rel=1e-6)
    np.testing.assert_allclose(curve.fraction, curve.fit.value(curve.voltage), rtol=1e-6)
    falling = analysis.fit_boltzmann(voltages, 3.0 / (1.0 + np.exp((voltages + 40.0) / 6.0)))
    assert falling[:3] == pytest.approx((-40.0, -6.0, 3.0), rel=1e-6)


@needs_recordings
def test_sodium_channels_published_curves():
    """Nav1.5e, means of about 50 cells, against the fits that its authors give."""
    with np.load(FOLDER / "nav15" / "nav15e_template.npz") as file:
        found = dict(file)
    voltages, peaks = found["act_V_mV"], found["act_ipeak_norm_mean"]
    with pytest.raises(ValueError, match="does not turn"):  # the steps end below it
        analysis.reversal_potential(voltages, peaks)
    curve = analysis.activation_curve(voltages, peaks, float(found["e_rev_mV"]))
    inactivation = analysis.inactivation_curve(found["inact_V_mV"], found["inact_ipeak_norm_mean"])
    assert curve.fit.half == pytest.approx(float(found["v50act_boltz"]), abs=3.0)
    # The authors' mean over cells is -79 mV; the mean curve itself is half at -82 mV.
    ready = inactivation.fraction
    falling = np.interp(-0.5, -ready[10:], inactivation.voltage[10:])
    assert inactivation.fit.half == pytest.approx(falling, abs=1.0)


@needs_recordings
def test_a_real_cells_membrane():
    """pyABF finds a holding current of -130.1 pA and an access resistance of 16.9 MOhm."""
    path = FOLDER / "abf-171116sh" / "171116sh_0011.npz"
    recording = load(path, voltage_clamp=True)
    command, mean = recording.voltage[0], recording.current.mean(axis=0)
    down, up = recording.time[np.flatnonzero(np.diff(command)) + 1]
    test = analysis.membrane_test(recording.time, mean, step=-10.0, start=down, stop=up, skip=0.5)
    assert test.holding_current == pytest.approx(-130.1, abs=0.1)
    assert test.series_resistance == pytest.approx(0.0169, rel=0.1)


# Recordings and fits


def clamped(noise=0.0):
    """A bare potassium channel under three steps, in uA/cm2."""
    truth = channels.SquidPotassium(g_max=30.0, reversal_potential=-80.0)
    time = 0.1 * np.arange(300)
    command = np.where(time < 5.0, -70.0, np.array([[-40.0], [-10.0], [30.0]]))
    found = [np.asarray(currents(truth, row, 30.0, 0.1), float) for row in command]
    error = noise * np.random.default_rng(0).normal(size=command.shape)
    return Recording(time, np.stack(found) + error, command, voltage_clamp=True)


@pytest.fixture(scope="module")
def fitted():
    return dn.fit(
        channels.SquidPotassium(),
        clamped(1.0),
        free={"g_max": dn.Bounds(5.0, 200.0, "log"), "reversal_potential": (-110.0, -60.0)},
        method=dn.methods.LevenbergMarquardt(steps=10),
        holdout=1,
        progress=False,
    )


def test_a_channel_is_recovered_from_its_currents(fitted):
    for name, value in {"g_max": 30.0, "reversal_potential": -80.0}.items():
        error = fitted.standard_errors[name]
        assert fitted.parameters[name] == pytest.approx(value, abs=4.0 * error), name
        assert error < 0.01 * abs(value)
    assert fitted.loss == pytest.approx(1.0, rel=0.3)
    seen, held_out, _ = fitted.scores()
    assert held_out.held_out
    assert held_out.rms_error == pytest.approx(1.0, rel=0.3)
    assert held_out.explained_variance > 0.999
    assert (seen.recorded_spikes, seen.model_spikes) == (0, 0)
    assert np.isnan(seen.coincidence)
    np.testing.assert_array_equal(fitted.fitted_voltage, fitted.recording.voltage)


def test_a_fit_of_currents_is_kept_and_reported(fitted, tmp_path):
    loaded = dn.FitResult.load(fitted.save(tmp_path / "fit.npz"))
    assert loaded.recording.voltage_clamp
    assert loaded.recording.fingerprint == fitted.recording.fingerprint
    np.testing.assert_array_equal(loaded.fitted_response, fitted.fitted_response)
    page = fitted.report(tmp_path / "page.html").read_text()
    assert "spike" not in page.split("<h2>The search")[0].split("</style>")[1].lower()
    assert "uA/cm" in page or "µA/cm" in page


def test_a_voltage_clamp_recording_knows_what_was_imposed():
    recording = clamped()
    np.testing.assert_array_equal(recording.stimulus, recording.voltage)
    np.testing.assert_array_equal(recording.response, recording.current)
    assert "voltage clamp" in repr(recording)
    other = Recording(recording.time, recording.current, recording.voltage)
    assert other.fingerprint != recording.fingerprint
    for part in (recording.select(1), recording.crop(1.0, 20.0), joined([recording, recording])):
        assert part.voltage_clamp
    with pytest.raises(ValueError, match="join only alike"):
        joined([recording, other])
    # A command is averaged, a measured current filtered, when samples are left out.
    slow = recording.resample(0.2)
    np.testing.assert_allclose(slow.voltage, recording.voltage.reshape(3, -1, 2).mean(axis=2))
    assert slow.voltage_clamp


def test_the_mask_follows_each_jump():
    time = 0.1 * np.arange(100)
    command = np.where(time >= 5.0, 0.0, -80.0)
    weight = CurrentError(mask=2.0).target(time, 0.0 * time, command).weight
    np.testing.assert_array_equal(np.flatnonzero(weight == 0.0), np.arange(50, 70))
    assert np.sum(weight**2) == pytest.approx(1.0)
    assert (CurrentError().target(time, 0.0 * time, command).weight > 0.0).all()


@needs_recordings
def test_the_published_model_of_a_recorded_cell():
    """Beattie et al. 2018, cell 5: RMSE 0.0316 nA on the sine waves, 0.079 on the other."""
    herg = channels.HERG(g_max=152.396)
    clamp = neurons.IdealVoltageClamp(neurons.Cell({"herg": herg}, area=100.0))
    for name, wanted in (("sine_wave", 31.6), ("ap", 79.3)):
        recording = herg_recording(name)
        run = dn.simulate(clamp, recording.voltage[0], t1=recording.duration, dt=0.1)
        assert root_mean_square(run, recording) == pytest.approx(wanted, rel=5e-3)


def herg_recording(name):
    from scipy.io import loadmat

    file = f"{name}_16713110_dofetilide_subtracted_leak_subtracted.mat"
    command = loadmat(HERG / f"{name}_protocol.mat")["T"].ravel()
    current = 1e3 * loadmat(HERG / file)["T"].ravel()
    return Recording(0.1 * np.arange(len(command)), current, command, voltage_clamp=True)


def root_mean_square(run, recording):
    loss = CurrentError(mask=6.0)
    target = loss.target(recording.time, recording.current[0], recording.voltage[0])
    return float(np.sqrt(np.sum(np.asarray(loss.residual(run, target)) ** 2)))


@pytest.mark.slow
@needs_recordings
def test_a_recorded_cells_channel_is_found_from_elsewhere():
    """Four starts a factor of three off, on every tenth sample."""
    path = "cell.channels.herg"
    true = {name: float(value) for name, (value, _) in dn.parameters(channels.HERG()).items()}
    random = np.random.default_rng(1)
    starts, free = {}, {}
    for name, value in true.items():
        if name in ("reversal_potential", "g_max"):
            continue
        starts[f"{path}.{name}"] = value * 3.0 ** random.uniform(-1.0, 1.0, 4)
        free[f"{path}.{name}"] = dn.Bounds(value / 100.0, value * 100.0, "log")
    starts[f"{path}.g_max"] = 152.0 * 3.0 ** random.uniform(-1.0, 1.0, 4)
    free[f"{path}.g_max"] = dn.Bounds(10.0, 1000.0, "log")
    clamp = neurons.IdealVoltageClamp(neurons.Cell({"herg": channels.HERG()}, area=100.0))
    result = dn.fit(
        clamp,
        herg_recording("sine_wave").resample(1.0),
        free=free,
        loss=CurrentError(mask=6.0),
        method=dn.methods.LevenbergMarquardt(steps=30),
        starts=starts,
        progress=False,
    )
    assert np.sqrt(result.loss) < 31.8
    unseen = herg_recording("ap")
    run = dn.simulate(result.model, unseen.voltage[0], t1=unseen.duration, dt=0.1)
    assert root_mean_square(run, unseen) < 81.0


# What is refused


def volts():
    return stimuli.step_family([-0.06, -0.04, 0.02], holding=-0.08)


def a_cell_on_a_clamp_recording():
    return dn.fit(passive_cell(), clamped(), free={"capacitance": (0.5, 2.0)})


def a_channel_on_a_current_clamp_recording():
    kept = clamped()
    recording = Recording(kept.time, kept.current, kept.voltage)
    return dn.fit(channels.SquidPotassium(), recording, free={"g_max": (5.0, 50.0)})


REFUSED = {
    "full compensation": (
        lambda: neurons.VoltageClamp(passive_cell(), compensation=1.0),
        r"at 1 \(100 %\) no amplifier is stable",
    ),
    "a replaced compensation": (
        lambda: dn.replace(neurons.VoltageClamp(passive_cell()), {"compensation": 1.2}),
        "compensation=1.2",
    ),
    "no resistance": (
        lambda: neurons.VoltageClamp(passive_cell(), series_resistance=0.0),
        "series_resistance=0.0 GOhm: make it above 0",
    ),
    "a bare channel": (
        lambda: neurons.IdealVoltageClamp(channels.HERG()),
        "put channels into one",
    ),
    "a spiking neuron": (lambda: neurons.VoltageClamp(neurons.LIF()), "give it a neurons.Cell"),
    "volts": (volts, "looks like volts: multiply by 1000"),
    "no family": (lambda: stimuli.step_family(-40.0), "one row of values"),
    "levels without durations": (lambda: stimuli.Staircase([1.0, 2.0], [1.0]), "its duration"),
    "a negative duration": (lambda: stimuli.Staircase([1.0], [-1.0]), "negative duration"),
    "no divisor": (lambda: stimuli.leak_pulses(stimuli.Staircase([0.0], [1.0]), 0.0), "give 4"),
    "a cell": (a_cell_on_a_clamp_recording, "put the cell into neurons.VoltageClamp"),
    "a channel": (a_channel_on_a_current_clamp_recording, "give the Recording voltage_clamp=True"),
    "synchronised": (
        lambda: dn.fit(
            neurons.VoltageClamp(passive_cell()),
            clamped(),
            free={"series_resistance": (1e-3, 0.1)},
            method=dn.methods.Synchronised(),
        ),
        "cannot be synchronised",
    ),
    "mask": (lambda: CurrentError(mask=-1.0), "mask=-1.0"),
    "weights": (
        lambda: CurrentError(weights=np.ones(3)).target(np.arange(4.0), *np.zeros((2, 4))),
        "must be 4 numbers",
    ),
    "all masked": (
        lambda: CurrentError(weights=np.zeros(4)).target(np.arange(4.0), *np.zeros((2, 4))),
        "mask less",
    ),
    "a window": (
        lambda: analysis.peak_currents(np.arange(5.0), np.zeros((2, 5)), (9.0, 10.0)),
        "no sample lies between",
    ),
    "no reversal": (
        lambda: analysis.reversal_potential([-80.0, -60.0], [-5.0, -2.0]),
        "does not turn",
    ),
    "three points": (lambda: analysis.fit_boltzmann([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), "four"),
    "a missing point": (
        lambda: analysis.fit_exponential(np.arange(5.0), [1.0, np.nan, 0.5, 0.3, 0.2]),
        "leave the others out",
    ),
    "another step": (
        lambda: analysis.membrane_test(np.arange(9.0), np.zeros(9), step=0.0, start=2, stop=8),
        "other than 0",
    ),
    "leak of another length": (
        lambda: analysis.subtract_leak(np.zeros(5), np.zeros((2, 4)), divisor=4.0, baseline=1),
        r"give \(n,\) and \(m, n\)",
    ),
    "currents of another length": (
        lambda: report.plot_i_v_curve([1.0, 2.0], [1.0]),
        "give one for each",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    make, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        make()


# Figures


def test_figures_are_drawn():
    time, voltages = np.arange(50.0), np.array([-40.0, -20.0, 0.0, 20.0, 40.0])
    rows = voltages[:, None] * np.exp(-time / 10.0)
    command = np.repeat(voltages[:, None], time.size, axis=1)
    drawn = report.plot_clamp_currents(time, rows, command=command, window=(5.0, 40.0))
    assert len(drawn.axes[0].get_lines()) == len(voltages) + 1
    assert drawn.axes[0].get_xlim() == (5.0, 40.0)
    assert "pA" in drawn.axes[0].get_ylabel()
    curve = analysis.inactivation_curve(voltages, 1.0 / (1.0 + np.exp((voltages + 5.0) / 9.0)))
    legend = report.plot_gating_curves({"ready": curve}).axes[0].get_legend()
    assert "-5.0 mV" in legend.get_texts()[0].get_text()
    figure = report.plot_i_v_curve(voltages, {"peak": rows[:, 0], "end": rows[:, -1]})
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["peak", "end"]
