"""Channels: membrane in, current density out."""

from .._numerics import linoid as linoid
from ._adjusted import Adjusted as Adjusted, Adjustment as Adjustment
from ._calcium_activated_potassium import BK as BK, SK as SK
from ._channel_noise import ChannelNoise as ChannelNoise
from ._connor_stevens import (
    ConnorStevensATypePotassium as ConnorStevensATypePotassium,
    ConnorStevensPotassium as ConnorStevensPotassium,
    ConnorStevensSodium as ConnorStevensSodium,
)
from ._gate_scheme import GateScheme as GateScheme
from ._gated import (
    AbstractGatedChannel as AbstractGatedChannel,
    Rates as Rates,
    from_steady_state as from_steady_state,
    q10_factor as q10_factor,
)
from ._gated_channel import GatedChannel as GatedChannel
from ._hair_cell import HairBundle as HairBundle
from ._hay_calcium import (
    HayHighVoltageCalcium as HayHighVoltageCalcium,
    HayLowVoltageCalcium as HayLowVoltageCalcium,
)
from ._hay_potassium import (
    HayKv3 as HayKv3,
    HayMTypePotassium as HayMTypePotassium,
    HayPersistentPotassium as HayPersistentPotassium,
    HayTransientPotassium as HayTransientPotassium,
)
from ._hay_sodium import HayTransientSodium as HayTransientSodium
from ._hcn import HCN as HCN
from ._herg import HERG as HERG, HERGGates as HERGGates
from ._hh_gate import (
    AbstractGate as AbstractGate,
    BoltzmannGate as BoltzmannGate,
    HHGate as HHGate,
)
from ._kinetic_scheme import (
    AbstractKineticScheme as AbstractKineticScheme,
    ConstantRate as ConstantRate,
    ExponentialRate as ExponentialRate,
    KineticScheme as KineticScheme,
    Pore as Pore,
)
from ._ligand_gated import LigandGated as LigandGated
from ._nav_scheme import (
    NAV_ISOFORMS as NAV_ISOFORMS,
    NavIsoform as NavIsoform,
    NavScheme as NavScheme,
)
from ._neuroml import from_neuroml as from_neuroml
from ._persistent_sodium import PersistentSodium as PersistentSodium
from ._pospischil import (
    PospischilLTypeCalcium as PospischilLTypeCalcium,
    PospischilMTypePotassium as PospischilMTypePotassium,
    PospischilTTypeCalcium as PospischilTTypeCalcium,
)
from ._rate_laws import (
    AbstractShape as AbstractShape,
    ExponentialShape as ExponentialShape,
    LinoidShape as LinoidShape,
    RateLaw as RateLaw,
    SigmoidShape as SigmoidShape,
    SteadyStateLaw as SteadyStateLaw,
)
from ._squid import (
    Leak as Leak,
    PotassiumGates as PotassiumGates,
    SodiumGates as SodiumGates,
    SquidPotassium as SquidPotassium,
    SquidSodium as SquidSodium,
)
from ._subunit_noise import SubunitNoise as SubunitNoise
from ._traub_miles import (
    TraubMilesPotassium as TraubMilesPotassium,
    TraubMilesSodium as TraubMilesSodium,
)
from ._wang_buzsaki import (
    WangBuzsakiPotassium as WangBuzsakiPotassium,
    WangBuzsakiSodium as WangBuzsakiSodium,
)
