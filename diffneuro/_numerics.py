"""Functions with removable singularities, safe everywhere."""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

# Below this the quotients cancel, so their Taylor series stand in for them; the series
# are as long as float64 asks for at this radius, and as float32 does.
_RADIUS = 0.25
_EXPREL_TERMS = {4: 6, 8: 12}
_LINOID_TERMS = {4: 4, 8: 8}

# x/(1 - exp(-x)) = 1 + x/2 + sum over k of B_2k x^2k/(2k)!, with Bernoulli's numbers B_2k.
_LINOID_SERIES = (
    1 / 12,
    -1 / 720,
    1 / 30240,
    -1 / 1209600,
    1 / 47900160,
    -691 / 1307674368000,
    1 / 74724249600,
    -3617 / 10670622842880000,
)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


def _near_zero(x: Array) -> tuple[Array, Array]:
    """Whether `x` is near zero, and `x` itself where it is not (elsewhere 1)."""
    near = jnp.abs(x) < _RADIUS
    return near, jnp.where(near, 1.0, x)


# (exp(r) - 1 - r)/r^2 where |r| <= log(2)/2, interpolated at Chebyshev's points; exp(r) is then
# right to a tenth of the rounding of float64.
_BENT = (
    0.5000000000000001,
    0.1666666666666667,
    0.041666666666623976,
    0.008333333333326283,
    0.0013888888917287857,
    0.0001984126987433681,
    2.4801521182467472e-05,
    2.7557255966401187e-06,
    2.7620141895098857e-07,
    2.5104999440966565e-08,
)
# log(2) in two parts, of which the first has so few digits that its multiples are exact.
_LOG_2 = (float.fromhex("0x1.62e42fefa3800p-1"), float.fromhex("0x1.ef35793c76730p-45"))
# The double in whose last digits a whole number stands as it would in an integer.
_WHOLE = 1.5 * 2.0**52


@functools.partial(jax.jit, static_argnums=1)
def _powers_of_two(x: Array, largest: float) -> tuple[Array, Array]:
    """2^n and exp(r) - 1 in float64, with x = n log(2) + r, so that r = x near 0.

    Plain arithmetic, of which a processor does several at a time; XLA's own exponential of
    float64 costs nearly twice as much. 2^n is 0 below x = -709, and infinite above 709.4 if
    `largest`, from which on x counts as this, is above that.
    """
    x = lax.clamp(-709.1, x, largest)
    n = lax.round(x * (1.0 / math.log(2.0)), lax.RoundingMethod.TO_NEAREST_EVEN)
    r = (x - n * _LOG_2[0]) - n * _LOG_2[1]
    digits = lax.bitcast_convert_type(n + _WHOLE, jnp.int64)
    power = lax.bitcast_convert_type((digits + 1023) << 52, jnp.float64)
    return power, r + r * r * _polynomial(_BENT, r)


def _is_double(x: Array) -> bool:
    return jnp.result_type(x) == jnp.float64


@jax.custom_jvp
def exp(x: Array) -> Array:
    """The exponential, which in float64 is faster than JAX's on a CPU."""
    if not _is_double(x):
        return jnp.exp(x)
    power, rest = _powers_of_two(x, 709.5)
    return power * (1.0 + rest)


@exp.defjvp
def _exp_jvp(primals, tangents):
    value = exp(primals[0])
    return value, value * tangents[0]


@jax.custom_jvp
def sigmoid(x: Array) -> Array:
    """1/(1 + exp(-x)), which in float64 is faster than JAX's on a CPU."""
    return 1.0 / (1.0 + exp(-x)) if _is_double(x) else jax.nn.sigmoid(x)


@sigmoid.defjvp
def _sigmoid_jvp(primals, tangents):
    value = sigmoid(primals[0])
    return value, value * (1.0 - value) * tangents[0]


def _less_one(x: Array) -> Array:
    """exp(x) - 1, to rounding where `x` is near zero in float64 and elsewhere in float32."""
    if not _is_double(x):
        return jnp.exp(x) - 1.0
    # Finite, because of two infinities there would be no difference.
    power, rest = _powers_of_two(x, 709.0)
    return (power - 1.0) + power * rest


