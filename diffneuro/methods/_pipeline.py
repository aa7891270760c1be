"""Methods one after the other."""

import equinox as eqx

from ._method import AbstractMethod, AbstractStagedMethod, AbstractWindowedMethod


class Pipeline(eqx.Module):
    """Each stage begins where the lanes of the one before ended.

    `stages` are methods; that a lane's loss is another one in each of them is why a fit ranks
    its lanes by the free run in the end.
    """

    stages: tuple[AbstractMethod, ...]

    def __check_init__(self):
        if not isinstance(self.stages, tuple) or not self.stages:
            raise ValueError(
                f"stages={self.stages!r} of Pipeline must be a tuple of methods, such as "
                "(methods.Shooting(), methods.LevenbergMarquardt())."
            )
        for stage in self.stages:
            if not isinstance(stage, AbstractMethod):
                raise ValueError(f"stage {stage!r} of Pipeline is no method.")

    @property
    def iterations(self) -> int:
        """How many iterations all stages take together."""
        return sum(stage.iterations for stage in self.stages)

    @property
    def horizons(self) -> tuple[int, ...]:
        """Over how many spikes the windows go that its stages ask for."""
        return tuple(sorted({h for stage in self.stages for h in horizons_of(stage)}))


def stages_of(method: AbstractMethod | Pipeline) -> tuple[AbstractMethod, ...]:
    """The stages of a pipeline; a method by itself is one."""
    return method.stages if isinstance(method, Pipeline) else (method,)


def horizons_of(method: AbstractMethod | Pipeline) -> tuple[int, ...]:
    """Over how many spikes the windows go that a method asks for, if any."""
    windowed = isinstance(method, AbstractWindowedMethod | Pipeline)
    return method.horizons if windowed else ()


def stage_name(method: AbstractMethod, iteration: int) -> str:
    """What the stage is called in which a method is."""
    return method.stage(iteration) if isinstance(method, AbstractStagedMethod) else ""
