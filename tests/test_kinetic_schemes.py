"""Kinetic schemes: conservation, stiffness, and the channels they must equal."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import diffneuro as dn
from diffneuro._compile import loops_folded
from diffneuro._numerics import root_above_zero, solve_dominant, stationary
from diffneuro.channels import (
    NAV_ISOFORMS,
    ExponentialRate,
    GateScheme,
    KineticScheme,
    NavScheme,
    SquidPotassium,
    SquidSodium,
)
from diffneuro.solvers import ExponentialEuler

TWO = {"C": {"O": lambda u: 2.0 * jnp.exp(u.voltage / 20.0)}, "O": {"C": 0.5}}


def generator(scheme, v):
    """dx/dt = G x under clamp, in plain numbers."""
    rates = np.array(scheme.rate_matrix(dn.Membrane(jnp.asarray(v))), float)
    return rates.T - np.diag(rates.sum(1))


def clamp_step(scheme, fractions, v, dt):
    x, u = dn.Occupancy(jnp.asarray(fractions)), dn.Membrane(jnp.asarray(v))
    return ExponentialEuler().step(scheme, x, (u,), dt).fractions


# The step


def test_a_step_under_clamp_is_of_order_three(x64):
    scheme = NavScheme()
    start = np.asarray(scheme.initial_state(dn.Membrane(jnp.asarray(-80.0))).fractions)
    exact = expm(1.0 * generator(scheme, -20.0)) @ start
    step = jax.jit(lambda x, dt: clamp_step(scheme, x, -20.0, dt))

    def error(count):
        x = start
        for _ in range(count):
            x = step(x, 1.0 / count)
        return np.abs(x - exact).max()

    errors = np.array([error(count) for count in (40, 80, 160)])
    assert errors[-1] < 1e-5
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), 3.0, atol=0.15)


@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
def test_stiff_rates_neither_ring_nor_go_below_zero(double):
    ring = {
        "A": {"B": 1e3, "C": 1.0},
        "B": {"A": 200.0, "C": 1e3},
        "C": {"B": 1e-3, "A": 1e3},
    }
    with jax.enable_x64(double):
        scheme = KineticScheme(ring, conducting="C")
        settled = scheme.initial_state(dn.Membrane(jnp.asarray(0.0))).fractions
        step = jax.jit(lambda x: clamp_step(scheme, x, 0.0, 0.1))
        for start in np.eye(3):
            x, distance = start, np.inf
            for _ in range(4):
                x = step(x)
                assert (np.asarray(x) >= 0).all()
                assert np.abs(x - settled).max() <= distance + 4.0 * np.finfo(x.dtype).eps
                distance = np.abs(x - settled).max()
            assert distance < 1e-4


def test_a_two_state_gate_settles_from_one_side_at_any_step(x64):
    scheme = KineticScheme({"C": {"O": 300.0}, "O": {"C": 700.0}}, conducting="O")
    step = jax.jit(lambda dt: clamp_step(scheme, [1.0, 0.0], 0.0, dt)[1])
    opened = np.array([step(dt) for dt in (1e-4, 1e-3, 3e-3, 1e-2, 0.1, 10.0)])
    assert (np.diff(opened) > 0).all()
    assert (opened < 0.3 + 1e-9).all()
    assert opened[-1] == pytest.approx(0.3, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
def test_the_sum_stays_one(double):
    with jax.enable_x64(double):
        scheme = GateScheme()

        def move(x, v):
            return clamp_step(scheme, x, v, 0.1), None

        v = -40.0 + 60.0 * np.sin(0.01 * np.arange(100_000))
        start = scheme.initial_state(dn.Membrane(jnp.asarray(-65.0))).fractions
        end = jax.jit(lambda x, v: jax.lax.scan(move, x, v)[0])(start, jnp.asarray(v, start.dtype))
        assert abs(float(end.sum()) - 1.0) <= 4.0 * np.finfo(start.dtype).eps
        assert (np.asarray(end) > -1e-7).all()


def test_the_time_loop_of_a_cell_with_a_scheme_is_folded():
    cell = dn.neurons.Cell(
        {"k": GateScheme(SquidPotassium(), {"n": 4}), "leak": dn.channels.Leak()}
    )
    state = cell.initial_state(0.0)

    def last(cell, current):
        return dn.simulate(cell, current, t1=10.0, dt=0.05, state=state).y[-1]

    for function in (last, jax.grad(last)):
        text = jax.jit(function).lower(cell, jnp.zeros(200)).compile().as_text()
        assert " while(" in text
        assert loops_folded(text)


def test_gradient_of_a_clamped_current_equals_differences(x64):
    def current(rate, slope):
        rates = {"C": {"O": ExponentialRate(rate, slope)}, "O": {"C": 0.5}}
        scheme = KineticScheme(rates, conducting="O", reversal_potential=50.0)
        return dn.simulate(scheme, jnp.linspace(-80.0, 20.0, 40), t1=1.0, dt=0.025).y[-1]

    current = jax.jit(current)
    found = jax.jit(jax.grad(current, (0, 1)))(2.0, 20.0)
    for number, step in enumerate((1e-5, 1e-4)):
        above, below = [2.0, 20.0], [2.0, 20.0]
        above[number] += step
        below[number] -= step
        difference = float(current(*above) - current(*below)) / (2.0 * step)
        assert found[number] == pytest.approx(difference, rel=1e-7)


# The numbers


def test_stationary_shares_solve_the_balance(x64):
    rates = np.exp(np.random.default_rng(1).normal(0.0, 4.0, (6, 6)))
    np.fill_diagonal(rates, 0.0)
    shares = np.asarray(stationary(jnp.asarray(rates)))
    flow = rates * shares[:, None]
    np.testing.assert_allclose(flow.sum(0), flow.sum(1), rtol=1e-12)
    assert shares.sum() == pytest.approx(1.0, rel=1e-14)


def test_solve_dominant_solves(x64):
    random = np.random.default_rng(2)
    matrix, right = random.normal(size=(5, 5)) + 6.0 * np.eye(5), random.normal(size=5)
    found = solve_dominant(jnp.asarray(matrix), jnp.asarray(right))
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-12)


def test_the_guarded_root_has_finite_derivatives():
    value, slope = jax.vmap(jax.value_and_grad(root_above_zero))(jnp.array([-1.0, 0.0, 4.0]))
    np.testing.assert_allclose(value, [0.0, 0.0, 2.0])
    np.testing.assert_allclose(slope, [0.0, 0.0, 0.25])


# The schemes of gated channels


@pytest.mark.parametrize(
    ("gated", "powers", "count"),
    [
        pytest.param(SquidSodium, {"m": 3, "h": 1}, 8, marks=pytest.mark.slow),
        (SquidPotassium, {"n": 4}, 5),
    ],
)
def test_a_scheme_has_the_mean_of_its_gates(x64, gated, powers, count):
    scheme = GateScheme(gated(), powers)
    assert len(scheme.states) == count
    v = -40.0 + 60.0 * np.sin(2.0 * np.arange(0.0, 5.0, 0.005))
    for held in (-120.0, -65.0, -30.0, 40.0):
        u = dn.Membrane(jnp.asarray(held))
        wanted = float(gated().open_fraction(gated().initial_state(u), u))
        assert scheme.open_fraction(scheme.initial_state(u)) == pytest.approx(wanted, rel=1e-12)

    def fraction(channel, opened):
        return dn.simulate(channel, v, t1=5.0, dt=0.005, record=opened).y

    found = fraction(scheme, lambda x, u: scheme.open_fraction(x))
    wanted = fraction(gated(), gated().open_fraction)
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.slow
def test_a_cell_fires_the_same_with_schemes(x64):
    leak = dn.channels.Leak()
    gated = dn.neurons.Cell({"na": SquidSodium(), "k": SquidPotassium(), "leak": leak})
    schemes = {"na": GateScheme(), "k": GateScheme(SquidPotassium(), {"n": 4}), "leak": leak}
    voltages = [
        np.asarray(dn.simulate(cell, 1000.0, t1=20.0, dt=0.01).y)
        for cell in (gated, dn.neurons.Cell(schemes))
    ]
    assert voltages[0].max() > 20.0
    np.testing.assert_allclose(*voltages, atol=0.1)


@pytest.mark.parametrize(
    ("powers", "message"),
    [
        ({"m": 2, "h": 1}, "powers of its equation"),
        ({"m": 3}, "every gate"),
        ({"m": 3, "h": 0}, "the power of gate 'h' is 0"),
    ],
)
def test_wrong_powers_are_refused(powers, message):
    with pytest.raises(ValueError, match=message):
        GateScheme(SquidSodium(), powers)


# Schemes that a user declares


def test_a_declared_scheme_is_its_closed_form(x64):
    rates = {"C": {"O": ExponentialRate(2.0, 20.0)}, "O": {"C": 0.5}}
    scheme = KineticScheme(rates, conducting={"O": 0.5}, g_max=3.0, reversal_potential=-70.0)
    u = dn.Membrane(jnp.asarray(-20.0))
    opening, closing = 2.0 * np.exp(-1.0), 0.5
    steady = opening / (opening + closing)
    x = scheme.initial_state(u)
    assert scheme.shares(x)["O"] == pytest.approx(steady, rel=1e-12)
    assert scheme.output(x, u) == pytest.approx(3.0 * 0.5 * steady * 50.0, rel=1e-12)
    assert set(dn.parameters(scheme)) == {
        "rates.C.O.rate",
        "rates.C.O.slope",
        "rates.O.C.rate",
        "g_max",
        "reversal_potential",
    }


def test_a_rate_may_depend_on_an_ion(x64):
    rates = {"C": {"O": lambda u: 1e3 * u.ions["ca"].inside}, "O": {"C": 0.2}}
    scheme = KineticScheme(rates, conducting="O", ion="k", reversal_potential=-90.0)
    calcium = dn.Ion(jnp.asarray(3e-4), jnp.asarray(2.0), jnp.asarray(120.0))
    x = scheme.initial_state(dn.Membrane(jnp.asarray(-60.0), {"ca": calcium}))
    assert scheme.open_fraction(x) == pytest.approx(0.3 / 0.5, rel=1e-12)
    assert scheme.carried() == {"k": 1.0}


@pytest.mark.parametrize(
    ("rates", "conducting", "message"),
    [
        ({"C": {"O": 1.0}}, "O", "no rate leads out of 'O'"),
        ({"C": {"O": 1.0}, "O": {}}, "O", "'O' never turns back"),
        ({"C": {"O": 1.0}, "O": {"C": 1.0}, "X": {"O": 1.0}}, "O", "'X' is never reached"),
        (TWO, "o", "'o', which is no state of the scheme"),
        (TWO, {"O": -1.0}, "the conductance -1"),
        ({"C": {"O": lambda u: -u.voltage}, "O": {"C": 1.0}}, "O", "from 'C' to 'O' is -60"),
        ({"C": {"O": -1.0}, "O": {"C": 1.0}}, "O", "above 0"),
        ({"C": {"C": 1.0}}, "C", "'C' to itself"),
        ({"C": 1.0}, "C", "dictionary of dictionaries"),
        ({}, "C", "rates is empty"),
    ],
)
def test_a_scheme_that_makes_no_sense_is_refused(rates, conducting, message):
    with pytest.raises(ValueError, match=message):
        KineticScheme(rates, conducting=conducting)


# Human sodium channels


def _independent_peak(isoform, holding, v):
    """The largest open fraction after a step, by another integrator and from the rates' text."""
    places = {name: number for number, name in enumerate(("C1", "C2", "I1", "I2", "O1", "O2"))}

    def matrix(voltage):
        full = np.zeros((6, 6))
        for name, terms in isoform._asdict().items():
            start, end = (places[part.upper()] for part in name.split("_"))
            rate = sum(b / (1.0 + np.exp((voltage - h) / s)) for b, h, s in terms)
            full[end, start] += rate
            full[start, start] -= rate
        return full

    balance = np.vstack([matrix(holding), np.ones(6)])
    start = np.linalg.lstsq(balance, np.eye(7)[6], rcond=None)[0]
    times = np.arange(0.0, 20.0, 0.02)
    step = matrix(v)
    run = solve_ivp(lambda t, x: step @ x, (0, 20), start, "LSODA", times, rtol=1e-9, atol=1e-12)
    return (run.y[4] + run.y[5]).max()


