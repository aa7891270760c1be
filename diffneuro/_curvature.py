"""The loss around its minimum: of free runs, or windows."""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ._bounds import values_at
from ._objective import Objective, can_be_pulled, with_windows
from ._uncertainty import LEAST_LEFT, inverse, score_covariance
from ._windows import allows_windows
from .losses import (
    AbstractLoss,
    AbstractSpikeLikelihood,
    AbstractSpikeTrainLoss,
    SpikeTimes,
    Sum,
    VoltageError,
)
from .losses._loss import parts_of
from .methods import Shooting
from .recordings import Recording

# Of the machine's precision, the least effect of a parameter, relative to the strongest.
_ROUNDING = 32.0
# How far above the median an effect still tells how large rounding is.
_BEYOND = 1e3
# Intervals are told apart best one by one: over two, the first one's shift is in the second.
_HORIZON = 1


class Curvature(NamedTuple):
    """The loss around its minimum, in the parameters' own units."""

    gram: NDArray
    """(P, P) half the second derivatives: J^T J, or a likelihood's Fisher information"""
    score_covariance: NDArray
    """(P, P) how half the loss's gradient varies from one recording to the next"""
    residual_count: int
    slopes: NDArray
    """(P,) d(parameter)/d(free coordinate)"""
    window_loss: float | None = None
    """the sum of squares of which it is, where that is not of the free run"""


class _Information(AbstractSpikeTrainLoss):
    """What a likelihood knows, in place of its residuals."""

    likelihood: AbstractSpikeLikelihood
    threshold: float

    def spikes(self, times, /):
        return self.likelihood.spikes(times)

    def target(self, time, current, voltage, /):
        return self.likelihood.target(time, current, voltage)

    def residual(self, run, target, /):
        return self.likelihood.information(run, target)


class _Belonging(AbstractLoss):
    """In place of each residual, the number of the part of the loss that it is of."""

    of: Sum

    def target(self, time, current, voltage, /):
        return self.of.target(time, current, voltage)

    def residual(self, run, target, /):
        pairs = zip(self.of.losses, target, strict=True)
        found = [part.residual(run, aim) for part, aim in pairs]
        return jnp.concatenate([jnp.full(len(one), float(i)) for i, one in enumerate(found)])


class _Rows(NamedTuple):
    """Residuals and their derivatives, run by run."""

    residuals: NDArray
    """(runs, m)"""
    along: NDArray
    """(P, runs, m) by the free coordinates"""
    slopes: NDArray
    """(P,)"""
    parts: NDArray
    """(m,) of which part of the loss each is"""

    def scaled(self, weights: NDArray) -> "_Rows":
        """With each run's rows multiplied by a weight (runs,)."""
        return self._replace(
            residuals=weights[:, None] * self.residuals, along=weights[:, None] * self.along
        )

    def chosen(self, runs: NDArray) -> "_Rows":
        """Some of the runs."""
        return self._replace(residuals=self.residuals[runs], along=self.along[:, runs])


def curvature(objective: Objective, best: Array) -> Curvature:
    """What is kept of the free run's residuals and their derivatives at a position (P,)."""
    loss, sweeps = objective.loss, objective.stimuli.shape[0]
    if isinstance(loss, AbstractSpikeLikelihood):
        knowing = _Information(likelihood=loss, threshold=loss.threshold)
        known = _summed([_rows(dataclasses.replace(objective, loss=knowing), best)], best)
        # The loss is a mean over sweeps, and the information their sum.
        return known._replace(score_covariance=known.gram / sweeps)
    return _summed([_rows(objective, best)], best)


def is_between_spikes(objective: Objective) -> bool:
    """Whether the parameters' errors are those of windows, as `curvature_between_spikes` says."""
    fires = bool(np.isfinite(objective.recorded).any())
    counted = any(isinstance(part, SpikeTimes) for part in parts_of(objective.loss))
    return fires and counted and allows_windows(objective.loss) and can_be_pulled(objective.model)


def curvature_between_spikes(objective: Objective, recording: Recording, best: Array) -> Curvature:
    """The same of windows from each spike over the next one, and of free runs in silent sweeps.

    Each spike of a free run is late by all that the intervals before it were too long, and where
    these depend on each other the derivatives of a long train grow without bound: the loss is
    then a parabola over less than rounding error. From the state in which the recording leaves
    the cell at each spike, as in `methods.Shooting`, every interval tells of the parameters by
    itself. A sweep weighs what it weighs in the loss, each of its windows an equal part of that.
    """
    objective = with_windows(objective, recording, _HORIZON)
    windows = objective.windows[_HORIZON]
    sweeps = objective.stimuli.shape[0]
    firing = np.asarray(np.isfinite(np.asarray(objective.recorded)).any(axis=1))
    sweep = np.asarray(windows.sweep)
    shot = _rows(objective, best, _HORIZON)
    weights = np.sqrt(len(sweep) / sweeps / np.bincount(sweep, minlength=sweeps)[sweep])
    groups = [shot.scaled(weights).chosen(firing[sweep])]
    if not firing.all():
        silent = _rows(_of_sweeps(objective, np.flatnonzero(~firing)), best)
        groups.append(silent.scaled(np.full((~firing).sum(), np.mean(~firing) ** 0.5)))
    lone = tuple(not isinstance(part, VoltageError) for part in parts_of(objective.loss))
    found = _summed(groups, best, lone)
    return found._replace(window_loss=float(sum((rows.residuals**2).sum() for rows in groups)))