@jax.custom_jvp
def exprel(x: Array) -> Array:
    """The relative exponential (exp(x) - 1)/x, which is 1 at x = 0.

    It is the factor of every exponential integrator: the mean of exp over [0, x].
    """
    if _is_double(x):
        zero = x == 0.0
        return jnp.where(zero, 1.0, _less_one(x)) / jnp.where(zero, 1.0, x)
    terms = range(_EXPREL_TERMS[jnp.result_type(x).itemsize])
    near, far_x = _near_zero(x)
    series = _polynomial(tuple(1 / math.factorial(k + 1) for k in terms), x)
    return jnp.where(near, series, _less_one(x) / far_x)


# In each rule the division comes last, after the choice between series and quotient: XLA writes a
# cheap expression anew into every loop that reads it, and there are as many of these as parameters,
# but it keeps what a division gave.


@exprel.defjvp
def _exprel_jvp(primals, tangents):
    (x,), (tangent,) = primals, tangents
    value = exprel(x)
    terms = range(_EXPREL_TERMS[jnp.result_type(x).itemsize])
    near, far_x = _near_zero(x)
    series = _polynomial(tuple((k + 1) / math.factorial(k + 2) for k in terms), x)
    slope = jnp.where(near, series, 1.0 + (x - 1.0) * value) / far_x
    return value, slope * tangent


@jax.custom_jvp
def exprel2(x: Array) -> Array:
    """The second relative exponential (exp(x) - 1 - x)/x^2, which is 1/2 at x = 0."""
    terms = range(_EXPREL_TERMS[jnp.result_type(x).itemsize])
    near, far_x = _near_zero(x)
    series = _polynomial(tuple(1 / math.factorial(k + 2) for k in terms), x)
    return jnp.where(near, series, (jnp.exp(x) - (1.0 + x)) / (far_x * far_x))


@exprel2.defjvp
def _exprel2_jvp(primals, tangents):
    (x,), (tangent,) = primals, tangents
    value = exprel2(x)
    terms = range(_EXPREL_TERMS[jnp.result_type(x).itemsize])
    near, far_x = _near_zero(x)
    series = _polynomial(tuple((k + 1) / math.factorial(k + 3) for k in terms), x)
    slope = jnp.where(near, series, 1.0 + (x - 2.0) * value) / far_x
    return value, slope * tangent


def _linoid_bend(x: Array) -> Array:
    """(linoid(x) - 1)/x - 1/2 near zero."""
    count = _LINOID_TERMS[jnp.result_type(x).itemsize]
    return x * _polynomial(_LINOID_SERIES[:count], x * x)


@jax.custom_jvp
def linoid(x: Array) -> Array:
    """The linear-exponential rate x/(1 - exp(-x)), which is 1 at x = 0."""
    if _is_double(x):
        zero = x == 0.0
        return jnp.where(zero, 1.0, x) / jnp.where(zero, 1.0, -_less_one(-x))
    near, _ = _near_zero(x)
    above = jnp.where(near, 1.0 + x * (0.5 + _linoid_bend(x)), x)
    return above / jnp.where(near, 1.0, -_less_one(-x))


@linoid.defjvp
def _linoid_jvp(primals, tangents):
    (x,), (tangent,) = primals, tangents
    value = linoid(x)
    near, far_x = _near_zero(x)
    above = jnp.where(near, 0.5 - _linoid_bend(x), x + (1.0 - value))
    return value, value * above / far_x * tangent


def mean_exp(a: Array, b: Array) -> Array:
    """The mean of exp between `a` and `b`: (exp(a) - exp(b))/(a - b), exp(a) where they meet."""
    swap = a < b
    # Less is taken from the larger one, which cannot overflow before the mean does.
    upper, lower = jnp.where(swap, b, a), jnp.where(swap, a, b)
    return jnp.exp(upper) * exprel(lower - upper)


