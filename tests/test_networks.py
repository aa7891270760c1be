"""Networks: what travels, what it does, and the derivatives of that."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro import networks, neurons, stimuli, synapses
from diffneuro.networks import Dense, Network, OneToOne, Population, Projection, Source, Sparse

DT = 0.1
TAU, WEIGHT, DELAY = 5.0, 8.0, 1.5


def one_synapse(receptor, *, model=None, delay=DELAY, weight=WEIGHT, **more):
    """One spiking source onto one cell."""
    model = neurons.LIF(threshold=1e3) if model is None else model
    return Network(
        {"in": Source(1), "cell": Population(model, 1)},
        {"syn": Projection("in", "cell", Dense([[weight]]), receptor, delay=delay, **more)},
    )


def spikes_at(*times):
    return {"in": stimuli.SpikeTrains([list(times)])}


def difference(function, x, step):
    return (function(x + step) - function(x - step)) / (2.0 * step)


def passive(t, onset, tau=TAU, weight=WEIGHT):
    """The conductance (nS) that one spike opens."""
    return jnp.where(t >= onset, weight * jnp.exp(-(jnp.maximum(t, onset) - onset) / tau), 0.0)


@pytest.mark.parametrize(
    "model", [neurons.LIF(threshold=1e3), neurons.EIF(threshold=0.0, peak_potential=9.0)]
)
def test_a_spike_off_the_grid_opens_what_the_closed_form_opens(model, x64):
    model = jax.tree.map(lambda leaf: leaf.astype(float), model)
    worst = {0.4: 0.0, 0.1: 0.0}
    for at in (3.037, 3.172, 3.269):
        open_now = neurons.OpenConductance(lambda t, at=at: passive(t, at + 1.52), 0.0)
        wanted = dn.simulate(model, neurons.SynapticInput(0.0, (open_now,)), t1=12.0, dt=0.001).y
        assert wanted.max() > model.leak_reversal + 5.0
        for dt, error in worst.items():
            network = one_synapse(synapses.Exponential(TAU), model=model, delay=1.52)
            found = dn.simulate(network, spikes_at(at), t1=12.0, dt=dt).y["cell"][:, 0]
            after = np.abs(found - wanted[:: round(dt / 0.001)])[round(6.0 / dt) :].max()
            worst[dt] = max(error, float(after))
    assert worst[0.1] < 1e-3
    # The conductance is averaged over each step: order 2 once that of the arrival is over.
    assert worst[0.4] / worst[0.1] > 8.0


def test_a_current_based_synapse_does_not_see_the_voltage(x64):
    tau, tau_m = 5.0, 20.0
    network = one_synapse(synapses.ExponentialCurrent(tau), weight=-100.0, delay=1.0)
    run = dn.simulate(network, spikes_at(2.0), t1=30.0, dt=0.05)
    t = np.maximum(np.asarray(run.t) - 3.0, 0.0)
    closed = -70.0 - 100.0 / 200.0 * (np.exp(-t / tau_m) - np.exp(-t / tau)) / (1 / tau - 1 / tau_m)
    np.testing.assert_allclose(run.y["cell"][:, 0], closed, atol=2e-3)


def test_what_a_step_of_delay_is_cut_into_does_not_show(x64):
    network = one_synapse(synapses.Exponential(TAU), delay=1.0)
    ends = [
        dn.simulate(
            dn.replace(network, {"projections.syn.delay": delay}),
            spikes_at(2.0 - 0.99999 * (delay - 1.0)),
            t1=15.0,
            dt=DT,
        ).y["cell"][-1, 0]
        for delay in (1.0, 1.03, 1.1, 1.17, 1.4)
    ]
    np.testing.assert_allclose(ends, ends[0], atol=1e-5)


PATHS = {
    "projections.syn.delay": 1e-4,
    "projections.syn.receptor.time_constant": 1e-3,
    "projections.syn.receptor.reversal_potential": 1e-2,
    "populations.cell.model.capacitance": 1e-2,
}


def test_derivatives_of_a_postsynaptic_voltage(x64):
    network = one_synapse(synapses.Exponential(TAU), delay=1.53)
    start = {path: dn.parameters(network)[path][0] for path in PATHS}

    @compiled
    def end(values, time, weight):
        changed = dn.replace(network, {**values, "projections.syn.connection.weights": weight})
        run = dn.simulate(changed, {"in": stimuli.SpikeTrains(time[None, :])}, t1=12.0, dt=DT)
        return jnp.sum(run.y["cell"][60:])

    time, weight = jnp.asarray([2.043, 5.61]), jnp.asarray([[WEIGHT]])
    found = compiled(jax.grad(end.__wrapped__, argnums=(0, 1, 2)))(start, time, weight)
    for path, step in PATHS.items():
        wanted = difference(
            lambda x, path=path: end({**start, path: x}, time, weight), start[path], step
        )
        np.testing.assert_allclose(found[0][path], wanted, rtol=1e-5, err_msg=path)
    shift = jnp.asarray([1e-4, 0.0])
    wanted = (end(start, time + shift, weight) - end(start, time - shift, weight)) / 2e-4
    np.testing.assert_allclose(found[1][0], wanted, rtol=1e-5)
    wanted = difference(lambda w: end(start, time, w), weight, 1e-3)
    np.testing.assert_allclose(found[2], wanted, rtol=1e-5)


def chain(**more):
    """A cell that a current makes fire, onto another that fires by that."""
    return Network(
        {"a": Population(neurons.LIF(), 1), "b": Population(neurons.LIF(), 1)},
        {"ab": Projection("a", "b", Dense([[60.0]]), synapses.Exponential(TAU), delay=1.5, **more)},
    )


def test_a_spike_upstream_has_exact_derivatives_downstream(x64):
    network = chain()

    @compiled
    def downstream(current, delay):
        changed = dn.replace(network, {"projections.ab.delay": delay})
        run = dn.simulate(changed, {"a": current}, t1=30.0, dt=DT)
        return jnp.min(run.spike_times["b"])

    current, delay = jnp.asarray(350.0), jnp.asarray(1.53)
    assert downstream(current, delay) < 30.0
    by_current, by_delay = compiled(jax.grad(downstream.__wrapped__, argnums=(0, 1)))(
        current, delay
    )
    wanted = difference(lambda i: downstream(i, delay), current, 1e-4)
    np.testing.assert_allclose(by_current, wanted, rtol=1e-5)
    wanted = difference(lambda d: downstream(current, d), delay, 1e-5)
    np.testing.assert_allclose(by_delay, wanted, rtol=1e-5)
    _, forward = jax.jvp(
        lambda i: jax.jit(downstream.__wrapped__)(i, delay), (current,), (jnp.ones(()),)
    )
    np.testing.assert_allclose(forward, by_current, rtol=1e-9)


def cell():
    """A conductance-based cell of 100 pF that does not spike."""
    return neurons.Cell({"leak": dn.channels.Leak(0.05, -70.0)}, area=1e4)


KINETIC = {
    "AMPA": (synapses.AMPA(), "projections.syn.receptor.binding_rate"),
    "NMDA": (synapses.NMDA(), "projections.syn.receptor.unbinding_rate"),
    "ExponentialNMDA": (synapses.ExponentialNMDA(), "projections.syn.receptor.decay_time"),
    "GABAB": (synapses.GABAB(), "projections.syn.receptor.unbinding_rate"),
}


@pytest.mark.parametrize("name", KINETIC)
@pytest.mark.parametrize(
    "model", [cell, pytest.param(lambda: neurons.LIF(threshold=1e3), marks=pytest.mark.slow)]
)
def test_derivatives_through_receptors(name, model, x64):
    receptor, path = KINETIC[name]
    receptor = jax.tree.map(lambda leaf: leaf.astype(float), receptor)
    network = one_synapse(receptor, model=model(), delay=1.0, weight=20.0)
    path = path if path in dn.parameters(network) else _some_rate(network)

    @compiled
    def total(value, weight):
        changed = dn.replace(network, {path: value, "projections.syn.connection.weights": weight})
        run = dn.simulate(changed, spikes_at(2.0, 7.03, 9.51), t1=30.0, dt=DT)
        return jnp.sum(run.y["cell"])

    value, weight = dn.parameters(network)[path][0], jnp.asarray([[20.0]])
    found = compiled(jax.grad(total.__wrapped__, argnums=(0, 1)))(value, weight)
    step = 1e-4 * value
    wanted = difference(lambda x: total(x, weight), value, step)
    assert abs(wanted) > 0.0
    np.testing.assert_allclose(found[0], wanted, rtol=1e-5)
    wanted = difference(lambda w: total(value, w), weight, 1e-3)
    np.testing.assert_allclose(found[1], wanted, rtol=1e-5)


def _some_rate(network):
    """The first rate or time of the receptor."""
    for path, (_, unit) in dn.parameters(network).items():
        if path.startswith("projections.syn.receptor") and unit in ("ms", "1/ms", "1/(mM ms)"):
            return path
    raise AssertionError("the receptor has no rate")


def test_derivatives_through_depression(x64):
    release = synapses.TsodyksMarkram()
    network = one_synapse(synapses.Exponential(TAU), delay=1.0, release=release)
    paths = [
        path
        for path, (value, _) in dn.parameters(network).items()
        if path.startswith("projections.syn.release") and value > 0.0
    ]
    assert len(paths) >= 2

    @compiled
    def total(values):
        run = dn.simulate(dn.replace(network, values), spikes_at(2.0, 12.03, 22.51), t1=40.0, dt=DT)
        return jnp.sum(run.y["cell"])

    values = {path: dn.parameters(network)[path][0] for path in paths}
    found = compiled(jax.grad(total.__wrapped__))(values)
    for path, value in values.items():
        wanted = difference(lambda x, p=path: total({**values, p: x}), value, 1e-4 * value)
        np.testing.assert_allclose(found[path], wanted, rtol=1e-5, err_msg=path)


def test_depression_releases_less_from_spike_to_spike(x64):
    release = synapses.TsodyksMarkram(0.5, recovery_time=500.0)
    network = one_synapse(synapses.ExponentialCurrent(2.0), delay=1.0, release=release)
    run = dn.simulate(
        network, spikes_at(5.0, 55.0), t1=100.0, dt=DT, record=lambda x, u: network.conductances(x)
    )
    opened = np.asarray(run.y["syn"][:, 0])
    first, second = opened[:400].max(), opened[400:].max()
    # It arrives at the start of a step, at whose end it is seen first.
    np.testing.assert_allclose(first, 0.5 * WEIGHT * np.exp(-DT / 2.0), rtol=1e-6)
    np.testing.assert_allclose(second / first, 1.0 - 0.5 * np.exp(-50.0 / 500.0), rtol=1e-6)


def test_ampa_opens_what_a_pulse_of_transmitter_opens(x64):
    network = one_synapse(synapses.AMPA(), delay=1.0, weight=10.0)
    errors = []
    for dt in (0.1, 0.05):
        run = dn.simulate(
            network, spikes_at(2.013), t1=6.0, dt=dt, record=lambda x, u: network.conductances(x)
        )
        errors.append(abs(np.asarray(run.y["syn"]).max() - 6.17986))
    assert errors[1] < 0.05


def test_transmitter_follows_a_presynaptic_action_potential():
    network = Network(
        {"pre": Population(neurons.HodgkinHuxley(), 1), "post": Population(cell(), 1)},
        {
            "syn": Projection(
                "pre",
                "post",
                Dense([[5.0]]),
                synapses.AMPA(),
                terminal=synapses.SigmoidTerminal(),
                delay=2.0,
            )
        },
    )
    run = dn.simulate(network, {"pre": lambda t: jnp.where(t > 5.0, 2000.0, 0.0)}, t1=30.0)
    alone = dn.simulate(neurons.HodgkinHuxley(), lambda t: jnp.where(t > 5.0, 2000.0, 0.0), t1=30.0)
    np.testing.assert_allclose(run.y["pre"][:, 0], alone.y, atol=1e-3)
    post = np.asarray(run.y["post"][:, 0])
    first = float(np.min(run.spike_times["pre"]))
    crossings, _ = dn.analysis.spike_times(alone, max_spikes=9, threshold=0.0)
    np.testing.assert_allclose(first, float(crossings[0]), atol=2e-3)
    rises = np.asarray(run.t)[post > -69.9][0]
    assert first + 2.0 - 0.5 < rises < first + 2.0 + 1.0


def pair(conductance, **capacitances):
    """Two leaky cells that a gap junction couples."""
    leaky = neurons.Cell({"leak": dn.channels.Leak(0.05, -70.0)}, area=1e4)
    return Network(
        {"a": Population(leaky, 1), "b": Population(leaky, 1)},
        gap_junctions={"ab": networks.GapJunctions("a", "b", OneToOne(conductance))},
    )


@pytest.mark.parametrize("conductance", [2.0, 1e5])
def test_gap_junctions_against_the_matrix_exponential(conductance, x64):
    network, t1 = pair(conductance), 20.0
    current = np.asarray([50.0, 0.0])
    # pF, nS: dv/dt = (I - g (v - E) + G (other - v)) / C, solved from E.
    capacitance, leak = 100.0, 5.0
    matrix = np.asarray([[-1.0, 1.0], [1.0, -1.0]]) * conductance - leak * np.eye(2)
    steady = -np.linalg.solve(matrix, current)
    values, vectors = np.linalg.eigh(matrix / capacitance)
    errors = []
    for dt in (0.1, 0.05):
        run = dn.simulate(network, {"a": 50.0}, t1=t1, dt=dt)
        t = np.asarray(run.t)
        decay = np.exp(values[None, :] * t[:, None]) * (vectors.T @ steady)[None, :]
        wanted = -70.0 + steady[None, :] - decay @ vectors.T
        found = np.stack([run.y["a"][:, 0], run.y["b"][:, 0]], axis=1)
        errors.append(np.abs(found - wanted).max())
    assert errors[1] < 1e-2
    assert np.isfinite(found).all()


def test_a_rectifying_junction_passes_one_way():
    rectifying = synapses.Rectifying(residual=0.0, half_voltage=0.0, slope=1.0)

    def reached(driven, other):
        network = pair(5.0)
        junction = networks.GapJunctions("a", "b", OneToOne(5.0), rectifying)
        network = eqx.tree_at(lambda n: n.gap_junctions, network, {"ab": junction})
        run = dn.simulate(network, {driven: 100.0}, t1=50.0, dt=DT)
        return float(run.y[other][-1, 0]) + 70.0

    assert reached("a", "b") > 5.0
    assert abs(reached("b", "a")) < 1.0


def random_sparse(key, sources, targets, count):
    a, b, c = jax.random.split(key, 3)
    pre = jax.random.randint(a, (count,), 0, sources)
    post = jax.random.randint(b, (count,), 0, targets)
    return Sparse(pre, post, jax.random.uniform(c, (count,)))


def test_a_list_of_synapses_is_the_matrix_of_their_sums(getkey, x64):
    sparse = random_sparse(getkey(), 30, 20, 90)
    values = jax.random.normal(getkey(), (30, 2)) * (jnp.arange(30)[:, None] % 4 == 1)
    wanted = sparse.matrix(30, 20) @ values
    np.testing.assert_allclose(sparse.spread(values, 20), wanted, atol=1e-12)

    def all_at_once(connection, values):
        return connection.spread(values, 20)

    def by_events(connection, values):
        return jnp.stack(connection.spread_events(tuple(values.T), 20), 1)

    np.testing.assert_allclose(by_events(sparse, values), wanted, atol=1e-12)

    def slopes(way):
        def loss(weights, values):
            changed = eqx.tree_at(lambda s: s.weights, sparse, weights)
            return jnp.sum(jnp.sin(way(changed, values)))

        return jax.grad(loss, argnums=(0, 1))(sparse.weights, values)

    for one, other in zip(slopes(all_at_once), slopes(by_events), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.slow
def test_synapses_of_different_delays(x64):
    source, cells = Source(2), Population(neurons.LIF(threshold=1e3), 2)
    sparse = Sparse([0, 1, 0], [0, 0, 1], [3.0, 4.0, 5.0])
    receptor = synapses.Exponential(TAU)
    together = Network(
        {"in": source, "cell": cells},
        {"syn": Projection("in", "cell", sparse, receptor, delay=[1.0, 2.53, 4.0])},
    )
    apart = Network(
        {"in": source, "cell": cells},
        {
            str(i): Projection(
                "in",
                "cell",
                Sparse([sparse.sources[i]], [sparse.targets[i]], [sparse.weights[i]]),
                receptor,
                delay=delay,
            )
            for i, delay in enumerate((1.0, 2.53, 4.0))
        },
    )
    trains = {"in": stimuli.SpikeTrains([[1.03, 6.0], [3.3]])}
    one, other = (dn.simulate(n, trains, t1=20.0, dt=DT).y["cell"] for n in (together, apart))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_run_goes_on_where_another_stopped(x64):
    network = chain(release=synapses.TsodyksMarkram(0.5))
    current = {"a": 400.0}
    whole = dn.simulate(network, current, t1=40.0, dt=DT)
    first = dn.simulate(network, current, t1=21.3, dt=DT)
    second = dn.simulate(network, current, t1=18.7, dt=DT, state=first.state)
    for name in ("a", "b"):
        joined = jnp.concatenate([first.y[name], second.y[name]])
        np.testing.assert_allclose(joined, whole.y[name], atol=1e-10)


def test_cells_with_parameters_of_their_own_are_cells_by_themselves():
    thresholds, currents = np.asarray([-55.0, -50.0, -45.0]), np.asarray([[300.0, 400.0, 500.0]])
    network = Network({"cells": Population(neurons.LIF(threshold=thresholds), 3)})
    run = dn.simulate(network, {"cells": currents}, t1=50.0, dt=DT)
    for i, (threshold, current) in enumerate(zip(thresholds, currents[0], strict=True)):
        alone = dn.simulate(neurons.LIF(threshold=threshold), current, t1=50.0, dt=DT)
        np.testing.assert_allclose(run.y["cells"][:, i], alone.y, atol=1e-4)
        np.testing.assert_array_equal(run.spikes["cells"][:, i], alone.spikes)


@pytest.mark.parametrize(("pre", "post"), [(10.0, 15.03), (15.0, 8.51), (10.02, 10.05)])
@pytest.mark.parametrize("kind", [Dense, Sparse])
def test_one_pair_of_spikes_changes_a_weight_by_the_window(pre, post, kind, x64):
    law = synapses.STDP(0.01, 0.02, 20.0, 30.0, 4.0)
    weight = 2.0
    connection = Dense([[weight]]) if kind is Dense else Sparse([0], [0], [weight])
    network = Network(
        {"in": Source(1), "force": Source(1), "cell": Population(neurons.LIF(), 1)},
        {
            "syn": Projection(
                "in",
                "cell",
                connection,
                synapses.ExponentialCurrent(1.0),
                delay=1.0,
                plasticity=law,
            ),
            "force": Projection(
                "force", "cell", Dense([[1e5]]), synapses.ExponentialCurrent(0.1), delay=1.0
            ),
        },
    )
    trains = {"in": stimuli.SpikeTrains([[pre - 1.0]]), "force": stimuli.SpikeTrains([[post - 1]])}
    run = dn.simulate(network, trains, t1=30.0, dt=DT)
    fired = np.asarray(run.spike_times["cell"])[np.asarray(run.spikes["cell"]) > 0]
    assert len(fired) == 1
    apart = float(fired[0]) - pre
    change = 4.0 * 0.01 * np.exp(-apart / 20.0) if apart > 0 else -4.0 * 0.02 * np.exp(apart / 30.0)
    found = np.ravel(run.state.projections["syn"].weights)[0]
    np.testing.assert_allclose(found, weight + change, rtol=1e-7)


def test_a_modulator_is_raised_cleared_and_scales_a_parameter(x64):
    def modulated(factor):
        return Network(
            {"in": Source(2), "cell": Population(neurons.LIF(threshold=1e3), 1)},
            modulators={
                "serotonin": networks.Modulator(
                    {"in": 0.01},
                    (
                        networks.Modulation(
                            "cell", "leak_conductance", factor=factor, half_concentration=1e-9
                        ),
                    ),
                    time_constant=100.0,
                )
            },
        )

    trains = {"in": stimuli.SpikeTrains([[5.0], [20.04]]), "cell": 50.0}
    run = dn.simulate(modulated(0.5), trains, t1=60.0, dt=DT)
    wanted = 0.01 * (np.exp(-55.0 / 100.0) + np.exp(-(60.0 - 20.04) / 100.0))
    np.testing.assert_allclose(run.state.modulators["serotonin"], wanted, rtol=1e-9)
    # Saturated from the first spike on, the leak is half of what it was.
    leaky = neurons.LIF(threshold=1e3)
    before = dn.simulate(leaky, 50.0, t1=5.1, dt=DT)
    half = dn.replace(leaky, {"leak_conductance": 5.0})
    after = dn.simulate(half, 50.0, t1=54.9, dt=DT, state=before.state)
    np.testing.assert_allclose(run.y["cell"][-1, 0], after.y[-1], atol=1e-5)


@pytest.mark.slow
def test_poisson_sources_have_their_rate(getkey):
    network = Network({"in": Source(200), "cell": Population(neurons.LIF(), 1)})
    run = dn.simulate(network, {"in": stimuli.PoissonSpikes(50.0)}, t1=1000.0, key=getkey())
    count = float(np.sum(run.spikes["in"]))
    assert abs(count - 1e4) < 4.0 * 100.0


def test_a_surrogate_lets_a_silent_network_learn():
    network = chain()

    def spikes(weight):
        changed = dn.replace(network, {"projections.ab.connection.weights": weight})
        run = dn.simulate(
            changed, {"a": 400.0}, t1=40.0, dt=DT, spikes=dn.spikes.Surrogate(width=5.0)
        )
        return jnp.sum(run.spikes["b"])

    weak = jnp.asarray([[5.0]])
    assert spikes(weak) == 0.0
    assert jax.grad(spikes)(weak)[0, 0] > 0.0


def test_a_batch_of_stimuli_is_one_vmap():
    network = chain()
    currents = jnp.asarray([300.0, 400.0, 500.0])

    def end(current):
        return dn.simulate(network, {"a": current}, t1=30.0, dt=DT).y["b"][-1, 0]

    together = jax.jit(jax.vmap(end))(currents)
    np.testing.assert_allclose(together, [end(current) for current in currents], atol=1e-4)


def test_a_stochastic_synapse_needs_a_key_to_be_one(getkey):
    release = synapses.StochasticRelease(synapses.TsodyksMarkram(0.5, recovery_time=0.0), sites=4)
    network = one_synapse(synapses.ExponentialCurrent(2.0), delay=1.0, release=release)

    def conductances(x, u):
        return network.conductances(x)

    def opened(key):
        run = dn.simulate(network, spikes_at(2.0), t1=5.0, dt=DT, key=key, record=conductances)
        return float(np.max(run.y["syn"])) / (WEIGHT * np.exp(-DT / 2.0))

    assert opened(None) == pytest.approx(0.5, rel=1e-5)
    drawn = [opened(getkey()) for _ in range(6)]
    shares = np.round(np.asarray(drawn) * 4.0, 3)
    assert np.isin(shares, [0.0, 1.0, 2.0, 3.0, 4.0]).all()
    assert len(set(shares)) > 1


@pytest.mark.slow
def test_rates_are_those_at_which_a_network_moves(x64):
    network = Network(
        {
            "in": Source(1),
            "pre": Population(neurons.HodgkinHuxley(), 2),
            "post": Population(neurons.LIF(threshold=1e3), 2),
        },
        {
            "fast": Projection(
                "in",
                "post",
                Dense([[3.0], [4.0]]),
                synapses.ExponentialNMDA(),
                release=synapses.TsodyksMarkram(facilitation_time=50.0),
            ),
            "slow": Projection("in", "pre", Dense([[2.0], [1.0]]), synapses.AMPA()),
            "graded": Projection(
                "pre",
                "post",
                Dense(np.eye(2)),
                synapses.GABAA(),
                terminal=synapses.SigmoidTerminal(),
                delay=0.06,
            ),
        },
        {"gap": networks.GapJunctions("pre", "post", OneToOne(0.5))},
        {"dopamine": networks.Modulator({"in": 0.1})},
    )
    reached = dn.simulate(network, spikes_at(1.0), t1=4.0, dt=0.05).state
    reached = reached._replace(underway=None)
    small = 1e-4
    after = dn.simulate(network, {}, t1=small, dt=small, state=reached).state
    found = network.vector_field(reached, {})
    for part in ("populations", "projections", "modulators"):
        moved = jax.tree.map(
            lambda new, old: (new - old) / small, getattr(after, part), getattr(reached, part)
        )
        for one, other in zip(
            jax.tree.leaves(getattr(found, part)), jax.tree.leaves(moved), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-6)


BAD = {
    "negative": (
        lambda: one_synapse(synapses.Exponential(TAU), weight=-1.0),
        "negative.*low reversal potential",
    ),
    "shape": (
        lambda: Network(
            {"a": Population(neurons.LIF(), 2), "b": Population(neurons.LIF(), 3)},
            {"ab": Projection("a", "b", Dense(np.ones((2, 3))), synapses.Exponential(TAU))},
        ),
        r"\(2, 3\).*make it \(3, 2\)",
    ),
    "nobody": (
        lambda: Network(
            {"excitatory": Population(neurons.LIF(), 1)},
            {"x": Projection("excitatory", "exitatory", Dense([[1.0]]), synapses.Exponential(TAU))},
        ),
        "'exitatory'.*nearest names are excitatory",
    ),
    "short delay": (
        lambda: dn.simulate(
            one_synapse(synapses.Exponential(TAU), delay=0.05), None, t1=1.0, dt=0.1
        ),
        "delay of 0.05 ms, shorter than the step dt=0.1",
    ),
    "unsorted": (lambda: stimuli.SpikeTrains([[3.0, 1.0]]), "not in order: sort"),
    "duplicate": (lambda: stimuli.SpikeTrains([[1.0, 1.0]]), "spike at 1 ms twice"),
    "outside": (
        lambda: dn.simulate(
            one_synapse(synapses.Exponential(TAU)), spikes_at(12.0), t1=10.0, dt=0.1
        ),
        "12 ms, outside the run of 10 ms",
    ),
    "one step": (
        lambda: dn.simulate(
            one_synapse(synapses.Exponential(TAU)), spikes_at(1.01, 1.02), t1=5.0, dt=0.1
        ),
        "two spikes within 0.1 ms",
    ),
    "stimulus": (
        lambda: dn.simulate(one_synapse(synapses.Exponential(TAU)), {"cel": 1.0}, t1=1.0),
        "'cel'.*nearest names are cell",
    ),
    "no key": (
        lambda: dn.simulate(
            one_synapse(synapses.Exponential(TAU)), {"in": stimuli.PoissonSpikes(5.0)}, t1=1.0
        ),
        "give the run a key",
    ),
    "out of range": (
        lambda: Network(
            {"a": Population(neurons.LIF(), 2)},
            {"aa": Projection("a", "a", Sparse([0], [2], 1.0), synapses.Exponential(TAU))},
        ),
        "names cell 2, but the population has the cells 0 to 1",
    ),
    "probability": (
        lambda: networks.connect_at_random(3, 3, 1.5, 1.0, jax.random.key(0)),
        "between 0 and 1",
    ),
    "no voltage": (
        lambda: Network(
            {"a": Population(neurons.Izhikevich2003(), 1)},
            gap_junctions={"aa": networks.GapJunctions("a", "a", Dense([[1.0]]))},
        ),
        "Izhikevich2003 has no capacitance",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_with_the_cure(name):
    make, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        make()


def test_random_wiring_has_its_probability(getkey):
    wired = networks.connect_at_random(300, 200, 0.1, 1.0, getkey(), to_itself=False)
    expected = 0.1 * 300 * 200
    assert abs(wired.sources.size - expected) < 5.0 * np.sqrt(expected)
    assert not np.any(np.asarray(wired.sources) == np.asarray(wired.targets))
    places = np.linspace(0.0, 100.0, 50)[:, None]
    near, distance = networks.connect_by_distance(
        places, places, lambda d: 1.0 * (d < 10.0), 1.0, getkey()
    )
    assert distance.max() < 10.0
    assert near.sources.size == np.sum(np.abs(places - places.T) < 10.0)


def test_receptors_move_the_ions_of_a_cell_and_see_them(x64):
    """Calcium comes in by NMDA receptors; chloride decides what GABA_A receptors do."""
    shell = neurons.Cell(
        {"leak": dn.channels.Leak(0.05, -60.0)},
        area=1e4,
        ions={
            "ca": dn.ions.CalciumShell(),
            "cl": dn.ions.FixedConcentrations(10.0, 130.0, valence=-1),
        },
    )

    def inside(x, u):
        return x.populations["cell"].ions["ca"]

    def calcium(fraction):
        receptor = synapses.ExponentialNMDA(calcium_fraction=fraction)
        network = one_synapse(receptor, model=shell, delay=1.0, weight=5.0)
        run = dn.simulate(network, spikes_at(2.0), t1=40.0, dt=DT, record=inside)
        rise = [np.max(leaf - leaf[0]) for leaf in jax.tree.leaves(run.y)]
        return max(rise)

    assert calcium(0.0) < 1e-12
    np.testing.assert_allclose(calcium(0.1) / calcium(0.05), 2.0, rtol=0.05)
    # -26.7 mV times ln(130/10) at 37 degC, below the rest of -60 mV; the constant is -70 mV.
    receptor = synapses.ExponentialGABAA(reversal_potential=-20.0)
    inhibited = one_synapse(receptor, model=shell, delay=1.0, weight=5.0)
    run = dn.simulate(inhibited, spikes_at(2.0), t1=20.0, dt=DT)
    assert run.y["cell"].min() < -60.5


@pytest.mark.parametrize("model", [cell, lambda: neurons.LIF(threshold=1e3)])
def test_a_current_reverses_where_its_receptor_does(model, x64):
    network = Network(
        {"in": Source(1), "cell": Population(model(), 1)},
        {
            "excitation": Projection("in", "cell", Dense([[2.0]]), synapses.Exponential(TAU)),
            "shunt": Projection("in", "cell", Dense([[2.0]]), synapses.Exponential(TAU, -70.0)),
            "current": Projection("in", "cell", Dense([[-30.0]]), synapses.ExponentialCurrent(TAU)),
        },
    )
    state = network.initial_state()
    opened = {
        name: one._replace(receptor=jnp.ones_like(one.receptor))
        for name, one in state.projections.items()
    }
    found = network.currents(state._replace(projections=opened))
    np.testing.assert_allclose(found["excitation"], -70.0, rtol=1e-6)
    np.testing.assert_allclose(found["shunt"], 0.0, atol=1e-6)
    np.testing.assert_allclose(found["current"], -1.0)


def lifs(delay=1.0, **more):
    return Network(
        {"in": Source(3), "cells": Population(neurons.LIF(), 2)},
        {
            "e": Projection(
                "in", "cells", Dense(np.full((2, 3), 40.0)), synapses.Exponential(TAU), delay=delay
            )
        },
        **more,
    )


def test_a_key_gives_the_same_run_inside_jit_and_outside(getkey):
    key = getkey()

    def run(network):
        stimulus = {"in": stimuli.PoissonSpikes(200.0)}
        return dn.simulate(network, stimulus, t1=20.0, dt=DT, key=key).spikes["in"]

    np.testing.assert_array_equal(run(lifs()), eqx.filter_jit(run)(lifs()))


def test_a_network_can_be_made_inside_jit():
    def end(weight):
        network = one_synapse(synapses.Exponential(TAU), weight=weight, delay=1.5)
        return dn.simulate(network, spikes_at(1.0), t1=5.0, dt=DT).y["cell"][-1, 0]

    assert jax.jit(end)(8.0) == pytest.approx(float(end(8.0)), abs=1e-4)


def test_a_delay_that_does_not_fit_is_never_taken_for_another():
    network = one_synapse(synapses.Exponential(TAU), delay=2.0)

    def end(delay):
        changed = dn.replace(network, {"projections.syn.delay": delay})
        return dn.simulate(changed, spikes_at(1.0), t1=10.0, dt=DT).y["cell"][-1, 0]

    with pytest.raises(ValueError, match="more than longest_delay"):
        end(30.0)
    assert np.isnan(jax.jit(end)(30.0))
    assert np.isnan(jax.jit(end)(0.05))
    assert np.isfinite(jax.jit(end)(2.5))


def gap_pair(one, other, conductance):
    return Network(
        {"a": Population(one, 1), "b": Population(other, 1)},
        gap_junctions={"ab": networks.GapJunctions("a", "b", OneToOne(conductance))},
    )


@pytest.mark.parametrize("other", [neurons.LIF, neurons.AdEx])
@pytest.mark.slow
def test_spikes_through_a_gap_junction_have_times_and_derivatives(other, x64):
    network = gap_pair(neurons.LIF(), other(), 20.0)

    @functools.partial(jax.jit, static_argnames="dt")
    def spikes(conductance, dt):
        changed = dn.replace(network, {"gap_junctions.ab.connection.weights": conductance})
        run = dn.simulate(changed, {"a": 900.0, "b": 500.0}, t1=14.0, dt=dt)
        return jnp.sort(jnp.ravel(run.spike_times["a"]))[:2]

    converged = spikes(20.0, 0.00625)
    assert converged[1] < 14.0
    coarse, fine = (np.abs(spikes(20.0, dt) - converged) for dt in (0.2, 0.1))
    assert fine[0] < 1e-4
    assert coarse[0] / fine[0] > 3.5
    # A spike moves the other cell from the next step on.
    assert fine[1] < 5e-3
    found = jax.jacfwd(spikes)(jnp.asarray(20.0), 0.1)
    wanted = difference(lambda g: spikes(g, 0.1), 20.0, 1e-3)
    assert np.all(np.abs(wanted) > 1e-3)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.slow
def test_a_block_is_taken_at_the_middle_of_a_step(x64):
    """Second order, as without the block."""
    network = one_synapse(synapses.ExponentialNMDA(), model=neurons.LIF(), weight=60.0, delay=1.0)

    def spikes(dt):
        trains = spikes_at(1.0, 3.0, 5.0, 7.0)
        run = dn.simulate(network, trains, t1=40.0, dt=dt)
        return np.sort(np.ravel(run.spike_times["cell"]))[:3]

    converged = spikes(0.005)
    assert np.isfinite(converged).all()
    errors = [np.abs(spikes(dt) - converged).max() for dt in (0.2, 0.1, 0.05)]
    assert errors[2] < 2e-3
    assert errors[0] / errors[2] > 8.0


def test_the_dose_curve_has_its_slope_at_zero_and_no_overflow():
    def scale(concentration, hill=1.0):
        return networks.Modulation("a", "b", 2.0, 1e-9, hill).scale(concentration)

    assert jax.grad(scale)(0.0) == pytest.approx(1e9)
    assert jax.grad(scale)(1.0, 8.0) == pytest.approx(0.0, abs=1e-20)
    assert scale(1.0, 8.0) == pytest.approx(2.0)
    assert jax.grad(lambda h: scale(0.0, h))(2.0) == 0.0


MORE_BAD = {
    "plastic": (
        lambda: Projection(
            "a", "b", Dense([[3.0]]), synapses.Exponential(), plasticity=synapses.STDP()
        ),
        "between 0 and w_max=1",
    ),
    "places": (
        lambda: networks.connect_by_distance(
            np.arange(4.0), np.arange(4.0), lambda d: 1.0 + 0.0 * d, 1.0, jax.random.key(0)
        ),
        r"places\[:, None\]",
    ),
    "larger dt": (
        lambda: dn.simulate(
            lifs(),
            None,
            t1=2.0,
            dt=0.2,
            state=dn.simulate(lifs(), None, t1=2.0, dt=0.1).state,
        ),
        "go on with the same dt",
    ),
    "other state": (
        lambda: dn.simulate(lifs(), None, t1=1.0, state=chain().initial_state()),
        "state is of another network",
    ),
    "no state": (lambda: dn.simulate(lifs(), None, t1=1.0, state={}), "state is a dict"),
    "solver": (
        lambda: dn.simulate(lifs(), None, t1=1.0, solver=dn.solvers.ExponentialHeun()),
        "dictionary from population to solver",
    ),
    "current": (
        lambda: dn.simulate(lifs(), {"cells": stimuli.SpikeTrains([[1.0]])}, t1=1.0),
        "spikes are for a Source",
    ),
    "no voltage to drive": (
        lambda: dn.simulate(
            one_synapse(synapses.Exponential(TAU), model=neurons.GLM()), None, t1=1.0
        ),
        "has no voltage",
    ),
    "name": (
        lambda: Network({"L2.3": Population(neurons.LIF(), 1)}),
        "a text without dots",
    ),
    "delay": (
        lambda: one_synapse(synapses.Exponential(TAU), delay=None),
        "delay=None must be a number",
    ),
    "ragged": (lambda: one_synapse(synapses.Exponential(TAU), weight="x"), "number"),
    "trains": (lambda: stimuli.SpikeTrains([["a"]]), "lists of numbers"),
    "spikes": (
        lambda: dn.simulate(lifs(), None, t1=1.0, spikes="exact"),
        "is no spike gradient",
    ),
    "release": (lambda: networks.Modulator({"c": -1.0}), "at least 0"),
}


@pytest.mark.parametrize("name", MORE_BAD)
def test_more_bad_input_is_one_sentence_with_the_cure(name):
    make, message = MORE_BAD[name]
    with pytest.raises(ValueError, match=message):
        make()
