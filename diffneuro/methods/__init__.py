"""Methods: how parameters are searched."""

from ._adam import Adam as Adam, AdamLane as AdamLane
from ._damped_step import Lane as Lane
from ._levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
from ._method import (
    AbstractMethod as AbstractMethod,
    AbstractStagedMethod as AbstractStagedMethod,
    Objective as Objective,
)
from ._synchronised import Synchronised as Synchronised
