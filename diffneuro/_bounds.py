"""Free parameters: their bounds, and coordinates without any."""

import dataclasses
import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Between which values a parameter is free, in its own unit.

    With `scale="log"` equal ratios count the same; both bounds must then be positive.
    """

    low: float
    high: float
    scale: str = "linear"

    def __post_init__(self):
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        if self.scale not in ("linear", "log"):
            raise ValueError(f"scale={self.scale!r} of Bounds must be 'linear' or 'log'.")
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(f"bounds [{self.low}, {self.high}] must be finite numbers.")
        if not self.low < self.high:
            raise ValueError(
                f"low={self.low:g} must be below high={self.high:g}: "
                "exchange the two or widen them."
            )
        if self.scale == "log" and self.low <= 0:
            raise ValueError(
                f"low={self.low:g} on a log scale must be positive: raise it or use 'linear'."
            )

    def value(self, position: Array) -> Array:
        """The parameter at a free coordinate, by a sigmoid between the bounds."""
        low, high = self._ends()
        inside = low + (high - low) * jax.nn.sigmoid(position)
        return jnp.exp(inside) if self.scale == "log" else inside

    def position(self, value: ArrayLike) -> Array:
        """The free coordinate of a parameter value between the bounds."""
        low, high = self._ends()
        value = jnp.asarray(value, jnp.result_type(float))
        inside = jnp.log(value) if self.scale == "log" else value
        fraction = jnp.clip((inside - low) / (high - low), 1e-3, 1.0 - 1e-3)
        return jnp.log(fraction) - jnp.log1p(-fraction)

    def _ends(self):
        if self.scale == "log":
            return math.log(self.low), math.log(self.high)
        return self.low, self.high


def as_bounds(free: Mapping[str, Bounds | tuple[float, float]]) -> dict[str, Bounds]:
    """`free` of a fit, with every pair turned into linear `Bounds`.

    **Raises:** `ValueError` that names the parameter whose bounds are wrong.
    """
    if not free:
        raise ValueError("free is empty: name at least one parameter and its bounds.")
    checked = {}
    for name, bounds in free.items():
        try:
            checked[name] = bounds if isinstance(bounds, Bounds) else _pair(bounds)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the bounds of {name}: {error}") from None
    return checked


def _pair(bounds: tuple[float, float]) -> Bounds:
    low, high = bounds
    return Bounds(float(low), float(high))


def values_at(free: Mapping[str, Bounds], position: Array) -> dict[str, Array]:
    """The parameters at the free coordinates `position` (P,)."""
    return {name: bounds.value(position[i]) for i, (name, bounds) in enumerate(free.items())}
