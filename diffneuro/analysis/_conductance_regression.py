"""Conductances by regression on a recorded voltage."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from .._model import check_names, parameters, substitute
from .._simulate import simulate
from ..neurons import Cell, IdealVoltageClamp

# Gates move by exact exponential steps, of so many to a sampling interval, each of which takes
# the voltage at its middle: an action potential's upstroke is steep.
_SUBSTEPS = 4
# 1 pA over 1 um2 is 100 uA/cm2.
_DENSITY_PER_PA_UM2 = 100.0
_PA_PER_DENSITY_UM2 = 0.01
# How the paths end of what a current is linear in, and in a product with.
_CONDUCTANCE = ".g_max"
_REVERSAL = ".reversal_potential"
# Standard deviations to which a Gaussian reaches.
_REACH = 4.0
_FEWEST_STEPS = 16
# Least squares are repeated so often, with errors looked at in so many classes of intervals.
_ROUNDS = 2
_CLASSES = 20

Names: TypeAlias = tuple[str, ...]


def regress_conductances(
    cell: Cell,
    time: ArrayLike,
    current: ArrayLike,
    voltage: ArrayLike,
    *,
    names: Iterable[str] | None = None,
    smoothing: float = 0.2,
    largest_change: float = 15.0,
    weights: ArrayLike | None = None,
) -> dict[str, float]:
    r"""The conductances with which a cell would have made a recorded voltage, in one pass.

    Under a known voltage all gates are known, and what is left is linear:

    $C\,\Delta v/h = I/A - \sum_k g_k\,\overline{a_k (v - E_k)}$ for each sampling interval h,

    with the mean over the interval from four samples. Both sides pass the same Gaussian, so that
    smoothing takes the noise of the slope away and biases nothing; then least squares with
    $g_k \ge 0$, a convex problem: the answer does not depend on the cell's own values. It serves
    as a start of a fit, or in `replace`. Noise of the voltage does most harm where currents are
    large; so, unlike in the paper, which has no Gaussian either, least squares are repeated with
    intervals weighted by the inverse of the squared errors at currents of their size.
    Huys, Ahrens & Paninski 2006, doi:10.1152/jn.00079.2006

    The gates must be nearly the cell's own: under a squid axon's voltage, sodium whose activation
    is shifted by 2 mV comes out with 2/3, and by 5 mV with 1/3 of its conductance.

    **Arguments:**

    - `cell`: its gates, reversal potentials, area and, unless sought, capacitance are taken as
      right; conductances that are not sought as well. Gates start settled at the first voltage.
    - `time`: (n,), ms; `current`: (n,) or (sweeps, n), pA, each held for an interval;
      `voltage`: as the current, mV. A `Recording` has all three.
    - `names`: the paths of what is sought: conductances (`channels.na.g_max`), their reversal
      potentials where these are unknown, and `"capacitance"` where it is. By default all the
      conductances. Few current steps do not tell all of these apart.
    - `smoothing`: the Gaussian's standard deviation, ms; 0 for none.
    - `largest_change`: intervals over which the voltage moves by more (mV) are left out, with
      their neighbours: they are sampled too coarsely for their mean current.
    - `weights`: as the voltage, how much each sample counts, 0 for not at all; all 1 by default.

    **Returns:** name -> value, for each of `names`. A channel that the recording shows no sign of
    gets 0, which lies outside logarithmic bounds: clip it to them before a fit. Its reversal
    potential stays the cell's.

    **Raises:** `ValueError` for names in which the current is not linear, shapes that disagree,
    values that are not finite, a cell with pools of ions, and where nothing tells the capacitance.
    """
    sought = _sought(cell, names)
    if not smoothing >= 0.0:
        raise ValueError(f"smoothing={smoothing} ms must be at least 0, which is none.")
    dt, current, voltage, counts = _checked(time, current, voltage, weights)
    conductances, reversals = _kinds(sought)
    currents = _currents_under(cell, conductances, reversals, jnp.asarray(_amid(voltage)), dt)
    fixed, *columns = (_interval_means(np.asarray(one, float)) for one in currents)
    moved = np.abs(np.diff(voltage, axis=1)) <= largest_change
    kept = _within(moved, smoothing / dt) * np.sqrt(counts[:, :-1] * counts[:, 1:])
    _check_enough(int(np.count_nonzero(kept)), len(sought))

    def row(values):
        return _smooth(values, smoothing / dt)[kept > 0]

    density = _DENSITY_PER_PA_UM2 / float(cell.area)
    slope = row(np.diff(voltage, axis=1) / dt)
    push = row(density * current[:, :-1] - fixed)
    # A product of conductance and reversal potential may have either sign, so it is two.
    pulls = [-row(column) for column in columns]
    pulls += [-pull for pull in pulls[len(conductances) :]]
    if "capacitance" not in sought:
        capacitance = float(cell.capacitance)
        rates = _repeated(pulls, slope - push / capacitance, kept[kept > 0])
    else:
        inverse, *rates = _repeated([push, *pulls], slope, kept[kept > 0])
        if inverse <= 0.0:
            raise ValueError(
                "the current does not tell the capacitance: record steps or noise, or leave "
                "'capacitance' out of names."
            )
        capacitance = 1.0 / inverse
    return _named(cell, sought, capacitance, np.asarray(rates) * capacitance)


def _named(cell: Cell, sought: Names, capacitance: float, values: NDArray) -> dict[str, float]:
    """What was sought by its name, of conductances and of both signs of their products."""
    conductances, reversals = _kinds(sought)
    found = dict(zip(conductances, values.tolist(), strict=False))
    above, below = values[len(conductances) :].reshape(2, -1)
    for name, product in zip(reversals, (above - below).tolist(), strict=True):
        conductance = found[_conductance_of(name)]
        own = float(parameters(cell)[name][0])
        found[name] = product / conductance if conductance > 0.0 else own
    return {name: found.get(name, capacitance) for name in sought}


def _kinds(sought: Names) -> tuple[Names, Names]:
    """Conductances and reversal potentials among what is sought."""
    return (
        tuple(name for name in sought if name.endswith(_CONDUCTANCE)),
        tuple(name for name in sought if name.endswith(_REVERSAL)),
    )


def _conductance_of(reversal: str) -> str:
    return reversal.removesuffix(_REVERSAL) + _CONDUCTANCE


def _sought(cell: Any, names: Iterable[str] | None) -> tuple[str, ...]:
    if not isinstance(cell, Cell):
        raise ValueError(f"{type(cell).__name__} has no channels: give a neurons.Cell.")
    if cell.ions:
        raise ValueError(
            "the cell has pools of ions, whose concentrations are not known from its voltage: "
            "give one with ions={} for a start."
        )
    known = [name for name in parameters(cell) if name.endswith(_CONDUCTANCE)]
    sought = tuple(known if names is None else names)
    check_names(cell, sought)
    for name in sought:
        if name.endswith(_REVERSAL) and _conductance_of(name) not in sought:
            raise ValueError(
                f"{name} is found together with its conductance alone: seek "
                f"{_conductance_of(name)} as well."
            )
        if name not in known and not name.endswith(_REVERSAL) and name != "capacitance":
            raise ValueError(
                f"the current is not linear in {name}: seek conductances ({', '.join(known)}), "
                "their reversal potentials and capacitance."
            )
    if not set(sought) & set(known) or len(set(sought)) < len(sought):
        raise ValueError(
            f"names={list(sought)} must be different names, at least one of a conductance, such "
            f"as {', '.join(known) or 'that of a Leak, which the cell lacks'}."
        )
    return sought


def _checked(time, current, voltage, weights) -> tuple[float, NDArray, NDArray, NDArray]:
    """The sampling interval; current, voltage and weights of (sweeps, n)."""
    t = np.asarray(time, float)
    currents, voltages = (np.atleast_2d(np.asarray(a, float)) for a in (current, voltage))
    counts = np.ones(voltages.shape) if weights is None else np.atleast_2d(np.asarray(weights))
    if t.ndim != 1 or {voltages.shape, currents.shape, counts.shape} != {(len(voltages), t.size)}:
        raise ValueError(
            f"time {t.shape}, current {currents.shape}, voltage {voltages.shape} and weights "
            f"{counts.shape} disagree: give a value of each for every sample."
        )
    if t.size < _FEWEST_STEPS:
        raise ValueError(f"{t.size} samples are too few: give at least {_FEWEST_STEPS}.")
    if not all(np.isfinite(values).all() for values in (t, currents, voltages, counts)):
        raise ValueError("time, current, voltage and weights must be finite: cut the rest off.")
    if (counts < 0).any():
        raise ValueError("weights must not be negative: give 0 for what is not to count.")
    if not np.allclose(np.diff(t), t[1] - t[0], rtol=1e-3) or t[1] <= t[0]:
        raise ValueError("time must rise in equal steps (ms): resample the recording.")
    return float(t[-1] - t[0]) / (t.size - 1), currents, voltages, counts


def _check_enough(intervals: int, sought: int) -> None:
    if intervals < max(_FEWEST_STEPS, 2 * sought):
        raise ValueError(
            f"only {intervals} sampling intervals are left to find {sought} values: raise "
            "largest_change, give more weights above 0, or a longer recording."
        )


def _amid(voltage: NDArray) -> NDArray:
    """(sweeps, n, 1 + substeps): each sample, and the voltage amid the substeps that follow it.

    The cubic through four samples, of which the ends' stand twice.
    """
    padded = np.pad(voltage, ((0, 0), (1, 2)), mode="edge")
    before, here, there, after = (padded[:, i : i + voltage.shape[1]] for i in range(4))
    points = [here]
    for number in range(_SUBSTEPS):
        x = (number + 0.5) / _SUBSTEPS
        points.append(
            -x * (x - 1.0) * (x - 2.0) / 6.0 * before
            + (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0 * here
            - (x + 1.0) * x * (x - 2.0) / 2.0 * there
            + (x + 1.0) * x * (x - 1.0) / 6.0 * after
        )
    return np.stack(points, axis=-1)


@eqx.filter_jit
def _currents_under(cell: Cell, conductances: Names, reversals: Names, points: Array, dt: float):
    """Current densities (sweeps, n) under a voltage, each a coefficient of what is sought.

    First of what is not sought, then of 1 mS/cm2 of each conductance, with the reversal
    potentials that are sought at 0, then of 1 mS/cm2 mV of each product of the two.
    """
    places = [conductances.index(_conductance_of(name)) for name in reversals]

    def total(maxima, reversal, gates, v):
        values = dict(zip(conductances, maxima, strict=True)) | dict.fromkeys(reversals, reversal)
        clamp = IdealVoltageClamp(substitute(cell, values))
        return clamp.output(gates, v) / (_PA_PER_DENSITY_UM2 * cell.area)

    def at_sample(gates, v):
        nothing = [jnp.zeros_like(v) for _ in conductances]
        at_zero, at_one = (jax.jacfwd(total)(nothing, 1.0 * mV, gates, v) for mV in (0, 1))
        products = [at_one[place] - at_zero[place] for place in places]
        return [total(nothing, 0.0, gates, v), *at_zero, *products]

    def of_sweep(points):
        clamp = IdealVoltageClamp(cell)
        gates = simulate(
            clamp,
            points[:, 1:].ravel(),
            t1=dt * points.shape[0],
            dt=dt / _SUBSTEPS,
            every=_SUBSTEPS,
            record=lambda x, u: x,
            state=clamp.initial_state(points[0, 0]),
        ).y
        return jax.vmap(at_sample)(gates, points[:, 0])

    return jax.vmap(of_sweep)(points)


def _interval_means(samples: NDArray) -> NDArray:
    """(sweeps, n - 1): the mean over each interval of the cubic through four samples."""
    padded = np.pad(samples, ((0, 0), (1, 1)), mode="reflect", reflect_type="odd")
    outer = padded[:, :-3] + padded[:, 3:]
    return (13.0 * (samples[:, :-1] + samples[:, 1:]) - outer) / 24.0


def _gaussian(deviation: float) -> NDArray:
    reach = int(np.ceil(_REACH * deviation))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(deviation, 1e-9)) ** 2)
    return kernel / kernel.sum()


def _smooth(values: NDArray, deviation: float) -> NDArray:
    """Each row after a Gaussian of that many samples; the ends are to be left out."""
    kernel = _gaussian(deviation)
    return np.stack([np.convolve(row, kernel, mode="same") for row in values])


def _within(kept: NDArray, deviation: float) -> NDArray:
    """1 where all that a Gaussian takes in was kept and lies inside the recording, else 0."""
    reach = len(_gaussian(deviation)) // 2
    lost = np.pad(~kept, ((0, 0), (reach, reach)), constant_values=True)
    counts = np.cumsum(np.pad(lost, ((0, 0), (1, 0))), axis=1)
    return (counts[:, 2 * reach + 1 :] == counts[:, : -2 * reach - 1]).astype(float)


def _repeated(columns: list[NDArray], target: NDArray, weights: NDArray) -> list[float]:
    """The coefficients, none negative, of least squares weighted by the errors they leave."""
    matrix = np.stack(columns, axis=1)
    found = _non_negative(matrix, target, weights)
    for _ in range(_ROUNDS):
        sizes = np.abs(matrix) @ found
        variances = _variances(sizes, (target - matrix @ found) ** 2, weights**2)
        found = _non_negative(matrix, target, weights / np.sqrt(variances))
    return found.tolist()


def _variances(sizes: NDArray, squares: NDArray, weights: NDArray) -> NDArray:
    """Squared errors, of the form a + b size^2, at each size.

    With more freedom the repetition would settle on any few intervals that a wrong model can
    make perfect.
    """
    limits = np.quantile(sizes, np.linspace(0.0, 1.0, _CLASSES + 1)[1:-1])
    place = np.searchsorted(limits, sizes)
    counts, errors, powers = (
        np.bincount(place, weights * values, _CLASSES)
        for values in (np.ones_like(sizes), squares, sizes**2)
    )
    held = (counts > 0) & (errors > 0)
    if not held.any():
        return np.ones_like(sizes)
    ratios = np.stack([counts, powers], axis=1)[held] / errors[held, None]
    constant, growth = _non_negative(ratios, np.ones(held.sum()), np.ones(held.sum()))
    found = constant + growth * sizes**2
    # Where nothing flows an error of nothing must not outweigh everything.
    return np.maximum(found, max(1e-6 * found.max(), np.finfo(float).tiny))


def _non_negative(matrix: NDArray, target: NDArray, weights: NDArray) -> NDArray:
    from scipy.optimize import nnls

    weights = weights / weights.max()
    weighted = matrix * weights[:, None]
    scales = np.linalg.norm(weighted, axis=0)
    scales[scales == 0.0] = 1.0
    # The orthogonal factor leaves lengths as they are, and a few rows of very many.
    orthogonal, triangle = np.linalg.qr(weighted / scales)
    found, _ = nnls(triangle, orthogonal.T @ (target * weights))
    return found / scales
