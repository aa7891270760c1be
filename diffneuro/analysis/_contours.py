"""Curves on which a function of the plane is zero."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_HALVINGS = 50

# The corners of a cell, anticlockwise from below left, and its edges below, right, above, left.
_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))


def zero_contours(
    function: Callable[[NDArray, NDArray], NDArray], x: NDArray, y: NDArray
) -> list[NDArray]:
    """Where `function` is zero in a window, as lines.

    Marching squares: each edge of the grid on whose ends the function has two signs is halved
    to rounding, so every corner of a line lies on the curve itself, whatever the grid, and only
    the straight pieces between are approximate. In a cell through which two branches pass, its
    middle decides which corners belong together. Lorensen & Cline 1987, doi:10.1145/37402.37422

    **Arguments:** `function` of two arrays (k,) each, NaN where it is not defined; `x` (m,) and
    `y` (n,), the rising lines of the grid.

    **Returns:** lines (k, 2), one for each piece of the curve; a closed one ends where it begins.
    """
    values = function(*(part.ravel() for part in np.meshgrid(x, y, indexing="ij")))
    positive = _signs(values.reshape(len(x), len(y)))
    ends, neighbours = _segments(function, x, y, positive)
    if not ends:
        return []
    order = {edge: number for number, edge in enumerate(ends)}
    points = _roots(function, np.array([ends[edge] for edge in order]))
    return [points[[order[edge] for edge in line]] for line in _chains(neighbours)]


def _signs(values: NDArray) -> NDArray:
    """1 where positive, 0 where not, -1 where not defined."""
    return np.where(np.isnan(values), -1, (values > 0).astype(int))


def _segments(function, x, y, positive) -> tuple[dict, dict]:
    """The edges that the curve crosses with their ends, and which of them are joined in a cell."""
    corners = np.stack(
        [positive[a : len(x) - 1 + a, b : len(y) - 1 + b] for a, b in _CORNERS], axis=-1
    )
    mixed = (corners.min(-1) == 0) & (corners.max(-1) == 1)
    ends: dict[tuple, tuple] = {}
    neighbours: dict[tuple, list] = {}
    for i, j in zip(*np.nonzero(mixed), strict=True):
        signs = corners[i, j]
        crossed = [k for k in range(4) if signs[k] != signs[(k + 1) % 4]]
        pairs = [crossed]
        if len(crossed) == 4:
            middle = function(np.array([x[i : i + 2].mean()]), np.array([y[j : j + 2].mean()]))
            # Either the first corner is cut off from the middle, or its neighbour is.
            cut = _signs(middle)[0] != signs[0]
            pairs = [[3, 0], [1, 2]] if cut else [[0, 1], [2, 3]]
        for pair in pairs:
            names = [_edge(i, j, k) for k in pair]
            for k, name, other in zip(pair, names, names[::-1], strict=True):
                ends[name] = tuple(
                    (x[i + a], y[j + b]) for a, b in (_CORNERS[k], _CORNERS[(k + 1) % 4])
                )
                neighbours.setdefault(name, []).append(other)
    return ends, neighbours


def _edge(i: int, j: int, side: int) -> tuple[int, int, str]:
    """One name for an edge, whichever of its two cells it is seen from."""
    if side == 0:
        return i, j, "along"
    if side == 2:
        return i, j + 1, "along"
    return (i + 1, j, "up") if side == 1 else (i, j, "up")


def _roots(function, ends: NDArray) -> NDArray:
    """The zero on each edge; `ends` (k, 2, 2) are the points on its two sides."""
    below, above = ends[:, 0], ends[:, 1]
    swap = (function(*below.T) > 0)[:, None]
    below, above = np.where(swap, above, below), np.where(swap, below, above)
    for _ in range(_HALVINGS):
        middle = 0.5 * (below + above)
        high = (function(*middle.T) > 0)[:, None]
        below, above = np.where(high, below, middle), np.where(high, middle, above)
    return 0.5 * (below + above)


def _chains(neighbours: dict[tuple, list]) -> list[list[tuple]]:
    """Lines through all edges: open ones from their ends, then the closed ones."""
    left = dict(neighbours)
    starts = [edge for edge, joined in neighbours.items() if len(joined) == 1]
    lines = []
    for start in [*starts, *neighbours]:
        if start not in left:
            continue
        line, edge = [start], start
        while edge is not None:
            joined = left.pop(edge)
            edge = next((other for other in joined if other in left), None)
            if edge is not None:
                line.append(edge)
            elif len(line) > 2 and start in joined and len(neighbours[start]) == 2:
                line.append(start)
        lines.append(line)
    return lines
