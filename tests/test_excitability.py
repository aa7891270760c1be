"""Thresholds, f-I curves, adaptation, and how firing is drawn."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro.analysis import (
    adaptation_index,
    chronaxie,
    fi_curve,
    lapicque_fit,
    membrane_trace,
    rebound,
    refractoriness,
    resting_point,
    rheobase,
    spike_energy,
    steady_rate,
    strength_duration,
    threshold_current,
    threshold_voltage,
    weiss_fit,
)
from diffneuro.channels import Leak, SquidPotassium
from diffneuro.neurons import LIF, AdEx, Cell, FitzHughNagumo, HodgkinHuxley
from diffneuro.report import (
    plot_f_i_curve,
    plot_membrane_trace,
    plot_raster,
    plot_refractoriness,
    plot_strength_duration,
    plot_voltage,
)
from diffneuro.stimuli import Step

# Rheobase


def test_rheobase_of_the_leaky_neuron():
    """Within 50 ms the voltage must get from rest to threshold; lasting current needs less."""
    short = rheobase(LIF(), duration=50.0, currents=(0.0, 500.0), dt=0.1)
    assert short == pytest.approx(200.0 / (1.0 - np.exp(-50.0 / 20.0)), abs=0.1)
    long = rheobase(LIF(), duration=400.0, currents=(100.0, 300.0), dt=0.1)
    assert long == pytest.approx(200.0, abs=0.05)


def test_rheobase_of_the_exponential_neuron():
    """g_L (V_T - E_L - Delta_T), and what passing the ghost of the fold in 1,500 ms takes."""
    model = AdEx(adaptation_conductance=0.0, spike_adaptation=0.0)
    found = rheobase(model, duration=1500.0, currents=(400.0, 700.0), dt=0.1)
    late = (np.pi * 281.0 / 1500.0) ** 2 / (30.0 / (2.0 * 2.0))
    assert late < 0.1
    assert found == pytest.approx(546.0 + late, abs=0.04)


def test_rheobase_of_a_model_without_a_threshold_of_its_own():
    """The current that makes it fire is found as narrowly as asked."""
    model = FitzHughNagumo()
    settings = {"duration": 100.0, "dt": 0.05}
    found = rheobase(model, currents=(0.0, 1.0), threshold=0.0, precision=1e-3, **settings)

    def peak(current):
        return float(dn.simulate(model, current, t1=100.0, dt=0.05).y.max())

    assert peak(found) > 0.0 > peak(found - 1e-3)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"currents": (300.0, 100.0)}, "smaller one first"),
        ({"currents": (0.0, np.inf)}, "two numbers"),
        ({"currents": (300.0, 400.0)}, "fires at 300 pA already"),
        ({"currents": (0.0, 100.0)}, "does not fire at 100 pA within 100 ms"),
        ({"precision": 0.0}, "precision=0.0"),
        ({"dt": -0.1}, "dt=-0.1"),
    ],
)
def test_bad_searches_are_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        rheobase(LIF(), duration=100.0, **{"dt": 0.1} | settings)


# Thresholds


def differences(function, at, step):
    return (function(at + step) - function(at - step)) / (2.0 * step)


def test_threshold_current_of_the_leaky_neuron_with_derivatives(x64):
    """I = g (theta - E)/(1 - exp(-g d/C)), whatever the duration is a multiple of."""

    def closed(leak, duration=3.33):
        return 20.0 * leak / (1.0 - np.exp(-leak * duration / 200.0))

    def found(leak):
        return threshold_current(
            dn.replace(LIF(), {"leak_conductance": leak}), 3.33, after=1.0, dt=0.05
        )

    value, slope = compiled(lambda leak: jax.jvp(found, (leak,), (1.0,)))(10.0)
    assert float(value) == pytest.approx(closed(10.0), rel=1e-5)
    assert float(slope) == pytest.approx(differences(closed, 10.0, 1e-4), rel=1e-4)
    assert float(compiled(jax.grad(found))(10.0)) == pytest.approx(float(slope), rel=1e-12)


def test_threshold_current_inside_a_compiled_function():
    """Where there is nothing to raise an error it is NaN."""

    @jax.jit
    def found(threshold):
        return threshold_current(
            dn.replace(LIF(), {"threshold": threshold}), 5.0, currents=(0.0, 1000.0), dt=0.1
        )

    wanted = 10.0 * 20.0 / (1.0 - np.exp(-5.0 / 20.0))
    assert float(found(-50.0)) == pytest.approx(wanted, rel=1e-4)
    assert np.isnan(found(0.0))
    assert np.isnan(found(-80.0))


def test_threshold_voltage_is_where_the_upstroke_takes_over(x64):
    """Without adaptation it is the unstable root of the exponential neuron's current."""
    neuron = AdEx(adaptation_conductance=0.0, spike_adaptation=0.0)
    found = float(compiled(lambda: threshold_voltage(neuron, after=100.0, dt=0.1))())
    assert found > -50.4

    def net(v):
        return -30.0 * (v + 70.6) + 30.0 * 2.0 * np.exp((v + 50.4) / 2.0)

    assert net(found - 1e-4) < 0.0 < net(found + 1e-4)


