"""Channels as Markov schemes of any shape."""

import abc
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import (
    AbstractChannel,
    Ion,
    Membrane,
    Occupancy,
    Parameter,
    check_ranges,
    is_concrete,
    parameter,
)
from .._numerics import exp, stationary

_PROBES = (-120.0, -60.0, 0.0, 60.0)


class _AnyIons(dict[str, Ion]):
    """Some concentrations of whichever ion is asked for, to look at rates without a cell."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Ion:
        return Ion(jnp.asarray(1.0), jnp.asarray(1.0), jnp.asarray(0.0))


def anywhere(v: Any) -> Membrane:
    """A membrane at a voltage (mV) with all ions in it, to look at rates without a cell."""
    return Membrane(v, _AnyIons())


class Pore(NamedTuple):
    """What flows through the channels of a kinetic scheme, and when."""

    conducting: tuple[tuple[str, float], ...]
    """each conducting state and its conductance relative to `g_max`"""
    g_max: Any
    """mS/cm2"""
    reversal_potential: Any
    """mV"""
    ion: str | None
    """who carries the current"""


class AbstractKineticScheme(AbstractChannel):
    r"""A channel that is in one of several states: $\bar g\, \sum_i w_i x_i\, (v - E)$.

    The shares $x_i$ of the states obey $\dot x_i = \sum_j (k_{ji} x_j - k_{ij} x_i)$. A final
    class says at which rates states turn into each other and which of them conduct; the rest
    follows. Where the cell keeps the concentrations of the pore's ion, their Nernst potential
    stands in for its reversal potential.
    """

    @abc.abstractmethod
    def pore(self) -> Pore:
        """What flows in which states."""

    @abc.abstractmethod
    def transitions(self, u: Membrane, /) -> dict[str, dict[str, Any]]:
        """The rate (per ms) from each state to each that it turns into directly."""

    @property
    @abc.abstractmethod
    def states(self) -> tuple[str, ...]:
        """The names of the states, in the order of their shares."""

    def carried(self) -> Mapping[str, float]:
        ion = self.pore().ion
        return {} if ion is None else {ion: 1.0}

    def rate_matrix(self, u: Membrane, /) -> Array:
        """(states, states): the rate (per ms) from the state of the row to that of the column."""
        rates, places = [], []
        for start, ends in self.transitions(u).items():
            for end, rate in ends.items():
                rates.append(jnp.asarray(rate, jnp.result_type(float)))
                places.append((self.states.index(start), self.states.index(end)))
        size = len(self.states)
        # A sum over constants instead of writing each into its place, which would not be fused.
        chosen = np.zeros((size, size, len(rates)))
        for number, (start, end) in enumerate(places):
            chosen[start, end, number] = 1.0
        return jnp.sum(jnp.stack(rates)[None, None, :] * chosen, axis=2)

    def shares(self, x: Occupancy, /) -> dict[str, Array]:
        """The fraction of channels in each state, by its name."""
        return {name: x.fractions[..., place] for place, name in enumerate(self.states)}

    def initial_state(self, u: Membrane, /) -> Occupancy:
        return Occupancy(_settled(self, u))

    def vector_field(self, x: Occupancy, u: Membrane, /) -> Occupancy:
        moving = self.rate_matrix(u) * x.fractions[:, None]
        return Occupancy(jnp.sum(moving, axis=0) - jnp.sum(moving, axis=1))

    def open_fraction(self, x: Occupancy, /) -> Array:
        """The conductance relative to `g_max`."""
        weights = dict(self.pore().conducting)
        return jnp.sum(x.fractions * np.array([weights.get(name, 0.0) for name in self.states]))

    def output(self, x: Occupancy, u: Membrane, /) -> Array:
        pore = self.pore()
        driving_force = u.voltage - u.reversal_potential(pore.ion, pore.reversal_potential)
        return pore.g_max * self.open_fraction(x) * driving_force


# Outside a compiled function each of the many small steps would be compiled by itself.
@eqx.filter_jit
def _settled(scheme: AbstractKineticScheme, u: Membrane) -> Array:
    return stationary(scheme.rate_matrix(u))


class ConstantRate(eqx.Module):
    """A rate that nothing changes."""

    rate: Parameter = parameter(1.0, "1/ms", above=0.0)

    def __check_init__(self):
        check_ranges(self)

    def __call__(self, u: Membrane, /) -> Array:
        return self.rate


class ExponentialRate(eqx.Module):
    r"""A rate $k\, e^{v/s}$ that moves a fixed charge through the membrane.

    It is k at 0 mV; with z elementary charges s is 25 mV/z, negative where depolarisation slows
    the transition.
    """

    rate: Parameter = parameter(1.0, "1/ms", above=0.0)
    slope: Parameter = parameter(25.0, "mV")

    def __check_init__(self):
        check_ranges(self)

    def __call__(self, u: Membrane, /) -> Array:
        return self.rate * exp(u.voltage / self.slope)


def _as_rates(rates: Any) -> Any:
    """Numbers among the rates become parameters."""
    if not isinstance(rates, dict) or not all(isinstance(ends, dict) for ends in rates.values()):
        raise ValueError(
            f"rates={rates!r} must be a dictionary of dictionaries from states to rates, such as "
            "{'C': {'O': 2.0}, 'O': {'C': 1.0}}."
        )
    return {
        start: {end: _as_rate(rate, start, end) for end, rate in ends.items()}
        for start, ends in rates.items()
    }


class _Plain(eqx.Module):
    """A function without parameters, which compiled code is told apart by."""

    function: Callable[[Membrane], Any] = eqx.field(static=True)

    def __call__(self, u: Membrane, /) -> Any:
        return self.function(u)


def _as_rate(rate: Any, start: str, end: str) -> Any:
    if isinstance(rate, eqx.Module):
        return rate
    if callable(rate):
        return _Plain(rate)
    if isinstance(rate, str):
        raise ValueError(
            f"the rate from {start!r} to {end!r} is the text {rate!r}: give a number (per ms), or "
            "a function of the membrane such as ExponentialRate(2.0, 20.0)."
        )
    return ConstantRate(rate)


def _as_pairs(conducting: Any) -> tuple[tuple[str, float], ...]:
    if isinstance(conducting, str):
        return ((conducting, 1.0),)
    if isinstance(conducting, tuple | list) and all(isinstance(one, str) for one in conducting):
        return tuple((name, 1.0) for name in conducting)
    if isinstance(conducting, dict):
        return tuple((name, float(weight)) for name, weight in conducting.items())
    return tuple(conducting)


def _two_state() -> dict[str, dict[str, Callable]]:
    return {
        "closed": {"open": ExponentialRate(2.0, 20.0)},
        "open": {"closed": ExponentialRate(0.5, -40.0)},
    }


class KineticScheme(AbstractKineticScheme):
    r"""A Markov scheme of your own: $\bar g\, \sum_i w_i x_i\, (v - E)$.

    `rates` says at which rate (per ms) each state turns into which:
    `{"C": {"O": ExponentialRate(2.0, 20.0)}, "O": {"C": 0.5}}`; a rate is a number or a function
    of the `Membrane`, so it may depend on the voltage and on the concentrations of ions.
    `conducting` names the open state, or gives each one's relative conductance $w_i$ in a
    dictionary. By default it is a gate of two states.
    Colquhoun & Hawkes 1977, doi:10.1098/rspb.1977.0085
    """

    rates: dict[str, dict[str, Callable]] = eqx.field(
        default_factory=_two_state, converter=_as_rates
    )
    conducting: tuple[tuple[str, float], ...] = eqx.field(
        default="open", converter=_as_pairs, static=True
    )
    g_max: Parameter = parameter(1.0, "mS/cm2", at_least=0.0)
    reversal_potential: Parameter = parameter(0.0, "mV")
    ion: str | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        _check_connected(self.rates)
        for name, weight in self.conducting:
            if name not in self.states:
                raise ValueError(
                    f"conducting names {name!r}, which is no state of the scheme: choose among "
                    f"{', '.join(self.states)}."
                )
            if weight < 0.0:
                raise ValueError(
                    f"conducting gives {name!r} the conductance {weight:g}: make it at least 0."
                )
        self._check_rates()

    def pore(self) -> Pore:
        return Pore(self.conducting, self.g_max, self.reversal_potential, self.ion)

    @property
    def states(self) -> tuple[str, ...]:
        # JAX sorts the keys of a dictionary, so this order outlives every transformation.
        return tuple(sorted(self.rates))

    def transitions(self, u: Membrane, /) -> dict[str, dict[str, Any]]:
        return {
            start: {end: rate(u) for end, rate in ends.items()}
            for start, ends in self.rates.items()
        }

    def _check_rates(self):
        """Refuse rates that are negative somewhere, as far as numbers can be looked at."""
        for v in _PROBES:
            try:
                rates = self.transitions(anywhere(jnp.asarray(v)))
            except TypeError as error:
                raise ValueError(
                    "a rate of a KineticScheme must be a number or a function of the membrane, "
                    f"whose voltage is u.voltage: lambda u: jnp.exp(u.voltage / 20) ({error})."
                ) from error
            for start, ends in rates.items():
                for end, rate in ends.items():
                    rate = jnp.asarray(rate)
                    if is_concrete(rate) and not (np.asarray(rate) >= 0.0).all():
                        raise ValueError(
                            f"the rate from {start!r} to {end!r} is {rate} per ms at {v:g} mV: "
                            "make it positive at every voltage."
                        )


def _check_connected(rates: dict[str, dict[str, Any]]) -> None:
    """Raise a `ValueError` unless every state can be left and reached from every other."""
    arrows = {(start, end) for start, ends in rates.items() for end in ends}
    if not arrows:
        raise ValueError("rates is empty: give at least two states and what leads between them.")
    for start, end in sorted(arrows):
        if start == end:
            raise ValueError(f"rates leads from {start!r} to itself: leave that rate out.")
    for start, end in sorted(arrows):
        if end not in rates:
            raise ValueError(
                f"no rate leads out of {end!r}, which {start!r} turns into: give rates[{end!r}], "
                "or correct the name."
            )
    first = min(rates)
    for name in sorted(_reached(first, arrows).symmetric_difference(rates)):
        raise ValueError(f"state {name!r} is never reached from {first!r}: give a rate into it.")
    back = _reached(first, {(end, start) for start, end in arrows})
    for name in sorted(set(rates) - back):
        raise ValueError(
            f"state {name!r} never turns back into {first!r}: give a rate that leads out of it."
        )


def _reached(first: str, arrows: set[tuple[str, str]]) -> set[str]:
    found, waiting = {first}, [first]
    while waiting:
        here = waiting.pop()
        new = {end for start, end in arrows if start == here} - found
        found |= new
        waiting.extend(new)
    return found


def pairs(scheme: AbstractKineticScheme) -> list[tuple[int, int]]:
    """The places of states that turn into each other directly, each pair once."""
    shape = jax.eval_shape(lambda v: scheme.transitions(anywhere(v)), jnp.zeros(()))
    places = scheme.states.index
    ends = ((places(start), places(end)) for start in shape for end in shape[start])
    return sorted({(min(pair), max(pair)) for pair in ends})
