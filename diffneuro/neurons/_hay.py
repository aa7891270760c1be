"""The soma of a layer-5 pyramidal cell by itself."""

from ..channels import (
    HCN,
    SK,
    HayHighVoltageCalcium,
    HayKv3,
    HayLowVoltageCalcium,
    HayPersistentPotassium,
    HayTransientPotassium,
    HayTransientSodium,
    Leak,
    PersistentSodium,
)
from ..ions import CalciumShell
from ._cell import Cell


def HaySoma() -> Cell:
    r"""The soma of the layer-5b pyramidal cell, cut off from its dendrites.

    $C\,\dot v = I/A - \sum_c j_c$: a `Cell` with a pool of calcium and the channels `na`, `nap`,
    `k_persistent`, `k_transient`, `kv3`, `sk`, `hcn`, `ca_high`, `ca_low` and `leak`, which are
    those of the paper's model of both calcium spikes and firing at steps of current. The
    paper's cell is a tree, whose dendrites load the soma; the area of 1000 um2 is a round
    number.
    Hay et al. 2011, doi:10.1371/journal.pcbi.1002107
    """
    channels = {
        "na": HayTransientSodium(),
        "nap": PersistentSodium(),
        "k_persistent": HayPersistentPotassium(),
        "k_transient": HayTransientPotassium(),
        "kv3": HayKv3(),
        "sk": SK(),
        "hcn": HCN(),
        "ca_high": HayHighVoltageCalcium(),
        "ca_low": HayLowVoltageCalcium(),
        "leak": Leak(0.0338, -90.0),
    }
    calcium = CalciumShell(free_fraction=0.000501, time_constant=460.0)
    return Cell(channels, area=1000.0, ions={"ca": calcium})
