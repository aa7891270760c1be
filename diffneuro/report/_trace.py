"""Long traces with few points and every spike."""

import numpy as np
from numpy.typing import NDArray


def thinned(time: NDArray, values: NDArray, columns: int) -> tuple[NDArray, NDArray]:
    """The first, last, lowest and highest sample of each of `columns` stretches, in order.

    Drawn `columns` pixels wide it looks as the whole trace (n,) does.
    """
    size = values.size
    width = -(-size // columns)
    if width <= 4:
        return time, values
    begin = np.arange(0, size, width)
    end = np.minimum(begin + width, size) - 1
    rows = np.pad(values, (0, begin.size * width - size), mode="edge").reshape(-1, width)
    extremes = [np.minimum(begin + pick(rows, axis=1), end) for pick in (np.argmin, np.argmax)]
    kept = np.unique(np.concatenate([begin, end, *extremes]))
    return time[kept], values[kept]
