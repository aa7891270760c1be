"""What the caller asks of a reader, what a reader returns."""

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ._recording import chosen

CURRENTS = ("auto", "measured", "command")


class Request(NamedTuple):
    """The arguments of `load` that readers use."""

    sweeps: int | Sequence[int] | None
    channel: int | str | None
    current: str
    current_scale: float | None
    voltage_scale: float | None

    def pick(self, existing: Sequence[int]) -> tuple[int, ...]:
        """The numbers of the sweeps to read, out of those in the file."""
        return chosen(self.sweeps, existing)

    @property
    def named_current(self) -> str | None:
        """The name of the current's channel, or None where a kind of current is asked for."""
        return None if self.current in CURRENTS else self.current


class Trace(NamedTuple):
    """One sweep: voltage (n,) mV, current (n,) pA, sampling interval ms."""

    number: int
    voltage: np.ndarray
    current: np.ndarray
    dt: float


class Contents(NamedTuple):
    """What a reader found in a file."""

    traces: list[Trace]
    metadata: dict[str, Any]


def choose(argument: str, wanted: int | str | None, names: Sequence[str], what: str) -> int:
    """The position in `names` that `wanted` (a name or a position) means; the only one for None.

    Raises ValueError, naming `argument`, if there is no such one or the choice is open.
    """
    offer = ", ".join(f"{name!r} ({position})" for position, name in enumerate(names))
    if wanted is None and len(names) == 1:
        return 0
    if wanted is None:
        raise ValueError(f"{argument} is open, the file holds {what} {offer}: name one of them")
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return wanted
    if isinstance(wanted, str) and list(names).count(wanted) == 1:
        return list(names).index(wanted)
    if isinstance(wanted, str) and wanted in names:
        raise ValueError(
            f"{argument} {wanted!r} names several of {what} {offer}: give its position"
        )
    raise ValueError(f"{argument} {wanted!r} is not in the file: choose from {what} {offer}")


def missing_package(package: str, error: ImportError) -> NoReturn:
    """Say how to get the package that reads this format."""
    raise ImportError(
        f"{package} reads this format and needs the io extra: pip install 'diffneuro[io]'"
    ) from error
