"""Searches without derivatives, and methods one after the other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import _progress
from diffneuro.methods import (
    CMAES,
    DifferentialEvolution,
    LevenbergMarquardt,
    Pipeline,
    Scatter,
    Shooting,
    Synchronised,
)
from diffneuro.methods._cma_es import recombination_weights

pytestmark = pytest.mark.usefixtures("strict")

DT, N = 0.1, 400
TRUTH = {"channels.leak.g_max": 0.08, "capacitance": 1.3}
FREE = {
    "channels.leak.g_max": dn.Bounds(0.01, 1.0, scale="log"),
    "capacitance": (0.3, 4.0),
}


def rosenbrock(z):
    return jnp.concatenate([10.0 * (z[1:] - z[:-1] ** 2), 1.0 - z[:-1]])


def ellipsoid(z):
    return (z - 0.5) * jnp.logspace(0.0, 3.0, z.shape[0], dtype=z.dtype)


def searched(method, residual, size, starts=24):
    """The lanes of a search, as `fit` runs it."""
    positions = jax.random.normal(jax.random.key(1), (starts, size))
    states = jax.vmap(lambda z: method.start(residual, z))(positions)
    update = jax.jit(jax.vmap(lambda state: method.update(residual, state, jnp.asarray(0))))
    history = []
    for number in range(method.iterations):
        key = jax.random.fold_in(jax.random.key(0), number)
        states = update(method.mix(states, number, key))
        history.append(states.loss)
    return states, np.array(history)


@pytest.mark.parametrize(
    ("method", "residual", "size"),
    [
        (CMAES(220, scale=0.5), rosenbrock, 5),
        (DifferentialEvolution(220), ellipsoid, 8),
        pytest.param(CMAES(220, scale=0.5), ellipsoid, 8, marks=pytest.mark.slow),
        pytest.param(DifferentialEvolution(220), rosenbrock, 5, marks=pytest.mark.slow),
    ],
)
def test_known_minima_are_found(method, residual, size):
    states, history = searched(method, residual, size)
    assert states.loss.min() < 1e-5
    best = states.position[jnp.argmin(states.loss)]
    np.testing.assert_allclose(best, 1.0 if residual is rosenbrock else 0.5, atol=0.01)
    assert (np.diff(history, axis=0) <= 0).all()
    assert history[0].min() > 1.0


def test_random_positions_only_get_better():
    states, history = searched(Scatter(draws=30, horizon=None), ellipsoid, 3)
    assert (np.diff(history, axis=0) <= 0).all()
    assert history[-1].max() < history[0].max()
    kept = [float(jnp.sum(ellipsoid(z) ** 2)) for z in states.position]
    np.testing.assert_allclose(kept, states.loss, rtol=1e-5)


def test_a_lane_that_is_not_finite_harms_no_other():
    def broken(z):
        return jnp.where(z[0] > 0.5, jnp.nan, 1.0) * (z + 1.0)

    for method in (CMAES(60), DifferentialEvolution(60)):
        states, _ = searched(method, broken, 3)
        assert states.loss.min() < 1e-3
        assert np.isfinite(states.position).all()
        assert not np.isnan(states.loss).any()


def test_the_weights_of_a_population():
    weights = recombination_weights(8)
    assert weights.sum() == pytest.approx(1.0)
    assert (np.diff(weights) <= 0).all()
    np.testing.assert_array_equal(weights[4:], 0.0)


def recording():
    """A passive cell under a step of current, by its closed form."""
    time = DT * np.arange(N)
    g, c = TRUTH.values()
    current = np.where(time >= 5.0, 50.0, 0.0)
    rise = np.where(time >= 5.0, 1.0 - np.exp(-(time - 5.0) * g / c), 0.0)
    return dn.recordings.Recording(time, current, -68.0 + 0.5 / g * rise)


def fitted(method, **options):
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -68.0)})
    options = {"starts": 8, "progress": False} | options
    return dn.fit(cell, recording(), free=FREE, method=method, **options)


SEARCH = Pipeline((CMAES(12), LevenbergMarquardt(steps=8)))


def test_a_pipeline_goes_on_where_its_stages_ended():
    result = fitted(SEARCH)
    for name, value in TRUTH.items():
        assert result.parameters[name] == pytest.approx(value, rel=1e-3), name
    assert result.history.shape == (20, 8)
    alone = fitted(CMAES(12))
    np.testing.assert_array_equal(result.history[:12], alone.history)
    assert (result.history[12] <= result.history[11]).all()
    assert alone.loss > result.loss


@pytest.mark.parametrize("iterations", [3, 12, 15])
def test_a_pipeline_is_resumed_to_the_same_bits(iterations, tmp_path, monkeypatch):
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)

    def interrupt(iteration, of, loss, stage):
        if iteration == iterations:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "search.ckpt"
    stopped = fitted(SEARCH, checkpoint=checkpoint, progress=interrupt)
    assert not stopped.completed
    resumed = fitted(SEARCH, checkpoint=checkpoint)
    whole = fitted(SEARCH)
    np.testing.assert_array_equal(resumed.history, whole.history)
    np.testing.assert_array_equal(resumed.losses, whole.losses)
    assert resumed.parameters == whole.parameters
    with pytest.raises(ValueError, match="belongs to another fit: its method"):
        fitted(CMAES(12), checkpoint=checkpoint)


@pytest.mark.slow
def test_a_pipeline_says_what_its_stages_are(monkeypatch):
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)
    method = Pipeline((Synchronised(gains=(1.0,), steps=1, last_steps=1), Shooting(2, steps=1)))
    assert method.iterations == 3
    assert method.horizons == (2,)
    seen = []
    free_cell = dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -68.0)})
    dn.fit(
        free_cell,
        recording(),
        free=FREE,
        method=method,
        progress=lambda iteration, of, loss, stage: seen.append((iteration, of, stage)),
    )
    assert seen == [(1, 3, "gain 1 per ms"), (2, 3, "free"), (3, 3, "windows over 2 spikes")]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CMAES(0), "generations=0"),
        (lambda: CMAES(10, scale=-1.0), "scale=-1.0"),
        (lambda: DifferentialEvolution(10, crossover=1.5), "crossover=1.5"),
        (lambda: Scatter(0), "draws=0"),
        (lambda: Scatter(horizon=0), "horizon=0 of Scatter"),
        (lambda: Pipeline(()), "must be a tuple of methods"),
        (lambda: Pipeline(("lm",)), "'lm' of Pipeline is no method"),
        (lambda: fitted(CMAES(2), starts=3), "of 4 or more, not 3"),
        (lambda: fitted(DifferentialEvolution(2), starts=1), "of 4 or more, not 1"),
    ],
)
def test_bad_input_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
