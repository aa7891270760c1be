"""Writing the page and its figures."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .._result import FitResult
from .._storage import write_atomically
from .._uncertainty import Profile
from ._correlations import plot_correlations
from ._drawing import png
from ._first_spikes import close_up_row, plot_first_spikes
from ._losses import plot_losses
from ._page import Picture, page
from ._profiles import checked, plot_profiles
from ._spike_counts import plot_spike_counts
from ._starts import plot_starts
from ._step_rates import has_curve, plot_step_rates
from ._sweeps import plot_sweeps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FIGURES: dict[str, "Callable[[FitResult], Figure]"] = {
    "sweeps": plot_sweeps,
    "first_spikes": plot_first_spikes,
    "step_rates": plot_step_rates,
    "spike_counts": plot_spike_counts,
    "correlations": plot_correlations,
    "losses": plot_losses,
    "starts": plot_starts,
}
# In the order of the page.
_NAMES = (
    "sweeps",
    "first_spikes",
    "step_rates",
    "spike_counts",
    "profiles",
    "correlations",
    "losses",
    "starts",
)
_PAGE_PIXELS_PER_INCH = 100
_FEWEST_COUNTED = 3


def write_report(
    result: FitResult,
    path: str | os.PathLike,
    *,
    profiles: Sequence[Profile] = (),
    overwrite: bool = False,
) -> Path:
    """Write one self-contained HTML page, and its figures as PNG beside it.

    **Arguments:** `result` of a fit; `path` of the page, NAME.html, whose figures go to the
    folder NAME_figures; `profiles`, those of this fit, by `result.profile`, to draw, with their
    95 % intervals in the table; `overwrite`, whether earlier ones may be replaced.

    **Returns:** the path of the page.

    **Raises:** `ValueError` when the page or a figure exists and `overwrite` is not given, the
    folder cannot be written, or a profile is not of this fit; `ImportError` without matplotlib.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{path} is no HTML page: give a name that ends in .html.")
    held = checked(result, profiles)
    folder = path.with_name(f"{path.stem}_figures")
    places = {name: folder / f"{name}.png" for name in _NAMES}
    if not overwrite:
        _refuse_existing(path, *places.values())
    dropped = _nothing_to_show(result, profiles)
    pictures = {
        name: _picture(plot_profiles(profiles) if name == "profiles" else _FIGURES[name](result))
        for name in _NAMES
        if name not in dropped
    }
    content = page(result, pictures, held).encode("utf-8")
    _make(folder)
    for name, place in places.items():
        if name in pictures:
            write_atomically(place, pictures[name].png)
        else:
            # A figure of an earlier fit must not stand beside this one's page.
            place.unlink(missing_ok=True)
    write_atomically(path, content)
    return path


def _nothing_to_show(result: FitResult, profiles: Sequence[Profile]) -> set[str]:
    """The figures that would be empty, or say what another one says."""
    dropped = set() if profiles else {"profiles"}
    if close_up_row(result) is None:
        dropped.add("first_spikes")
    scores, rates = result.scores(), result.step_rates()
    # Also under voltage clamp, where nothing counts as a spike.
    silent = not any(score.recorded_spikes or score.model_spikes for score in scores)
    curve = has_curve(rates) and not silent
    if not curve:
        dropped.add("step_rates")
    if len(scores) < _FEWEST_COUNTED or silent or (curve and rates.sweeps.sum() == len(scores)):
        dropped.add("spike_counts")
    if len(result.free) < 2:
        dropped.add("correlations")
    return dropped


def _picture(figure: "Figure") -> Picture:
    return Picture(png(figure), round(figure.get_figwidth() * _PAGE_PIXELS_PER_INCH))


def _refuse_existing(*places: Path) -> None:
    for place in places:
        if place.exists():
            raise ValueError(
                f"{place} exists: pass overwrite=True (--overwrite) or choose another name."
            )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"cannot make {folder}: {error.strerror}; choose a folder that exists and is writable."
        ) from None
