"""Cells of one kind, with a parameter set each."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._model import AbstractConductanceModel, AbstractModel, AbstractSpikingModel, parameters


class Source(eqx.Module):
    """Cells that only pass on the spikes that the stimulus gives them."""

    size: int = eqx.field(static=True)

    def __check_init__(self):
        check_size(self.size, "a Source")


class Population(eqx.Module):
    """Cells of one model; a parameter is one number for all, or an array of one for each.

    A cell that does not spike by a rule is said to spike where its voltage rises through
    `threshold` (mV).
    """

    model: AbstractModel
    size: int = eqx.field(static=True)
    threshold: float = eqx.field(static=True, default=0.0)

    def __check_init__(self):
        check_size(self.size, "a Population")
        if not isinstance(self.model, AbstractSpikingModel | AbstractConductanceModel):
            raise ValueError(
                f"model={self.model!r} of a Population is no neuron that spikes: give one, such as "
                "neurons.LIF() or neurons.HodgkinHuxley()."
            )
        if not isinstance(self.threshold, float | int):
            raise ValueError(f"threshold={self.threshold!r} of a Population must be a number, mV.")
        for name, (value, _) in parameters(self.model).items():
            if jnp.shape(value) not in ((), (self.size,)):
                raise ValueError(
                    f"{name} in a Population has shape {jnp.shape(value)}: give one number, or "
                    f"({self.size},) for one in each cell."
                )


def check_size(size: Any, what: str) -> None:
    """Raise a `ValueError` unless a size is a whole number of cells."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(f"size={size!r} of {what} must be a whole number of cells, at least 1.")


def axes_of(model: AbstractModel) -> Any:
    """For `jax.vmap`: 0 where a parameter has one value for each cell, None where it is shared."""
    each = {id(value) for value, _ in parameters(model).values() if jnp.ndim(value) == 1}
    return jax.tree.map(lambda leaf: 0 if id(leaf) in each else None, model)
