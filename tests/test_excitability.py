"""Rheobase, f-I curves, adaptation, and how firing is drawn."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import adaptation_index, fi_curve, rheobase
from diffneuro.neurons import LIF, AdEx, FitzHughNagumo, HodgkinHuxley
from diffneuro.report import plot_f_i_curve, plot_raster, plot_voltage

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


# f-I curves


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


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 6, 14, 15, 16, 40])
@pytest.mark.parametrize("padding", [0, 7])
def test_adaptation_index_is_efels(count, padding):
    times = np.cumsum(np.random.default_rng(count).gamma(2.0, 10.0, count))
    padded = np.append(times, np.full(padding, np.inf))
    np.testing.assert_allclose(adaptation_index(padded), efel(times), rtol=1e-4)


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
