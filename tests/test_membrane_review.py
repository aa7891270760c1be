"""Uses of membranes that once went wrong."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import analysis, channels, ions, neurons
from diffneuro._numerics import stationary

pytestmark = pytest.mark.usefixtures("strict")


def pumped(pool):
    """A cell whose pump, at resting calcium, takes out more than there is."""
    parts = {
        "ca": channels.HayHighVoltageCalcium(),
        "leak": channels.Leak(0.1, -70.0),
        "pump": ions.CalciumPump(),
    }
    return neurons.Cell(parts, area=1000.0, ions={"ca": pool})


# Where cells with pools rest


@pytest.mark.parametrize("pool", [ions.CalciumShell(), ions.BufferedCalciumShell()])
def test_a_cell_rests_whose_pump_is_stronger_than_its_calcium(pool):
    cell = pumped(pool)
    x = eqx.filter_jit(cell.initial_state)(jnp.asarray(0.0))
    assert -75.0 < float(x.voltage) < -65.0
    assert 0.0 < float(cell.ions["ca"].ion(x.ions["ca"]).inside) < 1e-4
    rates = jax.tree.leaves(eqx.filter_jit(cell.vector_field)(x, 0.0))
    np.testing.assert_allclose([float(rate) for rate in rates], 0.0, atol=1e-5)


def test_pools_are_not_mixed_up_by_the_order_they_are_given_in():
    """Outside a compiled function a dictionary keeps its order, inside JAX sorts it."""
    pools = {"k": ions.FixedConcentrations(), "ca": ions.CalciumShell(free_fraction=0.5)}
    parts = {"k": channels.SquidPotassium(), "leak": channels.Leak()}
    cell = neurons.Cell(parts, ions=pools)
    outside = cell.initial_state(jnp.asarray(0.0))
    inside = eqx.filter_jit(cell.initial_state)(jnp.asarray(0.0))
    # Nothing carries calcium, so that it stays at rest.
    assert float(outside.ions["ca"]) == float(inside.ions["ca"]) == pytest.approx(1e-4)
    assert float(outside.voltage) == pytest.approx(float(inside.voltage), abs=1e-4)


def test_a_pool_that_moves_runs_beside_one_that_does_not():
    """A state without leaves was taken for a leaf; the constant alone gives the reference."""
    parts = {"k": channels.SquidPotassium(), "leak": channels.Leak()}
    fixed = {"k": ions.FixedConcentrations()}
    alone = neurons.Cell(parts, ions=fixed)
    beside = neurons.Cell(parts, ions={**fixed, "ca": ions.CalciumShell()})
    wanted, found = (dn.simulate(cell, 500.0, t1=5.0).y for cell in (alone, beside))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_noise_in_the_current_leaves_concentrations_to_the_solver():
    """Led like gates they would be of order 1."""
    noisy = neurons.CurrentNoise(pumped(ions.CalciumShell()))
    x = neurons.CellState(jnp.asarray(-70.0), {}, {"ca": jnp.asarray(1e-4)})
    (found,) = jax.tree.leaves(noisy.concentrations(neurons.CurrentNoiseState(x, jnp.zeros(()))))
    assert found is x.ions["ca"]


# Schemes


@pytest.mark.parametrize("v", [-300.0, 0.0, 300.0])
def test_where_chains_settle_is_right_in_value_and_slope_however_steep(v):
    """Shares in the ratio of rates, up to 1e26 and twice over, which float32 cannot square."""

    def settled(v):
        forth, back, none = jnp.exp(v / 10.0), jnp.exp(-v / 10.0), jnp.zeros_like(v)
        rows = [[none, forth, none], [back, none, forth], [none, back, none]]
        return stationary(jnp.stack([jnp.stack(row) for row in rows]))

    def wanted(v):
        return jax.nn.softmax(0.2 * v * jnp.arange(3.0))

    for found, known in ((settled, wanted), (jax.jacrev(settled), jax.jacrev(wanted))):
        at = jnp.asarray(v, jnp.float32)
        np.testing.assert_allclose(found(at), known(at), atol=1e-6)


def test_a_function_as_a_rate_passes_through_jit():
    scheme = channels.KineticScheme(
        {"C": {"O": lambda u: jnp.exp(u.voltage / 20.0)}, "O": {"C": np.float32(0.5)}}, "O"
    )
    run = jax.jit(lambda scheme: dn.simulate(scheme, 10.0, t1=1.0).y)(scheme)
    opening = np.exp(0.5)
    assert float(run[-1]) == pytest.approx(10.0 * opening / (opening + 0.5), rel=1e-5)


@pytest.mark.parametrize("ask", [lambda u: u.ions["ca"], lambda u: ions.kept_ion(u, "ca", "rate")])
def test_channels_that_calcium_opens_may_be_few(ask):
    scheme = channels.KineticScheme(
        {"C": {"O": lambda u: 1e4 * ask(u).inside}, "O": {"C": 1.0}}, "O"
    )
    written_out = channels.GateScheme(channels.SK(0.1), {"z": 1})
    parts = {
        "own": channels.ChannelNoise(scheme, 100.0),
        "sk": channels.ChannelNoise(written_out, 100.0),
        "leak": channels.Leak(),
    }
    cell = neurons.Cell(parts, ions={"ca": ions.CalciumShell()})
    run = dn.simulate(cell, 0.0, t1=1.0, key=jax.random.key(0))
    for name in ("own", "sk"):
        assert float(jnp.sum(run.state.channels[name].fractions)) == pytest.approx(1.0, abs=1e-6)


def test_parameters_of_schemes_may_be_batches():
    slow_and_fast = channels.ExponentialRate(jnp.asarray([1.0, 2.0]))
    scheme = channels.KineticScheme({"C": {"O": slow_and_fast}, "O": {"C": 1.0}}, "O")
    assert dn.parameters(scheme)["rates.C.O.rate"][0].shape == (2,)
    warm = channels.SquidSodium(temperature=jnp.asarray([6.3, 10.0]))
    written_out = channels.GateScheme(warm)
    assert dn.parameters(written_out)["channel.temperature"][0].shape == (2,)


# Sentences

CLAMPED = neurons.VoltageClamp(neurons.Cell({"leak": channels.Leak()}))
TWO_STATES = {"C": {"O": "fast"}, "O": {"C": 1.0}}
OF_NUMBERS = {"C": {"O": lambda v: jnp.exp(v / 20.0)}, "O": {"C": 1.0}}
REFUSED = {
    "a cell of numbers": (lambda: neurons.Cell({"leak": 3.0}), "give a channel"),  # pyright: ignore
    "a neuron as a channel": (lambda: neurons.Cell({"a": neurons.LIF()}), "is a LIF"),  # pyright: ignore
    "a text as a rate": (lambda: channels.KineticScheme(TWO_STATES, "O"), "is the text"),  # pyright: ignore
    "a rate of the voltage": (lambda: channels.KineticScheme(OF_NUMBERS, "O"), "u.voltage"),
    "no gates": (lambda: channels.GateScheme(channels.Leak(), {"n": 1}), "has none"),  # pyright: ignore
    "half a gate": (
        lambda: channels.GateScheme(channels.SquidPotassium(), {"n": 4.0}),  # pyright: ignore
        "make it 1, 2, 3",
    ),
    "threshold of a clamp": (lambda: analysis.threshold_current(CLAMPED, 1.0), "takes a voltage"),
    "rest of a clamp": (lambda: analysis.resting_point(CLAMPED), "takes a voltage"),
    "rest of a pool": (lambda: analysis.resting_point(ions.CalciumShell()), "is not a neuron"),
    "rates of a channel": (lambda: analysis.fi_curve(channels.SK(), [1.0]), "is not a neuron"),
    "an I-V curve": (lambda: analysis.reversal_potential([1.0, 2.0], [1.0]), "one row each"),
    "an activation curve": (
        lambda: analysis.activation_curve([1.0, 2.0], [1.0], 50.0),
        "one row each",
    ),
    "a negative permeability": (
        lambda: ions.ghk_current(0.0, 4.0, 140.0, permeability=-1e-6, valence=1, temperature=37.0),
        "at least 0",
    ),
}


@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_words(bad):
    call, words = bad
    with pytest.raises(ValueError, match=words):
        call()


def test_a_scheme_is_read_from_the_lists_that_a_file_has_of_its_isoform():
    isoform = channels.NAV_ISOFORMS["Nav1.7"]
    assert channels.NavScheme(json.loads(json.dumps(isoform))).isoform == isoform


@pytest.mark.parametrize(
    ("ions", "words"),
    [
        ({"K": dn.ions.AccumulatingIon()}, "names 'K': channels know na, k, cl, ca"),
        ({"ca": dn.ions.FixedConcentrations(1e-4, 2.0)}, "valence=1: make it 2"),
    ],
)
def test_a_pool_must_be_of_its_ion(ions, words):
    with pytest.raises(ValueError, match=words):
        dn.neurons.Cell({"leak": dn.channels.Leak()}, ions=ions)


@pytest.mark.parametrize("command", [-0.06, lambda t: -0.08 + 0.1 * (t > 1.0)])
def test_a_command_in_volts_is_refused(command):
    with pytest.raises(ValueError, match="looks like volts: multiply it by 1000"):
        dn.simulate(dn.channels.SquidSodium(), command, t1=2.0)
    clamp = dn.neurons.IdealVoltageClamp(dn.neurons.HodgkinHuxley())
    with pytest.raises(ValueError, match="looks like volts"):
        dn.simulate(clamp, command, t1=2.0)
