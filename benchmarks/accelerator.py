"""The time loop on a GPU, where JAX sees one."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import jax

import diffneuro as dn

from .measuring import batched, constant, dtype_name, fastest, mean_square, per_step, stacked
from .rows import Row, emit

BATCHES = (1, 1_000, 10_000, 100_000, 1_000_000)
STEPS = 800


def main() -> None:
    """Measure, or say why not."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        note = "not measured: JAX sees no GPU here"
        emit([Row("accelerator", "forward", None, "ns/step", steps=STEPS, note=note)])
        return
    emit(measure(BATCHES, str(device.device_kind)))


def measure(batches: Iterable[int], device: str) -> Iterator[Row]:
    """Forward and gradient of a mean square, each batch by itself."""
    for batch in batches:
        inputs = stacked(dn.neurons.HodgkinHuxley(), batch), constant("HH", STEPS)
        for what, function in (("forward", mean_square), ("gradient", jax.grad(mean_square))):
            labels: dict[str, Any] = {"batch": batch, "steps": STEPS, "dtype": dtype_name()}
            try:
                seconds = fastest({what: partial(batched(function), *inputs)})[what]
            except jax.errors.JaxRuntimeError as error:
                note = f"not measured at {batch:,}: {str(error).splitlines()[0][:80]}"
                yield Row("accelerator", what, None, "ns/step", note=note, **labels)
                continue
            value = per_step(seconds, batch, STEPS)
            yield Row("accelerator", what, value, "ns/step", note=f"on {device}", **labels)
            yield Row("accelerator", f"{what}, whole run", 1e3 * seconds, "ms", **labels)


if __name__ == "__main__":
    main()
