"""Standard errors from the intervals of long spike trains."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import lfilter

import diffneuro as dn
from diffneuro import _curvature
from diffneuro._bounds import as_bounds
from diffneuro._defaults import spike_loss
from diffneuro._objective import make_objective
from diffneuro._uncertainty import sandwich, score_covariance
from diffneuro.losses import SpikeTimes, Sum, VoltageError
from diffneuro.methods import LevenbergMarquardt, Shooting
from diffneuro.recordings import Recording

pytestmark = pytest.mark.usefixtures("strict")

DT = 0.05
FREE = {
    "channels.na.g_max": (40.0, 300.0),
    "channels.k.g_max": (10.0, 90.0),
    "channels.leak.reversal_potential": (-70.0, -40.0),
}


def driven(sweeps, length, noise, seed=0, step=1000.0):
    """Squid axons under a step and a noise (pA, 2 ms) that the recording does not tell of."""
    time = DT * np.arange(round(length / DT))
    memory = np.exp(-DT / 2.0)
    white = np.random.default_rng(seed).normal(size=(sweeps, time.size)) * (1 - memory**2) ** 0.5
    current = np.where(time >= 10.0, step, 0.0) * np.ones((sweeps, 1))
    hidden = noise * np.asarray(lfilter([1.0], [1.0, -memory], white, axis=-1))
    run = jax.jit(
        jax.vmap(lambda i: dn.simulate(dn.neurons.HodgkinHuxley(), i, t1=length, dt=DT).y)
    )(current + hidden)
    return Recording(time, current, np.asarray(run))


def rows_at_truth(recording, horizon):
    """The rows of every sweep, and which sweep each run is of."""
    loss = spike_loss(dn.neurons.HodgkinHuxley(), recording)
    objective, best = objective_of(recording, loss, (1,))
    rows = _curvature._rows(objective, best, horizon)
    runs = (
        np.arange(recording.sweeps) if horizon is None else np.asarray(objective.windows[1].sweep)
    )
    return rows, runs, best


def test_68_percent_intervals_hold_the_truth_of_a_long_train(x64):
    """60 trains of 27 spikes: one Gauss-Newton step from the truth, by each train's windows."""
    recording = driven(60, 400.0, noise=30.0)
    rows, sweep, best = rows_at_truth(recording, 1)
    held = []
    for number in range(recording.sweeps):
        mine = rows.chosen(np.flatnonzero(sweep == number))
        jacobian, errors = mine.along.reshape(3, -1), mine.residuals.ravel()
        shift = -np.linalg.solve(jacobian @ jacobian.T, jacobian @ errors)
        left = mine._replace(residuals=(errors + shift @ jacobian).reshape(mine.residuals.shape))
        around = _curvature._summed([left], best, (True, False, True))
        claimed = np.sqrt(np.diag(sandwich(around.gram, around.score_covariance)))
        held.append(np.abs(shift * mine.slopes) < claimed)
    shares = np.mean(held, axis=0)
    assert (shares > 0.53).all()
    assert (shares < 0.83).all()


def train_and_silence():
    train, silent = driven(1, 100.0, noise=30.0), driven(1, 100.0, noise=30.0, step=0.0)
    return dn.recordings.joined([train, silent])


def objective_of(recording, loss, horizons=()):
    cell, free = dn.neurons.HodgkinHuxley(), as_bounds(FREE)
    objective = make_objective(cell, recording, free, loss, None, None, horizons)
    known = dn.parameters(cell)
    return objective, objective.position_of({name: float(known[name][0]) for name in free})


@pytest.mark.slow
def test_every_sweep_weighs_the_same_and_a_silent_one_runs_freely(x64):
    recording = train_and_silence()
    loss = spike_loss(dn.neurons.HodgkinHuxley(), recording)
    objective, best = objective_of(recording, loss)
    around = _curvature.curvature_between_spikes(objective, recording, best)
    shot, _ = objective_of(recording.select(0), loss, (1,))
    free, _ = objective_of(recording.select(1), loss)
    expected, total = np.zeros((3, 3)), 0.0
    calls = (lambda z: shot(z, jnp.asarray(1.0), 1)), (lambda z: free(z))
    for call in calls:
        errors, push = jax.linearize(jax.jit(call), best)
        jacobian = np.asarray(jax.vmap(push)(jnp.eye(3))).T / around.slopes
        expected += 0.5 * jacobian.T @ jacobian
        total += 0.5 * float((errors**2).sum())
    np.testing.assert_allclose(around.gram, expected, rtol=1e-6)
    assert around.window_loss == pytest.approx(total, rel=1e-6)


