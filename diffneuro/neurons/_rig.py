"""The rig between a neuron and what the amplifier shows."""

from typing import Any, NamedTuple, TypeAlias

import equinox as eqx
from jax import Array

from .._model import (
    AbstractConductanceModel,
    AbstractEscapeModel,
    AbstractModel,
    AbstractNoisyModel,
    AbstractSpikingModel,
    Parameter,
    check_ranges,
    has_noise,
    parameter,
)
from ._gif import GIF
from ._hodgkin_huxley import HodgkinHuxley
from ._lif import LIF
from ._more_current import with_more_current
from ._signal_input import SignalInput
from ._synaptic_input import SynapticInput


class ElectrodeLag(eqx.Module):
    """By how much a rig shows late, and what its electrode takes from the neuron meanwhile.

    For a pipette with an uncompensated capacitance $C_e$ alone, `time_constant` is $R_s C_e$;
    with 0 pF it is a filter of one pole in the amplifier, which the neuron does not feel.
    """

    time_constant: Parameter = parameter(0.1, "ms", above=0.0)
    electrode_capacitance: Parameter = parameter(0.0, "pF", at_least=0.0)

    def __check_init__(self):
        check_ranges(self)


class RigState(NamedTuple):
    """The state of a neuron in a rig with an `ElectrodeLag`; without one it is the neuron's."""

    model: Any
    """the neuron's own"""
    shown: Array
    """mV, what the amplifier shows"""


class Rig(AbstractConductanceModel, AbstractNoisyModel):
    r"""A cell under current clamp as the amplifier shows it: $v_{rec} = v + R_s I + v_j$.

    The cell gets $I = I_{cmd} + I_0$. With a `lag` what is shown follows,
    $\tau \dot v_{rec} = v + R_s I + v_j - v_{rec}$, and charging the electrode takes
    $C_e \dot v_{rec}$ from the cell's current, which is exact for $\tau = R_s C_e$.

    `series_resistance` $R_s$ is what the bridge leaves over, below 0 where it takes away too
    much; in a clamp that measures the voltage while no current flows it is 0. With
    the defaults nothing is changed. In the lag a jump of the current is felt half a step
    early. Only one of `junction_potential` and a shift of all the cell's potentials can be told
    from a recording; so it is with `current_offset` and the leak's reversal potential, unless
    $R_s$ is known. Integrate-and-fire neurons have `SpikingRig` and `EscapeRig`.
    Brette et al. 2008, doi:10.1016/j.neuron.2008.06.021; $v_j$ as in Neher 1992,
    doi:10.1016/0076-6879(92)07008-C
    """

    model: AbstractConductanceModel = eqx.field(default_factory=HodgkinHuxley)
    series_resistance: Parameter = parameter(0.0, "GOhm")
    current_offset: Parameter = parameter(0.0, "pA")
    junction_potential: Parameter = parameter(0.0, "mV")
    lag: ElectrodeLag | None = None

    def __check_init__(self):
        if not isinstance(self.model, AbstractConductanceModel):
            raise ValueError(
                f"Rig needs a conductance-based cell, and {type(self.model).__name__} is none: "
                "integrate-and-fire neurons have SpikingRig, those with a hazard EscapeRig."
            )
        _check_lag(self)

    def initial_state(self, u: Any, /) -> Any:
        return _at_rest(self, u)

    def vector_field(self, x: Any, u: Any, /) -> Any:
        return _rates(self, x, u)

    def output(self, x: Any, u: Any, /) -> Array:
        return _shown(self, x, u)

    def voltage(self, x: Any, /) -> Any:
        return self.model.voltage(_own(self, x))

    def concentrations(self, x: Any, /) -> Any:
        return self.model.concentrations(_own(self, x))

    def is_noisy(self) -> bool:
        return has_noise(self.model)

    def normals(self, x: Any, /) -> Any:
        return _normals(self, x)

    def diffusion(self, x: Any, u: Any, normals: Any, /) -> Any:
        return _diffusion(self, x, u, normals)


class SpikingRig(AbstractSpikingModel, AbstractNoisyModel):
    r"""An integrate-and-fire neuron as the amplifier shows it: $v_{rec} = v + R_s I + v_j$.

    As `Rig` in all; spikes, reset and refractory time are the neuron's, and a lag shows them
    late. Brette et al. 2008, doi:10.1016/j.neuron.2008.06.021
    """

    model: AbstractSpikingModel = eqx.field(default_factory=LIF)
    series_resistance: Parameter = parameter(0.0, "GOhm")
    current_offset: Parameter = parameter(0.0, "pA")
    junction_potential: Parameter = parameter(0.0, "mV")
    lag: ElectrodeLag | None = None

    def __check_init__(self):
        model = self.model
        if not isinstance(model, AbstractSpikingModel) or isinstance(model, AbstractEscapeModel):
            raise ValueError(
                f"SpikingRig needs a neuron with a sharp threshold, and {type(model).__name__} is "
                "none: conductance-based cells have Rig, those with a hazard EscapeRig."
            )
        _check_lag(self)

    def initial_state(self, u: Any, /) -> Any:
        return _at_rest(self, u)

    def vector_field(self, x: Any, u: Any, /) -> Any:
        return _rates(self, x, u)

    def output(self, x: Any, u: Any, /) -> Array:
        return _shown(self, x, u)

    def event(self, x: Any, u: Any, /) -> Array:
        return self.model.event(_own(self, x), _felt(self, x, u))

    def overshoot(self, x: Any, u: Any, /) -> Array:
        return self.model.overshoot(_own(self, x), _felt(self, x, u))

    def jump(self, x: Any, u: Any, /) -> Any:
        return _jumped(self, x, u)

    def refractory(self, x: Any, /) -> Array:
        return self.model.refractory(_own(self, x))

    def is_noisy(self) -> bool:
        return has_noise(self.model)

    def normals(self, x: Any, /) -> Any:
        return _normals(self, x)

    def diffusion(self, x: Any, u: Any, normals: Any, /) -> Any:
        return _diffusion(self, x, u, normals)


