"""Removable singularities: value, slope and curvature there."""

import decimal
import subprocess
import sys
from decimal import Decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diffneuro._numerics import (
    exp,
    exprel,
    exprel2,
    hill,
    linoid,
    lowest_root,
    sigmoid,
    solve_positive,
)

pytestmark = pytest.mark.usefixtures("strict")

SMALL = [s * 10.0**-e for e in range(9) for s in (1, -1)]
# Both sides of the radius at which the series stands in for the quotient, and far away.
POINTS = [0.0, *SMALL, 0.2499, 0.2501, -0.2499, -0.2501, 0.26, -0.26, 0.5, -0.5, 3.0, -3.0, 20.0]
POINTS = [*POINTS, -20.0, -80.0]


def _exprel(x):
    e = x.exp()
    return (e - 1) / x, (e * (x - 1) + 1) / x**2, (e * (x * x - 2 * x + 2) - 2) / x**3


def _exprel2(x):
    e = x.exp()
    return (
        (e - 1 - x) / x**2,
        (e * (x - 2) + x + 2) / x**3,
        (e * (x * x - 4 * x + 6) - 2 * x - 6) / x**4,
    )


def _linoid(x):
    q = (-x).exp()
    d = 1 - q
    return x / d, 1 / d - x * q / d**2, (x - 2) * q / d**2 + 2 * x * q * q / d**3


def _exp(x):
    return x.exp(), x.exp(), x.exp()


CASES = {
    "exp": (exp, _exp, (1.0, 1.0, 1.0)),
    "exprel": (exprel, _exprel, (1.0, 1 / 2, 1 / 3)),
    "exprel2": (exprel2, _exprel2, (1 / 2, 1 / 6, 1 / 12)),
    "linoid": (linoid, _linoid, (1.0, 1 / 2, 1 / 6)),
}


def _exact(closed_form, at_zero, points):
    """(points, 3) value, slope and curvature, by arithmetic with 100 digits."""
    with decimal.localcontext(prec=100):
        rows = [at_zero if x == 0 else closed_form(Decimal(float(x))) for x in points]
        return np.array([[float(value) for value in row] for row in rows])


def _derivatives(function):
    """Value and derivatives, the first and second in forward and in reverse mode."""
    forward, reverse = jax.jacfwd(function), jax.grad(function)
    several = (function, forward, reverse, jax.jacfwd(forward), jax.jacfwd(reverse))
    several = (*several, jax.grad(forward), jax.grad(reverse))
    return jax.jit(jax.vmap(lambda x: tuple(f(x) for f in several)))


ORDERS = (0, 1, 1, 2, 2, 2, 2)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("double", "resolution"), [(False, 1.2e-7), (True, 2.2e-16)], ids=["float32", "float64"]
)
def test_value_slope_and_curvature(name, double, resolution):
    function, closed_form, at_zero = CASES[name]
    # Where the series ends, every division by x = 1/4 loses a digit at most; there is one more for
    # each derivative and for exprel2.
    divisions = np.arange(3) + (name == "exprel2")
    tolerances = 10 * resolution * 10.0**divisions
    with jax.enable_x64(double):
        x = np.asarray(POINTS, np.float64 if double else np.float32)
        wanted = _exact(closed_form, at_zero, x)
        found = _derivatives(function)(jnp.asarray(x))
        for order, values in zip(ORDERS, found, strict=True):
            assert values.dtype == x.dtype
            # Far out a slope falls to nothing; there it is held against the value's scale.
            scale = np.maximum(np.abs(wanted[:, order]), 1e-3 * np.abs(wanted[:, 0]))
            error = np.abs(np.asarray(values, float) - wanted[:, order]) / scale
            assert error.max() < tolerances[order], (order, x[error.argmax()], error.max())


@pytest.mark.parametrize("name", CASES)
def test_finite_over_the_range_of_a_membrane(name):
    x = jnp.linspace(-80.0, 80.0, 4001)
    for values in _derivatives(CASES[name][0])(x):
        assert np.isfinite(values).all()


def test_doubles_are_right_to_rounding_from_end_to_end(x64):
    x = np.linspace(-700.0, 700.0, 20011)
    wanted = np.exp(x.astype(np.longdouble))
    scale = 2.0**-52 * wanted
    assert np.max(np.abs(np.asarray(jax.jit(exp)(jnp.asarray(x))) - wanted) / scale) < 1.0
    small = np.concatenate([x[x != 0.0] / 1000.0, 10.0 ** np.arange(-300.0, 0.0)])
    less_one = np.expm1(small.astype(np.longdouble))
    for function, exact in ((exprel, less_one / small), (linoid, small / -np.expm1(-small))):
        found = np.asarray(jax.jit(function)(jnp.asarray(small)))
        assert np.max(np.abs(found / exact - 1.0)) < 3 * 2.0**-52


@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
def test_sigmoid_is_as_jax_has_it(double):
    with jax.enable_x64(double):
        x = jnp.asarray(POINTS)
        pairs = zip(_derivatives(sigmoid)(x), _derivatives(jax.nn.sigmoid)(x), strict=True)
        for found, wanted in pairs:
            resolution = jnp.finfo(x.dtype).eps
            np.testing.assert_allclose(found, wanted, rtol=4 * resolution, atol=4 * resolution)


