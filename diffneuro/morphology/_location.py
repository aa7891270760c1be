"""A point on a tree."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Location:
    """A point on a tree, by the section and the fraction of its length.

    **Arguments:** `section`, its name; `fraction`, from 0, the end towards the root, to 1.

    **Raises:** `ValueError` for a fraction beyond the ends.
    """

    section: str
    fraction: float = 0.5

    def __post_init__(self):
        if not 0.0 <= self.fraction <= 1.0:
            raise ValueError(
                f"a location has the fraction {self.fraction:g} of section {self.section!r}, "
                "which is off the tree: give one from 0, the end towards the root, to 1."
            )
