"""Cables with pools of ions, kinetic schemes and noise: a cell's physics in each compartment."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_cable import check_slopes
from test_conformance import compiled

import diffneuro as dn
from diffneuro import ions
from diffneuro._compile import loops_folded
from diffneuro.channels import (
    SK,
    ChannelNoise,
    ExponentialRate,
    GateScheme,
    HayHighVoltageCalcium,
    KineticScheme,
    Leak,
    SquidPotassium,
    SquidSodium,
)
from diffneuro.morphology import Compartments
from diffneuro.neurons import ByRegion, Cable, Cell, Factor, OpenReceptors, SynapticInput

FARADAY = 96485.33212


class Steady(dn.channels.AbstractGatedChannel):
    """A calcium current that nothing changes."""

    g_max: Any = dn.parameter(-1.0, "uA/cm2")

    def gates(self, u, /):
        return {}

    def open_fraction(self, x, u, /):
        return jnp.ones_like(u.voltage)

    def carried(self) -> Mapping[str, Any]:
        return {"ca": 1.0}

    def output(self, x, u, /):
        return self.g_max * jnp.ones_like(u.voltage)

    reversal_potential: Any = dn.parameter(0.0, "mV")


def tree():
    """A soma, a trunk that ends in a junction, and two twigs of different width."""
    radius = np.array([10.0, 1.5, 1.0, 1.0, 0.6])
    return Compartments(
        parents=(-1, 0, 1, 2, 2),
        regions=("soma", "trunk", "", "twig", "twig"),
        distances=(0.0, 40.0, 70.0, 100.0, 100.0),
        length=np.array([20.0, 60.0, 0.0, 60.0, 60.0]),
        radius=radius,
        area_factor=np.ones(5),
        near_factor=np.ones(5),
        far_factor=np.array([0.0, *[1.0] * 4]),
    )


def ball():
    """One compartment, a cylinder as wide as long."""
    return Compartments(
        parents=(-1,),
        regions=("soma",),
        distances=(0.0,),
        length=np.array([20.0]),
        radius=np.array([10.0]),
        area_factor=np.ones(1),
        near_factor=np.ones(1),
        far_factor=np.ones(1),
    )


def gating(rate=0.5, slope=-40.0):
    """A potassium channel of two states."""
    rates = {
        "C": {"O": ExponentialRate(2.0, 20.0)},
        "O": {"C": ExponentialRate(rate, slope)},
    }
    return KineticScheme(rates, conducting="O", g_max=2.0, ion="k", reversal_potential=-85.0)


def mechanisms(**changes):
    made = {
        "na": SquidSodium(),
        "k": SquidPotassium(),
        "more": gating(),
        "leak": Leak(),
        "cal": HayHighVoltageCalcium(g_max=0.3),
        "sk": SK(g_max=1.0),
    }
    return made | changes


def pools():
    return {"ca": ions.CalciumShell(), "k": ions.AccumulatingIon(exchange_rate=0.1)}


def everywhere(x, u):
    return x.voltage


# One operation at a time each of these takes seconds.
rest = compiled(lambda cable, u: cable.initial_state(u))
rates = compiled(lambda cable, x, u: cable.vector_field(x, u))


# The physics of each compartment


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"solver": dn.solvers.ExponentialEuler()}, marks=pytest.mark.slow),
        # The same numbers come from a key, because there are as many of them.
        {"solver": dn.solvers.ExponentialEulerMaruyama(), "key": jax.random.key(1)},
    ],
    ids=["deterministic", "noisy"],
)
def test_one_compartment_is_a_cell(options, x64):
    noisy = mechanisms(more=ChannelNoise(gating(), 500.0))
    cable = Cable(ball(), noisy, ions=pools())
    cell = Cell(noisy, area=float(ball().area()[0]), ions=pools())
    x, y = rest(cable, 30.0), rest(cell, 30.0)
    for one, other in zip(jax.tree.leaves(x), jax.tree.leaves(y), strict=True):
        np.testing.assert_allclose(one[0], other, rtol=1e-9, atol=1e-12)
    run, wanted = (
        dn.simulate(model, 300.0, t1=10.0, state=start, **options)
        for model, start in ((cable, x), (cell, y))
    )
    assert np.ptp(wanted.y) > 50.0
    np.testing.assert_allclose(run.y, wanted.y, rtol=1e-9, atol=1e-9)
    for one, other in zip(jax.tree.leaves(run.state), jax.tree.leaves(wanted.state), strict=True):
        np.testing.assert_allclose(one[0], other, rtol=1e-9, atol=1e-12)


def test_pools_fill_as_the_closed_form_says(x64):
    """In regions that overlap, with a profile."""
    cable = Cable(
        tree(),
        {"leak": Leak(), "a": Steady(-0.3), "b": Steady(-0.1)},
        where={"a": ("soma", "trunk"), "b": ("trunk", "twig")},
        profiles={"b": ByRegion({"twig": Factor(2.5)})},
        ions={"ca": ions.CalciumShell(time_constant=20.0)},
    )
    pool = cable.ions["ca"]
    x = rest(cable, 0.0)
    density = np.array([0.3, 0.4, 0.0, 0.25, 0.25])
    # 1 uA/cm2 over 1 um is 10/F mM/ms of single charges.
    entry = 0.05 * 10.0 * density / (2.0 * FARADAY * 0.1)
    np.testing.assert_allclose(x.ions["ca"], 1e-4 + 20.0 * entry, rtol=1e-10)
    x = x._replace(ions={"ca": jnp.full(5, pool.resting)})
    run = dn.simulate(cable, 0.0, t1=15.0, dt=0.5, state=x, record=lambda x, u: x.ions["ca"])
    wanted = 1e-4 + 20.0 * entry * -np.expm1(-np.asarray(run.t)[:, None] / 20.0)
    np.testing.assert_allclose(run.y, wanted, rtol=1e-9)


def test_what_an_ion_carries_is_what_its_pool_gains(x64):
    cable = Cable(
        tree(), mechanisms(), where={"more": ("soma", "twig"), "sk": "trunk"}, ions=pools()
    )
    u = {"root": SynapticInput(800.0, (OpenReceptors(jnp.asarray(3.0), dn.synapses.NMDA()),))}
    x = rest(cable, 0.0)
    run = dn.simulate(cable, u, t1=3.0, state=x, record=lambda x, u: x)
    states = jax.tree.map(lambda part: part[90], run.y)
    outward = cable.currents(states)
    # 1 pA over 1 um2 is 100 uA/cm2, and 1 uA/cm2 over 1 um is 10/F mM/ms.
    area = np.where(tree().area() > 0.0, tree().area(), 1.0)
    potassium = sum(outward[name] for name in ("k", "more", "sk"))
    found = rates(cable, states, u)
    wanted = -10.0 * 100.0 * np.asarray(potassium) / (area * FARADAY * 2.0)
    np.testing.assert_allclose(found.ions["k"].gained, wanted, rtol=1e-9)
    v = states.voltage[0]
    block = 1.0 / (1.0 + np.exp(-0.062 * v) / 3.57)
    calcium = np.asarray(outward["cal"]).copy()
    calcium[0] += 0.11 * 3.0 * block * v
    entry = -0.05 * 10.0 * 100.0 * calcium / (area * 2.0 * FARADAY * 0.1)
    left = (np.asarray(states.ions["ca"]) - 1e-4) / 80.0
    np.testing.assert_allclose(found.ions["ca"], entry - left, rtol=1e-9)


def test_calcium_stays_in_the_region_it_enters(x64):
    """Where it enters potassium channels open; elsewhere they see what is always there."""
    cable = Cable(tree(), mechanisms(), where={"cal": "twig"}, ions=pools())
    run = dn.simulate(
        cable,
        1000.0,
        t1=10.0,
        state=rest(cable, 0.0),
        record=lambda x, u: (x.ions["ca"], x.channels["sk"]),
    )
    calcium, gates = (np.asarray(jax.tree.leaves(part)[0]) for part in run.y)
    twig = np.array(tree().regions) == "twig"
    assert (calcium[:, ~twig] == 1e-4).all()
    assert (calcium[-1, twig] > 2e-4).all()
    assert (gates[-1, twig] > 10.0 * gates[-1, 0]).all()


def test_rest_is_where_nothing_moves(x64):
    cable = Cable(tree(), mechanisms(), where={"cal": "twig"}, ions={"ca": pools()["ca"]})
    u = {"root": SynapticInput(20.0, (OpenReceptors(jnp.asarray(0.5), dn.synapses.NMDA()),))}
    x = rest(cable, u)
    assert float(jnp.ptp(x.ions["ca"])) > 1e-6
    for rate in jax.tree.leaves(rates(cable, x, u)):
        np.testing.assert_allclose(rate, 0.0, atol=1e-9)


# Numerics


@pytest.mark.slow
@pytest.mark.parametrize(
    ("solver", "order"), [(dn.solvers.CrankNicolson(), 2), (dn.solvers.BackwardEuler(), 1)]
)
def test_order(solver, order, x64):
    cable = Cable(tree(), mechanisms(), where={"cal": "twig"}, ions=pools())
    start = cable.initial_state(0.0)

    def last(dt, solver):
        def bump(t):
            return 3000.0 * jnp.sin(0.4 * t) ** 2

        run = dn.simulate(cable, bump, t1=4.0, dt=dt, solver=solver, state=start)
        return jnp.append(run.state.voltage, 1e5 * run.state.ions["ca"])

    exact = last(0.001, dn.solvers.CrankNicolson())
    errors = [np.abs(last(dt, solver) - exact).max() for dt in (0.04, 0.02, 0.01)]
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (abs(rates - order) < 0.2).all(), errors


PATHS = {
    "time constant": lambda cable: cable.ions["ca"].time_constant,
    "depth": lambda cable: cable.ions["ca"].depth,
    "calcium": lambda cable: cable.channels["cal"].g_max,
    "scheme": lambda cable: cable.channels["more"].g_max,
    "rate": lambda cable: cable.channels["more"].rates["C"]["O"].rate,
    "slope": lambda cable: cable.channels["more"].rates["O"]["C"].slope,
    "radius": lambda cable: cable.compartments.radius,
}


@pytest.mark.slow
def test_gradients_equal_central_differences(x64):
    cable = Cable(tree(), mechanisms(), where={"cal": "twig"}, ions={"ca": pools()["ca"]})

    def observable(cable):
        # From rest, so that the rest is differentiated with it.
        run = dn.simulate(cable, 1500.0, t1=2.0, dt=0.05, record=everywhere)
        return jnp.sum(run.y * jnp.cos(jnp.arange(run.y.size)).reshape(run.y.shape))

    check_slopes(observable, cable, PATHS, 1e-4)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="folding is of the CPU")
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("forward", marks=pytest.mark.slow),
        "gradient",
        pytest.param("gradients of a batch", marks=pytest.mark.slow),
        "noise",
    ],
)
def test_time_loops_are_folded(kind):
    made = mechanisms(k=GateScheme(SquidPotassium(), {"n": 4}))
    if kind == "noise":
        made["k"] = ChannelNoise(made["k"], 1e4)
    if "gradient" in kind:  # of a scheme, a gate and a pool; forward there are all of them
        made = {name: made[name] for name in ("more", "leak", "cal", "sk")}
    cable = Cable(tree(), made, where={"cal": "twig"}, ions={"ca": pools()["ca"]})
    start = jax.eval_shape(cable.initial_state, 0.0)

    def last(cable, start, current):
        key = jax.random.key(0) if kind == "noise" else None
        return dn.simulate(cable, current, t1=5.0, dt=0.05, state=start, key=key).y[-1]

    function = jax.grad(last) if "gradient" in kind else last
    if kind == "gradients of a batch":
        function = jax.vmap(function, (0, None, None))
        cable = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), cable)
    text = jax.jit(function).lower(cable, start, jnp.zeros(100)).compile().as_text()
    assert " while(" in text, "the loop is gone, so nothing is tested"
    assert loops_folded(text)


# Noise


def test_noise_is_of_as_many_channels_as_there_are(x64):
    """The variance of the open fraction in each compartment, and none between them."""
    count, lanes, p = 4000.0, 200, 0.3
    rates = {"C": {"O": 0.6}, "O": {"C": 1.4}}
    noisy = ChannelNoise(KineticScheme(rates, conducting="O", reversal_potential=-54.4), count)
    cable = Cable(
        tree(),
        {"leak": Leak(), "noisy": noisy},
        where={"noisy": ("soma", "twig")},
        profiles={"noisy": ByRegion({"twig": Factor(3.0)})},
    )
    start = cable.initial_state(0.0)

    def one(key):
        run = dn.simulate(
            cable,
            0.0,
            t1=60.0,
            dt=0.05,
            state=start,
            key=key,
            every=40,
            record=lambda x, u: x.channels["noisy"].fractions[:, 1],
        )
        return run.y[5:]

    found = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(3), lanes)))
    area = np.asarray(tree().area()) * np.array([1.0, 0.0, 0.0, 3.0, 3.0])
    has = area > 0.0
    assert (found[:, :, ~has] == found[0, 0, ~has]).all()
    each = ((found - p) ** 2).mean(1)
    variance, error = each.mean(0)[has], each.std(0)[has] / np.sqrt(lanes)
    wanted = p * (1.0 - p) / (count * area[has] / area.sum())
    assert (error < 0.05 * wanted).all()
    assert (abs(variance - wanted) < 3.5 * error).all()
    between = np.corrcoef(found[:, :, has].reshape(-1, has.sum()).T)
    assert (abs(between - np.eye(has.sum())) < 4.0 / np.sqrt(found[:, :, 0].size / 2)).all()


def test_noise_vanishes_with_many_channels(x64):
    def run(count, **options):
        made = {"leak": Leak(), "cal": mechanisms()["cal"], "more": ChannelNoise(gating(), count)}
        cable = Cable(tree(), made, ions={"ca": pools()["ca"]})
        return np.asarray(dn.simulate(cable, 100.0, t1=5.0, **options).y)

    key = jax.random.key(2)
    still = run(1e3, solver=dn.solvers.BackwardEulerMaruyama())
    few, many = (np.std(run(count, key=key) - still) for count in (1e6, 1e10))
    assert few / many == pytest.approx(100.0, rel=0.01)
    np.testing.assert_array_equal(run(1e6, key=key), run(1e6, key=key))
    # They differ by the first half step of the gates, which at rest goes nowhere.
    staggered = run(1e3, solver=dn.solvers.BackwardEuler())
    np.testing.assert_allclose(still, staggered, atol=1e-9)


# Bad input


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ions": ions.CalciumShell()}, "of a Cable must be a dictionary from names to pools"),
        ({"ions": {"ca": 1e-4}}, "=0.0001 of a Cable is no pool: give one"),
        ({"ions": {"mg": ions.CalciumShell()}}, "ions of a Cable names 'mg': channels know na"),
        ({"ions": {"na": ions.CalciumShell()}}, "of a Cable has valence=2: make it 1"),
    ],
)
def test_bad_pools_are_told(given, words):
    with pytest.raises(ValueError, match=words):
        Cable(tree(), {"leak": Leak()}, **given)


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(ValueError, match="SK needs the concentrations of 'ca'"):
        Cable(tree(), mechanisms()).initial_state(0.0)
    plain = Cable(tree(), {"leak": Leak()})
    key = jax.random.key(0)
    with pytest.raises(ValueError, match="Cable has no noise of its own: leave key out"):
        dn.simulate(plain, 0.0, t1=1.0, key=key)
    noisy = Cable(tree(), {"leak": Leak(), "k": ChannelNoise(gating())})
    with pytest.raises(ValueError, match=r"use solvers.BackwardEulerMaruyama\(\)"):
        dn.simulate(noisy, 0.0, t1=1.0, key=key, solver=dn.solvers.CrankNicolson())
    cell = Cell({"leak": Leak(), "k": ChannelNoise(gating())})
    with pytest.raises(ValueError, match="is for voltages that are linked"):
        dn.simulate(cell, 0.0, t1=1.0, key=key, solver=dn.solvers.BackwardEulerMaruyama())
    kept = Cable(tree(), {"leak": Leak()}, ions={"ca": ions.CalciumShell()})
    with pytest.raises(ValueError, match="take the pools out"):
        dn.exchange.to_neuron(kept, tmp_path / "it")
    scheme = Cable(tree(), {"leak": Leak(), "k": gating()})
    with pytest.raises(ValueError, match="is a KineticScheme, whose kinetics"):
        dn.exchange.to_neuron(scheme, tmp_path / "it")
