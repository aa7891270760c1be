"""The verb `simulate`: a model, a stimulus, a time loop."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from ._compile import warn_unless_folding
from ._model import (
    AbstractChannel,
    AbstractClampedModel,
    AbstractConductanceModel,
    AbstractCoupledModel,
    AbstractEscapeModel,
    AbstractLinearModel,
    AbstractModel,
    AbstractSpikingModel,
    Membrane,
    has_noise,
    is_clamped,
    is_concrete,
    parameters,
)
from ._network_run import run_network
from ._time_loop import TimeLoop, Trajectory, integrate, voltage_of_each
from .adjoints import AbstractAdjoint, CheckpointChunks, CheckpointSolutions, CheckpointSteps
from .networks import Network
from .solvers import (
    AbstractNoiseSolver,
    AbstractSolver,
    BackwardEulerMaruyama,
    CrankNicolson,
    ExponentialEuler,
    ExponentialEulerMaruyama,
    ExponentialHeun,
    Staggered,
)
from .spikes import AbstractSpikeGradient, Exact

_ONE_LEVEL_BYTES = 64e6
# A cable's compartments fill a processor as the lanes of a batch do.
_LANES, _LANES_OF_COMPARTMENTS = 64, 4
_SOLUTION_BYTES = 128e6


def default_solver(model: AbstractModel, *, noisy: bool = False) -> AbstractSolver:
    """`CrankNicolson` where voltages are linked, `Staggered` where a model tells voltage from
    gates, exact relaxation where the voltage is held and for linear models, else
    `ExponentialHeun`; with noise `ExponentialEulerMaruyama`, for linked voltages
    `BackwardEulerMaruyama`."""
    if noisy:
        linked = isinstance(model, AbstractCoupledModel)
        return BackwardEulerMaruyama() if linked else ExponentialEulerMaruyama()
    if isinstance(model, AbstractCoupledModel):
        return CrankNicolson()
    if isinstance(model, AbstractConductanceModel):
        return Staggered()
    if isinstance(model, AbstractChannel | AbstractClampedModel | AbstractLinearModel):
        return ExponentialEuler()
    return ExponentialHeun()


def simulate(
    model: AbstractModel,
    stimulus: Any,
    *,
    t1: float,
    dt: float = 0.025,
    solver: AbstractSolver | None = None,
    spikes: AbstractSpikeGradient | None = None,
    record: Callable[[Any, Any], Any] | None = None,
    every: int = 1,
    adjoint: AbstractAdjoint | None = None,
    state: Any = None,
    key: Array | None = None,
) -> Trajectory:
    """Integrate a model from t = 0 to `t1`.

    **Arguments:**

    - `model`: a neuron under current clamp, a channel or `neurons.VoltageClamp` under voltage
      clamp, or a `networks.Network`.
    - `stimulus`: a number, an array with round(t1/dt) samples, each held for `dt`, or a
      callable of t (ms); pA into a neuron, mV onto a channel or a clamp. An input of several
      parts, such as `neurons.SynapticInput`, has one of these for each part. A network takes
      a dictionary from population to current (with (t1/dt, cells) values for one in each cell)
      and from source to `stimuli.SpikeTrains`, `stimuli.PoissonSpikes` or a raster.
    - `t1`, `dt`: ms; plain numbers, not traced.
    - `solver`: a step, for a network a dictionary from population to one; the default is
      chosen by `default_solver`.
    - `spikes`: what a derivative means at a threshold; `spikes.Exact()` by default.
    - `record`: what is kept at each t, a function of state and input; by default the output.
    - `every`: keep only each so-many-th sample; spikes are always kept.
    - `adjoint`: how much of the run is kept for reverse mode; chosen by size by default.
    - `state`: where to start. By default at rest under what was there before the run: a
      callable's value at t < 0; for a number or an array no current, or, under voltage clamp,
      its first voltage.
    - `key`: the random key of a noisy model; without one the run is deterministic.

    **Returns:** a `Trajectory`. Works under jit, vmap, grad, jvp, jacfwd and hessian.

    **Raises:** `ValueError` for bad times, shapes and values that are not finite; outside
    jit also for a run that diverges, naming the state and the time.
    """
    if not isinstance(model, AbstractModel):
        raise ValueError(f"model={model!r} is no model: give one, such as neurons.LIF().")
    count = _sample_count(t1, dt)
    _check_every(every)
    warn_unless_folding()
    run = _run_network if isinstance(model, Network) else _run_one
    return run(
        model,
        stimulus,
        count,
        dt,
        solver=solver,
        spikes=spikes,
        record=record,
        every=every,
        adjoint=adjoint,
        state=state,
        key=key,
    )


def _run_one(
    model, stimulus, count, dt, *, solver, spikes, record, every, adjoint, state, key
) -> Trajectory:
    """A run of one neuron, channel or clamp."""
    noisy = key is not None and has_noise(model)
    solver = default_solver(model, noisy=noisy) if solver is None else solver
    if key is not None:
        _check_noise(model, solver, key)
    if spikes is not None:
        check_spike_gradient(model, spikes)
        spikes.check(dt)
    spikes = Exact() if spikes is None else spikes
    check_finite_parameters(model)
    inputs, before = _sample(model, stimulus, count, dt, solver.nodes)
    rested = state is None
    if rested:
        state = _rest(model, before)
    state = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(float)), state)
    if isinstance(model, AbstractCoupledModel):
        voltage = voltage_of_each(model, state)
        adjoint = _cable_adjoint(voltage, state, count) if adjoint is None else adjoint
    adjoint = _default_adjoint(state, count) if adjoint is None else adjoint
    loop = TimeLoop(model, solver, spikes, adjoint, record, dt, every)
    run = integrate(loop, state, inputs, key, rested)
    _check_finite(run, dt * every)
    _check_one_spike_a_step(run, dt)
    return run


def _run_network(model, stimulus, count, dt, *, adjoint, key, every, **given) -> Trajectory:
    """A run of a network, with the same defaults and checks."""
    if key is not None and not isinstance(key, jax.Array | np.ndarray):
        raise ValueError(f"key={key!r} is no random key: write key=jax.random.key(0).")
    run = run_network(
        model,
        stimulus,
        count,
        dt,
        key=None if key is None else jnp.asarray(key),
        every=every,
        choose=lambda one, noisy: default_solver(one, noisy=noisy),
        adjoint=_default_adjoint if adjoint is None else lambda state, count: adjoint,
        **given,
    )
    _check_finite(run, dt * every)
    return run


def check_spike_gradient(model: AbstractModel, spikes: Any) -> None:
    """Raise a `ValueError` unless `spikes` is one, for a model that spikes by a rule."""
    if not isinstance(spikes, AbstractSpikeGradient):
        raise ValueError(f"spikes={spikes!r} is no spike gradient: give one, as spikes.Exact().")
    if not isinstance(model, AbstractSpikingModel):
        raise ValueError(
            f"spikes was given, but {type(model).__name__} does not spike by a rule, so it has "
            "nothing to say there: leave spikes out."
        )


def _check_every(every: int) -> None:
    if not isinstance(every, int | np.integer) or every < 1:
        raise ValueError(f"every={every} must be a whole number of steps, at least 1.")


def _check_noise(model: AbstractModel, solver: AbstractSolver, key: Any) -> None:
    if not isinstance(key, jax.Array | np.ndarray):
        raise ValueError(f"key={key!r} is no random key: write key=jax.random.key(0).")
    if isinstance(model, AbstractEscapeModel):
        return
    if not has_noise(model):
        raise ValueError(
            f"key was given, but {type(model).__name__} has no noise of its own: leave key out, "
            "or put the noise into the stimulus with stimuli.ornstein_uhlenbeck."
        )
    if not isinstance(solver, AbstractNoiseSolver):
        raise ValueError(
            f"key was given, but {type(solver).__name__} knows no noise: use "
            f"solvers.{type(default_solver(model, noisy=True)).__name__}()."
        )


def _default_adjoint(state: Any, count: int, lanes: int = _LANES) -> AbstractAdjoint:
    """One level of checkpoints while the states of a run are small, two beyond.

    The states of a batch are not seen from here, so the bound is one for so many `lanes`.
    """
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
    small = lanes * size * count <= _ONE_LEVEL_BYTES
    return CheckpointSteps() if small else CheckpointChunks()


def _cable_adjoint(voltage: Array, state: Any, count: int) -> AbstractAdjoint:
    """As by default, but beyond one level with each step's solution while those are small."""
    kept = _LANES_OF_COMPARTMENTS * voltage.size * voltage.dtype.itemsize * count
    adjoint = _default_adjoint(state, count, _LANES_OF_COMPARTMENTS)
    if isinstance(adjoint, CheckpointChunks) and kept <= _SOLUTION_BYTES:
        return CheckpointSolutions()
    return adjoint


