"""Neurons: current in (pA), voltage out (mV)."""

from ._adex import AdEx as AdEx, AdExState as AdExState
from ._cell import Cell as Cell, CellState as CellState
from ._hodgkin_huxley import HodgkinHuxley as HodgkinHuxley
from ._lif import LIF as LIF, LIFState as LIFState
from ._nudged import Nudge as Nudge, Nudged as Nudged
