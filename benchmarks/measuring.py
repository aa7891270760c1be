"""What is run, and how it is timed."""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import diffneuro as dn

DT = 0.025
STEPS = 4000
# pA: 10 uA/cm2 for the squid's membrane, and what makes the others fire.
CURRENTS = {"HH": 1000.0, "LIF": 700.0, "AdEx": 1000.0, "GIF": 300.0, "five channels": 750.0}


def five_channels() -> dn.neurons.Cell:
    """A cortical cell with five gated channels, a leak and a calcium pool: nine states."""
    channels = {
        "na": dn.channels.TraubMilesSodium(),
        "kd": dn.channels.TraubMilesPotassium(),
        "m": dn.channels.PospischilMTypePotassium(),
        "cal": dn.channels.PospischilLTypeCalcium(),
        "sk": dn.channels.SK(g_max=0.05),
        "leak": dn.channels.Leak(0.0205, -70.3),
    }
    return dn.neurons.Cell(channels, ions={"ca": dn.ions.CalciumShell()})


MODELS = {
    "HH": dn.neurons.HodgkinHuxley,
    "LIF": dn.neurons.LIF,
    "AdEx": dn.neurons.AdEx,
    "five channels": five_channels,
}
RANDOM_MODELS = {"GIF": dn.neurons.GIF}
TANGENTS = (
    "channels.na.g_max",
    "channels.na.reversal_potential",
    "channels.na.activation_shift",
    "channels.k.g_max",
    "channels.k.reversal_potential",
    "channels.leak.g_max",
    "channels.leak.reversal_potential",
    "capacitance",
)


def voltage(model: dn.AbstractModel, current: jax.Array, solver: Any = None) -> jax.Array:
    """The recorded voltage of one run, (steps,)."""
    return dn.simulate(model, current, t1=len(current) * DT, dt=DT, solver=solver).y


def mean_square(model: dn.AbstractModel, current: jax.Array, solver: Any = None) -> jax.Array:
    """A number whose gradient needs the whole run."""
    return jnp.mean(voltage(model, current, solver) ** 2)


def jacobian(model: dn.AbstractModel, current: jax.Array) -> jax.Array:
    """The voltage's derivatives by eight parameters, forward mode, (steps, 8)."""
    known = dn.parameters(model)
    values = jnp.stack([jnp.asarray(known[name][0]) for name in TANGENTS])

    def changed(values):
        return voltage(dn.replace(model, dict(zip(TANGENTS, values, strict=True))), current)

    return jax.jacfwd(changed)(values)


def batched(function: Callable[..., Any], **options: Any) -> Any:
    """`function` of many models and one current, compiled."""
    return jax.jit(jax.vmap(function, in_axes=(0, None), **options))


def in_tiles(function: Callable[..., Any], tile: int) -> Callable[..., Any]:
    """Like `batched`, `tile` lanes at a time, one tile after the other."""

    def run(models, current):
        return jax.lax.map(lambda model: function(model, current), models, batch_size=tile)

    return jax.jit(run)


def stacked(model: dn.AbstractModel, batch: int) -> Any:
    """`batch` copies of a model, each with parameters of its own."""
    return jax.tree.map(lambda value: jnp.full((batch, *value.shape), value), model)


def constant(model: str, steps: int = STEPS) -> jax.Array:
    """The current that `model` is given, as a sampled stimulus."""
    return jnp.full((steps,), CURRENTS[model])


def fastest(calls: dict[str, Callable[[], Any]], budget: float = 1.0) -> dict[str, float]:
    """The shortest time of each call in seconds.

    The calls take turns, so that a slow moment of the machine meets all of them, until
    `budget` seconds are spent on each, at least five times after a first that is not counted.
    """
    for call in calls.values():
        jax.block_until_ready(call())
    best = dict.fromkeys(calls, float("inf"))
    rounds, stop = 0, time.perf_counter() + budget * len(calls)
    while rounds < 5 or time.perf_counter() < stop:
        rounds += 1
        for name, call in calls.items():
            started = time.perf_counter()
            jax.block_until_ready(call())
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def per_step(seconds: float, batch: int, steps: int = STEPS) -> float:
    """Seconds of a run as ns per neuron and step."""
    return seconds / batch / steps * 1e9


def dtype_name() -> str:
    """The precision of this process."""
    return jnp.result_type(float).name
