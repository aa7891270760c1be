"""Distances, scores and likelihoods of spike trains."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

from diffneuro import analysis

pytestmark = pytest.mark.usefixtures("strict")

INF = math.inf
A = (5.0, 12.3, 25.5, 26.1, 48.0)
B = (4.2, 13.0, 27.7, 60.5)
ONE = (31.0,)
NONE = ()
TRAINS = {"A": A, "B": B, "one": ONE, "none": NONE}

# elephant 1.2.1: van_rossum_distance with a time constant of 10 and 3 ms, and
# victor_purpura_distance with a cost of 0.1 and 0.5 per ms.
ELEPHANT = {
    ("A", "B"): (1.8425175098454067, 2.3146598219106655, 2.56, 4.55),
    ("A", "one"): (2.7751553707660532, 2.672544568308107, 4.49, 6.0),
    ("A", "none"): (3.146871663920516, 2.6199233008966596, 5.0, 5.0),
    ("B", "one"): (2.1376719133979663, 2.1097605720456736, 3.33, 4.65),
    ("B", "none"): (2.362179538655554, 2.0303104308451836, 4.0, 4.0),
    ("one", "none"): (1.0, 1.0, 1.0, 1.0),
}

DISTANCES = {
    "van_rossum": analysis.van_rossum,
    "victor_purpura": analysis.victor_purpura,
    "soft_victor_purpura": analysis.soft_victor_purpura,
    "interval_distance": analysis.interval_distance,
    "smooth_coincidence": lambda one, other: analysis.smooth_coincidence(
        one, other, duration=100.0
    ),
}

every_pair = pytest.mark.parametrize("pair", ELEPHANT, ids="-".join)


def padded(times, length=15):
    return np.concatenate([np.asarray(times, float), np.full(length - len(times), INF)])


def trains(pair):
    return [padded(TRAINS[name]) for name in pair]


@every_pair
def test_van_rossum_is_elephants(pair, x64):
    for time_constant, wanted in zip((10.0, 3.0), ELEPHANT[pair][:2], strict=True):
        found = analysis.van_rossum(*trains(pair), time_constant=time_constant)
        assert math.sqrt(2 * float(found)) == pytest.approx(wanted, rel=1e-12)


@every_pair
def test_victor_purpura_is_elephants(pair, x64):
    for cost, wanted in zip((0.1, 0.5), ELEPHANT[pair][2:], strict=True):
        found = analysis.victor_purpura(*trains(pair), cost=cost)
        assert float(found) == pytest.approx(wanted, rel=1e-12)


def random_trains(seed, least=0):
    rng = np.random.default_rng(seed)
    return [np.sort(rng.uniform(0.0, 200.0, rng.integers(least, 15))) for _ in range(2)]


@pytest.mark.parametrize("seed", range(8))
def test_elephant_agrees_on_random_trains(seed, x64):
    elephant = pytest.importorskip("elephant.spike_train_dissimilarity")
    pq, neo = pytest.importorskip("quantities"), pytest.importorskip("neo")
    pair = random_trains(seed)
    theirs = [neo.SpikeTrain(times * pq.ms, t_stop=200.0 * pq.ms) for times in pair]
    ours = [padded(times) for times in pair]
    root = elephant.van_rossum_distance(theirs, 7.0 * pq.ms)[0, 1]
    assert math.sqrt(2 * analysis.van_rossum(*ours, time_constant=7.0)) == pytest.approx(root)
    edit = elephant.victor_purpura_distance(theirs, 0.2 / pq.ms)[0, 1]
    assert float(analysis.victor_purpura(*ours, cost=0.2)) == pytest.approx(edit)


@pytest.mark.filterwarnings("ignore")  # of elephant's about its own parts
def test_elephant_agrees_on_rates(x64):
    statistics = pytest.importorskip("elephant.statistics")
    kernels = pytest.importorskip("elephant.kernels")
    pq, neo = pytest.importorskip("quantities"), pytest.importorskip("neo")
    theirs = [neo.SpikeTrain(np.array(times) * pq.ms, t_stop=100 * pq.ms) for times in (A, B)]
    binned = statistics.time_histogram(theirs, bin_size=20 * pq.ms, output="rate")
    wanted = 1e3 * np.asarray(binned).ravel()
    np.testing.assert_allclose(analysis.psth([A, B], np.linspace(0, 100, 6)), wanted)
    smooth = statistics.instantaneous_rate(
        theirs[0], sampling_period=0.1 * pq.ms, kernel=kernels.GaussianKernel(5 * pq.ms), cutoff=8.0
    )
    found = analysis.smooth_psth([A], 0.1 * np.arange(200, 400))
    np.testing.assert_allclose(found, np.asarray(smooth)[200:400, 0], rtol=1e-6)


# The van Rossum distance


def test_van_rossum_is_the_integral_of_the_squared_difference_of_the_traces(x64):
    tau, step = 10.0, 1e-3
    t = np.arange(0.0, 200.0, step) + 0.5 * step
    apart = np.zeros_like(t)
    for sign, train in ((1.0, A), (-1.0, B)):
        for spike in train:
            apart += sign * np.where(t > spike, np.exp(-np.maximum(t - spike, 0.0) / tau), 0.0)
    found = analysis.van_rossum(padded(A), padded(B), time_constant=tau)
    assert float(found) == pytest.approx(np.sum(apart**2) * step / tau, rel=1e-6)


def test_padding_and_order_do_not_matter(x64):
    scattered = padded(A)[np.random.default_rng(0).permutation(15)]
    for distance in DISTANCES.values():
        wanted = float(distance(np.array(A), np.array(B)))
        assert wanted > 0.1
        assert float(distance(scattered, padded(B))) == pytest.approx(wanted, rel=1e-12)


# The Victor-Purpura distance


def matching_costs(one, other, cost):
    """What each matching that keeps the order costs."""
    for size in range(min(len(one), len(other)) + 1):
        for some in itertools.combinations(one, size):
            for others in itertools.combinations(other, size):
                moved = sum(abs(s - t) for s, t in zip(some, others, strict=True))
                yield cost * moved + len(one) + len(other) - 2 * size


@pytest.mark.parametrize("temperature", [0.03, 0.3, 3.0])
def test_soft_victor_purpura_counts_every_matching_once(temperature, x64):
    def soft(one, other):
        costs = np.fromiter(matching_costs(one, other, 0.15), float)
        return -temperature * np.log(np.sum(np.exp(-costs / temperature)))

    wanted = soft(A, B) - 0.5 * (soft(A, A) + soft(B, B))
    options = {"cost": 0.15, "temperature": temperature}
    found = analysis.soft_victor_purpura(padded(A), padded(B), **options)
    assert float(found) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_victor_purpura_is_the_cheapest_matching(seed, x64):
    rng = np.random.default_rng(seed)
    one, other = (np.sort(rng.uniform(0, 60, 6)) for _ in range(2))
    found = analysis.victor_purpura(one, other, cost=0.1)
    assert float(found) == pytest.approx(min(matching_costs(one, other, 0.1)), rel=1e-12)


def test_soft_victor_purpura_becomes_the_hard_one_as_it_cools(x64):
    hard = float(analysis.victor_purpura(padded(A), padded(B)))
    apart = [
        abs(float(analysis.soft_victor_purpura(padded(A), padded(B), temperature=gamma)) - hard)
        for gamma in (0.3, 0.1, 0.03, 0.005)
    ]
    assert apart[0] > apart[1] > apart[2] > apart[3]
    assert apart[3] < 1e-6


@pytest.mark.parametrize("temperature", [0.05, 5.0])
def test_soft_victor_purpura_is_never_negative(temperature, x64):
    rng = np.random.default_rng(0)
    one = np.sort(rng.uniform(0, 100, (50, 8)), axis=1)
    other = np.sort(one + rng.normal(0, 5.0, one.shape), axis=1)
    other[::2, -2:] = INF

    def soft(one, other):
        return analysis.soft_victor_purpura(one, other, temperature=temperature)

    between = np.asarray(jax.jit(jax.vmap(soft))(one, other))
    assert (between > 1e-3).all()
    assert np.abs(jax.jit(jax.vmap(soft))(one, one)).max() < 1e-12


# Coincidence


def test_smooth_coincidence_of_one_spike_each(x64):
    duration, window, apart = 1000.0, 4.0, 3.0
    chance = 2 * window / duration
    hit = math.exp(-math.pi * (apart / (2 * window)) ** 2)
    found = analysis.smooth_coincidence(
        np.array([500.0]), np.array([500.0 + apart]), duration=duration, window=window
    )
    assert float(found) == pytest.approx((hit - chance) / (1 - chance), rel=1e-12)


def test_smooth_coincidence_by_chance_is_nought(x64):
    """The mean over all places where a spike may be."""
    places = np.arange(0.0, 1000.0, 0.5)
    found = jax.vmap(
        lambda place: analysis.smooth_coincidence(np.array([500.0]), place[None], duration=1000.0)
    )(jnp.asarray(places))
    assert float(jnp.max(found)) == 1.0
    assert float(jnp.mean(found)) == pytest.approx(0.0, abs=1e-12)


def test_smooth_coincidence_is_the_score_where_spikes_are_sparse(x64):
    """Every spike is hit in its middle or missed by far."""
    recorded = np.array([100.0, 300.0, 500.0, 700.0])
    model = np.array([100.0, 350.0, 500.0, 600.0, 700.0, 900.0])
    score = analysis.coincidence(recorded, model, duration=1000.0)
    smooth = float(analysis.smooth_coincidence(recorded, model, duration=1000.0))
    chance = 2 * 4.0 * 6 / 1000.0
    norm = 0.5 * (4 + 6) * (1 - chance)
    assert smooth == pytest.approx(score, rel=1e-9)
    assert score == pytest.approx((3 - chance * 4) / norm, rel=1e-12)


def test_coincidence_of_silent_and_of_incessant_trains():
    none = np.full(3, INF)
    assert float(analysis.smooth_coincidence(none, none, duration=100.0)) == 1.0
    assert float(analysis.smooth_coincidence(none, padded(A), duration=100.0)) == 0.0
    assert float(analysis.smooth_coincidence(padded(A), none, duration=100.0)) == 0.0
    often = np.arange(0.0, 100.0, 7.0)
    assert math.isnan(analysis.smooth_coincidence(padded(A), often, duration=100.0))
    assert math.isnan(analysis.coincidence(A, often, duration=100.0))


def test_reliability_is_the_mean_over_pairs_both_ways():
    repeats = [[100.0, 300.0], [102.0, 600.0], [100.0, 301.0, 800.0]]

    def gamma(predicting, spikes, hits):
        chance = 8.0 * predicting / 1000.0
        return (hits - chance * spikes) / (0.5 * (predicting + spikes)) / (1 - chance)

    wanted = [gamma(2, 2, 1)] * 2 + [gamma(3, 2, 2), gamma(2, 3, 2), gamma(3, 2, 1), gamma(2, 3, 1)]
    found = analysis.reliability(repeats, duration=1000.0)
    assert found == pytest.approx(np.mean(wanted), rel=1e-12)
    narrow = analysis.reliability(repeats, duration=1000.0, window=0.5)
    assert narrow < found
    assert analysis.reliability([A, A, A], duration=100.0) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="at least two"):
        analysis.reliability([A], duration=100.0)


def test_coincidence_with_repeats_is_a_mean():
    repeats, model = [A, B], [B, ONE, A]
    wanted = [
        analysis.coincidence(train, guess, duration=200.0) for train in repeats for guess in model
    ]
    found = analysis.coincidence_with_repeats(repeats, model, duration=200.0)
    assert found == pytest.approx(np.mean(wanted), rel=1e-12)
    assert len(set(wanted)) > 2
    with pytest.raises(ValueError, match="model 0 trains"):
        analysis.coincidence_with_repeats(repeats, [], duration=200.0)


def test_md_star_by_hand():
    recorded = [[10.0, 50.0], [12.0, 54.5, 90.0]]
    # Shared: 2 of the first (11, 50), 1 of the second (11).
    assert analysis.md_star(recorded, [[11.0, 50.0]]) == pytest.approx(2 * 1.5 / (1 + 2))
    # Two trials of a noisy model: shared 2, 1, 1, 0; within the model 0.
    noisy = [[11.0, 50.0], [55.5]]
    shared = (2 + 1 + 0 + 1) / 4
    assert analysis.md_star(recorded, noisy) == pytest.approx(2 * shared / (1 + 0))
    assert math.isnan(analysis.md_star([[10.0], [60.0]], [[]]))
    with pytest.raises(ValueError, match="recorded has 1"):
        analysis.md_star([A], [A])


def test_md_star_is_one_for_trials_of_one_intensity():
    """However unreliable the trials are; with a wrong intensity it is less."""
    rng = np.random.default_rng(0)

    def trials(rate, count):
        places = rng.uniform(0.0, 2000.0, (count, 200))
        kept = rng.uniform(size=places.shape) < rate(places)
        return [np.sort(row[some]) for row, some in zip(places, kept, strict=True)]

    def rate(t):
        return 0.5 + 0.5 * np.sin(t / 40.0)

    recorded, right = trials(rate, 20), trials(rate, 20)
    wrong = trials(lambda t: 0.5 + 0.5 * np.cos(t / 40.0), 20)
    assert analysis.md_star(recorded, right, window=8.0) == pytest.approx(1.0, abs=0.02)
    assert analysis.md_star(recorded, wrong, window=8.0) < 0.75
    assert analysis.reliability(recorded, duration=2000.0) < 0.5


# Intervals and rates


def test_intervals_and_their_histogram(x64):
    intervals = np.asarray(analysis.interspike_intervals(padded(A)))
    np.testing.assert_allclose(intervals[:4], np.diff(A))
    assert np.isinf(intervals[4:]).all()
    edges = [0.0, 1.0, 10.0, 20.0]
    found = np.asarray(analysis.interval_histogram(padded(A), edges))
    np.testing.assert_allclose(found, [1 / 4, 1 / 4 / 9, 1 / 4 / 10])
    assert not analysis.interval_histogram(padded(ONE), edges).any()


@pytest.mark.parametrize("seed", range(8))
def test_interval_distance_is_wassersteins(seed, x64):
    stats = pytest.importorskip("scipy.stats")
    one, other = random_trains(seed, least=2)
    share, first, second = analysis.matched_intervals(padded(one), padded(other))
    assert float(jnp.sum(share)) == pytest.approx(1.0)
    assert float(jnp.sum(share * first)) == pytest.approx(np.diff(one).mean())
    assert float(jnp.sum(share * second)) == pytest.approx(np.diff(other).mean())
    found = analysis.interval_distance(padded(one), padded(other))
    wanted = stats.wasserstein_distance(np.diff(one), np.diff(other))
    assert float(found) == pytest.approx(wanted, rel=1e-12)


def test_interval_distance_without_intervals():
    none, one = np.full(3, INF), padded(ONE)
    assert float(analysis.interval_distance(none, one)) == 0.0
    assert math.isinf(analysis.interval_distance(one, padded(A)))
    assert math.isinf(analysis.interval_distance(padded(A), none))


def test_psth_counts_spikes(x64):
    trials = np.stack([padded(A), padded(B)])
    found = analysis.psth(trials, [0.0, 10.0, 30.0, 100.0])
    np.testing.assert_allclose(found, [1e3 * 2 / 20, 1e3 * 5 / 40, 1e3 * 2 / 140])
    with pytest.raises(ValueError, match="trials is empty"):
        analysis.psth([], [0.0, 1.0])


def test_smooth_psth_keeps_the_number_of_spikes(x64):
    t = np.arange(-60.0, 160.0, 0.25)
    rate = np.asarray(analysis.smooth_psth([A, padded(B), NONE], t, width=6.0))
    assert rate.sum() * 0.25 == pytest.approx(1e3 * 9 / 3, rel=1e-9)
    alone = np.asarray(analysis.smooth_psth([ONE], [31.0, 37.0], width=6.0))
    peak = 1e3 / (6.0 * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(alone, [peak, peak * math.exp(-0.5)])


# The likelihood of spikes


def test_likelihood_under_a_constant_hazard(x64):
    hazard = np.full(1000, 0.03)
    found = analysis.point_process_log_likelihood(hazard, padded(A), 0.1)
    assert float(found) == pytest.approx(5 * math.log(0.03) - 0.03 * 100.0, rel=1e-12)
    none = analysis.point_process_log_likelihood(hazard, padded(NONE), 0.1)
    assert float(none) == pytest.approx(-3.0, rel=1e-12)
    beyond = analysis.point_process_log_likelihood(hazard, [-0.5, 5.0, 100.0, INF], 0.1)
    assert float(beyond) == pytest.approx(math.log(0.03) - 3.0, rel=1e-12)


def test_likelihood_is_exact_for_a_log_linear_hazard_that_jumps_at_the_spike(x64):
    dt, n, spike = 0.5, 40, 9.3
    t = dt * np.arange(n)
    log = np.where(t <= spike, -4.0 + 0.4 * t, -6.0 + 0.25 * t)

    def integral(offset, slope, start, stop):
        return math.exp(offset) * (math.exp(slope * stop) - math.exp(slope * start)) / slope

    wanted = -4.0 + 0.4 * spike
    wanted -= integral(-4.0, 0.4, 0.0, spike) + integral(-6.0, 0.25, spike, n * dt)
    found = analysis.point_process_log_likelihood(np.exp(log), [spike, INF], dt)
    assert float(found) == pytest.approx(wanted, rel=1e-12)


def test_likelihood_is_of_order_two_in_the_step(x64):
    spikes = np.array([3.21, 8.88, 9.67, 17.003])

    def hazard(t):
        since = t - np.concatenate([[-5.0], spikes])[np.searchsorted(spikes, t, side="left")]
        return (0.2 + 0.15 * np.sin(t)) * (1.0 - 0.8 * np.exp(-since / 2.0))

    def likelihood(dt):
        t = dt * np.arange(round(20.0 / dt))
        return float(analysis.point_process_log_likelihood(hazard(t), spikes, dt))

    fine = 1e-4
    t = fine * (np.arange(200_000) + 0.5)
    wanted = np.log(hazard(spikes)).sum() - fine * hazard(t).sum()
    coarse, close = (abs(likelihood(dt) - wanted) for dt in (0.1, 0.0125))
    assert close < 1e-3
    assert coarse / close > 40.0


def test_likelihood_where_the_hazard_is_nought(x64):
    hazard = np.array([0.1, 0.1, 0.0, 0.0, 0.1, 0.2])

    def likelihood(hazard):
        return analysis.point_process_log_likelihood(hazard, jnp.array([2.5]), 1.0)

    value, slope = jax.value_and_grad(likelihood)(jnp.asarray(hazard))
    # It falls, stays nought, rises, and then doubles twice.
    expected = 0.1 + 0.05 + 0.0 + 0.05 + 0.1 / math.log(2) + 0.2 / math.log(2)
    wanted = math.log(np.finfo(float).tiny) - expected
    assert float(value) == pytest.approx(wanted, rel=1e-12)
    assert np.isfinite(slope).all()


# Derivatives

WEIGHTS = np.cos(np.arange(7.0))
HAZARD = 0.3 + 0.2 * np.sin(0.3 * np.arange(60.0))
OTHER = padded(B)
DIFFERENTIABLE = {
    "van_rossum": lambda x: analysis.van_rossum(x, OTHER),
    "van_rossum, tied": lambda x: analysis.van_rossum(x, jnp.append(x[:2], OTHER[2:])),
    "victor_purpura": lambda x: analysis.victor_purpura(x, OTHER, cost=0.05),
    "soft_victor_purpura": lambda x: analysis.soft_victor_purpura(x, OTHER, temperature=0.4),
    "smooth_coincidence": lambda x: analysis.smooth_coincidence(OTHER, x, duration=100.0),
    "interval_distance": lambda x: analysis.interval_distance(OTHER, x),
    "smooth_psth": lambda x: jnp.sum(
        WEIGHTS * analysis.smooth_psth([x, OTHER], np.arange(0.0, 70.0, 10.0))
    ),
    "likelihood": lambda x: analysis.point_process_log_likelihood(HAZARD, x, 1.1),
    "likelihood of a hazard": lambda x: analysis.point_process_log_likelihood(
        jnp.exp(-x[:5] / 20.0), jnp.array([2.4, 5.1, INF]), 1.5
    ),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradient_equals_central_differences(name, x64):
    def function(times):
        return DIFFERENTIABLE[name](jnp.concatenate([times, jnp.full(10, INF)]))

    times, step = jnp.asarray(A), 1e-5

    @compiled
    def all_of_them(times):
        moved = times[None, None] + step * jnp.stack([np.eye(5), -np.eye(5)])
        return (
            jax.vmap(jax.vmap(function))(moved),
            jax.jacfwd(function)(times),
            jax.jacrev(function)(times),
        )

    around, *derivatives = all_of_them(times)
    wanted = (around[0] - around[1]) / (2 * step)
    assert np.abs(wanted).max() > 1e-3
    for found in derivatives:
        np.testing.assert_allclose(found, wanted, atol=1e-8)


@compiled
def everything(one, other):
    """All distances with their derivatives by the first train."""
    return {name: jax.value_and_grad(distance)(one, other) for name, distance in DISTANCES.items()}


@pytest.mark.parametrize(
    ("one", "other"),
    [(NONE, NONE), (NONE, A), (A, NONE), (A, A), ((20.0,), (23.0,)), (ONE, ONE)],
    ids=["silent", "silent model", "silent recording", "equal", "one each", "one each, equal"],
)
def test_derivatives_are_finite_and_nought_for_equal_trains(one, other):
    found = everything(*(jnp.asarray(padded(times), jnp.float32) for times in (one, other)))
    for name, (value, slope) in found.items():
        assert not math.isnan(value), name
        assert np.isfinite(slope).all(), name
        if one == other:
            np.testing.assert_allclose(slope, 0.0, atol=1e-6)
