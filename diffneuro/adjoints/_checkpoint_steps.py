"""The state at each step is kept."""

from typing import Any

import jax

from .._tree import SOLUTION
from ._adjoint import AbstractAdjoint, Body


class CheckpointSteps(AbstractAdjoint):
    """The state at each step is kept, with what a tree was solved for; the rest is done again.

    Memory grows with the number of steps. Griewank & Walther 2000, doi:10.1145/347837.347846
    """

    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        keeping = jax.checkpoint_policies.save_only_these_names(SOLUTION)
        step = jax.checkpoint(body, prevent_cse=False, policy=keeping)
        return jax.lax.scan(step, x, inputs)
