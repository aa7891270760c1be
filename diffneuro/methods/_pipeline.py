"""Methods one after the other."""

import equinox as eqx

from ._method import AbstractMethod, AbstractStagedMethod, AbstractWindowedMethod


class Pipeline(eqx.Module):
    """Each stage begins where the lanes of the one before ended.

    `stages` are methods; that a lane's loss is another one in each of them is why a fit ranks
    its lanes by the free run in the end. `lanes`, if given, says how many of the starts go
    through each stage (None: all): the best go on, the others stay where they are. Where a
    stage takes more than the one before had, neighbours of the best fill in, `spread` away in
    free coordinates, or without a `spread` those that had stayed behind.
    """

    stages: tuple[AbstractMethod, ...]
    lanes: tuple[int | None, ...] | None = None
    spread: float | None = 0.1

    def __check_init__(self):
        if not isinstance(self.stages, tuple) or not self.stages:
            raise ValueError(
                f"stages={self.stages!r} of Pipeline must be a tuple of methods, such as "
                "(methods.Shooting(), methods.LevenbergMarquardt())."
            )
        for stage in self.stages:
            if not isinstance(stage, AbstractMethod):
                raise ValueError(f"stage {stage!r} of Pipeline is no method.")
        known = isinstance(self.lanes, tuple) and len(self.lanes) == len(self.stages)
        if self.lanes is not None and not (known and all(map(_is_number_of_lanes, self.lanes))):
            raise ValueError(
                f"lanes={self.lanes!r} of Pipeline must be a tuple with a number or None for each "
                f"of its {len(self.stages)} stages."
            )
        if self.spread is not None and not self.spread > 0:
            raise ValueError(f"spread={self.spread} of Pipeline must be positive, or None.")

    @property
    def iterations(self) -> int:
        """How many iterations all stages take together."""
        return sum(stage.iterations for stage in self.stages)

    @property
    def horizons(self) -> tuple[int, ...]:
        """Over how many spikes the windows go that its stages ask for."""
        return tuple(sorted({h for stage in self.stages for h in horizons_of(stage)}))


def _is_number_of_lanes(lanes: object) -> bool:
    if lanes is None:
        return True
    return isinstance(lanes, int) and not isinstance(lanes, bool) and lanes >= 1


def stages_of(method: AbstractMethod | Pipeline) -> tuple[AbstractMethod, ...]:
    """The stages of a pipeline; a method by itself is one."""
    return method.stages if isinstance(method, Pipeline) else (method,)


def lanes_of(method: AbstractMethod | Pipeline, starts: int) -> tuple[int, ...]:
    """How many of the starts go through each stage."""
    given = method.lanes if isinstance(method, Pipeline) else None
    wanted = (None,) * len(stages_of(method)) if given is None else given
    return tuple(starts if lanes is None else min(lanes, starts) for lanes in wanted)


def horizons_of(method: AbstractMethod | Pipeline) -> tuple[int, ...]:
    """Over how many spikes the windows go that a method asks for, if any."""
    windowed = isinstance(method, AbstractWindowedMethod | Pipeline)
    return method.horizons if windowed else ()


def stage_name(method: AbstractMethod, iteration: int) -> str:
    """What the stage is called in which a method is."""
    return method.stage(iteration) if isinstance(method, AbstractStagedMethod) else ""
