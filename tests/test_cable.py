"""Neurons with a shape against closed forms, published figures and differences."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro._compile import loops_folded
from diffneuro._tree import inflow
from diffneuro.morphology import Compartments, Location
from diffneuro.neurons import (
    ByRegion,
    Cable,
    CableState,
    Cell,
    ExponentialProfile,
    Factor,
    LinearProfile,
    OpenConductance,
    SynapticInput,
)
from diffneuro.neurons._cable_rest import settled_tree

LENGTH = 1000.0  # um


def squid(**changes):
    leak = dn.channels.Leak(**changes) if changes else dn.channels.Leak()
    return {"na": dn.channels.SquidSodium(), "k": dn.channels.SquidPotassium(), "leak": leak}


def tapered(count, first, last, length=LENGTH):
    """An unbranched cable of so many compartments, from one diameter (um) to another."""
    ends = np.linspace(first / 2.0, last / 2.0, count + 1)
    radius = 0.5 * (ends[1:] + ends[:-1])
    step = length / count
    return Compartments(
        parents=tuple(range(-1, count - 1)),
        regions=("axon",) * count,
        distances=tuple(((np.arange(count)) * step).tolist()),
        length=np.full(count, step),
        radius=radius,
        area_factor=np.sqrt(1.0 + (np.diff(ends) / step) ** 2),
        near_factor=radius / ends[:-1],
        far_factor=radius / ends[1:],
    )


def branched(length=60.0):
    """A soma, a trunk that ends in a junction, and two twigs of two compartments."""
    parents = (-1, 0, 1, 2, 3, 4, 3, 6)
    regions = ("soma", "trunk", "trunk", "", "twig", "twig", "twig", "twig")
    tube = np.array([0.0 if region in ("", "soma") else 1.0 for region in regions])
    radius = np.array([10.0, 1.5, 1.5, 1.0, 1.0, 1.0, 0.8, 0.6])
    return Compartments(
        parents=parents,
        regions=regions,
        distances=(0.0, 40.0, 100.0, 130.0, 160.0, 220.0, 160.0, 220.0),
        length=length * tube + np.where(np.array(regions) == "soma", 20.0, 0.0),
        radius=radius,
        area_factor=np.ones(8),
        near_factor=np.ones(8),
        far_factor=np.array([0.0, *[1.0] * 7]),
    )


def neuron(**options):
    chosen = {"axial_resistivity": 120.0, "sites": {"soma": 0, "tip": 5, "other tip": 7}}
    return Cable(branched(), squid(), **(chosen | options))


def passive(compartments, reversal_potential, **options):
    leak = dn.channels.Leak(1.0 / 40.0, reversal_potential)
    return Cable(compartments, {"leak": leak}, axial_resistivity=100.0, **options)


def everywhere(x, u):
    return x.voltage


# One operation at a time each of these takes seconds.
rest = compiled(lambda cable, u: cable.initial_state(u))
rates = compiled(lambda cable, x, u: cable.vector_field(x, u))


def crossings(t, v):
    """When a trace rises through 0 mV, by straight lines."""
    (before,) = np.nonzero((v[:-1] < 0.0) & (v[1:] >= 0.0))
    return t[before] - v[before] * (t[1] - t[0]) / (v[before + 1] - v[before])


# Closed forms and published figures


def sealed_cable(x, t, terms=400):
    """Voltage (mV) of Rallpack 1 at x (um) and t (ms), 0.1 nA into one end from t = 0."""
    space, time = 1000.0, 40.0  # um, ms
    # mV that 0.1 nA makes over one space constant of this axis.
    size = 0.1 * 1e-5 * 100.0 * space / (np.pi * 0.25) * 1e3
    n = np.arange(terms)[:, None]
    rate = 1.0 + (n * np.pi * space / LENGTH) ** 2
    modes = np.where(n, 2.0, 1.0) * np.cos(n * np.pi * x / LENGTH) / rate
    steady = np.cosh((LENGTH - x) / space) / np.sinh(LENGTH / space)
    return -65.0 + size * (steady - space / LENGTH * np.sum(modes * np.exp(-t / time * rate), 0))


def test_the_closed_form_is_the_published_one():
    times = np.array([10.0, 50.0, 250.0])
    assert sealed_cable(0.0, times) == pytest.approx([1.4733, 65.7019, 101.9351], abs=2e-4)
    assert sealed_cable(LENGTH, times) == pytest.approx([-54.2707, 6.8634, 43.0965], abs=2e-4)


@pytest.mark.parametrize("solver", [None, dn.solvers.BackwardEuler()], ids=["default", "implicit"])
def test_rallpack_1(solver):
    cable = passive(tapered(100, 1.0, 1.0), -65.0)
    run = dn.simulate(cable, 100.0, t1=250.0, dt=0.05, solver=solver, record=everywhere)
    for place, x in ((0, 5.0), (-1, 995.0)):
        wanted = sealed_cable(x, np.asarray(run.t))
        error = np.sqrt(np.mean((np.asarray(run.y)[:, place] - wanted) ** 2))
        assert error < 1e-3 * np.ptp(wanted)


def test_steady_state_of_a_taper(x64):
    cable = passive(tapered(400, 1.0, 1.7), 0.0, sites={"wide end": 399})
    v = np.asarray(rest(cable, 100.0).voltage)
    _, far = cable.compartments.axial_resistance_factors()
    middles = (np.arange(400) + 0.5) / 400
    inside = np.interp([0.25, 0.5, 0.75], middles, v)
    assert inside == pytest.approx([85.83397, 91.47548, 99.57955], rel=1e-5)
    assert v[0] == pytest.approx(83.60006, rel=1e-5)
    # The current comes in at the middle of the last compartment, not at the end.
    assert v[-1] + 1e-3 * 100.0 * far[-1] == pytest.approx(109.68223, rel=1e-4)


def test_rallpack_3():
    cable = Cable(tapered(200, 1.0, 1.0), squid(g_max=1.0 / 40.0, reversal_potential=-65.0))
    v = jnp.full(200, -65.0)
    sodium, potassium = (
        jax.tree.map(lambda gate: jnp.full(200, gate), gates)
        for gates in (
            cable.channels["na"].initial_state(dn.Membrane(v))._replace(m=0.05293, h=0.59612),
            cable.channels["k"].initial_state(dn.Membrane(v))._replace(n=0.31768),
        )
    )
    start = CableState(v, {"na": sodium, "k": potassium, "leak": ()})
    run = dn.simulate(cable, 100.0, t1=250.0, dt=0.01, state=start, record=everywhere)
    t, v = np.asarray(run.t), np.asarray(run.y)
    here, there = crossings(t, v[:, 0]), crossings(t, v[:, -1])
    assert len(here) == 18
    assert here[:4] == pytest.approx([1.3070, 16.0082, 30.5524, 45.0876], abs=0.1)
    assert there[0] == pytest.approx(4.0717, abs=0.1)
    assert np.diff(here)[-5:].mean() == pytest.approx(14.5344, abs=0.05)


def test_velocity_in_the_squid_axon():
    warm = {
        name: dn.replace(channel, {"temperature": 18.5}) if name != "leak" else channel
        for name, channel in squid().items()
    }
    cable = Cable(tapered(240, 476.0, 476.0, 60e3), warm, axial_resistivity=35.4)
    pulse = np.where(np.arange(1000) < 100, 2e7, 0.0)
    run = dn.simulate(cable, pulse, t1=5.0, dt=0.005, record=everywhere)
    t, v = np.asarray(run.t), np.asarray(run.y)
    (first,), (second,) = crossings(t, v[:, 80]), crossings(t, v[:, 160])
    assert 20.0 / (second - first) == pytest.approx(18.73, rel=0.02)


def test_one_compartment_is_a_cell():
    ball = tapered(1, 20.0, 20.0, 20.0)
    cable, cell = Cable(ball, squid()), Cell(squid(), area=float(ball.area()[0]))
    x, y = rest(cable, 30.0), rest(cell, 30.0)
    np.testing.assert_allclose(x.voltage, y.voltage[None], atol=1e-4)
    x = x._replace(voltage=x.voltage + 20.0)
    y = y._replace(voltage=x.voltage[0])
    rate, wanted = rates(cable, x, 50.0), rates(cell, y, 50.0)
    for one, other in zip(jax.tree.leaves(rate), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(one[0], other, rtol=1e-4, atol=1e-6)


# Numerics


def _last(cable, dt, solver):
    def bump(t):
        return 4000.0 * jnp.sin(0.4 * t) ** 2

    return dn.simulate(cable, bump, t1=4.0, dt=dt, solver=solver).state.voltage


@pytest.mark.parametrize(
    ("solver", "order"),
    [
        (dn.solvers.CrankNicolson(), 2),
        pytest.param(dn.solvers.BackwardEuler(), 1, marks=pytest.mark.slow),
    ],
)
def test_order(solver, order, x64):
    cable = neuron()
    # At a junction, too, whose voltage no capacitance holds.
    exact = _last(cable, 0.4 / 400, dn.solvers.CrankNicolson())
    errors = [np.abs(_last(cable, dt, solver) - exact).max() for dt in (0.04, 0.02, 0.01)]
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (abs(rates - order) < 0.2).all(), errors


@pytest.mark.slow
def test_both_schemes_solve_the_vector_field(x64):
    cable = neuron()
    x = rest(cable, 0.0)
    x = x._replace(voltage=x.voltage + jnp.linspace(0.0, 20.0, 8))
    fine = dn.simulate(cable, 500.0, t1=0.2, dt=0.0002, state=x).state
    other = dn.simulate(
        cable, 500.0, t1=0.2, dt=0.0005, state=x, solver=dn.solvers.RungeKutta4()
    ).state
    membrane = ~cable.compartments.is_junction()
    np.testing.assert_allclose(fine.voltage[membrane], other.voltage[membrane], atol=1e-5)


PATHS = {
    "radius": lambda cable: cable.compartments.radius,
    "length": lambda cable: cable.compartments.length,
    "Ra": lambda cable: cable.axial_resistivity,
    "Cm": lambda cable: cable.capacitance,
    "g": lambda cable: cable.channels["na"].g_max,
    "profile": lambda cable: cable.profiles["k"].slope,
    "E": lambda cable: cable.channels["leak"].reversal_potential,
}


def check_slopes(observable, cable, paths, relative_step):
    """Both derivatives along one direction of each array are those of central differences.

    `paths`, from what an array is called to where it is; `relative_step` of its largest value.
    """
    both = compiled(jax.value_and_grad(observable))
    forward = compiled(lambda cable, along: jax.jvp(observable, (cable,), (along,))[1])
    _, slopes = both(cable)
    for name, where in paths.items():
        here = where(cable)
        along = jnp.cos(1.0 + jnp.arange(here.size)).reshape(here.shape)
        along = along * jnp.where(here == 0.0, 0.0, 1.0)
        step = relative_step * float(jnp.max(jnp.abs(here)))
        moved = [eqx.tree_at(where, cable, here + k * step * along) for k in (-2, -1, 1, 2)]
        around = [both(one)[0] for one in moved]
        wanted = float(around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * step)
        assert abs(wanted) * step > 1e-8, name
        found = float(jnp.sum(where(slopes) * along))
        assert found == pytest.approx(wanted, rel=1e-6), name
        nothing = jax.tree.map(jnp.zeros_like, cable)
        ahead = float(forward(cable, eqx.tree_at(where, nothing, along)))
        assert ahead == pytest.approx(found, rel=1e-9), name


@pytest.mark.slow
def test_gradients_equal_central_differences(x64):
    cable = neuron(profiles={"k": LinearProfile(1.0, 0.002)})

    def observable(cable):
        # From rest, so that the rest is differentiated with it.
        run = dn.simulate(cable, 3000.0, t1=2.0, dt=0.05, record=everywhere)
        return jnp.sum(run.y * jnp.cos(jnp.arange(run.y.size)).reshape(run.y.shape))

    check_slopes(observable, cable, PATHS, 1e-5)


def test_rest_is_where_nothing_moves(x64):
    cable = neuron(where={"na": ("soma", "trunk"), "k": "soma"})
    u = {"soma": 20.0, "tip": SynapticInput(5.0, (OpenConductance(0.5, 0.0),))}
    x = rest(cable, u)
    assert np.ptp(x.voltage) > 1.0
    for rate in jax.tree.leaves(rates(cable, x, u)):
        np.testing.assert_allclose(rate, 0.0, atol=1e-9)
    run = dn.simulate(cable, u, t1=1.0, state=x, record=everywhere)
    np.testing.assert_allclose(run.y, np.broadcast_to(x.voltage, run.y.shape), atol=1e-8)


def test_rest_is_found_however_steep_currents_are(x64):
    """Where a sodium-like current drives on and a potassium-like one is as steep as a step."""
    parents, links = (-1, 0, 1, 2, 1, 4), jnp.array([0.0, 5.0, 2.0, 1.0, 3.0, 0.5])
    inward = jnp.array([1.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    grid = jnp.linspace(-150.0, 60.0, 43)

    def left(width, potassium, sodium):
        def current(v):
            slow = potassium * jax.nn.sigmoid((v + 51.0) / width) * (v + 85.0)
            fast = sodium * inward * jax.nn.sigmoid((v + 45.0) / 5.0) * (v - 50.0)
            return -52.0 - v - slow - fast

        v = settled_tree(current, parents, links, grid)
        return current(v) + inflow(parents, links, v)

    rng = np.random.default_rng(0)
    sizes = (10.0 ** rng.uniform(*span, 50) for span in ((-1.5, 1.0), (-1.0, 3.0), (-2.0, 1.5)))
    np.testing.assert_allclose(jax.vmap(left)(*sizes), 0.0, atol=1e-9)


@pytest.mark.parametrize(
    "kind",
    [
        "forward",
        "gradient",
        pytest.param("gradients of a batch", marks=pytest.mark.slow),
    ],
)
@pytest.mark.skipif(jax.default_backend() != "cpu", reason="folding is of the CPU")
def test_time_loops_are_folded(kind):
    cable = neuron()
    start = jax.eval_shape(cable.initial_state, 0.0)

    def last(cable, start, current):
        run = dn.simulate(cable, current, t1=5.0, dt=0.05, state=start)
        return run.y[-1]

    function = last if kind == "forward" else jax.grad(last)
    if kind == "gradients of a batch":
        function = jax.vmap(function, (0, None, None))
        cable = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), cable)
    text = jax.jit(function).lower(cable, start, jnp.zeros(100)).compile().as_text()
    assert " while(" in text, "the loop is gone, so nothing is tested"
    assert loops_folded(text)


@pytest.mark.slow
def test_a_batch_is_a_loop(x64):
    cables = [
        jax.tree.map(lambda leaf, scale=scale: scale * leaf, neuron()) for scale in (0.97, 1.0)
    ]

    @jax.value_and_grad
    def both(cable):
        return jnp.mean(dn.simulate(cable, 3000.0, t1=3.0).y ** 2)

    def batched(cables):
        return jax.vmap(both)(cables)

    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *cables)
    batch, single = compiled(batched)(stacked), compiled(both)
    for lane, cable in enumerate(cables):
        value, slopes = single(cable)
        np.testing.assert_allclose(batch[0][lane], value, rtol=1e-10)
        found = jax.tree.map(lambda leaf, lane=lane: leaf[lane], batch[1])
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(slopes), strict=True):
            scale = np.abs(other).max()
            np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9 * scale)
    assert abs(batch[0][0] / batch[0][1] - 1.0) > 1e-3


@pytest.mark.slow
def test_a_fit_finds_what_made_the_recording():
    truth = {"axial_resistivity": 180.0, "capacitance": 1.4, "channels.leak.g_max": 0.05}
    profiles = {"radius": ByRegion({"twig": Factor(1.0)})}
    cable = passive(branched(200.0), -65.0, profiles=profiles)
    current = np.where(np.arange(400) >= 20, 100.0, 0.0)
    made = dn.simulate(dn.replace(cable, truth), current, t1=40.0, dt=0.1)
    recording = dn.recordings.Recording(made.t, current[None], np.asarray(made.y)[None])
    free = {name: (0.3 * value, 3.0 * value) for name, value in truth.items()}
    method = dn.methods.LevenbergMarquardt(steps=15)
    found = dn.fit(cable, recording, free=free, method=method, starts=1, progress=False).parameters
    assert found == pytest.approx(truth, rel=0.01)


# Parts


def test_point_inputs_are_those_of_the_linear_system(x64):
    cable = passive(branched(), -65.0, sites={"soma": 0, "tip": 5})
    parents, g = cable.links()
    area = np.asarray(cable.compartments.area())
    matrix = np.diag(0.01 / 40.0 * area)
    right = -65.0 * np.diag(matrix)
    for child, parent in enumerate(parents[1:], 1):
        ends = np.zeros(8)
        ends[[child, parent]] = 1.0, -1.0
        matrix += float(g[child]) * np.outer(ends, ends)
    matrix[5, 5] += 2.0
    right[5] += 2.0 * 10.0
    right[0] += 30.0
    u = {"soma": 30.0, "tip": SynapticInput(0.0, (OpenConductance(2.0, 10.0),))}
    x = rest(cable, u)
    np.testing.assert_allclose(x.voltage, np.linalg.solve(matrix, right), rtol=1e-10)
    assert cable.output(x, u) == x.voltage[0]
    assert cable.voltage_at(x, "tip") == x.voltage[5]


def test_channels_are_where_they_are_put():
    mask = np.array([False, True, False, False, True, False, False, False])
    cable = neuron(where={"na": "soma", "k": ["soma", "twig"], "leak": mask})
    x = rest(cable, 0.0)
    assert x.channels["na"].m.shape == (1,)
    flows = {name: np.asarray(current) != 0.0 for name, current in cable.currents(x).items()}
    regions = np.array(cable.compartments.regions)
    np.testing.assert_array_equal(flows["na"], regions == "soma")
    np.testing.assert_array_equal(flows["k"], (regions == "soma") | (regions == "twig"))
    np.testing.assert_array_equal(flows["leak"], mask)


def test_profiles_are_factors_along_the_tree():
    regions = branched().regions
    distances = np.array(branched().distances)
    line, bend = LinearProfile(2.0, -0.01), ExponentialProfile(-0.8696, 2.087, 0.0031)
    wanted = np.maximum(0.0, 2.0 - 0.01 * distances)
    np.testing.assert_allclose(line.factor(distances, regions), wanted, rtol=1e-6)
    wanted = -0.8696 + 2.087 * np.exp(0.0031 * distances)
    np.testing.assert_allclose(bend.factor(distances, regions), wanted, rtol=1e-6)
    parts = ByRegion({"twig": Factor(2.0), "trunk": line})
    found = parts.factor(distances, regions)
    np.testing.assert_allclose(found, [1.0, 1.6, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0], rtol=1e-6)
    plain, changed = neuron(), neuron(profiles={"capacitance": parts, "radius": parts, "na": parts})
    scale = np.asarray(found) ** 2
    np.testing.assert_allclose(changed.capacitances(), scale * plain.capacitances(), rtol=1e-5)
    known = plain.initial_state(0.0)
    found = changed.currents(known)["na"]
    np.testing.assert_allclose(found, scale * plain.currents(known)["na"], rtol=1e-4)


def test_names_of_parameters():
    cable = neuron(profiles={"radius": ByRegion({"twig": Factor(1.0)})})
    known = dn.parameters(cable)
    assert {"channels.na.g_max", "profiles.radius.profiles.twig.value"} <= set(known)
    assert all(value.shape == () for value, _ in known.values())
    thick = dn.replace(cable, {"profiles.radius.profiles.twig.value": 2.0})
    np.testing.assert_allclose(thick.capacitances()[-1], 2.0 * cable.capacitances()[-1], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"where": {"na": "axon"}}, "no compartment is in a region 'axon': there are soma"),
        ({"where": {"ca": "soma"}}, "where of a Cable names 'ca', but its channels are na"),
        ({"where": {"na": [True, False]}}, "give a mask of all 8"),
        ({"where": {"na": []}}, "chooses 0 of 0 compartments"),
        ({"where": {"na": np.zeros(8, bool)}}, "chooses 0 of 8 compartments"),
        ({"where": {"na": range(8)}}, "is neither a region nor a mask"),
        ({"where": {"na": np.arange(8)}}, "give a mask of all 8, True or False"),
        ({"where": "soma"}, "where='soma' of a Cable is no dictionary from names"),
        ({"profiles": LinearProfile()}, "of a Cable is no dictionary from names"),
        ({"profiles": {"radius": LinearProfile(1.0, -0.01)}}, "is 0 at 100 um from the root"),
        ({"profiles": {"ca": Factor()}}, "profiles of a Cable names 'ca': name one of"),
        ({"profiles": {"na": 2.0}}, "is no profile: give one"),
        ({"profiles": {"na": ByRegion({"axon": Factor()})}}, "no compartment is in a region"),
        ({"profiles": {"na": ByRegion({"twig": 2.0})}}, "is no profile: give one"),
        (
            {"profiles": {"na": ByRegion({"twig": ByRegion({"axon": Factor()})})}},
            "no compartment is in a region 'axon'",
        ),
        ({"sites": {"tip": 8}}, "is no compartment: give a Location, or a number from 0 to 7"),
        ({"sites": {"tip": True}}, "=True of a Cable is no compartment"),
        ({"sites": Location("soma")}, "is no dictionary from names: give one, such as {'soma': 0}"),
        ({"sites": {"fork": 3}}, "is the junction 3, which has no membrane"),
        ({"sites": {"tip": Location("dend[3]")}}, "no compartment is in a section"),
        ({"sites": {}}, "sites of a Cable"),
        ({"channels": {}}, "must be a non-empty dictionary"),
        ({"channels": {"na": 3.0}}, "give a channel"),
        ({"channels": {3: dn.channels.Leak()}}, "give it a text for a name"),
        ({"channels": {"radius": dn.channels.Leak()}}, "give it another name"),
        ({"compartments": 3}, "is a int: give what morphology.discretise makes"),
    ],
)
def test_bad_arguments_are_told(changes, words):
    given = {"compartments": branched(), "channels": squid()} | changes
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        Cable(**given)


def test_a_site_may_be_any_whole_number():
    assert Cable(branched(), squid(), sites={"tip": np.array(5)}).sites == (("tip", 5),)


def test_a_path_without_resistance_is_told():
    flat = eqx.tree_at(lambda c: (c.near_factor, c.far_factor), branched(), (jnp.zeros(8),) * 2)
    with pytest.raises(ValueError, match="no axial resistance"):
        Cable(flat, squid())


def test_wrong_inputs_and_solvers_are_told():
    cable = neuron()
    with pytest.raises(ValueError, match="has no site 'axon', only soma, tip"):
        dn.simulate(cable, {"axon": 1.0}, t1=1.0)
    for nothing in ({}, None):
        with pytest.raises(ValueError, match="holds no numbers: give at least one"):
            dn.simulate(cable, nothing, t1=1.0)
    with pytest.raises(ValueError, match=r"are linked: use CrankNicolson\(\) or BackwardEuler\(\)"):
        dn.simulate(cable, 1.0, t1=1.0, solver=dn.solvers.Staggered())
    for v in (jnp.zeros(()), jnp.zeros(2)):
        with pytest.raises(ValueError, match="but this Cable has 8 compartments: give a state of"):
            dn.simulate(cable, 1.0, t1=1.0, state=CableState(v, {}))
    still, implicit = CableState(jnp.zeros(8), {}), dn.solvers.CrankNicolson()
    noise = dn.neurons.CurrentNoiseState(still, 0.0)
    for around, u, options in (
        (dn.neurons.Nudged(cable, 0.5), dn.neurons.Nudge(0.0, -60.0), {"state": still}),
        (dn.neurons.CurrentNoise(cable), 1.0, {"state": noise, "key": jax.random.key(0)}),
        (dn.neurons.Rig(cable), 1.0, {"state": still, "solver": implicit}),
    ):
        with pytest.raises(ValueError, match=r"are linked, .*: give the Cable itself"):
            dn.simulate(around, u, t1=1.0, **options)
    with pytest.raises(ValueError, match="is for voltages that are linked"):
        dn.simulate(Cell(squid()), 1.0, t1=1.0, solver=implicit)
