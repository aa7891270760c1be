"""Everything within a step is kept."""

from typing import Any

import jax

from ._adjoint import AbstractAdjoint, Body


class StoreAll(AbstractAdjoint):
    """The plain loop: its backward pass reads some 80 numbers a step instead of 4.

    One Hodgkin-Huxley cell alone is no slower so, where the loop is folded, but takes some nine
    times the memory: for a look at what checkpointing gains.
    """

    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        return jax.lax.scan(body, x, inputs)
