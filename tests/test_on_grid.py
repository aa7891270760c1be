"""Spikes at the ends of steps, alone and in networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import neurons, spikes, stimuli, synapses
from diffneuro.networks import Dense, Network, Population, Projection, Source, Sparse

DT = 0.1


def test_the_first_spike_is_at_the_end_of_the_step_that_passes_the_threshold(x64):
    """By the closed form of the charging membrane, and every other one period later."""
    neuron = neurons.LIF()
    run = dn.simulate(neuron, 400.0, t1=100.0, dt=DT, spikes=spikes.OnGrid())
    reach = -20.0 * np.log(1.0 - 20.0 / 40.0)
    again = -20.0 * np.log(1.0 - 15.0 / 35.0)
    first, period = np.ceil(reach / DT), np.ceil(again / DT) + 2.0 / DT
    found = np.asarray(run.spike_times[np.isfinite(run.spike_times)]) / DT
    wanted = first + period * np.arange(len(found))
    assert len(found) == 7
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_it_is_held_at_the_reset_for_the_refractory_time(x64):
    neuron = neurons.LIF(refractory_time=2.0)
    run = dn.simulate(neuron, 400.0, t1=20.0, dt=DT, spikes=spikes.OnGrid())
    (step,) = np.nonzero(np.asarray(run.spikes))[0][:1]
    # The sample after step k is that of the end of step k.
    np.testing.assert_allclose(run.y[step + 1 : step + 22], -65.0, atol=1e-9)
    assert run.y[step + 22] > -65.0


def test_times_are_late_by_half_a_step_and_converge(x64):
    def error(dt):
        exact, grid = (
            dn.simulate(neurons.LIF(refractory_time=0.0), 400.0, t1=30.0, dt=dt, spikes=mode)
            for mode in (spikes.Exact(), spikes.OnGrid())
        )
        times = [np.sort(np.asarray(run.spike_times))[:1] for run in (exact, grid)]
        return float((times[1] - times[0])[0])

    for dt in (0.4, 0.1, 0.025):
        assert 0.0 <= error(dt) <= dt


def test_the_slope_of_a_spike_is_the_surrogate_at_the_step_s_end(x64):
    """One step: the slope of `spikes` by the current, in closed form, in both modes."""
    surrogate = spikes.Surrogate(spikes.sigmoid, 7.0)
    neuron = neurons.LIF()

    def fired(current):
        run = dn.simulate(neuron, current, t1=DT, dt=DT, spikes=spikes.OnGrid(surrogate))
        return run.spikes[0]

    moved = 1.0 - np.exp(-DT / 20.0)
    for current in (300.0, 45_000.0):
        above = -70.0 + current / 10.0 * moved + 50.0
        slope = float(spikes.sigmoid(jnp.asarray(above / 7.0))) / 7.0 * moved / 10.0
        assert jax.grad(fired)(current) == pytest.approx(slope, rel=1e-9)
        assert jax.jvp(fired, (current,), (1.0,))[1] == pytest.approx(slope, rel=1e-9)
    assert fired(300.0) == 0.0
    assert fired(45_000.0) == 1.0


def test_what_is_no_surrogate_is_refused():
    with pytest.raises(ValueError, match=r"surrogate=.* must be a Surrogate\(\)"):
        spikes.OnGrid(spikes.Exact())  # pyright: ignore[reportArgumentType]


def two_layers(weights, connection=Dense):
    return Network(
        {"in": Source(3), "cells": Population(neurons.LIF(), 4)},
        {
            "into": Projection(
                "in", "cells", Dense(weights), synapses.ExponentialCurrent(), delay=0.3
            ),
            "among": Projection(
                "cells", "cells", ring(connection), synapses.Exponential(), delay=0.2
            ),
        },
    )


def ring(kind):
    sources, targets = np.arange(4), np.roll(np.arange(4), 1)
    if kind is Sparse:
        # Out of order, so that the order is looked up.
        mixed = np.array([2, 0, 3, 1])
        return Sparse(sources[mixed], targets[mixed], np.full(4, 40.0))
    dense = np.zeros((4, 4))
    dense[targets, sources] = 40.0
    return Dense(dense)


TRAINS = [[1.0, 4.0], [2.05], [2.5, 3.0]]
WEIGHTS = np.array([[9e3, 0.0, 0.0], [0.0, 8e3, 2e3], [4e3, 4e3, 4e3], [0.0, 0.0, 500.0]])


def test_a_list_of_synapses_passes_on_what_a_matrix_does(x64):
    """Events one by one, in a batch too, against the product with the matrix."""

    def shown(kind, scale):
        run = dn.simulate(
            two_layers(WEIGHTS * scale, kind),
            {"in": stimuli.SpikeTrains(TRAINS)},
            t1=12.0,
            dt=DT,
            spikes=spikes.OnGrid(),
        )
        return run.y["cells"], run.spikes["cells"]

    for scale in (1.0, 0.6):
        (voltage, fired), (listed, others) = (shown(kind, scale) for kind in (Dense, Sparse))
        assert fired.sum() >= 4 if scale == 1.0 else True
        np.testing.assert_allclose(listed, voltage, atol=1e-9)
        np.testing.assert_array_equal(others, fired)
    batch = jax.vmap(lambda scale: shown(Sparse, scale)[0])(jnp.array([1.0, 0.6]))
    np.testing.assert_allclose(batch[0], shown(Dense, 1.0)[0], atol=1e-9)
    np.testing.assert_allclose(batch[1], shown(Dense, 0.6)[0], atol=1e-9)


def one_layer(connection):
    receptor = synapses.ExponentialCurrent()
    return Network(
        {"in": Source(3), "cells": Population(neurons.LIF(), 4)},
        {"into": Projection("in", "cells", connection, receptor, delay=0.35)},
    )


def listed(weights):
    """All pairs, one by one; what a list passes on is not foreseen."""
    return Sparse(np.tile(np.arange(3), 4), np.repeat(np.arange(4), 3), weights.ravel())


def test_what_given_spikes_open_is_the_same_foreseen_and_step_by_step(x64):
    """In a run in two parts too, with spikes under way between them."""
    trains = {"in": stimuli.SpikeTrains(TRAINS)}
    wanted = dn.simulate(one_layer(listed(WEIGHTS)), trains, t1=5.0, dt=DT).y["cells"]
    foreseen = one_layer(Dense(WEIGHTS))
    found = dn.simulate(foreseen, trains, t1=5.0, dt=DT).y["cells"]
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    earlier = {"in": stimuli.SpikeTrains([[1.0], [2.05], []])}
    first = dn.simulate(foreseen, earlier, t1=2.2, dt=DT)
    later = {"in": stimuli.SpikeTrains([[1.8], [], [0.3, 0.8]])}
    second = dn.simulate(foreseen, later, t1=2.8, dt=DT, state=first.state)
    np.testing.assert_allclose(second.y["cells"], wanted[22:], atol=1e-9)


@pytest.mark.parametrize("kind", [Dense, pytest.param(listed, marks=pytest.mark.slow)])
def test_derivatives_by_weights_equal_differences(kind, x64):
    """Both ways, where no cell spikes."""
    given = jnp.asarray(WEIGHTS * 0.05)

    def mean(weights):
        trains = {"in": stimuli.SpikeTrains(TRAINS)}
        run = dn.simulate(one_layer(kind(weights)), trains, t1=6.0, dt=DT, spikes=spikes.OnGrid())
        return jnp.mean(run.y["cells"] ** 2)

    toward = jnp.cos(jnp.arange(12.0)).reshape(4, 3)
    step = 1e-2
    central = (mean(given + step * toward) - mean(given - step * toward)) / (2.0 * step)
    slope = float(jnp.vdot(jax.grad(mean)(given), toward))
    assert slope == pytest.approx(float(central), rel=1e-6)
    assert float(jax.jvp(mean, (given,), (toward,))[1]) == pytest.approx(slope, rel=1e-9)