def _of_sweeps(objective: Objective, chosen: NDArray) -> Objective:
    """The objective of some sweeps alone, without windows."""
    kept = jax.tree.map(
        lambda leaf: leaf[chosen],
        (objective.stimuli, objective.pulls, objective.recorded, objective.targets),
    )
    names = ("stimuli", "pulls", "recorded", "targets")
    return dataclasses.replace(objective, windows={}, **dict(zip(names, kept, strict=True)))


def _rows(objective: Objective, best: Array, horizon: int | None = None) -> _Rows:
    found = _directional(objective, best, horizon)
    residuals, along, slopes, parts = (
        np.nan_to_num(np.asarray(part, float), posinf=0.0, neginf=0.0) for part in found
    )
    runs = objective.stimuli if horizon is None else objective.windows[horizon].sweep
    shape = (runs.shape[0], -1)
    belonging = np.round(parts.reshape(shape)[0] * shape[0] ** 0.5).astype(int)
    return _Rows(residuals.reshape(shape), along.reshape(len(along), *shape), slopes, belonging)


@eqx.filter_jit
def _directional(
    objective: Objective, best: Array, horizon: int | None
) -> tuple[Array, Array, Array, Array]:
    """Residuals (m,), the derivatives of them (P, m) and of the parameters (P,), and parts (m,)."""
    free = dict(objective.free)
    gain = None if horizon is None else jnp.asarray(Shooting().gain, best.dtype)

    def values(position):
        return jnp.stack(list(values_at(free, position).values()))

    def along(direction):
        residuals, changes = jax.jvp(lambda z: objective(z, gain, horizon), (best,), (direction,))
        return residuals, changes, jnp.sum(jax.jvp(values, (best,), (direction,))[1])

    directions = jnp.eye(best.shape[0], dtype=best.dtype)
    residuals, changes, slopes = jax.vmap(along, out_axes=(None, 0, 0))(directions)
    if not isinstance(objective.loss, Sum):
        return residuals, changes, slopes, jnp.zeros_like(residuals)
    belonging = dataclasses.replace(objective, loss=_Belonging(objective.loss))
    return residuals, changes, slopes, belonging(best, gain, horizon)


def _summed(groups: list[_Rows], best: Array, lone: tuple[bool, ...] | None = None) -> Curvature:
    """All rows together; the first group is of windows where `lone` tells of its loss's parts."""
    slopes = groups[0].slopes
    # What is left of a parameter without effect is rounding, and rounding resembles others. An
    # effect beyond all others, as a spike train's may be, says nothing about theirs.
    sizes = np.sqrt(sum((rows.along**2).sum(axis=(1, 2)) for rows in groups))
    rounding = _ROUNDING * float(jnp.finfo(best.dtype).eps)
    idle = sizes <= rounding * min(sizes.max(), _BEYOND * np.median(sizes))
    scale = np.where(idle, 0.0, 1.0 / slopes)[:, None, None]
    jacobians = [scale * rows.along for rows in groups]
    flat = np.concatenate([jacobian.reshape(len(slopes), -1) for jacobian in jacobians], axis=1)
    gram = flat @ flat.T
    spread = np.zeros_like(gram)
    for number, (rows, jacobian) in enumerate(zip(groups, jacobians, strict=True)):
        for part in np.unique(rows.parts):
            here = rows.parts == part
            changes, errors = jacobian[:, :, here], rows.residuals[:, here]
            if number == 0 and lone is not None:
                spread += window_spread(changes, errors, gram, lone=lone[part])
                continue
            changes = changes.reshape(len(slopes), -1)
            spread += score_covariance(changes, errors.ravel(), len(errors), gram)
    return Curvature(gram, spread, int((np.abs(flat).max(axis=0) > 0).sum()), slopes)


def window_spread(changes: NDArray, errors: NDArray, gram: NDArray, *, lone: bool) -> NDArray:
    r"""The covariance of one part's $J^T r$ over windows, $c\,J^T J$ with a common c.

    The same for all, because a window that is like no other, such as the wait for the first
    spike, is fitted by its own parameters and leaves nothing to tell its noise by. Residuals of
    a voltage remember for as long as a window lasts: of windows $w$ that have the scores $g_w$,
    $c = \sum_w g_w^T (J^T J)^{-1} g_w / P$, which is the variance of a residual if they do not.
    Where they are `lone`, as an interval is, c is that variance.

    **Arguments:** `changes` (P, windows, m), `errors` (windows, m), and `gram` (P, P), the J^T J
    of all parts together, by which is counted what the parameters took from these residuals.

    **Returns:** (P, P).
    """
    if lone:
        changes, errors = _as_one(changes, errors)
    flat = changes.reshape(len(changes), -1)
    own = flat @ flat.T
    count, power = int((np.abs(flat).max(axis=0) > 0).sum()), float((errors**2).sum())
    if count == 0 or power == 0.0:
        return np.zeros_like(own)
    variance = power / count
    if not lone:
        scores, inside = (changes * errors).sum(axis=2), inverse(own)[0]
        variance = np.sum(scores * (inside @ scores)) / np.trace(inside @ own)
    taken = np.trace(inverse(gram)[0] @ own) * variance * count / power
    return own * variance * count / max(count - taken, LEAST_LEFT * count)


def _as_one(jacobian: NDArray, residuals: NDArray) -> tuple[NDArray, NDArray]:
    """One row for each run that has its score: an interval and a time say the same twice."""
    lengths = np.linalg.norm(residuals, axis=1, keepdims=True)
    shares = residuals / np.where(lengths > 0, lengths, 1.0)
    return (jacobian * shares).sum(axis=2, keepdims=True), lengths
