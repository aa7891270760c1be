"""How sure a fit is: standard errors, directions in words, profiles."""

import dataclasses
import os
from pathlib import Path

import jax
import numpy as np
import pytest
from scipy.optimize import least_squares

import diffneuro as dn
from diffneuro._uncertainty import autoregression, sandwich, score_covariance, white_spread
from diffneuro.losses import PointProcess, VoltageError
from diffneuro.methods import LevenbergMarquardt
from diffneuro.recordings import Recording
from diffneuro.report import plot_profile
from diffneuro.report._verdict import verdict

pytestmark = pytest.mark.usefixtures("strict")

DT, N = 0.1, 2000
TRUTH = {"channels.leak.g_max": 0.08, "channels.leak.reversal_potential": -68.0, "capacitance": 1.3}
FREE = {
    "channels.leak.g_max": dn.Bounds(0.01, 1.0, scale="log"),
    "channels.leak.reversal_potential": (-90.0, -40.0),
    "capacitance": (0.3, 4.0),
}
TIME = DT * np.arange(N)
G, E, C = TRUTH


def passive_voltage(g, e, c, amplitude=50.0):
    """mV of a cell of 10,000 um2 under a step of current, by its closed form."""
    rise = np.where(TIME >= 20.0, 1.0 - np.exp(-np.maximum(TIME - 20.0, 0.0) * g / c), 0.0)
    fall = np.where(TIME >= 140.0, 1.0 - np.exp(-np.maximum(TIME - 140.0, 0.0) * g / c), 0.0)
    return e + 0.01 * amplitude / g * (rise - fall)


def passive_jacobian(at=TRUTH):
    """(3, n) derivatives of the closed form."""
    values = np.array(list(at.values()))
    steps = 1e-5 * np.abs(values)
    return np.array(
        [
            (passive_voltage(*(values + step)) - passive_voltage(*(values - step)))
            / (2.0 * step.max())
            for step in np.diag(steps)
        ]
    )


def remembering(rng, memory, shape=(N,)):
    """Noise of variance 1 with the autocorrelation `memory` to the power of the lag."""
    noise = rng.normal(size=(*shape[:-1], shape[-1] + 500))
    for k in range(1, noise.shape[-1]):
        noise[..., k] = memory * noise[..., k - 1] + (1 - memory**2) ** 0.5 * noise[..., k]
    return noise[..., 500:]


def recorded(noise, sweeps=1):
    amplitude = 50.0 * (1.0 + np.arange(sweeps))[:, None]
    current = np.where((TIME >= 20.0) & (TIME < 140.0), amplitude, 0.0)
    g, e, c = TRUTH.values()
    voltage = np.stack([passive_voltage(g, e, c, one) for one in amplitude[:, 0]])
    return Recording(time=TIME, current=current, voltage=voltage + noise)


def fitted(noise, sweeps=1, **changes):
    arguments = {
        "free": FREE,
        "method": LevenbergMarquardt(steps=5),
        "starts": {name: [value] for name, value in TRUTH.items()},
        "progress": False,
    } | changes
    model = arguments.pop("model", None) or dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -60.0)})
    return dn.fit(model, recorded(noise, sweeps), **arguments)


@pytest.fixture(scope="module")
def slow_noise():
    """A fit to noise that remembers for 10 samples."""
    return fitted(0.5 * remembering(np.random.default_rng(3), 0.9))


# Coverage


def covered(noise):
    """The shares of the 68 % intervals that hold the truth, by ours and by white residuals."""
    jacobian = passive_jacobian() / N**0.5
    gram = jacobian @ jacobian.T
    ours, white = [], []
    for one in noise:
        error = one / N**0.5
        shift = np.linalg.solve(gram, jacobian @ error)
        residual = error - shift @ jacobian
        plain = white_spread(gram, float(residual @ residual), N)
        for spread, held in ((score_covariance(jacobian, residual), ours), (plain, white)):
            held.append(np.abs(shift) < np.sqrt(np.diag(sandwich(gram, spread))))
    return np.mean(ours, axis=0), np.mean(white, axis=0)


