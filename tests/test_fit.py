"""The verb `fit`: recovery, robustness, resumption, messages."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import diffneuro as dn
from diffneuro._defaults import default_loss, default_method, fires
from diffneuro.losses import AbstractLoss, SpikeTimes
from diffneuro.methods import CMAES, Adam, LevenbergMarquardt, Pipeline, Synchronised
from diffneuro.methods._pipeline import horizons_of
from diffneuro.recordings import Recording

pytestmark = pytest.mark.usefixtures("strict")

TRUTH = {"channels.leak.g_max": 0.08, "channels.leak.reversal_potential": -68.0, "capacitance": 1.3}
FREE = {
    "channels.leak.g_max": dn.Bounds(0.01, 1.0, scale="log"),
    "channels.leak.reversal_potential": (-90.0, -40.0),
    "capacitance": (0.3, 4.0),
}
DT, N = 0.1, 600


def passive():
    return dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -60.0)})


def recorded(noise=0.0, seed=0, sweeps=1, truth=TRUTH):
    """A passive cell under steps of current, by its closed form."""
    time = DT * np.arange(N)
    g, e, c = truth.values()
    amplitude = 50.0 * (1.0 + np.arange(sweeps))[:, None]
    current = np.where((time >= 5.0) & (time < 40.0), amplitude, 0.0)
    rise = np.where(time >= 5.0, 1.0 - np.exp(-(time - 5.0) * g / c), 0.0)
    fall = np.where(time >= 40.0, 1.0 - np.exp(-(time - 40.0) * g / c), 0.0)
    voltage = e + 0.01 * amplitude / g * (rise - fall)
    error = noise * np.random.default_rng(seed).normal(size=voltage.shape)
    return Recording(time=time, current=current, voltage=voltage + error)


def fitted(recording=None, **changes):
    arguments = {
        "free": FREE,
        "method": LevenbergMarquardt(steps=12),
        "progress": False,
    } | changes
    model = arguments.pop("model", None) or passive()
    return dn.fit(model, recorded() if recording is None else recording, **arguments)


def same(one, other):
    np.testing.assert_array_equal(one.losses, other.losses)
    np.testing.assert_array_equal(one.history, other.history)
    for name in one.starts:
        np.testing.assert_array_equal(one.starts[name], other.starts[name])
    assert one.parameters == other.parameters


# Recovery


def test_a_passive_cell_is_recovered():
    result = fitted()
    for name, value in TRUTH.items():
        assert result.parameters[name] == pytest.approx(value, rel=2e-4), name
    assert result.completed
    assert result.loss < 1e-5
    assert result.history.shape == (12, 1)
    assert result.history[-1, 0] == pytest.approx(result.loss, abs=1e-6)
    assert result.units == {
        "channels.leak.g_max": "mS/cm2",
        "channels.leak.reversal_potential": "mV",
        "capacitance": "uF/cm2",
    }
    np.testing.assert_allclose(result.fitted_voltage, recorded().voltage, atol=0.02)
    score = result.scores()[0]
    assert score.rms_error < 0.02
    assert score.explained_variance > 0.9999
    assert result.at_bound() == {}


@pytest.mark.usefixtures("x64")
def test_a_fit_in_double_precision():
    result = fitted(method=LevenbergMarquardt(steps=14))
    for name, value in TRUTH.items():
        assert result.parameters[name] == pytest.approx(value, rel=1e-6), name
    assert result.about["precision"] == "float64"


@pytest.mark.parametrize("method", [Synchronised((3.0, 0.5, 0.1), 4, 6), Adam(2)])
def test_other_methods_run_on_it(method):
    result = fitted(method=method)
    assert result.history.shape == (method.iterations, 1)
    if isinstance(method, Synchronised):
        assert result.parameters["capacitance"] == pytest.approx(1.3, rel=1e-3)


def test_adam_decreases_the_loss():
    result = fitted(method=Adam(steps=60, learning_rate=0.1))
    history = result.history[:, 0]
    assert (np.diff(history) <= 0).all()
    assert history[-1] < 0.05 * history[0]


@pytest.mark.slow
def test_conductances_of_a_spiking_cell_are_recovered():
    """From random starts, by synchronisation."""
    truth = dn.neurons.HodgkinHuxley()
    recording = dn.recordings.example(noise=0.0).crop(0.0, 60.0).resample(0.05)
    known = dict(recording.metadata["truth"])
    free = {"channels.na.g_max": (50.0, 250.0), "channels.k.g_max": (10.0, 80.0)}
    result = dn.fit(
        dn.replace(truth, known),
        recording,
        free=free,
        method=Synchronised(gains=(10.0, 2.0, 0.5, 0.1), steps=4, last_steps=8),
        starts=4,
        progress=False,
    )
    assert result.scores()[0].recorded_spikes >= 3
    assert result.scores()[0].model_spikes == result.scores()[0].recorded_spikes
    # Filtering to half the rate rounds the spikes off, and the parameters follow it.
    for name in free:
        assert result.parameters[name] == pytest.approx(known[name], rel=0.02), name


def spiking_voltage(times, rest=-60.0, dt=DT, n=N):
    """A voltage that crosses -20 mV at exactly these times."""
    voltage = np.full(n, rest)
    for spike in times:
        k = int(spike // dt)
        part = spike / dt - k
        voltage[k], voltage[k + 1] = -20.0 - 60.0 * part, 40.0 - 60.0 * part
    return voltage


def test_a_leaky_neuron_is_recovered_from_its_spike_times():
    truth = {"threshold": -48.0, "capacitance": 150.0}
    model = dn.replace(dn.neurons.LIF(), truth)
    time = DT * np.arange(N)
    current = 500.0 + 150.0 * np.sin(0.2 * time)
    current[0] = 0.0  # a fit starts at rest under the first recorded current
    state = model.initial_state(jnp.asarray(0.0, jnp.float32))
    run = dn.simulate(model, current, t1=N * DT, dt=DT, state=state)
    spikes = np.asarray(run.spike_times, float)
    spikes = spikes[np.isfinite(spikes)]
    assert len(spikes) >= 4
    recording = Recording(time=time, current=current, voltage=spiking_voltage(spikes))
    result = dn.fit(
        dn.neurons.LIF(),
        recording,
        free={"threshold": (-60.0, -40.0), "capacitance": (80.0, 400.0)},
        loss=SpikeTimes(),
        method=LevenbergMarquardt(steps=15),
        progress=False,
    )
    for name, value in truth.items():
        assert result.parameters[name] == pytest.approx(value, rel=2e-3), name
    np.testing.assert_allclose(result.fitted_spikes[0], spikes, atol=0.01)


TRACES: list[int] = []


class Counted(dn.AbstractChannel):
    """A leak of a user's own that says when it is traced."""

    g_max: Array = dn.parameter(0.2, "mS/cm2")

    def initial_state(self, u, /):
        return ()

    def vector_field(self, x, u, /):
        return ()

    def output(self, x, u, /):
        TRACES.append(1)
        return self.g_max * (u.voltage + 68.0)


