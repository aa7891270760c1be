"""Ions: potentials, pools, pumps, and the cells they keep alive."""

import functools
import itertools
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro import analysis, ions
from diffneuro.solvers import RungeKutta4

pytestmark = pytest.mark.usefixtures("strict")

FARADAY = 96485.33212


class LeakOf(dn.channels.AbstractGatedChannel):
    """A constant conductance for one ion."""

    ion: ClassVar[str | None] = "k"
    g_max: Any = dn.parameter(0.1, "mS/cm2", at_least=0.0)
    reversal_potential: Any = dn.parameter(-90.0, "mV")

    def gates(self, u, /):
        return {}

    def open_fraction(self, x, u, /):
        return jnp.ones_like(u.voltage)


class SodiumLeak(LeakOf):
    """The same for sodium."""

    ion: ClassVar[str | None] = "na"
    reversal_potential: Any = dn.parameter(55.0, "mV")


class Calcium(dn.channels.AbstractGatedChannel):
    """A calcium channel with one gate."""

    ion: ClassVar[str | None] = "ca"
    g_max: Any = dn.parameter(0.2, "mS/cm2", at_least=0.0)
    reversal_potential: Any = dn.parameter(120.0, "mV")

    def gates(self, u, /):
        steady = jax.nn.sigmoid((u.voltage + 50.0) / 6.0)
        return {"m": dn.channels.from_steady_state(steady, jnp.asarray(2.0))}

    def open_fraction(self, x, u, /):
        return x["m"]


class OpenedByCalcium(dn.channels.AbstractGatedChannel):
    """A potassium channel whose gate sees calcium alone."""

    ion: ClassVar[str | None] = "k"
    g_max: Any = dn.parameter(1.0, "mS/cm2", at_least=0.0)
    reversal_potential: Any = dn.parameter(-85.0, "mV")

    def gates(self, u, /):
        steady = 1.0 / (1.0 + (4.3e-4 / u.ions["ca"].inside) ** 4.8)
        return {"z": dn.channels.from_steady_state(steady, jnp.asarray(1.0))}

    def open_fraction(self, x, u, /):
        return x["z"]


@eqx.filter_jit
def rest_of(cell):
    """A cell at rest, and its rates there."""
    x = cell.initial_state(jnp.asarray(0.0))
    return x, cell.vector_field(x, jnp.asarray(0.0))


def central(function, start, step=1e-5):
    """The Jacobian by differences of the fourth order, relative to each value."""
    columns = []
    for place, value in enumerate(start):
        h = step * abs(value)
        moved = [function(start.at[place].add(k * h)) for k in (-2, -1, 1, 2)]
        weighted = zip((1.0, -8.0, 8.0, -1.0), moved, strict=True)
        columns.append(sum(weight * np.asarray(one) for weight, one in weighted) / (12.0 * h))
    return np.stack(columns, axis=-1)


# Potentials


def test_nernst_potential_of_potassium(x64):
    found = float(ions.nernst(5.0, 100.0, valence=1, temperature=37.0))
    assert found == pytest.approx(-80.07, abs=0.005)
    assert found == pytest.approx(1e3 * 8.31446261815324 * 310.15 / FARADAY * np.log(0.05))
    # Twice the charge, half the potential; calcium's is positive.
    assert float(ions.nernst(100.0, 5.0, valence=2, temperature=37.0)) == pytest.approx(-found / 2)


def test_nernst_takes_arrays_and_transformations(x64):
    outside, inside = np.array([2.5, 5.0, 10.0]), np.array([[130.0], [140.0]])
    found = ions.nernst(outside, inside[0], valence=1, temperature=37.0)
    assert found.shape == (3,)
    traced = jax.jit(lambda c: ions.nernst(c, 130.0, valence=1, temperature=37.0))(outside)
    np.testing.assert_allclose(traced, found, rtol=1e-14)
    slope = jax.grad(lambda c: ions.nernst(c, 130.0, valence=1, temperature=37.0))(5.0)
    assert float(slope) == pytest.approx(float(ions.thermal_voltage(37.0)) / 5.0)
    assert float(ions.absolute_temperature(6.3)) == pytest.approx(279.45)


SQUID = {
    "permeability": {"k": 1.0, "na": 0.04, "cl": 0.45},
    "outside": {"k": 20.0, "na": 440.0, "cl": 560.0},
    "inside": {"k": 400.0, "na": 50.0, "cl": 52.0},
}


