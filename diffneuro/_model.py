"""What a model is, and what it may be able to do besides."""

import abc
import dataclasses
import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

Parameter: TypeAlias = Any
"""How a model's parameters are annotated: floating arrays, made from whatever number is given."""


def as_parameter(value: Any) -> Any:
    """A strongly typed floating array, so that another value never traces anew."""
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.floating):
        return jnp.asarray(value, dtype=value.dtype)
    if isinstance(value, str):
        raise ValueError(f"{value!r} is a text, not a number: give the number itself.")
    try:
        return jnp.asarray(value, dtype=jnp.result_type(float))
    except (TypeError, ValueError):
        # Not a number: a tree of placeholders (filter specs, gradients with None).
        return value


def parameter(
    default: float, unit: str, *, above: float | None = None, at_least: float | None = None
) -> Any:
    """A field of a model that is one of its parameters.

    **Arguments:** `default`, the value when none is given; `unit`, in the library's system
    (mV, ms, pA, nS, pF, um, mM, degC, uA/cm2, mS/cm2, uF/cm2, or "1" for a pure number);
    `above` or `at_least`, what a value must be, checked wherever values are not traced.
    """
    metadata = {"unit": unit, "above": above, "at_least": at_least}
    return eqx.field(default=default, converter=as_parameter, metadata=metadata)


def check_ranges(node: eqx.Module) -> None:
    """Raise a `ValueError` that names a parameter outside its range, and says what to do."""
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        above, at_least = field.metadata.get("above"), field.metadata.get("at_least")
        if not is_concrete(value) or (above is None and at_least is None):
            continue
        # NumPy, because JAX's operations are traced inside a jitted function even on numbers.
        known = np.asarray(value)
        outside = known <= above if above is not None else known < at_least
        if outside.any():
            wanted = f"above {above:g}" if above is not None else f"at least {at_least:g}"
            worst = f"{known[outside][0]} {field.metadata['unit']}"
            raise ValueError(f"{type(node).__name__} has {field.name}={worst}: make it {wanted}.")


def is_concrete(value: Any) -> bool:
    """Whether a value is an array whose numbers can be looked at now."""
    return isinstance(value, jax.Array) and not isinstance(value, Tracer)


class AbstractModel(eqx.Module):
    """A dynamical system: dx/dt = f(x, u), y = h(x, u).

    Fields made by `parameter` are its parameters; nothing mutates. The state `x` is any
    pytree of floating arrays. The input `u` of a neuron is the injected current (pA), its
    output the voltage (mV); the input of a channel is the membrane it sits in, its output the
    current density (uA/cm2), outward positive. Times are in ms. A model never sees dt.
    """

    def __check_init__(self):
        check_ranges(self)

    @abc.abstractmethod
    def initial_state(self, u: Any, /) -> Any:
        """The state at rest under a constant input `u`."""

    @abc.abstractmethod
    def vector_field(self, x: Any, u: Any, /) -> Any:
        """dx/dt per ms, of the same structure as `x`."""

    @abc.abstractmethod
    def output(self, x: Any, u: Any, /) -> Any:
        """What the model shows to the outside: a scalar, of a network one array by population."""


class Ion(NamedTuple):
    """One kind of ion on the two sides of a membrane."""

    inside: Array
    """mM"""
    outside: Array
    """mM"""
    reversal_potential: Array
    """mV"""


class Membrane(NamedTuple):
    """What a channel sits in."""

    voltage: Array
    """mV"""
    ions: Mapping[str, Ion] = {}
    """the ions whose concentrations somebody keeps, by name (`na`, `k`, `cl`, `ca`)"""
    signals: Mapping[str, Array] = {}
    """what else opens channels, by name: transmitters (mM), `displacement` of a bundle (um)"""

    def reversal_potential(self, ion: str | None, constant: Array) -> Array:
        """That of the ion (mV) where its concentrations are kept, else the constant."""
        kept = None if ion is None else self.ions.get(ion)
        return constant if kept is None else kept.reversal_potential

    def signal(self, name: str) -> Any:
        """What a channel is driven by besides voltage and ions; 0 where no signals are given."""
        if self.signals and name not in self.signals:
            raise ValueError(
                f"a channel is driven by {name!r}, which is not among the signals "
                f"{', '.join(self.signals)}: name it there, with 0.0 where it is absent."
            )
        return self.signals.get(name, 0.0)


