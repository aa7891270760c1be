"""The integrate-and-fire family: numbers, shunting, exact gradients, order."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro import neurons, spikes
from diffneuro.analysis import lif_spike_times, spike_times
from diffneuro.neurons import OpenConductance, SynapticInput

pytestmark = pytest.mark.usefixtures("strict")

# A neuron and a current with which it fires.
FAMILY = {
    "LIF": (neurons.LIF, 500.0),
    "AdaptiveLIF": (neurons.AdaptiveLIF, 500.0),
    "EIF": (neurons.EIF, 150.0),
    "AdEx": (neurons.AdEx, 1000.0),
    "QIF": (neurons.QIF, 200.0),
    "Izhikevich2003": (neurons.Izhikevich2003, 12.0),
    "Izhikevich2007": (neurons.Izhikevich2007, 300.0),
}
every_member = pytest.mark.parametrize("name", FAMILY)


def finite(times):
    times = np.asarray(times, float)
    return times[np.isfinite(times)]


def count_in_batch(make, patterns, t1, dt, starts):
    """The number of spikes under each pattern's current, in one batch."""
    names = list(next(iter(patterns.values())).parameters)
    values = {name: np.array([p.parameters[name] for p in patterns.values()]) for name in names}

    @jax.jit
    @jax.vmap
    def count(values, current, start):
        model = dn.replace(make(), values)
        state = model.state(start)
        return dn.simulate(model, current, t1=t1, dt=dt, state=state).spikes.sum()

    currents = np.array([pattern.current for pattern in patterns.values()])
    found = count(values, currents, np.asarray(starts))
    return {name: int(number) for name, number in zip(patterns, found, strict=True)}


# Numbers


def test_patterns_of_the_adaptive_exponential_neuron(x64):
    """Naud et al. 2008: number of spikes in 600 ms."""
    patterns = dict(neurons.ADEX_PATTERNS)
    del patterns["irregular"]  # chaotic
    rests = [pattern.parameters["leak_reversal"] for pattern in patterns.values()]
    found = count_in_batch(neurons.AdEx, patterns, 600.0, 0.05, rests)
    published = {"tonic": 62, "adapting": 12, "initial burst": 12, "transient": 1}
    assert {name: found[name] for name in published} == published
    bursting = {"regular bursting": 11, "delayed accelerating": 46, "delayed regular bursting": 32}
    assert {name: found[name] for name in bursting} == bursting


def test_patterns_of_the_simple_model_of_2003(x64):
    """Number of spikes in 180 ms, by LSODA at a relative 1e-11."""
    patterns = neurons.IZHIKEVICH_2003_PATTERNS
    # The rest is where 0.04 v^2 + (5 - b) v + 140 = 0.
    rests = []
    for pattern in patterns.values():
        p = 5.0 - pattern.parameters["recovery_sensitivity"]
        rests.append((-p - np.sqrt(p * p - 22.4)) / 0.08)
        model = neurons.Izhikevich2003(**pattern.parameters)
        zero = jnp.asarray(0.0)
        assert float(model.output(model.initial_state(zero), zero)) == pytest.approx(rests[-1])
    found = count_in_batch(neurons.Izhikevich2003, patterns, 180.0, 0.05, rests)
    assert found == {
        "regular spiking": 5,
        "intrinsically bursting": 8,
        "chattering": 18,
        "fast spiking": 25,
        "thalamo-cortical": 8,
        "resonator": 0,
        "low-threshold spiking": 17,
    }