@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_68_percent_intervals_hold_the_truth_in_68_percent(memory):
    """In the linear problem that a passive cell is near its best parameters."""
    noise = remembering(np.random.default_rng(1), memory, (100, N))
    ours, white = covered(noise)
    assert (ours > 0.58).all()
    assert (ours < 0.78).all()
    assert (white < 0.35).all() == (memory == 0.9)


def test_they_do_when_the_noise_grows_as_well():
    noise = remembering(np.random.default_rng(2), 0.6, (100, N))
    ours, white = covered(noise * np.where(TIME < 20.0, 4.0, 1.0))
    assert (ours > 0.58).all()
    assert (ours < 0.78).all()
    assert white[1] < 0.35


@pytest.mark.slow
def test_fits_of_a_cell_in_slow_noise_hold_the_truth():
    """Through `fit`, 100 recordings."""
    noise = 0.5 * remembering(np.random.default_rng(5), 0.9, (100, N))
    held = []
    for one in noise:
        result = fitted(one)
        found, errors = result.parameters, result.standard_errors
        held.append([abs(found[name] - TRUTH[name]) < errors[name] for name in TRUTH])
    shares = np.mean(held, axis=0)
    assert (shares > 0.58).all()
    assert (shares < 0.78).all()


STEPS = (
    Path(
        os.environ.get(
            "DIFFNEURO_RECORDINGS",
            Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
        )
    )
    / "drn-5ht-164"
    / "steps.npz"
)


@pytest.mark.slow
@pytest.mark.skipif(not STEPS.exists(), reason="the recording is not on this machine")
def test_errors_are_the_spread_over_repeats_of_a_real_step():
    """20 times -10 pA into one neuron; as white residuals the errors are 30 times too small."""
    with np.load(STEPS) as file:
        part = slice(1000, 13_000)
        current, voltage = (file[name][:, part].astype(float) for name in ("i_cmd_pA", "v_mV"))
    time = 0.1 * np.arange(12_000)
    # The electrode's own response is not the cell's.
    weights = np.ones(12_000)
    for edge in (78.0, 1078.0):
        weights[(time > edge - 2.0) & (time < edge + 4.0)] = 0.0
    found, claimed, white = [], [], []
    for i, v in zip(current, voltage, strict=True):
        result = dn.fit(
            dn.neurons.Cell({"leak": dn.channels.Leak(0.02, v.mean())}),
            Recording(time=time, current=i, voltage=v),
            free={G: dn.Bounds(0.002, 0.5, "log"), E: (-100.0, -30.0), C: (0.1, 10.0)},
            loss=VoltageError(weights=weights),
            method=LevenbergMarquardt(12),
            progress=False,
        )
        found.append(result.parameters[G])
        claimed.append(result.standard_errors[G])
        plain = dataclasses.replace(result, score_covariance=None)
        white.append(plain.standard_errors[G])
    spread = np.std(found, ddof=1)
    assert 0.5 < spread / np.mean(claimed) < 2.0
    assert spread / np.mean(white) > 20.0


# The covariance itself


def test_the_autoregression_of_known_noise_is_found():
    noise = np.random.default_rng(0).normal(size=(3, 20_000))
    for k in range(2, noise.shape[1]):
        noise[:, k] += 1.2 * noise[:, k - 1] - 0.5 * noise[:, k - 2]
    found = autoregression(noise, noise.size)
    np.testing.assert_allclose(found, [1.2, -0.5], atol=0.01)
    assert autoregression(np.random.default_rng(1).normal(size=(2, 4000)), 8000).size == 0


def test_without_memory_it_is_the_white_sandwich():
    """Of White 1980, with n/(n - k) for the parameters that were fitted."""
    rng = np.random.default_rng(4)
    jacobian, residual = rng.normal(size=(2, 900)), rng.normal(size=900)
    white = (jacobian * residual**2) @ jacobian.T
    taken = np.trace(np.linalg.solve(jacobian @ jacobian.T, white)) * 900 / (residual @ residual)
    expected = white * 900 / (900 - taken)
    np.testing.assert_allclose(score_covariance(jacobian, residual), expected, rtol=1e-10)


