"""The state at each step is kept."""

from typing import Any

import jax

from .._tree import SOLUTION
from ._adjoint import AbstractAdjoint, Body

# What is kept even of what is done again.
KEEPING = jax.checkpoint_policies.save_only_these_names(SOLUTION)


class CheckpointSteps(AbstractAdjoint):
    """The state at each step is kept, with what a tree was solved for; the rest is done again.

    Memory grows with the number of steps. Griewank & Walther 2000, doi:10.1145/347837.347846
    """

    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        step = jax.checkpoint(body, prevent_cse=False, policy=KEEPING)
        return jax.lax.scan(step, x, inputs)
