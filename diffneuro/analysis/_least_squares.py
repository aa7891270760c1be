"""Curves of three parameters through points."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


def check_points(x: NDArray, y: NDArray, name: str) -> None:
    """Raise a `ValueError` for points that are too few, of unlike shapes or not finite."""
    if x.ndim != 1 or x.shape != y.shape or x.size <= 3:
        raise ValueError(
            f"the {name} needs at least four points, one value for each: there are {x.shape} "
            f"and {y.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"the {name} goes through finite points only: leave the others out.")


def least_squares(
    curve: Callable[..., NDArray], x: NDArray, y: NDArray, guess: Sequence[float], name: str
) -> tuple[list[float], tuple[float, float, float]]:
    """The three parameters with which `curve` goes through points, and their standard errors.

    **Raises:** `ValueError` where the search does not end.
    """
    from scipy.optimize import OptimizeWarning, curve_fit

    try:
        with warnings.catch_warnings():
            # Its errors are then infinite, which says it as well.
            warnings.simplefilter("ignore", OptimizeWarning)
            found, covariance = curve_fit(curve, x, y, p0=guess, maxfev=5000)
    except RuntimeError as error:
        raise ValueError(
            f"no {name} fits these points ({error}): look at them, or narrow the window."
        ) from None
    first, second, third = np.sqrt(np.diag(covariance)).tolist()
    return [float(value) for value in found], (first, second, third)