def test_threshold_voltage_of_the_leaky_neuron_is_its_own():
    assert float(threshold_voltage(LIF(), dt=0.1)) == pytest.approx(-50.0, abs=1e-4)


@pytest.mark.parametrize(
    ("search", "settings", "text"),
    [
        (threshold_current, {"duration": -1.0}, "duration=-1.0 ms must be positive"),
        (threshold_current, {"duration": 1.0, "after": -1.0}, "after=-1.0"),
        (threshold_current, {"duration": 1.0, "dt": 0.0}, "dt=0.0"),
        (threshold_current, {"duration": 1.0, "currents": (2.0, 1.0)}, "smaller one first"),
        (threshold_current, {"duration": 5.0, "currents": (0.0, 9.0)}, "does not fire at 9 pA"),
        (threshold_current, {"duration": 5.0, "currents": (2e3, 3e3)}, "fires at 2000 pA already"),
        (threshold_voltage, {"displacements": (0.0, 9.0)}, "does not fire at 9 mV within"),
        (threshold_voltage, {"displacements": (np.nan, 9.0)}, "two numbers"),
    ],
)
def test_bad_thresholds_are_refused(search, settings, text):
    with pytest.raises(ValueError, match=text):
        search(LIF(), **{"dt": 0.1} | settings)


def test_a_channel_has_no_threshold():
    with pytest.raises(ValueError, match="Leak is not a neuron"):
        threshold_current(Leak(), 1.0)


# Strength and duration


LIF_DURATIONS = np.geomspace(0.5, 50.0, 8)


@functools.cache
def lif_strengths():
    return strength_duration(LIF(), LIF_DURATIONS, lasting=400.0, after=1.0, dt=0.1)


def test_strength_duration_of_the_leaky_neuron_is_lapicques():
    curve = lif_strengths()
    wanted = 200.0 / (1.0 - np.exp(-curve.duration / 20.0))
    np.testing.assert_allclose(curve.current, wanted, rtol=1e-4)
    assert curve.rheobase == pytest.approx(200.0, rel=1e-4)
    assert curve.chronaxie == pytest.approx(20.0 * np.log(2.0), rel=2e-3)
    assert curve.lapicque.rheobase == pytest.approx(200.0, rel=1e-3)
    assert curve.lapicque.chronaxie == pytest.approx(20.0 * np.log(2.0), rel=1e-3)
    assert curve.lapicque.error < 1e-4 < 1e-2 < curve.weiss.error
    np.testing.assert_allclose(curve.charge, 1e-3 * curve.duration * curve.current)


def test_laws_are_found_in_their_own_currents():
    duration = np.geomspace(0.1, 10.0, 9)
    weiss = weiss_fit(duration, 3.0 * (1.0 + 0.7 / duration))
    np.testing.assert_allclose(weiss, [3.0, 0.7, 0.0], atol=1e-12)
    lapicque = lapicque_fit(duration, 3.0 / (1.0 - 2.0 ** (-duration / 0.7)))
    np.testing.assert_allclose(lapicque, [3.0, 0.7, 0.0], atol=1e-6)


