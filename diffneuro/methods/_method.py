"""What a method is: a way to search for parameters."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
from jax import Array

Objective = Callable[..., Array]
"""`objective(position)`: from (P,) free coordinates to the (m,) residuals whose sum of squares is
the loss. `objective(position, gain)`: with a gain (1/ms), of the model pulled towards the
recording. `objective(position, gain, horizon)`: of the free model over so many recorded spikes,
from each of them and from the state in which the pulled model passes it."""

_SMALLEST_POPULATION = 4
FARTHEST = 6.0
"""Free coordinates stay within this of 0: past it a bounded parameter is at its bound."""


class AbstractMethod(eqx.Module):
    """A search over free coordinates, of many starts (lanes) that do not see each other.

    The state is a pytree whose every array belongs to one lane; it has at least the fields
    `position` (P,) and `loss` (). `mix`, between iterations, is where lanes may meet.
    """

    @property
    @abc.abstractmethod
    def iterations(self) -> int:
        """How many times `update` is to be called."""

    @abc.abstractmethod
    def tangents(self, count: int, /) -> int:
        """How many derivatives `update` carries side by side, of `count` parameters."""

    @abc.abstractmethod
    def start(self, objective: Objective, position: Array, /) -> Any:
        """The state of one lane at its starting position."""

    @abc.abstractmethod
    def update(self, objective: Objective, state: Any, iteration: Array, /) -> Any:
        """One iteration of one lane."""

    @abc.abstractmethod
    def mix(self, states: Any, iteration: int, key: Array, /) -> Any:
        """All lanes (a leading axis on every array) before iteration number `iteration`."""


class AbstractStagedMethod(AbstractMethod):
    """A method whose loss is not comparable from one stage to the next."""

    @abc.abstractmethod
    def stage(self, iteration: int, /) -> str:
        """What this iteration's stage is called, for progress and the report."""


class AbstractWindowedMethod(AbstractStagedMethod):
    """A method that asks the objective for windows between recorded spikes."""

    @property
    @abc.abstractmethod
    def horizons(self) -> tuple[int, ...]:
        """Over how many spikes the windows go that it asks for."""


def check_population(method: AbstractMethod, lanes: int) -> None:
    """Raise a `ValueError` where there are too few lanes for a method that mixes them."""
    if lanes < _SMALLEST_POPULATION:
        raise ValueError(
            f"{type(method).__name__} needs a population: give fit starts=, and Pipeline lanes=, "
            f"of {_SMALLEST_POPULATION} or more, not {lanes}."
        )