@pytest.fixture(scope="module")
def trained():
    """A fit over windows to a train and a silent sweep, in double precision."""
    with jax.enable_x64(True):
        recording, cell = train_and_silence(), dn.neurons.HodgkinHuxley()
        truth = {name: [float(dn.parameters(cell)[name][0])] for name in FREE}
        loss, method = spike_loss(cell, recording), Shooting(1, steps=1)
        arguments = {"loss": loss, "method": method, "starts": truth, "progress": False}
        return dn.fit(cell, recording, free=FREE, **arguments), loss


@pytest.mark.slow
def test_a_saved_fit_says_of_what_its_curvature_is(trained, tmp_path):
    result, _ = trained
    assert result.window_loss != pytest.approx(result.loss, rel=0.1)
    assert all(0 < error < 100 for error in result.standard_errors.values())
    loaded = dn.FitResult.load(result.save(tmp_path / "fit.dn"))
    assert loaded.window_loss == result.window_loss
    np.testing.assert_array_equal(loaded.covariance(), result.covariance())
    assert loaded.effective_count == result.effective_count


@pytest.mark.slow
def test_a_profile_is_of_the_free_run_whatever_the_errors_are_of(trained, x64):
    result, loss = trained
    name = "channels.leak.reversal_potential"
    profile = result.profile(name, [result.parameters[name] + 0.5], steps=1, loss=loss)
    assert profile.loss_scale > 0
    assert np.isfinite(profile.rises).all()
    assert profile.standard_error == result.standard_errors[name]


def test_the_voltage_alone_is_of_the_free_run(x64):
    objective, _ = objective_of(driven(1, 40.0, noise=0.0), VoltageError())
    assert not _curvature.is_between_spikes(objective)
    other = dataclasses.replace(objective, loss=Sum((SpikeTimes(), VoltageError()), (1.0, 1.0)))
    assert _curvature.is_between_spikes(other)


def test_parts_of_a_sum_vary_each_by_itself(x64):
    """A quiet half and a loud half that remembers: the spread is the sum of both halves'."""
    rng = np.random.default_rng(0)
    noise = np.concatenate([0.1 * rng.normal(size=500), 2.0 * rng.normal(size=500)])
    for k in range(501, 1000):
        noise[k] += 0.8 * noise[k - 1]
    time = 0.1 * np.arange(1000)
    current = np.where(time >= 10.0, 50.0, 0.0)
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(0.08, -68.0)})
    clean = np.asarray(dn.simulate(cell, current, t1=100.0, dt=0.1).y)
    recording = Recording(time=time, current=current, voltage=clean + noise)
    halves = np.arange(1000) < 500
    loss = Sum(
        (VoltageError(weights=1.0 * halves), VoltageError(weights=1.0 * ~halves)), (1.0, 0.1)
    )
    free = {"channels.leak.g_max": (0.01, 1.0), "capacitance": (0.3, 4.0)}
    method = LevenbergMarquardt(steps=3)
    result = dn.fit(cell, recording, free=free, loss=loss, method=method, progress=False)
    assert result.window_loss is None
    objective = make_objective(result.model, recording, result.free, loss, None, None)
    best = objective.position_of(result.parameters)
    errors = np.asarray(objective(best))
    jacobian = (np.asarray(jax.jacfwd(objective)(best)) / result.slopes).T
    parts = slice(0, 1000), slice(1000, 2000)
    expected = sum(score_covariance(jacobian[:, p], errors[p], 1, result.gram) for p in parts)
    np.testing.assert_allclose(result.known_score_covariance, expected, rtol=1e-6)
    as_one = score_covariance(jacobian, errors)
    assert not np.allclose(as_one, expected, rtol=0.1)
