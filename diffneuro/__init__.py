"""Differentiable neuron models in JAX."""

from ._compile import install as _install

_install()

from . import (  # noqa: E402
    adjoints as adjoints,
    analysis as analysis,
    channels as channels,
    exchange as exchange,
    ions as ions,
    losses as losses,
    methods as methods,
    morphology as morphology,
    networks as networks,
    neurons as neurons,
    recordings as recordings,
    report as report,
    solvers as solvers,
    spikes as spikes,
    stimuli as stimuli,
    sweeps as sweeps,
    synapses as synapses,
)
from ._bounds import Bounds as Bounds  # noqa: E402
from ._defaults import Search as Search, default_search as default_search  # noqa: E402
from ._fit import fit as fit  # noqa: E402
from ._model import (  # noqa: E402
    AbstractChannel as AbstractChannel,
    AbstractClampedModel as AbstractClampedModel,
    AbstractConductanceModel as AbstractConductanceModel,
    AbstractEscapeModel as AbstractEscapeModel,
    AbstractLinearModel as AbstractLinearModel,
    AbstractModel as AbstractModel,
    AbstractNoisyModel as AbstractNoisyModel,
    AbstractSpikingModel as AbstractSpikingModel,
    Ion as Ion,
    Membrane as Membrane,
    Occupancy as Occupancy,
    Parameter as Parameter,
    parameter as parameter,
    parameters as parameters,
    replace as replace,
)
from ._problems import PROBLEMS as PROBLEMS, Problem as Problem  # noqa: E402
from ._result import FitResult as FitResult  # noqa: E402
from ._simulate import simulate as simulate  # noqa: E402
from ._sweep import sweep as sweep  # noqa: E402
from ._time_loop import Trajectory as Trajectory  # noqa: E402
