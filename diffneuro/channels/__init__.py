"""Channels: membrane in, current density out."""

from ._squid import (
    Leak as Leak,
    PotassiumGates as PotassiumGates,
    SodiumGates as SodiumGates,
    SquidPotassium as SquidPotassium,
    SquidSodium as SquidSodium,
)