def test_a_second_fit_of_the_same_shape_traces_nothing():
    """A loop over cells pays for the compiler once."""
    for seed in (1, 2):
        TRACES.clear()
        dn.fit(
            dn.neurons.Cell({"leak": Counted()}),
            recorded(noise=0.1, seed=seed),
            free={"channels.leak.g_max": (0.01, 1.0), "capacitance": (0.3, 4.0)},
            method=LevenbergMarquardt(steps=2),
            progress=False,
        )
        assert seed == 2 or TRACES
    assert not TRACES


# Uncertainty


def test_standard_errors_are_the_spread_over_noise():
    """The estimates of 30 noisy recordings lie around the truth as far as is claimed."""
    scaled = []
    for seed in range(30):
        result = fitted(recorded(noise=0.5, seed=seed))
        scaled.append(
            [(result.parameters[n] - TRUTH[n]) / result.standard_errors[n] for n in TRUTH]
        )
    scaled = np.array(scaled)
    # Mean and mean square of 30 standard normals lie within these but for one case in 1,000;
    # an error by a factor of sqrt(2) or more does not.
    assert np.abs(scaled.mean(axis=0)).max() < 3.3 / 30**0.5
    assert 0.6 < np.mean(scaled**2) < 1.6


def test_a_parameter_without_effect_has_an_infinite_error():
    cell = dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -60.0), "off": dn.channels.Leak(0.0)})
    free = {**FREE, "channels.off.reversal_potential": (-90.0, 0.0)}
    with pytest.warns(UserWarning, match=r"channels\.off\.reversal_potential changed nothing"):
        result = fitted(model=cell, free=free)
    assert result.standard_errors["channels.off.reversal_potential"] == np.inf
    assert result.standard_errors["capacitance"] < 0.01
    directions = result.identifiability()
    assert (np.diff(directions.curvatures) <= 0).all()
    sloppiest = np.abs(directions.directions[:, -1])
    assert directions.names[int(sloppiest.argmax())] == "channels.off.reversal_potential"


