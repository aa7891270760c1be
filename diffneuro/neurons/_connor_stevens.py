"""A crab leg axon that fires as slowly as one likes."""

from ..channels import (
    ConnorStevensATypePotassium,
    ConnorStevensPotassium,
    ConnorStevensSodium,
    Leak,
)
from ._cell import Cell


def ConnorStevens() -> Cell:
    r"""A repetitively firing crustacean axon at 18 degC, excitable in the manner of type I.

    $C\,\dot v = I/A - j_{Na} - j_K - j_A - j_{leak}$: a `Cell` with channels `na`, `k`, `a` and
    `leak`. It rests at -68 mV and fires from 8.1 uA/cm2 on, at first as slowly as one likes,
    which the channel `a` does; its area of 10,000 um2 makes 1 uA/cm2 of the paper 100 pA.
    Connor, Walter & McKown 1977, doi:10.1016/S0006-3495(77)85598-7
    """
    channels = {
        "na": ConnorStevensSodium(),
        "k": ConnorStevensPotassium(),
        "a": ConnorStevensATypePotassium(),
        "leak": Leak(0.3, -17.0),
    }
    return Cell(channels)
