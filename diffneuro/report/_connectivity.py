"""Who reaches whom in a network, and how strongly."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..networks import Network, Projection
from ._canvas import canvas, labelled
from ._drawing import FITTED, HELD_OUT, QUIET, on_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Apart from white even where a weight is a tenth of the largest.
_SHADES = (FITTED, HELD_OUT, "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_FAINTEST = 0.25


@on_paper
def plot_connectivity(
    network: Network,
    axes: "Axes | None" = None,
    *,
    projections: Sequence[str] | None = None,
) -> "Figure":
    """The matrix of weights: a row for each postsynaptic cell, a column for each presynaptic.

    A projection has one colour, the darker the nearer a weight is to its largest; where two join
    the same cells the later covers the earlier. Lines part the populations.

    **Arguments:** `network`; `axes` to draw into, otherwise a new figure; `projections`, names
    of those to draw, by default all.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` for a network without projections, and for a name of none.
    """
    from matplotlib.patches import Patch

    chosen = _chosen(network, projections)
    sources, before = _places(network, list(network.populations))
    targets, after = _places(network, list(network.neurons))
    image = np.ones((after, before, 3))
    handles = []
    for number, (name, made) in enumerate(chosen.items()):
        shade, weights = _SHADES[number % len(_SHADES)], _matrix(network, made)
        row, column = targets[made.target], sources[made.source]
        block = image[row : row + weights.shape[0], column : column + weights.shape[1]]
        largest = _tint(block, weights, shade)
        handles.append(Patch(color=shade, label=f"{name}, to {largest:.3g} {_unit(made)}"))
    figure, axes = canvas(axes, 4.6, 6.4)
    axes.imshow(image, aspect="auto", interpolation="nearest", extent=(0, before, after, 0))
    for places, line in ((sources, axes.axvline), (targets, axes.axhline)):
        for place in list(places.values())[1:]:
            line(place, color=QUIET, linewidth=0.7)
    axes.set_xticks(_middles(network, sources), list(sources))
    axes.set_yticks(_middles(network, targets), list(targets), rotation=90, va="center")
    axes.tick_params(length=0.0)
    axes.set_xlabel("presynaptic")
    axes.set_ylabel("postsynaptic")
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


@on_paper
def plot_weights(
    network: Network,
    axes: "Axes | None" = None,
    *,
    projections: Sequence[str] | None = None,
    bins: int = 30,
) -> "Figure":
    """Histograms of the weights of pairs that are connected, by projection.

    **Arguments:** as of `plot_connectivity`; `bins`, how many, over the weights of all.

    **Returns:** the figure; a new one belongs to no window.

    **Raises:** `ValueError` as `plot_connectivity`, and for weights in nS beside such in pA.
    """
    chosen = _chosen(network, projections)
    units = {_unit(made) for made in chosen.values()}
    if len(units) > 1:
        raise ValueError(
            "some of these weights are in nS and others in pA: name projections of one kind."
        )
    figure, axes = canvas(axes, 2.6, 6.4)
    known = {name: _matrix(network, made) for name, made in chosen.items()}
    known = {name: weights[weights != 0.0] for name, weights in known.items()}
    edges = np.histogram_bin_edges(np.concatenate(list(known.values())), bins)
    for number, (name, weights) in enumerate(known.items()):
        counts, _ = np.histogram(weights, edges)
        colour = _SHADES[number % len(_SHADES)]
        axes.stairs(counts, edges, color=colour, fill=True, alpha=0.3)
        axes.stairs(counts, edges, color=colour, label=f"{name}, {weights.size} pairs")
    axes.set_xlabel(labelled("weight", units.pop()))
    axes.set_ylabel("pairs")
    axes.legend(loc="best")
    return figure


def _chosen(network: Network, names: Sequence[str] | None) -> dict[str, Projection]:
    if not network.projections:
        raise ValueError("the network has no projections to draw: give it one.")
    wanted = list(network.projections) if names is None else list(names)
    for name in wanted:
        if name not in network.projections:
            raise ValueError(
                f"{name!r} is no projection of the network: they are "
                f"{', '.join(network.projections)}."
            )
    return {name: network.projections[name] for name in wanted}


def _places(network: Network, names: list[str]) -> tuple[dict[str, int], int]:
    """Where each population begins among the cells of these, and how many there are."""
    ends = list(itertools.accumulate((network.size(name) for name in names), initial=0))
    return dict(zip(names, ends, strict=False)), ends[-1]


def _middles(network: Network, places: dict[str, int]) -> list[float]:
    return [place + 0.5 * network.size(name) for name, place in places.items()]


def _tint(block: NDArray, weights: NDArray, shade: str) -> float:
    """Colour the pairs that are connected, and tell the largest weight's size."""
    from matplotlib.colors import to_rgb

    largest = float(np.abs(weights).max(initial=0.0))
    depth = _FAINTEST + (1.0 - _FAINTEST) * np.abs(weights) / (largest or 1.0)
    there = weights != 0.0
    block[there] = (1.0 - depth[..., None] * (1.0 - np.array(to_rgb(shade))))[there]
    return largest


def _matrix(network: Network, made: Projection) -> NDArray:
    sizes = network.size(made.source), network.size(made.target)
    return np.asarray(made.connection.matrix(*sizes), float)


def _unit(made: Projection) -> str:
    return "nS" if made.receptor.conducts else "pA"