# Starts


SEARCH = {"method": LevenbergMarquardt(steps=9, refill_every=2), "starts": 4}


def test_starts_given_by_the_user():
    starts = {name: value * np.array([1.0, 1.1, 1.2, 1.3]) for name, value in TRUTH.items()}
    result = fitted(**SEARCH | {"starts": starts})
    assert result.losses.shape == (4,)
    assert result.history[0, 0] < 1e-4
    assert result.history[0, 1] > result.history[0, 0]
    assert result.starts["capacitance"].shape == (4,)


def test_random_starts_are_between_the_bounds_and_the_same_for_the_same_key(getkey):
    key = getkey()
    one = fitted(**SEARCH, key=key)
    same(one, fitted(**SEARCH, key=key))
    assert one.losses.shape == (4,)
    for name, bounds in one.free.items():
        assert (one.starts[name] >= bounds.low).all()
        assert (one.starts[name] <= bounds.high).all()
    other = fitted(**SEARCH, key=getkey())
    assert np.abs(one.history[0] - other.history[0]).max() > 0


class UnboundedLeak(dn.AbstractChannel):
    """A user's own leak, which may be negative."""

    g_max: dn.Parameter = dn.parameter(0.2, "mS/cm2")
    reversal_potential: dn.Parameter = dn.parameter(-60.0, "mV")

    def initial_state(self, u, /):
        return ()

    def vector_field(self, x, u, /):
        return ()

    def output(self, x, u, /):
        return self.g_max * (u.voltage - self.reversal_potential)


def test_a_start_that_goes_non_finite_is_marked_and_harms_no_other():
    """A membrane with a negative conductance runs away."""
    free = {**FREE, "channels.leak.g_max": (-9.0, 1.0)}

    def run(conductances):
        count = len(conductances)
        starts = {
            "channels.leak.g_max": conductances,
            "channels.leak.reversal_potential": [-60.0] * count,
            "capacitance": [1.0] * count,
        }
        cell = dn.neurons.Cell({"leak": UnboundedLeak()})
        return fitted(model=cell, free=free, starts=starts)

    result, alone = run([-8.0, 0.1, 0.2]), run([0.3, 0.1, 0.2])
    assert np.isinf(result.losses[0])
    np.testing.assert_allclose(result.losses[1:], alone.losses[1:], rtol=1e-2, atol=1e-6)
    assert result.parameters["capacitance"] == pytest.approx(1.3, rel=1e-3)


def test_bounds_that_no_model_allows_are_refused():
    with pytest.raises(ValueError, match=r"bounds of capacitance, \[-0\.5, 4\], go below 0, where"):
        fitted(free={**FREE, "capacitance": (-0.5, 4.0)})