class EscapeRig(AbstractEscapeModel):
    r"""A neuron with a hazard as the amplifier shows it: $v_{rec} = v + R_s I + v_j$.

    As `Rig` in all; hazard, reset and refractory time are the neuron's, and a lag shows them
    late. Brette et al. 2008, doi:10.1016/j.neuron.2008.06.021
    """

    model: AbstractEscapeModel = eqx.field(default_factory=GIF)
    series_resistance: Parameter = parameter(0.0, "GOhm")
    current_offset: Parameter = parameter(0.0, "pA")
    junction_potential: Parameter = parameter(0.0, "mV")
    lag: ElectrodeLag | None = None

    def __check_init__(self):
        if not isinstance(self.model, AbstractEscapeModel):
            raise ValueError(
                f"EscapeRig needs a neuron with a hazard, and {type(self.model).__name__} has "
                "none: conductance-based cells have Rig, sharp thresholds SpikingRig."
            )
        _check_lag(self)

    def initial_state(self, u: Any, /) -> Any:
        return _at_rest(self, u)

    def vector_field(self, x: Any, u: Any, /) -> Any:
        return _rates(self, x, u)

    def output(self, x: Any, u: Any, /) -> Array:
        return _shown(self, x, u)

    def hazard(self, x: Any, u: Any, /) -> Array:
        return self.model.hazard(_own(self, x), _felt(self, x, u))

    def event(self, x: Any, u: Any, /) -> Array:
        return self.model.event(_own(self, x), _felt(self, x, u))

    def overshoot(self, x: Any, u: Any, /) -> Array:
        return self.model.overshoot(_own(self, x), _felt(self, x, u))

    def jump(self, x: Any, u: Any, /) -> Any:
        return _jumped(self, x, u)

    def refractory(self, x: Any, /) -> Array:
        return self.model.refractory(_own(self, x))

    def waiting(self, x: Any, /) -> Array:
        return self.model.waiting(_own(self, x))


_AnyRig: TypeAlias = Rig | SpikingRig | EscapeRig


def _check_lag(rig: _AnyRig) -> None:
    if rig.lag is not None and not isinstance(rig.lag, ElectrodeLag):
        raise ValueError(
            f"lag={rig.lag!r} of a {type(rig).__name__} is no lag: write neurons.ElectrodeLag(0.1) "
            "for one of 0.1 ms, or leave it out."
        )


def _own(rig: _AnyRig, x: Any) -> Any:
    """The neuron's part of the state."""
    return x if rig.lag is None else x.model


def _at_rest(rig: _AnyRig, u: Any) -> Any:
    own = rig.model.initial_state(with_more_current(u, rig.current_offset))
    return own if rig.lag is None else RigState(own, _in_front(rig, own, u))


def _rates(rig: _AnyRig, x: Any, u: Any) -> Any:
    own = rig.model.vector_field(_own(rig, x), _felt(rig, x, u))
    return own if rig.lag is None else RigState(own, _rate_of_shown(rig, rig.lag, x, u))


def _shown(rig: _AnyRig, x: Any, u: Any) -> Array:
    return _in_front(rig, x, u) if rig.lag is None else x.shown


def _in_front(rig: _AnyRig, own: Any, u: Any) -> Array:
    """What would be shown without a lag (mV)."""
    u = with_more_current(u, rig.current_offset)
    drop = rig.series_resistance * _electrode_current(u)
    return rig.model.output(own, u) + drop + rig.junction_potential


def _rate_of_shown(rig: _AnyRig, lag: ElectrodeLag, x: RigState, u: Any) -> Array:
    return (_in_front(rig, x.model, u) - x.shown) / lag.time_constant


def _felt(rig: _AnyRig, x: Any, u: Any) -> Any:
    """The neuron's own input."""
    extra = rig.current_offset
    if rig.lag is not None:
        extra = extra - rig.lag.electrode_capacitance * _rate_of_shown(rig, rig.lag, x, u)
    return with_more_current(u, extra)


def _jumped(rig: SpikingRig | EscapeRig, x: Any, u: Any) -> Any:
    own = rig.model.jump(_own(rig, x), _felt(rig, x, u))
    return own if rig.lag is None else RigState(own, x.shown)


def _electrode_current(u: Any) -> Any:
    """What of an input comes through the electrode (pA), synapses and signals left aside."""
    return _electrode_current(u.current) if isinstance(u, SynapticInput | SignalInput) else u


def _noisy(model: AbstractModel) -> AbstractNoisyModel:
    assert isinstance(model, AbstractNoisyModel)
    return model


def _normals(rig: Rig | SpikingRig, x: Any) -> Any:
    return _noisy(rig.model).normals(_own(rig, x))


def _diffusion(rig: Rig | SpikingRig, x: Any, u: Any, normals: Any) -> Any:
    own = _noisy(rig.model).diffusion(_own(rig, x), _felt(rig, x, u), normals)
    return own if rig.lag is None else RigState(own, 0.0)  # pyright: ignore[reportArgumentType]
