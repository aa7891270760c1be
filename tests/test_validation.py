"""What a model refuses, in words, when it is made or changed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import neurons, stimuli

REFUSED = {
    "negative capacitance": (lambda: neurons.LIF(capacitance=-5.0), "capacitance=-5.0 pF: make"),
    "a text": (lambda: neurons.LIF(capacitance="200"), "'200' is a text"),
    "zero area": (lambda: neurons.Cell({"leak": dn.channels.Leak()}, area=0.0), "area=0.0 um2"),
    "no channels": (lambda: neurons.Cell({}), "non-empty dictionary"),
    "negative conductance": (lambda: dn.channels.Leak(g_max=-0.1), "g_max=.* at least 0"),
    "no slope": (lambda: neurons.AdEx(slope_factor=0.0), "slope_factor=0.0 mV"),
    "reset above threshold": (lambda: neurons.LIF(reset_potential=-40.0), "below the threshold"),
    "peak below reset": (lambda: neurons.AdEx(peak_potential=-75.0), "peak_potential above"),
    "negative refractory": (lambda: neurons.LIF(refractory_time=-1.0), "refractory_time"),
    "replaced": (lambda: dn.replace(neurons.LIF(), {"capacitance": 0.0}), "capacitance=0.0"),
    "replaced below": (
        lambda: dn.replace(neurons.HodgkinHuxley(), {"channels.na.g_max": -1.0}),
        "SquidSodium has g_max",
    ),
    "replaced to contradict": (
        lambda: dn.replace(neurons.LIF(), {"threshold": -80.0}),
        "below the threshold",
    ),
    "step backwards": (lambda: stimuli.Step(1.0, 10.0, 5.0), "make stop the later"),
    "ramp without length": (lambda: stimuli.Ramp(1.0, 5.0, 5.0), "make stop the later"),
    "pulses that overlap": (lambda: stimuli.PulseTrain(width=20.0, period=10.0), "period"),
    "noise without time": (
        lambda: stimuli.ornstein_uhlenbeck(jax.random.key(0), duration=1.0, time_constant=0.0),
        "time_constant=0.0",
    ),
    "a class": (lambda: dn.simulate(neurons.LIF, 1.0, t1=1.0), "is no model"),
    "a batch": (
        lambda: dn.simulate(neurons.LIF(capacitance=np.full(3, 100.0)), 1.0, t1=1.0),
        r"shape \(3,\).*jax.vmap",
    ),
    "weights": (lambda: dn.losses.Sum((dn.losses.VoltageError(),), (-1.0,)), "not be negative"),
    "precision": (lambda: dn.losses.SpikeTimes(precision=0.0), "must be positive"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    make, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        make()


def test_traced_values_pass_unseen():
    """A search may pass through impossible values; nothing can be looked at while tracing."""

    def end(capacitance):
        lif = dn.replace(neurons.LIF(), {"capacitance": capacitance})
        return dn.simulate(lif, 0.0, t1=1.0, dt=0.1).state.voltage

    assert jnp.isfinite(jax.jit(end)(-5.0))
    assert jax.vmap(end)(jnp.array([100.0, 200.0])).shape == (2,)


def test_more_than_one_spike_a_step_is_said():
    with pytest.warns(UserWarning, match="consecutive steps"):
        dn.simulate(neurons.LIF(refractory_time=0.0), 1e6, t1=1.0, dt=0.1)


@pytest.mark.parametrize("current", [-4000.0, -300.0, 0.0, 300.0])
@pytest.mark.parametrize("make", [neurons.HodgkinHuxley, neurons.AdEx, neurons.LIF])
def test_initial_state_is_at_rest_wherever_that_is(make, current, x64):
    model = make()
    rates = model.vector_field(model.initial_state(current), current)
    for rate in jax.tree.leaves(rates):
        assert abs(float(rate)) < 1e-6


def test_adaptation_lifts_the_highest_rest_above_the_threshold(x64):
    model = neurons.AdEx(adaptation_conductance=20.0, leak_conductance=5.0, slope_factor=4.0)
    state = model.initial_state(550.0)
    assert float(model.output(state, 550.0)) == pytest.approx(-46.47, abs=0.05)
    assert abs(float(model.vector_field(state, 550.0).distance)) < 1e-6
