"""Three ways in which the Morris-Lecar model begins to fire."""

from collections.abc import Mapping
from types import MappingProxyType

from ._firing_pattern import FiringPattern


def _pattern(calcium, midpoint, width, rate, current) -> FiringPattern:
    parameters = {
        "calcium_conductance": calcium,
        "potassium_midpoint": midpoint,
        "potassium_width": width,
        "potassium_rate": rate,
    }
    return FiringPattern(MappingProxyType(parameters), current)


# Rinzel & Ermentrout 1998, Analysis of neural excitability and oscillations, in Koch & Segev,
# Methods in Neuronal Modeling, 2nd ed., chapter 7; the last number is a current (pA). Class I
# begins to fire at 3996 pA from rate 0 on, where a saddle-node lies on the limit cycle; class II
# close to its Hopf bifurcation at 9386 pA and at once fast. With faster potassium the limit cycle
# ends on the saddle instead, and at 3800 pA the cell goes on firing or stays at rest.
MORRIS_LECAR_PATTERNS: Mapping[str, FiringPattern] = MappingProxyType(
    {
        "class I": _pattern(4.0, 12.0, 17.4, 1.0 / 15.0, 4200.0),
        "class II": _pattern(4.4, 2.0, 30.0, 0.04, 10000.0),
        "homoclinic": _pattern(4.0, 12.0, 17.4, 0.23, 3800.0),
    }
)
