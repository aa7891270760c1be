"""Figures of networks and of postsynaptic responses."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.analysis import population_trains, postsynaptic_response
from diffneuro.networks import Dense, Network, OneToOne, Population, Projection, Source, Sparse
from diffneuro.neurons import LIF
from diffneuro.report import (
    plot_connectivity,
    plot_population_rate,
    plot_postsynaptic_response,
    plot_raster,
    plot_weights,
)
from diffneuro.stimuli import SpikeTrains
from diffneuro.synapses import Exponential, ExponentialCurrent

pytestmark = pytest.mark.usefixtures("strict")

WEIGHTS = np.array([[40.0, 0.0, 20.0], [0.0, 0.0, 10.0]])


@functools.cache
def network():
    receptor = Exponential()
    return Network(
        {"in": Source(3), "e": Population(LIF(), 2), "i": Population(LIF(), 4)},
        {
            "in_e": Projection("in", "e", Dense(WEIGHTS), receptor),
            "e_i": Projection("e", "i", Sparse([0, 1, 1], [3, 0, 2], [5.0, 1.0, 2.0]), receptor),
        },
    )


@functools.cache
def run():
    trains = SpikeTrains([[5.0, 20.0], [], [12.0]])
    return dn.simulate(network(), {"in": trains, "i": 400.0}, t1=40.0, dt=0.1)


def test_raster_of_a_run_has_a_group_for_each_population():
    trains = population_trains(run())
    assert sum(map(len, trains["i"])) > 0
    (axes,) = plot_raster(run()).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(trains)
    drawn = [list(row.get_positions()) for row in axes.collections]
    assert drawn == [list(train) for group in trains.values() for train in group]
    colours = [tuple(np.ravel(row.get_color())) for row in axes.collections]
    assert len(set(colours)) == 3
    batch = jax.tree.map(lambda part: jnp.stack([part, part]), run())
    with pytest.raises(ValueError, match="those of a batch"):
        plot_raster(batch)


def test_a_raster_of_many_cells_stays_on_the_page():
    assert plot_raster([[1.0]] * 2000).get_size_inches()[1] < 6.0


def test_population_rate_counts_spikes_per_cell_and_second():
    trains = {"e": [[1.0, 11.0, 12.0], []], "i": [[25.0]]}
    (axes,) = plot_population_rate(trains, duration=30.0, bin_width=10.0).axes
    rates = [step.get_data().values for step in axes.patches]
    np.testing.assert_allclose(rates[0], [50.0, 100.0, 0.0])
    np.testing.assert_allclose(rates[1], [0.0, 0.0, 100.0])


def test_a_smooth_rate_is_right_at_the_ends_too():
    regular = {"e": [np.arange(0.25, 100.0, 0.5)]}
    (axes,) = plot_population_rate(regular, duration=100.0, width=5.0).axes
    t, rate = axes.lines[0].get_data()
    np.testing.assert_allclose(rate, 2000.0, rtol=1e-3)
    np.testing.assert_allclose([t[0], t[-1]], [0.25, 99.75])
    (axes,) = plot_population_rate({"e": [[50.0]]}, duration=100.0, width=4.0).axes
    t, rate = axes.lines[0].get_data()
    assert np.trapezoid(rate, t) == pytest.approx(1000.0, rel=1e-6)
    assert rate.max() == pytest.approx(1000.0 / (4.0 * np.sqrt(2.0 * np.pi)), rel=0.01)


def test_population_rate_of_a_run_lasts_as_long_as_the_run():
    (axes,) = plot_population_rate(run()).axes
    assert axes.get_xlim() == pytest.approx((0.0, 40.0), abs=1e-3)
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == list(population_trains(run()))


def test_connectivity_shows_every_weight_in_its_place():
    axes = plot_connectivity(network()).axes[0]
    image = np.asarray(axes.images[0].get_array())
    populations = list(network().populations)
    sizes = {name: network().size(name) for name in populations}
    starts = dict(zip(populations, np.cumsum([0, *sizes.values()]), strict=False))
    assert image.shape == (6, 9, 3)
    block = image[:2, starts["in"] : starts["in"] + 3]
    np.testing.assert_array_equal((block < 1.0).any(axis=-1), WEIGHTS != 0.0)
    # The stronger, the further from white.
    assert block[0, 0].sum() < block[0, 2].sum() < block[1, 2].sum()
    coloured = (image < 1.0).any(axis=-1)
    assert coloured.sum() == 3 + 3
    assert coloured[2 + 3, starts["e"]]
    only = plot_connectivity(network(), projections=["e_i"]).axes[0]
    assert (np.asarray(only.images[0].get_array()) < 1.0).any(axis=-1).sum() == 3


def test_histograms_of_weights_count_connected_pairs():
    axes = plot_weights(network(), bins=4).axes[0]
    filled, outline = axes.patches[0], axes.patches[1]
    np.testing.assert_allclose(filled.get_data().values, outline.get_data().values)
    assert [patch.get_data().values.sum() for patch in axes.patches[1::2]] == [3, 3]
    assert axes.get_xlabel() == "weight (nS)"


def test_measures_are_drawn_where_they_were_taken():
    t = 0.05 * np.arange(2000)
    y = -65.0 + np.where(
        t > 21.0, 2.0 * (1.0 - np.exp(-(t - 21.0))) * np.exp(-(t - 21.0) / 12.0), 0
    )
    found = postsynaptic_response(t, y, 20.0)
    axes = plot_postsynaptic_response(t, y, found, 20.0).axes[0]
    lines = {line.get_label().split()[0]: line for line in axes.lines}
    assert {"rise", "width", "decay"} <= set(lines)
    for name in ("rise", "width"):
        ends, levels = lines[name].get_data()
        np.testing.assert_allclose(np.interp(ends, t, y), levels, atol=0.02)
    ends, levels = lines["decay"].get_data()
    late = np.asarray(levels) < -65.0 + 0.7 * found.amplitude
    np.testing.assert_allclose(np.interp(ends, t, y)[late], np.asarray(levels)[late], atol=0.03)
    flat = postsynaptic_response(t, 0.0 * t, 20.0)
    assert len(plot_postsynaptic_response(t, 0.0 * t, flat, 20.0, unit="pA").axes[0].lines) == 3


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("no trains", lambda: plot_population_rate({"e": []})),
        ("above 0 ms", lambda: plot_population_rate({"e": [[1.0]]}, width=0.0)),
        ("above 0 ms", lambda: plot_population_rate({"e": [[1.0]]}, bin_width=-1.0)),
        ("no projections", lambda: plot_connectivity(Network({"e": Population(LIF(), 2)}))),
        ("they are e_i, in_e", lambda: plot_connectivity(network(), projections=["e_e"])),
        ("others in pA", lambda: plot_weights(mixed())),
        ("several traces", lambda: plot_postsynaptic_response([0.0], [0.0], several(), 0.0)),
    ],
)
def test_bad_input_is_refused_with_the_cure(message, call):
    with pytest.raises(ValueError, match=message):
        call()


def mixed():
    populations = network().populations
    current = Projection("e", "e", OneToOne(5.0), ExponentialCurrent())
    return Network(populations, network().projections | {"e_e": current})


def several():
    t = np.arange(10.0)
    return dn.analysis.postsynaptic_responses(t, [t, t], 5.0)
