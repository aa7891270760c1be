"""Weights that the spikes of a run change."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from ..synapses import STDP, Traces
from ._arrivals import Sent, arriving
from ._connection import Sparse
from ._projection import Projection, ProjectionState
from ._transmission import checked_steps


def begin(made: Projection, x: ProjectionState, sources: int, targets: int) -> ProjectionState:
    """The state with weights and traces that can change."""
    if made.plasticity is None:
        return x
    if isinstance(made.connection, Sparse):
        shape = made.connection.sources.shape
    else:
        shape = (targets, sources)
    weights = jnp.broadcast_to(made.connection.weights, shape)
    rest = made.plasticity.initial_state()
    traces = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, shape), rest)
    return x._replace(traces=traces, weights=weights)


def learn(
    made: Projection,
    x: ProjectionState,
    sent: Sent,
    post: tuple[Array, Array],
    k: Array,
    dt: float,
) -> ProjectionState:
    """Step k of the weights, from spikes that arrive and those that the targets fire (`post`)."""
    law = made.plasticity
    if law is None:
        return x
    post = (post[0], jnp.broadcast_to(post[1], post[0].shape))
    if isinstance(made.connection, Sparse):
        cells = made.connection.sources if made.per_synapse else None
        arrivals = arriving(sent, None, k, checked_steps(made, dt), cells)
        pre = (arrivals.fired, jnp.broadcast_to(arrivals.fraction, arrivals.fired.shape))
        if not made.per_synapse:
            pre = tuple(part[made.connection.sources] for part in pre)
        after = tuple(part[made.connection.targets] for part in post)
    else:
        arrivals = arriving(sent, None, k, checked_steps(made, dt), None)
        at = jnp.broadcast_to(arrivals.fraction, arrivals.fired.shape)
        pre = (arrivals.fired[None, :], at[None, :])
        after = (post[0][:, None], post[1][:, None])
    traces, weights = _step(law, x.traces, x.weights, pre, after, dt)
    return x._replace(traces=traces, weights=weights)


def _step(law: STDP, traces: Traces, weight: Any, pre: tuple, post: tuple, dt: float):
    """Both spikes in their order, with the traces running down in between; elementwise."""
    pre_fired, pre_at = pre[0] > 0.0, jnp.clip(pre[1], 0.0, 1.0)
    post_fired, post_at = post[0] > 0.0, jnp.clip(post[1], 0.0, 1.0)
    pre_first = pre_at <= post_at
    first, second = jnp.minimum(pre_at, post_at), jnp.maximum(pre_at, post_at)

    def spike(traces, weight, is_pre):
        by_pre = law.pre_spike(traces, weight)
        by_post = law.post_spike(traces, weight)
        fired = jnp.where(is_pre, pre_fired, post_fired)
        return jax.tree.map(
            lambda one, other, none: jnp.where(fired, jnp.where(is_pre, one, other), none),
            by_pre,
            by_post,
            (traces, weight),
        )

    traces, weight = spike(law.flow(traces, first * dt), weight, pre_first)
    traces, weight = spike(law.flow(traces, (second - first) * dt), weight, ~pre_first)
    return law.flow(traces, (1.0 - second) * dt), weight
