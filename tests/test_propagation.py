"""Impulses along axons: velocity, direction, branches, sodium; cables fitted by default."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import arrival_times, conduction_velocity, sodium_entry, spike_energy
from diffneuro.channels import Leak, SquidPotassium, SquidSodium
from diffneuro.morphology import Branch, Count, build, discretise
from diffneuro.neurons import Cable, Cell, myelinated_axon, unmyelinated_axon

DT = 0.01
GIANT = 476.0  # um


def squid(temperature=18.5):
    return {
        "na": SquidSodium(temperature=temperature),
        "k": SquidPotassium(temperature=temperature),
        "leak": Leak(),
    }


def everywhere(x, u):
    return x.voltage


def pulse(steps, size, start=0.0, width=0.25, dt=DT):
    """A rectangle of current (pA)."""
    t = np.arange(steps) * dt
    return np.where((t > start - 0.5 * dt) & (t < start + width - 0.5 * dt), size, 0.0)


def passages(run):
    """When the voltage of each place rises through -20 mV: a list of times for each."""
    t, v = np.asarray(run.t), np.asarray(run.y)
    rises = (v[:-1] < -20.0) & (v[1:] >= -20.0)
    return [t[1:][rise] for rise in rises.T]


# Velocity


def giant_velocity(diameter, resistivity, temperature):
    """m/s, over the middle third of 60 mm."""
    axon = unmyelinated_axon(
        diameter, channels=squid(temperature), axial_resistivity=resistivity, count=150
    )
    places = np.array([50, 75, 100])
    # What a sealed end takes to the same voltage.
    current = jnp.asarray(pulse(500, 2e7, width=0.5)) * (diameter / GIANT) ** 1.5
    run = dn.simulate(axon, current, t1=5.0, dt=DT, record=lambda x, u: x.voltage[places])
    return conduction_velocity(run, np.array(axon.compartments.distances)[places])


@pytest.fixture(scope="module")
def velocity():
    """Velocity and its derivatives by diameter, axial resistivity and temperature."""
    with jax.enable_x64(True):
        yield jax.jit(jax.value_and_grad(giant_velocity, argnums=(0, 1, 2)))


@pytest.mark.slow
def test_velocity_in_the_squid_axon(velocity, x64):
    assert float(velocity(GIANT, 35.4, 18.5)[0]) == pytest.approx(18.73, rel=0.02)
    assert float(velocity(GIANT, 35.4, 6.3)[0]) == pytest.approx(12.3, rel=0.02)


def test_velocity_grows_as_the_root_of_the_diameter(velocity, x64):
    thin, thick = (float(velocity(d, 35.4, 18.5)[0]) for d in (0.5 * GIANT, 2.0 * GIANT))
    assert np.log(thick / thin) / np.log(4.0) == pytest.approx(0.5, abs=0.03)


@pytest.mark.slow
def test_derivatives_of_velocity_equal_differences(velocity, x64):
    here = np.array([GIANT, 35.4, 18.5])
    speed, slopes = velocity(*here)
    for number, slope in enumerate(slopes):
        step = 1e-3 * here[number] * np.eye(3)[number]
        around = [float(velocity(*(here + k * step))[0]) for k in (-1, 1)]
        wanted = (around[1] - around[0]) / (2.0 * step.sum())
        assert float(slope) == pytest.approx(wanted, rel=1e-5)
    # Of the cable equation: the resistivity and the diameter are only in d / Ra.
    assert float(slopes[1]) * 35.4 == pytest.approx(-float(slopes[0]) * GIANT, rel=1e-3)
    assert float(slopes[0]) * GIANT / float(speed) == pytest.approx(0.5, abs=0.03)


def fast(diameter):
    """A myelinated axon and what makes it fire (pA)."""
    return myelinated_axon(diameter), pulse(1000, 300.0 * diameter, width=0.1, dt=0.005)


@pytest.fixture(scope="module")
def saltatory():
    """m/s of axons of 5 and 20 um with their myelin."""
    found = []
    for diameter in (5.0, 20.0):
        axon, current = fast(diameter)
        nodes = np.array([k * 11 for k in range(6, 16)])
        run = dn.simulate(axon, current, t1=5.0, dt=0.005, record=everywhere)
        run = dataclasses.replace(run, y=run.y[:, nodes])
        found.append(float(conduction_velocity(run, np.array(axon.compartments.distances)[nodes])))
    return found


@pytest.mark.slow
def test_velocity_grows_as_the_diameter_under_myelin(saltatory):
    thin, thick = saltatory
    assert np.log(thick / thin) / np.log(4.0) == pytest.approx(1.0, abs=0.1)


@pytest.mark.slow
def test_myelin_is_fast_and_saves_sodium(saltatory):
    axon, current = fast(10.0)
    d = axon.compartments.distances
    # Ten whole periods.
    span = (d[55] - 0.1, d[165] - 0.1)
    with_myelin = sodium_entry(axon, current, t1=5.0, dt=0.005, between=span)
    bare = unmyelinated_axon(10.0, 4e3, count=80, channels=squid(20.0), axial_resistivity=70.0)
    run = dn.simulate(bare, pulse(700, 1.3e4, width=0.5), t1=7.0, dt=DT, record=everywhere)
    places = np.array([30, 40, 50])
    slow = conduction_velocity(
        dataclasses.replace(run, y=run.y[:, places]), np.array(bare.compartments.distances)[places]
    )
    # Between those of 5 and 20 um, so above the lower.
    assert saltatory[0] > 5.0 * float(slow)
    without = sodium_entry(bare, pulse(700, 1.3e4, width=0.5), t1=7.0, dt=DT, between=(1e3, 3e3))
    assert float(with_myelin.charge) < 0.1 * float(without.charge)
    # At least what charges the membrane by 90 mV, 1 uF/cm2 all around.
    assert float(without.charge) > 90.0 * np.pi * 10e-4 * 100.0
    assert float(without.atp) == pytest.approx(float(without.ions) / 3.0, rel=1e-6)


def test_sodium_of_a_short_axon_is_that_of_a_cell(x64):
    diameter, length = 100.0, 30.0
    current = pulse(2000, 4000.0, width=1.0)

    def charge(capacitance):
        axon = unmyelinated_axon(diameter, length, count=3, capacitance=capacitance)
        return sodium_entry(axon, current, t1=20.0, dt=DT, between=(0.0, 30.0)).charge

    both = jax.jit(jax.value_and_grad(charge))
    found, slope = both(1.0)
    channels = {"na": SquidSodium(), "k": SquidPotassium(), "leak": Leak()}
    cell = Cell(channels, area=np.pi * diameter * length)
    density = float(spike_energy(cell, current, t1=20.0, dt=DT).sodium)
    # nC/cm2 times the circumference in cm times 100 cm in a m.
    assert float(found) == pytest.approx(density * np.pi * diameter * 1e-4 * 100.0, rel=3e-4)
    around = [float(both(1.0 + k * 1e-3)[0]) for k in (-2, -1, 1, 2)]
    wanted = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / 12e-3
    assert float(slope) == pytest.approx(wanted, rel=1e-6)


def test_myelin_is_lamellae_in_series(x64):
    axon = myelinated_axon(10.0, 3, g_ratio=0.7, internode_length=800.0)
    inner, outer, thickness = 3.5, 5.0, 0.0135
    number = (outer - inner) / thickness
    # The whole ones from within; each as wide as its middle is.
    radii = inner + thickness * (np.arange(round(number)) + 0.5)
    series = 1.0 / np.sum(1.0 / (2.0 * np.pi * radii * 0.5))
    inside = axon.compartments.in_region("internode")
    # 1 uF/cm2 over 1 um2 is 0.01 pF.
    found = np.asarray(axon.capacitances())[inside].sum() / (2 * 800.0)
    assert found == pytest.approx(0.01 * series, rel=2e-3)
    state = axon.initial_state(0.0)
    leak = axon.currents(state._replace(voltage=jnp.full_like(state.voltage, -45.0)))["myelin"]
    np.testing.assert_array_equal(np.asarray(leak) != 0.0, inside)
    assert np.asarray(leak).sum() / (20.0 * 2 * 800.0) == pytest.approx(0.01 * series, rel=2e-3)


# Direction and branches


@pytest.fixture(scope="module")
def giant():
    """From currents (pA) at start, middle and end of a squid axon: when each place fires."""
    axon = unmyelinated_axon(GIANT, 60e3, count=120, channels=squid())

    def run(**currents):
        given = {site: np.zeros(700) for site in ("start", "middle", "end")} | currents
        return passages(dn.simulate(axon, given, t1=7.0, dt=DT, record=everywhere))

    return run


def test_an_impulse_goes_one_way(giant):
    times = giant(start=pulse(700, 2e7))
    assert {len(one) for one in times} == {1}
    assert np.diff(np.concatenate(times)).min() >= 0.0


def test_impulses_that_meet_vanish(giant):
    times = giant(start=pulse(700, 2e7), end=pulse(700, 2e7))
    # Each place fires once, though an impulse came from either side.
    assert {len(one) for one in times} == {1}
    arrival = np.concatenate(times)
    assert arrival.argmax() in (58, 59, 60, 61)
    assert (np.diff(arrival[5:58]) >= 0.0).all()
    assert (np.diff(arrival[62:115]) <= 0.0).all()


def test_what_begins_in_the_wake_goes_back_only(giant):
    # 1.5 ms after it has passed the middle; ahead of there the axon is refractory.
    times = giant(start=pulse(700, 2e7), middle=pulse(700, 4e7, 3.2))
    assert [len(times[place]) for place in (5, 20, 40, 55)] == [2] * 4
    assert [len(times[place]) for place in (65, 80, 100, 115)] == [1] * 4
    later = giant(start=pulse(700, 2e7), middle=pulse(700, 4e7, 3.6))
    assert [len(later[place]) for place in (5, 40, 80, 115)] == [2] * 4


def forked(ratio):
    """The highest voltage along an axon and its two daughters, of so much more conductance."""
    radius = 0.5 * GIANT * (0.5 * ratio) ** (2.0 / 3.0)
    daughters = tuple(Branch(30e3, radius, name=name) for name in ("left", "right"))
    shape = build(Branch(30e3, 0.5 * GIANT, name="parent", children=daughters))
    cable = Cable(discretise(shape, Count(60)), squid(), axial_resistivity=35.4)
    run = dn.simulate(cable, pulse(700, 2e7), t1=7.0, dt=DT, record=everywhere)
    inside = [cable.compartments.in_section(name) for name in ("parent", "left", "right")]
    return [np.asarray(run.y).max(axis=0)[one] for one in inside]


def test_impulses_fail_where_branches_are_thick():
    parent, left, right = forked(1.0)
    # Rall's condition: nothing shows that there is a branch point.
    assert np.ptp(np.concatenate([parent[20:], left[:-10], right[:-10]])) < 0.5
    parent, left, right = forked(8.0)
    assert min(left[30:].min(), right[30:].min()) > 15.0
    parent, left, right = forked(16.0)
    assert parent[:50].min() > 10.0
    assert max(left.max(), right.max()) < -40.0


# Fits


@pytest.mark.slow
def test_a_cable_is_fitted_by_default():
    truth = {"axial_resistivity": 150.0, "channels.leak.g_max": 0.06}
    leak = {"leak": Leak(0.1, -65.0)}
    cable = Cable(unmyelinated_axon(2.0, 400.0, count=4).compartments, leak, axial_resistivity=80.0)
    current = pulse(100, 30.0, 1.0, 5.0, dt=0.1)
    made = dn.simulate(dn.replace(cable, truth), current, t1=10.0, dt=0.1)
    recording = dn.recordings.Recording(made.t, current[None], np.asarray(made.y)[None])
    free = {"axial_resistivity": (30.0, 600.0), "channels.leak.g_max": (0.01, 0.5)}
    result = dn.fit(cable, recording, free=free, progress=False)
    assert result.parameters == pytest.approx(truth, rel=0.01)
    assert len(result.losses) == 8


def test_an_observer_is_refused():
    cable = Cable(unmyelinated_axon(2.0, 400.0, count=4).compartments, {"leak": Leak()})
    time = np.arange(50) * 0.1
    recording = dn.recordings.Recording(time, np.zeros((1, 50)), np.full((1, 50), -60.0))
    with pytest.raises(ValueError, match="cannot be synchronised with a recorded voltage"):
        dn.fit(
            cable,
            recording,
            free={"axial_resistivity": (30.0, 600.0)},
            method=dn.methods.Synchronised(),
            progress=False,
        )


# Bad input


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: unmyelinated_axon(length=-1.0), "length=-1.0 um of an axon: make it above 0"),
        (lambda: unmyelinated_axon(count=2), "count=2 of an axon must be a whole number, at least"),
        (lambda: unmyelinated_axon(0.0), "radius"),
        (lambda: myelinated_axon(nodes=1), "nodes=1 of an axon must be a whole number"),
        (lambda: myelinated_axon(g_ratio=1.0), "g_ratio=1.0 of an axon"),
        (lambda: myelinated_axon(node_length=0.0), "node_length=0.0 um of an axon"),
        (lambda: myelinated_axon(channels={"myelin": Leak()}), "called 'myelin'"),
        (lambda: jax.jit(lambda d: myelinated_axon(d).capacitance)(3.0), "give internode_length"),
    ],
)
def test_bad_axons_are_told(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def traces(*voltages):
    t = jnp.arange(8.0)
    return dn.Trajectory(t, jnp.stack([jnp.asarray(v, float) for v in voltages], axis=1), None)


RISE = [-70.0, -70.0, -50.0, -30.0, -10.0, 10.0, 30.0, 50.0]


def test_bad_traces_are_told():
    here, never = RISE, [-70.0] * 8
    assert float(arrival_times(traces(here, here))[0]) == pytest.approx(3.5, rel=1e-3)
    late = [-70.0, *RISE[:-1]]
    assert float(conduction_velocity(traces(here, late), [0.0, 2000.0])) == pytest.approx(2.0)
    assert float(conduction_velocity(traces(late, here), [0.0, 2000.0])) == pytest.approx(-2.0)
    with pytest.raises(ValueError, match="no impulse comes to the place at 2000 um"):
        conduction_velocity(traces(here, never), [0.0, 2000.0])
    with pytest.raises(ValueError, match="give one for each of at least two"):
        conduction_velocity(traces(here, late), [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="all places are at one distance"):
        conduction_velocity(traces(here, late), [1.0, 1.0])
    with pytest.raises(ValueError, match="no voltages of several places"):
        conduction_velocity(dn.Trajectory(jnp.arange(8.0), jnp.zeros(8), None), [0.0, 1.0])


def test_bad_sodium_is_told():
    axon = unmyelinated_axon(100.0, 30.0, count=3)
    options = {"t1": 1.0, "between": (0.0, 30.0)}
    with pytest.raises(ValueError, match="0 impulses pass the middle"):
        sodium_entry(axon, 0.0, **options)
    with pytest.raises(ValueError, match="no compartment lies between 50 and 60 um"):
        sodium_entry(axon, 0.0, t1=1.0, between=(50.0, 60.0))
    with pytest.raises(ValueError, match="no channel of leak carries sodium"):
        sodium_entry(unmyelinated_axon(channels={"leak": Leak()}), 0.0, **options)
    with pytest.raises(ValueError, match="has no length"):
        sodium_entry(dn.neurons.HodgkinHuxley(), 0.0, **options)
