"""A profile likelihood, drawn."""

from typing import TYPE_CHECKING

import numpy as np

from .._uncertainty import Profile
from ._canvas import canvas, labelled
from ._drawing import FAINT, FITTED, QUIET, RECORDED, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@on_paper
def plot_profile(profile: Profile, axes: "Axes | None" = None, *, level: float = 0.95) -> "Figure":
    """How far the loss rises (dots) from the fitted value, and the interval it leaves.

    The dashed parabola is what the standard error alone says; where the two part, the error
    is not symmetric or the parameter is worse determined than it seems.

    **Arguments:** `profile`; `axes` to draw into, otherwise a new figure; `level` of the
    shaded confidence interval.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for a level that is not between 0 and 1.
    """
    low, high = profile.interval(level)
    top = profile.chi_squared(level)
    figure, axes = canvas(axes, 3.0, 4.6)
    shown = np.isfinite(profile.rises)
    values, rises = profile.values[shown], profile.rises[shown]
    inside = max(low, values[0]), min(high, values[-1])
    axes.axvspan(*inside, color=FAINT, alpha=0.5, linewidth=0)
    axes.axhline(top, color=QUIET, linewidth=0.7)
    axes.annotate(
        f"{100 * level:g} %",
        (1.0, top),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
    )
    if np.isfinite(profile.standard_error) and profile.standard_error > 0:
        fine = np.linspace(values[0], values[-1], 200)
        parabola = ((fine - profile.best) / profile.standard_error) ** 2
        axes.plot(fine, parabola, "--", color=QUIET, linewidth=0.8, label="from the standard error")
    axes.plot(values, rises, "o-", color=RECORDED, markersize=3.5, label="others refitted")
    axes.axvline(profile.best, color=FITTED, linewidth=0.8)
    axes.set_ylim(0.0, 1.1 * max(float(rises.max()), top))
    axes.set_xlabel(labelled(profile.name, profile.unit))
    axes.set_ylabel("rise of the loss (χ²)")
    axes.legend(loc="upper center")
    return figure
