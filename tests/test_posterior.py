"""Draws from the posterior of a fit, against quadrature and closed forms."""

import dataclasses
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import _progress
from diffneuro._posterior import Density, Optimum, Posterior, posterior
from diffneuro._profile import objective_of
from diffneuro.losses import PointProcess
from diffneuro.methods import LevenbergMarquardt
from diffneuro.recordings import Recording

pytest.importorskip("blackjax")

DT, N, SD = 0.1, 400, 1.5
G, E, C = "channels.leak.g_max", "channels.leak.reversal_potential", "capacitance"
G0, E0, C0 = 0.08, -68.0, 1.3
TIME = DT * np.arange(N)
CURRENT = np.where((TIME >= 8.0) & (TIME < 30.0), 50.0, 0.0)
LEAKY = {"g": dn.Bounds(0.02, 0.4, "log"), "c": dn.Bounds(0.4, 6.0, "log")}


def passive_voltage(g, c, e=E0):
    """mV of a cell of 10,000 um2 under the step, by its closed form; `g` and `c` broadcast."""
    g, c = np.asarray(g)[..., None], np.asarray(c)[..., None]
    on, off = np.maximum(TIME - 8.0, 0.0), np.maximum(TIME - 30.0, 0.0)
    return e + 0.01 * 50.0 / g * (np.exp(-off * g / c) - np.exp(-on * g / c))


def leaky_fit(noise, current, free, **values):
    """From the truth, so that few steps are enough."""
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(G0, E0)}, capacitance=C0)
    clean = passive_voltage(G0, C0) if current.any() else np.full(N, E0)
    recording = Recording(time=TIME, current=current, voltage=clean + noise)
    return dn.fit(
        dn.replace(cell, values), recording, free=free, method=LevenbergMarquardt(8), progress=False
    )


def remembering(rng, memory):
    noise = rng.normal(size=N + 200)
    for k in range(1, len(noise)):
        noise[k] = memory * noise[k - 1] + (1 - memory**2) ** 0.5 * noise[k]
    return noise[200:]


@pytest.fixture(scope="module")
def step():
    """A fit of conductance and capacitance to few noisy samples, and its posterior."""
    noise = SD * np.random.default_rng(1).normal(size=N)
    result = leaky_fit(noise, CURRENT, {G: LEAKY["g"], C: LEAKY["c"]})
    return result, result.posterior(draws=600, warmup=150, key=jax.random.key(2), progress=False)


def moments(values, weights):
    """Mean and standard deviation of each of `values` (P, n) under `weights` (n,)."""
    mean = values @ weights
    return mean, np.sqrt((values - mean[:, None]) ** 2 @ weights)


def agree(found, mean, deviation, tolerance=4.0):
    """Means and deviations within as many Monte Carlo errors as `tolerance`."""
    for name, m, sd in zip(found.draws, mean, deviation, strict=True):
        draws = found.draws[name]
        error = sd / found.ess[name] ** 0.5
        assert abs(draws.mean() - m) < tolerance * error, name
        assert abs(draws.std() - sd) < tolerance * error, name


def test_a_passive_cell_has_the_posterior_of_quadrature(step):
    """On a grid of the closed form, under a uniform prior of both logarithms."""
    result, found = step
    g, c = result.parameters[G], result.parameters[C]
    grid_g, grid_c = np.meshgrid(
        g * np.exp(np.linspace(-0.25, 0.25, 121)),
        c * np.exp(np.linspace(-0.7, 0.7, 121)),
        indexing="ij",
    )
    errors = passive_voltage(grid_g, grid_c) - result.recording.voltage[0]
    loss = (errors**2).mean(-1)
    variance = result.loss * N / (N - 2)
    weights = np.exp(-0.5 * result.effective_count * (loss - result.loss) / variance)
    weights /= weights.sum()
    assert (
        max(weights[0].sum(), weights[-1].sum(), weights[:, 0].sum(), weights[:, -1].sum()) < 1e-4
    )
    values = np.stack([grid_g.ravel(), grid_c.ravel()])
    mean, deviation = moments(values, weights.ravel())
    agree(found, mean, deviation)
    correlation = ((values - mean[:, None]) / deviation[:, None] * weights.ravel()) @ (
        (values - mean[:, None]) / deviation[:, None]
    ).T
    assert found.correlation()[0, 1] == pytest.approx(correlation[0, 1], abs=0.1)