def test_the_thalamic_cell_fires_when_released_and_the_resonator_when_pushed():
    cell = neurons.Izhikevich2003(**neurons.IZHIKEVICH_2003_PATTERNS["thalamo-cortical"].parameters)
    released = dn.stimuli.Step(0.0, 50.0, baseline=-25.0)
    times = finite(dn.simulate(cell, released, t1=150.0, dt=0.05).spike_times)
    assert 5 <= len(times) <= 9
    assert (times > 50.0).all()
    assert (np.diff(times) > 3.0).all()
    assert times[-1] < 120.0
    pattern = neurons.IZHIKEVICH_2003_PATTERNS["resonator"]
    pulse = dn.stimuli.Step(10.0, 20.0, 25.0, baseline=pattern.current)
    run = dn.simulate(neurons.Izhikevich2003(**pattern.parameters), pulse, t1=150.0, dt=0.05)
    assert 1 <= len(finite(run.spike_times)) <= 3
    # Afterwards it rings: the recovery goes above and below where it rests.
    assert (np.diff(np.sign(run.y[600:] - run.y[-1])) != 0).sum() >= 3


def test_patterns_of_the_simple_model_of_2007(x64):
    """Number of spikes in 500 ms, by LSODA at a relative 1e-11."""
    patterns = neurons.IZHIKEVICH_2007_PATTERNS
    rests = [pattern.parameters["rest_potential"] for pattern in patterns.values()]
    found = count_in_batch(neurons.Izhikevich2007, patterns, 500.0, 0.05, rests)
    assert found == {"regular spiking": 6, "intrinsically bursting": 7, "chattering": 29}


def test_the_model_of_2003_is_one_of_2007(x64):
    """0.04 v^2 + 5 v + 140 - b v has the roots -70 and -55 where b is 0.2."""
    same = neurons.Izhikevich2007(
        capacitance=1.0,
        quadratic_conductance=0.04,
        rest_potential=-70.0,
        threshold=-55.0,
        peak_potential=30.0,
        recovery_rate=0.02,
        recovery_conductance=0.2,
        reset_potential=-65.0,
        spike_recovery=8.0,
    )
    runs = [dn.simulate(m, 12.0, t1=90.0, dt=0.0125) for m in (same, neurons.Izhikevich2003())]
    first, second = (finite(run.spike_times) for run in runs)
    assert len(first) == 4
    np.testing.assert_allclose(first, second, atol=1e-3)
    np.testing.assert_allclose(
        runs[0].state.recovery, runs[1].state.recovery - 0.2 * -70.0, rtol=1e-3
    )


def test_period_and_rest_of_the_quadratic_neuron(x64):
    """From v_r to v_peak at I: (arctan y_peak - arctan y_reset)/rate, with a refractory time."""
    refractory, current = 2.3, 300.0
    qif = neurons.QIF(refractory_time=refractory)
    # 20 nS (v + 65)(v + 50)/(15 mV) has its vertex at -57.5 mV, 75 pA below zero.
    bend, spare = 20.0 / 15.0, current - 75.0
    width = np.sqrt(spare / bend)
    angles = np.arctan((np.array([20.0, -80.0]) + 57.5) / width)
    period = (angles[0] - angles[1]) * 200.0 / (bend * width) + refractory
    times = finite(dn.simulate(qif, current, t1=200.0, dt=0.025).spike_times)
    assert len(times) >= 5
    np.testing.assert_allclose(np.diff(times), period, rtol=1e-5)
    for below in (0.0, 40.0, -500.0):
        v = qif.output(qif.initial_state(jnp.asarray(below)), jnp.asarray(below))
        assert float(v) == pytest.approx(-57.5 - np.sqrt((75.0 - below) / bend), rel=1e-12)


def test_the_exponential_neuron_is_the_adaptive_one_without_adaptation(x64):
    values = {name: float(value) for name, (value, _) in dn.parameters(neurons.EIF()).items()}
    adex = neurons.AdEx(**values, adaptation_conductance=0.0, spike_adaptation=0.0)
    found, wanted = (dn.simulate(m, 150.0, t1=60.0, dt=0.1) for m in (neurons.EIF(), adex))
    assert int(found.spikes.sum()) >= 2
    np.testing.assert_allclose(finite(found.spike_times), finite(wanted.spike_times), rtol=1e-12)
    np.testing.assert_allclose(found.y, wanted.y, rtol=1e-12)


