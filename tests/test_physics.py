"""Closed forms and published numbers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import spike_times

pytestmark = pytest.mark.usefixtures("strict")


def times_of(run, count, threshold=0.0):
    times, found = spike_times(run, max_spikes=count, threshold=threshold)
    assert int(found) == count
    return np.asarray(times, float)


# Hodgkin & Huxley


def test_rates_of_hodgkin_huxley_at_rest(x64):
    """Opening rates are the gates' speed when closed, closing rates that when open."""
    membrane = dn.Membrane(jnp.asarray(-65.0))
    na, k = dn.channels.SquidSodium(), dn.channels.SquidPotassium()
    closed, opened = jnp.asarray(0.0), jnp.asarray(1.0)
    alpha = na.vector_field(dn.channels.SodiumGates(closed, closed), membrane)
    beta = na.vector_field(dn.channels.SodiumGates(opened, opened), membrane)
    alpha_n = k.vector_field(dn.channels.PotassiumGates(closed), membrane).n
    beta_n = k.vector_field(dn.channels.PotassiumGates(opened), membrane).n
    found = [*alpha, *beta, alpha_n, beta_n]
    wanted = [0.223564, 0.07, -4.0, -0.0474259, 0.0581977, -0.125]
    np.testing.assert_allclose(found, wanted, rtol=3e-6)
    gates = [*na.initial_state(membrane), *k.initial_state(membrane)]
    np.testing.assert_allclose(gates, [0.0529325, 0.5961208, 0.3176769], rtol=1e-6)


def test_rest_of_hodgkin_huxley(x64):
    cell = dn.replace(dn.neurons.HodgkinHuxley(), {"channels.leak.reversal_potential": -54.387})
    rest = cell.initial_state(jnp.asarray(0.0))
    assert float(rest.voltage) == pytest.approx(-64.99638, abs=5e-6)
    rates = jax.tree.leaves(cell.vector_field(rest, jnp.asarray(0.0)))
    np.testing.assert_allclose(rates, 0.0, atol=1e-9)


@functools.cache
def _steady_rate(dt):
    """Hz of the HH cell at 7, 10, 20 and 50 uA/cm2, once it has settled."""

    def voltage(amplitude):
        return dn.simulate(dn.neurons.HodgkinHuxley(), amplitude, t1=350.0, dt=dt).y

    runs = jax.jit(jax.vmap(voltage))(jnp.array([700.0, 1000.0, 2000.0, 5000.0]))
    time = dt * np.arange(runs.shape[1])
    rates = []
    for run in np.asarray(runs, float):
        times = dn.analysis.recorded_spike_times(time, run)
        settled = times[times > 150.0]
        rates.append(1000.0 * (len(settled) - 1) / (settled[-1] - settled[0]))
    return np.array(rates)


F_I = np.array([58.33, 68.32, 86.47, 117.04])


def test_firing_rate_of_hodgkin_huxley():
    np.testing.assert_allclose(_steady_rate(0.0125), F_I, rtol=2e-4)


def test_firing_rate_at_the_default_step_is_right_to_a_part_in_a_thousand():
    np.testing.assert_allclose(_steady_rate(0.025), F_I, rtol=1e-3)


def _two_steps(dt):
    steps = dn.stimuli.Step(1000.0, 100.0, 200.0) + dn.stimuli.Step(3500.0, 300.0, 400.0)
    return dn.simulate(dn.neurons.HodgkinHuxley(), steps, t1=400.0, dt=dt)


@pytest.mark.parametrize(
    ("dt", "first", "late"),
    # At the default step the first spikes are 0.015 ms off and the last of a fast train 0.07 ms.
    [
        pytest.param(0.005, 0.002, 0.004, marks=pytest.mark.slow),
        (0.0125, 0.005, 0.02),
        (0.025, 0.015, 0.07),
    ],
)
def test_spikes_of_hodgkin_huxley_under_two_steps(dt, first, late, x64):
    times = np.asarray(spike_times(_two_steps(dt), max_spikes=32, threshold=0.0)[0])
    slow, fast = times[times < 250.0], times[(times > 250.0) & np.isfinite(times)]
    np.testing.assert_allclose(slow[:3], [101.901, 116.823, 131.472], atol=first)
    np.testing.assert_allclose([slow[-1], fast[0]], [190.018, 300.929], atol=late)
    assert fast[-1] == pytest.approx(397.997, abs=late)


def test_gates_under_voltage_clamp_relax_exponentially(x64):
    """With the voltage still, every gate is exact at any step."""
    na = dn.channels.SquidSodium()
    before, after = dn.Membrane(jnp.asarray(-80.0)), dn.Membrane(jnp.asarray(-10.0))
    zero, one = jnp.asarray(0.0), jnp.asarray(1.0)
    start = na.initial_state(before)
    alpha = na.vector_field(dn.channels.SodiumGates(zero, zero), after)
    beta = na.vector_field(dn.channels.SodiumGates(one, one), after)
    dt, steps = 0.1, 50
    run = dn.simulate(na, -10.0, t1=dt * steps, dt=dt, state=start)
    time = dt * np.arange(steps)

    def gate(opening, closing, first):
        rate = opening - closing
        return opening / rate + (first - opening / rate) * np.exp(-rate * time)

    m, h = gate(alpha.m, beta.m, start.m), gate(alpha.h, beta.h, start.h)
    np.testing.assert_allclose(run.t, time)
    np.testing.assert_allclose(run.y, 120.0 * m**3 * h * (-10.0 - 50.0), rtol=1e-11)
    # The same clamp as a function of time rests at what was there before.
    step = dn.stimuli.Step(-10.0, 0.0, baseline=-80.0)
    np.testing.assert_allclose(dn.simulate(na, step, t1=dt * steps, dt=dt).y, run.y, rtol=1e-11)


