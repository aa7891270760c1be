"""The leaky integrate-and-fire neuron against its closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import lif_rate, lif_spike_times, lif_voltage, spike_times

pytestmark = pytest.mark.usefixtures("strict")

DT, STEPS = 0.1, 1200
NAMES = ("capacitance", "leak_conductance", "leak_reversal", "threshold", "reset_potential")
NAMES = (*NAMES, "refractory_time")


def central(function, x, step):
    x = np.asarray(x, float)
    shift = step * np.diag(np.abs(x))
    values = [(function(x + row), function(x - row)) for row in shift]
    return np.array(
        [
            (up - down) / (2 * size)
            for (up, down), size in zip(values, step * np.abs(x), strict=True)
        ]
    )


def test_period(x64):
    """tau 30 ms, driven to -50 mV, threshold -55, reset -70: 30 ln 4 = 41.5888 ms."""
    lif = dn.neurons.LIF(
        capacitance=300.0,
        leak_conductance=10.0,
        leak_reversal=-70.0,
        threshold=-55.0,
        reset_potential=-70.0,
        refractory_time=0.0,
    )
    assert 1e3 / float(lif_rate(lif, 200.0)) == pytest.approx(41.5888, abs=5e-5)
    run = dn.simulate(lif, 200.0, t1=450.0, dt=DT)
    times, count = spike_times(run, max_spikes=10)
    assert int(count) == 10
    np.testing.assert_allclose(times, 41.5888308 * np.arange(1, 11), rtol=1e-6)
    np.testing.assert_allclose(times, lif_spike_times(lif, 200.0, max_spikes=10), rtol=1e-6)


def test_voltage_and_spikes_of_a_run(x64):
    lif = dn.neurons.LIF(reset_potential=-62.0, refractory_time=3.3)
    run = dn.simulate(lif, 350.0, t1=DT * STEPS, dt=DT)
    wanted = lif_voltage(lif, 350.0, run.t)
    np.testing.assert_allclose(run.y, wanted, atol=2e-4)
    times = spike_times(run, max_spikes=20)[0]
    number = int(np.isfinite(times).sum())
    assert number >= 4
    first = lif_spike_times(lif, 350.0, max_spikes=number)
    np.testing.assert_allclose(times[:number], first, rtol=1e-6)
    np.testing.assert_allclose(np.diff(first), 1e3 / lif_rate(lif, 350.0), rtol=1e-12)


def test_a_current_that_is_too_weak(x64):
    lif = dn.neurons.LIF()
    rheobase = 10.0 * (-50.0 + 70.0)
    for current in (0.0, 0.999 * rheobase, -100.0):
        rate, slope = jax.value_and_grad(lambda i: lif_rate(lif, i))(current)
        assert rate == slope == 0.0
        times, slopes = jax.jvp(lambda i: lif_spike_times(lif, i, max_spikes=3), (current,), (1.0,))
        assert np.isinf(times).all()
        assert not slopes.any()
        run = dn.simulate(lif, current, t1=20.0, dt=DT)
        np.testing.assert_allclose(lif_voltage(lif, current, run.t), run.y, atol=1e-4)
    assert float(lif_rate(lif, 1.001 * rheobase)) > 0.0


def test_an_infinite_current_leaves_the_refractory_time(x64):
    lif = dn.neurons.LIF(refractory_time=4.0)
    assert float(lif_rate(lif, 1e12)) == pytest.approx(250.0, rel=1e-6)


def test_a_neuron_at_rest_above_its_threshold_spikes_at_once(x64):
    lif = dn.neurons.LIF(leak_reversal=-45.0, refractory_time=1.0)
    run = dn.simulate(lif, 0.0, t1=60.0, dt=DT)
    times = spike_times(run, max_spikes=3)[0]
    wanted = lif_spike_times(lif, 0.0, max_spikes=3)
    assert float(wanted[0]) == 0.0
    np.testing.assert_allclose(times, wanted, rtol=1e-5, atol=1e-9)


def test_the_eighth_spike(x64):
    """d t_8/d I = -8 tau theta/(I (I - theta)), from the closed form and from a run."""
    lif = dn.neurons.LIF(
        capacitance=20.0,
        leak_conductance=1.0,
        leak_reversal=0.0,
        threshold=15.0,
        reset_potential=0.0,
        refractory_time=0.0,
    )
    wanted = -8 * 20.0 * 15.0 / (20.0 * (20.0 - 15.0))
    slope = jax.grad(lambda i: lif_spike_times(lif, i, max_spikes=8)[7])(20.0)
    assert float(slope) == pytest.approx(wanted, rel=1e-12)


def test_derivatives_of_a_run_are_those_of_the_closed_form(x64):
    lif = dn.neurons.LIF(refractory_time=2.5)
    values = jnp.array([float(dn.parameters(lif)[name][0]) for name in NAMES])

    def model(x):
        return dn.replace(lif, dict(zip(NAMES, x, strict=True)))

    def closed(x):
        return lif_spike_times(model(x), 300.0, max_spikes=4)

    def simulated(x):
        run = dn.simulate(model(x), 300.0, t1=DT * STEPS, dt=DT)
        return spike_times(run, max_spikes=4)[0]

    wanted = jax.jit(jax.jacfwd(closed))(values)
    assert (np.abs(wanted[-1]) > 0.1).all()
    np.testing.assert_allclose(jax.jit(jax.jacfwd(simulated))(values), wanted, rtol=1e-4)


@pytest.mark.parametrize("current", [230.0, 800.0])
def test_derivatives_of_the_closed_forms(current, x64):
    lif = dn.neurons.LIF(refractory_time=2.5)
    values = np.array([*(float(dn.parameters(lif)[name][0]) for name in NAMES), current])
    t = jnp.array([0.5, 8.0, 21.0, 57.3])

    def rate(x):
        return lif_rate(dn.replace(lif, dict(zip(NAMES, x[:-1], strict=True))), x[-1])

    def voltage(x):
        model = dn.replace(lif, dict(zip(NAMES, x[:-1], strict=True)))
        return jnp.sum(jnp.sin(t) * lif_voltage(model, x[-1], t))

    for function in (rate, voltage):
        wanted = central(jax.jit(function), values, 1e-6)
        assert (np.abs(wanted) > 1e-6).all()
        np.testing.assert_allclose(jax.jit(jax.grad(function))(values), wanted, rtol=1e-6)
        np.testing.assert_allclose(jax.jit(jax.jacfwd(function))(values), wanted, rtol=1e-6)


def test_slope_of_the_voltage_in_time_is_its_vector_field(x64):
    lif = dn.neurons.LIF()
    t = jnp.array([3.0, 40.0, 70.0])
    v, slope = jax.jvp(lambda t: lif_voltage(lif, 300.0, t), (t,), (jnp.ones_like(t),))
    np.testing.assert_allclose(slope, (300.0 - 10.0 * (v + 70.0)) / 200.0, rtol=1e-9)
