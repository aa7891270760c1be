"""The noise of channels: right on their states, wrong on their gates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.channels import (
    ChannelNoise,
    GateScheme,
    KineticScheme,
    Leak,
    SquidPotassium,
    SquidSodium,
    SubunitNoise,
)

COUNT, LANES, SETTLE, DT = 1e6, 400, 300, 0.05
POTASSIUM = {"n": 4}


def potassium_scheme():
    return GateScheme(SquidPotassium(), POTASSIUM)


@pytest.fixture(scope="module")
def clamped():
    """The open fraction of many clamped patches, after they have settled."""

    def open_fractions(channel, opened):
        def one(v, key):
            run = dn.simulate(channel, v, t1=50.0, dt=DT, key=key, record=opened)
            return run.y[SETTLE:]

        both = jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))
        found = both(jnp.array([-65.0, -30.0]), jax.random.split(jax.random.key(7), LANES))
        return np.asarray(found, float)

    channels = {
        "na": ChannelNoise(GateScheme(), COUNT),
        "k": ChannelNoise(potassium_scheme(), COUNT),
        "gates": SubunitNoise(SquidSodium(), COUNT),
    }
    return {
        name: open_fractions(
            channel,
            channel.open_fraction if name == "gates" else lambda x, u: x.fractions[-1],
        )
        for name, channel in channels.items()
    }


def variance_and_error(fractions, p):
    """The variance about p; its standard error from lanes, each of which counts once."""
    each = ((fractions - p) ** 2).mean(1)
    return each.mean(), each.std(ddof=1) / np.sqrt(len(each))


@pytest.mark.parametrize(
    ("name", "place", "p"),
    [("na", 0, 8.841e-5), ("na", 1, 7.591e-3), ("k", 0, 1.0185e-2), ("k", 1, 0.35411)],
)
def test_the_variance_of_a_clamped_patch_is_binomial(clamped, name, place, p):
    fractions = clamped[name][place]
    means = fractions.mean(1)
    error = means.std(ddof=1) / np.sqrt(LANES)
    # The published p has four digits.
    assert abs(means.mean() - p) < 3.0 * error + 5e-4 * p
    variance, error = variance_and_error(fractions, p)
    wanted = p * (1.0 - p) / COUNT
    assert error < 0.05 * wanted
    assert abs(variance - wanted) < 3.0 * error


@pytest.mark.parametrize(("place", "p"), [(0, 8.841e-5), (1, 7.591e-3)])
def test_noise_on_gates_has_another_variance(clamped, place, p):
    variance, error = variance_and_error(clamped["gates"][place], p)
    wanted = p * (1.0 - p) / COUNT
    assert wanted - variance > 30.0 * error
    # By the chain rule, with var(x) = x(1 - x)/N of each gate.
    gates = SquidSodium().initial_state(dn.Membrane(jnp.asarray([-65.0, -30.0][place])))
    m, h = float(gates.m), float(gates.h)
    linear = p * p * (9.0 * (1.0 - m) / m + (1.0 - h) / h) / COUNT
    assert variance == pytest.approx(linear, rel=0.1)


def test_what_leaves_a_state_arrives_in_another():
    noise = ChannelNoise(GateScheme(), 1000.0)
    u = dn.Membrane(jnp.asarray(-30.0))
    x = noise.initial_state(u)
    assert noise.normals(x).shape == (10,)
    normals = jax.random.normal(jax.random.key(1), (10,))
    amplitudes = noise.diffusion(x, u, normals).fractions
    assert np.abs(amplitudes).max() > 1e-3
    assert abs(float(amplitudes.sum())) < 1e-7
    end = dn.simulate(noise, -30.0, t1=20.0, dt=DT, key=jax.random.key(2)).state.fractions
    assert float(end.sum()) == pytest.approx(1.0, abs=1e-6)


def test_amplitudes_match_the_covariance_of_the_jumps(x64):
    """B B^T of the diffusion is the rate of change of the covariance of N jumping channels."""
    noise = ChannelNoise(potassium_scheme(), 50.0)
    u = dn.Membrane(jnp.asarray(-20.0))
    x = dn.Occupancy(jnp.array([0.1, 0.3, 0.2, 0.25, 0.15]))
    columns = np.stack([noise.diffusion(x, u, unit).fractions for unit in jnp.eye(4)], axis=1)
    flow = np.asarray(noise.scheme.rate_matrix(u)) * np.asarray(x.fractions)[:, None]
    wanted = (np.diag(flow.sum(0) + flow.sum(1)) - flow - flow.T) / 50.0
    np.testing.assert_allclose(columns @ columns.T, wanted, atol=1e-14)


def test_an_empty_state_has_no_noise_and_finite_derivatives(x64):
    def total(fractions, count):
        noise = ChannelNoise(potassium_scheme(), count)
        u = dn.Membrane(jnp.asarray(-65.0))
        return noise.diffusion(dn.Occupancy(fractions), u, jnp.ones(4)).fractions[-1]

    empty = jnp.array([1.0, 0.0, 0.0, -1e-3, 0.0])
    value, slopes = jax.value_and_grad(total, (0, 1))(empty, 50.0)
    assert value == 0.0
    assert all(np.isfinite(slope).all() for slope in slopes)


def test_the_number_of_channels_has_a_gradient(x64):
    def end(count):
        noise = ChannelNoise(potassium_scheme(), count)
        return dn.simulate(noise, -40.0, t1=2.0, dt=DT, key=jax.random.key(3)).y[-1]

    end = jax.jit(end)
    difference = float(end(2000.0 + 0.1) - end(2000.0 - 0.1)) / 0.2
    assert float(jax.jit(jax.grad(end))(2000.0)) == pytest.approx(difference, rel=1e-6)


# Cells


def patch(area):
    """A squid patch with 60 sodium and 18 potassium channels in each um2."""
    channels = {
        "na": ChannelNoise(GateScheme(), 60.0 * area),
        "k": ChannelNoise(potassium_scheme(), 18.0 * area),
        "leak": Leak(),
    }
    return dn.neurons.Cell(channels, area=area)


@pytest.fixture(scope="module")
def at_rest():
    """Spikes of a patch without input in 300 ms, and the spread of its voltage."""
    state = patch(10.0).initial_state(0.0)

    def run(area, key):
        y = dn.simulate(patch(area), 0.0, t1=300.0, dt=DT, key=key, state=state).y
        return jnp.sum((y[1:] >= 0.0) & (y[:-1] < 0.0)), jnp.std(y), y[-1]

    return jax.jit(run)


def test_small_patches_fire_by_themselves_and_large_ones_do_not(at_rest):
    key = jax.random.key(4)
    counts, spreads, _ = zip(*(at_rest(area, key) for area in (10.0, 1e3, 1e5)), strict=True)
    assert counts[0] >= 5
    assert counts[1:] == (0, 0)
    # Below the threshold noise is as 1/sqrt(N).
    assert float(spreads[1] / spreads[2]) == pytest.approx(10.0, rel=0.2)


def test_one_key_is_one_path(at_rest):
    first, again = (at_rest(10.0, jax.random.key(5))[2] for _ in range(2))
    assert first == again
    assert first != at_rest(10.0, jax.random.key(6))[2]


def test_without_a_key_there_is_no_noise():
    noise, quiet = (
        dn.simulate(channel, -30.0, t1=1.0, dt=DT).y
        for channel in (ChannelNoise(potassium_scheme(), 10.0), potassium_scheme())
    )
    np.testing.assert_array_equal(noise, quiet)


def test_a_cell_without_noisy_channels_refuses_a_key():
    cell = dn.neurons.Cell({"leak": Leak()})
    with pytest.raises(ValueError, match="noise"):
        dn.simulate(cell, 0.0, t1=1.0, key=jax.random.key(0))


def test_gates_must_be_written_out_as_states():
    with pytest.raises(ValueError, match="GateScheme"):
        ChannelNoise(SquidSodium())
    with pytest.raises(ValueError, match="count"):
        ChannelNoise(KineticScheme(), 0.0)
