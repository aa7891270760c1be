"""How a property of a cable changes along it."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import Parameter, check_ranges, parameter


class AbstractProfile(eqx.Module):
    """A factor along a tree: what a property is times there."""

    def __check_init__(self):
        check_ranges(self)

    @abc.abstractmethod
    def factor(self, distances: np.ndarray, regions: tuple[str, ...], /) -> Array:
        """The factor (n,) of compartments so far from the root's middle (um) in such regions."""


class Factor(AbstractProfile):
    """The same factor everywhere: $f$."""

    value: Parameter = parameter(1.0, "1", at_least=0.0)

    def factor(self, distances: np.ndarray, regions: tuple[str, ...], /) -> Array:
        return jnp.broadcast_to(self.value, distances.shape)


class LinearProfile(AbstractProfile):
    r"""A factor that changes evenly with distance: $\max(0, a + b\,x)$."""

    start: Parameter = parameter(1.0, "1")
    slope: Parameter = parameter(0.0, "1/um")

    def factor(self, distances: np.ndarray, regions: tuple[str, ...], /) -> Array:
        return jnp.maximum(0.0, self.start + self.slope * _real(distances))


class ExponentialProfile(AbstractProfile):
    r"""A factor that changes exponentially with distance: $\max(0, a + b\,e^{k x})$."""

    offset: Parameter = parameter(0.0, "1")
    amplitude: Parameter = parameter(1.0, "1")
    rate: Parameter = parameter(0.0, "1/um")

    def factor(self, distances: np.ndarray, regions: tuple[str, ...], /) -> Array:
        grown = self.amplitude * jnp.exp(self.rate * _real(distances))
        return jnp.maximum(0.0, self.offset + grown)


class ByRegion(AbstractProfile):
    """A profile for each region: $f_r(x)$, and 1 where none is named."""

    profiles: dict[str, AbstractProfile]

    def factor(self, distances: np.ndarray, regions: tuple[str, ...], /) -> Array:
        total = jnp.ones(distances.shape, jnp.result_type(float))
        for name, profile in self.profiles.items():
            inside = np.array([region == name for region in regions])
            total = jnp.where(inside, profile.factor(distances, regions), total)
        return total


def check_profiles(
    profiles: Mapping[str, AbstractProfile], properties: tuple[str, ...], regions: tuple[str, ...]
) -> None:
    """Raise a `ValueError` unless each is a profile of a property, for regions that there are."""
    if not isinstance(profiles, Mapping):
        raise ValueError(
            f"profiles={profiles!r} of a Cable is no dictionary from names: give one, such as "
            "{'na': LinearProfile(1.0, 0.01)}."
        )
    for name, profile in profiles.items():
        if name not in properties:
            raise ValueError(
                f"profiles of a Cable names {name!r}: name one of {', '.join(properties)}."
            )
        _check_profile(name, profile, regions)


def _check_profile(name: str, profile: Any, regions: tuple[str, ...]) -> None:
    if not isinstance(profile, AbstractProfile):
        raise ValueError(
            f"profiles[{name!r}]={profile!r} of a Cable is no profile: give one, such as "
            "LinearProfile(1.0, 0.01)."
        )
    if isinstance(profile, ByRegion):
        for region, part in profile.profiles.items():
            check_region(region, regions)
            _check_profile(name, part, regions)


def check_region(name: str, regions: tuple[str, ...]) -> None:
    """Raise a `ValueError` that names the regions if there is none of that name."""
    if not name or name not in regions:
        known = ", ".join(sorted(set(regions) - {""}))
        raise ValueError(f"no compartment is in a region {name!r}: there are {known}.")


def _real(distances: np.ndarray) -> Array:
    return jnp.asarray(distances, jnp.result_type(float))