def exprel_slope(a: Array, b: Array) -> Array:
    """The mean slope of exprel between `a` and `b`, neither positive; 1/2 where both are 0.

    It is (exprel(a) - exprel(b))/(a - b), of exp at 0, a and b the second divided difference.
    """
    swap = a < b
    upper, lower = jnp.where(swap, b, a), jnp.where(swap, a, b)
    near, far_lower = _near_zero(lower)
    # Parted at the widest gap, the terms are far enough from each other wherever it is wide.
    apart = (exprel(upper) - mean_exp(upper, lower)) / -far_lower
    return jnp.where(near, _exprel_slope_series(upper, lower), apart)


def _exprel_slope_series(a: Array, b: Array) -> Array:
    """Sum over n of h_n/(n + 2)!, with h_n the sum of all products of n factors a or b."""
    total, power, products = jnp.full_like(a, 0.5), jnp.ones_like(a), jnp.ones_like(a)
    for n in range(1, _EXPREL_TERMS[jnp.result_type(a).itemsize] + 1):
        power = power * a
        products = b * products + power
        total = total + products / math.factorial(n + 2)
    return total


def lowest_root(function: Callable[[Array], Array], grid: Array) -> Array:
    """The lowest `v` where `function` falls through zero between points of a rising `grid`.

    With the net inward current of a membrane as `function` this is its resting potential:
    the first voltage, from the hyperpolarised side, at which the current turns outward.
    Derivatives with respect to whatever `function` closes over are those of the implicit
    function, in forward and reverse mode. Where nothing falls through zero, the voltage of
    the smallest current is returned.
    """
    pure, closed_over = jax.closure_convert(function, grid[0])
    # Nothing of the search is differentiated, which would double what is compiled.
    held = lax.stop_gradient(closed_over)
    found, root = _search(lambda v: pure(v, *held), lax.stop_gradient(grid))
    return _implicit(pure, found, root, *closed_over)


def _search(function: Callable[[Array], Array], grid: Array) -> tuple[Array, Array]:
    """Whether `function` falls through zero on the grid, and where it first does."""
    values = jax.vmap(function)(grid)
    falls = (values[:-1] > 0) & (values[1:] <= 0)
    cell = jnp.argmax(falls)

    def halve(_, bracket):
        left, right = bracket
        middle = 0.5 * (left + right)
        inward = function(middle) > 0
        return jnp.where(inward, middle, left), jnp.where(inward, right, middle)

    # Until the precision cannot tell the two ends apart.
    halvings = jnp.finfo(grid.dtype).nmant + 3
    left, right = lax.fori_loop(0, halvings, halve, (grid[cell], grid[cell + 1]))
    found = jnp.any(falls)
    return found, jnp.where(found, 0.5 * (left + right), grid[jnp.argmin(jnp.abs(values))])


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _implicit(function: Callable[..., Array], found: Array, root: Array, *free: Any) -> Array:
    """`root` with the derivatives of the implicit function that `function` = 0 defines."""
    return root


@_implicit.defjvp
def _implicit_jvp(function, primals, tangents):
    found, root, *free = primals
    root = _implicit(function, found, root, *free)
    _, slope = jax.jvp(lambda v: function(v, *free), (root,), (jnp.ones_like(root),))
    _, rise = jax.jvp(lambda *free: function(root, *free), tuple(free), tuple(tangents[2:]))
    steep = found & (slope < 0)
    return root, jnp.where(steep, -rise / jnp.where(steep, slope, -1.0), 0.0)


def implicit_root(function: Callable[[Array], Array], root: Array) -> Array:
    """A root (n,) of `function`, found in whatever way, with the derivatives that it must have.

    They are those of the implicit function, by whatever `function` closes over, of any order
    and in either mode; those of `root` itself do not count.
    """
    pure, closed_over = jax.closure_convert(function, root)
    return _implicit_root(pure, lax.stop_gradient(root), *closed_over)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _implicit_root(function: Callable[..., Array], root: Array, *free: Any) -> Array:
    return root


@_implicit_root.defjvp
def _implicit_root_jvp(function, primals, tangents):
    root, *free = primals
    root = _implicit_root(function, root, *free)
    matrix = jax.jacfwd(lambda z: function(z, *free))(root)
    _, rise = jax.jvp(lambda *free: function(root, *free), tuple(free), tuple(tangents[1:]))
    return root, -solve_dominant(matrix, rise)