def test_spikes_cannot_be_compared_where_there_are_none():
    with pytest.raises(ValueError, match="no fitted sweep rises above -20 mV: fit sweeps that"):
        fitted(loss=SpikeTimes())


def test_of_one_sweep_none_can_be_held_out():
    with pytest.raises(ValueError, match="has one sweep, so that none can be held out"):
        fitted(holdout=0)


class UndefinedAbove(AbstractLoss):
    """A user's own loss, which is not a number above some final voltage."""

    limit: float

    def target(self, time, current, voltage, /):
        return voltage

    def residual(self, run, target, /) -> Array:
        bad = jnp.max(run.y) > self.limit
        return jnp.where(bad, jnp.nan, run.y - target) / target.shape[0] ** 0.5


@pytest.mark.parametrize("method", [LevenbergMarquardt(steps=6), Adam(steps=20)])
def test_a_loss_that_is_not_a_number_somewhere(method):
    starts = {
        "channels.leak.g_max": [0.02, 0.2],
        "channels.leak.reversal_potential": [-60.0, -60.0],
        "capacitance": [1.0, 1.0],
    }
    result = fitted(starts=starts, loss=UndefinedAbove(-50.0), method=method)
    assert np.isinf(result.losses[0])
    assert np.isfinite(result.losses[1])
    assert np.isfinite(result.fitted_voltage).all()
    assert result.losses[1] < result.history[0, 1] or method.iterations < 10


def test_all_starts_non_finite_is_an_error():
    with pytest.raises(ValueError, match="every start went non-finite"):
        fitted(loss=UndefinedAbove(-200.0), method=LevenbergMarquardt(steps=1))


# Sweeps


def test_held_out_sweeps_are_scored_and_not_fitted():
    recording = recorded(sweeps=3)
    spoilt = np.array(recording.voltage)
    spoilt[1] += 7.0
    recording = Recording(time=recording.time, current=recording.current, voltage=spoilt)
    result = fitted(recording, holdout=[1])
    assert result.held_out == (1,)
    assert [score.held_out for score in result.scores()] == [False, True, False]
    assert result.scores()[1].rms_error == pytest.approx(7.0, abs=0.05)
    assert result.scores()[0].rms_error < 0.02
    assert result.fitted_voltage.shape == (3, N)


# Interruption


def interrupt(done, total, best, stage):
    raise KeyboardInterrupt


def test_an_interrupted_fit_has_the_best_so_far():
    result = fitted(**SEARCH, progress=interrupt)
    assert not result.completed
    assert result.history.shape == (1, 4)
    assert result.loss == result.history[0].min()
    assert fitted(**SEARCH).loss < result.loss


def test_a_resumed_fit_gives_the_same_bits(tmp_path):
    checkpoint = tmp_path / "search.ckpt"
    first = fitted(**SEARCH, progress=interrupt, checkpoint=checkpoint)
    assert not first.completed
    resumed = fitted(**SEARCH, checkpoint=checkpoint)
    same(resumed, fitted(**SEARCH))
    assert resumed.completed
    # A finished search is only read.
    same(fitted(**SEARCH, checkpoint=checkpoint), resumed)


class InterruptedOnce(dn.methods.AbstractMethod):
    """A method of a user's own: a random walk, whose first step is interrupted."""

    @property
    def iterations(self):
        return 3

    def tangents(self, count, /):
        return 0

    def start(self, objective, position, /):
        return dn.methods.Lane(position, jnp.sum(objective(position) ** 2), position[0])

    def update(self, objective, state, iteration, /):
        if PENDING:
            raise PENDING.pop()
        return state._replace(loss=jnp.sum(objective(state.position) ** 2))

    def mix(self, states, iteration, key, /):
        walk = jax.random.normal(key, states.position.shape)
        return states._replace(position=states.position + 0.1 * walk)


