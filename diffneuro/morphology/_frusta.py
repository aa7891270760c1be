"""Integrals along rows of frusta."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._morphology import Section


class Frusta(NamedTuple):
    """Truncated cones, one after the other, none of which crosses an edge."""

    length: NDArray
    near: NDArray
    """radius (um) at the start"""
    far: NDArray
    """and at the end"""
    part: NDArray
    """between which edges it is, from 0"""

    def area(self) -> NDArray:
        """Surface (um2) of each, its two faces left out; of a step in radius, the ring."""
        slant = np.hypot(self.length, self.far - self.near)
        return np.pi * (self.near + self.far) * slant

    def axial_resistance(self) -> NDArray:
        """Of each over the axial resistivity (1/um)."""
        return self.length / (np.pi * self.near * self.far)

    def volume(self) -> NDArray:
        """um3 of each."""
        squares = self.near**2 + self.near * self.far + self.far**2
        return np.pi / 3.0 * self.length * squares

    def radius_length(self) -> NDArray:
        """The integral of the radius along each (um2)."""
        return 0.5 * self.length * (self.near + self.far)

    def inverse_root_length(self) -> NDArray:
        """The integral of one over the root of the radius along each (um^0.5)."""
        return 2.0 * self.length / (np.sqrt(self.near) + np.sqrt(self.far))


def cut(section: Section, fractions: NDArray) -> Frusta:
    """The frusta of a section, cut at fractions of its length.

    **Arguments:** `section`; `fractions` (k,), increasing. What is before the first and after
    the last is left out.
    """
    arc, radii = section.arc, section.radii
    edges = np.asarray(fractions, float) * arc[-1]
    piece = np.clip(np.searchsorted(arc, edges, side="right") - 1, 0, len(arc) - 2)
    width = arc[piece + 1] - arc[piece]
    share = (edges - arc[piece]) / np.where(width > 0, width, 1.0)
    between = radii[piece] + np.clip(share, 0.0, 1.0) * (radii[piece + 1] - radii[piece])
    arc = np.insert(arc, piece + 1, edges)
    radii = np.insert(radii, piece + 1, between)
    middle = 0.5 * (arc[1:] + arc[:-1])
    part = np.searchsorted(edges, middle, side="right") - 1
    # A step in radius at the very end belongs to the last part.
    at_end = (middle == edges[-1]) & (edges[-1] == section.arc[-1])
    part = np.where(at_end, len(edges) - 2, part)
    inside = (part >= 0) & (part < len(edges) - 1)
    return Frusta(np.diff(arc)[inside], radii[:-1][inside], radii[1:][inside], part[inside])


def per_part(values: NDArray, frusta: Frusta, parts: int) -> NDArray:
    """(parts,) the sum of the frusta's values in each part."""
    return np.bincount(frusta.part, weights=values, minlength=parts)
