"""The verb `simulate`: shapes, transformations, traces, messages."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import diffneuro as dn

pytestmark = pytest.mark.usefixtures("strict")

TRACES: list[str] = []


class Counted(dn.AbstractModel):
    """A leaky integrator of a user's own, that says when it is traced."""

    rate: Array = dn.parameter(0.1, "1/ms")

    def initial_state(self, u: Any, /) -> Any:
        TRACES.append("initial_state")
        return {"x": jnp.asarray(u) / self.rate}

    def vector_field(self, x: Any, u: Any, /) -> Any:
        TRACES.append("vector_field")
        return {"x": u - self.rate * x["x"]}

    def output(self, x: Any, u: Any, /) -> Array:
        TRACES.append("output")
        return x["x"]


class Exploding(dn.AbstractModel):
    """dx/dt = k x^2 with x(0) = 1: infinite at t = 1/k."""

    rate: Array = dn.parameter(1.0, "1/ms")

    def initial_state(self, u: Any, /) -> Any:
        return {"calm": jnp.zeros_like(u), "wild": jnp.ones_like(u)}

    def vector_field(self, x: Any, u: Any, /) -> Any:
        return {"calm": -x["calm"], "wild": self.rate * x["wild"] ** 2}

    def output(self, x: Any, u: Any, /) -> Array:
        return x["wild"]


def traces_of(function):
    before = len(TRACES)
    result = function()
    return len(TRACES) - before, result


# Shapes and times


def test_trajectory_of_a_conductance_cell():
    cell = dn.neurons.HodgkinHuxley()
    run = dn.simulate(cell, 500.0, t1=2.0, dt=0.05)
    assert run.t.shape == run.y.shape == (40,)
    np.testing.assert_allclose(run.t, 0.05 * np.arange(40), rtol=1e-6)
    start = cell.initial_state(jnp.asarray(0.0))
    assert float(run.y[0]) == pytest.approx(float(start.voltage), abs=1e-5)
    assert jax.tree.structure(run.state) == jax.tree.structure(start)
    assert run.spikes is None
    assert run.spike_times is None


def test_trajectory_of_a_spiking_neuron():
    run = dn.simulate(dn.neurons.LIF(), 900.0, t1=30.0, dt=0.1)
    assert run.t.shape == run.y.shape == run.spikes.shape == run.spike_times.shape == (300,)
    fired = np.asarray(run.spikes) > 0
    assert 2 <= fired.sum() < 20
    assert np.isinf(run.spike_times[~fired]).all()
    late = np.asarray(run.spike_times - run.t)[fired]
    assert (late >= -1e-5).all()
    assert (late <= 0.1 + 1e-5).all()
    # The sample after a spike is at the reset, held there by the refractory time.
    np.testing.assert_allclose(run.y[1:][fired[:-1]], -65.0)


def test_default_step_and_a_single_step():
    assert dn.simulate(Counted(), 0.1, t1=1.0).t.shape == (40,)
    assert dn.simulate(Counted(), 0.1, t1=0.025).t.shape == (1,)


def test_a_number_an_array_and_a_function_are_one_stimulus():
    runs = [
        dn.simulate(Counted(), stimulus, t1=4.0, dt=0.1, state={"x": 0.5}).y
        for stimulus in (0.3, np.full(40, 0.3), jnp.full(40, 0.3), lambda t: 0.3 + 0 * t)
    ]
    for run in runs[1:]:
        np.testing.assert_allclose(run, runs[0], rtol=1e-6)


def test_where_a_run_starts():
    """At rest under no current, or under what a function gave before the run."""
    for stimulus in (0.3, np.full(10, 0.3), dn.stimuli.Step(0.3, 0.0)):
        assert dn.simulate(Counted(), stimulus, t1=1.0, dt=0.1).y[0] == 0.0
    lasting = dn.simulate(Counted(), dn.stimuli.Step(0.3, -100.0), t1=1.0, dt=0.1)
    np.testing.assert_allclose(lasting.y, 3.0, rtol=1e-6)
    given = dn.simulate(Counted(), 0.3, t1=1.0, dt=0.1, state={"x": 2.0})
    assert given.y[0] == 2.0
    clamped = dn.simulate(dn.channels.SquidPotassium(), -20.0, t1=5.0, dt=0.1)
    np.testing.assert_allclose(clamped.y, clamped.y[0], rtol=1e-5)


