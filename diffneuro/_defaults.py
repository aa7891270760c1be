"""What a fit compares and how it searches by itself."""

from typing import NamedTuple

from ._model import (
    AbstractConductanceModel,
    AbstractCoupledModel,
    AbstractEscapeModel,
    AbstractModel,
    is_clamped,
)
from ._windows import allows_windows
from .analysis import recorded_spike_times
from .losses import (
    AbstractLoss,
    AbstractSpikeLikelihood,
    Coincidence,
    CurrentError,
    PeakVoltage,
    PointProcess,
    SpikeTimes,
    Sum,
    VanRossum,
    VictorPurpura,
    VoltageError,
)
from .losses._loss import parts_of
from .methods import (
    CMAES,
    AbstractMethod,
    DifferentialEvolution,
    LevenbergMarquardt,
    Pipeline,
    Scatter,
    Shooting,
    Synchronised,
)
from .recordings import Recording

_MANY_STARTS = 32
_FEW_STARTS = 8
# From so many on windows leave much open, and evolution has to go far. Measured: with 16 it ends
# lower so than from more windows, with 14 it does not.
_MANY_PARAMETERS = 16
_POPULATION = 64
# ms; how densely the voltage between spikes is compared.
_BETWEEN = 0.4
_COMPARE_SPIKES = (SpikeTimes, VanRossum, VictorPurpura, Coincidence, PointProcess)


def default_loss(model: AbstractModel, recording: Recording) -> AbstractLoss:
    """The current error under voltage clamp; of spiking neurons `spike_loss`, else the voltage.

    A recording that was made with a model, so that a model can be exact, says so in its
    metadata by its "truth"; then the voltage of a conductance cell tells most. So it does where
    nothing spikes.
    """
    if is_clamped(model):
        return CurrentError()
    exact = isinstance(model, AbstractConductanceModel) and "truth" in recording.metadata
    return VoltageError() if exact or not fires(recording) else spike_loss(model, recording)


def fires(recording: Recording) -> bool:
    """Whether there is a spike in any sweep."""
    return any(_spike_counts(recording))


def _spike_counts(recording: Recording, *threshold: float) -> list[int]:
    """How many spikes each sweep has."""
    rows = recording.voltage
    return [len(recorded_spike_times(recording.time, row, *threshold)) for row in rows]


def check_fires(loss: AbstractLoss, recording: Recording) -> None:
    """Raise a `ValueError` where spikes are to be compared and no sweep has any."""
    if recording.voltage_clamp:
        return
    for part in parts_of(loss):
        if not isinstance(part, _COMPARE_SPIKES):
            continue
        if not any(_spike_counts(recording, part.threshold)):
            raise ValueError(
                f"{type(part).__name__} compares spikes, but no fitted sweep rises above "
                f"{part.threshold:g} mV: fit sweeps that fire, lower its threshold=, or take "
                "losses.VoltageError()."
            )


def spike_loss(model: AbstractModel, recording: Recording) -> AbstractLoss:
    """Spike times and, with less weight, the voltage between spikes and the spikes' height.

    For models that cannot be exact: of the plain voltage error a spike that is late costs twice
    as much as one that is missing. Integrate-and-fire neurons have no spikes with a height.
    """
    room = 16 * (1 + 2 * max(_spike_counts(recording)) // 16)
    if not isinstance(model, AbstractConductanceModel):
        between = VoltageError(mask_spikes=(2.0, 5.0), largest=10.0)
        return Sum((SpikeTimes(max_spikes=room), between), (1.0, 0.02))
    every = max(1, round(_BETWEEN / recording.dt))
    between = VoltageError(mask_spikes=(4.0, 3.0), largest=8.0, every=every)
    # A twentieth of an interval is what a cortical cell's own intervals vary by.
    times = SpikeTimes(precision=0.05, largest=10.0, max_spikes=room)
    return Sum((times, between, PeakVoltage()), (1.0, 0.1, 0.25))


class Search(NamedTuple):
    """How a fit searches: by which method, and from how many starts."""

    method: AbstractMethod | Pipeline
    starts: int


def default_search(
    model: AbstractModel, loss: AbstractLoss, parameters: int, starts: int | None = None
) -> Search:
    """How `fit` searches unless it is told.

    **Arguments:** `model` and `loss`, what is fitted and compared; `parameters`, how many are
    free; `starts`, how many there are to be, by default as many as the method is made for.
    """
    if starts is None:
        starts = default_starts(model, loss, parameters)
    return Search(default_method(model, loss, starts, parameters), starts)


def default_starts(model: AbstractModel, loss: AbstractLoss, parameters: int) -> int:
    """Many where the error surface has many valleys, else the model's own values.

    Of a cable, whose runs are dear, a few.
    """
    if isinstance(model, AbstractCoupledModel):
        return _FEW_STARTS
    if not isinstance(default_method(model, loss, _MANY_STARTS, parameters), Pipeline):
        return 1
    far = isinstance(model, AbstractConductanceModel) and parameters >= _MANY_PARAMETERS
    return _POPULATION if far else _MANY_STARTS


def default_method(
    model: AbstractModel, loss: AbstractLoss, starts: int, parameters: int
) -> AbstractMethod | Pipeline:
    """What finds so many parameters of a model with a loss from so many starts.

    Under voltage clamp, for cables and for likelihoods, damped least squares. Conductance cells
    are pulled towards a voltage that they can reproduce, and else go from spike to spike. Where
    there are too few starts for a population, damped least squares alone.
    """
    if is_clamped(model) or isinstance(model, AbstractCoupledModel):
        return LevenbergMarquardt()
    if isinstance(model, AbstractConductanceModel):
        if isinstance(loss, VoltageError):
            return Synchronised()
        if starts < _FEW_STARTS:
            return Synchronised(last_steps=60)
        return between_spikes(parameters) if allows_windows(loss) else evolving()
    refilled = LevenbergMarquardt(steps=60, refill_every=10)
    likelihood = isinstance(model, AbstractEscapeModel) or isinstance(loss, AbstractSpikeLikelihood)
    if likelihood or starts < _FEW_STARTS:
        return refilled
    return evolving()


def between_spikes(parameters: int) -> Pipeline:
    """From random positions over windows of one and two spikes to evolution.

    Windows need no more than a few lanes once these agree on where to look; evolution takes
    all again, around those, and ends in the valley of the best. Of many parameters windows
    leave too much open for that: the few then lead all the others, wherever these are, and
    evolution is long.
    """
    if parameters >= _MANY_PARAMETERS:
        return _far_from_windows(parameters)
    return Pipeline(
        (
            Scatter(24),
            Shooting(1, steps=10),
            Shooting(1, steps=12),
            Shooting(2, steps=10),
            DifferentialEvolution(300),
            CMAES(150, scale=0.05, horizon=1),
        ),
        lanes=(None, 24, 16, 12, None, None),
        spread=0.3,
    )


def _far_from_windows(parameters: int) -> Pipeline:
    return Pipeline(
        (
            Scatter(8),
            Shooting(1, steps=8),
            Shooting(1, steps=8),
            Shooting(2, steps=6),
            DifferentialEvolution(15 * parameters),
            CMAES(20 * parameters, scale=0.05, horizon=1),
        ),
        lanes=(None, 16, 8, 8, None, 32),
        spread=None,
    )


def evolving() -> Pipeline:
    """Random positions, damped least squares, evolution: for models without hidden gates."""
    return Pipeline(
        (
            Scatter(8, horizon=None),
            LevenbergMarquardt(steps=30, refill_every=10),
            DifferentialEvolution(80),
            CMAES(120, scale=0.2),
        )
    )