def _sample_count(t1: float, dt: float) -> int:
    if isinstance(t1, Tracer) or isinstance(dt, Tracer):
        raise ValueError("t1 and dt must be plain numbers: they decide how many steps there are.")
    if not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"dt={dt} ms must be positive: 0.025 suits most neurons.")
    if not (math.isfinite(t1) and t1 >= dt * (1 - 1e-9)):
        raise ValueError(f"t1={t1} ms must be at least one step, dt={dt} ms: make it longer.")
    count = round(t1 / dt)
    if abs(t1 / dt - count) > 1e-6 * count:
        warnings.warn(
            f"t1={t1} ms is no multiple of dt={dt} ms: the run is {count} steps, "
            f"{count * dt:g} ms, long.",
            stacklevel=3,
        )
    return count


def _sample(model, stimulus, count, dt, nodes) -> tuple[tuple[Any, tuple], Any]:
    """The input at the start and at the nodes of every step, and before the run."""
    parts, structure = jax.tree.flatten(
        stimulus, is_leaf=lambda part: callable(part) or is_samples(part)
    )
    if not parts:
        raise ValueError(f"the stimulus {stimulus!r} holds no numbers: give at least one, as 0.0.")
    fractions = {0.0, *nodes}
    starts_clamped = is_clamped(model)
    sampled = [
        _sample_function(part, count, dt, fractions)
        if callable(part)
        else _sample_values(part, count, fractions, starts_clamped)
        for part in parts
    ]

    def whole(pick):
        return _as_input(model, jax.tree.unflatten(structure, [pick(part) for part in sampled]))

    at = {fraction: whole(lambda part, f=fraction: part[0][f]) for fraction in fractions}
    _check_finite_samples(at, dt)
    if starts_clamped:
        _check_millivolts(at)
    return (at[0.0], tuple(at[fraction] for fraction in nodes)), whole(lambda part: part[1])


