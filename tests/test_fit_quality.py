"""The comparison of ways to fit; no long fits."""

import functools
import json
import math
import os
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from benchmarks.fit_quality.cells import CELLS, SINGLE_SWEEP, held_out, recorded
from benchmarks.fit_quality.contenders import NAMES, Contender, contenders, ours, rival
from benchmarks.fit_quality.figures import median_runs, step_within
from benchmarks.fit_quality.genetic import Breeder, GeneticAlgorithm, finite, free_coordinates
from benchmarks.fit_quality.problems import Problem, cortical_free, counts_of, loss_for, problem
from benchmarks.fit_quality.runs import run
from benchmarks.fit_quality.simulations import evaluations, simulations, window_shares
from benchmarks.fit_quality.store import append, identity, rows
from benchmarks.fit_quality.table import table
from benchmarks.processes import ROOT
from diffneuro._bounds import as_bounds
from diffneuro._defaults import default_method
from diffneuro._objective import make_objective
from diffneuro._storage import describe
from diffneuro.cli import PROBLEMS
from diffneuro.losses import VoltageError
from diffneuro.methods import (
    CMAES,
    AbstractMethod,
    Adam,
    DifferentialEvolution,
    Lane,
    LevenbergMarquardt,
    Pipeline,
    Scatter,
    Shooting,
    Synchronised,
)
from diffneuro.recordings import Recording

FOLDER = Path(
    os.environ.get(
        "DIFFNEURO_RECORDINGS",
        Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
    )
)
needs_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the folder of recordings is absent (DIFFNEURO_RECORDINGS)"
)
LANES, SIZE = 4, 3
DT, STEPS = 0.1, 300


# How many simulations


def counted(ticks):
    """A linear objective that counts its evaluations and, in forward mode, its tangents."""

    @jax.custom_jvp
    def residual(z):
        jax.debug.callback(lambda _: ticks.append("primal"), z)
        return 2.0 * z - 0.3

    @residual.defjvp
    def _(at, along):
        jax.debug.callback(lambda _: ticks.append("tangent"), (at, along))
        return residual(at[0]), 2.0 * along[0]

    return lambda z, gain=None, horizon=None: residual(z)


def searched(method, objective):
    states = jax.vmap(lambda z: method.start(objective, z))(
        jax.random.normal(jax.random.key(1), (LANES, SIZE))
    )
    for at in range(method.iterations):
        states = method.mix(states, at, jax.random.fold_in(jax.random.key(0), at))
        states = jax.vmap(lambda lane, at=at: method.update(objective, lane, jnp.asarray(at)))(
            states
        )
    jax.effects_barrier()


@pytest.mark.parametrize(
    "method",
    [
        Scatter(3, horizon=1),
        Shooting(2, steps=1, rounds=2),
        LevenbergMarquardt(2),
        Synchronised(gains=(2.0,), steps=1, last_steps=1),
        CMAES(3, horizon=1),
        DifferentialEvolution(3),
    ],
    ids=lambda method: type(method).__name__,
)
def test_evaluations_are_those_that_a_lane_makes(method):
    ticks = []
    searched(method, counted(ticks))
    assert len(ticks) == LANES * sum(evaluations(method, SIZE).values())


def test_a_gradient_counts_three():
    ticks = []

    def objective(z):
        jax.debug.callback(lambda _: ticks.append("primal"), z)
        return z - 0.3

    searched(Adam(2), objective)
    assert 3 * len(ticks) == LANES * evaluations(Adam(2), SIZE)[None] == LANES * 6


class Ticking(dn.AbstractConductanceModel):
    """A cell that says each time its equations are evaluated."""

    cell: dn.AbstractConductanceModel
    tick: object = eqx.field(static=True)

    def initial_state(self, u, /):
        return self.cell.initial_state(u)

    def vector_field(self, x, u, /):
        jax.debug.callback(self.tick, self.cell.voltage(x))
        return self.cell.vector_field(x, u)

    def output(self, x, u, /):
        return self.cell.output(x, u)

    def voltage(self, x, /):
        return self.cell.voltage(x)

    def concentrations(self, x, /):
        return self.cell.concentrations(x)


