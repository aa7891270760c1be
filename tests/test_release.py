"""How much spikes release, in the mean and at random."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.synapses import StochasticRelease, TsodyksMarkram

pytestmark = pytest.mark.usefixtures("strict")


def one(value):
    return jnp.asarray(value, jnp.float64)


def train(law, intervals, chances=None):
    """What each spike of a train releases, the first after a long silence."""
    x, found = law.initial_state(), []
    for number in range(len(intervals) + 1):
        amount, x = law.release(x, None if chances is None else chances[number])
        found.append(amount)
        if number < len(intervals):
            x = law.flow(x, intervals[number])
    return jnp.stack(found)


# Tsodyks & Markram


@pytest.mark.parametrize(
    ("use", "recovery", "facilitation"),
    [(0.5, 800.0, 0.0), (0.05, 100.0, 1000.0), (0.3, 0.0, 200.0), (0.2, 200.0, 50.0)],
)
@pytest.mark.parametrize("rate", [5.0, 50.0])
def test_a_regular_train_settles_where_it_must(use, recovery, facilitation, rate, x64):
    interval = 1000.0 / rate
    left_u = np.exp(-interval / facilitation) if facilitation else 0.0
    left_r = np.exp(-interval / recovery) if recovery else 0.0
    share = use / (1.0 - (1.0 - use) * left_u)
    available = (1.0 - left_r) / (1.0 - (1.0 - share) * left_r)
    law = TsodyksMarkram(use, recovery, facilitation)

    def step(x, _):
        amount, x = law.release(x, None)
        return law.flow(x, interval), amount

    _, amounts = jax.lax.scan(step, law.initial_state(), None, length=400)
    np.testing.assert_allclose(amounts[0], use, rtol=1e-12)
    np.testing.assert_allclose(amounts[-1], share * available, rtol=1e-6)


def test_the_default_depresses_as_the_paper_says(x64):
    first, second = train(TsodyksMarkram(), [50.0])
    assert first == 0.5
    np.testing.assert_allclose(second / first, 1.0 - 0.5 * np.exp(-50.0 / 800.0), rtol=1e-12)


def test_paired_pulses_without_a_recovery_time_only_facilitate(x64):
    law = TsodyksMarkram(0.1, recovery_time=0.0, facilitation_time=200.0)
    first, second = train(law, [50.0])
    np.testing.assert_allclose(second / first, 1.0 + 0.9 * np.exp(-50.0 / 200.0), rtol=1e-12)


@pytest.mark.parametrize("name", ["recovery_time", "facilitation_time"])
def test_a_time_of_zero_is_a_limit_in_value_and_derivative(name, x64):
    def second(time, interval):
        law = dn.replace(TsodyksMarkram(0.3, 100.0, 100.0), {name: time})
        return train(law, [interval])[1]

    for interval in (0.1, 10.0):
        limit = second(one(0.0), one(interval))
        slopes = jax.grad(second, argnums=(0, 1))(one(0.0), one(interval))
        for small in (1e-3, 1e-6, 1e-18, 1e-30):
            near = second(one(small), one(interval))
            np.testing.assert_allclose(near, limit, rtol=1e-12)
            found = jax.grad(second, argnums=(0, 1))(one(small), one(interval))
            np.testing.assert_allclose(found, slopes, rtol=1e-12, atol=1e-30)
        assert slopes[0] == 0.0
    # At once, nothing is left of a facilitation that takes no time, and all has recovered.
    slopes = jax.grad(second, argnums=(0, 1))(one(0.0), one(0.0))
    assert np.isfinite(slopes).all()
    share = 0.3 if name == "facilitation_time" else 0.3 + 0.7 * 0.3
    available = 0.7 if name == "facilitation_time" else 1.0
    np.testing.assert_allclose(second(one(0.0), one(0.0)), share * available, rtol=1e-12)


def test_between_spikes_it_flows_as_its_equations_say(x64):
    law = TsodyksMarkram(0.2, 150.0, 60.0)
    _, x = law.release(law.initial_state(), None)
    for s, t in ((3.0, 40.0), (0.0, 7.0), (7.0, 0.0)):
        twice, once = law.flow(law.flow(x, one(s)), one(t)), law.flow(x, one(s + t))
        np.testing.assert_allclose(jnp.stack(twice), jnp.stack(once), rtol=1e-12)
    for t in (0.0, 20.0):
        there, rate = jax.jvp(lambda t: law.flow(x, t), (one(t),), (one(1.0),))
        np.testing.assert_allclose(rate.facilitation, -there.facilitation / 60.0, rtol=1e-12)
        np.testing.assert_allclose(rate.available, (1.0 - there.available) / 150.0, rtol=1e-12)
    np.testing.assert_allclose(jnp.stack(law.flow(x, one(0.0))), jnp.stack(x), rtol=1e-15)


@pytest.mark.parametrize("sites", [0, 3])
def test_gradients_equal_central_differences(sites, x64):
    weights = jnp.array([1.0, -0.4, 0.7, 1.3])

    @jax.jit
    def observable(values):
        law = TsodyksMarkram(*values[:3])
        law = StochasticRelease(law, sites) if sites else law
        return jnp.sum(weights * train(law, values[3:]))

    at = jnp.array([0.2, 150.0, 60.0, 12.0, 30.0, 40.0])
    steps = 1e-6 * jnp.diag(at)
    wanted = jnp.stack(
        [(observable(at + row) - observable(at - row)) / (2.0 * row.sum()) for row in steps]
    )
    assert (jnp.abs(wanted * at) > 1e-3).all()
    np.testing.assert_allclose(jax.grad(observable)(at), wanted, rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(observable)(at), wanted, rtol=1e-6)


def test_a_fit_of_a_train_finds_what_made_it(x64):
    """Newton's steps from elsewhere come back to the parameters."""
    intervals = jnp.array([20.0, 20.0, 60.0, 10.0, 300.0])
    known = jnp.array([0.35, 400.0, 90.0])

    def residual(values):
        return train(TsodyksMarkram(*values), intervals) - wanted

    wanted = train(TsodyksMarkram(*known), intervals)
    values = jnp.array([0.3, 300.0, 120.0])
    step = jax.jit(lambda v: v - jnp.linalg.lstsq(jax.jacfwd(residual)(v), residual(v))[0])
    for _ in range(12):
        values = step(values)
    np.testing.assert_allclose(values, known, rtol=1e-8)


