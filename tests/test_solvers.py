"""Solvers: measured order, the staggered halves, a user's own."""

import itertools
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import diffneuro as dn
from diffneuro.analysis import spike_times
from diffneuro.solvers import (
    AbstractSolver,
    Euler,
    ExponentialEuler,
    ExponentialHeun,
    Heun,
    RungeKutta4,
    Staggered,
)

pytestmark = pytest.mark.usefixtures("strict", "x64")


class FitzHughNagumo(dn.AbstractModel):
    """A smooth model of a user's own, without gates or resets."""

    epsilon: Array = dn.parameter(0.08, "1/ms")

    def initial_state(self, u: Any, /) -> Any:
        return {"v": jnp.full_like(u, -1.2), "w": jnp.full_like(u, -0.6)}

    def vector_field(self, x: Any, u: Any, /) -> Any:
        dv = x["v"] - x["v"] ** 3 / 3.0 - x["w"] + u
        return {"v": dv, "w": self.epsilon * (x["v"] + 0.7 - 0.8 * x["w"])}

    def output(self, x: Any, u: Any, /) -> Array:
        return x["v"]


class Midpoint(AbstractSolver):
    """A user's own explicit midpoint method, order 2."""

    nodes: ClassVar[tuple[float, ...]] = (0.0, 0.5)
    largest_dt: ClassVar[float] = 0.1

    def step(self, model, x, u, dt, /):
        first, middle = u
        half = jax.tree.map(lambda a, b: a + 0.5 * dt * b, x, model.vector_field(x, first))
        return jax.tree.map(lambda a, b: a + dt * b, x, model.vector_field(half, middle))


def order(value, dt, halvings=3):
    """From the differences of runs at dt, dt/2, dt/4, ...: the order of each halving."""
    values = [np.asarray(value(dt / 2**k), float) for k in range(halvings + 1)]
    gaps = [np.abs(a - b) for a, b in itertools.pairwise(values)]
    return np.array([np.log2(a / b) for a, b in itertools.pairwise(gaps)])


