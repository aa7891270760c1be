"""What terminals let out, at spikes and under a voltage."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro.synapses import (
    CalciumTerminal,
    ExponentialTerminal,
    PulseTerminal,
    SigmoidTerminal,
)

pytestmark = pytest.mark.usefixtures("strict")

AT_SPIKES = {"pulse": PulseTerminal, "exponential": ExponentialTerminal}
every_spike_terminal = pytest.mark.parametrize("name", AT_SPIKES)


def means(terminal, spikes, amounts, dt=0.1, count=40):
    """The mean transmitter (mM) of each step under spikes at any times, one a step at most."""
    x, found = terminal.initial_state(0.0), []
    places = [int(float(jax.lax.stop_gradient(time)) / dt) for time in spikes]
    for step in range(count):
        if step in places:
            number = places.index(step)
            before = spikes[number] - step * dt
            after = dt - before
            early = before * terminal.mean(x, before)
            x = terminal.arrive(terminal.flow(x, before), amounts[number])
            found.append((early + after * terminal.mean(x, after)) / dt)
            x = terminal.flow(x, after)
        else:
            found.append(terminal.mean(x, dt))
            x = terminal.flow(x, dt)
    return jnp.stack(found)


def one(value):
    return jnp.asarray(value, jnp.float64)


def central(function, values, step=1e-6):
    """The gradient by central differences."""
    values = np.asarray(values)
    rows = step * np.diag(np.maximum(np.abs(values), 1.0))
    return np.array(
        [(function(values + row) - function(values - row)) / (2.0 * row.sum()) for row in rows]
    )


# At spikes


def test_a_pulse_lasts_its_duration_wherever_it_begins(x64):
    terminal = PulseTerminal(concentration=2.0, duration=0.75)
    for start in (0.0, 0.3, 0.333, 0.25):
        found = 0.1 * means(terminal, [one(start)], [one(1.0)])
        np.testing.assert_allclose(found.sum(), 1.5, rtol=1e-12)
    found = means(terminal, [one(0.333)], [one(1.0)])
    # From 0.333 to 1.083 ms: both ends lie inside steps.
    np.testing.assert_allclose(found[3], 2.0 * 0.67, rtol=1e-12)
    np.testing.assert_allclose(found[4:10], 2.0, rtol=1e-12)
    np.testing.assert_allclose(found[10], 2.0 * 0.83, rtol=1e-12)
    np.testing.assert_array_equal(found[11:], 0.0)


def test_a_spike_during_a_pulse_begins_a_full_one_of_its_own_height(x64):
    terminal = PulseTerminal()
    found = 0.1 * means(terminal, [one(0.35), one(1.05)], [one(1.0), one(1.0)])
    np.testing.assert_allclose(found.sum(), 1.7, rtol=1e-12)
    found = 0.1 * means(terminal, [one(0.35), one(1.05)], [one(1.0), one(0.5)])
    np.testing.assert_allclose(found.sum(), 0.7 + 0.5, rtol=1e-12)


def test_what_spikes_release_adds_up_and_is_cleared(x64):
    terminal = ExponentialTerminal(concentration=2.0, time_constant=0.3)
    spikes = [one(0.35), one(0.62)]
    found = means(terminal, spikes, [one(1.0), one(0.5)], count=200)
    np.testing.assert_allclose(0.1 * found.sum(), 2.0 * 0.3 * 1.5, rtol=1e-12)
    # The mean over a step is the integral of the two exponentials over it.
    edges = np.array([1.0, 1.1])
    integral = sum(
        amount * 2.0 * 0.3 * -np.diff(np.exp(-(edges - float(time)) / 0.3))
        for time, amount in zip(spikes, (1.0, 0.5), strict=True)
    )
    np.testing.assert_allclose(found[10], integral[0] / 0.1, rtol=1e-12)


def test_gradients_of_a_pulse_equal_central_differences(x64):
    weights = jnp.asarray(np.cos(0.7 * np.arange(40)) + 0.3)

    def observable(values):
        first, second, amount, concentration, duration = values
        terminal = PulseTerminal(concentration, duration)
        return jnp.sum(weights * means(terminal, [first, second], [amount, one(0.6)]))

    # A pulse that is cut short by the next spike, and ends inside a step.
    at = jnp.array([0.333, 1.127, 0.8, 1.3, 1.04])
    wanted = central(observable, at)
    assert (np.abs(wanted) > 0.01).all()
    np.testing.assert_allclose(jax.grad(observable)(at), wanted, rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(observable)(at), wanted, rtol=1e-6)


@pytest.mark.slow
def test_gradients_of_an_exponential_equal_central_differences(x64):
    weights = jnp.asarray(np.cos(0.7 * np.arange(40)) + 0.3)

    def observable(values):
        first, second, amount, concentration, time_constant = values
        terminal = ExponentialTerminal(concentration, time_constant)
        return jnp.sum(weights * means(terminal, [first, second], [amount, one(0.6)]))

    at = jnp.array([0.333, 1.127, 0.8, 1.3, 0.9])
    wanted = central(observable, at)
    assert (np.abs(wanted) > 0.01).all()
    np.testing.assert_allclose(jax.grad(observable)(at), wanted, rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(observable)(at), wanted, rtol=1e-6)


def test_the_end_of_a_pulse_on_the_grid_has_one_derivative(x64):
    # 10 steps of 0.1 ms: the pulse ends where a step does, up to rounding.
    for duration in (1.0, np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0)):
        slope = jax.grad(lambda d: 0.1 * means(PulseTerminal(1.0, d), [one(0.0)], [one(1.0)]).sum())
        np.testing.assert_allclose(slope(one(duration)), 1.0, rtol=1e-9)


@every_spike_terminal
def test_flow_is_a_semigroup_and_mean_its_average(name, x64):
    terminal = AT_SPIKES[name]()
    for x in (terminal.initial_state(0.0), terminal.arrive(terminal.initial_state(0.0), one(0.7))):
        for s, t in ((0.2, 0.3), (0.4, 1.1), (0.0, 0.5), (0.5, 0.0)):
            there = terminal.flow(terminal.flow(x, one(s)), one(t))
            for found, wanted in zip(
                jax.tree.leaves(there), jax.tree.leaves(terminal.flow(x, one(s + t))), strict=True
            ):
                np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)
        # The derivative of t times the mean is what is there at t, at t = 0 too.
        for t in (0.0, 0.3, 1.7):
            value, slope = jax.value_and_grad(lambda t, x=x: t * terminal.mean(x, t))(one(t))
            now = terminal.output(terminal.flow(x, one(t)), 0.0)
            np.testing.assert_allclose(slope, now, rtol=1e-12, atol=1e-15)
            assert np.isfinite(value)


@every_spike_terminal
def test_nothing_is_there_at_rest_in_value_and_derivative(name, x64):
    terminal = AT_SPIKES[name]()
    x = terminal.initial_state(0.0)

    def after(x, t):
        return terminal.mean(x, t) + terminal.output(terminal.flow(x, t), 0.0)

    for t in (0.0, 0.1):
        assert after(x, one(t)) == 0.0
        for slope in jax.tree.leaves(jax.grad(after, argnums=(0, 1))(x, one(t))):
            assert np.isfinite(slope)


def test_a_run_without_spikes_follows_the_flow(x64):
    terminal = ExponentialTerminal()
    run = dn.simulate(terminal, 0.0, t1=3.0, dt=0.1, state=one(0.8))
    np.testing.assert_allclose(run.y, 0.8 * np.exp(-np.asarray(run.t) / 1.2), rtol=1e-12)
    pulse = PulseTerminal(duration=0.96)
    x = pulse.arrive(pulse.initial_state(0.0), one(0.5))
    run = dn.simulate(pulse, 0.0, t1=3.0, dt=0.1, state=x)
    np.testing.assert_array_equal(run.y, np.where(np.arange(30) < 10, 0.5, 0.0))


# Under a voltage


def test_the_sigmoid_has_the_values_of_the_paper(x64):
    terminal = SigmoidTerminal()
    voltage = np.linspace(-65.0, 40.0, 22)
    run = dn.simulate(terminal, voltage, t1=2.2, dt=0.1)
    wanted = 2.84 / (1.0 + np.exp(-(voltage - 2.0) / 5.0))
    np.testing.assert_allclose(run.y, wanted, rtol=1e-12)
    assert terminal.output((), one(2.0)) == 1.42
    assert dn.replace(terminal, {"half_voltage": -10.0}).output((), one(-10.0)) == 1.42


@pytest.fixture(scope="module")
def action_potential():
    """The voltage of a squid axon that fires once, sampled every 0.025 ms (float32)."""
    current = np.where(np.arange(1000) < 40, 2000.0, 0.0)
    return np.asarray(dn.simulate(dn.neurons.HodgkinHuxley(), current, t1=25.0, dt=0.025).y)


def _recorded(terminal, voltage, dt=0.025):
    run = dn.simulate(
        terminal, voltage, t1=dt * len(voltage), dt=dt, record=lambda x, u: x._replace(channel=())
    )
    return jax.tree.map(np.asarray, run.y)


def test_an_action_potential_releases_a_brief_transient(action_potential):
    assert action_potential.max() > 30.0
    found = _recorded(CalciumTerminal(), action_potential)
    transmitter = found.transmitter
    assert 0.7 < transmitter.max() < 1.5
    assert 0.7 < 0.025 * np.sum(transmitter > 0.5 * transmitter.max()) < 1.5
    # Release waits for the calcium, which comes while the membrane repolarises.
    assert transmitter.argmax() > found.calcium.argmax() > action_potential.argmax()
    assert transmitter[0] < 1e-8
    assert transmitter[-1] < 1e-8
    np.testing.assert_allclose(found.vesicles.fractions.sum(1), 1.0, rtol=1e-5)


def test_nothing_is_released_at_rest():
    run = dn.simulate(CalciumTerminal(), -65.0, t1=20.0)
    assert (np.asarray(run.y) < 1e-8).all()
    np.testing.assert_allclose(run.y, run.y[0], rtol=1e-3)


def test_a_train_uses_up_the_vesicles(action_potential):
    train = np.tile(action_potential[:400], 6)  # every 10 ms
    terminal = CalciumTerminal()
    peaks = _recorded(terminal, train).transmitter.reshape(6, 400).max(1)
    assert (np.diff(peaks) < 0.0).all()
    assert peaks[-1] < 0.2 * peaks[0]
    # Where nothing is filled again each spike leaves the same share of what is there.
    found = _recorded(dn.replace(terminal, {"recovery_time": 1e6}), train)
    peaks = found.transmitter.reshape(6, 400).max(1)
    left = found.vesicles.fractions[399, 0]
    assert 0.3 < left < 0.7
    np.testing.assert_allclose(peaks[1:] / peaks[:-1], left, rtol=1e-2)


def test_what_is_cleared_is_what_was_released(action_potential, x64):
    terminal = CalciumTerminal(recovery_time=1e9)
    found = _recorded(terminal, np.repeat(action_potential[:500], 5), dt=0.005)
    used = found.vesicles.fractions[-1, 2] - found.vesicles.fractions[0, 2]
    cleared = 2.0 * 0.005 * found.transmitter.sum()
    assert used > 0.3
    np.testing.assert_allclose(cleared + found.transmitter[-1], 6.0 * used, rtol=1e-2)


@pytest.mark.parametrize("voltage", [-90.0, -65.0, -20.0, 0.0, 43.9, 60.0])
def test_the_terminal_rests_under_a_held_voltage(voltage, x64):
    terminal = CalciumTerminal()
    u = one(voltage)
    x = terminal.initial_state(u)
    for rate in jax.tree.leaves(terminal.vector_field(x, u)):
        np.testing.assert_allclose(rate, 0.0, atol=1e-14)
    np.testing.assert_allclose(x.vesicles.fractions.sum(), 1.0, rtol=1e-14)


def test_four_calcium_ions_release_a_vesicle(x64):
    terminal = CalciumTerminal()
    one_state, other = terminal.initial_state(one(-65.0)), terminal.initial_state(one(-45.0))
    power = jnp.log(other.transmitter / one_state.transmitter) / jnp.log(
        other.calcium / one_state.calcium
    )
    assert other.calcium > 1.5 * one_state.calcium
    np.testing.assert_allclose(power, 4.0, rtol=1e-3)


def test_the_channel_is_that_of_the_calyx(x64):
    channel = CalciumTerminal().channel
    for v in (-60.0, -20.0, 0.0, 30.0):
        rates = channel.gates(dn.Membrane(one(v)))["m"]
        np.testing.assert_allclose(rates.opening, 1.78 * np.exp(v / 23.3), rtol=2e-3)
        np.testing.assert_allclose(rates.closing, 0.14 * np.exp(-v / 15.0), rtol=2e-3)


def test_gradients_of_a_calcium_terminal_equal_central_differences(action_potential, x64):
    voltage = np.asarray(action_potential[:400:4], np.float64)
    terminal = CalciumTerminal()
    paths = [path for path in dn.parameters(terminal) if not path.startswith("channel.kinetics")]
    start = np.array([float(dn.parameters(terminal)[path][0]) for path in paths])

    def observable(values):
        made = dn.replace(terminal, dict(zip(paths, values, strict=True)))
        run = dn.simulate(made, voltage, t1=10.0, dt=0.1)
        return jnp.sum(run.y * jnp.linspace(0.5, 1.5, 100))

    step = 1e-5 * start
    around = start + np.concatenate([np.diag(step), -np.diag(step)])
    values = np.asarray(jax.jit(jax.vmap(observable))(around))
    wanted = (values[: len(start)] - values[len(start) :]) / (2.0 * step)
    assert (np.abs(wanted * start) > 1e-7 * np.abs(values).max()).all()
    np.testing.assert_allclose(compiled(jax.grad(observable))(start), wanted, rtol=1e-6)


def test_any_calcium_channel_will_do():
    terminal = CalciumTerminal(dn.channels.PospischilLTypeCalcium(g_max=2.0))
    voltage = np.where(np.arange(400) < 100, -70.0, 0.0)
    found = dn.simulate(terminal, voltage, t1=10.0, dt=0.025).y
    assert found[99] < 1e-8
    assert found.max() > 0.1


@pytest.mark.parametrize("terminal", [SigmoidTerminal(), CalciumTerminal()])
def test_a_voltage_in_volts_is_refused(terminal):
    with pytest.raises(ValueError, match="looks like volts"):
        dn.simulate(terminal, np.full(10, -0.065), t1=1.0, dt=0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PulseTerminal(duration=0.0), "duration=0.0 ms: make it above 0"),
        (lambda: PulseTerminal(concentration=-1.0), "concentration=-1.0 mM: make it at least 0"),
        (lambda: ExponentialTerminal(time_constant=-1.0), "time_constant=-1.0 ms: make it above"),
        (lambda: SigmoidTerminal(slope=0.0), "slope=0.0 mV: make it above 0"),
        (lambda: CalciumTerminal(recovery_time=-5.0), "recovery_time=-5.0 ms: make it above 0"),
        (lambda: CalciumTerminal(dn.channels.Leak()), "Leak, which carries no calcium: give one"),
        (lambda: CalciumTerminal("ca"), "no channel: give one that carries calcium"),
    ],
)
def test_bad_terminals_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
