"""How pairs of spikes change a weight."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffneuro.synapses import STDP, HardBounds, SoftBounds

pytestmark = pytest.mark.usefixtures("strict")

BOUNDS = {"hard": HardBounds, "soft": SoftBounds}
every_bound = pytest.mark.parametrize("name", BOUNDS)


def weight_after(law, spikes, weight):
    """The weight after spikes, pairs of a time (ms) and a side, in order of time."""
    traces, now = law.initial_state(), 0.0
    for time, side in spikes:
        traces = law.flow(traces, time - now)
        now = time
        move = law.pre_spike if side == "pre" else law.post_spike
        traces, weight = move(traces, weight)
    return weight


def pair(law, lag, weight):
    """The weight after a pair in which post comes by `lag` (ms) after pre."""
    if lag > 0:
        return weight_after(law, [(1.0, "pre"), (1.0 + lag, "post")], weight)
    return weight_after(law, [(1.0, "post"), (1.0 - lag, "pre")], weight)


@pytest.mark.parametrize("lag", [-50.0, -10.0, -0.5, 0.5, 10.0, 50.0])
def test_one_pair_has_the_window(lag, x64):
    weight = jnp.asarray(1.2)
    for bounds, up, down in (
        (HardBounds(), 2.0, 2.0),
        (SoftBounds(), 2.0 - 1.2, 1.2),
    ):
        law = STDP(0.01, 0.02, 15.0, 30.0, w_max=2.0, bounds=bounds)
        wanted = 0.01 * up * np.exp(-lag / 15.0) if lag > 0 else -0.02 * down * np.exp(lag / 30.0)
        np.testing.assert_allclose(pair(law, lag, weight) - weight, wanted, rtol=1e-12)


def test_every_pair_of_a_train_counts(x64):
    law = STDP(0.01, 0.0, w_max=2.0)
    spikes = [(0.0, "pre"), (5.0, "pre"), (12.0, "post"), (20.0, "post")]
    lags = np.array([12.0, 7.0, 20.0, 15.0])
    found = weight_after(law, spikes, jnp.asarray(0.5))
    np.testing.assert_allclose(found - 0.5, 0.02 * np.exp(-lags / 20.0).sum(), rtol=1e-12)


@every_bound
def test_a_weight_stays_between_its_bounds(name):
    law = STDP(0.4, 0.4, w_max=2.0, bounds=BOUNDS[name]())
    weight = jnp.asarray(1.9)
    for _ in range(20):
        weight = pair(law, 1.0, weight)
    np.testing.assert_allclose(weight, 2.0, rtol=1e-3)
    for _ in range(20):
        weight = pair(law, -1.0, weight)
    assert 0.0 <= weight < 1e-3


def test_uncorrelated_trains_depress_as_in_the_paper(x64):
    """On average rate^2 (A+ tau+ - A- tau-) per unit of time, below 0 with its constants."""
    law, rate, duration = STDP(w_max=1.0), 0.02, 50_000.0
    random = np.random.default_rng(0)
    spikes = sorted(
        (time, side)
        for side in ("pre", "post")
        for time in random.uniform(0.0, duration, int(rate * duration))
    )
    times = jnp.asarray([time for time, _ in spikes])
    is_pre = jnp.asarray([side == "pre" for _, side in spikes])

    def step(carry, spike):
        traces, weight, now = carry
        time, pre = spike
        traces = law.flow(traces, time - now)
        before, after = law.pre_spike(traces, weight), law.post_spike(traces, weight)
        traces, weight = jax.tree.map(lambda a, b: jnp.where(pre, a, b), before, after)
        return (traces, weight, time), None

    # In the middle of a range so wide that no bound is met.
    law = STDP(w_max=1e3)
    start = (law.initial_state(), jnp.asarray(500.0), jnp.asarray(0.0))
    (_, weight, _), _ = jax.lax.scan(step, start, (times, is_pre))
    wanted = 1e3 * duration * rate**2 * 20.0 * (0.005 - 0.00525)
    # The number of pairs within the window is random.
    spread = 1e3 * 0.005 * np.sqrt(2.0 * duration * rate**2 * 10.0)
    assert abs(float(weight) - 500.0 - wanted) < 4.0 * spread


@every_bound
def test_gradients_equal_central_differences(name, x64):
    bounds = BOUNDS[name]()

    @jax.jit
    def observable(values):
        *constants, start, first, second, third = values
        spikes = [(first, "pre"), (second, "post"), (third, "pre"), (30.0, "post")]
        return weight_after(STDP(*constants, bounds=bounds), spikes, start)

    at = jnp.array([0.01, 0.02, 15.0, 30.0, 2.0, 1.2, 3.0, 9.0, 14.0])
    rows = 1e-5 * jnp.diag(at)
    wanted = jnp.stack(
        [(observable(at + row) - observable(at - row)) / (2.0 * row.sum()) for row in rows]
    )
    assert (jnp.abs(wanted * at) > 1e-5).all()
    np.testing.assert_allclose(jax.grad(observable)(at), wanted, rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(observable)(at), wanted, rtol=1e-6)


def test_many_synapses_of_two_populations_at_once(x64):
    law = STDP(0.01, 0.02, w_max=2.0)
    weights = jnp.array([[0.5, 1.0, 1.5], [0.2, 0.4, 0.6]])
    lags = np.array([[3.0, -4.0, 5.0], [-6.0, 7.0, 8.0]])
    found = np.array([[pair(law, lags[i, j], weights[i, j]) for j in range(3)] for i in range(2)])
    pre, post = jnp.asarray(np.exp(-lags / 20.0)), jnp.asarray(np.exp(lags / 20.0))
    traces = law.initial_state()
    _, raised = law.post_spike(traces._replace(pre=pre), weights)
    _, lowered = law.pre_spike(traces._replace(post=post), weights)
    np.testing.assert_allclose(jnp.where(lags > 0.0, raised, lowered), found, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: STDP(tau_plus=0.0), "tau_plus=0.0 ms: make it above 0"),
        (lambda: STDP(a_minus=-0.1), "a_minus=-0.1.* make it at least 0"),
        (lambda: STDP(w_max=0.0), "w_max=0.0 nS: make it above 0"),
        (lambda: STDP(bounds="soft"), "give synapses.HardBounds"),
    ],
)
def test_bad_rules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