PENDING: list[BaseException] = []


def test_a_fit_interrupted_within_a_step_resumes_to_the_same_bits(tmp_path):
    """A Ctrl-C nearly always comes within a step, after the lanes have been mixed."""
    checkpoint = tmp_path / "search.ckpt"
    PENDING.append(KeyboardInterrupt())
    first = fitted(method=InterruptedOnce(), checkpoint=checkpoint)
    assert not first.completed
    assert not PENDING
    resumed = fitted(method=InterruptedOnce(), checkpoint=checkpoint)
    same(resumed, fitted(method=InterruptedOnce()))


CULLED = Pipeline(
    (LevenbergMarquardt(2), LevenbergMarquardt(2), InterruptedOnce()), lanes=(5, 2, 4), spread=0.2
)


def test_a_pipeline_goes_on_with_the_best_and_fills_in_neighbours():
    result = fitted(method=CULLED, starts=6)
    known = np.isfinite(result.history)
    # The sixth start was not gone on with; of five two were, and then four again.
    np.testing.assert_array_equal(known.sum(axis=1), [5, 5, 2, 2, 4, 4, 4])
    best = set(np.argsort(result.history[1])[:2].tolist())
    assert {int(lane) for lane in np.flatnonzero(known[2])} == best
    assert best <= {int(lane) for lane in np.flatnonzero(known[-1])}
    unmoved = fitted(method=Pipeline((LevenbergMarquardt(2),), lanes=(1,)), starts=6)
    for name, values in result.starts.items():
        idle = ~known[:, 1:].any(axis=0)
        np.testing.assert_array_equal(values[1:][idle], unmoved.starts[name][1:][idle])


def test_without_a_spread_a_pipeline_fills_in_those_that_had_stayed():
    stages, lanes = (LevenbergMarquardt(2), LevenbergMarquardt(2)), (3, 6)
    result = fitted(method=Pipeline(stages, lanes=lanes, spread=None), starts=6)
    assert np.isnan(result.history[:2, 3:]).all()
    alone = fitted(method=LevenbergMarquardt(2), starts=6)
    np.testing.assert_array_equal(result.history[2:, 3:], alone.history[:, 3:])


@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_culled_pipeline_resumes_to_the_same_bits(after, tmp_path):
    def interrupt(iteration, *_):
        if iteration > after:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "search.ckpt"
    assert not fitted(method=CULLED, starts=6, checkpoint=checkpoint, progress=interrupt).completed
    resumed = fitted(method=CULLED, starts=6, checkpoint=checkpoint)
    same(resumed, fitted(method=CULLED, starts=6))


@pytest.mark.parametrize(
    ("lanes", "spread"), [((1, 2), 0.1), ((0,), 0.1), ([3], 0.1), ((None,), 0.0)]
)
def test_lanes_that_make_no_sense_are_refused(lanes, spread):
    with pytest.raises(ValueError, match="of Pipeline must be"):
        Pipeline((LevenbergMarquardt(2),), lanes=lanes, spread=spread)


class Sifting(dn.methods.AbstractMethod):
    """A method of a user's own, with an array; of its lanes only the first stays finite."""

    losses: Array

    @property
    def iterations(self):
        return 1

    def tangents(self, count, /):
        return 0

    def start(self, objective, position, /):
        return dn.methods.Lane(position, jnp.sum(objective(position) ** 2), position[0])

    def update(self, objective, state, iteration, /):
        return state

    def mix(self, states, iteration, key, /):
        return states._replace(loss=self.losses)


def test_lanes_that_are_not_finite_are_refilled_from_those_that_are():
    sifting = Sifting(jnp.array([1.0, jnp.inf, jnp.inf, jnp.inf]))
    pipeline = Pipeline((sifting, LevenbergMarquardt(1)), spread=1e-6)
    result = fitted(method=pipeline, starts=4)
    reached = np.stack(list(result.starts.values()))
    np.testing.assert_allclose(reached, reached[:, :1] * np.ones(4), rtol=1e-3)


