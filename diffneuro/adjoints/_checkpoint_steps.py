"""The state at each step is kept."""

from typing import Any

import jax

from ._adjoint import AbstractAdjoint, Body


class CheckpointSteps(AbstractAdjoint):
    """The state at each step is kept; what happens within is done again on the way back.

    Memory grows with the number of steps. Griewank & Walther 2000, doi:10.1145/347837.347846
    """

    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        return jax.lax.scan(jax.checkpoint(body, prevent_cse=False), x, inputs)