@pytest.fixture(scope="module")
def squid():
    """Two sweeps of a squid axon that fires in one, and what could be free in it."""
    time = DT * np.arange(STEPS)
    current = np.stack([np.where(time >= 10.0, 1000.0, 0.0), np.zeros(STEPS)])
    model = dn.neurons.HodgkinHuxley()
    runs = [dn.simulate(model, row, t1=DT * STEPS, dt=DT).y for row in current]
    recording = Recording(time, current, np.asarray(runs))
    free = as_bounds({"capacitance": (0.5, 2.0), "channels.k.g_max": (20.0, 60.0)})
    return Problem("squid", "squid", model, free, recording, (), loss_for(recording))


@pytest.mark.slow
def test_windows_count_the_steps_that_they_simulate(squid):
    ticks = []
    model = Ticking(squid.model, lambda _: ticks.append(1))
    free = as_bounds({"cell.capacitance": (0.5, 2.0)})
    objective = make_objective(
        model, squid.recording, free, squid.loss, dn.solvers.Euler(), None, (2,)
    )

    def steps(*rest):
        ticks.clear()
        jax.block_until_ready(eqx.filter_jit(objective)(jnp.zeros(1), *rest))
        jax.effects_barrier()
        return len(ticks)

    whole = steps()
    assert whole == 2 * STEPS
    shares = window_shares(squid, (2,))
    assert steps(jnp.asarray(1.0), 2) == pytest.approx(shares[2] * whole)
    stages = (Scatter(3, horizon=2), LevenbergMarquardt(1), CMAES(5))
    two = Pipeline(stages, lanes=(None, 4, 30))
    counts = 10 * 4 * shares[2] + 4 * (1 + 4) + 10 * 6
    assert simulations(two, squid, 10) == pytest.approx(counts)


@pytest.mark.parametrize("budget", [1.0, 1000.0, 1024.0, 1025.0])
def test_a_rival_gets_what_ours_took_rounded_up(squid, budget):
    found = rival(DifferentialEvolution, squid, budget, 64)
    fewer = found.method.iterations - 1
    assert found.simulations >= budget
    assert fewer == 0 or 64 * (1 + fewer) < budget


def test_all_contenders_get_as_much_as_ours(squid):
    found = contenders(NAMES, squid, 0.125, Breeder())
    budget = found["ours"].simulations
    assert found["ours"].lanes == 4
    assert describe(found["ours"].method) == describe(ours(squid).method)
    assert list(found) == list(NAMES)
    for one in found.values():
        single = one.simulations / one.method.iterations
        assert budget <= one.simulations < budget + 2 * single
    with pytest.raises(ValueError, match="no method 'lucky': take some of ours, adam"):
        contenders(["lucky"], squid, 1.0, Breeder())


class Guess(AbstractMethod):
    """A method that is none of the library's."""

    @property
    def iterations(self):
        return 1

    def tangents(self, count, /):
        return 0

    def start(self, objective, position, /):
        return Lane(position, jnp.inf, jnp.ones(()))

    def update(self, objective, state, iteration, /):
        return state

    def mix(self, states, iteration, key, /):
        return states


def test_ours_is_what_the_library_does(squid):
    search = ours(squid)
    assert describe(search.method) == describe(default_method(squid.model, squid.loss, 32, 2))
    assert search.starts == 32
    many = {f"parameter {number}": None for number in range(20)}
    far, starts = ours(squid._replace(free=many))
    assert starts == 64
    assert far.iterations > search.method.iterations


def test_a_method_that_is_not_known_is_not_counted():
    with pytest.raises(ValueError, match=r"Guess are not known: add it to benchmarks"):
        evaluations(Guess(), 3)