def test_the_leak_obeys_ohm():
    run = dn.simulate(dn.channels.Leak(0.5, -70.0), np.linspace(-90.0, 10.0, 40), t1=4.0, dt=0.1)
    np.testing.assert_allclose(run.y, 0.5 * (np.linspace(-90.0, 10.0, 40) + 70.0), rtol=1e-5)


def test_a_passive_cell_charges_exponentially(x64):
    """1 GOhm um2 of membrane: steady state I R, time constant C/g."""
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(0.1, -70.0)}, capacitance=2.0, area=5e3)
    dt, steps = 0.1, 800
    run = dn.simulate(cell, 30.0, t1=dt * steps, dt=dt)
    # 30 pA over 5,000 um2 are 0.6 uA/cm2; 2 uF/cm2 over 0.1 mS/cm2 are 20 ms.
    time = dt * np.arange(steps)
    np.testing.assert_allclose(run.y, -70.0 + 6.0 * (1 - np.exp(-time / 20.0)), rtol=1e-12)


# Integrate-and-fire


def test_trajectory_of_the_leaky_neuron_below_threshold():
    lif = dn.neurons.LIF()
    run = dn.simulate(lif, 150.0, t1=100.0, dt=0.1)
    time = 0.1 * np.arange(1000)
    np.testing.assert_allclose(run.y, -70.0 + 15.0 * (1 - np.exp(-time / 20.0)), atol=1e-4)
    assert run.spikes.sum() == 0


def test_period_of_the_leaky_neuron(x64):
    lif = dn.neurons.LIF(
        capacitance=300.0,
        leak_conductance=10.0,
        leak_reversal=-50.0,
        threshold=-55.0,
        reset_potential=-70.0,
        refractory_time=0.0,
    )
    start = dn.neurons.LIFState(jnp.asarray(-70.0), jnp.asarray(0.0))
    run = dn.simulate(lif, 0.0, t1=240.0, dt=0.1, state=start)
    wanted = 30.0 * np.log(20.0 / 5.0)
    assert wanted == pytest.approx(41.5888, abs=1e-4)
    np.testing.assert_allclose(times_of(run, 5), wanted * np.arange(1, 6), rtol=1e-6)


def test_refractory_time_is_added_to_the_period_whatever_the_step(x64):
    period = 20.0 * np.log(65.0 / 50.0)
    for refractory in (0.04, 1.0, 3.33):
        lif = dn.neurons.LIF(refractory_time=refractory)
        run = dn.simulate(lif, 700.0, t1=40.0, dt=0.1)
        times = np.asarray(run.spike_times)
        gaps = np.diff(times[np.isfinite(times)])
        np.testing.assert_allclose(gaps, period + refractory, rtol=1e-6)


BRETTE = [11.729, 25.249, 41.003, 59.517, 81.321]


@pytest.mark.parametrize("dt", [0.1, 0.025])
def test_spikes_of_the_adaptive_neuron_of_2005(dt, x64):
    run = dn.simulate(dn.neurons.AdEx(), 1000.0, t1=100.0, dt=dt)
    np.testing.assert_allclose(times_of(run, 5), BRETTE, atol=0.005)


def test_spikes_of_the_adaptive_neuron_in_single_precision():
    run = dn.simulate(dn.neurons.AdEx(), 1000.0, t1=100.0, dt=0.1)
    np.testing.assert_allclose(times_of(run, 5), BRETTE, atol=0.005)


@pytest.mark.parametrize("dt", [0.1, 0.025])
def test_spikes_of_a_refractory_adaptive_neuron(dt, x64):
    neuron = dn.neurons.AdEx(
        threshold=-52.0,
        adaptation_conductance=0.0,
        reset_potential=-68.0,
        peak_potential=-40.0,
        refractory_time=5.0,
    )
    run = dn.simulate(neuron, 600.0, t1=400.0, dt=dt, state=neuron.state(-65.0))
    wanted = [27.058, 82.448, 177.087, 285.650, 394.886]
    np.testing.assert_allclose(times_of(run, 5), wanted, atol=0.005)


@pytest.mark.parametrize("dt", [0.1, 0.025])
def test_rheobase_of_the_exponential_neuron(dt):
    """Without adaptation the fold is at g_L (V_T - E_L - Delta_T) = 546 pA."""
    neuron = dn.neurons.AdEx(adaptation_conductance=0.0, spike_adaptation=0.0)

    def fired(amplitude):
        return dn.simulate(neuron, amplitude, t1=1500.0, dt=dt).spikes.sum()

    below, above = jax.jit(jax.vmap(fired))(jnp.array([545.8, 546.4]))
    assert below == 0
    assert above >= 1