def is_samples(part: Any) -> bool:
    """Whether a list is one of numbers, not of parts of an input."""
    return isinstance(part, list) and not any(isinstance(one, tuple) for one in part)


def _sample_function(function, count, dt, fractions) -> tuple[dict[float, Any], Any]:
    """A function of time at fractions of every step, and at t = -dt."""
    real = jnp.result_type(float)
    k = np.arange(count)
    samples = {
        fraction: jax.vmap(function)(jnp.asarray((k + fraction) * dt, real))
        for fraction in fractions
    }
    return samples, function(jnp.asarray(-dt, real))


def _sample_values(values, count, fractions, starts_clamped) -> tuple[dict[float, Any], Any]:
    """Samples held for a step each; before the run they are off, or a clamp's first."""
    held = _one_a_step(values, count)
    return dict.fromkeys(fractions, held), held[0] if starts_clamped else jnp.zeros_like(held[0])


def _check_finite_samples(samples, dt) -> None:
    for values in jax.tree.leaves(samples):
        if not is_concrete(values):
            continue
        # NumPy, because JAX's operations are traced inside a jitted function even on numbers.
        finite = np.isfinite(np.asarray(values))
        if not finite.all():
            first_bad = int(np.argmax(~finite))
            raise ValueError(
                f"the stimulus is not finite at t={first_bad * dt:g} ms: "
                "look for NaN or inf in it and cut or mend that part."
            )