# At random


def _many(law, intervals, count, seed=0):
    """What each spike releases in `count` runs of a train."""
    spikes = len(intervals) + 1
    chances = law.chances(jax.random.key(seed), (count, spikes))
    return np.asarray(jax.jit(jax.vmap(lambda one_run: train(law, intervals, one_run)))(chances))


def test_without_depletion_quanta_are_binomial():
    sites, probability, count = 8, 0.3, 20000
    law = StochasticRelease(TsodyksMarkram(probability, recovery_time=0.0), sites)
    quanta = sites * _many(law, [10.0], count)
    np.testing.assert_allclose(quanta, np.round(quanta), atol=1e-5)
    mean, variance = sites * probability, sites * probability * (1.0 - probability)
    # Within four standard errors.
    np.testing.assert_allclose(quanta.mean(0), mean, atol=4.0 * np.sqrt(variance / count))
    np.testing.assert_allclose(quanta.var(0), variance, rtol=4.0 * np.sqrt(2.5 / count))
    # Nothing is remembered from one spike to the next.
    assert abs(np.corrcoef(quanta.T)[0, 1]) < 4.0 / np.sqrt(count)


@pytest.mark.parametrize(
    "plasticity",
    [TsodyksMarkram(0.6, 60.0), TsodyksMarkram(0.15, 60.0, 100.0), TsodyksMarkram(1.0, 30.0)],
)
def test_the_mean_over_keys_is_the_mean_field(plasticity):
    intervals = [10.0, 25.0, 5.0, 80.0]
    law = StochasticRelease(plasticity, sites=4)
    mean_field = train(law, intervals)
    np.testing.assert_allclose(mean_field, train(plasticity, intervals), rtol=1e-6)
    count = 20000
    released = _many(law, intervals, count)
    error = 4.0 * np.maximum(released.std(0), 1e-6) / np.sqrt(count)
    assert (np.abs(released.mean(0) - mean_field) <= error).all()


