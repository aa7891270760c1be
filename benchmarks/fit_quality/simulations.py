"""How many simulations a method takes, counted alike."""

from typing import Any

import equinox as eqx
import jax

import diffneuro as dn
from diffneuro import methods
from diffneuro.methods import AbstractMethod, Pipeline

from .genetic import GeneticAlgorithm
from .problems import Problem

# A reverse derivative runs forward, forward again between what was kept, and back: two to three
# and a half times a plain run by benchmarks/results/time_loop.json.
_GRADIENT = 3


def simulations(method: AbstractMethod | Pipeline, problem: Problem, lanes: int) -> float:
    """How many times a method simulates all fitted sweeps, by its fields.

    A Jacobian of P tangents counts 1 + P, a gradient by reverse differentiation 3. An
    evaluation of windows counts the steps it simulates, those of the pulled run that finds
    their states included, over the steps of the fitted sweeps.

    **Arguments:** `method`; `problem`; `lanes`, the number of starts, of which a pipeline may
    go on with a part.

    **Raises:** `ValueError` for a method it does not know.
    """
    pipeline = isinstance(method, Pipeline)
    stages = method.stages if pipeline else (method,)
    going = (pipeline and method.lanes) or (None,) * len(stages)
    made = [evaluations(stage, len(problem.free)) for stage in stages]
    horizons = {horizon for each in made for horizon in each if horizon is not None}
    shares = window_shares(problem, tuple(sorted(horizons))) if horizons else {}
    costs = (
        sum(number * (1.0 if horizon is None else shares[horizon]) for horizon, number in each)
        for each in (each.items() for each in made)
    )
    return sum(
        cost * (lanes if some is None else min(some, lanes))
        for cost, some in zip(costs, going, strict=True)
    )


def evaluations(stage: AbstractMethod, count: int) -> dict[int | None, int]:
    """How many times one lane evaluates an objective of `count` parameters.

    By the horizon of the windows, None for free and pulled sweeps.

    **Raises:** `ValueError` for a method it does not know.
    """
    # A Jacobian with its residuals, and in damped steps a trial; before them the start.
    damped, jacobian = 1 + stage.iterations * (count + 2), 1 + count
    if isinstance(stage, methods.Adam):
        return {None: _GRADIENT * stage.iterations}
    if isinstance(stage, methods.Shooting):
        return {stage.horizon: damped}
    if isinstance(stage, methods.LevenbergMarquardt | methods.Synchronised):
        return {None: damped}
    if isinstance(stage, methods.Scatter):
        return {stage.horizon: 1 + stage.iterations}
    if isinstance(stage, methods.CMAES):
        seeded = {} if stage.horizon is None else {stage.horizon: jacobian}
        return {None: 1 + stage.iterations, **seeded}
    if isinstance(stage, methods.DifferentialEvolution):
        return {None: 1 + stage.iterations}
    if isinstance(stage, GeneticAlgorithm):
        return {None: stage.iterations}
    raise ValueError(
        f"the simulations of {type(stage).__name__} are not known: add it to "
        "benchmarks.fit_quality.simulations."
    )


class _Seen(Exception):
    """What ends a fit that was begun to look at its objective."""

    def __init__(self, shares: dict[int, float]):
        self.shares = shares


class _Look(methods.AbstractWindowedMethod):
    """Asks for windows and ends the fit with how long they are."""

    asked: tuple[int, ...] = eqx.field(static=True)

    @property
    def horizons(self) -> tuple[int, ...]:
        return self.asked

    @property
    def iterations(self) -> int:
        return 1

    def tangents(self, count: int, /) -> int:
        return 0

    def start(self, objective: Any, position: jax.Array, /) -> Any:
        whole = objective.stimuli.size
        raise _Seen({h: 1.0 + objective.windows[h].currents.size / whole for h in self.asked})

    def update(self, objective: Any, state: Any, iteration: jax.Array, /) -> Any:
        return state

    def mix(self, states: Any, iteration: int, key: jax.Array, /) -> Any:
        return states

    def stage(self, iteration: int, /) -> str:
        return "looking"


def window_shares(problem: Problem, horizons: tuple[int, ...]) -> dict[int, float]:
    """What an evaluation of windows takes, the pulled run included, relative to free sweeps."""
    try:
        dn.fit(
            problem.model,
            problem.fitted,
            free=problem.free,
            loss=problem.loss,
            method=_Look(horizons),
            starts=2,
            progress=False,
        )
    except _Seen as seen:
        return seen.shares
    raise RuntimeError("the fit did not begin with the method's start: mend window_shares.")
