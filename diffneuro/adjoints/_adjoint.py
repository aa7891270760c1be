"""What an adjoint is: what a time loop keeps for later."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx

Body = Callable[[Any, Any], tuple[Any, Any]]
"""One step of a loop: (state, input) -> (state, what is kept)."""


class AbstractAdjoint(eqx.Module):
    """How a time loop is run so that its reverse-mode derivative is affordable.

    The values, and derivatives in forward mode, are the same with each.
    """

    @abc.abstractmethod
    def scan(self, body: Body, x: Any, inputs: Any, /) -> tuple[Any, Any]:
        """The last state, and what each step kept, stacked; as `jax.lax.scan`."""