def test_doubles_beyond_the_range_of_the_exponential(x64):
    x = jnp.array([-np.inf, -1e300, -745.0, 710.0, 1e300, np.inf])
    np.testing.assert_array_equal(exp(x), [0.0, 0.0, 0.0, np.inf, np.inf, np.inf])
    np.testing.assert_array_equal(sigmoid(x), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(exprel(x[:3]), -1.0 / x[:3], rtol=1e-15)
    np.testing.assert_allclose(linoid(x[3:5]), x[3:5], rtol=1e-15)
    np.testing.assert_allclose(linoid(x[1:3]), 0.0, atol=1e-7)
    for function in (exp, sigmoid, exprel, linoid):
        assert np.isnan(function(jnp.nan))
        assert np.isfinite(jax.vmap(jax.grad(function))(x[1:3])).all()


def test_hill_overflows_nowhere():
    doses = jnp.array([0.0, 1e-30, 0.5, 1.0, 2.0, 1e4, 1e30])
    for coefficient in (0.7, 1.0, 4.8):
        bound = np.asarray(doses, float) ** coefficient
        found = hill(doses, coefficient)
        np.testing.assert_allclose(found, bound / (1.0 + bound), rtol=1e-5, atol=1e-38)
    slopes = jax.vmap(jax.grad(hill, (0, 1)), (0, None))(doses, 4.8)
    assert np.isfinite(slopes).all()
    np.testing.assert_allclose(slopes[0][3], 1.2, rtol=1e-6)


def test_lowest_root_is_differentiable_twice(x64):
    """v^3 + v = a has dv/da = 1/(3 v^2 + 1) and a second derivative of -6 v/(3 v^2 + 1)^3."""

    def root(a):
        return lowest_root(lambda v: a - v**3 - v, jnp.linspace(-5.0, 5.0, 65))

    a = jnp.asarray(2.7)
    v = float(root(a))
    assert v**3 + v == pytest.approx(2.7, rel=1e-12)
    slope, curvature = 1 / (3 * v**2 + 1), -6 * v / (3 * v**2 + 1) ** 3
    forward, reverse = jax.jacfwd(root), jax.grad(root)
    several = (forward, reverse, jax.grad(forward), jax.jacfwd(reverse))
    found = jax.jit(lambda a: [function(a) for function in several])(a)
    np.testing.assert_allclose(found[:2], slope, rtol=1e-10)
    np.testing.assert_allclose(found[2:], curvature, rtol=1e-8)
    h = 1e-4
    assert float(root(a + h) - root(a - h)) / (2 * h) == pytest.approx(slope, rel=1e-7)
    differences = float(root(a + h) - 2 * v + root(a - h)) / h**2
    assert differences == pytest.approx(curvature, rel=1e-5)


def test_lowest_root_takes_the_first_fall(x64):
    def cubic(v):
        return -(v - 1.3) * (v - 2.1) * (v - 3.2)

    assert float(lowest_root(cubic, jnp.linspace(-4.0, 6.0, 65))) == pytest.approx(1.3, abs=1e-12)
    # Where it rises, from 1.3 to 3.2, is no rest.
    assert float(lowest_root(cubic, jnp.linspace(1.5, 6.0, 65))) == pytest.approx(3.2, abs=1e-12)


def test_lowest_root_without_a_fall_is_where_the_current_is_smallest():
    def never(v, a):
        return a + (v - 0.5) ** 2

    def root(a):
        return lowest_root(lambda v: never(v, a), jnp.linspace(-4.0, 4.0, 65))

    value, slope = jax.value_and_grad(root)(jnp.float32(1.0))
    assert float(value) == pytest.approx(0.5)
    assert slope == 0.0


def test_lowest_root_without_a_fall_stays_at_the_end_of_the_grid():
    def root(a):
        return lowest_root(lambda v: a - v, jnp.linspace(-4.0, 4.0, 65))

    value, slope = jax.value_and_grad(root)(jnp.float32(5.0))
    assert float(value) == 4.0
    assert slope == 0.0


def test_the_search_of_lowest_root_is_not_differentiated():
    def root(a):
        return lowest_root(lambda v: a - v**3 - v, jnp.linspace(-5.0, 5.0, 65))

    def loops(function):
        text = jax.jit(function).lower(jnp.float32(2.7)).compile().as_text() or ""
        return [line.split(" while(")[0] for line in text.splitlines() if " while(" in line]

    (searched,) = loops(root)
    for derivative in (jax.grad(root), jax.jacfwd(root), jax.hessian(root)):
        (found,) = loops(derivative)
        assert found.count("f32[") == searched.count("f32[") > 0


def test_solve_positive_is_the_solution(getkey, x64):
    roots = jax.random.normal(getkey(), (5, 12, 12))
    matrices = roots @ jnp.swapaxes(roots, 1, 2) + 0.1 * jnp.eye(12)[None]
    right = jax.random.normal(getkey(), (5, 12))
    found = jax.vmap(solve_positive)(matrices, right)
    np.testing.assert_allclose(found, np.linalg.solve(matrices, right[..., None])[..., 0], 1e-8)
    inverse = solve_positive(matrices[0], jnp.eye(12))
    np.testing.assert_allclose(inverse, np.linalg.inv(matrices[0]), 1e-8)


TWO_AT_ONCE = """
from concurrent.futures import ThreadPoolExecutor
import jax, jax.numpy as jnp
from diffneuro._numerics import solve_positive

@jax.jit
def solve(roots, right):
    found = []
    for i in range(4):
        matrices = (1 + i) * roots @ jnp.swapaxes(roots, 1, 2) + jnp.eye(34)
        found.append(jax.vmap(solve_positive)(matrices, right))
    return found

roots = [jax.random.normal(jax.random.key(i), (16, 34, 34)) for i in range(8)]
with ThreadPoolExecutor(8) as pool:
    for _ in range(20):
        work = lambda mine: jax.block_until_ready(solve(mine, jnp.ones((16, 34))))
        list(pool.map(work, roots))
"""


def test_as_many_programs_as_threads_can_solve_systems_at_once():
    # With jnp.linalg.solve this waits for ever.
    subprocess.run([sys.executable, "-c", TWO_AT_ONCE], check=True, timeout=300)