def test_goldman_potential_is_where_the_goldman_currents_cancel(x64):
    rest = ions.ghk_voltage(**SQUID, temperature=20.0)
    # Hodgkin & Katz 1949 give these permeabilities to an axon that rests near -60 mV.
    assert -65.0 < float(rest) < -55.0
    valences = {"k": 1, "na": 1, "cl": -1}
    currents = [
        ions.ghk_current(
            rest,
            SQUID["outside"][ion],
            SQUID["inside"][ion],
            permeability=1e-6 * share,
            valence=valences[ion],
            temperature=20.0,
        )
        for ion, share in SQUID["permeability"].items()
    ]
    assert np.abs(currents).max() > 0.1
    assert float(sum(currents)) == pytest.approx(0.0, abs=1e-12)


def test_goldman_potential_of_one_ion_is_its_nernst_potential(x64):
    only = {"k": 1.0, "na": 0.0, "cl": 0.0}
    found = ions.ghk_voltage(only, SQUID["outside"], SQUID["inside"], temperature=20.0)
    wanted = ions.nernst(20.0, 400.0, valence=1, temperature=20.0)
    assert float(found) == pytest.approx(float(wanted))
    only = {"k": 0.0, "na": 0.0, "cl": 2.0}
    found = ions.ghk_voltage(only, SQUID["outside"], SQUID["inside"], temperature=20.0)
    wanted = ions.nernst(560.0, 52.0, valence=-1, temperature=20.0)
    assert float(found) == pytest.approx(float(wanted))


def _calcium_current(v):
    return ions.ghk_current(v, 2.0, 1e-4, permeability=1e-5, valence=2, temperature=37.0)


def test_goldman_current_is_the_textbooks_quotient_without_its_hole(x64):
    v = np.array([-90.0, -7.0, 3.0, 60.0])
    xi = 2.0 * v / float(ions.thermal_voltage(37.0))
    quotient = xi * (1e-4 - 2.0 * np.exp(-xi)) / (1.0 - np.exp(-xi))
    np.testing.assert_allclose(_calcium_current(v), 1e-5 * 2.0 * FARADAY * quotient, rtol=1e-12)
    assert float(_calcium_current(0.0)) == pytest.approx(1e-5 * 2.0 * FARADAY * (1e-4 - 2.0))
    reversal = ions.nernst(2.0, 1e-4, valence=2, temperature=37.0)
    assert float(_calcium_current(reversal)) == pytest.approx(0.0, abs=1e-12)
    # The slope at 0 mV is half the sum of both sides' limits.
    wanted = 1e-5 * 4.0 * FARADAY / float(ions.thermal_voltage(37.0)) * 0.5 * (2.0 + 1e-4)
    assert float(jax.grad(_calcium_current)(0.0)) == pytest.approx(wanted)


def test_goldman_current_is_smooth_in_single_precision():
    v = jnp.linspace(-0.5, 0.5, 1001, dtype=jnp.float32)
    slope = jax.jit(jax.vmap(jax.grad(_calcium_current)))
    slopes = np.asarray(slope(v), float)
    assert np.isfinite(slopes).all()
    with jax.enable_x64(True):
        wanted = np.asarray(slope(np.asarray(v, np.float64)))
    np.testing.assert_allclose(slopes, wanted, rtol=1e-5)


def test_chord_conductance_potential_is_where_a_passive_cell_rests(x64):
    conductance = {"na": 0.02, "k": 0.4, "cl": 0.1}
    potential = {"na": 55.0, "k": -90.0, "cl": -70.0}
    cell = dn.neurons.Cell(
        {
            name: dn.channels.Leak(g_max=g, reversal_potential=potential[name])
            for name, g in conductance.items()
        }
    )
    rest = rest_of(cell)[0].voltage
    found = ions.chord_conductance_potential(conductance, potential)
    assert float(found) == pytest.approx(float(rest), abs=1e-10)
    assert float(found) == pytest.approx((0.02 * 55.0 - 0.4 * 90.0 - 0.1 * 70.0) / 0.52)


# Pools


def test_calcium_shell_is_the_equation_of_its_paper(x64):
    """In the paper's units, with the current in mA/cm2."""
    shell = ions.CalciumShell()
    x, current = jnp.asarray(3e-4), jnp.asarray(-12.0)
    wanted = -1e4 * (-12e-3 * 0.05 / (2.0 * FARADAY * 0.1)) - (3e-4 - 1e-4) / 80.0
    assert float(shell.vector_field(x, current)) == pytest.approx(wanted, rel=1e-12)


