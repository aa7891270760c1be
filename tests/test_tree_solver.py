"""Linear systems on trees against dense ones, in value and derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import compiled

from diffneuro._tree import inflow, of_children, of_parents, solve_tree

CHAIN = tuple(range(-1, 11))
STAR = (-1, *[0] * 11)
BRANCHED = (-1, 0, 1, 2, 1, 4, 4, 0, 7, 8, 7, 10)
TREES = {"chain": CHAIN, "star": STAR, "branched": BRANCHED, "pair": (-1, 0), "alone": (-1,)}
every_tree = pytest.mark.parametrize("parents", TREES.values(), ids=TREES)

pytestmark = pytest.mark.usefixtures("x64")


def _numbers(parents, lanes=()):
    rng = np.random.default_rng(len(parents))
    return [jnp.asarray(rng.uniform(0.1, 2.0, (*lanes, len(parents)))) for _ in range(3)]


def _matrix(parents, own, conductance):
    matrix = jnp.diag(own)
    for child, parent in enumerate(parents):
        if parent >= 0:
            ends = jnp.zeros(len(parents)).at[child].set(1.0).at[parent].set(-1.0)
            matrix = matrix + conductance[child] * jnp.outer(ends, ends)
    return matrix


def _dense(parents):
    return lambda own, g, b: jnp.linalg.solve(_matrix(parents, own, g), b)


def _on_tree(parents):
    return lambda own, g, b: solve_tree(parents, own, g, b)


def _number(solve):
    return lambda *numbers: jnp.sum(jnp.cos(jnp.arange(numbers[-1].size)) * solve(*numbers) ** 2)


def _equal(found, wanted, rtol=1e-12):
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-13)


@every_tree
def test_solution_is_that_of_the_dense_system(parents):
    numbers = _numbers(parents)
    _equal(_on_tree(parents)(*numbers), _dense(parents)(*numbers))


@every_tree
def test_derivatives_of_both_modes_are_those_of_the_dense_system(parents):
    numbers = _numbers(parents)
    for mode in (jax.jacfwd, jax.grad):
        tree, dense = _on_tree(parents), _dense(parents)
        if mode is jax.grad:
            tree, dense = _number(tree), _number(dense)
        found, wanted = (compiled(mode(f, (0, 1, 2)))(*numbers) for f in (tree, dense))
        _equal(found, wanted, 1e-11)


@pytest.mark.slow
def test_second_derivative_is_that_of_the_dense_system():
    own, g, b = _numbers(BRANCHED)
    found, wanted = (
        compiled(jax.hessian(_number(f(BRANCHED)), argnums=1))(own, g, b)
        for f in (_on_tree, _dense)
    )
    _equal(found, wanted, 1e-10)


@pytest.mark.parametrize("shared", [None, 0, 1, 2], ids=["all mapped", "own", "links", "right"])
def test_vmap_is_a_loop(shared):
    many, alone = _numbers(BRANCHED, (3,)), _numbers(BRANCHED)
    axes = [None if k == shared else 0 for k in range(3)]
    numbers = [alone[k] if k == shared else many[k] for k in range(3)]

    def gradient(solve):
        return compiled(jax.vmap(jax.grad(_number(solve), (0, 1, 2)), axes))(*numbers)

    _equal(gradient(_on_tree(BRANCHED)), gradient(_dense(BRANCHED)), 1e-11)


def test_maps_may_be_nested():
    numbers = _numbers(BRANCHED, (2, 3))
    found, wanted = (
        compiled(jax.vmap(jax.vmap(f(BRANCHED))))(*numbers) for f in (_on_tree, _dense)
    )
    assert found.shape == (2, 3, len(BRANCHED))
    _equal(found, wanted)


def test_own_conductances_count_beside_large_ones():
    # Added to the links', a leak of 1 beside 1e8 would be lost in single precision.
    parents = tuple(range(-1, 99))
    own, links, right = (jnp.full(100, size, jnp.float32) for size in (1.0, 1e8, 2.0))
    assert solve_tree(parents, own, links, right) == pytest.approx(2.0, rel=1e-5)


@every_tree
def test_what_flows_between_places_is_lost_nowhere(parents):
    _, g, v = _numbers(parents)
    _equal(inflow(parents, g, v), -_matrix(parents, jnp.zeros_like(v), g) @ v)
    assert inflow(parents, g, v).sum() == pytest.approx(0.0, abs=1e-12)


@every_tree
def test_reading_from_parents_and_adding_to_them_are_transposes(parents):
    a, b, _ = _numbers(parents)
    up, down = (
        jax.vjp(lambda x, f=f: f(parents, x), a)[1](b)[0] for f in (of_parents, of_children)
    )
    _equal(up, of_children(parents, b))
    _equal(down, of_parents(parents, b))
    assert jnp.vdot(of_parents(parents, a), b) == pytest.approx(
        jnp.vdot(a, of_children(parents, b))
    )