def test_a_site_that_released_has_to_be_filled_again():
    probability, interval, recovery, count = 0.6, 20.0, 50.0, 40000
    law = StochasticRelease(TsodyksMarkram(probability, recovery), sites=1)
    first, second = _many(law, [interval], count).T > 0.5
    filled = 1.0 - np.exp(-interval / recovery)
    for was, chance in ((first, probability * filled), (~first, probability)):
        error = 4.0 * np.sqrt(chance * (1.0 - chance) / was.sum())
        np.testing.assert_allclose(second[was].mean(), chance, atol=error)


def test_sites_filled_at_random_times_release_alike():
    """Against sites that are followed one by one, each with the time of its next vesicle."""
    intervals, use, recovery, count = [8.0, 15.0, 8.0], 0.7, 20.0, 40000
    random = np.random.default_rng(1)
    filled, found = np.ones(count, bool), []
    for interval in [*intervals, 0.0]:
        released = filled & (random.uniform(size=count) < use)
        found.append(released)
        filled &= ~released
        filled |= random.exponential(recovery, count) < interval
    ours = _many(StochasticRelease(TsodyksMarkram(use, recovery), 1), intervals, count) > 0.5
    patterns = 2 ** np.arange(4)
    wanted = np.bincount(np.stack(found, 1) @ patterns, minlength=16) / count
    given = np.bincount(ours @ patterns, minlength=16) / count
    assert (wanted > 0.0).sum() >= 15
    error = 4.5 * np.sqrt(2.0 * wanted * (1.0 - wanted) / count) + 1e-4
    assert (np.abs(given - wanted) < error).all()


def test_chances_come_from_the_key_alone():
    law = StochasticRelease(sites=3)
    assert law.is_noisy()
    assert not TsodyksMarkram().is_noisy()
    assert TsodyksMarkram().chances(jax.random.key(0), (2,)) is None
    found = law.chances(jax.random.key(0), (7, 2))
    assert found.shape == (7, 2, 3)
    np.testing.assert_array_equal(found, law.chances(jax.random.key(0), (7, 2)))
    assert (found != law.chances(jax.random.key(1), (7, 2))).all()


def test_what_is_drawn_is_finite_where_release_is_certain(x64):
    law = StochasticRelease(TsodyksMarkram(1.0, 20.0), 2)
    chances = law.chances(jax.random.key(0), (3,))

    def total(use, time):
        law = StochasticRelease(TsodyksMarkram(use, time), 2)
        return jnp.sum(train(law, [1.0, 2.0], chances))

    assert train(law, [1.0, 2.0], chances)[0] == 1.0
    assert np.isfinite(jax.grad(total, argnums=(0, 1))(one(1.0), one(20.0))).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TsodyksMarkram(1.2), "utilisation=1.2.*a share: make it at most 1"),
        (lambda: TsodyksMarkram(-0.1), "utilisation=-0.1.* make it at least 0"),
        (lambda: TsodyksMarkram(recovery_time=-1.0), "recovery_time=-1.0 ms: make it at least 0"),
        (lambda: TsodyksMarkram(facilitation_time=-1.0), "facilitation_time=-1.0 ms: make it"),
        (lambda: StochasticRelease(0.3), "must be a TsodyksMarkram: TsodyksMarkram"),
        (lambda: StochasticRelease(sites=0), "sites=0 .* whole number, at least 1"),
        (lambda: StochasticRelease(sites=2.5), "sites=2.5 .* whole number"),
        (lambda: StochasticRelease(sites=True), "sites=True .* whole number"),
        (
            lambda: dn.replace(StochasticRelease(), {"plasticity.utilisation": 2.0}),
            "utilisation=2.0.*at most 1",
        ),
    ],
)
def test_bad_releases_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