def test_bifurcations_of_the_adaptive_neuron(x64):
    """Its rest ends at 627.311 pA, but loses stability at 627.182."""
    neuron = neurons.AdEx()

    @jax.jit
    @jax.vmap
    def at_rest(current):
        rest = neuron.initial_state(current)
        motion = neuron.vector_field(rest, current)

        def rates(x):
            moved = neuron.vector_field(rest._replace(distance=x[0], adaptation=x[1]), current)
            return jnp.stack([moved.distance, moved.adaptation])

        jacobian = jax.jacfwd(rates)(jnp.stack([rest.distance, rest.adaptation]))
        # Where the determinant is positive the trace is the sign of the eigenvalues.
        return jnp.abs(motion.distance), jnp.trace(jacobian), jnp.linalg.det(jacobian)

    currents = np.array([627.172, 627.192, 627.310, 627.312])
    speed, trace, determinant = map(np.asarray, at_rest(currents))
    np.testing.assert_array_equal(speed < 1e-12, [True, True, True, False])
    np.testing.assert_array_equal(trace[:3] > 0, [False, True, True])
    assert (determinant[:3] > 0).all()


def test_what_spikes_leave_behind_decays(x64):
    """Each conductance is the sum of its jumps, decayed since their spikes; both at once."""
    neuron = neurons.AdaptiveLIF(refractory_time=1.3)
    both = ("adaptation", "relative_refractoriness")
    run = dn.simulate(
        neuron, 700.0, t1=60.0, dt=0.05, record=lambda x, u: [getattr(x, name) for name in both]
    )
    times = finite(run.spike_times)
    assert len(times) >= 4
    since = np.asarray(run.t)[:, None] - times
    for found, jump, tau in zip(run.y, (1.0, 40.0), (100.0, 2.0), strict=True):
        wanted = np.where(since > 0, jump * np.exp(-np.maximum(since, 0.0) / tau), 0.0).sum(1)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-12)


def test_adaptation_stretches_late_intervals_and_refractoriness_all(x64):
    def intervals(**jumps):
        neuron = neurons.AdaptiveLIF(**jumps)
        return np.diff(finite(dn.simulate(neuron, 500.0, t1=200.0, dt=0.1).spike_times))

    none = intervals(adaptation_jump=0.0, refractory_jump=0.0)
    adapting = intervals(adaptation_jump=1.0, refractory_jump=0.0)
    fast = intervals(adaptation_jump=0.0, refractory_jump=40.0)
    lif = neurons.LIF(refractory_time=0.0)
    times = finite(dn.simulate(lif, 500.0, t1=200.0, dt=0.1).spike_times)
    np.testing.assert_allclose(none, np.diff(times), rtol=1e-6)
    assert (np.diff(adapting) > 0).all()
    assert adapting[-1] > 1.5 * none[-1]
    assert (fast > none[0] + 1.0).all()
    # Nothing of 2 ms is left after an interval, so the next is as long.
    np.testing.assert_allclose(fast, fast[0], rtol=1e-2)


# Order

# First, second and last spike in 200 ms from rest, by LSODA at a relative 1e-11 on the equations
# in the voltage; `fitting/spike_time_convergence.py` computes them.
TIGHT = {
    "LIF": (10.216512, 20.325815, 192.183951),
    "AdaptiveLIF": (10.216512, 21.930409, 199.306251),
    "EIF": (15.843824, 37.950863, 192.700138),
    "AdEx": (11.728655, 25.248647, 167.593769),
    "QIF": (32.619248, 73.067508, 194.412287),
    "Izhikevich2003": (2.971625, 9.885911, 196.152300),
    "Izhikevich2007": (14.569022, 27.647622, 191.054028),
}
# At a step of 0.05 ms.
LARGEST_ERROR = {
    "LIF": 1e-6,
    "AdaptiveLIF": 1.5e-3,
    "EIF": 1.2e-3,
    "AdEx": 2.5e-4,
    "QIF": 4e-4,
    "Izhikevich2003": 5e-3,
    "Izhikevich2007": 8e-4,
}


