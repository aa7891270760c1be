"""Channels: membrane in, current density out."""

from ._gated import (
    AbstractGatedChannel as AbstractGatedChannel,
    Rates as Rates,
    from_steady_state as from_steady_state,
    q10_factor as q10_factor,
)
from ._squid import (
    Leak as Leak,
    PotassiumGates as PotassiumGates,
    SodiumGates as SodiumGates,
    SquidPotassium as SquidPotassium,
    SquidSodium as SquidSodium,
)