def test_calcium_shell_rises_and_settles_in_closed_form(x64):
    shell = ions.CalciumShell()
    run = dn.simulate(shell, -2.0, t1=200.0, dt=0.5)
    settled = float(shell.initial_state(jnp.asarray(-2.0)))
    assert settled == pytest.approx(1e-4 + 80.0 * 10.0 * 0.05 * 2.0 / (2.0 * FARADAY * 0.1))
    wanted = settled + (1e-4 - settled) * np.exp(-np.asarray(run.t) / 80.0)
    np.testing.assert_allclose(run.y, wanted, rtol=1e-10)


@pytest.mark.parametrize("pool", [ions.CalciumShell(), ions.BufferedCalciumShell()])
def test_pools_that_settle_start_settled(pool, x64):
    pool = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), pool)
    for current in (-3.0, 0.0):
        x = pool.initial_state(jnp.asarray(current))
        rates = jax.tree.leaves(pool.vector_field(x, jnp.asarray(current)))
        np.testing.assert_allclose(rates, 0.0, atol=1e-16)


def test_buffer_takes_calcium_without_losing_any(x64):
    """Nothing is cleared here, so mass action decides where the total of the two ends up."""
    shell = ions.BufferedCalciumShell(time_constant=1e15)
    start = ions.BufferedCalcium(jnp.asarray(0.05), jnp.asarray(0.0))
    run = dn.simulate(shell, 0.0, t1=40.0, dt=0.025, state=start, record=lambda x, u: x)
    np.testing.assert_allclose(run.y.total, 0.05, rtol=1e-12)
    buffer, constant, total = 0.1, 5.14e-5, 0.05
    half = 0.5 * (buffer + constant + total)
    bound = half - np.sqrt(half**2 - buffer * total)
    assert float(run.state.bound) == pytest.approx(bound, rel=1e-9)
    # Before that most of it is free: the first step binds only a tenth or so.
    assert 0.01 < float(run.y.bound[1]) / bound < 0.2


def test_what_leaves_one_side_arrives_on_the_other(x64):
    pool = ions.AccumulatingIon(depth_inside=0.5, depth_outside=0.05)
    run = dn.simulate(
        pool, lambda t: 30.0 * jnp.sin(0.2 * t) + 5.0, t1=100.0, record=lambda x, u: pool.ion(x)
    )
    amount = 0.5 * np.asarray(run.y.inside) + 0.05 * np.asarray(run.y.outside)
    assert np.ptp(run.y.outside) > 1.0
    np.testing.assert_allclose(amount, 0.5 * 140.0 + 0.05 * 4.0, rtol=1e-14)
    wanted = ions.nernst(run.y.outside, run.y.inside, valence=1, temperature=37.0)
    np.testing.assert_allclose(run.y.reversal_potential, wanted, rtol=1e-12)


def test_a_bath_brings_the_outside_back(x64):
    """The outside settles where the exchange takes away what the current brings."""
    pool = ions.AccumulatingIon(depth_inside=1e6, depth_outside=0.05, exchange_rate=0.1)
    state = dn.simulate(pool, 2.0, t1=400.0).state
    brought = 10.0 * 2.0 / (FARADAY * 0.05)
    assert float(pool.ion(state).outside) == pytest.approx(4.0 + brought / 0.1, rel=1e-6)


def test_small_steps_are_not_lost_in_single_precision():
    """Each moves the concentration by less than the last digit of 140 mM."""
    pool = ions.AccumulatingIon(depth_inside=5.0)
    run = dn.simulate(pool, 1.0, t1=100.0, dt=0.025)
    wanted = -10.0 * 100.0 / (FARADAY * 5.0)
    assert abs(wanted) / 4000 < np.spacing(np.float32(140.0)) / 10
    assert float(run.state.gained) == pytest.approx(wanted, rel=1e-4)


def test_chloride_goes_against_its_current(x64):
    cations, anions = ions.AccumulatingIon(), ions.AccumulatingIon(valence=-1)
    x = cations.initial_state(jnp.asarray(0.0))
    out = jnp.asarray(3.0)
    gained = float(cations.vector_field(x, out).gained)
    assert gained < 0.0
    assert float(anions.vector_field(x, out).gained) == pytest.approx(-gained)


# Pumps


