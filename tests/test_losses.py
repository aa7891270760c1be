"""Losses: zero at equality, and what each counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.losses import SpikeTimes, Sum, VoltageError

pytestmark = pytest.mark.usefixtures("strict")

N, DT = 400, 0.1
TIME = DT * np.arange(N)
CURRENT = np.zeros(N)


def voltage_with_spikes(times, rest=-65.0):
    """A recorded voltage that crosses -20 mV, on a straight rise, at exactly these times."""
    voltage = np.full(N, rest)
    for spike in times:
        k = int(spike // DT)
        part = spike / DT - k
        voltage[k - 1 : k + 3] = -20.0 + 60.0 * (np.arange(-1, 3) - part)
    return voltage


def run_with(voltage, times=None):
    """A trajectory with this output and, for a spiking model, these spikes."""
    t = jnp.asarray(TIME, jnp.result_type(float))
    y = jnp.asarray(voltage, t.dtype)
    if times is None:
        return dn.Trajectory(t, y, None)
    fired = np.zeros(N)
    when = np.full(N, np.inf)
    for spike in times:
        fired[int(spike / DT)] = 1.0
        when[int(spike / DT)] = spike
    return dn.Trajectory(t, y, None, jnp.asarray(fired, t.dtype), jnp.asarray(when, t.dtype))


def total(loss, run, voltage):
    target = jax.tree.map(jnp.asarray, loss.target(TIME, CURRENT, voltage))
    with jax.numpy_dtype_promotion("standard"):  # targets are float64 until a fit casts them
        errors = loss.residual(run, target)
    assert errors.ndim == 1
    return float(jnp.sum(errors * errors))


SPIKES = (5.03, 12.27, 25.51)


@pytest.mark.parametrize(
    "loss",
    [
        VoltageError(),
        VoltageError(mask_spikes=(1.0, 2.0), largest=10.0),
        SpikeTimes(),
        Sum((SpikeTimes(), VoltageError()), (1.0, 0.5)),
    ],
)
def test_zero_at_equality(loss):
    voltage = voltage_with_spikes(SPIKES)
    assert total(loss, run_with(voltage), voltage) == pytest.approx(0.0, abs=1e-9)


def test_voltage_error_is_the_mean_square():
    voltage = voltage_with_spikes(())
    error = np.linspace(-3.0, 5.0, N)
    found = total(VoltageError(), run_with(voltage + error), voltage)
    assert found == pytest.approx(np.mean(error**2), rel=1e-4)


def test_weights_choose_what_counts():
    voltage = voltage_with_spikes(())
    error = np.where(np.arange(N) < 100, 100.0, 2.0)
    weights = np.where(np.arange(N) < 100, 0.0, 3.0)
    found = total(VoltageError(weights=weights), run_with(voltage + error), voltage)
    assert found == pytest.approx(4.0, rel=1e-4)


def test_mask_leaves_out_the_surroundings_of_recorded_spikes():
    voltage = voltage_with_spikes(SPIKES)
    near = np.zeros(N, bool)
    for spike in SPIKES:
        near |= (spike - 1.0 < TIME) & (spike + 2.0 > TIME)
    masked = VoltageError(mask_spikes=(1.0, 2.0))
    assert total(masked, run_with(voltage + np.where(near, 50.0, 0.0)), voltage) < 1e-9
    outside = run_with(voltage + np.where(near, 0.0, 2.0))
    assert total(masked, outside, voltage) == pytest.approx(4.0, rel=1e-4)


def test_largest_levels_off():
    voltage = voltage_with_spikes(())
    loss = VoltageError(largest=5.0)
    assert total(loss, run_with(voltage + 0.01), voltage) == pytest.approx(1e-4, rel=0.02)
    assert total(loss, run_with(voltage + 1e4), voltage) == pytest.approx(25.0, rel=1e-3)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.ones(7), f"{N} numbers"),
        (-np.ones(N), ">= 0"),
        (np.full(N, np.nan), ">= 0"),
        (np.zeros(N), "every sample has weight 0"),
    ],
)
def test_bad_weights_are_refused(weights, said):
    with pytest.raises(ValueError, match=said):
        VoltageError(weights=weights).target(TIME, CURRENT, voltage_with_spikes(()))


def test_spike_times_of_a_spiking_model_are_its_own():
    quiet = np.full(N, -60.0)
    recorded = voltage_with_spikes(SPIKES)
    assert total(SpikeTimes(), run_with(quiet, SPIKES), recorded) == pytest.approx(0.0, abs=1e-9)


def test_a_late_train_costs_its_lateness():
    recorded = voltage_with_spikes(SPIKES)
    loss = SpikeTimes(precision=0.2)
    first_interval, second = SPIKES[1] - SPIKES[0], SPIKES[2] - SPIKES[1]
    late = 0.3
    # Only the first interval, the one from t = 0, is wrong, and every absolute time.
    scale = 0.2 * np.array([first_interval, first_interval, second])
    small = np.array([late / scale[0], *(late / scale)])
    levelled = np.array([1.0, 0.5, 0.5, 0.5]) * small / np.sqrt(1.0 + (small / 5.0) ** 2)
    run = run_with(np.full(N, -60.0), [spike + late for spike in SPIKES])
    assert total(loss, run, recorded) == pytest.approx(np.sum(levelled**2) / 4.0, rel=1e-3)


def test_missing_spikes_cost_more_the_farther_the_voltage_stayed_below():
    recorded = voltage_with_spikes(SPIKES)
    low = total(SpikeTimes(), run_with(np.full(N, -70.0), ()), recorded)
    high = total(SpikeTimes(), run_with(np.full(N, -50.0), ()), recorded)
    assert low == pytest.approx(3 * (5.0 + 5.0) ** 2 / 4.0, rel=1e-3)
    assert high == pytest.approx(3 * (5.0 + 3.0) ** 2 / 4.0, rel=1e-3)
    two = total(SpikeTimes(), run_with(np.full(N, -50.0), SPIKES[:2]), recorded)
    assert two == pytest.approx((5.0 + 3.0) ** 2 / 4.0, rel=1e-3)


def test_extra_spikes_cost_less_the_later_they_are():
    recorded = voltage_with_spikes(SPIKES)
    early = total(SpikeTimes(), run_with(np.full(N, -60.0), (*SPIKES, 26.5)), recorded)
    late = total(SpikeTimes(), run_with(np.full(N, -60.0), (*SPIKES, 39.5)), recorded)
    assert early > late > 0
    mean_interval = (2 * (SPIKES[1] - SPIKES[0]) + SPIKES[2] - SPIKES[1]) / 3
    part = (TIME[-1] - 39.5) / mean_interval
    assert late == pytest.approx((part / np.sqrt(1 + (part / 5) ** 2)) ** 2 / 4, rel=1e-2)


def test_silence_is_right_where_nothing_was_recorded():
    silent = voltage_with_spikes(())
    assert total(SpikeTimes(), run_with(silent, ()), silent) == 0.0
    assert total(SpikeTimes(), run_with(silent, (10.0,)), silent) > 0.01


def test_too_many_recorded_spikes_are_refused():
    with pytest.raises(ValueError, match="max_spikes=2"):
        SpikeTimes(max_spikes=2).target(TIME, CURRENT, voltage_with_spikes(SPIKES))


def test_sum_weighs_its_losses():
    recorded = voltage_with_spikes(SPIKES)
    run = run_with(recorded + 1.5, SPIKES)
    parts = [total(VoltageError(), run, recorded), total(VoltageError(largest=1.0), run, recorded)]
    both = Sum((VoltageError(), VoltageError(largest=1.0)), (2.0, 0.3))
    assert total(both, run, recorded) == pytest.approx(2 * parts[0] + 0.3 * parts[1], rel=1e-4)
    with pytest.raises(ValueError, match="2 losses need as many weights"):
        Sum((VoltageError(), SpikeTimes()), (1.0,))


def test_gradient_equals_central_differences(x64):
    lif = dn.neurons.LIF()
    names = ("capacitance", "threshold", "leak_conductance")
    losses = (
        VoltageError(mask_spikes=(0.5, 1.0), largest=8.0),
        SpikeTimes(),
        Sum((SpikeTimes(), VoltageError()), (1.0, 0.02)),
    )
    recorded = voltage_with_spikes(SPIKES)
    targets = [jax.tree.map(jnp.asarray, loss.target(TIME, CURRENT, recorded)) for loss in losses]

    def values(x):
        model = dn.replace(lif, dict(zip(names, x, strict=True)))
        run = dn.simulate(model, 700.0, t1=N * DT, dt=DT)
        return jnp.stack(
            [jnp.sum(loss.residual(run, t) ** 2) for loss, t in zip(losses, targets, strict=True)]
        )

    x = np.array([float(dn.parameters(lif)[name][0]) for name in names])
    step = 1e-6 * np.abs(x)
    around = jax.jit(jax.vmap(values))(np.concatenate([x + np.diag(step), x - np.diag(step)]))
    wanted = np.asarray(around[:3] - around[3:]).T / (2 * step)
    assert (np.abs(wanted) > 1e-5).all()
    np.testing.assert_allclose(jax.jit(jax.jacfwd(values))(x), wanted, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.jacrev(values))(x), wanted, rtol=1e-6)
