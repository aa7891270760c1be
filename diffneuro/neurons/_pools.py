"""The pools of ions that a neuron is given."""

from typing import Any

from ..ions import VALENCES, AbstractIonPool


def in_order(given: Any) -> Any:
    """A dictionary as JAX rebuilds it, sorted by its keys."""
    return dict(sorted(given.items())) if isinstance(given, dict) else given


def check_pools(ions: Any, kind: str) -> None:
    """Raise a `ValueError` unless a neuron of that kind was given pools by the ions' names."""
    if not isinstance(ions, dict):
        raise ValueError(
            f"ions={ions!r} of a {kind} must be a dictionary from names to pools, such as "
            "{'ca': CalciumShell()}."
        )
    for name, pool in ions.items():
        if not isinstance(pool, AbstractIonPool):
            raise ValueError(
                f"ions[{name!r}]={pool!r} of a {kind} is no pool: give one, such as "
                "ions.CalciumShell()."
            )
        if name not in VALENCES:
            raise ValueError(
                f"ions of a {kind} names {name!r}: channels know {', '.join(VALENCES)}."
            )
        if pool.valence != VALENCES[name]:
            raise ValueError(
                f"ions[{name!r}] of a {kind} has valence={pool.valence}: make it {VALENCES[name]}."
            )