class AbstractChannel(AbstractModel):
    """A model whose input is a `Membrane`.

    Simulated by itself, the channel is under voltage clamp: a plain number of the stimulus is
    the membrane's voltage in mV.
    """

    def carried(self) -> Mapping[str, Any]:
        """Which share of the current each ion carries, by the ion's name.

        Shares are signed: a pump that moves 3 Na+ out and 2 K+ in for each charge has
        `{"na": 3.0, "k": -2.0}`. What is not named here moves no concentration.
        """
        return {}


class AbstractClampedModel(AbstractModel):
    """A model under voltage clamp: a command (mV) goes in, the amplifier's current (pA) comes out.

    Outward current is positive. Before a run the command is what it is at its first sample.
    """


def is_clamped(model: AbstractModel) -> bool:
    """Whether the input of a model is a voltage: a bare channel, or a cell under a clamp."""
    return isinstance(model, AbstractChannel | AbstractClampedModel)


class Occupancy(NamedTuple):
    """A part of a state: how one population is shared among states that turn into each other.

    Solvers move its entries together, so that what leaves one state arrives in another.
    """

    fractions: Array
    """(states,) they add up to 1; along a cable (compartments, states)"""


class AbstractConductanceModel(AbstractModel):
    """A neuron whose voltage, held still, leaves gates that relax by themselves.

    Solvers that alternate between the two need to know which part is the voltage.
    """

    @abc.abstractmethod
    def voltage(self, x: Any, /) -> Any:
        """The leaves of the state `x` that are voltages (mV)."""

    def concentrations(self, x: Any, /) -> Any:
        """The leaves of the state `x` that keep what currents carry, not gates; may be none."""
        return ()


class AbstractCoupledModel(AbstractConductanceModel):
    r"""A neuron with a shape: $C_i \dot v_i = I_i(v_i) + \sum_j g_{ij} (v_j - v_i)$ on a tree.

    Its voltage is one leaf (n,). A place with $C_i = 0$ is a junction without a membrane.
    Solvers that take the links implicitly need the parts of that equation.
    """

    @abc.abstractmethod
    def links(self) -> tuple[tuple[int, ...], Array]:
        """Each place's parent (-1 for the root), and the conductance to it (n,) in nS."""

    @abc.abstractmethod
    def capacitances(self) -> Array:
        """(n,) pF"""

    @abc.abstractmethod
    def charging(self, x: Any, u: Any, /) -> Array:
        """The current (n,) in pA that comes to each place otherwise than by its links, which
        depends on no voltage but that of the place."""

    def prepared(self) -> "AbstractCoupledModel":
        """The same equations, with what no step of a run changes worked out."""
        return self


class AbstractLinearModel(AbstractModel):
    """A model each leaf of whose state obeys a linear equation of its own under constant input.

    Between events exponential Euler then solves it exactly, whatever the step.
    """


class AbstractNoisyModel(AbstractModel):
    r"""A model with noise of its own: $\mathrm{d}x = f\,\mathrm{d}t + \sigma\,\mathrm{d}W$.

    $W$ are independent Wiener processes, by default one for each entry of the state; Ito's
    calculus. A run without a key leaves the noise out.
    """

    def is_noisy(self) -> bool:
        """Whether there is noise; a model made of parts may have none in them."""
        return True

    def normals(self, x: Any, /) -> Any:
        """Arrays shaped as the normal numbers that one step takes; their values do not count."""
        return x

    @abc.abstractmethod
    def diffusion(self, x: Any, u: Any, normals: Any, /) -> Any:
        r"""$\sigma\,\xi$ (per sqrt(ms)) for standard `normals`, of the same structure as `x`.

        A leaf without noise may be the number 0.0.
        """


def has_noise(model: Any) -> TypeGuard[AbstractNoisyModel]:
    """Whether a run of the model under a key differs from one without."""
    return isinstance(model, AbstractNoisyModel) and model.is_noisy()


