"""Who reaches whom, and how strongly."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import as_parameter, is_concrete
from ._events import Columns, add_all, add_events, outgoing


def _weights() -> Any:
    return eqx.field(converter=as_parameter, metadata={"unit": "nS or pA"})


class AbstractConnection(eqx.Module):
    """Weights from the cells of one population to those of another.

    What passes a connection is a row of values for each presynaptic cell; what comes out is,
    for each postsynaptic cell, the sum of the rows that reach it times their weights.
    """

    weights: eqx.AbstractVar[Any]
    """nS onto conductance-based synapses and gap junctions, pA onto current-based ones"""

    def check_numbers(self) -> None:
        """Raise a `ValueError` unless the weights are finite numbers."""
        if not isinstance(self.weights, jax.Array):
            raise ValueError(
                f"the weights of {type(self).__name__} are no numbers in rows of one length: "
                f"{self.weights!r}."
            )
        if is_concrete(self.weights) and not np.isfinite(np.asarray(self.weights)).all():
            raise ValueError(
                f"the weights of {type(self).__name__} hold NaN or inf: give finite numbers."
            )

    @abc.abstractmethod
    def check(self, sources: int, targets: int, name: str, /) -> None:
        """Raise a `ValueError` unless it joins populations of these sizes."""

    @abc.abstractmethod
    def spread(self, values: Array, targets: int, /) -> Array:
        """(targets, k) from (sources, k)."""

    @abc.abstractmethod
    def spread_events(self, values: Columns, targets: int, /) -> Columns:
        """(targets,) each of one (sources,) or more; fast where most cells have only zeros."""

    @abc.abstractmethod
    def matrix(self, sources: int, targets: int, /) -> Array:
        """(targets, sources) the weights, 0 where there is no connection."""


class Dense(AbstractConnection):
    """A weight for every pair."""

    weights: Any = _weights()
    """(targets, sources)"""

    def check(self, sources: int, targets: int, name: str, /) -> None:
        if jnp.shape(self.weights) != (targets, sources):
            raise ValueError(
                f"{name}: the weights of Dense have shape {jnp.shape(self.weights)}, but "
                f"{sources} cells reach {targets}: make it ({targets}, {sources}), a row for each "
                "postsynaptic cell."
            )

    def spread(self, values: Array, targets: int, /) -> Array:
        return self.weights @ values

    def spread_events(self, values: Columns, targets: int, /) -> Columns:
        # Rows, because a batch of them is one product of matrices without a transposition.
        return tuple(self.spread_rows(jnp.stack(values)))

    def spread_rows(self, values: Array, /) -> Array:
        """(k, targets) from (k, sources)."""
        return values @ self.weights.T

    def matrix(self, sources: int, targets: int, /) -> Array:
        return self.weights


class OneToOne(AbstractConnection):
    """Each cell reaches the one of the same number."""

    weights: Any = _weights()
    """one number, or (cells,)"""

    def check(self, sources: int, targets: int, name: str, /) -> None:
        if sources != targets:
            raise ValueError(
                f"{name}: OneToOne joins populations of one size, not {sources} and {targets}: "
                "take Dense or Sparse."
            )
        if jnp.shape(self.weights) not in ((), (targets,)):
            raise ValueError(
                f"{name}: the weights of OneToOne have shape {jnp.shape(self.weights)}: give one "
                f"number or ({targets},)."
            )

    def spread(self, values: Array, targets: int, /) -> Array:
        return jnp.broadcast_to(self.weights, (targets,))[:, None] * values

    def spread_events(self, values: Columns, targets: int, /) -> Columns:
        return _by_columns(self.spread(jnp.stack(values, 1), targets))

    def matrix(self, sources: int, targets: int, /) -> Array:
        return jnp.diag(jnp.broadcast_to(self.weights, (targets,)))


class Sparse(AbstractConnection):
    """A list of synapses, from cell `sources[i]` to cell `targets[i]`; a pair may have several.

    Its time goes with the synapses of the cells that fire. Derivatives take all synapses.
    """

    sources: Array
    """(synapses,) numbers of presynaptic cells"""
    targets: Array
    """(synapses,) numbers of postsynaptic cells"""
    order: Array | None
    """the numbers of the synapses sorted by `sources`, from which it is made; None if they are"""
    begins: Array
    """where in `order` the synapses of each presynaptic cell begin"""
    weights: Any = _weights()
    """one number, or (synapses,)"""

    def __init__(self, sources: Any, targets: Any, weights: Any):
        known = [np.asarray(cells) for cells in (sources, targets)]
        for name, cells in zip(("sources", "targets"), known, strict=True):
            if cells.ndim != 1 or (cells.size and cells.dtype.kind not in "iu"):
                raise ValueError(
                    f"{name} of Sparse must be one list of whole numbers of cells, not an array "
                    f"of {cells.dtype} and shape {cells.shape}."
                )
            if cells.size and cells.min() < 0:
                raise ValueError(f"{name} of Sparse names cell {cells.min()}: cells count from 0.")
        if known[0].shape != known[1].shape:
            raise ValueError(
                f"sources and targets of Sparse have {known[0].size} and {known[1].size} entries: "
                "give two lists of one length."
            )
        self.sources, self.targets = (jnp.asarray(cells, int) for cells in known)
        self.weights = as_parameter(weights)
        order, begins = outgoing(known[0].astype(int))
        self.order = None if order is None else jnp.asarray(order)
        self.begins = jnp.asarray(begins)

    def check(self, sources: int, targets: int, name: str, /) -> None:
        shape = jnp.shape(self.sources)
        if jnp.shape(self.weights) not in ((), shape):
            raise ValueError(
                f"{name}: the weights of Sparse have shape {jnp.shape(self.weights)}: give one "
                f"number or one for each of the {shape[0]} synapses."
            )
        for what, cells, size in (
            ("sources", self.sources, sources),
            ("targets", self.targets, targets),
        ):
            if is_concrete(cells) and np.size(cells) and np.max(cells) >= size:
                raise ValueError(
                    f"{name}: {what} of Sparse names cell {np.max(cells)}, but the population has "
                    f"the cells 0 to {size - 1}."
                )

    def spread(self, values: Array, targets: int, /) -> Array:
        return add_all(self._each(), values, self.sources, self.targets, targets)

    def spread_events(self, values: Columns, targets: int, /) -> Columns:
        leaving = (self.order, self.begins)
        return add_events(self.weights, values, self.sources, self.targets, leaving, targets)

    def gather(self, values: Array, targets: int, /) -> Array:
        """(targets, k) from (synapses, k), a row of values for each synapse."""
        return jax.ops.segment_sum(self._each()[:, None] * values, self.targets, targets)

    def matrix(self, sources: int, targets: int, /) -> Array:
        weights = self._each()
        empty = jnp.zeros((targets, sources), weights.dtype)
        return empty.at[self.targets, self.sources].add(weights)

    def _each(self) -> Array:
        return jnp.broadcast_to(self.weights, self.sources.shape)


def _by_columns(values: Array) -> Columns:
    return tuple(values[:, column] for column in range(values.shape[1]))


def has_negative(weights: Any) -> bool:
    """Whether weights that can be looked at now have a negative one among them."""
    return is_concrete(weights) and bool((np.asarray(weights) < 0.0).any())
