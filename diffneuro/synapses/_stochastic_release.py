"""Release sites that each release at random."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from ._release import AbstractRelease
from ._tsodyks_markram import Resources, TsodyksMarkram


class StochasticRelease(AbstractRelease):
    r"""Quanta: of $N$ sites each releases with probability $u^+ q_i$, its $1/N$ of a weight.

    $u$ follows `plasticity`, as in its mean field. $q_i$ is how probable it is that site i
    holds a vesicle, given what it has released: 0 after a release, $q_i (1 - u^+)/(1 - u^+ q_i)$
    after a failure, and between spikes $\dot q_i = (1 - q_i)/\tau_r$. So every site is filled
    again at the rate $1/\tau_r$, at times of which only their effect is drawn.

    With `TsodyksMarkram(p, recovery_time=0.0)` the number of quanta is binomial, of mean $Np$
    and variance $Np(1 - p)$. Without a key what is released is the mean over all keys, for
    whatever spike times, which is what has a derivative.

    Quanta: del Castillo & Katz 1954, doi:10.1113/jphysiol.1954.sp005129. Sites that are empty
    after a release: Fuhrmann et al. 2002, doi:10.1152/jn.00258.2001
    """

    plasticity: TsodyksMarkram = eqx.field(default_factory=TsodyksMarkram)
    sites: int = eqx.field(default=5, static=True)

    def __check_init__(self):
        if not isinstance(self.plasticity, TsodyksMarkram):
            raise ValueError(
                f"plasticity={self.plasticity!r} of a StochasticRelease must be a TsodyksMarkram: "
                "TsodyksMarkram(0.3, recovery_time=0.0) releases with probability 0.3."
            )
        if isinstance(self.sites, bool) or not isinstance(self.sites, int) or self.sites < 1:
            raise ValueError(
                f"sites={self.sites!r} of a StochasticRelease must be a whole number, at least 1."
            )

    def initial_state(self) -> Resources:
        x = self.plasticity.initial_state()
        return x._replace(available=jnp.broadcast_to(x.available, (self.sites,)))

    def flow(self, x: Resources, t: Any, /) -> Resources:
        return self.plasticity.flow(x, t)

    def release(self, x: Resources, chance: Array | None, /) -> tuple[Array, Resources]:
        probability, after = self.plasticity.release(x, None)
        if chance is None:
            return jnp.mean(probability), after
        released = chance < probability
        failure = jnp.where(released, 1.0, 1.0 - probability)
        available = jnp.where(released, 0.0, after.available / failure)
        share = jnp.mean(released.astype(probability.dtype))
        return share, after._replace(available=available)

    def is_noisy(self) -> bool:
        return True

    def chances(self, key: Array, shape: tuple[int, ...], /) -> Array:
        """Numbers between 0 and 1, one for each spike and site: `shape` + (sites,)."""
        return jax.random.uniform(key, (*shape, self.sites), jnp.result_type(float))
