"""Adjoints: the same values and derivatives, less memory."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

import diffneuro as dn
from diffneuro import adjoints
from diffneuro._compile import loops_folded

STEPS, DT = 203, 0.05
ADJOINTS = {
    "store all": adjoints.StoreAll(),
    "chunks": adjoints.CheckpointChunks(),
    "solutions": adjoints.CheckpointSolutions(),
    "chunks of 10": adjoints.CheckpointChunks(10),
    "one chunk": adjoints.CheckpointChunks(1000),
}


def summary(model, current, adjoint=None, every=1):
    """A scalar that depends on the whole run, on its last state and, if any, on its spikes."""
    run = dn.simulate(model, current, t1=current.shape[0] * DT, dt=DT, adjoint=adjoint, every=every)
    total = jnp.mean(run.y**2) + jnp.sum(jnp.stack(jax.tree.leaves(run.state)))
    if run.spike_times is not None:
        total = total + jnp.sum(jnp.where(jnp.isfinite(run.spike_times), run.spike_times, 0.0))
    return total


def driven(model):
    """A current that makes it spike."""
    amplitude = 1500.0 if isinstance(model, dn.neurons.Cell) else 800.0
    return jnp.full((STEPS,), amplitude)


@functools.cache
def value_and_gradient(make, adjoint):
    model = make()
    both = jax.value_and_grad(lambda model, current: summary(model, current, adjoint))
    return compiled(both)(model, driven(model))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        *((dn.neurons.LIF, kind) for kind in ADJOINTS),
        *((dn.neurons.HodgkinHuxley, kind) for kind in ("store all", "chunks", "solutions")),
        *(
            pytest.param(dn.neurons.HodgkinHuxley, kind, marks=pytest.mark.slow)
            for kind in ("chunks of 10", "one chunk")
        ),
    ],
)
def test_value_and_gradient_are_those_of_the_default(make, kind, x64):
    wanted = value_and_gradient(make, None)
    found = value_and_gradient(make, ADJOINTS[kind])
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("every", [1, 2, 7, STEPS, 1000])
@pytest.mark.parametrize("make", [dn.neurons.HodgkinHuxley, dn.neurons.LIF])
def test_every_thins_what_is_kept_and_nothing_else(make, every):
    model = make()
    current = driven(model)
    whole = dn.simulate(model, current, t1=STEPS * DT, dt=DT)
    thin = dn.simulate(model, current, t1=STEPS * DT, dt=DT, every=every)
    np.testing.assert_allclose(thin.t, whole.t[::every], rtol=1e-6)
    np.testing.assert_allclose(thin.y, whole.y[::every], rtol=1e-5)
    for a, b in zip(jax.tree.leaves(thin.state), jax.tree.leaves(whole.state), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    if whole.spikes is not None:
        assert thin.spikes.sum() > 0
        np.testing.assert_array_equal(thin.spikes, whole.spikes)
        np.testing.assert_allclose(thin.spike_times, whole.spike_times, rtol=1e-6)


def test_gradient_through_every(x64):
    model, current = dn.neurons.HodgkinHuxley(), driven(dn.neurons.HodgkinHuxley())

    def thinned(model):
        return jnp.mean(dn.simulate(model, current, t1=STEPS * DT, dt=DT, every=10).y ** 2)

    def sliced(model):
        return jnp.mean(dn.simulate(model, current, t1=STEPS * DT, dt=DT).y[::10] ** 2)

    for a, b in zip(
        jax.tree.leaves(compiled(jax.grad(thinned))(model)),
        jax.tree.leaves(compiled(jax.grad(sliced))(model)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-14)


@pytest.mark.slow
def test_hessian_vector_product_equals_differences(x64):
    cell, current = dn.neurons.HodgkinHuxley(), driven(dn.neurons.HodgkinHuxley())[:60]

    def slope(conductance):
        def loss(g):
            return summary(dn.replace(cell, {"channels.na.g_max": g}), current)

        return jax.grad(loss)(conductance)

    curvature = jax.jvp(slope, (120.0,), (1.0,))[1]
    difference = (slope(120.0 + 1e-3) - slope(120.0 - 1e-3)) / 2e-3
    np.testing.assert_allclose(curvature, difference, rtol=1e-6)


def _compiled_gradient(adjoint, steps):
    current = jnp.full((steps,), 1500.0)
    slope = eqx.filter_jit(eqx.filter_grad(lambda model: summary(model, current, adjoint)))
    return slope.lower(dn.neurons.HodgkinHuxley()).compile().compiled


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the folded loop is a matter of CPUs")
def test_chunks_fold_and_need_less_memory():
    steps = 20000
    chunked = _compiled_gradient(adjoints.CheckpointChunks(), steps)
    plain = _compiled_gradient(adjoints.CheckpointSteps(), steps)
    assert loops_folded(chunked.as_text())
    assert (
        chunked.memory_analysis().temp_size_in_bytes
        < 0.7 * plain.memory_analysis().temp_size_in_bytes
    )


def test_the_default_takes_two_levels_for_long_runs():
    from diffneuro._simulate import _default_adjoint

    state = dn.neurons.HodgkinHuxley().initial_state(0.0)
    assert isinstance(_default_adjoint(state, 4000), adjoints.CheckpointSteps)
    assert isinstance(_default_adjoint(state, 1_000_000), adjoints.CheckpointChunks)


@pytest.mark.parametrize("every", [0, -1, 2.5])
def test_a_bad_every_is_refused(every):
    with pytest.raises(ValueError, match="whole number of steps"):
        dn.simulate(dn.neurons.LIF(), 0.0, t1=1.0, dt=0.1, every=every)


def test_a_bad_chunk_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        adjoints.CheckpointChunks(0)