@pytest.mark.parametrize(
    ("solver", "expected"),
    [
        (Euler(), 1),
        (ExponentialEuler(), 1),
        (Heun(), 2),
        (ExponentialHeun(), 2),
        (Midpoint(), 2),
        (RungeKutta4(), 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_order_on_a_smooth_model(solver, expected):
    def end(dt):
        # The input varies, so that where it is taken counts as well.
        state = dn.simulate(
            FitzHughNagumo(), lambda t: 0.5 + 0.3 * jnp.sin(t), t1=6.0, dt=dt, solver=solver
        ).state
        return [state["v"], state["w"]]

    np.testing.assert_allclose(order(end, 0.02, halvings=2), expected, atol=0.15)


@pytest.mark.parametrize("stimulus", ["constant", "sine"])
def test_staggered_has_order_two_in_the_whole_state(stimulus):
    current = dn.stimuli.Sine(800.0, 60.0, baseline=400.0) if stimulus == "sine" else 700.0
    cell = dn.neurons.HodgkinHuxley()

    def end(dt):
        # In the middle of the second upstroke, where an error of the first would show.
        x = dn.simulate(cell, current, t1=8.0, dt=dt).state
        return jax.tree.leaves(x)

    np.testing.assert_allclose(order(end, 0.01, halvings=2), 2.0, atol=0.2)


def test_staggered_has_order_two_in_the_spike_time():
    def third(dt):
        run = dn.simulate(dn.neurons.HodgkinHuxley(), 1000.0, t1=40.0, dt=dt)
        return [spike_times(run, max_spikes=3, threshold=0.0)[0][2]]

    np.testing.assert_allclose(order(third, 0.05, halvings=2), 2.0, atol=0.2)


def test_simultaneous_exponential_euler_has_order_one_in_the_spike_time():
    def third(dt):
        run = dn.simulate(
            dn.neurons.HodgkinHuxley(), 1000.0, t1=40.0, dt=dt, solver=ExponentialEuler()
        )
        return [spike_times(run, max_spikes=3, threshold=0.0)[0][2]]

    np.testing.assert_allclose(order(third, 0.0125, halvings=2), 1.0, atol=0.15)


def test_solvers_agree_in_the_limit():
    def voltage(solver):
        cell = dn.neurons.HodgkinHuxley()
        return dn.simulate(cell, 700.0, t1=10.0, dt=0.0025, solver=solver).y

    # The upstroke makes 0.3 mV of every microsecond by which a spike is early or late.
    wanted = voltage(Staggered())
    assert np.ptp(wanted) > 80.0
    for solver, tolerance in ((Euler(), 1.5), (ExponentialHeun(), 0.03)):
        np.testing.assert_allclose(voltage(solver), wanted, atol=tolerance)


def test_two_leads_are_one_of_their_sum():
    solver, cell = Staggered(), dn.neurons.HodgkinHuxley()
    x = cell.initial_state(jnp.asarray(0.0))
    x = x._replace(voltage=x.voltage + 35.0)
    u = (jnp.asarray(300.0),)
    half = solver.lead(cell, x, u, 0.05)
    assert float(half.channels["na"].m) > 1.2 * float(x.channels["na"].m)
    assert float(half.voltage) == float(x.voltage)
    twice, once = solver.lead(cell, half, u, 0.05), solver.lead(cell, x, u, 0.1)
    for leaf, wanted in zip(jax.tree.leaves(twice), jax.tree.leaves(once), strict=True):
        assert float(leaf) == pytest.approx(float(wanted), rel=1e-12)
    # The symmetric step by itself is one of the loop's.
    run = dn.simulate(cell, 300.0, t1=0.1, dt=0.1, state=x, solver=solver)
    for leaf, wanted in zip(
        jax.tree.leaves(run.state), jax.tree.leaves(solver.step(cell, x, u, 0.1)), strict=True
    ):
        assert float(leaf) == pytest.approx(float(wanted), rel=1e-12)


def test_a_move_reads_the_model_once_however_many_gates_it_has(monkeypatch):
    calls, original = [], dn.neurons.Cell.vector_field

    def counted(self, x, u, /):
        calls.append(len(jax.tree.leaves(x)))
        return original(self, x, u)

    monkeypatch.setattr(dn.neurons.Cell, "vector_field", counted)
    squid = dn.neurons.HodgkinHuxley().channels
    for names in (["na"], ["na", "k", "leak"]):
        # By names of its own, because what was traced before is not read again.
        cell = dn.neurons.Cell({f"counted {name}": squid[name] for name in names})
        x, u = cell.initial_state(jnp.asarray(0.0)), (jnp.asarray(300.0),)
        calls.clear()
        jax.eval_shape(partial(Staggered().lead, cell), x, u, 0.1)
        assert calls == [len(jax.tree.leaves(x))]


@pytest.mark.parametrize("current", [-1000.0, -2000.0, -3000.0])
def test_fast_gates_stay_where_they_belong(current):
    """Hyperpolarised and warm, the sodium gates relax far faster than a step."""
    warm = {"channels.na.temperature": 37.0, "channels.k.temperature": 37.0}
    with jax.enable_x64(False):
        cell = dn.replace(dn.neurons.HodgkinHuxley(), warm)
        run = dn.simulate(cell, current, t1=30.0, dt=0.05)
        resting = cell.channels["na"].initial_state(dn.Membrane(run.state.voltage))
        assert float(run.state.channels["na"].m) == pytest.approx(float(resting.m), rel=0.01)


def _continued(model, solver, dt):
    """A run in one piece and in two, under a current that does not stop in between."""
    time = dt * (np.arange(400) + 0.5)
    current = 900.0 + 300.0 * np.sin(0.8 * time)
    whole = dn.simulate(model, current, t1=400 * dt, dt=dt, solver=solver)
    first = dn.simulate(model, current[:170], t1=170 * dt, dt=dt, solver=solver)
    rest = dn.simulate(model, current[170:], t1=230 * dt, dt=dt, solver=solver, state=first.state)
    return whole, first, rest


@pytest.mark.parametrize(
    ("model", "solver"),
    [
        (dn.neurons.HodgkinHuxley, Staggered()),
        (dn.neurons.HodgkinHuxley, ExponentialEuler()),
        (dn.neurons.LIF, None),
        (dn.neurons.AdEx, None),
    ],
    ids=["staggered", "exponential-euler", "LIF", "AdEx"],
)
def test_a_run_continued_from_its_state_is_one_run(model, solver):
    whole, first, rest = _continued(model(), solver, 0.05)
    assert np.ptp(whole.y) > 10.0
    pieces = np.concatenate([first.y, rest.y])
    np.testing.assert_allclose(pieces, whole.y, rtol=1e-8, atol=1e-8)
    for leaf, wanted in zip(jax.tree.leaves(rest.state), jax.tree.leaves(whole.state), strict=True):
        np.testing.assert_allclose(leaf, wanted, rtol=1e-8, atol=1e-10)
    if whole.spikes is not None:
        assert whole.spikes.sum() >= 1
        times = np.concatenate([first.spike_times, rest.spike_times + 170 * 0.05])
        np.testing.assert_allclose(times, whole.spike_times, rtol=1e-9)


def test_staggered_needs_to_know_the_voltage():
    with pytest.raises(ValueError, match=r"FitzHughNagumo does not: use ExponentialHeun"):
        dn.simulate(FitzHughNagumo(), 0.5, t1=1.0, solver=Staggered())


def test_defaults():
    cell = dn.neurons.HodgkinHuxley()

    def ends(model, u, solver):
        return jax.tree.leaves(dn.simulate(model, u, t1=5.0, dt=0.05, solver=solver).state)

    cases = [
        (cell, 900.0, Staggered()),
        (dn.neurons.LIF(), 900.0, ExponentialHeun()),
        (dn.channels.SquidSodium(), -20.0, ExponentialEuler()),
    ]
    for model, u, solver in cases:
        assert ends(model, u, None) == ends(model, u, solver)


def test_every_exported_solver_says_its_nodes_and_largest_step():
    solvers = [
        item
        for item in vars(dn.solvers).values()
        if isinstance(item, type)
        and issubclass(item, AbstractSolver)
        and not item.__name__.startswith("Abstract")
    ]
    assert {Euler, ExponentialEuler, ExponentialHeun, Heun, Staggered} < set(solvers)
    for solver in solvers:
        assert all(0.0 <= node <= 1.0 for node in solver().nodes)
        assert solver().largest_dt > 0
