"""Neurons with a shape."""

from ._build import (
    Branch as Branch,
    ball_and_stick as ball_and_stick,
    binary_tree as binary_tree,
    build as build,
    cylinder as cylinder,
    taper as taper,
)
from ._compartments import Compartments as Compartments
from ._discretise import discretise as discretise
from ._location import Location as Location
from ._measures import (
    electrotonic_length as electrotonic_length,
    path_length as path_length,
    surface as surface,
)
from ._morphio import from_morphio as from_morphio
from ._morphology import Morphology as Morphology, Section as Section
from ._neuroml import from_neuroml as from_neuroml
from ._reduce import input_conductance as input_conductance, reduce as reduce
from ._rules import (
    AbstractRule as AbstractRule,
    Count as Count,
    DLambda as DLambda,
    MaximumLength as MaximumLength,
)
from ._swc import from_swc as from_swc