def test_record_chooses_what_is_kept(x64):
    def kept(x, u):
        return {"v": x.voltage, "current": u}

    current = np.linspace(0.0, 500.0, 40)
    run = dn.simulate(dn.neurons.HodgkinHuxley(), current, t1=2.0, dt=0.05, record=kept)
    assert run.y["v"].shape == (40,)
    np.testing.assert_allclose(run.y["current"], current)
    plain = dn.simulate(dn.neurons.HodgkinHuxley(), current, t1=2.0, dt=0.05)
    np.testing.assert_allclose(run.y["v"], plain.y, rtol=1e-12)


def test_recorded_gates_belong_to_their_times(x64):
    """y[0] is the initial state's; the default solver has its gates half a step ahead."""
    cell = dn.neurons.HodgkinHuxley()

    def sodium(x, u):
        return x.channels["na"].m

    start = cell.initial_state(jnp.asarray(0.0))
    start = start._replace(voltage=start.voltage + 30.0)
    run = dn.simulate(cell, 0.0, t1=1.0, dt=0.05, record=sodium, state=start)
    assert float(run.y[0]) == pytest.approx(float(start.channels["na"].m), rel=1e-12)
    fine = dn.simulate(cell, 0.0, t1=1.0, dt=0.05 / 64, record=sodium, state=start)
    np.testing.assert_allclose(run.y, fine.y[::64], atol=5e-3)


# Transformations


def test_jit_vmap_and_derivatives():
    def end(rate):
        model = dn.replace(Counted(), {"rate": rate})
        return dn.simulate(model, 0.3, t1=4.0, dt=0.1, state={"x": 0.5}).y[-1]

    def closed_form(rate):
        return 0.3 / rate + (0.5 - 0.3 / rate) * jnp.exp(-rate * 3.9)

    rate, direction = jnp.float32(0.2), jnp.float32(1.7)
    transformations = {
        "jit": lambda f: jax.jit(f)(rate),
        "vmap": lambda f: jax.vmap(f)(rate * jnp.arange(1.0, 4.0)),
        "grad": lambda f: jax.grad(f)(rate),
        "jvp": lambda f: jax.jvp(f, (rate,), (direction,))[1],
        "jacfwd": lambda f: jax.jacfwd(f)(rate),
        "hessian": lambda f: jax.hessian(f)(rate),
        "vmap of grad": lambda f: jax.jit(jax.vmap(jax.grad(f)))(rate * jnp.arange(1.0, 4.0)),
    }
    for name, transformed in transformations.items():
        found, wanted = transformed(end), transformed(closed_form)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, err_msg=name)


def test_vmap_over_stimuli_and_states():
    currents = np.array([[0.1], [0.4]]) * np.ones(20)
    states = {"x": np.array([1.0, 2.0])}

    def one(current, state):
        return dn.simulate(Counted(), current, t1=2.0, dt=0.1, state=state).y

    batch = jax.vmap(one)(currents, states)
    for lane in range(2):
        alone = one(currents[lane], {"x": states["x"][lane]})
        np.testing.assert_allclose(batch[lane], alone, rtol=1e-6)


def test_single_and_double_precision_agree():
    def times():
        run = dn.simulate(dn.neurons.HodgkinHuxley(), 1000.0, t1=30.0)
        return np.asarray(dn.analysis.spike_times(run, max_spikes=2)[0], float)

    single = times()
    with jax.enable_x64(True):
        double = times()
    assert np.isfinite(double).all()
    np.testing.assert_allclose(single, double, atol=1e-3)


# Traces


def _called(rate, stimulus, start):
    model = Counted(rate=rate)
    return dn.simulate(model, stimulus, t1=3.0, dt=0.1, state={"x": start})


def test_other_values_do_not_trace_again():
    first, _ = traces_of(lambda: _called(0.2, np.zeros(30), np.float32(0.1)))
    assert first > 0
    for rate in (0.3, np.float64(0.4), jnp.float32(0.4), 1):
        for stimulus in (np.ones(30), jnp.full(30, 2.0), 0.7):
            again, _ = traces_of(lambda r=rate, s=stimulus: _called(r, s, np.float32(0.4)))
            assert again == 0, (rate, stimulus)
    longer, _ = traces_of(
        lambda: dn.simulate(Counted(), 0.7, t1=6.0, dt=0.1, state={"x": np.float32(0.4)})
    )
    assert longer > 0


@pytest.mark.parametrize("kind", [float, np.float64, jnp.asarray, np.asarray])
def test_another_state_does_not_trace_again(kind):
    traces_of(lambda: _called(0.2, 1.5, kind(0.1)))
    again, run = traces_of(lambda: _called(0.2, 1.5, kind(0.4)))
    assert float(run.y[0]) == pytest.approx(0.4)
    assert again == 0


