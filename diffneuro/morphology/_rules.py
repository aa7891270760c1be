"""Into how many compartments a section is cut."""

import abc
import dataclasses
import math

import numpy as np

from ._frusta import cut
from ._morphology import Section


class AbstractRule(abc.ABC):
    """Says into how many compartments of equal length a section is cut."""

    @abc.abstractmethod
    def count(self, section: Section, /) -> int:
        """How many compartments, at least 1."""


@dataclasses.dataclass(frozen=True)
class MaximumLength(AbstractRule):
    """No compartment is longer than `length` (um)."""

    length: float

    def __post_init__(self):
        _check_positive(self, "length", "um")

    def count(self, section: Section, /) -> int:
        """The least number that does."""
        # A length that is a multiple up to rounding is that multiple.
        return max(1, math.ceil(section.length / self.length * (1.0 - 1e-12)))


@dataclasses.dataclass(frozen=True)
class Count(AbstractRule):
    """Each section has `number` compartments."""

    number: int

    def __post_init__(self):
        if self.number != int(self.number) or self.number < 1:
            raise ValueError(f"Count has number={self.number}: make it a whole number above 0.")

    def count(self, section: Section, /) -> int:
        """The number."""
        return int(self.number)


@dataclasses.dataclass(frozen=True)
class DLambda(AbstractRule):
    r"""No compartment is longer than a fraction of the length constant at a high frequency.

    $$N = 2\left\lfloor\tfrac12\left(\frac{1}{d}\int\frac{\mathrm{d}x}{\lambda_f} + 0.9\right)
    \right\rfloor + 1, \qquad \lambda_f = \tfrac12\sqrt{\frac{2r}{\pi f R_a C_m}}$$

    so an odd number, which puts a compartment in the middle. Along a taper the integral is
    exact; NEURON takes the root of the mean radius of each frustum, which in a steep taper is a
    little less. Arguments: `fraction` $d$; `frequency` $f$, Hz; `axial_resistivity` $R_a$,
    Ohm cm; `capacitance` $C_m$, uF/cm2. Hines and Carnevale (2001),
    doi:10.1177/107385840100700207.
    """

    fraction: float = 0.1
    frequency: float = 100.0
    axial_resistivity: float = 100.0
    capacitance: float = 1.0

    def __post_init__(self):
        for name, unit in (
            ("fraction", "1"),
            ("frequency", "Hz"),
            ("axial_resistivity", "Ohm cm"),
            ("capacitance", "uF/cm2"),
        ):
            _check_positive(self, name, unit)

    def count(self, section: Section, /) -> int:
        """The odd number of the equation."""
        # 1e-4 cm in a um, 1e-6 F in a uF; the result in um.
        load = np.pi * self.frequency * self.axial_resistivity * self.capacitance * 1e-6
        unit = 0.5e4 * math.sqrt(2e-4 / load)
        along = cut(section, np.array([0.0, 1.0])).inverse_root_length().sum() / unit
        return 2 * int(0.5 * (along / self.fraction + 0.9)) + 1


def _check_positive(rule: AbstractRule, name: str, unit: str) -> None:
    value = getattr(rule, name)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{type(rule).__name__} has {name}={value} {unit}: make it above 0.")