def _membrane(v, *, na=(12.0, 140.0), k=(140.0, 4.0), ca=(2e-4, 2.0)):
    def ion(sides, valence):
        inside, outside = (jnp.asarray(side, jnp.result_type(float)) for side in sides)
        potential = ions.nernst(outside, inside, valence=valence, temperature=37.0)
        return dn.Ion(inside, outside, potential)

    return dn.Membrane(v, {"na": ion(na, 1), "k": ion(k, 1), "ca": ion(ca, 2)})


PUMPS = {
    name: getattr(ions, name)
    for name in ("SodiumPotassiumPump", "CalciumPump", "SodiumCalciumExchanger")
}
every_pump = pytest.mark.parametrize("name", PUMPS)


def test_sodium_potassium_pump_is_the_papers(x64):
    """Worked out by hand from the paper's formula at -80 mV, 12 and 140 mM Na, 5.4 mM K."""
    thermal = 8.31446261815324e3 * 310.15 / FARADAY
    sigma = (np.exp(140.0 / 67.3) - 1.0) / 7.0
    voltage = 1.0 / (1.0 + 0.1245 * np.exp(8.0 / thermal) + 0.0365 * sigma * np.exp(80.0 / thermal))
    wanted = 1.5 * voltage / (1.0 + (10.0 / 12.0) ** 1.5) * 5.4 / (5.4 + 1.5)
    pump = ions.SodiumPotassiumPump()
    found = pump.output((), _membrane(jnp.asarray(-80.0), k=(140.0, 5.4)))
    assert float(found) == pytest.approx(wanted, rel=1e-12)
    # Far from its limits it runs at full speed, and sodium at its half slows it to half.
    fast = {"k": (140.0, 1e9), "na": (1e9, 140.0)}
    full = float(pump.output((), _membrane(jnp.asarray(900.0), **fast)))
    assert full == pytest.approx(1.5 / (1.0 + 0.1245 * np.exp(-90.0 / thermal)), rel=1e-6)
    half = float(pump.output((), _membrane(jnp.asarray(900.0), k=(140.0, 1e9), na=(10.0, 140.0))))
    assert half == pytest.approx(full / 2, rel=1e-6)
    assert pump.carried() == {"na": 3.0, "k": -2.0}


def test_exchanger_reverses_where_its_ions_are_in_balance(x64):
    exchanger = ions.SodiumCalciumExchanger()
    u = _membrane(jnp.asarray(0.0))
    balance = 3.0 * u.ions["na"].reversal_potential - 2.0 * u.ions["ca"].reversal_potential
    current = functools.partial(exchanger.output, ())
    assert -80.0 < float(balance) < -30.0
    assert float(current(u._replace(voltage=balance))) == pytest.approx(0.0, abs=1e-12)
    # Below, calcium leaves and three sodium ions come in: a net charge inward.
    below = float(current(u._replace(voltage=balance - 20.0)))
    assert below < -1e-3
    assert exchanger.carried()["ca"] * below > 0.0
    assert sum(exchanger.carried().values()) == 1.0


def test_exchanger_is_the_papers_in_another_arrangement(x64):
    """Divided by what is outside, as later models of the same exchanger write it."""
    thermal = 8.31446261815324e3 * 310.15 / FARADAY
    v = -40.0 / thermal
    filled = 140.0**3 / (87.5**3 + 140.0**3) * 2.0 / (1.38 + 2.0)
    net = np.exp(v) * (12.0 / 140.0) ** 3 - 2e-4 / 2.0
    wanted = 2000.0 * filled * net / (np.exp(0.65 * v) + 0.1)
    found = ions.SodiumCalciumExchanger().output((), _membrane(jnp.asarray(-40.0)))
    assert float(found) == pytest.approx(wanted, rel=1e-12)


def test_calcium_pump_is_half_saturated_at_its_constant(x64):
    pump = ions.CalciumPump()
    found = [
        float(pump.output((), _membrane(jnp.asarray(-60.0), ca=(inside, 2.0))))
        for inside in (5e-4, 1.5e-3)
    ]
    np.testing.assert_allclose(found, [1.15 / 2, 1.15 * 3 / 4])


@every_pump
@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
def test_pumps_are_finite_over_a_wide_range_of_voltage(name, double):
    with jax.enable_x64(double):
        pump, v = PUMPS[name](), jnp.linspace(-150.0, 100.0, 501)

        def current(v):
            return pump.output((), _membrane(v))

        values, slopes = jax.jit(jax.vmap(jax.value_and_grad(current)))(v)
        assert values.dtype == slopes.dtype == v.dtype
        assert np.isfinite(values).all()
        assert np.isfinite(slopes).all()
        assert np.abs(values).max() > 0.01


