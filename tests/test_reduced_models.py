"""Reduced models: the equations of their papers, rest, spikes, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import diffneuro as dn
from diffneuro.analysis import interspike_intervals, spike_times
from diffneuro.neurons import (
    MORRIS_LECAR_PATTERNS,
    FitzHughNagumo,
    FitzHughNagumoState,
    HindmarshRose,
    HindmarshRoseState,
    MorrisLecar,
    MorrisLecarState,
    OpenConductance,
    ReducedHodgkinHuxley,
    ReducedHodgkinHuxleyState,
    RinzelHodgkinHuxley,
    RinzelHodgkinHuxleyState,
    SynapticInput,
)

pytestmark = pytest.mark.usefixtures("strict", "x64")


def morris_lecar_of(pattern):
    return MorrisLecar(**MORRIS_LECAR_PATTERNS[pattern].parameters)


# With an input that makes each of them fire, and a voltage that only a spike crosses.
MODELS = {
    "FitzHughNagumo": (FitzHughNagumo, 0.5, 0.0),
    "MorrisLecar class I": (lambda: morris_lecar_of("class I"), 4200.0, 0.0),
    "MorrisLecar class II": (MorrisLecar, 10000.0, 0.0),
    "ReducedHodgkinHuxley": (ReducedHodgkinHuxley, 1000.0, 0.0),
    "RinzelHodgkinHuxley": (RinzelHodgkinHuxley, 3000.0, 0.0),
    "HindmarshRose": (HindmarshRose, 2.0, 1.0),
}
every_model = pytest.mark.parametrize("name", MODELS)


# The equations, written anew as the papers have them: per area, with the papers' voltages.


def fitzhugh_nagumo(x, current):
    v, w = x
    return [v - v**3 / 3 - w + current, 0.08 * (v + 0.7 - 0.8 * w)]


def morris_lecar(x, current, g_ca=4.4, v3=2.0, v4=30.0, phi=0.04):
    v, w = x
    m = 0.5 * (1 + np.tanh((v + 1.2) / 18.0))
    settled = 0.5 * (1 + np.tanh((v - v3) / v4))
    ions = g_ca * m * (v - 120) + 8 * w * (v + 84) + 2 * (v + 60)
    return [(current / 100 - ions) / 20, phi * np.cosh((v - v3) / (2 * v4)) * (settled - w)]


def class_one(x, current):
    return morris_lecar(x, current, 4.0, 12.0, 17.4, 1 / 15)


def squid(v):
    """Opening and closing rates of n, m and h; v is counted from rest."""
    return (
        (0.01 * (10 - v) / np.expm1((10 - v) / 10), 0.125 * np.exp(-v / 80)),
        (0.1 * (25 - v) / np.expm1((25 - v) / 10), 4 * np.exp(-v / 18)),
        (0.07 * np.exp(-v / 20), 1 / (np.exp((30 - v) / 10) + 1)),
    )


def squid_current(v, n, m, h):
    return 120 * m**3 * h * (v - 115) + 36 * n**4 * (v + 12) + 0.3 * (v - 10.613)


def reduced_squid(x, current):
    v, n = x[0] + 65, x[1]
    (open_n, close_n), (open_m, close_m), _ = squid(v)
    ions = squid_current(v, n, open_m / (open_m + close_m), 0.89 - 1.1 * n)
    return [current / 100 - ions, open_n * (1 - n) - close_n * n]


def rinzel(x, current):
    v, w, s = x[0] + 65, x[1], 1.2714
    n, m, h = (opening / (opening + closing) for opening, closing in squid(v))
    settled = s * (n + s * (1 - h)) / (1 + s**2)
    tau = 5 * np.exp(-((v + 10) ** 2) / 55**2) + 1
    return [current / 100 - squid_current(v, w / s, m, 1 - w), (settled - w) / tau]


def hindmarsh_rose(x, current):
    v, y, z = x
    rise = y - v**3 + 3 * v**2 - z + current
    return [rise, 1 - 5 * v**2 - y, 0.005 * (4 * (v + 1.6) - z)]


PAPERS = dict(
    zip(
        MODELS,
        [fitzhugh_nagumo, class_one, morris_lecar, reduced_squid, rinzel, hindmarsh_rose],
        strict=True,
    )
)


@every_model
def test_run_is_that_of_the_papers_equations(name):
    """Against the equations written anew, in the hands of another integrator."""
    make, current, threshold = MODELS[name]
    model = make()
    t1, dt = (20.0, 0.0025) if "Huxley" in name else (160.0, 0.02)
    run = dn.simulate(model, current, t1=t1, dt=dt, solver=dn.solvers.RungeKutta4())
    start = [float(part) for part in model.initial_state(jnp.asarray(0.0))]
    wanted = solve_ivp(
        lambda _, x: PAPERS[name](x, current),
        (0.0, t1),
        start,
        method="LSODA",
        t_eval=np.asarray(run.t),
        rtol=1e-10,
        atol=1e-10,
    )
    assert np.ptp(wanted.y[0]) > 0.5 * abs(start[0])
    assert (wanted.y[0] > threshold).any()
    # An upstroke of 3,000 mV/ms makes a hundredth of a millivolt of a few nanoseconds.
    np.testing.assert_allclose(run.y, wanted.y[0], atol=1e-4 * np.ptp(wanted.y[0]))


@every_model
@pytest.mark.parametrize("share", [-1.0, 0.0, 0.4])
def test_rest_stands_still(name, share):
    make, current, _ = MODELS[name]
    model, u = make(), jnp.asarray(share * current)
    x = model.initial_state(u)
    np.testing.assert_allclose(jnp.stack(model.vector_field(x, u)), 0.0, atol=1e-9)


@every_model
def test_a_conductance_acts_as_the_current_it_passes(name):
    make, current, _ = MODELS[name]
    model = make()
    scale = current / 50.0
    reversal = -1.0 if current < 10.0 else -70.0
    u = SynapticInput(
        jnp.asarray(0.3 * current), (OpenConductance(jnp.asarray(scale), jnp.asarray(reversal)),)
    )
    x = model.initial_state(jnp.asarray(0.0))
    x = x._replace(voltage=x.voltage + 3.0)
    same = 0.3 * current + scale * (reversal - x.voltage)
    for found, wanted in zip(model.vector_field(x, u), model.vector_field(x, same), strict=True):
        assert float(found) == pytest.approx(float(wanted), rel=1e-12)
    assert float(model.vector_field(x, u)[0]) != pytest.approx(
        float(model.vector_field(x, jnp.asarray(0.3 * current))[0]), rel=1e-3
    )
    rest = model.initial_state(u)
    np.testing.assert_allclose(jnp.stack(model.vector_field(rest, u)), 0.0, atol=1e-9)


def test_rest_of_fitzhugh_nagumo_is_the_root_of_its_cubic():
    for current in (-0.5, 0.0, 0.7, 300.0):
        x = FitzHughNagumo().initial_state(jnp.asarray(current))
        roots = np.roots([-1 / 3, 0.0, 1 - 1 / 0.8, current - 0.7 / 0.8])
        (wanted,) = roots[np.abs(roots.imag) < 1e-9].real
        assert float(x.voltage) == pytest.approx(wanted, rel=1e-9)


def test_without_decay_of_the_recovery_the_rest_is_where_it_is_pulled_to():
    x = FitzHughNagumo(recovery_decay=0.0).initial_state(jnp.asarray(0.2))
    assert float(x.voltage) == pytest.approx(-0.7, rel=1e-9)
    assert float(x.recovery) == pytest.approx(-0.7 + 0.7**3 / 3 + 0.2, rel=1e-9)


@pytest.mark.parametrize("v", [-80.0, -65.0, -40.0, 10.0])
def test_reductions_are_the_full_cell_with_its_gates_tied(v):
    """At the same gates, the voltage moves as that of `HodgkinHuxley` does."""
    cell, u, v = dn.neurons.HodgkinHuxley(), jnp.asarray(400.0), jnp.asarray(v)
    membrane = dn.Membrane(v)
    m = dn.channels.SquidSodium().initial_state(membrane).m

    def full(n, h):
        gates = {
            "na": dn.channels.SodiumGates(m, h),
            "k": dn.channels.PotassiumGates(n),
            "leak": (),
        }
        return cell.vector_field(dn.neurons.CellState(v, gates), u)

    n = jnp.asarray(0.45)
    reduced = ReducedHodgkinHuxley().vector_field(ReducedHodgkinHuxleyState(v, n), u)
    wanted = full(n, 0.89 - 1.1 * n)
    assert float(reduced.voltage) == pytest.approx(float(wanted.voltage), rel=1e-12)
    assert float(reduced.activation) == pytest.approx(float(wanted.channels["k"].n), rel=1e-12)
    rinzel = RinzelHodgkinHuxley().vector_field(RinzelHodgkinHuxleyState(v, n), u)
    wanted = full(n / 1.2714, 1.0 - n)
    assert float(rinzel.voltage) == pytest.approx(float(wanted.voltage), rel=1e-12)


def test_rest_of_rinzels_reduction_is_that_of_the_full_cell():
    full = dn.neurons.HodgkinHuxley().initial_state(jnp.asarray(0.0))
    rest = RinzelHodgkinHuxley().initial_state(jnp.asarray(0.0))
    assert float(rest.voltage) == pytest.approx(float(full.voltage), abs=1e-3)


def test_rinzels_time_constant_follows_that_of_the_potassium_gate():
    """It stands for those of n and h, which are between 1 and 9 ms."""

    def slope(model, leaf, x):
        return jax.jacfwd(lambda part: model.vector_field(x._replace(**{leaf: part}), zero))(
            getattr(x, leaf)
        )

    zero = jnp.asarray(0.0)
    for v in np.linspace(-100.0, 40.0, 15):
        rinzel = RinzelHodgkinHuxleyState(jnp.asarray(v), jnp.asarray(0.4))
        squid = ReducedHodgkinHuxleyState(jnp.asarray(v), jnp.asarray(0.4))
        tau = -1.0 / float(slope(RinzelHodgkinHuxley(), "recovery", rinzel).recovery)
        tau_n = -1.0 / float(slope(ReducedHodgkinHuxley(), "activation", squid).activation)
        assert tau == pytest.approx(tau_n, rel=0.3)


def test_warm_gates_are_faster():
    """A Q10 of 3: ten degrees more make the recovery, and nothing else, three times as fast."""
    u = jnp.asarray(0.0)
    for kind, state in (
        (ReducedHodgkinHuxley, ReducedHodgkinHuxleyState),
        (RinzelHodgkinHuxley, RinzelHodgkinHuxleyState),
    ):
        x = state(jnp.asarray(-40.0), jnp.asarray(0.4))
        cold, warm = kind().vector_field(x, u), kind(temperature=16.3).vector_field(x, u)
        assert float(warm[1]) == pytest.approx(3.0 * float(cold[1]), rel=1e-12)
        assert float(warm[0]) == pytest.approx(float(cold[0]), rel=1e-12)


def test_current_per_area_decides():
    x = MorrisLecarState(jnp.asarray(-20.0), jnp.asarray(0.1))
    small = MorrisLecar().vector_field(x, jnp.asarray(3000.0))
    large = MorrisLecar(area=2e4).vector_field(x, jnp.asarray(6000.0))
    assert float(small.voltage) == pytest.approx(float(large.voltage), rel=1e-12)


def test_the_default_solver_finds_spike_times_to_order_two():
    def first_spike(dt):
        run = dn.simulate(FitzHughNagumo(), 0.5, t1=3.0, dt=dt)
        return float(spike_times(run, max_spikes=1, threshold=0.0)[0][0])

    wanted = first_spike(0.005)
    errors = [abs(first_spike(dt) - wanted) for dt in (0.2, 0.1)]
    assert errors[1] < 0.003
    assert 3.7 < errors[0] / errors[1] < 4.3


def test_class_one_starts_slowly_and_class_two_at_once():
    """Close to where it begins to fire, class I has any interval, class II hardly a longer one."""

    def interval(model, current):
        run = dn.simulate(model, current, t1=1500.0, dt=0.1)
        times = spike_times(run, max_spikes=32, threshold=0.0)[0]
        found = np.asarray(interspike_intervals(times))
        return found[np.isfinite(found)][-1]

    one = [interval(morris_lecar_of("class I"), current) for current in (4010.0, 4400.0)]
    two = [interval(MorrisLecar(), current) for current in (9000.0, 9900.0)]
    assert one[0] > 4.0 * one[1]
    assert two[0] < 1.3 * two[1]


def test_hindmarsh_rose_bursts():
    """At an input of 2 in bursts with silence between, at 4 in single spikes."""
    model = HindmarshRose()

    def intervals(current):
        run = dn.simulate(model, current, t1=1500.0, dt=0.05)
        times = np.asarray(spike_times(run, max_spikes=256, threshold=1.0)[0])
        return np.diff(times[np.isfinite(times) & (times > 500.0)])

    bursting, tonic = intervals(2.0), intervals(4.0)
    silent = bursting > 4.0 * np.median(bursting)
    assert silent.sum() >= 3
    starts = np.flatnonzero(silent)
    assert (np.diff(starts) == np.diff(starts)[0]).all()
    assert np.diff(starts)[0] >= 3
    assert np.ptp(tonic) < 0.2 * tonic.mean()


GRADIENTS = {
    "FitzHughNagumo": (0.5, 0.0, 50.0),
    "HindmarshRose": (2.0, 1.0, 16.0),
}


@pytest.mark.parametrize(
    "name", ["FitzHughNagumo", pytest.param("HindmarshRose", marks=pytest.mark.slow)]
)
def test_gradient_of_the_second_spike_equals_differences(name):
    model = MODELS[name][0]()
    current, threshold, t1 = GRADIENTS[name]
    known = {path: float(value) for path, (value, _) in dn.parameters(model).items()}

    def second(values):
        changed = dn.replace(model, dict(zip(known, values, strict=True)))
        run = dn.simulate(changed, current, t1=t1, dt=0.02)
        return spike_times(run, max_spikes=2, threshold=threshold)[0][1]

    start = np.array(list(known.values()))
    step = 1e-5 * np.maximum(np.abs(start), 0.1)
    offsets = np.array([-2.0, -1.0, 1.0, 2.0])
    moved = start + offsets[:, None, None] * np.diag(step)
    around = jax.jit(jax.vmap(second))(moved.reshape(-1, start.size))
    around = np.asarray(around).reshape(offsets.size, start.size)
    assert np.isfinite(around).all()
    wanted = np.array([1.0, -8.0, 8.0, -1.0]) @ around / (12.0 * step)
    forward = jax.jit(jax.jacfwd(second))(start)
    assert (np.abs(wanted * np.maximum(np.abs(start), 0.1)) > 1e-4).all()
    np.testing.assert_allclose(forward, wanted, rtol=1e-5)


def test_the_homoclinic_pattern_rests_or_fires():
    """Under one current, by where it comes from; after 400 ms the firing has not died away."""
    model, current = morris_lecar_of("homoclinic"), MORRIS_LECAR_PATTERNS["homoclinic"].current

    def count(start):
        run = dn.simulate(model, current, t1=600.0, dt=0.1, state=start)
        times = np.asarray(spike_times(run, max_spikes=64, threshold=0.0)[0])
        return ((times > 400.0) & np.isfinite(times)).sum()

    assert count(model.initial_state(jnp.asarray(current))) == 0
    assert count(MorrisLecarState(jnp.asarray(-5.0), jnp.asarray(0.0))) >= 5


def test_defaults_of_morris_lecar_are_class_two():
    defaults = {path: float(value) for path, (value, _) in dn.parameters(MorrisLecar()).items()}
    assert MORRIS_LECAR_PATTERNS["class II"].parameters.items() <= defaults.items()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: MorrisLecar(capacitance=0.0), "capacitance"),
        (lambda: MorrisLecar(potassium_width=-1.0), "potassium_width"),
        (lambda: FitzHughNagumo(recovery_rate=-0.1), "recovery_rate"),
        (lambda: HindmarshRose(cubic=0.0), "cubic"),
        (lambda: ReducedHodgkinHuxley(temperature=-300.0), "temperature"),
        (lambda: RinzelHodgkinHuxley(recovery_ratio=0.0), "recovery_ratio"),
    ],
)
def test_impossible_parameters_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    "state", [FitzHughNagumoState, HindmarshRoseState, MorrisLecarState, ReducedHodgkinHuxleyState]
)
def test_every_variable_says_its_unit(state):
    for name, annotation in state.__annotations__.items():
        assert annotation.__metadata__[0] in ("mV", "1"), name