def test_chronaxie_has_derivatives(x64):
    """Of a leaky membrane it is ln 2 C/g, and nothing to the threshold."""

    def found(capacitance, threshold):
        model = dn.replace(LIF(), {"capacitance": capacitance, "threshold": threshold})
        return chronaxie(model, currents=(0.0, 1000.0), lasting=300.0, after=0.0, dt=0.1)

    value, slopes = compiled(jax.value_and_grad(found, argnums=(0, 1)))(200.0, -50.0)
    assert float(value) == pytest.approx(20.0 * np.log(2.0), rel=1e-3)
    assert float(slopes[0]) == pytest.approx(np.log(2.0) / 10.0, rel=1e-3)
    assert float(slopes[1]) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("durations", "settings", "text"),
    [
        ([1.0], {}, "at least two positive"),
        ([1.0, -1.0], {}, "at least two positive"),
        ([1.0, 2.0], {"lasting": 0.0}, "lasting=0.0"),
        ([0.01, 2.0], {"currents": (0.0, 2e3)}, "with each pulse, within"),
    ],
)
def test_bad_durations_are_refused(durations, settings, text):
    with pytest.raises(ValueError, match=text):
        strength_duration(LIF(), durations, **{"dt": 0.1} | settings)


def test_laws_of_inward_currents_are_refused():
    with pytest.raises(ValueError, match="turn the sign"):
        weiss_fit([1.0, 2.0], [-3.0, -2.0])
    with pytest.raises(ValueError, match="at least two"):
        lapicque_fit([1.0], [3.0])


# After a spike


@functools.cache
def lif_recovery():
    return refractoriness(LIF(), np.arange(0.5, 12.0, 0.5), after=1.0, dt=0.1)


def test_refractoriness_of_the_leaky_neuron():
    """Held for 2 ms at a reset above rest, from where it decays to rest."""
    found = lif_recovery()
    # The first pulse of 0.2 ms, twice the threshold, fires about halfway through.
    spike = 0.2 * 0.5
    assert found.absolute == pytest.approx(2.0 + spike - 0.2, abs=0.05)
    free = found.interval[found.interval > 2.2]
    start = -70.0 + 5.0 * np.exp(-(free - spike - 2.0) / 20.0)
    decay = np.exp(-0.2 / 20.0)
    # From v the pulse must end at -50: v decays, and the current adds R I (1 - decay).
    wanted = 10.0 * (20.0 - (start + 70.0) * decay) / (1.0 - decay)
    # The rest of the first pulse falls into the refractory time.
    np.testing.assert_allclose(found.threshold[found.interval > 2.2], wanted, rtol=1e-3)
    np.testing.assert_allclose(found.ratio, found.threshold / found.resting_threshold)
    assert found.relative <= 2.5


@pytest.mark.parametrize(
    ("intervals", "settings", "text"),
    [
        ([5.0], {}, "one rising row"),
        ([5.0, 4.0], {}, "one rising row"),
        ([0.1, 4.0], {}, "none shorter than a pulse of 0.2 ms"),
        ([1.0, 4.0], {"conditioning": 0.5}, "conditioning=0.5"),
        ([1.0, 4.0], {"width": 0.0}, "width=0.0"),
        ([3.0, 4.0], {}, "a second spike at the first interval, 3 ms"),
        ([0.5, 1.0], {}, "no second spike up to 1 ms"),
    ],
)
def test_bad_pairs_are_refused(intervals, settings, text):
    with pytest.raises(ValueError, match=text):
        refractoriness(LIF(), intervals, **{"dt": 0.1, "after": 1.0} | settings)