def late_by(name, dt):
    make, current = FAMILY[name]
    times = finite(dn.simulate(make(), current, t1=200.0, dt=dt).spike_times)
    return np.abs(times[[0, 1, -1]] - TIGHT[name]).max()


# EIF is AdEx without adaptation, and the model of 2003 one of 2007; tests above say so.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ("EIF", "Izhikevich2007") else ())
        for name in FAMILY
    ],
)
def test_spike_times_converge_with_order_two(name, x64):
    coarse = late_by(name, 0.05)
    assert coarse < LARGEST_ERROR[name]
    if name == "LIF":  # the solver is exact, and the reference is given to 1e-6
        return
    order = np.log2(coarse / late_by(name, 0.0125)) / 2.0
    # A logarithm in the exponential upstroke makes it a little less for EIF.
    assert 1.75 < order < 2.3


@pytest.mark.parametrize("name", ["EIF", "QIF", "Izhikevich2003"])
def test_spikes_in_single_precision(name):
    assert late_by(name, 0.05) < LARGEST_ERROR[name] + 5e-3


# Far from the usual


@every_member
def test_overshoot_of_a_trial_step_that_ran_far(name):
    model = FAMILY[name][0]()
    u = jnp.asarray(0.0)
    rest = model.initial_state(u)
    where = {"AdEx": "distance", "EIF": "distance", "LIF": "voltage", "AdaptiveLIF": "voltage"}
    leaf = where.get(name, "rise")
    sign = -1.0 if leaf == "distance" else 1.0

    def overshoot(far):
        return model.overshoot(rest._replace(**{leaf: sign * far}), u)

    far = jnp.asarray([1.0, 3.0, 1e3, 1e6])
    values, slopes = jax.vmap(jax.value_and_grad(overshoot))(far)
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
    assert (np.diff(values) >= 0).all()
    assert values[-1] >= 0
    assert float(model.overshoot(rest, u)) < -10.0


@pytest.mark.parametrize("name", ["EIF", "QIF", "Izhikevich2007"])
def test_absurd_currents_neither_overflow_nor_silence(name):
    @jax.jit
    @jax.vmap
    def extremes(current):
        run = dn.simulate(FAMILY[name][0](), current, t1=20.0, dt=0.1)
        return run.spikes.sum(), run.y.max(), run.state

    count, highest, state = extremes(jnp.array([-1e4, 1e4, 1e6]))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))
    assert count[0] == 0
    assert (count[1:] >= 8).all()
    assert (highest <= 36.0).all()