def test_a_first_order_memory_filters_the_jacobian():
    """Against the matrix A^-T J written out, sweep by sweep."""
    noise = remembering(np.random.default_rng(6), 0.8, (2, 300))
    jacobian = np.random.default_rng(7).normal(size=(2, 600))
    (memory,) = autoregression(noise, 600)
    filtering = np.kron(np.eye(2), np.eye(300) - memory * np.eye(300, k=-1))
    columns = np.linalg.solve(filtering.T, jacobian.T).T
    plain = (columns * (filtering @ noise.ravel()) ** 2) @ columns.T
    taken = np.trace(np.linalg.solve(jacobian @ jacobian.T, plain)) * 600 / (noise**2).sum()
    found = score_covariance(jacobian, noise.ravel(), sweeps=2)
    np.testing.assert_allclose(found, plain * 600 / (600 - taken), rtol=1e-9)


def test_a_fit_keeps_the_closed_form(slow_noise):
    """Curvature and sandwich are those of the derivatives of the closed form."""
    jacobian = passive_jacobian(slow_noise.parameters) / N**0.5
    gram = jacobian @ jacobian.T
    scale = np.sqrt(np.outer(np.diag(gram), np.diag(gram)))
    np.testing.assert_allclose(slow_noise.gram / scale, gram / scale, atol=2e-3)
    residual = (slow_noise.fitted_voltage - slow_noise.recording.voltage)[0] / N**0.5
    expected = sandwich(gram, score_covariance(jacobian, residual))
    errors = list(slow_noise.standard_errors.values())
    np.testing.assert_allclose(errors, np.sqrt(np.diag(expected)), rtol=0.01)
    # 1 of (1 + 0.9)/(1 - 0.9) = 19 samples is news to a slow Jacobian.
    assert N / 30 < slow_noise.effective_count < N / 12


def test_a_saved_fit_keeps_its_errors_and_an_older_one_loads(slow_noise, tmp_path):
    loaded = dn.FitResult.load(slow_noise.save(tmp_path / "new.dn"))
    np.testing.assert_array_equal(loaded.covariance(), slow_noise.covariance())
    old = dataclasses.replace(slow_noise, score_covariance=None)
    older = dn.FitResult.load(old.save(tmp_path / "old.dn"))
    assert older.score_covariance is None
    white = slow_noise.loss / (N - 3) * np.linalg.inv(slow_noise.gram)
    np.testing.assert_allclose(older.covariance(), white, rtol=1e-6)
    assert older.effective_count == pytest.approx(N)


def test_residuals_that_vanish_leave_no_error():
    jacobian = np.ones((1, 5))
    assert score_covariance(jacobian, np.zeros(5)) == 0.0


# Likelihoods


def poisson_fit(sweeps=2, dt=0.5, n=2000):
    """A neuron that rests and resets at -65 mV, so that its hazard is constant."""
    rng = np.random.default_rng(8)
    voltage = np.where(rng.random((sweeps, n)) < 0.02, 30.0, -65.0)
    voltage[:, 0] = voltage[:, 1:][voltage[:, :-1] > 0] = -65.0
    recording = Recording(time=dt * np.arange(n), current=np.zeros((sweeps, n)), voltage=voltage)
    model = dn.neurons.GIF(
        threshold=-60.0,
        escape_width=2.0,
        escape_rate=0.5,
        reset_potential=-65.0,
        refractory_time=0.0,
        currents={},
        threshold_shifts={},
    )
    free = {"threshold": (-64.0, -50.0)}
    method = LevenbergMarquardt(steps=15)
    result = dn.fit(model, recording, free=free, loss=PointProcess(), method=method, progress=False)
    return result, int((voltage > 0).sum())


@pytest.fixture(scope="module")
def poisson():
    """In double precision: the fit, its number of spikes, and a profile."""
    with jax.enable_x64(True):
        result, count = poisson_fit()
        return result, count, result.profile("threshold", loss=PointProcess(), steps=10)


@pytest.mark.slow
def test_the_error_of_a_threshold_is_that_of_counting_spikes(poisson):
    """log(rate) = ... - threshold/width, and a count of N is known to 1 in sqrt(N)."""
    result, count, _ = poisson
    rate = count / (2 * 2000 * 0.5)
    assert result.parameters["threshold"] == pytest.approx(
        -65.0 - 2.0 * np.log(rate / 0.5), abs=0.01
    )
    assert result.standard_errors["threshold"] == pytest.approx(2.0 / count**0.5, rel=0.01)


