"""Starts of chunks are kept, and each step's solution."""

from typing import Any

import equinox as eqx

from ._adjoint import AbstractAdjoint, Body
from ._checkpoint_chunks import scan_in_chunks
from ._checkpoint_steps import KEEPING


class CheckpointSolutions(AbstractAdjoint):
    r"""Two levels, as `CheckpointChunks`, but no tree is solved twice for the same voltages.

    Memory grows with the number of steps, by a voltage for each compartment; the backward pass
    costs one forward run more, but for the solving, which is half of a cable's. Of other models
    nothing is kept beyond the chunks. Griewank & Walther 2000, doi:10.1145/347837.347846
    """

    length: int | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if self.length is not None and self.length < 1:
            raise ValueError(f"length={self.length} of CheckpointSolutions must be at least 1.")

    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        return scan_in_chunks(body, x, inputs, self.length, KEEPING)
