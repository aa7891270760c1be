"""What a sampler of the posterior leaves behind."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# By Vehtari et al. 2021.
_LARGEST_R_HAT, _ENOUGH_DRAWS = 1.01, 400.0


class Summary(NamedTuple):
    """One parameter's draws in five numbers, in its unit."""

    mean: float
    sd: float
    low: float
    """5 % of the draws are below"""
    median: float
    high: float
    """95 % of the draws are below"""


@dataclasses.dataclass(frozen=True, eq=False)
class Posterior:
    """What the recording and the bounds leave open about the free parameters.

    `draws` has (chains, draws) of each parameter in the unit that `units` gives. `r_hat` (1 where
    the chains agree) and `ess`, how many independent draws these are worth in the middle or in
    the tails, whichever is less, are those of Vehtari et al. 2021, doi:10.1214/20-BA1221.
    `divergences` of the draws came from a trajectory that left the density, and `step_size` is
    that of the trajectories where the covariance is one. After a Ctrl-C it holds the draws so far
    and `completed` is False.
    """

    draws: dict[str, NDArray]
    units: dict[str, str]
    r_hat: dict[str, float]
    ess: dict[str, float]
    divergences: int
    step_size: float
    completed: bool = True

    def summary(self) -> dict[str, Summary]:
        """The mean, the standard deviation and three quantiles of each parameter."""
        return {name: _summary(values) for name, values in self.draws.items()}

    def correlation(self) -> NDArray:
        """(P, P) correlation of the draws."""
        flat = np.stack([values.ravel() for values in self.draws.values()])
        return np.atleast_2d(np.corrcoef(flat))

    def warnings(self) -> tuple[str, ...]:
        """What speaks against these draws, in words; nothing where nothing does."""
        said = []
        if not self.completed:
            drawn = next(iter(self.draws.values())).shape[1]
            said.append(f"It was stopped (Ctrl-C) after {drawn} draws of each chain: draw again.")
        apart = [name for name, value in self.r_hat.items() if not value <= _LARGEST_R_HAT]
        few = [name for name, value in self.ess.items() if not value >= _ENOUGH_DRAWS]
        if apart:
            said.append(
                f"The chains disagree on {', '.join(apart)} (R-hat over {_LARGEST_R_HAT}): draw "
                "longer with a longer warmup=, or look for other minima with more starts of fit."
            )
        if few:
            said.append(
                f"The draws of {', '.join(few)} are worth fewer than {_ENOUGH_DRAWS:.0f} "
                "independent ones: raise draws=."
            )
        if self.divergences:
            said.append(
                f"{self.divergences} draws diverged: a part of the posterior is too narrow for "
                "the steps; narrow the bounds, or hold a parameter fixed."
            )
        return tuple(said)


def _summary(values: NDArray) -> Summary:
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    found = values.mean(), values.std(ddof=1), low, median, high
    return Summary(*(float(number) for number in found))
