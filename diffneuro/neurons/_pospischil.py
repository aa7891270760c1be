"""Four classes of cortical neurons."""

import math

from ..channels import (
    Leak,
    PospischilLTypeCalcium,
    PospischilMTypePotassium,
    PospischilTTypeCalcium,
    TraubMilesPotassium,
    TraubMilesSodium,
)
from ._cell import Cell

# mV; the cells of the authors' program, where the paper's text has -90.
_POTASSIUM = -100.0


def _area(size: float) -> float:
    """The side (um2) of a cylinder as long as it is wide."""
    return math.pi * size**2


def PospischilRegularSpiking() -> Cell:
    r"""A regular-spiking cortical pyramidal cell, whose firing adapts.

    $C\,\dot v = I/A - j_{Na} - j_K - j_M - j_{leak}$: a `Cell` with channels `na`, `k`, `m` and
    `leak`, at 36 degC, 96 um long and wide; 750 pA make it fire. The cell `demo_PY_RS` of the
    authors' program (ModelDB 123623). Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """
    channels = {
        "na": TraubMilesSodium(50.0),
        "k": TraubMilesPotassium(5.0, _POTASSIUM),
        "m": PospischilMTypePotassium(0.07, _POTASSIUM),
        "leak": Leak(0.1, -70.0),
    }
    return Cell(channels, area=_area(96.0))


def PospischilFastSpiking() -> Cell:
    r"""A fast-spiking cortical interneuron, whose firing does not adapt.

    $C\,\dot v = I/A - j_{Na} - j_K - j_{leak}$: a `Cell` with channels `na`, `k` and `leak`, at
    36 degC, 67 um long and wide; 500 pA make it fire. The cell `demo_IN_FS` of the authors'
    program (ModelDB 123623). Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """
    channels = {
        "na": TraubMilesSodium(50.0),
        "k": TraubMilesPotassium(10.0, _POTASSIUM),
        "leak": Leak(0.15, -70.0),
    }
    return Cell(channels, area=_area(67.0))


def PospischilIntrinsicallyBursting() -> Cell:
    r"""An intrinsically bursting cortical pyramidal cell: a burst first, then single spikes.

    $C\,\dot v = I/A - j_{Na} - j_K - j_M - j_L - j_{leak}$: a `Cell` with channels `na`, `k`,
    `m`, `ca_l` and `leak`, at 36 degC, 96 um long and wide; 150 pA make it fire. With
    0.22 mS/cm2 of `ca_l` it bursts again and again. The cell `demo_PY_IB` of the authors'
    program (ModelDB 123623). Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """
    channels = {
        "na": TraubMilesSodium(50.0),
        "k": TraubMilesPotassium(5.0, _POTASSIUM),
        "m": PospischilMTypePotassium(0.03, _POTASSIUM),
        "ca_l": PospischilLTypeCalcium(0.17),
        "leak": Leak(0.01, -85.0),
    }
    return Cell(channels, area=_area(96.0))


def PospischilLowThresholdSpiking() -> Cell:
    r"""A cortical pyramidal cell with low-threshold calcium spikes.

    $C\,\dot v = I/A - j_{Na} - j_K - j_M - j_T - j_{leak}$: a `Cell` with channels `na`, `k`,
    `m`, `ca_t` and `leak`, at 36 degC, 96 um long and wide; 150 pA make it fire, with two
    spikes close to each other first. From rest at -62 mV, which a leak reversal of -60 mV gives
    it, it rebounds with a spike from a hyperpolarising current. The cell `demo_PY_LTS` of the
    authors' program (ModelDB 123623). Pospischil et al. 2008, doi:10.1007/s00422-008-0263-8
    """
    channels = {
        "na": TraubMilesSodium(50.0),
        "k": TraubMilesPotassium(5.0, _POTASSIUM),
        "m": PospischilMTypePotassium(0.03, _POTASSIUM),
        "ca_t": PospischilTTypeCalcium(0.4),
        "leak": Leak(0.01, -85.0),
    }
    return Cell(channels, area=_area(96.0))