class AbstractSpikingModel(AbstractModel):
    """A neuron that spikes by a rule: at an event its state jumps.

    While its `refractory` leaf is positive the vector field holds the voltage still. The leaf
    has no rate of its own: the time loop lets it run down, which it does in continuous time.
    """

    @abc.abstractmethod
    def event(self, x: Any, u: Any, /) -> Array:
        """A scalar that crosses zero upward at a spike, close to linear in time there."""

    @abc.abstractmethod
    def overshoot(self, x: Any, u: Any, /) -> Array:
        """How far the voltage is above the threshold (mV), on which surrogates are measured."""

    @abc.abstractmethod
    def jump(self, x: Any, u: Any, /) -> Any:
        """The state after the spike."""

    @abc.abstractmethod
    def refractory(self, x: Any, /) -> Array:
        """The leaf of the state `x` that is what is left of the refractory period (ms)."""


class AbstractEscapeModel(AbstractSpikingModel):
    r"""A neuron that spikes at random, with a probability that its state decides.

    Its `waiting` leaf is what is left of the hazard to be spent before the next spike: it falls
    at the rate $-\lambda$, the event is its falling through zero, and a jump sets it to 1. A
    run with a key sets it to a number drawn from the exponential distribution of mean 1
    instead, at the start and after each spike, which makes the spikes a point process of
    intensity $\lambda$; without a key the spikes come where one is to be expected.
    """

    @abc.abstractmethod
    def hazard(self, x: Any, u: Any, /) -> Array:
        """The intensity of spikes (per ms)."""

    @abc.abstractmethod
    def waiting(self, x: Any, /) -> Array:
        """The leaf of the state `x` that is the hazard left until the next spike."""


def _children(node: Any) -> Iterator[tuple[str, Any, str | None]]:
    """Name, value and unit of the parts of `node` that may hold parameters."""
    if isinstance(node, eqx.Module):
        for field in dataclasses.fields(node):
            # What has a value for each compartment is no parameter of a name.
            if field.metadata.get("listed", True):
                yield field.name, getattr(node, field.name), field.metadata.get("unit")
    elif isinstance(node, dict):
        for name, value in node.items():
            yield name, value, None


def parameters(model: AbstractModel) -> dict[str, tuple[Array, str]]:
    """Every parameter of a model: its dotted path, and its value and unit.

    The path follows fields and dictionary keys: `channels.na.g_max`.
    """
    found: dict[str, tuple[Array, str]] = {}
    for name, value, unit in _children(model):
        if unit is not None:
            found[name] = (value, unit)
        for path, entry in parameters(value).items():
            found[f"{name}.{path}"] = entry
    return found


def check_names(model: AbstractModel, names: Iterable[str]) -> None:
    """Raise a `ValueError` that lists the nearest names if one is no parameter of `model`."""
    known = list(parameters(model))
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or known
            raise ValueError(
                f"{type(model).__name__} has no parameter {name!r}; the nearest names are "
                f"{', '.join(nearest)}."
            )


def smallest(model: AbstractModel, name: str) -> float:
    """Below which value the parameter of that name is refused whatever the others are."""
    *path, last = name.split(".")
    parent = _descend(model, ".".join(path)) if path else model
    if not isinstance(parent, eqx.Module):
        return -math.inf
    (metadata,) = (field.metadata for field in dataclasses.fields(parent) if field.name == last)
    limits = (metadata.get("above"), metadata.get("at_least"))
    return max((limit for limit in limits if limit is not None), default=-math.inf)


def _descend(node: Any, path: str) -> Any:
    for name in path.split("."):
        node = node[name] if isinstance(node, dict) else getattr(node, name)
    return node


def replace(model: Any, values: Mapping[str, Any]) -> Any:
    """The same model with other parameter values.

    **Arguments:** `model`; `values`, from dotted path to value in the parameter's unit.

    **Raises:** `ValueError` for a path that names no parameter, listing the nearest names, and
    for a value that the model refuses.
    """
    replaced = substitute(model, values)
    _check_again(replaced)
    return replaced


def substitute(model: Any, values: Mapping[str, Any]) -> Any:
    """As `replace`, without a look at the values: a search may pass through impossible ones."""
    if not values:
        return model
    check_names(model, values)
    return eqx.tree_at(
        lambda m: [_descend(m, path) for path in values],
        model,
        [as_parameter(value) for value in values.values()],
    )


def _check_again(node: Any) -> None:
    """What construction checks, for a model that was put together without it."""
    if isinstance(node, eqx.Module):
        for kind in reversed(type(node).__mro__):
            if "__check_init__" in vars(kind):
                vars(kind)["__check_init__"](node)
    for _, part, unit in _children(node):
        if unit is None:
            _check_again(part)
