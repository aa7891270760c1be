"""Differentiable neuron models in JAX."""

from ._compile import install as _install

_install()

from . import channels as channels, neurons as neurons, solvers as solvers  # noqa: E402
from . import spikes as spikes, stimuli as stimuli  # noqa: E402
from ._model import (  # noqa: E402
    AbstractChannel as AbstractChannel,
    AbstractConductanceModel as AbstractConductanceModel,
    AbstractModel as AbstractModel,
    AbstractSpikingModel as AbstractSpikingModel,
    Membrane as Membrane,
    parameter as parameter,
    parameters as parameters,
    replace as replace,
)
from ._simulate import Trajectory as Trajectory, simulate as simulate  # noqa: E402
