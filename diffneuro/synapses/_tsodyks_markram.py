"""Depression and facilitation by two resources."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import Parameter, is_concrete, parameter
from ._release import AbstractRelease

# So many time constants later nothing is left in any precision.
_LONG = 1e3


class Resources(NamedTuple):
    """The state of a `TsodyksMarkram` release."""

    facilitation: Array
    """u: how far the share that a spike uses is raised"""
    available: Array
    """R: what has recovered, a share of all"""


def _left(t: Any, time_constant: Array) -> Array:
    """exp(-t/time_constant), and its limit 0 where the time constant is 0."""
    gone = t >= _LONG * time_constant
    return jnp.where(gone, 0.0, jnp.exp(-t / jnp.where(gone, 1.0, time_constant)))


class TsodyksMarkram(AbstractRelease):
    r"""Short-term depression, facilitation or both: a spike releases $u^+ R$ of a weight.

    At a spike first $u^+ = u + U (1 - u)$, then $R^+ = R - u^+ R$; between spikes
    $\dot u = -u/\tau_f$ and $\dot R = (1 - R)/\tau_r$.

    $U$ is `utilisation`, $\tau_r$ `recovery_time` and $\tau_f$ `facilitation_time`. A time of 0
    is none: without facilitation every spike uses $U$, and without a recovery time all is
    there for every spike. The weight is the absolute strength, of which the first spike after a
    long silence releases $U$. The default is a depressing synapse between pyramidal cells. The
    paper's inactive state of 3 ms is left out: what is released can recover at once.

    Tsodyks, Pawelzik & Markram 1998, doi:10.1162/089976698300017502
    """

    utilisation: Parameter = parameter(0.5, "1", at_least=0.0)
    recovery_time: Parameter = parameter(800.0, "ms", at_least=0.0)
    facilitation_time: Parameter = parameter(0.0, "ms", at_least=0.0)

    def __check_init__(self):
        if is_concrete(self.utilisation) and (np.asarray(self.utilisation) > 1.0).any():
            raise ValueError(
                f"TsodyksMarkram has utilisation={self.utilisation}, which is a share: make it at "
                "most 1."
            )

    def initial_state(self) -> Resources:
        return Resources(jnp.zeros_like(self.utilisation), jnp.ones_like(self.utilisation))

    def flow(self, x: Resources, t: Any, /) -> Resources:
        used = (1.0 - x.available) * _left(t, self.recovery_time)
        return Resources(x.facilitation * _left(t, self.facilitation_time), 1.0 - used)

    def release(self, x: Resources, chance: None, /) -> tuple[Array, Resources]:
        share = x.facilitation + self.utilisation * (1.0 - x.facilitation)
        released = share * x.available
        return released, Resources(share, x.available - released)
