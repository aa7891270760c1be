"""Which compartments of a tree are meant."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jax import Array

from ..morphology import Compartments, Location
from ._profile import check_region

Place = int | Location


def hashable(given: Any) -> Any:
    """A dictionary as pairs, its arrays and lists as tuples."""
    if not isinstance(given, Mapping):
        return given
    return tuple((name, _frozen(value)) for name, value in given.items())


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray | Array):
        plain = np.asarray(value).tolist()
        return tuple(plain) if isinstance(plain, list) else plain
    if isinstance(value, set | frozenset):
        return tuple(sorted(value, key=str))
    return tuple(value) if isinstance(value, list) else value


def check_names(field: str, given: Any, example: str) -> None:
    """Raise a `ValueError` unless a field was given a dictionary, whose names are texts."""
    # Of a dictionary `hashable` has made pairs.
    pairs = isinstance(given, tuple) and all(isinstance(one, tuple) for one in given)
    if not pairs or not all(len(one) == 2 and isinstance(one[0], str) for one in given):
        raise ValueError(
            f"{field}={given!r} of a Cable is no dictionary from names: give one, such as "
            f"{example}."
        )


def span(where: Any, compartments: Compartments, name: str) -> tuple[int, int, np.ndarray]:
    """From where to where a channel is: the first place, the one after the last, and the mask.

    **Raises:** `ValueError` for a region that there is not, and for a mask of another length or
    of nothing.
    """
    count = compartments.count
    if where is None:
        return 0, count, np.ones(count, bool)
    given = (where,) if isinstance(where, str) else where
    if not isinstance(given, tuple):
        raise ValueError(
            f"where[{name!r}]={where!r} of a Cable is neither a region nor a mask: name a region, "
            f"several, or give a mask of all {count} compartments."
        )
    if given and isinstance(given[0], str):
        for region in given:
            check_region(region, compartments.regions)
        chosen = np.array([region in given for region in compartments.regions])
    else:
        # Numbers of compartments, which are as good as any, must not pass for truths.
        truths = all(isinstance(one, bool | np.bool_) for one in given)
        chosen = np.array(given, bool) if truths else np.zeros(len(given), bool)
    if chosen.shape != (count,) or not chosen.any():
        raise ValueError(
            f"where[{name!r}] of a Cable chooses {chosen.sum()} of {chosen.size} compartments: "
            f"name a region, or give a mask of all {count}, True or False, of which one is True."
        )
    first, last = np.nonzero(chosen)[0][[0, -1]]
    return int(first), int(last) + 1, chosen[first : last + 1]


def check_place(name: str, place: Any, compartments: Compartments) -> None:
    """Raise a `ValueError` unless a site is a compartment with a membrane."""
    if isinstance(place, Location):
        compartments.at(place)
        return
    junction = compartments.is_junction()
    numbered = isinstance(place, int | np.integer) and not isinstance(place, bool)
    if not numbered or not 0 <= place < compartments.count:
        raise ValueError(
            f"sites[{name!r}]={place!r} of a Cable is no compartment: give a Location, or a "
            f"number from 0 to {compartments.count - 1}."
        )
    if junction[place]:
        raise ValueError(
            f"sites[{name!r}] of a Cable is the junction {place}, which has no membrane: take a "
            "compartment beside it."
        )


def index_of(place: Place, compartments: Compartments) -> int:
    """The number of the compartment at a place."""
    return compartments.at(place) if isinstance(place, Location) else int(place)


def place_of(site: str, sites: tuple[tuple[str, int], ...]) -> int:
    """The number of a site's compartment.

    **Raises:** `ValueError` if there is no such site, naming those there are.
    """
    known = dict(sites)
    if site not in known:
        raise ValueError(
            f"a Cable has no site {site!r}, only {', '.join(known)}: name it in its sites."
        )
    return known[site]