def test_a_leaky_neuron_has_no_rebound():
    with pytest.raises(ValueError, match="no spike follows a step of 10 ms within 5 ms, down to"):
        rebound(LIF(), 10.0, after=5.0, dt=0.1)
    with pytest.raises(ValueError, match=r"strongest=10.0 pA must be negative"):
        rebound(LIF(), 10.0, strongest=10.0)


# Rest and energy


def test_resting_point_of_a_passive_cell():
    """One eigenvalue, that of the membrane: -g/C."""
    found = resting_point(Cell({"leak": Leak(0.5, -70.0)}, capacitance=2.0), 100.0)
    assert found.voltage == pytest.approx(-70.0 + 1.0 / 0.5)
    np.testing.assert_allclose(found.eigenvalues, [-0.25])
    assert (found.stability, found.frequency) == ("stable node", 0.0)
    assert found.time_constant == pytest.approx(4.0)


def test_resting_point_of_a_ringing_neuron():
    """FitzHugh and Nagumo's Hopf bifurcation has a closed form."""
    found = resting_point(FitzHughNagumo(), 0.331281)
    assert abs(found.eigenvalues.real).max() < 1e-5
    assert found.frequency == pytest.approx(1e3 * 0.275507 / (2.0 * np.pi), rel=1e-5)


class TwoStates(dn.AbstractChannel):
    """A channel that is closed or open, its fractions kept together."""

    def initial_state(self, u, /):
        share = jnp.asarray(0.25, jnp.result_type(u.voltage))
        return dn.Occupancy(jnp.stack([1.0 - share, share]))

    def vector_field(self, x, u, /):
        opening = 0.1 * x.fractions[0] - 0.3 * x.fractions[1]
        return dn.Occupancy(jnp.stack([-opening, opening]))

    def output(self, x, u, /):
        return 0.5 * x.fractions[1] * (u.voltage + 90.0)


def test_resting_point_of_a_cell_with_a_scheme_of_states():
    """Fractions that add up to 1 have one eigenvalue less, and no zero among them."""
    cell = Cell({"leak": Leak(0.5, -70.0), "scheme": TwoStates()})
    found = resting_point(cell)
    np.testing.assert_allclose(found.eigenvalues, [-0.4, -0.625])
    assert found.stability == "stable node"


def test_spike_energy_of_what_has_no_sodium_is_refused():
    cell = Cell({"k": SquidPotassium(), "leak": Leak()})
    with pytest.raises(ValueError, match="no channel of k, leak carries sodium"):
        spike_energy(cell, 0.0, t1=1.0)
    with pytest.raises(ValueError, match=r"give a neurons.Cell"):
        spike_energy(LIF(), 0.0, t1=1.0)
    with pytest.raises(ValueError, match="never rises"):
        spike_energy(HodgkinHuxley(), Step(-1000.0, 1.0), t1=5.0)


# f-I curves


def test_steady_rate_has_the_gain_of_the_leaky_neuron(x64):
    """Its rate is 1/(t_ref + tau ln((I - I_reset)/(I - I_theta)))."""

    def closed(current):
        return 1e3 / (2.0 + 20.0 * np.log((current - 50.0) / (current - 200.0)))

    both = jax.value_and_grad(lambda i: steady_rate(LIF(), i, t1=200.0, dt=0.1))
    rate, gain = compiled(both)(300.0)
    assert float(rate) == pytest.approx(closed(300.0), rel=1e-6)
    assert float(gain) == pytest.approx(differences(closed, 300.0, 1e-3), rel=1e-4)


def test_steady_rate_of_a_silent_neuron_is_zero():
    assert float(steady_rate(LIF(), 100.0, t1=100.0, dt=0.1)) == 0.0
    with pytest.raises(ValueError, match=r"settled=200.0"):
        steady_rate(LIF(), 100.0, t1=100.0, settled=200.0)


@functools.cache
def lif_curve():
    return fi_curve(LIF(), np.linspace(0.0, 600.0, 7), t1=500.0, dt=0.1)


