"""Receptors: published numbers, closed forms, derivatives, and what is refused."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import synapses
from diffneuro._numerics import exprel, exprel_slope, mean_exp
from diffneuro.neurons import Cell, OpenConductance, SignalInput, SynapticInput

pytestmark = pytest.mark.usefixtures("strict")

DT = 0.025


def pulses(t1, starts, duration, height, dt=DT):
    """Transmitter (mM) held for each dt: square pulses."""
    t = dt * (np.arange(round(t1 / dt)) + 0.5)
    return height * sum((t > start) & (t < start + duration) for start in starts).astype(float)


def opened(receptor, transmitter, dt=DT):
    """The open fraction at each dt of a receptor under a course of transmitter."""
    u = dn.Membrane(0.0, {}, {receptor.transmitter: transmitter})
    run = dn.simulate(
        receptor,
        u,
        t1=dt * len(transmitter),
        dt=dt,
        state=receptor.initial_state(dn.Membrane(0.0)),
        record=lambda x, u: receptor.open_fraction(x),
    )
    return np.asarray(run.t), np.asarray(run.y)


# Published numbers


TWO_STATE = [
    (synapses.AMPA, 0.617986, 5.2632),
    (synapses.NMDA, 0.069243, 151.515),
    (synapses.GABAA, 0.959819, 5.5556),
]


@pytest.mark.parametrize(("kind", "peak", "decay"), TWO_STATE)
def test_a_pulse_of_1_mM_for_1_ms(kind, peak, decay, x64):
    t, y = opened(kind(), pulses(6.0, [0.0], 1.0, 1.0))
    assert y[0] == 0.0
    np.testing.assert_allclose(y[round(1.0 / DT)], peak, rtol=1e-5)
    late = t >= 1.0
    slope = np.polyfit(t[late], np.log(y[late]), 1)[0]
    np.testing.assert_allclose(-1.0 / slope, decay, rtol=1e-5)


def test_gaba_b_answers_a_train_and_hardly_one_pulse(x64):
    receptor = synapses.GABAB()
    for count, peak, when in ((1, 1.4505e-5, 102.2), (10, 3.8425e-2, 125.1)):
        transmitter = pulses(200.0, 5.0 * np.arange(count), 0.3, 0.5)
        t, y = opened(receptor, transmitter)
        np.testing.assert_allclose(y.max(), peak, rtol=2e-3)
        np.testing.assert_allclose(t[y.argmax()], when, atol=0.1)


def test_magnesium_block(x64):
    found = synapses.magnesium_block(np.array([-80.0, -65.0, 0.0]), 1.0)
    np.testing.assert_allclose(found, [0.024425, 0.059668, 0.781182], atol=1e-6)


def test_magnesium_block_has_both_ends():
    for kind in (synapses.NMDA, synapses.ExponentialNMDA):
        v = jnp.array([-2000.0, -65.0, 2000.0])
        free = kind(magnesium=0.0).block(dn.Membrane(v))
        np.testing.assert_array_equal(free, np.ones(3))
        block = kind().block(dn.Membrane(v))
        assert block[0] < 1e-20
        assert block[2] == 1.0
    slope = jax.grad(synapses.magnesium_block, 1)(-60.0, 0.0)
    np.testing.assert_allclose(slope, -np.exp(0.062 * 60.0) / 3.57, rtol=1e-5)


def passive_under_a_synapse(dt):
    """100 MOhm, 0.01 nF and an exponential conductance of 0.1 uS and 1 ms; mV at 1, 2, 5, 10 ms."""
    cell = Cell({"leak": dn.channels.Leak(0.1, -65.0)}, capacitance=0.1, area=1e4)
    receptor = synapses.Exponential(1.0, 0.0)
    u = SynapticInput(0.0, (OpenConductance(lambda t: receptor.flow(100.0, t), 0.0),))
    resting = cell.held(jnp.asarray(-65.0))
    run = dn.simulate(cell, u, t1=10.0 + dt, dt=dt, state=resting)
    return np.asarray(run.y)[[round(t / dt) for t in (1.0, 2.0, 5.0, 10.0)]]


def test_a_passive_cell_under_an_exponential_synapse(x64):
    wanted = [-12.09457, -22.51939, -54.75660, -64.78978]
    np.testing.assert_allclose(passive_under_a_synapse(0.0005), wanted, atol=1e-5)
    assert np.abs(passive_under_a_synapse(DT) - wanted).max() < 3e-3


# Where they reverse


@pytest.mark.parametrize("kind", [synapses.AMPA, synapses.NMDA, synapses.Kainate])
def test_excitation_reverses_at_0_mV(kind):
    receptor = kind()
    x = jnp.asarray(0.5)
    below, at, above = (receptor.output(x, dn.Membrane(v)) for v in (-10.0, 0.0, 10.0))
    assert below < 0.0 == at < above


@pytest.mark.parametrize("kind", [synapses.GABAA, synapses.Glycine, synapses.ExponentialGABAA])
def test_inhibition_carries_nothing_at_the_chloride_potential(kind):
    receptor = kind()
    x = jnp.asarray(0.5)
    assert receptor.output(x, dn.Membrane(-70.0)) == 0.0
    chloride = {"cl": dn.Ion(jnp.asarray(30.0), jnp.asarray(120.0), jnp.asarray(-35.0))}
    assert receptor.output(x, dn.Membrane(-35.0, chloride)) == 0.0
    assert receptor.output(x, dn.Membrane(-70.0, chloride)) < 0.0
    assert receptor.carried() == {"cl": 1.0}
    constant = synapses.Exponential(10.0, -70.0)
    assert constant.output(x, dn.Membrane(-70.0, chloride)) == 0.0


def test_gaba_a_follows_the_chloride_that_a_cell_keeps(x64):
    pool = dn.ions.AccumulatingIon(inside=30.0, outside=120.0, valence=-1)
    channels = {"leak": dn.channels.Leak(0.1, -70.0), "gaba": synapses.GABAA()}
    cells = [Cell(channels), Cell(channels, ions={"cl": pool})]
    u = SignalInput(0.0, {"gaba": jnp.asarray(1.0)})
    shunted, excited = (
        dn.simulate(cell, u, t1=20.0, state=cell.held(jnp.asarray(-70.0))).y[-1] for cell in cells
    )
    np.testing.assert_allclose(shunted, -70.0, atol=1e-9)
    assert excited > -60.0


def test_nmda_brings_calcium_in(x64):
    for kind in (synapses.NMDA, synapses.ExponentialNMDA):
        np.testing.assert_allclose(kind(calcium_fraction=0.2).carried()["ca"], 0.2)
    calcium = []
    for fraction in (0.0, 0.11, 0.22):
        nmda = synapses.NMDA(calcium_fraction=fraction)
        pool = {"ca": dn.ions.CalciumShell()}
        cell = Cell({"leak": dn.channels.Leak(0.1, -65.0), "nmda": nmda}, ions=pool)
        run = dn.simulate(
            cell,
            SignalInput(0.0, {"glutamate": pulses(5.0, [1.0], 1.0, 1.0)}),
            t1=5.0,
            record=lambda x, u, cell=cell: cell.ions["ca"].ion(x.ions["ca"]).inside,
        )
        calcium.append(float(run.y[-1] - run.y[0]))
    assert abs(calcium[0]) < 1e-12
    assert calcium[1] > 1e-7
    # What flows and how it is cleared are linear in the fraction.
    np.testing.assert_allclose(calcium[2] / calcium[1], 2.0, rtol=1e-9)


def test_a_current_based_synapse_has_no_driving_force():
    for receptor in (synapses.ExponentialCurrent(), synapses.DualExponentialCurrent()):
        x = jax.tree.map(lambda leaf: 3.0 + 0.0 * leaf, receptor.kick())
        for v in (-90.0, 0.0, 40.0):
            u = dn.Membrane(jnp.asarray(v))
            assert receptor.output(x, u) == -3.0
            inward, falls = receptor.linear(receptor.open_fraction(x), u)
            assert (inward, falls) == (3.0, 0.0)
        assert not receptor.conducts


def test_conductances_saturate_where_currents_add_up(x64):
    """Twice the synapses: twice the current, but less than twice the depolarisation."""
    cell = Cell({"leak": dn.channels.Leak(0.1, -65.0)})
    conductance, current = synapses.Exponential(5.0), synapses.ExponentialCurrent(5.0)

    def peak(u):
        return float(dn.simulate(cell, u, t1=20.0).y.max()) + 65.0

    def opening(weight):
        return SynapticInput(
            0.0, (OpenConductance(lambda t: (t >= 0.0) * conductance.flow(weight, t), 0.0),)
        )

    by_current = [peak(lambda t, w=w: (t >= 0.0) * current.flow(w, t)) for w in (500.0, 1000.0)]
    by_conductance = [peak(opening(weight)) for weight in (20.0, 40.0)]
    np.testing.assert_allclose(by_current[1] / by_current[0], 2.0, rtol=1e-6)
    assert by_conductance[1] / by_conductance[0] < 1.9


# Filters


IMPULSE = {
    "Exponential": synapses.Exponential(),
    "ExponentialCurrent": synapses.ExponentialCurrent(),
    "DualExponential": synapses.DualExponential(),
    "equal": synapses.DualExponential(2.0, 2.0),
    "close": synapses.DualExponential(2.0, 2.0001),
    "exchanged": synapses.DualExponential(5.0, 1.0),
    "Alpha": synapses.Alpha(),
    "ExponentialNMDA": synapses.ExponentialNMDA(),
}
every_filter = pytest.mark.parametrize("name", IMPULSE)


def in_double(model):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), model)


def some_state(receptor):
    kick = receptor.kick()
    leaves, structure = jax.tree.flatten(kick)
    return jax.tree.unflatten(structure, [leaf + 0.3 + n for n, leaf in enumerate(leaves)])


@every_filter
def test_a_weight_is_the_peak(name, x64):
    receptor = in_double(IMPULSE[name])
    t = np.concatenate([[0.0], np.geomspace(1e-2, 100.0, 4001)])
    course = jax.vmap(lambda t: receptor.open_fraction(receptor.flow(receptor.kick(), t)))(t)
    np.testing.assert_allclose(course.max(), 1.0, atol=1e-5)
    assert course.max() <= 1.0 + 1e-14
    at_once = not isinstance(receptor.kick(), synapses.RisingConductance)
    assert course[0] == (1.0 if at_once else 0.0)


def test_the_dual_exponential_is_the_difference_of_two(x64):
    receptor = synapses.DualExponential(2.0, 100.0)
    t = np.linspace(0.0, 300.0, 601)
    found = jax.vmap(lambda t: receptor.flow(receptor.kick(), t).open)(t)
    peak = 2.0 * 100.0 / 98.0 * np.log(50.0)
    shape = np.exp(-t / 100.0) - np.exp(-t / 2.0)
    wanted = shape / (np.exp(-peak / 100.0) - np.exp(-peak / 2.0))
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


@every_filter
def test_to_flow_is_a_semigroup_and_solves_the_vector_field(name, x64):
    receptor = in_double(IMPULSE[name])
    x, u = some_state(receptor), dn.Membrane(jnp.asarray(-60.0))
    for a, b in ((0.0, 0.7), (0.013, 0.4), (1.0, 30.0)):
        once, twice = receptor.flow(x, a + b), receptor.flow(receptor.flow(x, a), b)
        for one, other in zip(jax.tree.leaves(once), jax.tree.leaves(twice), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    for t in (0.0, 0.3, 4.0):
        now, rate = jax.jvp(lambda t: receptor.flow(x, t), (t,), (1.0,))
        wanted = receptor.vector_field(now, u)
        for one, other in zip(jax.tree.leaves(rate), jax.tree.leaves(wanted), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@every_filter
def test_the_mean_is_that_of_the_course(name, x64):
    receptor = in_double(IMPULSE[name])
    x = some_state(receptor)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    course = jax.vmap(lambda t: receptor.open_fraction(receptor.flow(x, t)))
    for t in (1e-6, 0.025, 0.5, 3.0, 20.0):
        wanted = 0.5 * np.sum(weights * course(0.5 * t * (nodes + 1.0)))
        np.testing.assert_allclose(receptor.mean(x, t), wanted, rtol=1e-11)
    assert receptor.mean(x, 0.0) == receptor.open_fraction(x)
    slope = jax.grad(lambda t: receptor.mean(x, t))(0.0)
    starts = jax.grad(lambda t: receptor.open_fraction(receptor.flow(x, t)))(0.0)
    np.testing.assert_allclose(slope, 0.5 * starts, rtol=1e-12)


def test_equal_time_constants_are_the_alpha_function(x64):
    alpha, dual = synapses.Alpha(3.0), synapses.DualExponential(3.0, 3.0)
    x = synapses.RisingConductance(jnp.asarray(0.7), jnp.asarray(0.2))
    for t in (0.0, 0.1, 2.0, 50.0):
        np.testing.assert_allclose(dual.flow(x, t).open, alpha.flow(x, t).open, rtol=1e-14)
        np.testing.assert_allclose(dual.mean(x, t), alpha.mean(x, t), rtol=1e-14)
    np.testing.assert_allclose(dual.kick().rising, np.e, rtol=1e-15)


def some_of_all(values):
    """A number that depends on the kick, the flow and the mean, from both time constants."""
    receptor = synapses.DualExponential(values[0], values[1])
    x = receptor.flow(receptor.kick(), 0.8)
    return x.open + 3.0 * x.rising + 2.0 * receptor.mean(x, 0.4)


some_of_many = jax.jit(jax.vmap(some_of_all))
slope_of_all = jax.jit(jax.vmap(jax.grad(some_of_all)))
bend_of_all = jax.jit(jax.hessian(some_of_all))


@pytest.mark.parametrize("decay", [1.0, 1.0 + 1e-9, 1.001, 1.3, 40.0])
def test_derivatives_by_time_constants_near_and_far(decay, x64):
    at, step = np.array([1.0, decay]), 1e-4
    moved = at + step * np.array([-2.0, -1.0, 1.0, 2.0])[:, None, None] * np.eye(2)
    weights = np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * step)
    wanted = weights @ some_of_many(moved.reshape(8, 2)).reshape(4, 2)
    slopes = slope_of_all(np.concatenate([at[None], moved.reshape(8, 2)]))
    np.testing.assert_allclose(slopes[0], wanted, rtol=1e-8)
    wanted = np.einsum("s,sij->ij", weights, slopes[1:].reshape(4, 2, 2))
    np.testing.assert_allclose(bend_of_all(at), wanted, rtol=1e-7, atol=1e-9)


def test_the_quotients_at_their_singular_points(x64):
    for a in (-30.0, -1.0, 0.0):
        np.testing.assert_allclose(mean_exp(a, a), np.exp(a), rtol=1e-15)
        np.testing.assert_allclose(jax.grad(mean_exp)(a, a), 0.5 * np.exp(a), rtol=1e-14)
        np.testing.assert_allclose(exprel_slope(a, a), jax.grad(exprel)(a), rtol=1e-13)
    np.testing.assert_allclose(exprel_slope(0.0, 0.0), 0.5)
    np.testing.assert_allclose(jax.grad(exprel_slope)(0.0, 0.0), 1.0 / 6.0, rtol=1e-14)
    # Divided differences, where these do not cancel.
    a, b = np.meshgrid([-700.0, -9.0, -1.3, -0.4], [-40.0, -2.0, -0.1])
    np.testing.assert_allclose(mean_exp(a, b), (np.exp(a) - np.exp(b)) / (a - b), rtol=1e-13)
    wanted = (exprel(a) - exprel(b)) / (a - b)
    np.testing.assert_allclose(exprel_slope(a, b), wanted, rtol=1e-12)
    np.testing.assert_allclose(exprel_slope(b, a), wanted, rtol=1e-12)


# Slow receptors and those made from counts


def test_metabotropic_glutamate_peaks_after_700_ms(x64):
    t, y = opened(synapses.MetabotropicGlutamate(), pulses(1500.0, [0.0], 1.0, 0.1, 0.1), 0.1)
    # Two equal stages peak one time constant after a short pulse.
    np.testing.assert_allclose(t[y.argmax()], 700.5, atol=1.0)
    assert 1e-3 < y.max() < 1.0


def test_a_messenger_closes_the_m_current(x64):
    alone = dn.channels.PospischilMTypePotassium()
    closed = synapses.MuscarinicSuppression(alone)
    u = dn.Membrane(jnp.asarray(-30.0))
    x = closed.initial_state(u)
    assert closed.output(x, u) == alone.output(alone.initial_state(u), u) > 0.0
    assert closed.carried() == alone.carried()
    bathed = u._replace(signals={"acetylcholine": jnp.asarray(10.0)})
    share = closed.available(closed.initial_state(bathed))
    np.testing.assert_allclose(share, 0.1, rtol=1e-3)
    # A tetanus closes it within a second, and it opens again with the messenger's time constant.
    course = pulses(20000.0, 50.0 * np.arange(20), 5.0, 1.0, 1.0)
    stimulus = dn.Membrane(-30.0, {}, {"acetylcholine": course})
    run = dn.simulate(
        closed, stimulus, t1=20000.0, dt=1.0, state=x, record=lambda x, u: x.messenger
    )
    assert run.y[1500] == pytest.approx(float(run.y.max()), rel=0.02)
    ratio = run.y[12000] / run.y[2000]
    np.testing.assert_allclose(ratio, np.exp(-1.0), rtol=1e-3)
    assert closed.half_messenger / (closed.half_messenger + run.y.max()) < 0.6


def test_nicotinic_openings_come_in_bursts_of_4_ms():
    closing, opening, unbinding = 0.714, 30.6, 8.15
    burst = (1.0 + opening / (2.0 * unbinding)) / closing
    receptor = synapses.NicotinicACh()
    np.testing.assert_allclose(1.0 / receptor.unbinding_rate, burst, rtol=0.01)
    bathed = dn.Membrane(0.0, {}, {"acetylcholine": 0.015})
    np.testing.assert_allclose(receptor.initial_state(bathed), 0.5, atol=0.01)
    np.testing.assert_allclose(synapses.exponential_nicotinic().time_constant, burst, rtol=0.01)


def test_kainate_receptors_are_slow():
    receptor = synapses.Kainate()
    np.testing.assert_allclose(1.0 / receptor.unbinding_rate, 46.0, rtol=0.02)
    bathed = dn.Membrane(0.0, {}, {"glutamate": 0.02})
    np.testing.assert_allclose(receptor.initial_state(bathed), 0.5, rtol=1e-6)
    assert synapses.exponential_kainate().time_constant == 46.0


def test_channels_add_up_to_a_conductance():
    glycine = synapses.channel_conductance(100, synapses.GLYCINE_CHANNEL)
    np.testing.assert_allclose(glycine, 4.6)
    np.testing.assert_allclose(synapses.channel_conductance(100, synapses.GABAA_CHANNEL), 3.0)
    slope = jax.grad(synapses.channel_conductance)(100.0, synapses.GLYCINE_CHANNEL)
    np.testing.assert_allclose(slope, 0.046)
    # 10 per um2 over 1e4 um2, as a density of mS/cm2 and in nS.
    density = 100.0 * synapses.channel_conductance(10, synapses.GLYCINE_CHANNEL)
    whole = synapses.channel_conductance(10 * 1e4, synapses.GLYCINE_CHANNEL)
    np.testing.assert_allclose(density * 1e4 * 1e-8 * 1e6, whole)


def test_a_desensitising_receptor_peaks_and_sags(x64):
    receptor = synapses.DesensitisingAMPA()
    t, y = opened(receptor, np.ones(4000))
    # What a constant matrix of rates does, by its exponential.
    rates = np.asarray(receptor.rate_matrix(dn.Membrane(0.0, {}, {"glutamate": 1.0})))
    generator = (rates - np.diag(rates.sum(axis=1))).T
    values, vectors = np.linalg.eig(generator)
    share = np.linalg.solve(vectors, np.eye(6)[0])
    wanted = np.real(vectors[5] * share @ np.exp(np.outer(values, t)))
    np.testing.assert_allclose(y, wanted, atol=2e-5)
    assert 0.5 < t[y.argmax()] < 10.0
    assert y[-1] < 0.6 * y.max()
    # After a pulse of 1 ms it has lost much of the second one.
    _, pair = opened(receptor, pulses(20.0, [0.0, 10.0], 1.0, 1.0))
    assert pair[400:].max() < 0.9 * pair[:400].max()


# Gradients through a run


GRADIENTS = {
    "AMPA": (synapses.AMPA, ["binding_rate", "unbinding_rate", "g_max", "reversal_potential"]),
    "NMDA": (synapses.NMDA, ["binding_rate", "unbinding_rate", "g_max", "magnesium"]),
    "GABAB": (
        synapses.GABAB,
        [
            "binding_rate",
            "unbinding_rate",
            "production_rate",
            "decay_rate",
            "dissociation_constant",
        ],
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_through_a_cell_equal_central_differences(name, x64):
    kind, names = GRADIENTS[name]
    receptor = kind(g_max=5.0)
    cell = Cell({"leak": dn.channels.Leak(0.1, -65.0), "synapse": receptor})
    course = pulses(10.0, [1.0], 4.0, 1.0, 0.05)
    stimulus = SignalInput(0.0, {receptor.transmitter: course})
    start = np.array([float(dn.parameters(receptor)[one][0]) for one in names])

    def total(values):
        known = {f"channels.synapse.{one}": v for one, v in zip(names, values, strict=True)}
        run = dn.simulate(dn.replace(cell, known), stimulus, t1=10.0, dt=0.05)
        return jnp.sum(jnp.cos(run.t) * run.y)

    step = 1e-4 * np.where(start == 0.0, 1.0, np.abs(start))
    moved = start + np.array([-2.0, -1.0, 1.0, 2.0])[:, None, None] * np.diag(step)
    around = jax.jit(jax.vmap(jax.vmap(total)))(moved)
    wanted = np.array([1.0, -8.0, 8.0, -1.0]) @ np.asarray(around) / (12.0 * step)
    assert (np.abs(wanted) > 1e-6).all()
    np.testing.assert_allclose(jax.jit(jax.grad(total))(start), wanted, rtol=1e-5)


# What is refused


BAD = [
    (functools.partial(synapses.AMPA, -1.0), "g_max=-1.0 .* make it at least 0"),
    (functools.partial(synapses.Exponential, 0.0), "time_constant=0.0 .* make it above 0"),
    (functools.partial(synapses.DualExponential, -1.0), "rise_time_constant=.* make it above 0"),
    (functools.partial(synapses.NMDA, magnesium=-1.0), "magnesium=-1.0 .* make it at least 0"),
    (functools.partial(synapses.GABAB, binding_sites=0), "whole number of at least 1"),
    (functools.partial(synapses.GABAB, binding_sites=2.5), "whole number of at least 1"),
    (functools.partial(synapses.MuscarinicSuppression, 3.0), "no channel: give the one"),
    (
        lambda: synapses.MuscarinicSuppression(dn.channels.SubunitNoise()),
        "give the channel without noise",
    ),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_bad_receptors_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_transmitter_that_nobody_gives_is_named():
    receptor = synapses.Glycine()
    with pytest.raises(ValueError, match="'glycine', which is not among the signals gaba"):
        receptor.initial_state(dn.Membrane(0.0, {}, {"gaba": 1.0}))


def test_derivatives_where_there_is_no_messenger_yet(x64):
    for kind, slope, bend in (
        (synapses.GABAB, 0.0, 0.0),
        (synapses.MetabotropicGlutamate, 2.0, -8.0),
    ):
        receptor = kind()

        def share(messenger, receptor=receptor):
            return receptor.open_fraction(synapses.Cascade(jnp.asarray(0.0), messenger))

        np.testing.assert_allclose(jax.grad(share)(0.0), slope)
        np.testing.assert_allclose(jax.grad(jax.grad(share))(0.0), bend)