def test_human_sodium_channels_open_as_their_rates_say(x64):
    for name, v in itertools.product(("Nav1.1", "Nav1.6"), (-30.0,)):
        channel = NavScheme(NAV_ISOFORMS[name])
        state = channel.initial_state(dn.Membrane(jnp.asarray(-120.0)))
        run = dn.simulate(
            channel, v, t1=20.0, dt=0.02, state=state, record=lambda x, u: x.fractions
        )
        opened = np.asarray(run.y[:, 4] + run.y[:, 5]).max()
        assert opened == pytest.approx(_independent_peak(NAV_ISOFORMS[name], -120.0, v), rel=2e-3)


def half_activation(name):
    """The voltage of half the largest peak conductance, in steps from -120 mV."""
    channel = NavScheme(NAV_ISOFORMS[name])
    steps = np.arange(-90.0, 61.0, 2.0)
    state = channel.initial_state(dn.Membrane(jnp.asarray(-120.0)))

    def peak(v):
        run = dn.simulate(
            channel, v, t1=10.0, dt=0.02, state=state, record=lambda x, u: channel.open_fraction(x)
        )
        return run.y.max()

    peaks = np.asarray(jax.jit(jax.vmap(peak))(jnp.asarray(steps)))
    rising = slice(0, peaks.argmax() + 1)
    return np.interp(0.5, peaks[rising] / peaks.max(), steps[rising])


@pytest.mark.slow
def test_isoforms_activate_in_the_order_that_is_known():
    """Nav1.9 far below, Nav1.8 far above the others."""
    found = {name: half_activation(name) for name in ("Nav1.9", "Nav1.7", "Nav1.1", "Nav1.8")}
    assert sorted(found, key=found.__getitem__) == list(found)


def test_an_isoform_by_name_is_refused():
    with pytest.raises(ValueError, match="NAV_ISOFORMS"):
        NavScheme("Nav1.6")