def test_f_i_curve_of_the_leaky_neuron():
    curve = lif_curve()
    wanted = np.zeros(7)
    steps = curve.current[curve.current > 200.0]
    goal = -70.0 + steps / 10.0
    wanted[-len(steps) :] = 1e3 / (2.0 + 20.0 * np.log((goal + 65.0) / (goal + 50.0)))
    np.testing.assert_allclose(curve.steady_rate, wanted, rtol=1e-4)
    np.testing.assert_allclose(curve.first_rate, wanted, rtol=1e-4)
    first = 20.0 * np.log((goal + 70.0) / (goal + 50.0))
    np.testing.assert_allclose(curve.latency[-len(steps) :], first, rtol=1e-4)
    assert np.isnan(curve.latency[: -len(steps)]).all()
    assert [len(times) for times in curve.spikes[: -len(steps)]] == [0] * (7 - len(steps))
    assert curve.unit == "pA"


def test_f_i_curve_of_the_squid_axon():
    """A published rate, and none below where lasting firing begins."""
    curve = fi_curve(HodgkinHuxley(), [600.0, 1000.0], t1=300.0)
    np.testing.assert_allclose(curve.steady_rate, [0.0, 68.32], rtol=1e-3)
    assert curve.first_rate[1] < curve.steady_rate[1]
    assert np.isfinite(curve.latency).all()


def test_f_i_curve_of_pure_numbers_says_so():
    curve = fi_curve(FitzHughNagumo(), [0.0, 0.5], t1=200.0, dt=0.05, threshold=0.0)
    assert curve.unit == "1"
    assert curve.steady_rate[0] == 0.0
    assert curve.steady_rate[1] == pytest.approx(1e3 / 39.474, rel=1e-3)


def test_more_currents_than_one_batch_holds():
    currents = np.linspace(190.0, 400.0, 70)
    curve = fi_curve(LIF(), currents, t1=100.0, dt=0.1)
    assert curve.steady_rate.shape == (70,)
    assert (np.diff(curve.latency[np.isfinite(curve.latency)]) < 0).all()
    alone = fi_curve(LIF(), currents[-1:], t1=100.0, dt=0.1)
    np.testing.assert_allclose(curve.spikes[-1], alone.spikes[0], rtol=1e-5)


def test_steady_means_settled():
    """An adapting neuron's steady rate is that of its late intervals."""
    curve = fi_curve(AdEx(), [1000.0], t1=400.0, dt=0.1, settled=200.0)
    late = curve.spikes[0][curve.spikes[0] >= 200.0]
    assert curve.steady_rate[0] == pytest.approx(1e3 / np.diff(late).mean())
    assert curve.first_rate[0] == pytest.approx(1e3 / (25.249 - 11.729), rel=1e-3)
    assert curve.steady_rate[0] < 0.5 * curve.first_rate[0]


@pytest.mark.parametrize(
    ("currents", "settings", "text"),
    [
        ([], {}, "give one row"),
        (100.0, {}, "give one row"),
        ([[1.0, 2.0]], {}, r"shape \(1, 2\)"),
        ([np.nan], {}, "finite"),
        ([100.0], {"settled": 200.0}, "settled=200.0"),
        ([100.0], {"t1": -1.0}, "t1=-1.0"),
    ],
)
def test_bad_f_i_curves_are_refused(currents, settings, text):
    with pytest.raises(ValueError, match=text):
        fi_curve(LIF(), currents, **{"t1": 100.0, "dt": 0.1} | settings)


# Adaptation


def efel(times, skip=0.1, most=2):
    """eFEL's `adaptation_index`, as its C++ source has it."""
    times = list(times)[min(int(len(times) * skip + 0.5), most) :]
    if len(times) < 4:
        return np.nan
    intervals = np.diff(times)
    return np.mean((intervals[1:] - intervals[:-1]) / (intervals[1:] + intervals[:-1]))


# One operation at a time it takes half a second for each size.
index_of = compiled(adaptation_index)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 6, 14, 15, 16, 40])
@pytest.mark.parametrize("size", [None, 47])
def test_adaptation_index_is_efels(count, size):
    times = np.cumsum(np.random.default_rng(count).gamma(2.0, 10.0, count))
    padded = np.append(times, np.full((size or count) - count, np.inf))
    np.testing.assert_allclose(index_of(padded), efel(times), rtol=1e-4)