@every_pump
def test_gradients_of_pumps_equal_central_differences(name, x64):
    pump = PUMPS[name]()
    known = {path: value for path, (value, _) in dn.parameters(pump).items()}
    sides = jnp.array([12.0, 140.0, 130.0, 4.0, 2e-4, 2.0, -52.0])

    def current(values):
        na, k, ca = values[0:2], values[2:4], values[4:6]
        own = dict(zip(known, values[7:], strict=True))
        u = _membrane(values[6], na=tuple(na), k=tuple(k), ca=tuple(ca))
        return dn.replace(pump, own).output((), u)

    start = jnp.concatenate([sides, jnp.stack(list(known.values()))])
    wanted = central(jax.jit(current), start, 1e-4)
    found = jax.jit(jax.grad(current))(start)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)
    assert np.abs(wanted[7:]).min() > 0.0


@every_pump
def test_a_pump_runs_under_voltage_clamp(name):
    pump = PUMPS[name]()
    run = dn.simulate(pump, _membrane(-70.0), t1=1.0, dt=0.1)
    wanted = pump.output((), _membrane(jnp.asarray(-70.0)))
    np.testing.assert_allclose(run.y, np.full(10, wanted), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "kept", "missing"),
    [
        ("SodiumPotassiumPump", {}, "na"),
        ("SodiumPotassiumPump", {"na": ions.AccumulatingIon()}, "k"),
        ("CalciumPump", {}, "ca"),
        ("SodiumCalciumExchanger", {"na": ions.AccumulatingIon()}, "ca"),
    ],
)
def test_a_pump_without_its_pool_says_which_to_add(name, kept, missing):
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(), "pump": PUMPS[name]()}, ions=kept)
    pattern = f"{name} needs the concentrations of '{missing}'.*ions={{'{missing}': ions\\."
    with pytest.raises(ValueError, match=pattern):
        dn.simulate(cell, 0.0, t1=1.0)
    with pytest.raises(ValueError, match=pattern):
        cell.initial_state(jnp.asarray(0.0))


# Cells


def test_reversal_potentials_follow_pools_and_are_constants_without(x64):
    channel = LeakOf(g_max=2.0)
    alone = dn.neurons.Cell({"k": channel})
    kept = dn.neurons.Cell({"k": channel}, ions={"k": ions.FixedConcentrations(outside=8.0)})
    other = dn.neurons.Cell({"k": channel}, ions={"na": ions.FixedConcentrations(12.0, 140.0)})
    rest = [float(rest_of(cell)[0].voltage) for cell in (alone, kept, other)]
    wanted = float(ions.nernst(8.0, 140.0, valence=1, temperature=37.0))
    np.testing.assert_allclose(rest, [-90.0, wanted, -90.0], rtol=1e-9)


def test_gradients_reach_fixed_concentrations(x64):
    cell = dn.neurons.Cell(
        {"k": dn.channels.SquidPotassium(), "na": dn.channels.SquidSodium(), "l": SodiumLeak()},
        ions={
            "k": ions.FixedConcentrations(400.0, 20.0, 6.3),
            "na": ions.FixedConcentrations(50.0, 440.0, 6.3),
        },
    )
    paths = ("ions.k.outside", "ions.na.inside", "ions.k.temperature")

    def last(values):
        model = dn.replace(cell, dict(zip(paths, values, strict=True)))
        return dn.simulate(model, 600.0, t1=3.0, dt=0.05).y[-1]

    start = jnp.array([20.0, 50.0, 6.3])
    wanted = central(compiled(last), start)
    np.testing.assert_allclose(compiled(jax.grad(last))(start), wanted, rtol=1e-6)
    assert np.abs(wanted).min() > 1e-3


def _calcium_cell(pool=None, **channels):
    pool = ions.CalciumShell(time_constant=20.0) if pool is None else pool
    parts = {
        **dn.neurons.HodgkinHuxley().channels,
        "ca": Calcium(),
        "sk": OpenedByCalcium(),
        **channels,
    }
    return dn.neurons.Cell(parts, ions={"ca": pool})


