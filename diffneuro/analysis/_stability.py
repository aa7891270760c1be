"""The kind of a fixed point, in words."""

import numpy as np
from numpy.typing import NDArray

# Below this share of the largest eigenvalue a real part is rounding.
_ROUNDING = 1e-9


def stability(jacobian: NDArray) -> str:
    """What a Jacobian (n, n) makes of a fixed point.

    **Returns:** "stable" or "unstable" with "node" or "focus", "saddle", "saddle-focus" where
    a spiral leaves or enters a saddle of more than two variables, or "centre" where a pair of
    eigenvalues has no real part, and "degenerate" where one is zero.
    """
    eigenvalues = np.linalg.eigvals(np.asarray(jacobian, float))
    real = eigenvalues.real
    scale = _ROUNDING * np.abs(eigenvalues).max()
    if (np.abs(eigenvalues) <= scale).any():
        return "degenerate"
    if (np.abs(real) <= scale).any():
        return "centre"
    turns = (np.abs(eigenvalues.imag) > scale).any()
    if (real > 0).any() and (real < 0).any():
        return "saddle-focus" if turns else "saddle"
    # The slowest direction is the one from which a fixed point is seen to be approached.
    leading = eigenvalues[np.argmin(np.abs(real))]
    shape = "focus" if abs(leading.imag) > scale else "node"
    return f"{'unstable' if (real > 0).any() else 'stable'} {shape}"
