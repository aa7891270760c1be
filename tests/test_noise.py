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
