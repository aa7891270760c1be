"""The profile likelihood of one fitted parameter."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike, NDArray

from ._bounds import Bounds, values_at
from ._defaults import default_loss
from ._holdout import Holdout, fitted_part
from ._objective import Objective, SpikesOfASweep, make_objective
from ._result import FitResult, optimum_of
from ._simulate import default_solver
from ._storage import describe
from ._uncertainty import Profile, inverse, sandwich
from .losses import AbstractLoss
from .methods._damped_step import damped_step, fresh_lane
from .solvers import AbstractSolver

# In standard errors, to each side of the best value.
_REACH, _EACH_SIDE = 3.0, 6
# A value this close to a bound, as a share of the range, has no free coordinate of its own.
_MARGIN = 1e-3
_SAME_LOSS = 0.01


def profile(
    result: FitResult,
    name: str,
    values: ArrayLike | None = None,
    *,
    steps: int = 15,
    loss: AbstractLoss | None = None,
    solver: AbstractSolver | None = None,
    spikes: SpikesOfASweep | None = None,
) -> Profile:
    r"""Refit the others by Levenberg-Marquardt with one parameter held at each of `values`.

    A value is allowed at level c where $L(\theta_i) - L_{min} \le \chi^2_{1,c}\, s_i$ with the
    scale $s_i = V_{ii} / (A^{-1})_{ii}$ of the sandwich $V$ to the plain inverse curvature, by
    which residuals that are not independent count for less; of a likelihood it is that of Wilks.
    Venzon & Moolgavkar 1988, doi:10.2307/2347496; for the scale Kent 1982,
    doi:10.1093/biomet/69.1.19. Each refit begins where its neighbour ended.

    **Arguments:** `result` of a fit; `name` of a free parameter; `values` (K,) in its unit
    between its bounds, by default 6 to each side, up to 3 standard errors away; `steps` of each
    refit; `loss`, `solver` and `spikes` as given to `fit`, where they were.

    **Returns:** a `Profile`.

    **Raises:** `ValueError` for a name that was not free, for values outside the bounds, and
    where the loss, solver or spikes are not those of the fit.
    """
    if name not in result.free:
        raise ValueError(f"{name!r} was not fitted: profile one of {', '.join(result.free)}.")
    if steps < 1:
        raise ValueError(f"steps={steps} of a profile must be at least 1.")
    held = _grid(result, name, values)
    objective = objective_of(result, loss, solver, spikes)
    positions, losses = _walk(objective, result, list(result.free).index(name), held, steps)
    free = dict(objective.free)
    found = jax.vmap(lambda z: values_at(free, z))(jnp.asarray(positions))
    columns = {key: np.asarray(column, float) for key, column in found.items()}
    index = list(result.free).index(name)
    return Profile(
        name=name,
        unit=result.units[name],
        values=columns.pop(name),
        losses=losses,
        others=columns,
        best=result.parameters[name],
        standard_error=result.standard_errors[name],
        loss_scale=_loss_scale(result, objective, index),
    )


def _loss_scale(result: FitResult, objective: Objective, index: int) -> float:
    """How much the free run's loss rises for one unit of chi-squared."""
    optimum = optimum_of(result, objective)
    bread, undetermined = inverse(optimum.gram)
    variance = sandwich(optimum.gram, optimum.score_covariance)[index, index]
    scale = float(variance / bread[index, index])
    if undetermined[index] or not scale > 0:
        # A parameter that may be anything leaves no rise to be measured.
        scale = result.loss / max(optimum.residual_count, 1)
    return scale


def _grid(result: FitResult, name: str, values: ArrayLike | None) -> NDArray:
    """(K,) rising values, the best among them."""
    bounds, best = result.free[name], result.parameters[name]
    if values is None:
        return _around(bounds, best, result.standard_errors[name])
    wanted = np.atleast_1d(np.asarray(values, float))
    outside = wanted[~((wanted >= bounds.low) & (wanted <= bounds.high))]
    if outside.size or wanted.ndim != 1:
        shown = f"{outside[0]:g}" if outside.size else f"an array of shape {wanted.shape}"
        raise ValueError(
            f"values of the profile of {name} must be a list within its bounds [{bounds.low:g}, "
            f"{bounds.high:g}], not {shown}: leave it out, or fit with wider bounds."
        )
    return np.unique(np.append(wanted, best))


def _around(bounds: Bounds, best: float, error: float) -> NDArray:
    log = bounds.scale == "log"
    ends = np.array([bounds.low, bounds.high, best])
    low, high, middle = np.log(ends) if log else ends
    reach = _REACH * (error / best if log else error)
    reach = min(reach, high - low) if np.isfinite(reach) else high - low
    margin = _MARGIN * (high - low)
    first, last = max(middle - reach, low + margin), min(middle + reach, high - margin)
    below = np.linspace(first, middle, _EACH_SIDE + 1) if first < middle else []
    above = np.linspace(middle, last, _EACH_SIDE + 1) if last > middle else []
    points = np.unique(np.concatenate([below, [middle], above]))
    return np.exp(points) if log else points


def objective_of(result: FitResult, loss, solver, spikes) -> Objective:
    """The objective of the fit, made anew."""
    recording = result.recording
    fitted = fitted_part(recording, Holdout(result.held_out, result.held_out_span))
    model = result.model
    choices = {
        "loss": (loss, loss if loss is not None else default_loss(model, fitted)),
        "solver": (solver, solver if solver is not None else default_solver(model)),
        "spikes": (spikes, spikes),
    }
    for name, (given, used) in choices.items():
        made_with = result.about.get(name, describe(used))
        if given is None and made_with != describe(used):
            raise ValueError(f"the fit was made with {name}={made_with}: pass it as {name}=.")
    objective = make_objective(model, fitted, result.free, *(used for _, used in choices.values()))
    now = float(_least(objective, objective.position_of(result.parameters)))
    if not abs(now - result.loss) <= _SAME_LOSS * abs(result.loss) + 1e-9:
        raise ValueError(
            f"the loss of the fitted model is {now:g} here and was {result.loss:g} in the fit: "
            "pass the loss=, solver= and spikes= that the fit was made with."
        )
    return objective


@eqx.filter_jit
def _least(objective: Objective, position: Array) -> Array:
    return jnp.sum(objective(position) ** 2)


def _walk(objective, result: FitResult, index: int, held: NDArray, steps: int):
    """Positions (K, P) and losses (K,) at the held values, outwards from the best one."""
    bounds = list(result.free.values())[index]
    fixed = bounds.position(held)
    start = int(np.argmin(np.abs(held - list(result.parameters.values())[index])))
    positions = np.zeros((len(held), len(result.free)))
    losses = np.zeros(len(held))
    for way in (range(start, len(held)), range(start, -1, -1)):
        position = objective.position_of(result.parameters)
        for k in way:
            lane = _refit(objective, jnp.asarray(index), fixed[k], position, jnp.asarray(steps))
            if bool(jnp.isfinite(lane.loss)):
                position = lane.position
            positions[k], losses[k] = np.asarray(lane.position), float(lane.loss)
    return positions, losses


@eqx.filter_jit
def _refit(objective: Objective, index: Array, fixed: Array, position: Array, steps: Array):
    """The best that the other coordinates can do."""
    here = jnp.arange(position.shape[0]) == index

    def residual(z):
        return objective(jnp.where(here, fixed, z))

    lane = fresh_lane(residual, jnp.where(here, fixed, position))
    return jax.lax.fori_loop(0, steps, lambda _, lane: damped_step(residual, lane), lane)
