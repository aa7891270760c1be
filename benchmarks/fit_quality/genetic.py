"""BluePyOpt's genetic algorithm as a method of ours."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from diffneuro.methods import AbstractMethod, Objective

from ..processes import ROOT

# Free coordinates end where a bounded parameter is within 0.25 % of its bound, as in the others.
_INSIDE = 1.0 / (1.0 + np.exp(6.0))
_CURE = "make the peers' environment with `make bench-peers`."
_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
_COMMAND = (str(_PYTHON), "-m", "benchmarks.peers.genetic_algorithm")


class Breeder:
    """A process that draws populations and is told their losses."""

    def __init__(self, command: Sequence[str] = _COMMAND):
        self.command = list(command)
        self.process: subprocess.Popen[str] | None = None

    def __repr__(self) -> str:
        return "Breeder()"

    def begin(self, seed: int, population: int, parameters: int, generations: int) -> NDArray:
        """A new search's first population, (<= population, parameters) in the unit cube.

        **Raises:** `RuntimeError` where the process does not answer.
        """
        self.close()
        try:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        except OSError as error:
            raise RuntimeError(f"the genetic algorithm cannot be run ({error}): {_CURE}") from None
        order = {
            "seed": seed,
            "population": population,
            "parameters": parameters,
            "generations": generations,
        }
        return self.ask(order)

    def after(self, losses: NDArray) -> NDArray:
        """The population that follows one with these losses."""
        return self.ask([float(loss) for loss in losses])

    def close(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def ask(self, message: Any) -> NDArray:
        """The population with which the process answers a message."""
        process = self.process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the genetic algorithm has not begun: call begin first.")
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.close()
            raise RuntimeError(
                f"the genetic algorithm ended without an answer: see what it wrote, or {_CURE}"
            )
        return np.asarray(json.loads(answer), float)


class GeneticLane(NamedTuple):
    """One member of the population: its best so far, and what it tries."""

    position: Array
    loss: Array
    trial: Array
    trial_loss: Array


class GeneticAlgorithm(AbstractMethod):
    """Every iteration evaluates the population that BluePyOpt's process draws.

    The starts only say how large the population is; the first one is drawn there, uniformly
    between the bounds. Simulations = starts x generations.
    """

    generations: int
    breeder: Breeder = eqx.field(static=True)

    @property
    def iterations(self) -> int:
        return self.generations

    def tangents(self, count: int, /) -> int:
        return 0

    def start(self, objective: Objective, position: Array, /) -> GeneticLane:
        unknown = jnp.full((), jnp.inf, position.dtype)
        return GeneticLane(position, unknown, position, unknown)

    def update(self, objective: Objective, state: GeneticLane, iteration: Array, /) -> GeneticLane:
        errors = objective(state.trial)
        loss = jnp.sum(errors * errors)
        loss = jnp.where(jnp.isfinite(loss), loss, jnp.inf)
        better = loss < state.loss
        return GeneticLane(
            jnp.where(better, state.trial, state.position),
            jnp.where(better, loss, state.loss),
            state.trial,
            loss,
        )

    def mix(self, states: GeneticLane, iteration: int, key: Array, /) -> GeneticLane:
        population, parameters = states.trial.shape
        if iteration == 0:
            seed = int(jax.random.randint(key, (), 0, 2**31 - 1))
            drawn = self.breeder.begin(seed, population, parameters, self.generations)
        else:
            drawn = self.breeder.after(finite(np.asarray(states.trial_loss, float)))
        # Where fewer are to be evaluated, some are evaluated twice.
        drawn = np.resize(drawn, (population, parameters))
        return states._replace(trial=jnp.asarray(free_coordinates(drawn), states.trial.dtype))


def free_coordinates(fractions: NDArray) -> NDArray:
    """Where in free coordinates a point of the unit cube is."""
    inside = np.clip(fractions, _INSIDE, 1.0 - _INSIDE)
    return np.log(inside) - np.log1p(-inside)


def finite(losses: NDArray) -> NDArray:
    """The same with the worst finite loss for what is not finite, so that ranges stay usable."""
    known = losses[np.isfinite(losses)]
    return np.where(np.isfinite(losses), losses, known.max() if known.size else 1.0)
