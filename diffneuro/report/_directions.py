"""Stiff and sloppy directions in words."""

import math
from html import escape

import numpy as np
from numpy.typing import NDArray

from .._result import FitResult
from ._text import fixed

_SMALLEST = 0.3
_FLAT = 1e-12


def directions_described(result: FitResult) -> str:
    """Which combinations of parameters the recording fixes best and worst, as HTML."""
    found = result.identifiability()
    told = f"<p>{escape(' '.join(found.sentences))}</p>"
    if len(found.names) < 2 or not found.curvatures[0] > 0:
        return told
    stiff = _combination(found.names, found.directions[:, 0])
    sloppy = _combination(found.names, found.directions[:, -1])
    ratio = found.curvatures[-1] / found.curvatures[0]
    if ratio < _FLAT:
        cost = "along it the loss does not change, as far as the arithmetic can tell"
    else:
        decades = fixed(-math.log10(ratio), 1)
        cost = f"along it the loss rises {decades} decades less steeply"
    return (
        f"{told}<p>The stiffest direction, which the recording fixes best, is {stiff}. The "
        f"sloppiest is {sloppy}: {cost}. The numbers are weights of the parameters in free "
        "coordinates (a logistic stretch of the range between the bounds); opposite signs move "
        "oppositely.</p>"
    )


def _combination(names: tuple[str, ...], weights: NDArray) -> str:
    order = np.argsort(-np.abs(weights))
    weights = weights * np.sign(weights[order[0]])
    kept = [i for i in order if abs(weights[i]) >= _SMALLEST]
    return ", ".join(
        f"<code>{escape(names[i])}</code> ({_signed(float(weights[i]))})" for i in kept
    )


def _signed(value: float) -> str:
    return f"+{value:.2f}" if value >= 0 else fixed(value, 2)
