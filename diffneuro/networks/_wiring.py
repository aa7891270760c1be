"""Connections by a rule, drawn under a key."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from ._connection import Dense, OneToOne, Sparse
from ._population import check_size


def all_to_all(sources: int, targets: int, weight: ArrayLike) -> Dense:
    """Every cell reaches every other with one weight (nS or pA)."""
    check_size(sources, "a connection's sources")
    check_size(targets, "a connection's targets")
    if jnp.ndim(weight):
        raise ValueError(f"weight has shape {jnp.shape(weight)}: give one, or take Dense(weights).")
    return Dense(jnp.broadcast_to(jnp.asarray(weight, float), (targets, sources)))


def one_to_one(weight: ArrayLike) -> OneToOne:
    """Each cell reaches the one of the same number with one weight (nS or pA)."""
    return OneToOne(weight)


def connect_at_random(
    sources: int,
    targets: int,
    probability: float,
    weight: Any,
    key: Array,
    *,
    to_itself: bool = True,
) -> Sparse:
    """Each pair is connected with one probability, independently.

    **Arguments:** `sources`, `targets`, numbers of cells; `probability`, from 0 to 1; `weight`,
    one number (nS or pA), or a function of a key and a shape that draws them; `key`;
    `to_itself`, whether a pair of one number may be connected, which within a population is a
    cell with itself.

    **Raises:** `ValueError` for a probability outside 0 to 1.
    """
    check_size(sources, "a connection's sources")
    check_size(targets, "a connection's targets")
    _check_probability(probability)
    chosen, drawn = _split(key)
    # By the cells' own numbers of partners, as a table of all pairs would be large.
    counts = np.asarray(jax.random.binomial(chosen, sources, probability, (targets,)), int)
    random_numbers = np.random.default_rng(np.asarray(jax.random.key_data(chosen)))
    pre = [random_numbers.choice(sources, count, replace=False) for count in counts]
    post = np.repeat(np.arange(targets), counts)
    before = np.concatenate(pre) if pre else np.zeros(0, int)
    if not to_itself:
        before, post = before[before != post], post[before != post]
    return Sparse(before, post, _drawn(weight, drawn, before.shape))


def connect_by_distance(
    sources: ArrayLike,
    targets: ArrayLike,
    probability: Callable[[np.ndarray], np.ndarray],
    weight: Any,
    key: Array,
    *,
    to_itself: bool = True,
) -> tuple[Sparse, np.ndarray]:
    """Each pair is connected with a probability that depends on its distance.

    **Arguments:** `sources`, `targets`, places (cells, dimensions), um; `probability`, of a
    distance (um); `weight`, one number (nS or pA), or a function of a key and a shape; `key`;
    `to_itself`, as in `connect_at_random`.

    **Returns:** the connection, and each synapse's distance (um), of which to make a delay.

    **Raises:** `ValueError` for places of different dimensions and for a probability outside 0
    to 1.
    """
    for name, places in (("sources", sources), ("targets", targets)):
        if np.ndim(places) != 2:
            raise ValueError(
                f"the places of {name} have shape {np.shape(places)}: give (cells, dimensions), "
                "as places[:, None] for places on a line."
            )
    from_places, to_places = (
        np.atleast_2d(np.asarray(places, float)) for places in (sources, targets)
    )
    if from_places.shape[1] != to_places.shape[1]:
        raise ValueError(
            f"places have {from_places.shape[1]} and {to_places.shape[1]} dimensions: give both "
            "the same."
        )
    distance = np.linalg.norm(to_places[:, None, :] - from_places[None, :, :], axis=2)
    chance = np.asarray(probability(distance), float)
    _check_probability(chance)
    chosen, drawn = _split(key)
    connected = np.asarray(jax.random.uniform(chosen, distance.shape)) < chance
    if not to_itself:
        np.fill_diagonal(connected, False)
    post, pre = np.nonzero(connected)
    return Sparse(pre, post, _drawn(weight, drawn, pre.shape)), distance[post, pre]


def _split(key: Any) -> tuple[Array, Array]:
    if not isinstance(key, jax.Array | np.ndarray):
        raise ValueError(f"key={key!r} is no random key: write key=jax.random.key(0).")
    first, second = jax.random.split(jnp.asarray(key))
    return first, second


def _drawn(weight: Any, key: Array, shape: tuple[int, ...]) -> Any:
    return weight(key, shape) if callable(weight) else weight


def _check_probability(probability: Any) -> None:
    known = np.asarray(probability)
    if not ((known >= 0.0) & (known <= 1.0)).all():
        raise ValueError(f"probability={probability} must be between 0 and 1.")