def test_a_default_state_does_not_trace_again():
    first, _ = traces_of(lambda: dn.simulate(Counted(), 0.1, t1=3.3, dt=0.1))
    assert first > 0
    for stimulus in (0.2, np.full(33, 0.5), jnp.ones(33)):
        assert traces_of(lambda s=stimulus: dn.simulate(Counted(0.7), s, t1=3.3, dt=0.1))[0] == 0


def test_a_jitted_run_traces_once():
    @jax.jit
    def last(model, stimulus):
        return dn.simulate(model, stimulus, t1=3.7, dt=0.1).y[-1]

    first, one = traces_of(lambda: last(Counted(0.2), np.ones(37, np.float32)))
    again, other = traces_of(lambda: last(Counted(0.3), np.zeros(37, np.float32)))
    assert first > 0
    assert again == 0
    assert one != other


# Messages


def message(**changes):
    arguments = {"model": Counted(), "stimulus": 0.1, "t1": 1.0, "dt": 0.1} | changes
    model, stimulus = arguments.pop("model"), arguments.pop("stimulus")
    with pytest.raises(ValueError, match=r".") as caught:
        dn.simulate(model, stimulus, **arguments)
    return str(caught.value)


@pytest.mark.parametrize("dt", [0.0, -0.1, float("nan"), float("inf")])
def test_a_bad_step_is_refused(dt):
    assert f"dt={dt}" in message(dt=dt)


@pytest.mark.parametrize("t1", [0.05, 0.0, -1.0, float("nan"), float("inf")])
def test_a_bad_duration_is_refused(t1):
    said = message(t1=t1)
    assert f"t1={t1}" in said
    assert "dt=0.1" in said


def test_traced_times_are_refused():
    with pytest.raises(ValueError, match="plain numbers"):
        jax.jit(lambda dt: dn.simulate(Counted(), 0.1, t1=1.0, dt=dt).y)(0.1)


def test_a_duration_that_is_no_multiple_warns_once():
    with pytest.warns(UserWarning, match=r"t1=1\.04 ms is no multiple .* 10 steps, 1 ms") as caught:
        run = dn.simulate(Counted(), 0.1, t1=1.04, dt=0.1)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert run.t.shape == (10,)


def test_a_stimulus_of_the_wrong_length_is_refused_with_both_lengths():
    said = message(stimulus=np.zeros(11))
    assert "11" in said
    assert "10 samples" in said
    assert "vmap" in message(stimulus=np.zeros((2, 10)))


def test_what_is_not_finite_is_named():
    current = np.zeros(10)
    current[7] = np.nan
    assert "t=0.7 ms" in message(stimulus=current)
    assert "stimulus is not finite at t=0 ms" in message(stimulus=float("inf"))
    assert "t=0.5 ms" in message(stimulus=lambda t: jnp.where(t > 0.42, jnp.nan, 0.0))
    cell = dn.replace(dn.neurons.HodgkinHuxley(), {"channels.na.g_max": float("nan")})
    said = message(model=cell)
    assert "channels.na.g_max=nan mS/cm2" in said


def test_a_key_for_a_model_without_noise_is_refused(getkey):
    assert "Counted has no noise" in message(key=getkey())


def test_a_diverging_run_names_the_state_and_the_time():
    said = message(model=Exploding(), t1=3.0, dt=0.01, solver=dn.solvers.Euler())
    assert "wild" in said
    assert "calm" not in said
    time = float(said.split("t=")[1].split(" ms")[0])
    assert 1.0 < time < 1.2
    assert "smaller dt" in said


def test_a_diverging_lane_harms_no_other():
    def end(rate):
        return dn.simulate(Exploding(rate), 0.0, t1=0.8, dt=0.01, solver=dn.solvers.Euler()).state[
            "wild"
        ]

    lanes = jax.vmap(end)(jnp.array([0.5, 5.0, 1.0]))
    assert np.isfinite(lanes).tolist() == [True, False, True]
    np.testing.assert_allclose(lanes[jnp.array([0, 2])], [1 / 0.6, 1 / 0.2], rtol=0.1)


def test_parameters_by_name():
    cell = dn.neurons.HodgkinHuxley()
    assert dn.parameters(cell)["channels.na.g_max"] == (120.0, "mS/cm2")
    other = dn.replace(cell, {"channels.na.g_max": 90, "capacitance": 2.0})
    assert float(other.channels["na"].g_max) == 90.0
    assert float(cell.channels["na"].g_max) == 120.0
    with pytest.raises(ValueError, match=r"no parameter 'channels.na.gmax'.*channels.na.g_max"):
        dn.replace(cell, {"channels.na.gmax": 1.0})
    with pytest.raises(ValueError, match="non-empty dictionary"):
        dn.neurons.Cell({})