# The figures


def test_of_each_method_the_run_with_the_median_loss_is_drawn():
    about = {"problem": "cortical", "cell": "fsi", "budget_scale": 1.0}
    kept = [
        {**about, "method": method, "seed": seed, "loss": loss}
        for method, seed, loss in [
            ("ours", 0, 9.0),
            ("ours", 0, 3.0),
            ("ours", 1, None),
            ("ours", 2, 2.0),
            ("de", 0, 5.0),
        ]
    ]
    kept.append({**kept[-1], "cell": "ca1-pyr1", "method": "ga"})
    found = {name: row["loss"] for name, row in median_runs(kept, "cortical", "fsi").items()}
    assert found == {"ours": 3.0, "de": 5.0}


def test_steps_begin_a_margin_after_what_is_cut_out():
    assert step_within("ca1-pyr1") == (81.0, 1081.0)
    assert step_within("fsi") == (100.0, 600.0)


# The problems


def test_every_third_step_is_fitted_and_at_most_four():
    def of(sweeps):
        time = DT * np.arange(100)
        voltage = np.full((sweeps, 100), -70.0) + np.arange(100)
        return Recording(time, np.zeros((sweeps, 100)), voltage)

    for sweeps, fitted in {1: (0,), 10: (1, 4, 7), 17: (1, 7, 10, 16), 30: (1, 10, 19, 28)}.items():
        unseen = held_out(of(sweeps))
        assert tuple(n for n in range(sweeps) if n not in unseen) == fitted


def test_the_cell_with_every_gate_free_is_the_offered_one():
    cell, free = cortical_free()
    known = dn.parameters(cell)
    assert len(free) == 34
    assert all(bounds.low <= known[name][0] <= bounds.high for name, bounds in free.items())

    def rates(model, v):
        still = model.held(jnp.asarray(-60.0))
        return model.vector_field(still._replace(voltage=jnp.asarray(v)), 100.0)

    plain = PROBLEMS["bursting"].make()
    for v in (-80.0, -40.0, 10.0):
        mine, theirs = rates(cell, v), rates(plain, v)
        for one, other in zip(jax.tree.leaves(mine), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-6)


@needs_recordings
@pytest.mark.parametrize(
    ("cell", "spikes"),
    [
        ("509881736", [25]),
        ("526950199", [22]),
        ("532571720", [18]),
        ("555060623", [13]),
        ("567399060", [11]),
        ("ca1-pyr1", [0, 14, 25, 29]),
        ("fsi", [0, 28, 44, 63]),
        ("abf-171116sh", [0, 1, 5, 9]),
        ("s1-l23-vc-cc", [0, 21, 37]),
    ],
)
def test_cells_are_cut_to_their_step(cell, spikes):
    one = problem("cortical", cell, FOLDER)
    recording = one.recording
    assert 0.04 <= recording.dt <= 0.1
    assert bool(one.held_out) != (cell in SINGLE_SWEEP)
    # The counts of the sources, which take another threshold.
    np.testing.assert_allclose(counts_of(one.fitted), spikes, atol=1)
    for current in recording.current:
        changes = np.flatnonzero(np.abs(np.diff(current)) > 2.0) * recording.dt
        begin = 81.0 if cell == "ca1-pyr1" else 100.0
        assert np.ptp(current) == 0 or abs(changes[0] - begin) < 1.0
        assert np.ptp(current) == 0 or abs(recording.duration - changes[-1] - 100.0) < 2.0


def test_a_missing_recording_and_another_problem_are_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        recorded("fsi", tmp_path)
    with pytest.raises(ValueError, match="no problem 'hard': take one of cortical"):
        problem("hard", "fsi", tmp_path)
    assert set(SINGLE_SWEEP) < set(CELLS)


# The genetic algorithm

