"""BluePyOpt's IBEA, which asks for losses through a pipe."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from bluepyopt import (  # pyright: ignore[reportMissingImports]
    evaluators,
    objectives,
    parameters,
)
from bluepyopt.deapext import algorithms  # pyright: ignore[reportMissingImports]
from bluepyopt.deapext.optimisations import (  # pyright: ignore[reportMissingImports]
    DEAPOptimisation,
)


class UnitCube(evaluators.Evaluator):
    """So many parameters between 0 and 1, and one objective, which is evaluated elsewhere."""

    def __init__(self, count: int):
        self.objectives = [objectives.Objective("loss")]
        self.params = [parameters.Parameter(f"x{i}", bounds=[0.0, 1.0]) for i in range(count)]

    def init_simulator_and_evaluate_with_lists(self, params: Sequence[float]) -> list[float]:
        """Never called: whole populations go through the pipe."""
        raise NotImplementedError


def asking(answers: TextIO, questions: TextIO) -> Callable[..., list[list[float]]]:
    """A `map` that writes the population as one line and reads one line of losses."""

    def mapped(_, population) -> list[list[float]]:
        questions.write(json.dumps([list(member) for member in population]) + "\n")
        questions.flush()
        line = answers.readline()
        if not line:
            sys.exit()
        return [[loss] for loss in json.loads(line)[: len(population)]]

    return mapped


def main() -> None:
    """Search as the first line says, until there is nobody who asks."""
    # What the packages print must not come between the populations.
    questions = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    order = json.loads(sys.stdin.readline())
    # The record of all ancestors would be copied at every generation; nothing reads it.
    algorithms.utils.update_history_and_hof = lambda hof, history, population: None
    search = DEAPOptimisation(
        UnitCube(order["parameters"]),
        seed=order["seed"],
        offspring_size=order["population"],
        map_function=asking(sys.stdin, questions),
        selector_name="IBEA",
    )
    search.run(max_ngen=order["generations"])


if __name__ == "__main__":
    main()