def test_adaptation_index_of_intervals_in_a_constant_ratio():
    times = np.cumsum(10.0 * 1.1 ** np.arange(12))
    assert float(adaptation_index(times)) == pytest.approx(0.1 / 2.1, rel=1e-4)
    assert float(adaptation_index(times, skip=0.0)) == pytest.approx(0.1 / 2.1, rel=1e-4)
    regular = 20.0 * np.arange(9)
    assert float(adaptation_index(regular)) == pytest.approx(0.0, abs=1e-6)


def test_adaptation_index_has_a_gradient(x64):
    times = np.cumsum(np.random.default_rng(3).gamma(2.0, 10.0, 8))
    padded = jnp.asarray(np.append(times, [np.inf, np.inf]))
    found = np.asarray(jax.jit(jax.grad(adaptation_index))(padded))
    assert np.isfinite(found).all()
    steps = 1e-5 * jnp.eye(10)[:8]
    index = jax.jit(jax.vmap(adaptation_index))
    differences = (index(padded + steps) - index(padded - steps)) / 2e-5
    np.testing.assert_allclose(found[:8], differences, atol=1e-8)
    assert np.abs(found[1:8]).min() > 1e-5


def test_an_adapting_neuron_adapts_and_a_leaky_one_does_not():
    slowing = fi_curve(AdEx(), [1000.0], t1=400.0, dt=0.1).spikes[0]
    assert float(adaptation_index(slowing)) > 0.02
    assert abs(float(adaptation_index(lif_curve().spikes[-1]))) < 1e-4


@pytest.mark.parametrize("settings", [{"skip": 1.0}, {"skip": -0.1}, {"most_skipped": -1}])
def test_bad_shares_are_refused(settings):
    with pytest.raises(ValueError, match="skip"):
        adaptation_index(np.arange(10.0), **settings)


# Figures


def test_figure_of_an_f_i_curve():
    figure = plot_f_i_curve(lif_curve())
    (axes,) = figure.axes
    assert axes.get_xlabel() == "injected current (pA)"
    assert axes.get_ylabel() == "firing rate (Hz)"
    steady, first = axes.lines
    np.testing.assert_array_equal(steady.get_xydata()[:, 1], lif_curve().steady_rate)
    np.testing.assert_array_equal(first.get_xydata()[:, 1], lif_curve().first_rate)
    both = plot_f_i_curve({"a": lif_curve(), "b": lif_curve()}, axes, first_interval=False)
    assert both is figure
    assert len(axes.lines) == 4


def test_curves_of_different_units_are_not_drawn_together():
    pure = fi_curve(FitzHughNagumo(), [0.5], t1=50.0, dt=0.05, threshold=0.0)
    with pytest.raises(ValueError, match="one unit"):
        plot_f_i_curve({"a": lif_curve(), "b": pure})
    with pytest.raises(ValueError, match="at least one"):
        plot_f_i_curve({})


def test_figure_of_strength_and_duration():
    curve = lif_strengths()
    (axes,) = plot_strength_duration(curve).axes
    assert axes.get_xlabel() == "duration (ms)"
    assert axes.get_xscale() == axes.get_yscale() == "log"
    lapicque, weiss, dots, *_ = axes.lines
    np.testing.assert_array_equal(dots.get_ydata(), curve.current)
    duration, current = lapicque.get_data()
    np.testing.assert_allclose(current, 200.0 / (1.0 - np.exp(-duration / 20.0)), rtol=2e-3)
    assert np.abs(weiss.get_ydata() / current - 1.0).max() > 0.01
    words = {text.get_text() for text in axes.texts}
    assert words == {"rheobase 200 pA", "chronaxie 13.9 ms"}
    plot_strength_duration(curve, axes, fits=False)
    assert len(axes.lines) == 6 + 4