@pytest.mark.parametrize(
    ("method", "starts"),
    [(CMAES(2), 3), (Pipeline((LevenbergMarquardt(1), CMAES(2)), lanes=(None, 2)), 8)],
)
def test_a_population_that_is_too_small_is_found_out_before_anything_is_done(
    method, starts, tmp_path
):
    checkpoint = tmp_path / "search.ckpt"
    with pytest.raises(ValueError, match="give fit starts=, and Pipeline lanes=, of 4 or more"):
        fitted(method=method, starts=starts, checkpoint=checkpoint)
    assert not checkpoint.exists()


def test_a_plateau_is_no_spike():
    """A voltage that starts above the threshold and falls never crosses it upwards."""
    time = DT * np.arange(N)
    recording = Recording(time, np.zeros((1, N)), -65.0 + 60.0 * np.exp(-time / 5.0)[None])
    assert not fires(recording)
    assert isinstance(default_loss(passive(), recording), dn.losses.VoltageError)


def test_what_is_searched_by_depends_on_what_is_compared():
    cell, lif = dn.neurons.HodgkinHuxley(), dn.neurons.LIF()
    spikes, voltage = SpikeTimes(), dn.losses.VoltageError()

    def horizons(*about):
        return horizons_of(default_method(*about, 5))

    assert horizons(cell, spikes, 32) == (1, 2)
    # Windows end where other losses would see spikes missing.
    assert horizons(cell, dn.losses.VictorPurpura(), 32) == ()
    assert isinstance(default_method(cell, voltage, 32, 5), Synchronised)
    assert isinstance(default_method(cell, spikes, 1, 5), Synchronised)
    assert isinstance(default_method(lif, spikes, 32, 5), Pipeline)
    assert isinstance(default_method(lif, spikes, 4, 5), LevenbergMarquardt)


def test_progress_is_told_the_way():
    told = []
    fitted(method=Synchronised((2.0, 0.5), 2, 2), progress=lambda *what: told.append(what))
    assert told[0][:2] == (1, 6)
    assert told[0][3] == "gain 2 per ms"
    assert told[-1][:2] == (6, 6)
    assert told[-1][3] == "free"
    assert told[-1][2] < told[0][2]


