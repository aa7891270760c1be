"""A synapse that known spikes reach."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractChannel, Membrane, Parameter, is_concrete, parameter
from ._receptor import AbstractImpulseReceptor
from ._release import AbstractRelease


class Arrivals(NamedTuple):
    """The state of a `DrivenSynapse`."""

    time: Array
    """ms since the run began"""
    amounts: Array
    """(spikes,) what each spike releases, which does not change"""


def _spike_times(given: Any) -> tuple[float, ...]:
    return tuple(np.asarray(given, float).ravel().tolist())


class DrivenSynapse(AbstractChannel):
    r"""A synapse onto which spikes come at given times: $g(t) = w \sum_k r_k\, s(t - t_k - d)$.

    $s$ is the course that an arrival gives the `receptor`, $w$ the `weight`, $d$ the `delay` and
    $r_k$ what the `release` lets the k-th spike release, 1 without one. It is a channel: by itself
    it is under voltage clamp and its output is the current (pA); in a `Cell` weights are per
    area, and in one of 100 um2, where 1 mS/cm2 is 1 nS, they are the same. So a recorded
    response to a known train is fitted as any recording is. Times count from the start of the
    run, and the sum is over all spikes in closed form. A receptor that opens at once jumps
    within a step, which no step of the membrane sees: to search a delay take one that rises.
    The clock is a state: in single precision it may drift by 0.2 ms a second, so take double for
    long trains.
    Tsodyks, Pawelzik & Markram 1998, doi:10.1162/089976698300017502
    """

    times: tuple[float, ...] = eqx.field(static=True, converter=_spike_times)
    """ms, ascending"""
    receptor: AbstractImpulseReceptor
    weight: Parameter = parameter(1.0, "nS or pA")
    delay: Parameter = parameter(0.0, "ms", at_least=0.0)
    release: AbstractRelease | None = None

    def __check_init__(self):
        known = np.asarray(self.times)
        if not known.size or not np.isfinite(known).all() or (np.diff(known) <= 0.0).any():
            raise ValueError(
                f"times={self.times} of a DrivenSynapse must be one or more, in ascending order "
                "(ms)."
            )
        if not isinstance(self.receptor, AbstractImpulseReceptor):
            raise ValueError(
                f"receptor={self.receptor!r} of a DrivenSynapse is none that impulses open: give "
                "one, such as synapses.DualExponential()."
            )
        if not isinstance(self.release, AbstractRelease | None) or (
            self.release is not None and self.release.is_noisy()
        ):
            raise ValueError(
                f"release={self.release!r} of a DrivenSynapse must be one without chance, such as "
                "synapses.TsodyksMarkram(), or None."
            )
        negative = is_concrete(self.weight) and (np.asarray(self.weight) < 0.0).any()
        if self.receptor.conducts and negative:
            raise ValueError(
                f"weight={self.weight} nS of a DrivenSynapse is negative, and a conductance is at "
                "least 0: for inhibition take a low reversal potential."
            )

    def amounts(self) -> Array:
        """(spikes,) what each spike releases, relative to the weight."""
        if self.release is None:
            return jnp.ones(len(self.times))
        release = self.release
        waits = np.diff(self.times, prepend=self.times[0])

        def spike(x, wait):
            released, x = release.release(release.flow(x, wait), None)
            return x, released

        rest = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), release.initial_state())
        return jax.lax.scan(spike, rest, jnp.asarray(waits, float))[1]

    def conductance(self, x: Arrivals, /) -> Array:
        """What is open (nS; pA if current-based) in the state `x`."""
        since = x.time - jnp.asarray(self.times, float) - self.delay
        arrived = since > 0.0

        def opened(wait):
            return self.receptor.open_fraction(self.receptor.flow(self.receptor.kick(), wait))

        # Before it arrives a spike's exponentials would grow without bounds.
        each = jax.vmap(opened)(jnp.where(arrived, since, 0.0))
        return self.weight * jnp.sum(jnp.where(arrived, x.amounts * each, 0.0))

    def initial_state(self, u: Membrane, /) -> Arrivals:
        return Arrivals(jnp.zeros(()), self.amounts())

    def vector_field(self, x: Arrivals, u: Membrane, /) -> Arrivals:
        return Arrivals(jnp.ones_like(x.time), jnp.zeros_like(x.amounts))

    def output(self, x: Arrivals, u: Membrane, /) -> Array:
        return self.receptor.current(self.conductance(x), u)

    def carried(self) -> Mapping[str, Any]:
        return self.receptor.carried()
