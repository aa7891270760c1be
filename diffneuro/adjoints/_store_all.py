"""Everything within a step is kept."""

from typing import Any

import jax

from ._adjoint import AbstractAdjoint, Body


class StoreAll(AbstractAdjoint):
    """The plain loop: its backward pass reads some 80 numbers a step instead of 4.

    For a look at what checkpointing gains; it is slower and larger on every machine measured.
    """

    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        return jax.lax.scan(body, x, inputs)