def test_figure_of_recovery():
    found = lif_recovery()
    (axes,) = plot_refractoriness(found).axes
    curve = axes.lines[1]
    np.testing.assert_array_equal(curve.get_ydata(), found.ratio)
    assert axes.get_ylabel() == "threshold / threshold at rest"
    assert any("absolute" in text.get_text() for text in axes.texts)


def test_figure_of_a_membrane():
    trace = membrane_trace(HodgkinHuxley(), Step(5000.0, 1.0, 1.2), t1=5.0)
    assert set(trace.gates) == {"na.m", "na.h", "k.n"}
    assert set(trace.conductances) == {"na", "k"}
    for name, reversal in (("na", 50.0), ("k", -77.0)):
        ohm = trace.conductances[name] * (trace.voltage - reversal)
        np.testing.assert_allclose(trace.currents[name], ohm, rtol=1e-5)
    figure = plot_membrane_trace(trace)
    voltage, gates, conductances, currents = figure.axes
    assert voltage.get_ylabel() == "voltage (mV)"
    assert [len(axes.lines) for axes in (voltage, gates, conductances, currents)] == [1, 3, 2, 4]
    total = sum(np.asarray(current) for current in trace.currents.values())
    np.testing.assert_allclose(currents.lines[-1].get_ydata(), total, rtol=1e-5, atol=1e-3)
    only_leak = membrane_trace(Cell({"leak": Leak()}), 100.0, t1=1.0)
    assert len(plot_membrane_trace(only_leak).axes) == 2
    batch = jax.tree.map(lambda part: jnp.stack([part, part]), trace)
    with pytest.raises(ValueError, match="is a batch"):
        plot_membrane_trace(batch)
    with pytest.raises(ValueError, match="LIF has no channels"):
        membrane_trace(LIF(), 0.0, t1=1.0)


def test_figure_of_spike_trains():
    trains = [[1.0, 5.0, np.inf], [], [3.0]]
    (axes,) = plot_raster(trains).axes
    assert [list(row.get_positions()) for row in axes.collections] == [[1.0, 5.0], [], [3.0]]
    offsets = [row.get_lineoffset() for row in axes.collections]
    assert offsets == [0.5, 1.5, 2.5]
    assert axes.yaxis_inverted()
    (axes,) = plot_raster({"recorded": trains, "model": trains[:1]}, duration=20.0).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["recorded", "model"]
    assert axes.get_xlim() == (0.0, 20.0)
    with pytest.raises(ValueError, match="no trains"):
        plot_raster([])


@functools.cache
def spiking_run():
    return dn.simulate(LIF(), 400.0, t1=60.0, dt=0.1)


def test_spikes_of_a_rule_are_drawn_as_strokes():
    run = spiking_run()
    figure = plot_voltage(run, current=400.0, peak=30.0)
    above, below = figure.axes[0], figure.axes[0].child_axes[0]
    assert above.get_ylabel() == "voltage (mV)"
    assert "pA" in below.get_ylabel()
    time, voltage = above.lines[0].get_data()
    spikes = np.asarray(run.spike_times)[np.isfinite(run.spike_times)]
    assert len(spikes) >= 2
    np.testing.assert_allclose(time[voltage == 30.0], spikes)
    assert (np.diff(time) >= 0).all()
    assert voltage.min() == pytest.approx(float(run.y.min()))


def test_spikes_of_a_smooth_neuron_are_its_own():
    run = dn.simulate(FitzHughNagumo(), 0.5, t1=20.0)
    (axes,) = plot_voltage(run, unit="1").axes
    assert axes.get_ylabel() == "voltage"
    assert axes.lines[0].get_ydata().max() == float(run.y.max())


def test_what_is_no_single_voltage_is_not_drawn():
    pair = dn.simulate(LIF(), 0.0, t1=1.0, record=lambda x, u: (x.voltage, x.refractory))
    with pytest.raises(ValueError, match="one voltage"):
        plot_voltage(pair)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        plot_voltage(spiking_run(), current=[1.0, 2.0, 3.0])