@pytest.mark.slow
def test_the_profile_of_a_likelihood_is_that_of_wilks(poisson):
    """2 (mu - N + N log(N/mu)) in the expected count, whatever the number of sweeps."""
    _, count, profile = poisson
    expected = count * np.exp(-(profile.values - profile.best) / 2.0)
    deviance = 2.0 * (expected - count + count * np.log(count / expected))
    np.testing.assert_allclose(profile.rises, deviance, rtol=1e-3, atol=1e-6)
    low, high = profile.interval(0.95)
    # The likelihood falls off more slowly towards few spikes, that is a high threshold.
    assert profile.best - low < high - profile.best


# In words


def with_gram(result, gram, spread):
    return dataclasses.replace(result, gram=np.asarray(gram), score_covariance=np.asarray(spread))


def test_a_parameter_without_effect_is_named(slow_noise):
    gram = np.diag([4.0, 0.0, 1.0])
    result = with_gram(slow_noise, gram, 1e-4 * gram)
    found = result.identifiability()
    assert found.without_effect == (E,)
    assert found.confounded == ()
    assert found.sentences[0] == (f"The recording says nothing about {E}: it has no effect in it.")
    assert found.sentences[1].startswith(f"The recording fixes {C} best, to 0.7")
    assert result.standard_errors[E] == np.inf
    assert any(text.startswith("Without any effect") for text in verdict(result).warnings)


