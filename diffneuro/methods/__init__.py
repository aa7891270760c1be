"""Methods: how parameters are searched."""

from ._adam import Adam as Adam, AdamLane as AdamLane
from ._cma_es import CMAES as CMAES, CMALane as CMALane, Distribution as Distribution
from ._damped_step import Lane as Lane
from ._differential_evolution import (
    DELane as DELane,
    DifferentialEvolution as DifferentialEvolution,
)
from ._levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
from ._method import (
    AbstractMethod as AbstractMethod,
    AbstractStagedMethod as AbstractStagedMethod,
    AbstractWindowedMethod as AbstractWindowedMethod,
    Objective as Objective,
)
from ._pipeline import Pipeline as Pipeline
from ._scatter import Scatter as Scatter, ScatterLane as ScatterLane
from ._shooting import Shooting as Shooting
from ._synchronised import Synchronised as Synchronised
