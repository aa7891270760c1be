"""Networks: neurons joined by synapses."""

from ._connection import (
    AbstractConnection as AbstractConnection,
    Dense as Dense,
    OneToOne as OneToOne,
    Sparse as Sparse,
)
from ._modulator import Modulation as Modulation, Modulator as Modulator
from ._network import Network as Network
from ._population import Population as Population, Source as Source
from ._projection import (
    GapJunctions as GapJunctions,
    Projection as Projection,
    ProjectionState as ProjectionState,
)
from ._state import AbstractNetwork as AbstractNetwork, NetworkState as NetworkState
from ._wiring import (
    all_to_all as all_to_all,
    connect_at_random as connect_at_random,
    connect_by_distance as connect_by_distance,
    one_to_one as one_to_one,
)