REFUSED = {
    "adaptive reset": (lambda: neurons.AdaptiveLIF(reset_potential=-50.0), "threshold above"),
    "no adaptation time": (
        lambda: neurons.AdaptiveLIF(adaptation_time_constant=0.0),
        "adaptation_time_constant=0.0 ms",
    ),
    "no slope": (lambda: neurons.EIF(slope_factor=-1.0), "slope_factor=-1.0 mV: make"),
    "exponential reset": (lambda: neurons.EIF(reset_potential=-20.0), "peak_potential above the r"),
    "exponential peak": (lambda: neurons.EIF(peak_potential=-60.0), "above the threshold"),
    "quadratic roots": (lambda: neurons.QIF(threshold=-65.0), "EIF|QIF has leak_reversal=-65.0"),
    "quadratic reset": (lambda: neurons.QIF(reset_potential=30.0), "peak_potential above the r"),
    "low apex": (
        lambda: neurons.Izhikevich2003(peak_potential=-63.0, reset_potential=-70.0),
        "make it above -62.5",
    ),
    "reset above apex": (lambda: neurons.Izhikevich2003(reset_potential=31.0), "above the reset"),
    "simple roots": (lambda: neurons.Izhikevich2007(rest_potential=-40.0), "above the rest_pot"),
    "simple reset": (
        lambda: dn.replace(neurons.Izhikevich2007(), {"reset_potential": 40.0}),
        "above the reset",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    make, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        make()


# Synaptic conductances


def test_constant_conductances_move_a_leaky_neuron_as_they_must(x64):
    """v = v_inf + (E_L - v_inf) exp(-t g/C), g the sum and v_inf the mean of the reversals."""
    u = SynapticInput(20.0, (OpenConductance(3.0, 0.0), OpenConductance(15.0, -70.0)))
    run = dn.simulate(neurons.LIF(), u, t1=50.0, dt=0.1)
    total = 10.0 + 3.0 + 15.0
    end = (20.0 + 10.0 * -70.0 + 15.0 * -70.0) / total
    wanted = end + (-70.0 - end) * np.exp(-np.asarray(run.t) * total / 200.0)
    np.testing.assert_allclose(run.y, wanted, rtol=1e-12)


def test_a_conductance_is_a_number_samples_or_a_function(x64):
    count, dt = 200, 0.1
    number = SynapticInput(0.0, (OpenConductance(5.0, 0.0),))
    samples = SynapticInput(np.zeros(count), (OpenConductance(np.full(count, 5.0), 0.0),))
    switched_on = dn.stimuli.Step(5.0, 0.0)
    function = SynapticInput(0.0, (OpenConductance(switched_on, lambda t: 0.0 * t),))
    runs = [
        dn.simulate(neurons.QIF(), u, t1=count * dt, dt=dt) for u in (number, samples, function)
    ]
    assert np.ptp(runs[0].y) > 10.0
    for run in runs[1:]:
        np.testing.assert_allclose(run.y, runs[0].y, rtol=1e-12)


@pytest.mark.parametrize("name", ["LIF", "QIF", "AdEx"])
def test_inhibition_at_rest_shunts(name):
    """It moves nothing by itself, but takes from the excitation that comes with it."""
    make, _ = FAMILY[name]
    model = make()
    zero = jnp.asarray(0.0)
    start = model.initial_state(zero)
    rest = model.output(start, zero)
    # Conductances in units of what opposes the voltage at rest.
    scale = {"LIF": 10.0, "QIF": 20.0, "AdEx": 30.0}[name]

    @jax.jit
    @jax.vmap
    def voltage(excitation, inhibition):
        epsp = OpenConductance(lambda t: excitation * jnp.exp(-jnp.maximum(t, 0.0) / 3.0), 0.0)
        shunt = OpenConductance(inhibition, rest)
        return dn.simulate(model, SynapticInput(0.0, (epsp, shunt)), t1=10.0, dt=0.1, state=start).y

    weak, strong = 0.1 * scale, 3.0 * scale
    alone, shunted, ipsp = voltage(jnp.array([weak, weak, 0.0]), jnp.array([0.0, strong, strong]))
    assert np.abs(ipsp - rest).max() < 1e-3
    assert (shunted - rest).max() < 0.7 * (alone - rest).max()
    assert 0.3 < (alone - rest).max() < 8.0


# Exact gradients

COUNT, SETS = 3, 20


def fire(model, current, how):
    run = dn.simulate(model, current, t1=80.0, dt=0.1, spikes=how)
    return spike_times(run, max_spikes=COUNT)[0]


def random_sets(name):
    """Parameters and current around the usual, (sets, parameters)."""
    make, current = FAMILY[name]
    # A refractory time of 0 is an edge, where left and right derivative differ.
    model = dn.replace(make(), {"refractory_time": 1.5})
    usual = np.array([float(value) for value, _ in dn.parameters(model).values()] + [2.0 * current])
    spread = np.random.default_rng(1).uniform(0.95, 1.05, (SETS, len(usual)))
    return model, usual * spread


def outcome(model, how, values):
    names = list(dn.parameters(model))
    changed = dn.replace(model, dict(zip(names, values[:-1], strict=True)))
    return fire(changed, values[-1], how)


def forward_and_differences(name, how, step=1e-7):
    """Derivatives of the first spike times, (sets, parameters, spikes), in two ways."""
    model, sets = random_sets(name)
    count = sets.shape[1]
    directions = np.broadcast_to(np.eye(count), (SETS, count, count))
    points = np.broadcast_to(sets[:, None], (SETS, count, count))
    shift = step * np.abs(sets)[:, :, None] * directions

    @compiled
    @jax.vmap
    def moved(point, direction):
        return jax.jvp(functools.partial(outcome, model, how), (point,), (direction,))

    flat = np.concatenate([points, points + shift, points - shift]).reshape(-1, count)
    times, slopes = moved(flat, np.concatenate([directions] * 3).reshape(-1, count))
    times, slopes = (np.asarray(part).reshape(3, SETS, count, COUNT) for part in (times, slopes))
    assert np.isfinite(times).all()
    grid = np.floor(times / 0.1)
    differences = (times[1] - times[2]) / (2.0 * step * np.abs(sets)[:, :, None])
    return slopes[0], differences, grid


def check_exact(name, how=None):
    """Forward derivatives equal central differences, and none of them vanishes."""
    forward, differences, grid = forward_and_differences(name, how)
    # So close that no spike passes a grid point on the way.
    np.testing.assert_array_equal(grid[1], grid[2])
    # Differences cannot resolve what is below a part in 1e13 of the time.
    np.testing.assert_allclose(forward, differences, rtol=1e-5, atol=1e-6)
    assert (np.abs(forward).max(axis=(0, 2)) > 1e-4).all()


# The others compile for long; the conformance tests have one set of parameters of each.
@pytest.mark.parametrize(
    "name",
    [name if name == "LIF" else pytest.param(name, marks=pytest.mark.slow) for name in FAMILY],
)
def test_exact_gradients_are_those_of_central_differences(name, x64):
    check_exact(name)


@pytest.mark.slow
@every_member
def test_reverse_mode_is_forward_mode(name, x64):
    model, sets = random_sets(name)
    weights = jnp.array([1.0, 0.7, -0.4])

    def number(values):
        return jnp.sum(weights * outcome(model, None, values))

    reverse = jax.jit(jax.vmap(jax.grad(number)))(sets)
    forward = jax.jit(jax.vmap(jax.jacfwd(number)))(sets)
    np.testing.assert_allclose(reverse, forward, rtol=1e-9, atol=1e-12)


class AtTheEndOfTheStep(spikes.AbstractSpikeGradient):
    """What must not be done: the spike is moved to the grid."""

    def check(self, dt, /):
        return None

    def prepare(self, count, dt, rehearse, /):
        return None

    def step(self, model, solver, x, u, dt, given, /):
        held = jnp.minimum(model.refractory(x), dt)
        end = solver.step(model, x, u, dt)
        end = eqx.tree_at(model.refractory, end, model.refractory(x) - held)
        fired = model.event(end, u[0]) >= 0
        state = jax.tree.map(lambda a, b: jnp.where(fired, a, b), model.jump(end, u[0]), end)
        number = fired.astype(held.dtype)
        return spikes.SpikingStep(state, number, jnp.ones_like(number))


@pytest.mark.slow
def test_a_spike_on_the_grid_has_no_such_gradient(x64):
    """It moves in jumps, so what it is on the average is not what is differentiated."""
    with pytest.raises(AssertionError):
        check_exact("LIF", AtTheEndOfTheStep())

    def third(current, how):
        return fire(neurons.LIF(), current, how)[2]

    current = 500.0
    wanted = jax.grad(lambda i: lif_spike_times(neurons.LIF(), i, max_spikes=3)[2])(current)
    around = jnp.linspace(current - 40.0, current + 40.0, 401)
    for how, right in ((spikes.Exact(), True), (AtTheEndOfTheStep(), False)):
        followed = functools.partial(third, how=how)
        times, slopes = jax.jit(jax.vmap(lambda i, f=followed: jax.jvp(f, (i,), (1.0,))))(around)
        on_average = np.polyfit(around - current, times, 3)[-2]
        assert float(on_average) == pytest.approx(float(wanted), rel=0.02)
        assert (abs(float(slopes[200] / wanted) - 1.0) < 1e-4) == right