def test_parameters_that_cannot_be_told_apart_are_named(slow_noise):
    gram = np.array([[4.0, 0.0, 2.0], [0.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
    found = with_gram(slow_noise, gram, 1e-4 * np.eye(3)).identifiability()
    assert found.confounded == (G, C)
    assert found.sentences[0] == (
        f"The recording cannot tell {G} and {C} apart: hold one of them fixed."
    )
    # 0.01 mV of the range of 50.
    assert found.sentences[1] == (
        f"The recording fixes {E} to 0.02 % (of the value, or of the range where its lower bound "
        "is not positive)."
    )


def test_the_best_and_the_worst_combination_are_written_as_powers(slow_noise):
    """Two conductances whose ratio is known to 1 % and whose product is known to 40 %."""
    free = {name: slow_noise.free[name] for name in (G, C)}
    result = dataclasses.replace(slow_noise, free=free, slopes=slow_noise.slopes[[0, 2]])
    sizes = np.array([result.parameters[name] for name in (G, C)])
    ratio, product = np.array([1.0, -1.0]), np.array([1.0, 1.0])
    relative = 0.01**2 / 4 * np.outer(ratio, ratio) + 0.4**2 / 4 * np.outer(product, product)
    gram = np.linalg.inv(relative * np.outer(sizes, sizes))
    (text,) = with_gram(result, gram, gram).identifiability().sentences
    assert text in (
        f"The recording fixes {one} * {other}^-1 best, to 1 %, "
        f"and {first} * {second} worst, to 40 %."
        for one, other in ((G, C), (C, G))
        for first, second in ((G, C), (C, G))
    )


def test_it_is_said_whether_the_best_starts_agree(slow_noise):
    """A third start that ended at a high loss does not count."""
    found, error = slow_noise.parameters, slow_noise.standard_errors[C]
    losses = slow_noise.loss * np.array([1.0, 1.01, 3.0])

    def told(shift):
        starts = {name: np.array([value, value, 9.0]) for name, value in found.items()}
        starts[C][1] += shift
        result = dataclasses.replace(slow_noise, losses=losses, starts=starts)
        return verdict(result).sentences[-1]

    assert "2 of 3 starts came within 5 %" in told(0.0)
    assert told(0.5 * error).endswith("They agree on every parameter within three standard errors.")
    assert "They do not agree on capacitance (" in told(20.0 * error)
    assert G not in told(20.0 * error)


# Profiles


def test_the_profile_of_a_linear_parameter_is_a_parabola(slow_noise):
    profile = slow_noise.profile(E)
    assert profile.values.shape == (13,)
    assert set(profile.others) == {G, C}
    scaled = (profile.values - profile.best) / profile.standard_error
    # The other two enter nonlinearly and bend it a little.
    np.testing.assert_allclose(profile.rises, scaled**2, atol=0.02 * 9.0)
    low, high = profile.interval(0.6827)
    assert high - profile.best == pytest.approx(profile.standard_error, rel=0.02)
    assert profile.best - low == pytest.approx(profile.standard_error, rel=0.02)


def test_a_profile_finds_the_least_loss_at_each_value(slow_noise):
    """As least squares on the closed form does, with the parameter fixed."""
    held = 1.05 * slow_noise.parameters[C]
    profile = slow_noise.profile(C, [held])
    np.testing.assert_allclose(profile.values, [slow_noise.parameters[C], held], rtol=1e-5)
    voltage = slow_noise.recording.voltage[0]

    def errors(free):
        return (passive_voltage(free[0], free[1], held) - voltage) / N**0.5

    other = least_squares(errors, [0.08, -68.0], x_scale=[0.01, 1.0], xtol=1e-12)
    assert profile.losses[1] == pytest.approx(2.0 * other.cost, rel=1e-4)
    assert profile.losses[1] > 1.01 * slow_noise.loss
    for name, expected in zip((G, E), other.x, strict=True):
        assert profile.others[name][1] == pytest.approx(expected, rel=1e-3)
    assert profile.interval(0.95)[0] == -np.inf


def test_a_profile_leaves_out_what_the_fit_left_out():
    noise = 0.5 * remembering(np.random.default_rng(2), 0.5, (2, N))
    result = fitted(noise, sweeps=2, holdout=1)
    profile = result.profile(E, [-68.5], steps=2)
    assert profile.losses.min() == pytest.approx(result.loss, rel=1e-3)


def test_a_profile_is_drawn(slow_noise):
    profile = slow_noise.profile(C)
    axes = plot_profile(profile).axes[0]
    assert axes.get_xlabel() == "capacitance (µF/cm²)"
    drawn = axes.lines[-2]
    np.testing.assert_array_equal(drawn.get_xdata(), profile.values)
    np.testing.assert_allclose(np.asarray(drawn.get_ydata()), profile.rises)
    with pytest.raises(ValueError, match="between 0 and 1"):
        plot_profile(profile, level=95)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("capacity",), "'capacity' was not fitted: profile one of channels.leak.g_max"),
        ((C, [5.0]), r"within its bounds \[0.3, 4\], not 5: leave it out"),
        ((C, [[1.0]]), r"not an array of shape \(1, 1\)"),
    ],
)
def test_a_profile_refuses_what_it_cannot_do(slow_noise, arguments, message):
    with pytest.raises(ValueError, match=message):
        slow_noise.profile(*arguments)


def test_a_profile_asks_for_the_loss_of_the_fit(slow_noise):
    with pytest.raises(ValueError, match="steps=0"):
        slow_noise.profile(C, steps=0)
    other = VoltageError(largest=0.5)
    with pytest.raises(ValueError, match="pass the loss="):
        slow_noise.profile(C, loss=other)
    about = slow_noise.about | {"loss": "VoltageError(largest=0.5)"}
    with pytest.raises(ValueError, match=r"made with loss=VoltageError\(largest=0.5\): pass it"):
        dataclasses.replace(slow_noise, about=about).profile(C)


def test_a_parameter_that_changes_but_the_last_digits_harms_no_other():
    """At rest the capacitance of a passive cell says nothing, but for rounding."""
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(0.3, -65.0)})
    noise = np.random.default_rng(0).normal(size=(1, 2000))
    recording = Recording(0.05 * np.arange(2000), np.zeros((1, 2000)), noise - 65.0)
    free = {"channels.leak.reversal_potential": (-90.0, -40.0), "capacitance": (0.2, 5.0)}
    with pytest.warns(UserWarning, match="capacitance changed nothing that was compared"):
        result = dn.fit(cell, recording, free=free, progress=False)
    assert result.standard_errors["capacitance"] == np.inf
    of_a_mean = noise.std() / 2000**0.5
    found = result.standard_errors["channels.leak.reversal_potential"]
    assert found == pytest.approx(of_a_mean, rel=0.05)
