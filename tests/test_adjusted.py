"""Channels whose gates may shift, stretch and hurry, and the problems made of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro._problems import PROBLEMS
from diffneuro.channels import SK, Adjusted, Adjustment, Leak, SquidSodium, TraubMilesSodium

pytestmark = pytest.mark.usefixtures("strict", "x64")

V = np.linspace(-90.0, 30.0, 25)


def gates(channel):
    return jax.vmap(lambda v: channel.gates(dn.Membrane(v)))(jnp.asarray(V))


def test_an_adjustment_that_changes_nothing_is_the_channel():
    adjusted = Adjusted(SquidSodium(), {"m": Adjustment(), "h": Adjustment()})
    step = dn.stimuli.Step(45.0, 0.5, baseline=-80.0)
    one, other = (dn.simulate(c, step, t1=4.0) for c in (adjusted, SquidSodium()))
    assert np.ptp(one.y) > 100.0
    np.testing.assert_allclose(one.y, other.y, rtol=1e-12)
    assert type(one.state) is type(other.state)
    assert adjusted.carried() == {"na": 1.0}


def test_each_gate_shifts_stretches_and_hurries_by_itself():
    plain = gates(TraubMilesSodium())
    found = gates(Adjusted(TraubMilesSodium(), {"h": Adjustment(5.0, 2.0)}))
    np.testing.assert_array_equal(found["m"].opening, plain["m"].opening)
    moved = jax.vmap(lambda v: TraubMilesSodium().gates(dn.Membrane(v)))(jnp.asarray(V - 5.0))
    np.testing.assert_allclose(found["h"].steady_state, moved["h"].steady_state, rtol=1e-12)
    np.testing.assert_allclose(found["h"].time_constant, 0.5 * moved["h"].time_constant, rtol=1e-12)
    wide = Adjusted(TraubMilesSodium(), {"h": Adjustment(stretch=2.0)})
    here = wide.gates(dn.Membrane(jnp.asarray(-60.0)))["h"].steady_state
    there = TraubMilesSodium().gates(dn.Membrane(jnp.asarray(-50.0)))["h"].steady_state
    assert float(here) == pytest.approx(float(there), rel=1e-12)


@pytest.mark.parametrize(
    "name", ["cortical", "bursting", "adapting", "multiscale", "pyramidal", "interneuron"]
)
def test_the_problems_spike_and_name_what_there_is(name):
    problem = PROBLEMS[name]
    cell = problem.make()
    known = dn.parameters(cell)
    assert set(problem.free) <= set(known)
    for path, bounds in problem.free.items():
        assert bounds.low <= float(known[path][0]) <= bounds.high, path
    step = dn.stimuli.Step(400.0, 20.0)
    run = compiled(lambda cell: dn.simulate(cell, step, t1=150.0, dt=0.05))(cell)
    _, count = dn.analysis.spike_times(run, max_spikes=60)
    assert 2 <= int(count) <= 40


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Adjusted(Leak(), {}), "needs a channel with gates"),
        (
            lambda: Adjusted(TraubMilesSodium(), {"x": Adjustment()}),
            "has no gate x; its gates are m, h",
        ),
        (lambda: Adjusted(TraubMilesSodium(), {"m": 2.0}), "from names of gates to Adjustments"),
        (lambda: Adjustment(speed=0.0), "speed=0.0 1: make it above 0"),
    ],
)
def test_bad_adjustments_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_channel_that_sees_calcium_can_be_adjusted():
    adjusted = Adjusted(SK(), {"z": Adjustment(speed=3.0)})
    ion = dn.Ion(jnp.asarray(1e-3), jnp.asarray(2.0), jnp.asarray(120.0))
    membrane = dn.Membrane(jnp.asarray(-60.0), {"ca": ion})
    plain = SK().gates(membrane)["z"].time_constant
    assert float(adjusted.gates(membrane)["z"].time_constant) == pytest.approx(float(plain) / 3.0)
