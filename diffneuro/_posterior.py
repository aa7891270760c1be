"""Draws from the posterior of fitted parameters."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ._bounds import values_at
from ._draws import Posterior as Posterior
from ._objective import Objective
from ._progress import Watcher, watching
from ._uncertainty import effective_count, white_spread
from .losses import AbstractSpikeLikelihood
from .methods._damped_step import jacobian

# Draws of every chain in one compiled call, and the fewest of them that say anything.
_BLOCK, _FEWEST = 25, 50
# The share of proposals to be accepted, by Hoffman & Gelman 2014.
_ACCEPTED = 0.8
_FIRST_STEP = 0.5
# A trajectory has at most 2^8 steps.
_DOUBLINGS = 8
# The prior of a free coordinate is the logistic distribution, of this variance.
_PRIOR_VARIANCE = np.pi**2 / 3.0
# By so many draws the covariance before the warm-up weighs against that of its draws.
_TRUST = 10.0


class Optimum(NamedTuple):
    """What a fit knows of its minimum, as in `FitResult`."""

    parameters: Mapping[str, float]
    units: Mapping[str, str]
    loss: float
    gram: NDArray
    score_covariance: NDArray
    residual_count: int
    slopes: NDArray


class Density(eqx.Module):
    r"""The logarithm of the posterior density in whitened free coordinates $w$, $z = m + Bw$.

    $$\log p = -\kappa\,[L(\theta) - L_{min}] + \sum_i \log[\sigma(z_i)\,\sigma(-z_i)],$$

    the sum being the prior uniform between the bounds (of the logarithm on a log scale) times the
    Jacobian of the sigmoid. $L$ is the loss, $\kappa$ its `weight`; what is not finite has no
    density.
    """

    objective: Objective
    weight: Array
    least: Array
    middle: Array
    """(P,) m"""
    axes: Array
    """(P, P) B"""

    def __call__(self, whitened: Array) -> Array:
        # Reverse mode sees a plane through the value and the slopes of forward mode, which are
        # as many runs side by side and keep no states.
        here = jax.lax.stop_gradient(whitened)
        value, slopes = self._with_slopes(here)
        return value + slopes @ (whitened - here)

    def coordinates(self, whitened: Array) -> Array:
        """(P,) free coordinates."""
        return self.middle + self.axes @ whitened

    def _with_slopes(self, whitened: Array) -> tuple[Array, Array]:
        errors, changes = jacobian(lambda w: self.objective(self.coordinates(w)), whitened)
        prior, prior_slopes = jax.value_and_grad(self._prior)(whitened)
        value = prior - self.weight * (jnp.sum(errors**2) - self.least)
        slopes = prior_slopes - 2.0 * self.weight * (changes @ errors)
        possible = jnp.isfinite(value) & jnp.all(jnp.isfinite(slopes))
        return jnp.where(possible, value, -jnp.inf), jnp.where(possible, slopes, 0.0)

    def _prior(self, whitened: Array) -> Array:
        z = self.coordinates(whitened)
        return jnp.sum(jax.nn.log_sigmoid(z) + jax.nn.log_sigmoid(-z))


class _Chains(NamedTuple):
    """Where all chains are, and how their common step is being tuned."""

    states: Any
    tuning: Any


class _Block(NamedTuple):
    """Some draws of every chain."""

    positions: Array
    """(draws, chains, P) whitened coordinates"""
    diverged: Array
    """(draws, chains)"""


def posterior(
    objective: Objective,
    optimum: Optimum,
    *,
    draws: int = 500,
    warmup: int = 300,
    chains: int = 4,
    key: Array | None = None,
    progress: bool | Watcher = True,
) -> Posterior:
    r"""Draw the free parameters by the No-U-Turn sampler, given the recording and the bounds.

    Residuals are taken for Gaussian, of the variance $s^2$ found at the optimum. Noise that
    remembers is worth fewer of them: the log-likelihood is $-\kappa L$ with
    $\kappa = (n_{eff}/n) / (2 s^2)$, $n_{eff}$ being `FitResult.effective_count`. This is one
    number for all directions, chosen so that the volume of small errors is that of
    `FitResult.covariance`. Of a likelihood loss it is the log-likelihood itself. The prior is
    uniform between the bounds, of the logarithm where their scale is "log".
    Hoffman & Gelman 2014, JMLR 15:1593; the common step and the covariance of all chains are
    tuned in the warm-up, from the curvature at the optimum.

    **Arguments:** `objective` and `optimum` of a fit; `draws` of each of the `chains` after
    `warmup` others; `key`, by default `jax.random.key(0)`; `progress` as in `fit`, called with
    the divergences so far as its third argument.

    **Returns:** a `Posterior`. A Ctrl-C after the warm-up ends it with the draws so far, of which
    it warns; before, there are none to keep.

    **Raises:** `ImportError` without blackjax; `ValueError` for too few draws or chains, and
    for a fit that leaves no residuals or whose parameters all have no effect.
    """
    _check_installed()
    for name, given, least in (
        ("draws", draws, _FEWEST),
        ("warmup", warmup, 3 * _BLOCK),
        ("chains", chains, 2),
    ):
        if given < least:
            raise ValueError(f"{name}={given} of a posterior must be at least {least}.")
    weight = _weight(objective, optimum)
    density = _density(objective, optimum, weight)
    key = jax.random.key(0) if key is None else key
    with watching(progress, title="posterior", describe=_told) as watch:
        positions, diverged, step, completed = _run(density, chains, draws, warmup, key, watch)
    if not completed:
        warnings.warn(
            f"the posterior was stopped (Ctrl-C) after {len(positions)} of {draws} draws of each "
            "chain: it holds those.",
            stacklevel=3,
        )
    values = _values(objective, positions)
    found = {name: np.asarray(values[name], float).T for name, _ in objective.free}
    agreement, worth = _diagnosed(np.stack(list(found.values()), axis=-1))
    return Posterior(
        draws=found,
        units=dict(optimum.units),
        r_hat=dict(zip(found, agreement.tolist(), strict=True)),
        ess=dict(zip(found, worth.tolist(), strict=True)),
        divergences=diverged,
        step_size=step,
        completed=completed,
    )


def _check_installed() -> None:
    try:
        import blackjax as blackjax
    except ImportError as error:
        raise ImportError(
            "a posterior needs the posterior extra: pip install 'diffneuro[posterior]'"
        ) from error


def _told(divergences: float, stage: str) -> str:
    return f"{divergences:.0f} diverged  {stage}"


@jax.jit
def _diagnosed(draws: Array) -> tuple[Array, Array]:
    """R-hat and the effective number of `draws` (chains, draws, P), (P,) each."""
    from blackjax import diagnostics

    worth = jnp.minimum(diagnostics.ess_bulk(draws), diagnostics.ess_tail(draws))
    return jnp.atleast_1d(diagnostics.rhat(draws)), jnp.atleast_1d(worth)


def _weight(objective: Objective, optimum: Optimum) -> float:
    """The log-likelihood lost for one unit of loss."""
    if isinstance(objective.loss, AbstractSpikeLikelihood):
        # The loss is a deviance, and its mean over sweeps.
        return 0.5 * objective.stimuli.shape[0]
    gram, loss, count = optimum.gram, optimum.loss, optimum.residual_count
    size = float(np.trace(gram))
    if not size > 0:
        raise ValueError(
            "no free parameter has an effect in the recording: the posterior is the bounds."
        )
    variance = float(np.trace(white_spread(gram, loss, count))) / size
    counted = effective_count(gram, optimum.score_covariance, loss, count)
    if not (variance > 0 and counted > 0):
        raise ValueError(
            f"the fit leaves a loss of {loss:g}, from which no noise can be estimated: add noise "
            "to a simulated recording."
        )
    return 0.5 * counted / count / variance


def _density(objective: Objective, optimum: Optimum, weight: float) -> Density:
    """Whitened by the curvature at the optimum, of likelihood and prior together."""
    free = objective.free
    middle = jnp.stack([bounds.position(optimum.parameters[name]) for name, bounds in free])
    gram = optimum.gram * np.outer(optimum.slopes, optimum.slopes)
    precision = 2.0 * weight * gram + np.eye(len(free)) / _PRIOR_VARIANCE
    values, vectors = np.linalg.eigh(precision)
    axes = vectors / np.sqrt(np.maximum(values, 1.0 / _PRIOR_VARIANCE))
    real = middle.dtype
    return Density(
        objective,
        jnp.asarray(weight, real),
        jnp.asarray(optimum.loss, real),
        middle,
        jnp.asarray(axes, real),
    )


def _run(density: Density, chains: int, draws: int, warmup: int, key: Array, watch: Watcher):
    """Free coordinates (draws, chains, P), divergences, step size, whether all were drawn."""
    first_key, key = jax.random.split(key)
    width = density.middle.shape[0]
    whitened = _first(density, jax.random.normal(first_key, (chains, width), density.axes.dtype))
    phase, wanted = -(-warmup // (3 * _BLOCK)), -(-draws // _BLOCK)
    total, diverged = _BLOCK * (3 * phase + wanted), 0
    lanes = _begin(density, whitened, jnp.asarray(_FIRST_STEP, density.axes.dtype))
    seen, kept = [], []
    try:
        for at in range(3 * phase + wanted):
            if at == 2 * phase:
                density, whitened = _rewhitened(density, np.concatenate(seen), lanes)
                lanes = _begin(density, whitened, jnp.exp(lanes.tuning.log_step_size_avg))
            tuned = at >= 3 * phase
            lanes, block = _advance(density, lanes, jax.random.fold_in(key, at), jnp.asarray(tuned))
            if phase <= at < 2 * phase:
                seen.append(np.asarray(block.positions, float))
            if tuned:
                kept.append(block)
                diverged += int(block.diverged.sum())
            watch(_BLOCK * (at + 1), total, float(diverged), "draws" if tuned else "warm-up")
    except KeyboardInterrupt:
        if not kept:
            raise
    positions = jnp.concatenate([block.positions for block in kept])[:draws]
    diverged = int(np.concatenate([block.diverged for block in kept])[:draws].sum())
    step = float(jnp.exp(lanes.tuning.log_step_size_avg))
    return _coordinates(density, positions), diverged, step, len(kept) == wanted


def _rewhitened(density: Density, seen: NDArray, lanes: _Chains) -> tuple[Density, Array]:
    """By the covariance of the draws (n, chains, P) so far, and where the chains are then."""
    flat = seen.reshape(-1, seen.shape[-1])
    share = len(flat) / (len(flat) + _TRUST)
    identity = np.eye(flat.shape[1])
    spread = share * np.atleast_2d(np.cov(flat.T)) + (1.0 - share) * identity
    root = np.linalg.cholesky(spread)
    real = density.axes.dtype
    axes = np.asarray(density.axes, float) @ root
    now = np.linalg.solve(root, np.asarray(lanes.states.position, float).T).T
    changed = eqx.tree_at(lambda d: d.axes, density, jnp.asarray(axes, real))
    return changed, jnp.asarray(now, real)


@eqx.filter_jit
def _first(density: Density, wanted: Array) -> Array:
    """`wanted` (chains, P), the optimum where there is no density."""
    possible = jnp.isfinite(jax.vmap(density)(wanted))
    return jnp.where(possible[:, None], wanted, 0.0)


@eqx.filter_jit
def _begin(density: Density, whitened: Array, step: Array) -> _Chains:
    from blackjax import nuts

    first, _, _ = _tuner()
    # It draws the step towards ten times what it is given, which here is too long: a few
    # refusals later it would be far too short, and all chains wait for the longest trajectory.
    chains = _Chains(jax.vmap(lambda w: nuts.init(w, density))(whitened), first(0.1 * step))
    # Numbers without a type of their own would have the blocks compiled twice.
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.asarray(leaf).dtype), chains)


@eqx.filter_jit
def _advance(density: Density, lanes: _Chains, key: Array, tuned: Array) -> tuple[_Chains, _Block]:
    """A block of draws, with one step for all chains that is still changed or `tuned`."""
    from blackjax import nuts

    kernel = nuts.build_kernel()
    _, update, _ = _tuner()
    chains, width = lanes.states.position.shape
    unit = jnp.ones(width, density.axes.dtype)

    def one(lanes, key):
        tuning = lanes.tuning
        step = jnp.exp(jnp.where(tuned, tuning.log_step_size_avg, tuning.log_step_size))

        def move(key, state):
            return kernel(key, state, density, step, unit, _DOUBLINGS)

        states, info = jax.vmap(move)(jax.random.split(key, chains), lanes.states)
        accepted = jnp.mean(jnp.nan_to_num(info.acceptance_rate))
        changed = update(tuning, accepted)
        tuning = jax.tree.map(lambda new, old: jnp.where(tuned, old, new), changed, tuning)
        return _Chains(states, tuning), _Block(states.position, info.is_divergent)

    return jax.lax.scan(one, lanes, jax.random.split(key, _BLOCK))


def _tuner():
    from blackjax.adaptation.step_size import dual_averaging_adaptation

    return dual_averaging_adaptation(_ACCEPTED)


@eqx.filter_jit
def _coordinates(density: Density, whitened: Array) -> Array:
    return jax.vmap(jax.vmap(density.coordinates))(whitened)


@eqx.filter_jit
def _values(objective: Objective, positions: Array) -> dict[str, Array]:
    """(draws, chains) of each parameter."""
    return jax.vmap(jax.vmap(lambda z: values_at(dict(objective.free), z)))(positions)