@pytest.mark.parametrize("g", [1e-3, 0.2, 5.0])
def test_rest_with_calcium_is_a_fixed_point(g, x64):
    """From hardly any calcium to a thousand times the resting one."""
    cell = dn.neurons.Cell(
        {"leak": dn.channels.Leak(), "ca": Calcium(g_max=g), "sk": OpenedByCalcium()},
        ions={"ca": ions.CalciumShell()},
    )
    x, rates = rest_of(cell)
    assert float(rates.voltage) == pytest.approx(0.0, abs=1e-10)
    assert float(rates.ions["ca"] / x.ions["ca"]) == pytest.approx(0.0, abs=1e-12)
    for rate in jax.tree.leaves(rates.channels):
        assert float(rate) == pytest.approx(0.0, abs=1e-12)


def test_rest_with_several_pools_is_a_fixed_point_of_those_that_settle(x64):
    cell = dn.neurons.Cell(
        {
            "leak": dn.channels.Leak(),
            "ca": Calcium(g_max=0.05),
            "sk": OpenedByCalcium(),
            "exchanger": ions.SodiumCalciumExchanger(i_max=200.0),
            "pump": ions.SodiumPotassiumPump(),
        },
        ions={
            "na": ions.FixedConcentrations(12.0, 140.0),
            "ca": ions.BufferedCalciumShell(),
            "k": ions.AccumulatingIon(),
        },
    )
    x, rates = rest_of(cell)
    calcium = x.ions["ca"].total - x.ions["ca"].bound
    assert abs(float(calcium) / 1e-4 - 1.0) > 0.1
    assert float(rates.voltage) == pytest.approx(0.0, abs=1e-10)
    np.testing.assert_allclose(jax.tree.leaves(rates.ions["ca"]), 0.0, atol=1e-15)
    # Potassium settles nowhere: it starts from what is given, whatever the current.
    assert float(cell.ions["k"].ion(x.ions["k"]).inside) == 140.0
    assert float(rates.ions["k"].gained) != 0.0


def test_derivatives_of_rest_equal_central_differences(x64):
    paths = ("ions.ca.depth", "channels.ca.g_max", "ions.ca.resting")
    cell = dn.neurons.Cell(
        {"leak": dn.channels.Leak(), "ca": Calcium(), "sk": OpenedByCalcium(g_max=0.3)},
        ions={"ca": ions.CalciumShell()},
    )

    def rest(values):
        model = dn.replace(cell, dict(zip(paths, values, strict=True)))
        x = model.initial_state(jnp.asarray(0.0))
        return jnp.stack([x.voltage, 1e4 * x.ions["ca"]])

    start = jnp.array([0.1, 0.5, 1e-4])
    wanted = central(compiled(rest), start, 1e-4)
    forward, reverse = compiled(lambda p: (jax.jacfwd(rest)(p), jax.jacrev(rest)(p)))(start)
    np.testing.assert_allclose(forward, wanted, rtol=1e-6)
    np.testing.assert_allclose(reverse, forward, rtol=1e-10)
    assert np.abs(wanted).min() > 1.0


def _pumped(i_max):
    channels = {
        "na": dn.channels.SquidSodium(),
        "k": dn.channels.SquidPotassium(),
        "na_leak": SodiumLeak(g_max=0.02),
        "k_leak": LeakOf(g_max=0.1),
        "pump": ions.SodiumPotassiumPump(i_max=i_max),
    }
    # Thin, so that what takes minutes in a cell takes seconds.
    pools: dict[str, ions.AbstractIonPool] = {
        "na": ions.AccumulatingIon(12.0, 140.0, 0.02, 1.0),
        "k": ions.AccumulatingIon(140.0, 4.0, 0.02, 1.0),
    }
    return dn.neurons.Cell(channels, ions=pools)


@pytest.fixture(scope="module")
def rundown():
    """A cell that pumps and one that does not, for 20 s."""

    def run(i_max):
        cell = _pumped(i_max)

        def kept(x, u):
            return x.voltage, {name: pool.ion(x.ions[name]) for name, pool in cell.ions.items()}

        return dn.simulate(cell, 0.0, t1=20000.0, dt=0.1, every=100, record=kept).y

    with jax.enable_x64(True):
        both = jax.jit(jax.vmap(run))(jnp.array([6.0, 0.0]))
        return jax.tree.map(lambda leaf: np.asarray(leaf, float), both)