# Checkpoints of another fit


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"free": {**FREE, "capacitance": (0.2, 4.0)}}, "bounds"),
        ({"method": LevenbergMarquardt(steps=4)}, "method"),
        ({"recording": recorded(noise=0.1)}, "recording"),
        ({"loss": dn.losses.VoltageError(largest=3.0)}, "loss"),
        ({"solver": dn.solvers.ExponentialEuler()}, "solver"),
        ({"model": dn.replace(passive(), {"area": 9e3})}, "fixed parameters"),
        ({"starts": 5}, "starts"),
        ({"loss": dn.losses.VoltageError(weights=np.linspace(1.0, 2.0, N))}, "loss"),
        ({"starts": {name: [v, 1.2 * v] for name, v in TRUTH.items()}}, "start"),
        ({"key": jax.random.key(99)}, "key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_checkpoint_of_another_fit_is_refused(changes, named, tmp_path):
    checkpoint = tmp_path / "search.ckpt"
    base = {
        "method": LevenbergMarquardt(steps=2),
        "starts": {name: [v, 1.1 * v] for name, v in TRUTH.items()},
        "loss": dn.losses.VoltageError(weights=np.linspace(1.0, 3.0, N)),
    }
    fitted(**base, checkpoint=checkpoint, progress=interrupt)
    arguments = base | changes
    recording = arguments.pop("recording", None)
    with pytest.raises(ValueError, match="belongs to another fit") as caught:
        fitted(recording, **arguments, checkpoint=checkpoint)
    assert named in str(caught.value)


# Messages


def refused(match, recording=None, **changes):
    with pytest.raises(ValueError, match=match):
        fitted(recording, **changes)


def test_bad_free_parameters_are_refused():
    refused(
        r"no parameter 'channels\.leak\.gmax'.*channels\.leak\.g_max",
        free={"channels.leak.gmax": (0.1, 1.0)},
    )
    refused("free is empty", free={})
    refused(r"capacitance: low=2 must be below high=1", free={"capacitance": (2.0, 1.0)})
    refused(r"capacitance: low=1 must be below high=1", free={"capacitance": (1.0, 1.0)})
    refused("the bounds of capacitance", free={"capacitance": 3.0})
    refused("the bounds of capacitance", free={"capacitance": (1.0, 2.0, 3.0)})
    refused("must be finite", free={"capacitance": (0.0, float("inf"))})
    with pytest.raises(ValueError, match="low=0 on a log scale must be positive"):
        dn.Bounds(0.0, 1.0, scale="log")
    with pytest.raises(ValueError, match="'linear' or 'log'"):
        dn.Bounds(0.1, 1.0, scale="cubic")


def test_bad_starts_are_refused():
    refused(r"capacitance starts at 1, outside its bounds \[2, 3\]", free={"capacitance": (2, 3)})
    refused("starts=0 must be a whole number from 1", starts=0)
    refused(r"starts=2\.5 must be a whole number", starts=2.5)
    refused("starts names", starts={"capacitance": [1.0]})
    values = {name: [value] for name, value in TRUTH.items()}
    refused("equally many", starts={**values, "capacitance": [1.0, 2.0]})
    refused("capacitance starts at nan", starts={**values, "capacitance": [float("nan")]})


def test_bad_recordings_and_sweeps_are_refused():
    slow = recorded().time * 5.0
    coarse = Recording(time=slow, current=recorded().current, voltage=recorded().voltage)
    refused(r"sampled every 0\.5 ms, more than the 0\.1 ms that Staggered", coarse)
    refused("holdout names every sweep", recorded(sweeps=2), holdout=[0, 1])
    refused(r"sweeps 7 do not exist", recorded(sweeps=2), holdout=[7])


def test_a_model_that_cannot_be_synchronised_is_refused():
    with pytest.raises(ValueError, match="LIF cannot be synchronised"):
        dn.fit(
            dn.neurons.LIF(),
            recorded(),
            free={"capacitance": (50.0, 400.0)},
            method=Synchronised((1.0,), 1, 1),
            progress=False,
        )


def test_parameters_that_are_not_finite_are_refused():
    refused("area=nan um2", model=dn.replace(passive(), {"area": float("nan")}))


def test_bad_methods_are_refused():
    for make in (
        lambda: LevenbergMarquardt(steps=0),
        lambda: LevenbergMarquardt(refill_every=0),
        lambda: Adam(steps=0),
        lambda: Adam(learning_rate=0.0),
        lambda: Synchronised(gains=()),
        lambda: Synchronised(gains=(1.0, -1.0)),
        lambda: Synchronised(steps=0),
    ):
        with pytest.raises(ValueError, match=r"steps|refill_every|learning_rate|gains"):
            make()


# Bounds


@pytest.mark.parametrize("bounds", [dn.Bounds(-3.0, 5.0), dn.Bounds(0.01, 10.0, scale="log")])
def test_positions_and_values_are_inverse(bounds, x64):
    values = np.linspace(max(bounds.low, 0.02), 0.98 * bounds.high, 9)
    np.testing.assert_allclose(bounds.value(bounds.position(values)), values, rtol=1e-10)
    ends = np.asarray(bounds.value(jnp.array([-1e3, 0.0, 1e3])))
    middle = (bounds.low * bounds.high) ** 0.5 if bounds.scale == "log" else 1.0
    np.testing.assert_allclose(ends, [bounds.low, middle, bounds.high])


def test_no_warning_escapes_a_fit():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted()
    assert not caught
