"""The ways to fit that are compared, at equal simulations."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import diffneuro as dn
from diffneuro.methods import CMAES, AbstractMethod, Adam, DifferentialEvolution, Pipeline

from .genetic import Breeder, GeneticAlgorithm
from .problems import Problem
from .simulations import simulations

_FEWEST = 4
# What their authors and users take for a dozen to three dozen parameters.
_POPULATION = 64
_DESCENDING = 32
_OFFSPRING = 100


class Contender(NamedTuple):
    """A method, how many lanes it gets, and what it takes with them."""

    method: AbstractMethod | Pipeline
    lanes: int
    simulations: float


def ours(problem: Problem, scale: float = 1.0) -> dn.Search:
    """What the library does by default with this problem, but from `scale` times its starts."""
    usual = dn.default_search(problem.model, problem.loss, len(problem.free))
    return usual._replace(starts=max(_FEWEST, round(scale * usual.starts)))


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
    method, starts = ours(problem, scale)
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
    "adam": (lambda _, steps: Adam(steps), _DESCENDING),
    "cma_es": (lambda _, generations: CMAES(generations), _POPULATION),
    "de": (lambda _, generations: DifferentialEvolution(generations), _POPULATION),
    "ga": (lambda breeder, generations: GeneticAlgorithm(generations, breeder), _OFFSPRING),
}
NAMES = ("ours", *_RIVALS)
