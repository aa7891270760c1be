"""Ions: concentrations, pumps, reversal potentials."""

from ._nernst import nernst as nernst
from ._pool import AbstractIonPool as AbstractIonPool, flux as flux