def test_pump_keeps_a_cell_at_rest(rundown):
    v, kept = rundown
    late = slice(v.shape[1] // 2, None)
    assert np.ptp(v[0, late]) < 1e-3
    for ion in kept.values():
        assert np.ptp(ion.inside[0, late]) < 1e-3
    assert -90.0 < v[0, -1] < -55.0
    assert kept["k"].reversal_potential[0, -1] < -70.0
    assert kept["na"].reversal_potential[0, -1] > 40.0


def test_without_the_pump_the_gradients_run_down(rundown):
    v, kept = rundown
    # Each ion ends in equilibrium, at the one voltage at which both are.
    assert v[1, -1] > -5.0
    for ion in kept.values():
        assert ion.reversal_potential[1, -1] == pytest.approx(v[1, -1], abs=1e-3)
    assert kept["k"].inside[1, -1] < 20.0
    assert kept["na"].inside[1, -1] > 120.0
    for ion in kept.values():
        # All of it went through the membrane: none was lost or made.
        amount = 0.02 * ion.inside + 1.0 * ion.outside
        np.testing.assert_allclose(amount, np.broadcast_to(amount[:, :1], amount.shape), rtol=1e-13)


def _amounts(cell, x):
    """nC/cm2 that each ion's amount inside amounts to, from where it started."""
    return {
        name: FARADAY / 10.0 * pool.depth_inside * x.ions[name].gained
        for name, pool in cell.ions.items()
    }


def test_amounts_and_currents_of_ions_agree(x64):
    """Over a spike: what each current has carried, and the charge that stays on the membrane."""
    cell, injected = _pumped(6.0), 800.0

    def kept(x, u):
        return x.voltage, cell.currents(x, u), _amounts(cell, x)

    run = dn.simulate(cell, injected, t1=8.008, dt=0.004, solver=RungeKutta4(), record=kept)
    v, currents, amounts = run.y
    assert np.ptp(v) > 80.0
    carried = {
        "na": currents["na"] + currents["na_leak"] + 3.0 * currents["pump"],
        "k": currents["k"] + currents["k_leak"] - 2.0 * currents["pump"],
    }
    for name, current in carried.items():
        # Simpson's rule, up to the last sample but one.
        weights = np.tile([2.0, 4.0], len(current) // 2)[: len(current) - 1]
        weights[[0, -1]] = 1.0
        integral = 0.004 / 3.0 * np.sum(weights * np.asarray(current)[: len(weights)])
        gained = float(amounts[name][len(weights) - 1])
        assert abs(gained) > 100.0
        assert gained == pytest.approx(-integral, rel=1e-6)
    # 1 pA on 1e4 um2 is 0.01 uA/cm2.
    charge = np.asarray(v - v[0]) - 0.01 * injected * np.asarray(run.t)
    total = np.asarray(amounts["na"] + amounts["k"])
    np.testing.assert_allclose(charge, total, atol=1e-6 * np.abs(total).max())


@pytest.mark.parametrize(
    "pool",
    [
        "shell",
        *(pytest.param(pool, marks=pytest.mark.slow) for pool in ("buffered", "accumulating")),
    ],
)
def test_staggered_has_order_two_in_concentrations_that_feed_back(pool, x64):
    """In the course of a spike, with calcium that opens channels and moves its own reversal."""
    cell = {
        "shell": lambda: _calcium_cell(),
        "buffered": lambda: _calcium_cell(ions.BufferedCalciumShell(buffer=0.01)),
        "accumulating": lambda: _pumped(6.0),
    }[pool]()
    start, _ = rest_of(cell)

    def end(dt):
        x = dn.simulate(cell, 1000.0, t1=4.0, dt=dt, state=start).state
        return [x.voltage, *jax.tree.leaves(x.ions), *jax.tree.leaves(x.channels)]

    values = [np.asarray(end(0.01 / 2**k)) for k in range(3)]
    gaps = [np.abs(a - b) for a, b in itertools.pairwise(values)]
    moved = gaps[0] > 1e-12
    assert moved.sum() >= 6
    np.testing.assert_allclose(np.log2(gaps[0][moved] / gaps[1][moved]), 2.0, atol=0.15)


# Passive properties


def test_passive_properties_are_those_of_the_cell(x64):
    found = analysis.passive(2e4, leak_conductance=0.05)
    # 200 pF, 10 nS, 20 ms.
    np.testing.assert_allclose(found, [200.0, 0.1, 20.0])
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(g_max=0.05)}, area=2e4)
    run = dn.simulate(cell, 50.0, t1=400.0, dt=0.5)
    rise = np.asarray(run.y) - float(run.y[0])
    assert rise[-1] == pytest.approx(50.0 * float(found.input_resistance), rel=1e-6)
    assert rise[40] / rise[-1] == pytest.approx(1.0 - np.exp(-1.0), rel=1e-6)
    assert float(analysis.capacitor_charge(found.capacitance, 70.0)) == pytest.approx(14000.0)