def solve_dominant(matrix: Array, right: Array) -> Array:
    """The solution of small linear systems, eliminated without a search for pivots.

    For matrices whose diagonal dominates, (..., n, n) with right side (..., n). Plain
    arithmetic: a library's solver inside a time loop would keep it from being compiled as one.
    """
    places = jnp.arange(right.shape[-1])
    for pivot in range(right.shape[-1]):
        # The two sides are kept apart, so that the solution is linear in the right one.
        here = places == pivot
        row = matrix[..., pivot, :] / matrix[..., pivot, pivot, None]
        end = right[..., pivot, None] / matrix[..., pivot, pivot, None]
        right = jnp.where(here, end, right - matrix[..., :, pivot] * end)
        left = matrix - matrix[..., :, pivot, None] * row[..., None, :]
        matrix = jnp.where(here[:, None], row[..., None, :], left)
    return right


def own_matrices(linear: Callable[[Array], Array], like: Array) -> Array:
    """The matrices (..., n, n) of a linear function of (..., n) that mixes the last axis alone."""
    unit = jnp.eye(like.shape[-1], dtype=like.dtype)
    directions = unit.reshape(-1, *[1] * (like.ndim - 1), like.shape[-1])
    directions = jnp.broadcast_to(directions, (like.shape[-1], *like.shape))
    return jax.vmap(linear, out_axes=-1)(directions)


def solve_positive(matrix: Array, right: Array) -> Array:
    """The solution of a linear system with a positive definite matrix, by elimination.

    (n, n) with right side (n,) or (n, k). A library's solver shares its work among XLA's threads
    and waits for it: where as many compiled functions as there are threads each solve a batch of
    systems at once, all of them wait for ever (jaxlib 0.10.2 on CPU).
    """
    columns = right.reshape(right.shape[0], -1)
    places = jnp.arange(right.shape[0])[:, None]

    def eliminate(pivot, joined):
        row = joined[pivot] / joined[pivot, pivot]
        left = joined - joined[:, pivot, None] * row[None]
        return jnp.where(places == pivot, row[None], left)

    joined = jnp.concatenate([matrix, columns], axis=1)
    joined = lax.fori_loop(0, right.shape[0], eliminate, joined)
    return joined[:, right.shape[0] :].reshape(right.shape)


def stationary(rates: Array) -> Array:
    """How a population settles that moves from state i to state j at `rates[i, j]` (n, n).

    The diagonal does not count. States are taken out one by one, their traffic passed on to
    those left; nothing is subtracted, so every fraction is right to rounding however small.
    Grassmann, Taksar & Heyman 1985, doi:10.1287/opre.33.5.1107
    """
    arrivals = []
    for last in range(rates.shape[0] - 1, 0, -1):
        leaving = rates[last, :last]
        into = _quotient(rates[:last, last], jnp.sum(leaving))
        arrivals.append(into)
        rates = rates[:last, :last] + into[:, None] * leaving[None, :]
    shares = jnp.ones_like(rates[0, :1])
    for into in reversed(arrivals):
        shares = jnp.concatenate([shares, jnp.sum(shares * into)[None]])
        # In each round, because products of such ratios would leave the range of float32.
        shares = _quotient(shares, jnp.sum(shares))
    return shares


@jax.custom_jvp
def _quotient(above: Array, below: Array) -> Array:
    """A quotient whose derivative divides twice, since the square of `below` may underflow."""
    return above / below


@_quotient.defjvp
def _quotient_jvp(primals, tangents):
    (above, below), (rise, fall) = primals, tangents
    value = _quotient(above, below)
    return value, (rise - value * fall) / below


def root_above_zero(x: Array) -> Array:
    """The square root where `x` is positive, else 0, where its derivative is 0 too."""
    positive = x > 0.0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1.0)), 0.0)


def hill(dose: Array, coefficient: Array) -> Array:
    """The share of sites that are bound, x^n/(1 + x^n), at any dose: no power overflows."""
    low = dose <= 1.0
    # On both sides of a half a power of what is at most 1.
    power = jnp.where(low, dose, 1.0 / jnp.where(low, 1.0, dose)) ** coefficient
    return jnp.where(low, power, 1.0) / (1.0 + power)
