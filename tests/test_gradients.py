"""Derivatives through spikes, and of second order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import spike_times

pytestmark = pytest.mark.usefixtures("strict")


def test_eighth_spike_of_the_leaky_neuron(x64):
    """d t_8/d I is -8 tau theta/(I (I - theta)), to 1e-4 at a step of 0.1 ms."""
    tau, theta, current = 20.0, 15.0, 20.0
    lif = dn.neurons.LIF(
        capacitance=tau,
        leak_conductance=1.0,
        leak_reversal=0.0,
        threshold=theta,
        reset_potential=0.0,
        refractory_time=0.0,
    )

    def eighth(current):
        return spike_times(dn.simulate(lif, current, t1=240.0, dt=0.1), max_spikes=8)[0][7]

    current = jnp.asarray(current)
    time, slope = jax.jit(jax.value_and_grad(eighth))(current)
    assert float(time) == pytest.approx(8 * tau * np.log(4.0), rel=1e-6)
    wanted = -8 * tau * theta / (20.0 * (20.0 - theta))
    assert float(slope) == pytest.approx(wanted, rel=1e-4)
    forward = jax.jit(jax.jacfwd(eighth))(current)
    assert float(forward) == pytest.approx(float(slope), rel=1e-10)


@pytest.mark.slow
def test_derivatives_of_spike_times_of_the_adaptive_neuron_converge(x64):
    """The discrete derivative at 0.1 ms is within 1 % of the continuous one."""
    neuron = dn.neurons.AdEx(refractory_time=2.0)
    names = ("leak_conductance", "threshold", "spike_adaptation", "refractory_time", "slope_factor")
    values = np.array([float(dn.parameters(neuron)[name][0]) for name in names])

    def third(values, dt):
        model = dn.replace(neuron, dict(zip(names, values, strict=True)))
        run = dn.simulate(model, 1000.0, t1=60.0, dt=dt)
        return spike_times(run, max_spikes=3)[0][2]

    slope = jax.jit(jax.jacfwd(third), static_argnums=1)
    coarse = slope(values, 0.1)
    # Across many steps, where the grid is passed several times, so of the continuous system.
    step = 1e-3 * np.abs(values)
    moved = np.concatenate([values + np.diag(step), values - np.diag(step)])
    times = np.asarray(jax.jit(jax.vmap(lambda v: third(v, 0.01)))(moved))
    wanted = (times[:5] - times[5:]) / (2 * step)
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(coarse, wanted, rtol=1e-2)


def test_spike_time_of_hodgkin_huxley(x64):
    cell = dn.neurons.HodgkinHuxley()
    names = ("channels.na.g_max", "channels.k.reversal_potential", "capacitance")
    values = np.array([float(dn.parameters(cell)[name][0]) for name in names])

    def second(values):
        model = dn.replace(cell, dict(zip(names, values, strict=True)))
        run = dn.simulate(model, 1500.0, t1=20.0, dt=0.05)
        return spike_times(run, max_spikes=2)[0][1]

    step = 1e-5 * np.abs(values)
    moved = np.concatenate([values + np.diag(step), values - np.diag(step)])
    times = np.asarray(jax.jit(jax.vmap(second))(moved))
    wanted = (times[:3] - times[3:]) / (2 * step)
    np.testing.assert_allclose(jax.jit(jax.grad(second))(values), wanted, rtol=1e-6)


def test_hessian_of_a_passive_cell(x64):
    """v(t) = E + (I/g)(1 - exp(-g t/C)), twice by g."""
    leak, dt, steps = 0.1, 0.1, 100
    time = dt * (steps - 1)

    def last(g):
        cell = dn.neurons.Cell({"leak": dn.channels.Leak(g, -70.0)}, capacitance=2.0)
        return dn.simulate(cell, 100.0, t1=dt * steps, dt=dt).y[-1]

    def closed_form(g):
        return -70.0 + (1.0 / g) * (1.0 - jnp.exp(-g * time / 2.0))

    found = float(jax.jit(jax.hessian(last))(jnp.asarray(leak)))
    wanted = float(jax.hessian(closed_form)(jnp.asarray(leak)))
    assert found == pytest.approx(wanted, rel=1e-9)
    twice_reverse = float(jax.jit(jax.grad(jax.grad(last)))(jnp.asarray(leak)))
    assert twice_reverse == pytest.approx(wanted, rel=1e-9)