# A stand-in that draws the same two populations for ever, and puts down what it is told.
STAND_IN = """
import json, sys
order = json.loads(sys.stdin.readline())
populations = ([[0.5, 0.9]] * 4, [[0.5, 0.5], [0.9, 0.5], [0.5, 0.2]])
kept = open(sys.argv[1], "w")
print(json.dumps(order), file=kept, flush=True)
turn = 0
while True:
    print(json.dumps(populations[turn % 2]), flush=True)
    turn += 1
    line = sys.stdin.readline()
    if not line:
        break
    print(line.strip(), file=kept, flush=True)
"""


def bred(method, size=2, lanes=4):
    """The lanes of a genetic search for z = 0, as `fit` runs it."""
    objective = functools.partial(jnp.multiply, 1.0)
    states = jax.vmap(lambda z: method.start(objective, z))(jnp.ones((lanes, size)))
    history = []
    for at in range(method.iterations):
        states = method.mix(states, at, jax.random.fold_in(jax.random.key(0), at))
        states = jax.vmap(lambda lane: method.update(objective, lane, jnp.asarray(0)))(states)
        history.append(states.loss)
    return states, np.array(history)


def test_the_process_is_told_the_losses_of_what_it_drew(tmp_path):
    breeder = Breeder([sys.executable, "-c", STAND_IN, str(tmp_path / "told")])
    states, history = bred(GeneticAlgorithm(3, breeder))
    breeder.close()
    order, first, second = map(json.loads, (tmp_path / "told").read_text().splitlines())
    assert (order["population"], order["parameters"], order["generations"]) == (4, 2, 3)
    far = math.log(9.0) ** 2
    np.testing.assert_allclose(first, [far] * 4, rtol=1e-5)
    # Three were drawn, so the first is evaluated once more.
    np.testing.assert_allclose(second, [0.0, far, math.log(4.0) ** 2, 0.0], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(states.loss, second, rtol=1e-5, atol=1e-9)
    assert (np.diff(history, axis=0) <= 0).all()


def test_free_coordinates_are_those_of_bounds():
    bounds = dn.Bounds(2.0, 6.0)
    fractions = np.array([0.1, 0.5, 0.8])
    np.testing.assert_allclose(
        bounds.value(jnp.asarray(free_coordinates(fractions))), 2.0 + 4.0 * fractions, rtol=1e-6
    )
    np.testing.assert_allclose(free_coordinates(np.array([0.0, 1.0])), [-6.0, 6.0])
    np.testing.assert_array_equal(finite(np.array([1.0, np.inf, 3.0, np.nan])), [1.0, 3.0, 3, 3])


def test_a_process_that_cannot_be_run_says_what_to_do():
    for command in (["/no/such/python"], [sys.executable, "-c", "pass"]):
        with pytest.raises(RuntimeError, match="make bench-peers"):
            Breeder(command).begin(0, 4, 2, 3)
    with pytest.raises(RuntimeError, match="call begin first"):
        Breeder().after(np.zeros(4))


@pytest.mark.skipif(
    not (ROOT / ".venv-peers" / "bin" / "python").exists(), reason="there are no peers here"
)
def test_bluepyopt_goes_downhill_and_repeats_itself():
    breeder = Breeder()
    try:
        first, history = bred(GeneticAlgorithm(25, breeder), size=3, lanes=20)
        again, _ = bred(GeneticAlgorithm(25, breeder), size=3, lanes=20)
    finally:
        breeder.close()
    assert history[-1].min() < 0.2 * history[0].min()
    np.testing.assert_array_equal(first.position, again.position)


# What is kept


def test_runs_survive_a_torn_line(tmp_path):
    path = tmp_path / "deep" / "runs.jsonl"
    assert rows(path) == []
    append(path, {"identity": "a", "loss": 1.0})
    with path.open("a") as file:
        file.write('{"identity": "torn", "lo')
    append(path, {"identity": "b", "loss": None})
    assert [row["identity"] for row in rows(path)] == ["a", "b"]
    with pytest.raises(ValueError, match="not JSON compliant"):
        append(path, {"loss": math.inf})
    assert len(rows(path)) == 2


def test_a_run_is_known_by_everything_that_changes_it(squid):
    one = Contender(CMAES(10), 8, 88.0)
    known = identity(squid, one, 0)
    assert known == identity(squid, one, 0)
    others = [
        identity(squid, one, 1),
        identity(squid, one._replace(method=CMAES(11)), 0),
        identity(squid, one._replace(lanes=9), 0),
        identity(squid._replace(held_out=(1,)), one, 0),
        identity(squid._replace(loss=VoltageError()), one, 0),
        identity(squid._replace(free=as_bounds({"capacitance": (0.5, 3.0)})), one, 0),
        identity(squid._replace(recording=squid.recording.select([1, 0])), one, 0),
        identity(squid._replace(model=dn.replace(squid.model, {"area": 2e4})), one, 0),
    ]
    assert len({known, *others}) == 1 + len(others)


@pytest.fixture(scope="module")
def row():
    """The document of a fit of a passive cell, whose sweeps are steps of other heights."""
    time = 0.1 * np.arange(1400)
    heights = np.array([-40.0, -20.0, 20.0, 30.0])
    current = heights[:, None] * ((time >= 10.0) & (time < 130.0))
    model = dn.neurons.Cell({"leak": dn.channels.Leak(0.1, -70.0)}, area=2000.0)
    # C = 20 pF and g = 2 nS: 10 ms.
    rise = np.where(time < 10.0, 0.0, 1.0 - np.exp(-(time - 10.0) / 10.0))
    fall = np.where(time < 130.0, 0.0, 1.0 - np.exp(-(time - 130.0) / 10.0))
    voltage = -70.0 + heights[:, None] / 2.0 * (rise - fall)
    # Half a millivolt up and down, which the fit cannot follow.
    recording = Recording(time, current, voltage + 0.5 * (-1.0) ** np.arange(1400))
    free = as_bounds({"channels.leak.g_max": dn.Bounds(0.05, 0.2, "log")})
    passive = Problem("passive", "disc", model, free, recording, (0, 3), VoltageError())
    return run(passive, Contender(LevenbergMarquardt(8), 4, 104.0), seed=0)


def test_a_run_is_scored_on_what_it_saw_and_what_not(row):
    # The conductance that makes the loss least is the one that the voltage was made with.
    assert row["parameters"]["channels.leak.g_max"] == pytest.approx(0.1, rel=2e-3)
    assert row["loss"] == pytest.approx(0.25, rel=2e-3)
    assert row["losses"][0] == pytest.approx(row["loss"], rel=1e-6)
    assert len(row["losses"]) == row["lanes"] == 4
    assert (row["fitted"]["sweeps"], row["held_out"]["sweeps"]) == (2, 2)
    assert row["fitted"]["rms_error"] ** 2 == pytest.approx(row["loss"], rel=1e-4)
    assert row["held_out"]["coincidence"] is None
    assert row["held_out"]["rate_error"] == 0.0
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_a_line_of_the_table_is_that_of_the_median_run(row):
    runs = [
        {**row, "method": "ours", "seed": seed, "loss": loss, "model_spikes": [seed, 1]}
        for seed, loss in enumerate([3.0, None, 1.0, 2.0])
    ]
    text = table(runs)
    assert text.splitlines()[0] == "passive, held-out steps"
    header, line = text.splitlines()[2], text.splitlines()[4]
    assert header.split()[:6] == ["cell", "method", "runs", "best", "median", "worst"]
    assert line.split()[:6] == ["disc", "ours", "4", "1.00", "2.50", "inf"]
    # Of an even number the better of the two in the middle.
    assert "4/0" in line
    assert line.endswith("0/2")
