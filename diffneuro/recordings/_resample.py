"""Change of sampling interval of a recording."""

from fractions import Fraction

import numpy as np

_LARGEST = 200


def ratio(old: float, new: float) -> Fraction:
    """`old / new` as a ratio of small integers (samples out per sample in)."""
    if not (np.isfinite(new) and new > 0):
        raise ValueError(f"dt is {new}: give a positive interval in ms")
    close = Fraction(old / new).limit_denominator(_LARGEST)
    if not 0 < close.numerator <= _LARGEST or abs(float(close) * new / old - 1) > 1e-6:
        raise ValueError(
            f"dt {new:g} ms is no ratio of small integers to the recorded {old:g} ms: choose "
            f"for example {old * max(1, round(new / old)):g} ms"
        )
    return close


def down(
    imposed: np.ndarray, measured: np.ndarray, rate: Fraction
) -> tuple[np.ndarray, np.ndarray]:
    """Fewer samples: bin averages of what was imposed, zero-phase filtered what was measured."""
    from scipy.signal import resample_poly

    count = imposed.shape[1] * rate.numerator // rate.denominator
    if count < 2:
        raise ValueError(f"dt leaves {count} samples of {imposed.shape[1]}: choose a smaller dt")
    # `line` padding keeps a trace at -70 mV from ringing toward 0 at its ends.
    slow = resample_poly(measured, rate.numerator, rate.denominator, axis=1, padtype="line")
    # A command holds its value between samples: averages keep its charge and do not ring.
    # Sweep by sweep, and by sums of held values, so that zero stays exactly zero.
    held = (np.repeat(row, rate.numerator)[: count * rate.denominator] for row in imposed)
    binned = np.stack([row.reshape(count, rate.denominator).mean(axis=1) for row in held])
    return binned, slow[:, :count]


def up(imposed: np.ndarray, measured: np.ndarray, rate: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """More samples: what was imposed held, what was measured on straight lines between them."""
    samples = measured.shape[1]
    # The last sample begins an interval whose end was not recorded: it is not extrapolated.
    count = int((samples - 1) * rate) + 1
    index = np.arange(count) * rate.denominator
    held = imposed[:, index // rate.numerator]
    position = index / rate.numerator
    fine = np.stack([np.interp(position, np.arange(samples), row) for row in measured])
    return held, fine
