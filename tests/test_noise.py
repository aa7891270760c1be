"""Models with noise: the right spread, one path for one key."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import diffneuro as dn
from diffneuro.solvers import EulerMaruyama, ExponentialEulerMaruyama, Staggered

TAU, SIGMA = 5.0, 3.0


class NoisyLeak(dn.AbstractNoisyModel):
    """An Ornstein-Uhlenbeck process with mean u."""

    time_constant: Array = dn.parameter(TAU, "ms")
    standard_deviation: Array = dn.parameter(SIGMA, "mV")

    def initial_state(self, u: Any, /) -> Array:
        return jnp.asarray(u)

    def vector_field(self, x: Array, u: Any, /) -> Array:
        return (u - x) / self.time_constant

    def output(self, x: Array, u: Any, /) -> Array:
        return x

    def diffusion(self, x: Array, u: Any, normals: Array, /) -> Array:
        return self.standard_deviation * jnp.sqrt(2.0 / self.time_constant) * normals


def ends(solver, dt, count=4000, t1=30.0):
    """Where many paths from 0 end."""

    def end(key):
        return dn.simulate(NoisyLeak(), 0.0, t1=t1, dt=dt, solver=solver, key=key).state

    return np.asarray(jax.jit(jax.vmap(end))(jax.random.split(jax.random.key(1), count)))


@pytest.mark.parametrize(
    ("solver", "dt", "variance"),
    [
        # Exact at any step: even at one as long as the time constant.
        (ExponentialEulerMaruyama(), 5.0, SIGMA**2),
        (ExponentialEulerMaruyama(), 0.5, SIGMA**2),
        # Euler's own stationary variance, sigma^2/(1 - h/(2 tau)).
        (EulerMaruyama(), 2.0, SIGMA**2 / (1.0 - 2.0 / (2.0 * TAU))),
    ],
)
def test_stationary_variance(solver, dt, variance):
    found = ends(solver, dt)
    assert abs(found.mean()) < 4.0 * SIGMA / np.sqrt(found.size)
    # The standard error of a variance of n normal numbers is sqrt(2/n) of it.
    assert found.var() == pytest.approx(variance, rel=4.0 * np.sqrt(2.0 / found.size))


def test_strong_order_one_where_the_noise_is_additive(x64):
    """The error of single paths against finer ones halves with the step."""
    key, fine, t1 = jax.random.key(3), 2**10, 8.0
    normals = np.asarray(jax.random.normal(key, (200, fine)))
    model = NoisyLeak()

    def ends_with(steps):
        merged = normals.reshape(200, steps, -1).sum(2) / np.sqrt(fine / steps)
        solver, dt = EulerMaruyama(), t1 / steps

        def one(row):
            def body(x, xi):
                after = solver.step(model, x, (0.0,), dt)
                return after + solver.kick(model, x, (0.0,), dt, xi), None

            return jax.lax.scan(body, jnp.zeros(()), row)[0]

        return np.asarray(jax.jit(jax.vmap(one))(jnp.asarray(merged)))

    reference = ends_with(fine)
    errors = [np.sqrt(np.mean((ends_with(steps) - reference) ** 2)) for steps in (32, 64, 128)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    np.testing.assert_allclose(orders, 1.0, atol=0.2)


def test_a_key_decides_the_path_and_none_means_no_noise():
    def run(key):
        return np.asarray(dn.simulate(NoisyLeak(), 2.0, t1=5.0, dt=0.1, key=key).y)

    np.testing.assert_array_equal(run(jax.random.key(1)), run(jax.random.key(1)))
    assert np.abs(run(jax.random.key(1)) - run(jax.random.key(2))).max() > 0.1
    quiet = dn.simulate(NoisyLeak(), 2.0, t1=5.0, dt=0.1, state=jnp.asarray(2.0))
    np.testing.assert_allclose(quiet.y, 2.0, rtol=1e-6)


def test_every_leaves_the_path_alone():
    key = jax.random.key(4)
    whole = dn.simulate(NoisyLeak(), 0.0, t1=5.0, dt=0.1, key=key)
    thin = dn.simulate(NoisyLeak(), 0.0, t1=5.0, dt=0.1, key=key, every=5)
    np.testing.assert_allclose(thin.y, whole.y[::5], rtol=1e-5)


def test_gradient_through_the_noise_equals_differences(x64):
    def end(deviation):
        model = NoisyLeak(standard_deviation=deviation)
        return dn.simulate(model, 0.0, t1=5.0, dt=0.1, key=jax.random.key(5)).state

    difference = (end(SIGMA + 1e-4) - end(SIGMA - 1e-4)) / 2e-4
    np.testing.assert_allclose(jax.grad(end)(SIGMA), difference, rtol=1e-7)


def test_a_solver_without_noise_is_refused():
    with pytest.raises(ValueError, match="ExponentialEulerMaruyama"):
        dn.simulate(NoisyLeak(), 0.0, t1=1.0, solver=Staggered(), key=jax.random.key(0))


# Noise in the current of a neuron

PASSIVE = {"leak": dn.channels.Leak()}


def noisy_currents(deviation=50.0, time_constant=4.0):
    """The current of many lanes, sampled every 0.5 ms once it has settled."""
    neuron = dn.neurons.CurrentNoise(dn.neurons.Cell(PASSIVE), deviation, time_constant)

    def one(key):
        options = {"record": lambda x, u: x.current, "every": 5}
        return dn.simulate(neuron, 0.0, t1=80.0, dt=0.1, key=key, **options).y[40:]

    return np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(8), 400)), float)


def test_current_noise_has_its_deviation_and_its_memory():
    found = noisy_currents()
    for lag in (0, 4, 16):
        products = (found[:, lag:] * found[:, : found.shape[1] - lag]).mean(1)
        error = products.std(ddof=1) / np.sqrt(len(products))
        wanted = 50.0**2 * np.exp(-0.5 * lag / 4.0)
        assert error < 0.05 * 50.0**2
        assert abs(products.mean() - wanted) < 3.0 * error


def test_a_passive_cell_filters_the_current_noise():
    """Two filters in series: the variance is R^2 sigma^2 tau_s/(tau_s + tau_m)."""
    neuron = dn.neurons.CurrentNoise(dn.neurons.Cell(PASSIVE), 50.0, 4.0)

    def one(key):
        return dn.simulate(neuron, 0.0, t1=80.0, dt=0.1, key=key).y[200:]

    found = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(9), 400)), float)
    squares = ((found + 54.387) ** 2).mean(1)
    error = squares.std(ddof=1) / np.sqrt(len(squares))
    time_constant, resistance = 1.0 / 0.3, 100.0 / (0.3 * 1e4)  # ms, mV/pA
    wanted = (50.0 * resistance) ** 2 * 4.0 / (4.0 + time_constant)
    assert error < 0.05 * wanted
    # The step couples the two to order 1.
    assert abs(squares.mean() - wanted) < 3.0 * error + 0.02 * wanted


@pytest.mark.parametrize(
    ("make", "current"),
    [(dn.neurons.LIF, 150.0), pytest.param(dn.neurons.AdEx, 450.0, marks=pytest.mark.slow)],
)
def test_noise_makes_a_neuron_fire_below_its_rheobase(make, current):
    neuron = dn.neurons.SpikingCurrentNoise(make(), 200.0, 5.0)
    quiet = dn.simulate(make(), current, t1=200.0, dt=0.1)
    noisy = dn.simulate(neuron, current, t1=200.0, dt=0.1, key=jax.random.key(10))
    again = dn.simulate(neuron, current, t1=200.0, dt=0.1, key=jax.random.key(10))
    silent = dn.simulate(neuron, current, t1=200.0, dt=0.1)
    assert quiet.spikes.sum() == silent.spikes.sum() == 0
    assert noisy.spikes.sum() >= 1
    np.testing.assert_array_equal(noisy.spike_times, again.spike_times)
    np.testing.assert_allclose(silent.y, quiet.y, rtol=1e-6)


def test_noise_smooths_the_f_i_curve():
    """Below the rheobase the rate rises with the current instead of being 0."""

    def rate(current, key):
        neuron = dn.neurons.SpikingCurrentNoise(dn.neurons.LIF(), 80.0, 5.0)
        return dn.simulate(neuron, current, t1=400.0, dt=0.1, key=key).spikes.sum()

    lif = dn.neurons.LIF()
    rheobase = float(lif.leak_conductance * (lif.threshold - lif.leak_reversal))
    keys = jax.random.split(jax.random.key(11), 20)
    currents = rheobase * jnp.array([0.8, 0.9, 0.98])
    rates = jax.jit(jax.vmap(jax.vmap(rate, (None, 0)), (0, None)))(currents, keys).mean(1)
    assert rates[0] > 0
    assert (np.diff(rates) > 0).all()


def test_noise_in_the_current_passes_the_noise_of_channels_on():
    channel = dn.channels.ChannelNoise(
        dn.channels.GateScheme(dn.channels.SquidPotassium(), {"n": 4}), 1000.0
    )
    cell = dn.neurons.Cell({"k": channel, **PASSIVE})
    neuron = dn.neurons.CurrentNoise(cell, 0.0)
    x = neuron.initial_state(jnp.asarray(0.0))
    assert neuron.normals(x).model["k"].shape == (4,)
    run = dn.simulate(neuron, 0.0, t1=20.0, key=jax.random.key(12))
    assert np.std(run.y) > 1e-3
    assert run.state.current == 0.0


def test_current_noise_refuses_the_other_kind_of_neuron():
    with pytest.raises(ValueError, match="SpikingCurrentNoise"):
        dn.neurons.CurrentNoise(dn.neurons.LIF())
    with pytest.raises(ValueError, match="CurrentNoise"):
        dn.neurons.SpikingCurrentNoise(dn.neurons.HodgkinHuxley())
    with pytest.raises(ValueError, match="EscapeNoise"):
        dn.neurons.SpikingCurrentNoise(dn.neurons.EscapeNoise(dn.neurons.LIF()))
