"""The state at the start of each chunk of steps is kept."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ._adjoint import AbstractAdjoint, Body
from ._checkpoint_steps import CheckpointSteps


class CheckpointChunks(AbstractAdjoint):
    r"""Two levels: the state is kept at each of about $\sqrt n$ chunks of `length` steps.

    On the way back each chunk is run again, with the state at each of its steps kept. Memory
    grows with the square root of the number of steps; the backward pass costs one forward run
    more. Griewank & Walther 2000, doi:10.1145/347837.347846
    """

    length: int | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if self.length is not None and self.length < 1:
            raise ValueError(f"length={self.length} of CheckpointChunks must be at least 1.")

    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        return scan_in_chunks(body, x, inputs, self.length)


def scan_in_chunks(
    body: Body,
    x: Any,
    inputs: Any,
    length: int | None,
    policy: Callable[..., bool] | None = None,
) -> tuple[Any, Any]:
    """The scan of chunks, of which `policy` says what is kept beside their starts."""
    count = jax.tree.leaves(inputs)[0].shape[0]
    length = min(count, length or math.isqrt(max(count - 1, 0)) + 1)
    chunks = count // length

    def fold(values):
        return values[: chunks * length].reshape(chunks, length, *values.shape[1:])

    def unfold(values):
        return values.reshape(chunks * length, *values.shape[2:])

    steps = CheckpointSteps()
    chunk = jax.checkpoint(lambda x, u: steps.scan(body, x, u), prevent_cse=False, policy=policy)
    x, kept = jax.lax.scan(chunk, x, jax.tree.map(fold, inputs))
    kept = jax.tree.map(unfold, kept)
    if chunks * length == count:
        return x, kept
    rest = jax.tree.map(lambda values: values[chunks * length :], inputs)
    x, last = steps.scan(body, x, rest)
    return x, jax.tree.map(lambda *parts: jnp.concatenate(parts), kept, last)