def test_the_chains_agree_and_say_so(step):
    _, found = step
    assert found.draws[G].shape == found.draws[C].shape == (4, 600)
    assert list(found.draws) == list(found.units) == [G, C]
    assert max(found.r_hat.values()) < 1.01
    assert min(found.ess.values()) > 600
    assert found.divergences == 0
    assert found.warnings() == ()


def test_the_summary_is_that_of_all_draws(step):
    _, found = step
    values = found.draws[C].ravel()
    summary = found.summary()[C]
    assert summary.mean == pytest.approx(values.mean())
    assert summary.sd == pytest.approx(values.std(ddof=1))
    for part, quantile in ((summary.low, 0.05), (summary.median, 0.5), (summary.high, 0.95)):
        assert np.mean(values <= part) == pytest.approx(quantile, abs=1 / values.size)


@pytest.mark.slow
def test_a_linear_parameter_is_gaussian_and_one_without_effect_keeps_its_prior():
    """At rest the voltage is the reversal potential plus noise; the area does nothing.

    Noise that remembers widens the posterior as it widens the standard error.
    """
    noise = SD * remembering(np.random.default_rng(5), 0.8)
    bounds = dn.Bounds(2e3, 3e4, "log")
    with pytest.warns(UserWarning, match="area changed nothing"):
        result = leaky_fit(noise, np.zeros(N), {E: (-90.0, -40.0), "area": bounds})
    assert result.effective_count < N / 4
    found = result.posterior(draws=600, warmup=150, key=jax.random.key(4), progress=False)
    logs = np.log(found.draws["area"])
    found = dataclasses.replace(found, draws={E: found.draws[E], "area": logs})
    low, high = np.log([bounds.low, bounds.high])
    mean = result.recording.voltage.mean(), 0.5 * (low + high)
    agree(found, mean, (result.standard_errors[E], (high - low) / 12**0.5))
    variance = result.loss * N / (N - 1) / result.effective_count
    assert result.standard_errors[E] == pytest.approx(variance**0.5, rel=1e-3)
    assert np.mean(logs < low + 0.25 * (high - low)) == pytest.approx(0.25, abs=0.05)


# The density


def optimum_of(result):
    return Optimum(
        result.parameters,
        result.units,
        result.loss,
        result.gram,
        result.score_covariance,
        result.residual_count,
        result.slopes,
    )


@eqx.filter_jit
def with_slopes(density, whitened):
    return jax.value_and_grad(density)(whitened)


def test_the_density_and_its_slopes(step, x64):
    """Against the formula written out, and central differences."""
    result, _ = step
    objective = objective_of(result, None, None, None)
    axes = jnp.array([[0.5, 0.1], [0.0, 2.0]])
    density = Density(objective, jnp.asarray(7.0), jnp.asarray(result.loss), jnp.zeros(2), axes)
    w = jnp.array([0.3, -0.4])
    z = np.asarray(axes @ w)
    fraction = 1.0 / (1.0 + np.exp(-z))
    g, c = (
        np.exp(np.log(b.low) + f * np.log(b.high / b.low))
        for b, f in zip(LEAKY.values(), fraction, strict=True)
    )
    loss = ((passive_voltage(g, c) - result.recording.voltage[0]) ** 2).mean()
    expected = np.log(fraction * (1.0 - fraction)).sum() - 7.0 * (loss - result.loss)
    value, slopes = with_slopes(density, w)
    assert float(value) == pytest.approx(expected, rel=1e-5)
    for i, slope in enumerate(slopes):
        h = 1e-5 * np.eye(2)[i]
        difference = (with_slopes(density, w + h)[0] - with_slopes(density, w - h)[0]) / 2e-5
        assert float(slope) == pytest.approx(float(difference), rel=1e-6)


def test_what_is_not_finite_has_no_density(step, x64):
    result, _ = step
    objective = objective_of(result, None, None, None)
    broken = dataclasses.replace(objective, stimuli=objective.stimuli * jnp.nan)
    density = Density(broken, jnp.asarray(1.0), jnp.asarray(1.0), jnp.zeros(2), 1.0 * jnp.eye(2))
    value, slopes = with_slopes(density, jnp.zeros(2))
    assert value == -jnp.inf
    np.testing.assert_array_equal(slopes, 0.0)


# Likelihoods


