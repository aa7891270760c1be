"""A hippocampal interneuron of the gamma rhythm."""

from ..channels import Leak, WangBuzsakiPotassium, WangBuzsakiSodium
from ._cell import Cell


def WangBuzsaki() -> Cell:
    r"""A fast-spiking hippocampal interneuron.

    $C\,\dot v = I/A - j_{Na} - j_K - j_{leak}$: a `Cell` with channels `na`, `k` and `leak`. It
    rests at -64 mV and fires from 0.16 uA/cm2 on; its area of 10,000 um2 makes 1 uA/cm2 of the
    paper 100 pA. Wang & Buzsaki 1996, doi:10.1523/JNEUROSCI.16-20-06402.1996
    """
    channels = {
        "na": WangBuzsakiSodium(),
        "k": WangBuzsakiPotassium(),
        "leak": Leak(0.1, -65.0),
    }
    return Cell(channels)
