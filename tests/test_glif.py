"""The five levels of generalised leaky integrate-and-fire."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.neurons import GLIF

pytestmark = pytest.mark.usefixtures("strict")

CURRENT = 400.0
LEVELS = [GLIF.lif, GLIF.lif_r, GLIF.lif_asc, GLIF.lif_r_asc, GLIF.lif_r_asc_a]


def spikes_of(run):
    times = np.asarray(run.spike_times)
    return times[np.isfinite(times)]


def test_each_level_has_the_parameters_of_the_paper():
    reset = {"reset.fraction", "reset.addition"}
    shift = {"threshold_shifts.spike.jump", "threshold_shifts.spike.time_constant"}
    ascs = {
        f"currents.{name}.{field}"
        for name in ("fast", "slow")
        for field in ("jump", "time_constant")
    }
    drift = {"drift.gain", "drift.decay"}
    extra = [set(), reset | shift, ascs, reset | shift | ascs, reset | shift | ascs | drift]
    basic = set(dn.parameters(GLIF.lif()))
    assert len(basic) == 5
    for level, wanted in zip(LEVELS, extra, strict=True):
        assert set(dn.parameters(level())) == basic | wanted


def test_level_1_fires_at_the_closed_form_rate():
    model = GLIF.lif()
    tau, drive = 58.72 / 9.43, CURRENT / 9.43
    period = 3.75 + tau * np.log(drive / (drive - (78.85 - 51.68)))
    times = spikes_of(dn.simulate(model, CURRENT, t1=200.0, dt=0.05))
    np.testing.assert_allclose(np.diff(times), period, rtol=1e-4)
    np.testing.assert_allclose(times[0], period - 3.75, rtol=1e-4)


def _traced(model, t1=60.0):
    return dn.simulate(
        model,
        CURRENT,
        t1=t1,
        dt=0.05,
        record=lambda x, u: (x.voltage, x.currents, x.threshold_shifts, x.drift, x.refractory),
    )


def test_reset_rules_keep_part_of_the_voltage(x64):
    run = _traced(GLIF.lif_r())
    k = int(np.argmax(np.asarray(run.spikes))) + 1
    wanted = -78.85 + 0.2 * (78.85 - 51.68) + 18.51
    np.testing.assert_allclose(run.y[0][k], wanted, atol=1e-4)
    # What a spike added is there at the end of the refractory time.
    end = k + int(np.argmax(np.asarray(run.y[4])[k:] <= 0))
    late = 0.05 * end - float(spikes_of(run)[0]) - 3.75
    np.testing.assert_allclose(run.y[2][end], 0.37 * np.exp(-0.009 * late), rtol=1e-6)


def test_after_spike_currents_add_up_and_slow_the_neuron():
    plain = spikes_of(dn.simulate(GLIF.lif(), CURRENT, t1=300.0, dt=0.05))
    adapted = spikes_of(dn.simulate(GLIF.lif_asc(), CURRENT, t1=300.0, dt=0.05))
    np.testing.assert_allclose(adapted[0], plain[0], rtol=1e-5)
    intervals = np.diff(adapted)
    assert intervals[0] > np.diff(plain)[0]
    assert intervals[-1] > intervals[0]


def test_the_threshold_drifts_with_the_voltage(x64):
    model = GLIF.lif_r_asc_a(threshold=0.0)
    run = _traced(model, 100.0)
    steady = 0.005 / 0.09 * (np.asarray(run.y[0])[-1] + 78.85)
    assert run.spikes.sum() == 0
    np.testing.assert_allclose(run.y[3][-1], steady, rtol=1e-3)
    x = model.initial_state(jnp.asarray(CURRENT))
    rates = jax.tree.leaves(model.vector_field(x, jnp.asarray(CURRENT)))
    np.testing.assert_allclose(np.concatenate([np.ravel(rate) for rate in rates]), 0.0, atol=1e-12)


@pytest.mark.slow
def test_gradients_of_spike_times_equal_differences_for_20_random_sets(x64):
    model = GLIF()
    paths = list(dn.parameters(model))
    start = np.array([float(dn.parameters(model)[path][0]) for path in paths])
    scatter = np.random.default_rng(2).uniform(0.9, 1.1, (20, len(paths)))
    sets = np.where(start < 0, start + 20.0 * (scatter - 1.0), start * scatter)

    @jax.jit
    @jax.vmap
    def weighted(values):
        changed = dn.replace(model, dict(zip(paths, values, strict=True)))
        run = dn.simulate(changed, CURRENT, t1=80.0, dt=0.1)
        times = jnp.where(run.spikes > 0, run.spike_times, 0.0)
        return jnp.sum(jnp.cos(jnp.cumsum(run.spikes)) * times), jnp.sum(run.spikes)

    slope = jax.jit(jax.vmap(jax.jacfwd(lambda values: weighted(values[None])[0][0])))(sets)
    step = 1e-6 * np.abs(sets)
    for i, path in enumerate(paths):
        offset = np.zeros_like(sets)
        offset[:, i] = step[:, i]
        above, count = weighted(sets + offset)
        below, same = weighted(sets - offset)
        np.testing.assert_array_equal(count, same)
        assert (np.asarray(count) >= 2).all()
        wanted = (np.asarray(above) - np.asarray(below)) / (2.0 * step[:, i])
        floor = 1e-7 * np.abs(wanted).max() + 1e-8
        np.testing.assert_allclose(slope[:, i], wanted, rtol=1e-4, atol=floor, err_msg=path)


def test_a_threshold_below_rest_is_refused():
    with pytest.raises(ValueError, match="threshold above rest"):
        GLIF(threshold=-90.0)
