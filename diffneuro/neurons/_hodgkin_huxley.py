"""The squid axon's membrane as a cell."""

from ..channels import Leak, SquidPotassium, SquidSodium
from ._cell import Cell


def HodgkinHuxley() -> Cell:
    """The squid giant axon at 6.3 degC: a `Cell` with channels `na`, `k` and `leak`.

    Its area of 10,000 um2 makes 1 uA/cm2 of the paper 100 pA, and its capacitance 100 pF.
    Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764
    """
    return Cell({"na": SquidSodium(), "k": SquidPotassium(), "leak": Leak()})
