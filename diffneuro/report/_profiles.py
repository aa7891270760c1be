"""Several profile likelihoods on one figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._result import FitResult
from .._uncertainty import Profile
from ._drawing import WIDTH, blank, on_paper
from ._profile import plot_profile
from ._text import joined, measured, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 3
# Far more than float32 rounds off.
_SAME_VALUE = 1e-4


@on_paper
def plot_profiles(profiles: Sequence[Profile]) -> "Figure":
    """Profile likelihoods side by side, each with its 95 % interval shaded.

    **Arguments:** `profiles`, one at least.

    **Returns:** a figure that belongs to no window.

    **Raises:** `ValueError` for none.
    """
    if not profiles:
        raise ValueError("there is no profile to draw: make one with result.profile(name).")
    across = min(len(profiles), _ACROSS)
    down = -(-len(profiles) // across)
    figure = blank(0.4 + 2.7 * down, width=WIDTH * across / _ACROSS)
    grid = figure.subplots(down, across, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(profiles):
            axes.set_visible(False)
            continue
        plot_profile(profiles[place], axes)
        legend = axes.get_legend()
        if place % across and legend is not None:
            axes.set_ylabel("")
        if legend is not None:
            legend.remove()
    lines, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside upper left", ncols=len(lines))
    return figure


def checked(result: FitResult, profiles: Sequence[Profile]) -> dict[str, Profile]:
    """The profiles by their parameter's name.

    Raises ValueError for one that is not of this fit, and for two of one parameter.
    """
    if isinstance(profiles, Profile):
        raise ValueError("profiles= takes several: give (profile,) with its comma.")
    named = {profile.name: profile for profile in profiles}
    foreign = [name for name in named if name not in result.free]
    if foreign:
        raise ValueError(
            f"profiles= has {joined(foreign)}, not fitted here: profile one of "
            f"{', '.join(result.free)}."
        )
    if len(named) < len(profiles):
        raise ValueError("profiles= has two of one parameter: give one of each.")
    for name, profile in named.items():
        if not np.isclose(profile.best, result.parameters[name], rtol=_SAME_VALUE, atol=0.0):
            raise ValueError(
                f"the profile of {name} is around {number(profile.best)}, but this fit found "
                f"{number(result.parameters[name])}: make it anew with result.profile({name!r})."
            )
    return named


def interval(profile: Profile) -> str:
    """The 95 % interval as it is printed; a side that the profile leaves open has no end."""
    low, high = profile.interval()
    below, above = (measured(end, profile.standard_error)[0] for end in (low, high))
    if np.isinf(low) and np.isinf(high):
        return "open on both sides"
    if np.isinf(low):
        return f"up to {above}"
    return f"from {below}" if np.isinf(high) else f"{below} to {above}"
