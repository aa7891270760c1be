"""Ions: concentrations, pumps, reversal potentials."""

from ._accumulating_ion import (
    AccumulatingIon as AccumulatingIon,
    Accumulation as Accumulation,
)
from ._buffered_calcium_shell import (
    BufferedCalcium as BufferedCalcium,
    BufferedCalciumShell as BufferedCalciumShell,
)
from ._calcium_pump import CalciumPump as CalciumPump
from ._calcium_shell import CalciumShell as CalciumShell
from ._fixed_concentrations import FixedConcentrations as FixedConcentrations
from ._goldman import (
    chord_conductance_potential as chord_conductance_potential,
    ghk_current as ghk_current,
    ghk_voltage as ghk_voltage,
)
from ._kept_ion import kept_ion as kept_ion
from ._nernst import (
    absolute_temperature as absolute_temperature,
    nernst as nernst,
    thermal_voltage as thermal_voltage,
)
from ._pool import VALENCES as VALENCES, AbstractIonPool as AbstractIonPool, flux as flux
from ._sodium_calcium_exchanger import SodiumCalciumExchanger as SodiumCalciumExchanger
from ._sodium_potassium_pump import SodiumPotassiumPump as SodiumPotassiumPump
