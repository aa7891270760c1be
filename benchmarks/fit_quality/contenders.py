"""The ways to fit that are compared, at equal simulations."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from diffneuro.methods import (
    CMAES,
    AbstractMethod,
    Adam,
    DifferentialEvolution,
    Pipeline,
    Scatter,
    Shooting,
)

from .genetic import Breeder, GeneticAlgorithm
from .problems import Problem
from .simulations import simulations

STARTS = 32
_FEWEST = 4
# What their authors and users take for a dozen to three dozen parameters.
_POPULATION = 64
_OFFSPRING = 100


class Contender(NamedTuple):
    """A method, how many lanes it gets, and what it takes with them."""

    method: AbstractMethod | Pipeline
    lanes: int
    simulations: float


def ours(problem: Problem, starts: int) -> Pipeline:
    """What the library does by default with this problem; a test compares the two."""
    return Pipeline(
        (
            Scatter(24),
            Shooting(1, steps=10),
            Shooting(1, steps=12),
            Shooting(2, steps=10),
            DifferentialEvolution(300),
            CMAES(150, scale=0.05, horizon=1),
        ),
        lanes=(None, 24, 16, 12, None, None),
        spread=0.3,
    )


def contenders(
    names: Sequence[str], problem: Problem, scale: float, breeder: Breeder
) -> dict[str, Contender]:
    """The methods of these names, with as many simulations as ours.

    Ours gets `scale` times the usual number of starts, at least four.

    **Raises:** `ValueError` for a name that is none of `NAMES`.
    """
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise ValueError(f"there is no method {unknown[0]!r}: take some of {', '.join(NAMES)}.")
    starts = max(_FEWEST, round(STARTS * scale))
    method = ours(problem, starts)
    budget = simulations(method, problem, starts)
    found = {}
    for name in names:
        if name in _RIVALS:
            make, lanes = _RIVALS[name]
            found[name] = rival(functools.partial(make, breeder), problem, budget, lanes)
        else:
            found[name] = Contender(method, starts, budget)
    return found


def rival(
    make: Callable[[int], AbstractMethod], problem: Problem, budget: float, lanes: int
) -> Contender:
    """The method with the fewest iterations that take `budget` simulations or more."""
    one, two = (simulations(make(iterations), problem, lanes) for iterations in (1, 2))
    iterations = 1 + max(0, math.ceil((budget - one) / (two - one)))
    method = make(iterations)
    return Contender(method, lanes, simulations(method, problem, lanes))


_RIVALS: dict[str, tuple[Callable[[Breeder, int], AbstractMethod], int]] = {
    "adam": (lambda _, steps: Adam(steps), STARTS),
    "cma_es": (lambda _, generations: CMAES(generations), _POPULATION),
    "de": (lambda _, generations: DifferentialEvolution(generations), _POPULATION),
    "ga": (lambda breeder, generations: GeneticAlgorithm(generations, breeder), _OFFSPRING),
}
NAMES = ("ours", *_RIVALS)