@pytest.mark.slow
def test_the_posterior_of_a_likelihood_needs_no_noise():
    """N spikes at a constant hazard: log p = N log(mu) - mu, whatever the number of sweeps."""
    sweeps, n, dt = 2, 400, 0.5
    fired = np.random.default_rng(8).random((sweeps, n)) < 0.02
    voltage = np.where(fired, 30.0, -65.0)
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
    result = dn.fit(
        model,
        recording,
        free={"threshold": (-66.0, -50.0)},
        loss=PointProcess(),
        method=LevenbergMarquardt(12),
        progress=False,
    )
    found = result.posterior(
        loss=PointProcess(), draws=600, warmup=150, key=jax.random.key(9), progress=False
    )
    grid = np.linspace(-66.0, -50.0, 4001)
    count, expected = (voltage > 0).sum(), sweeps * n * dt * 0.5 * np.exp((-65.0 - grid) / 2.0)
    logs = count * np.log(expected) - expected
    weights = np.exp(logs - logs.max())
    mean, deviation = moments(grid[None], weights / weights.sum())
    agree(found, mean, deviation)


# What it refuses, and what it says


def test_the_key_decides_and_progress_is_told(step):
    result, _ = step
    told = []

    def draws(seed):
        return result.posterior(
            draws=60,
            warmup=75,
            key=jax.random.key(seed),
            progress=lambda *said: told.append(said),
        ).draws[G]

    first = draws(0)
    assert first.shape == (4, 60)
    assert told[-1] == (150, 150, 0.0, "draws")
    np.testing.assert_array_equal(first, draws(0))
    assert not np.array_equal(first, draws(1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"draws": 10}, "draws=10 of a posterior must be at least 50"),
        ({"warmup": 0}, "warmup=0 of a posterior must be at least 75"),
        ({"chains": 1}, "chains=1 of a posterior must be at least 2"),
        ({"loss": dn.losses.VoltageError(largest=0.5)}, "pass the loss="),
    ],
)
def test_it_refuses_what_it_cannot_do(step, settings, message):
    with pytest.raises(ValueError, match=message):
        step[0].posterior(**settings)


def test_it_refuses_a_fit_that_leaves_nothing_to_draw(step):
    result, _ = step
    objective = objective_of(result, None, None, None)
    exact = optimum_of(result)._replace(loss=0.0, score_covariance=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="a loss of 0, from which no noise"):
        posterior(objective, exact)
    idle = optimum_of(result)._replace(gram=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no free parameter has an effect"):
        posterior(objective, idle)


def test_without_blackjax_it_says_what_to_install(step, monkeypatch):
    monkeypatch.setitem(sys.modules, "blackjax", None)
    with pytest.raises(ImportError, match=r"pip install 'diffneuro\[posterior\]'"):
        step[0].posterior()


def test_what_speaks_against_the_draws_is_said():
    few = np.zeros((2, 50))
    bad = Posterior({G: few}, {G: "mS/cm2"}, {G: 1.2}, {G: 30.0}, 3, 0.1).warnings()
    assert len(bad) == 3
    assert bad[0].startswith(f"The chains disagree on {G} (R-hat over 1.01)")
    assert bad[1].startswith(f"The draws of {G} are worth fewer than 400")
    assert bad[2].startswith("3 draws diverged")
    unknown = Posterior({G: few}, {G: "mS/cm2"}, {G: np.nan}, {G: np.nan}, 0, 0.1).warnings()
    assert len(unknown) == 2


def test_an_interrupt_keeps_the_draws_so_far(step, monkeypatch):
    """They are the first ones of those that were drawn without."""
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)
    result, whole = step
    blocks = []

    def interrupt(done, total, diverged, stage):
        blocks.append(stage)
        if blocks.count("draws") == 2:
            raise KeyboardInterrupt

    settings = {"draws": 600, "warmup": 150, "key": jax.random.key(2), "progress": interrupt}
    with pytest.warns(UserWarning, match=r"stopped \(Ctrl-C\) after 50 of 600 draws"):
        stopped = result.posterior(**settings)
    assert whole.completed
    assert not stopped.completed
    for name, values in whole.draws.items():
        np.testing.assert_array_equal(stopped.draws[name], values[:, :50])
    assert all(value > 0 for value in stopped.ess.values())
    assert stopped.warnings()[0].startswith("It was stopped (Ctrl-C) after 50 draws of each chain")
    assert not any("Ctrl-C" in text for text in whole.warnings())


def test_an_interrupt_in_the_warm_up_leaves_no_draws(step, monkeypatch):
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)

    def interrupt(done, total, diverged, stage):
        assert stage == "warm-up"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        step[0].posterior(draws=50, warmup=150, progress=interrupt)
