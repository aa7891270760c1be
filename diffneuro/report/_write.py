"""Writing the page and its figures."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .._result import FitResult
from .._storage import write_atomically
from ._correlations import plot_correlations
from ._drawing import png
from ._first_spikes import close_up_row, plot_first_spikes
from ._losses import plot_losses
from ._page import Picture, page
from ._spike_counts import plot_spike_counts
from ._starts import plot_starts
from ._sweeps import plot_sweeps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FIGURES: dict[str, "Callable[[FitResult], Figure]"] = {
    "sweeps": plot_sweeps,
    "first_spikes": plot_first_spikes,
    "spike_counts": plot_spike_counts,
    "correlations": plot_correlations,
    "losses": plot_losses,
    "starts": plot_starts,
}
_PAGE_PIXELS_PER_INCH = 100
_FEWEST_COUNTED = 3


def write_report(result: FitResult, path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Write one self-contained HTML page, and its figures as PNG beside it.

    **Arguments:** `result` of a fit; `path` of the page, NAME.html, whose figures go to the
    folder NAME_figures; `overwrite`, whether earlier ones may be replaced.

    **Returns:** the path of the page.

    **Raises:** `ValueError` when the page or a figure exists and `overwrite` is not given, or
    the folder cannot be written; `ImportError` without matplotlib.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{path} is no HTML page: give a name that ends in .html.")
    folder = path.with_name(f"{path.stem}_figures")
    places = {name: folder / f"{name}.png" for name in _FIGURES}
    if not overwrite:
        _refuse_existing(path, *places.values())
    pictures = {name: _picture(_FIGURES[name](result)) for name in _figure_names(result)}
    content = page(result, pictures).encode("utf-8")
    _make(folder)
    for name, place in places.items():
        if name in pictures:
            write_atomically(place, pictures[name].png)
        else:
            # A figure of an earlier fit must not stand beside this one's page.
            place.unlink(missing_ok=True)
    write_atomically(path, content)
    return path


def _figure_names(result: FitResult) -> list[str]:
    """The figures that have something to show."""
    dropped = set()
    if close_up_row(result) is None:
        dropped.add("first_spikes")
    if result.recording.sweeps < _FEWEST_COUNTED or result.recording.voltage_clamp:
        dropped.add("spike_counts")
    if len(result.free) < 2:
        dropped.add("correlations")
    return [name for name in _FIGURES if name not in dropped]


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
