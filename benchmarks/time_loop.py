"""How long a step of the time loop takes."""

from collections.abc import Iterator
from functools import partial

import jax

from .measuring import (
    MODELS,
    STEPS,
    batched,
    constant,
    dtype_name,
    fastest,
    in_tiles,
    jacobian,
    mean_square,
    per_step,
    stacked,
    voltage,
)
from .rows import Row, emit

BATCHES = (1, 8, 64, 1024)
OTHER_BATCHES = {"float32": (1, 64, 1024), "float64": (1, 64)}
TILE = 128
LONG = 200_000
CROWD, CROWD_STEPS = 100_000, 1_000


def main() -> None:
    """Measure in this process's precision what a user gets from vmap.

    Forward (the voltage stored, time first), gradient of its mean square by all parameters
    (reverse mode) and Jacobian by eight (forward mode).
    """
    for model, make in MODELS.items():
        for batch in BATCHES if model == "HH" else OTHER_BATCHES[dtype_name()]:
            emit(_rows(model, make(), batch))
    emit(_rows("HH", MODELS["HH"](), 1, LONG))
    if dtype_name() == "float32":
        emit(_crowd())


def _rows(name, model, batch: int, steps: int = STEPS) -> Iterator[Row]:
    functions = {
        "forward": batched(voltage, out_axes=1),
        "gradient": batched(jax.grad(mean_square)),
    }
    if name == "HH" and steps == STEPS:
        functions["Jacobian, 8 tangents"] = batched(jacobian)
    if batch > TILE:
        functions[f"forward in tiles of {TILE}"] = in_tiles(voltage, TILE)
        functions[f"gradient in tiles of {TILE}"] = in_tiles(jax.grad(mean_square), TILE)
    inputs = stacked(model, batch), constant(name, steps)
    best = fastest({what: partial(call, *inputs) for what, call in functions.items()})
    for what, seconds in best.items():
        value = per_step(seconds, batch, steps)
        yield Row("time_loop", what, value, "ns/step", name, batch, steps, dtype_name())


def _crowd() -> Iterator[Row]:
    """Many of the cheapest neuron, forward, all voltages stored."""
    model = MODELS["LIF"]()
    inputs = stacked(model, CROWD), constant("LIF", CROWD_STEPS)
    functions = {
        "forward": batched(voltage, out_axes=1),
        f"forward in tiles of {TILE}": in_tiles(voltage, TILE),
    }
    best = fastest({what: partial(call, *inputs) for what, call in functions.items()})
    for what, seconds in best.items():
        value = per_step(seconds, CROWD, CROWD_STEPS)
        yield Row("time_loop", what, value, "ns/step", "LIF", CROWD, CROWD_STEPS, dtype_name())


if __name__ == "__main__":
    main()
