"""Stimuli: their values, sums, noise and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.stimuli import Chirp, PulseTrain, Ramp, Sampled, Sine, Step, ornstein_uhlenbeck

pytestmark = pytest.mark.usefixtures("strict")


def at(stimulus, *times):
    return np.asarray(jax.vmap(stimulus)(jnp.array(times)), float)


def test_step():
    step = Step(50.0, 1.0, 3.0, baseline=-2.0)
    np.testing.assert_allclose(at(step, -5.0, 0.99, 1.0, 2.99, 3.0, 9.0), [-2, -2, 50, 50, -2, -2])
    assert at(Step(50.0, 1.0), 1e6) == 50.0


def test_pulse_train():
    train = PulseTrain(10.0, start=2.0, width=1.0, period=5.0, count=2, baseline=1.0)
    times = (-4.0, 1.9, 2.1, 2.9, 3.1, 7.1, 7.9, 8.1, 12.5, 17.5)
    np.testing.assert_allclose(at(train, *times), [1, 1, 10, 10, 1, 10, 10, 1, 1, 1])
    endless = PulseTrain(10.0, width=1.0, period=5.0)
    np.testing.assert_allclose(at(endless, -4.5, 500.5, 503.0), [0, 10, 0])


def test_ramp():
    ramp = Ramp(10.0, start=2.0, stop=6.0, baseline=2.0)
    np.testing.assert_allclose(at(ramp, 0.0, 2.0, 3.0, 4.0, 6.0, 6.1), [2, 2, 4, 6, 10, 2])


def test_sine():
    sine = Sine(3.0, frequency=100.0, phase=0.5, start=1.0, stop=21.0, baseline=1.0)
    times = np.array([1.0, 2.5, 11.0, 20.0])
    wanted = 1.0 + 3.0 * np.sin(2 * np.pi * 0.1 * (times - 1.0) + 0.5)
    np.testing.assert_allclose(at(sine, *times), wanted, atol=2e-5)
    np.testing.assert_allclose(at(sine, 0.9, 21.0), 1.0)


def test_chirp_has_the_frequency_it_says(x64):
    chirp = Chirp(2.0, low=5.0, high=25.0, start=100.0, stop=1100.0, baseline=0.5)
    time = np.arange(100.0, 1100.0, 0.01)
    value = at(chirp, *time) - 0.5
    assert np.abs(value).max() == pytest.approx(2.0, rel=1e-6)
    (rising,) = np.nonzero((value[:-1] < 0) & (value[1:] >= 0))
    periods = np.diff(time[rising])
    middles = 0.5 * (time[rising][1:] + time[rising][:-1])
    frequencies = 5.0 + 20.0 * (middles - 100.0) / 1000.0
    np.testing.assert_allclose(1000.0 / periods, frequencies, rtol=0.01)
    np.testing.assert_allclose(at(chirp, 50.0, 1100.5), 0.5)


def test_sums():
    total = Step(5.0, 1.0) + Sine(2.0, 250.0) + Ramp(8.0, 0.0, 4.0)
    np.testing.assert_allclose(at(total, 0.0, 1.0, 3.0), [0.0, 9.0, 9.0], atol=1e-5)


@pytest.mark.parametrize("kind", [jnp.asarray, np.asarray, list])
def test_sampled_holds_its_values(kind):
    sampled = Sampled(kind([1.0, 4.0, 9.0]), 0.1)
    times = (-3.0, 0.0, 0.05, 0.1, 0.19, 0.2, 0.25, 0.31, 70.0)
    np.testing.assert_allclose(at(sampled, *times), [1, 1, 1, 4, 4, 9, 9, 9, 9])


def test_sampled_at_its_own_grid_gives_its_samples():
    values = np.random.default_rng(0).normal(size=4000)
    sampled = Sampled(jnp.asarray(values, jnp.float32), 0.025)
    grid = jnp.asarray(0.025 * np.arange(4000), jnp.float32)
    for shift in (0.0, 0.0125):
        found = jax.vmap(sampled)(grid + jnp.float32(shift))
        np.testing.assert_array_equal(found, sampled.values)


def test_a_sampled_stimulus_is_the_array_itself():
    values = jnp.asarray(800.0 * np.sin(np.arange(400)), jnp.float32)
    cell = dn.neurons.HodgkinHuxley()
    before = cell.initial_state(jnp.float32(0.0))
    given = dn.simulate(cell, Sampled(values, 0.05), t1=20.0, dt=0.05, state=before)
    array = dn.simulate(cell, values, t1=20.0, dt=0.05, state=before)
    np.testing.assert_array_equal(given.y, array.y)


def test_ornstein_uhlenbeck_is_stationary(getkey, x64):
    duration, dt, tau = 40_000.0, 0.5, 5.0
    noise = ornstein_uhlenbeck(
        getkey(), duration=duration, dt=dt, mean=30.0, standard_deviation=12.0, time_constant=tau
    )
    values = np.asarray(noise.values)
    assert values.shape == (80_000,)
    # 4,000 independent stretches: the mean is known to 0.27, the deviation to 1.6 %.
    independent = duration / (2 * tau)
    assert values.mean() == pytest.approx(30.0, abs=4 * 12.0 / np.sqrt(independent))
    assert values.std() == pytest.approx(12.0, rel=4 / np.sqrt(2 * independent))
    centred = values - values.mean()
    for lag in (1, 10):
        correlation = np.mean(centred[lag:] * centred[:-lag]) / centred.var()
        assert correlation == pytest.approx(np.exp(-lag * dt / tau), abs=0.05)


def test_ornstein_uhlenbeck_starts_in_its_stationary_distribution(getkey):
    def first(key):
        return ornstein_uhlenbeck(
            key, duration=0.5, dt=0.5, mean=-7.0, standard_deviation=3.0
        ).values[0]

    values = np.asarray(jax.vmap(first)(jax.random.split(getkey(), 4000)), float)
    assert values.mean() == pytest.approx(-7.0, abs=4 * 3.0 / 4000**0.5)
    assert values.std() == pytest.approx(3.0, rel=4 / 8000**0.5)


def test_the_key_alone_decides_the_noise(getkey):
    one, other = getkey(), getkey()
    first = ornstein_uhlenbeck(one, duration=10.0).values
    np.testing.assert_array_equal(first, ornstein_uhlenbeck(one, duration=10.0).values)
    assert np.abs(first - ornstein_uhlenbeck(other, duration=10.0).values).max() > 1.0
    # Louder noise is the same path, louder.
    louder = ornstein_uhlenbeck(one, duration=10.0, standard_deviation=200.0).values
    np.testing.assert_allclose(louder, 2.0 * first, rtol=1e-5)


def test_noise_shorter_than_a_step_is_refused(getkey):
    with pytest.raises(ValueError, match=r"duration=0\.01 ms is shorter than dt=0\.1"):
        ornstein_uhlenbeck(getkey(), duration=0.01, dt=0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda a: Step(a, 1.0),
        lambda a: PulseTrain(a, period=2.0),
        lambda a: Ramp(a, 0.0, 5.0),
        lambda a: Sine(a, 200.0),
        lambda a: Chirp(a, 50.0, 500.0),
        lambda a: Step(a, 1.0) + Sine(a, 300.0),
        lambda a: ornstein_uhlenbeck(jax.random.key(3), duration=5.0, dt=0.1, standard_deviation=a),
    ],
    ids=["step", "pulses", "ramp", "sine", "chirp", "sum", "noise"],
)
def test_gradient_by_the_amplitude(make, x64):
    """A passive cell is linear, so its end is too: the gradient is a difference."""
    cell = dn.neurons.Cell({"leak": dn.channels.Leak()})

    @jax.jit
    def end(amplitude):
        return dn.simulate(cell, make(amplitude), t1=5.0, dt=0.1).y[-1]

    wanted = float(end(jnp.asarray(40.0)) - end(jnp.asarray(30.0))) / 10.0
    assert abs(wanted) > 1e-6
    assert float(jax.grad(end)(jnp.asarray(35.0))) == pytest.approx(wanted, rel=1e-9)