def _check_millivolts(samples) -> None:
    """A command that never leaves 0 by more than 1 is one in volts."""
    voltages = [u.voltage if isinstance(u, Membrane) else u for u in samples.values()]
    if not all(is_concrete(v) for v in voltages):
        return
    largest = max(float(np.abs(np.asarray(v)).max()) for v in voltages)
    if 0.0 < largest < 1.0:
        raise ValueError(
            f"the command stays within {largest:g} mV of 0, which looks like volts: multiply it "
            "by 1000."
        )


def _one_a_step(values, count) -> Array:
    values = jnp.asarray(values, jnp.result_type(float))
    if values.ndim > 1 or (values.ndim == 1 and values.shape[0] != count):
        raise ValueError(
            f"the stimulus has shape {values.shape}, but t1/dt asks for {count} samples: "
            "give one number, one sample a step, or a function of t (vmap for a batch)."
        )
    return jnp.broadcast_to(values, (count,))


def _as_input(model, value):
    """A plain number onto a channel is its membrane's voltage."""
    if isinstance(model, AbstractChannel) and not isinstance(value, Membrane):
        return Membrane(value)
    return value


@eqx.filter_jit
def _rest(model, u):
    return model.initial_state(u)


def check_finite_parameters(model: AbstractModel) -> None:
    """Raise a `ValueError` that names the first parameter that is NaN or infinite."""
    for name, (value, unit) in parameters(model).items():
        if not is_concrete(value):
            continue
        if value.ndim:
            raise ValueError(
                f"{name} has shape {value.shape}: one run takes one value; use jax.vmap for many."
            )
        if not np.isfinite(np.asarray(value)).all():
            raise ValueError(f"{name}={value} {unit} is not finite: give it a number.")


def _check_finite(run: Trajectory, dt: float) -> None:
    """One check at the end of a run, outside jit, that names what went wrong and when."""
    leaves = jax.tree.leaves((run.y, run.state))
    if not all(is_concrete(leaf) for leaf in leaves):
        return
    if all(bool(np.isfinite(np.asarray(leaf)).all()) for leaf in leaves):
        return
    bad_samples = [
        int(np.argmax(~np.isfinite(np.asarray(y)).reshape(y.shape[0], -1).all(1)))
        for y in jax.tree.leaves(run.y)
        if not np.isfinite(np.asarray(y)).all()
    ]
    when = f"at t={min(bad_samples) * dt:g} ms" if bad_samples else "in the last step"
    where = [
        jax.tree_util.keystr(path).lstrip(".")
        for path, leaf in jax.tree_util.tree_leaves_with_path(run.state)
        if not np.isfinite(np.asarray(leaf)).all()
    ]
    raise ValueError(
        f"the run diverged {when} (not finite at its end: {', '.join(where) or 'the output'}): "
        "take a smaller dt, or look for a parameter of the wrong size or unit."
    )


def _check_one_spike_a_step(run: Trajectory, dt: float) -> None:
    if run.spikes is None or not is_concrete(run.spikes):
        return
    fired = np.asarray(run.spikes) > 0
    if (fired[1:] & fired[:-1]).any():
        warnings.warn(
            f"the neuron spiked in consecutive steps of {dt:g} ms, and a step holds one spike at "
            "most: take a smaller dt, a longer refractory time or less current.",
            stacklevel=4,
        )
