"""Two cells with a shape that simulators share."""

import os
from pathlib import Path

from ..processes import ROOT

FOLDER = (
    Path(os.environ.get("DIFFNEURO_RECORDINGS", ROOT / ".." / "shared" / "recordings"))
    / "morphologies"
)
# What each cell is a reconstruction of, by its name in the rows.
FILES = {
    "squid soma": FOLDER / "allen_485574832.swc",
    "five channels": FOLDER / "allen_472450023_sst.swc",
}
DURATION = 50.0
STEPS = (0.025, 0.005)
"""ms; NEURON's default, and one at which all methods nearly agree"""
START, CELSIUS, RESISTIVITY = -65.0, 6.3, 100.0
CURRENT_NA = {"squid soma": 0.2, "five channels": 0.3}
"""into the middle of the soma, from t = 0 on"""
# S/cm2 and mV. The soma of the first cell is dense enough to fire into its dendrites.
SOMA_DENSITY = 4.0
"""times the squid's, of all its channels"""
G_PASSIVE, E_PASSIVE = 2.5e-5, -65.0
G_M, E_M, SLOWEST = 5e-4, -90.0, 200.0
G_L, E_L = 5e-4, 120.0
METHODS = {0: "BackwardEuler", 2: "CrankNicolson"}
"""NEURON's secondorder, and what we call the same method"""