def test_specific_properties_come_back_from_a_step(x64):
    measured = analysis.passive_from_step(-5.0, -50.0, 20.0)
    np.testing.assert_allclose(measured, [200.0, 0.1, 20.0])
    area = analysis.area_from_capacitance(measured.capacitance)
    found = analysis.specific_passive(measured.input_resistance, measured.time_constant, area=area)
    # 0.05 mS/cm2 is 20,000 Ohm cm2.
    np.testing.assert_allclose(found, [2e4, 1.0, 0.05, 2e4])
    back = analysis.passive(
        found.area, capacitance=found.capacitance, leak_conductance=found.leak_conductance
    )
    np.testing.assert_allclose(back, measured)


# What is refused


BAD = {
    "nernst outside": (lambda: ions.nernst(0.0, 100.0, valence=1, temperature=37.0), "outside=0"),
    "nernst inside": (
        lambda: ions.nernst(5.0, np.array([1.0, -1.0]), valence=1, temperature=37.0),
        "inside=.* make it above 0",
    ),
    "nernst nan": (lambda: ions.nernst(np.nan, 1.0, valence=1, temperature=37.0), "outside=nan"),
    "kelvin": (
        lambda: ions.nernst(5.0, 100.0, valence=1, temperature=-300.0),
        "temperature=-300.* above absolute zero",
    ),
    "no charge": (lambda: ions.nernst(5.0, 100.0, valence=0, temperature=37.0), "valence=0"),
    "half a charge": (lambda: ions.FixedConcentrations(valence=0.5), "valence=0.5"),  # pyright: ignore
    "ghk names": (
        lambda: ions.ghk_voltage({"k": 1.0}, {"k": 4.0}, {"na": 1.0}, temperature=37.0),
        "inside has the ions",
    ),
    "ghk negative": (
        lambda: ions.ghk_voltage({"k": -1.0}, {"k": 4.0}, {"k": 1.0}, temperature=37.0),
        "permeability.'k'.=-1",
    ),
    "ghk nothing": (
        lambda: ions.ghk_voltage({"k": 0.0}, {"k": 4.0}, {"k": 1.0}, temperature=37.0),
        "let at least one",
    ),
    "ghk current": (
        lambda: ions.ghk_current(0.0, -1.0, 1.0, permeability=1.0, valence=1, temperature=37.0),
        "outside=-1.0 mM .* at least 0",
    ),
    "chord names": (
        lambda: ions.chord_conductance_potential({"k": 1.0}, {"na": 50.0}),
        "the same names",
    ),
    "chord nothing": (
        lambda: ions.chord_conductance_potential({"k": 0.0}, {"k": -90.0}),
        "conductance is 0",
    ),
    "pool inside": (lambda: ions.AccumulatingIon(inside=0.0), "inside=0.0 mM: make it above 0"),
    "pool outside": (lambda: ions.CalciumShell(outside=-2.0), "outside=-2.0 mM"),
    "pool depth": (lambda: ions.CalciumShell(depth=0.0), "depth=0.0 um: make it above 0"),
    "pool volume": (lambda: ions.AccumulatingIon(depth_outside=0.0), "depth_outside=0.0 um"),
    "pool kelvin": (
        lambda: ions.FixedConcentrations(temperature=-273.15),
        "temperature=-273.1.* make it above -273.15",
    ),
    "buffer": (lambda: ions.BufferedCalciumShell(buffer=-1.0), "buffer=-1.0 mM"),
    "pump": (lambda: ions.SodiumPotassiumPump(i_max=-1.0), "i_max=-1.0 uA/cm2"),
    "no pool": (
        lambda: dn.neurons.Cell({"leak": dn.channels.Leak()}, ions={"ca": 2.0}),  # pyright: ignore
        "ions\\['ca'\\]=2.0 of a Cell is no pool",
    ),
    "area": (lambda: analysis.passive(0.0, leak_conductance=0.1), "area=0.0 um2 must be positive"),
    "resistance": (
        lambda: analysis.specific_passive(-0.1, 20.0, area=1e4),
        "input_resistance=-0.1 GOhm",
    ),
    "no step": (lambda: analysis.passive_from_step(5.0, 0.0, 20.0), "step by more"),
    "backwards": (
        lambda: analysis.passive_from_step(-5.0, 50.0, 20.0),
        "voltage_change/current=-0.1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_sentence(case):
    make, pattern = BAD[case]
    with pytest.raises(ValueError, match=pattern):
        make()
