"""What a gradient of a long run and of a batch needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

import diffneuro as dn

from .measuring import batched, constant, dtype_name, mean_square, stacked
from .rows import Row, emit

SIZES = ((1, 1_000_000), (1024, 400))
STATUS = Path("/proc/self/status")


def main() -> None:
    """For each size what the compiler plans, and how much the process grows when it runs."""
    for batch, steps in SIZES:
        emit(_rows(batch, steps))


def _rows(batch: int, steps: int) -> Iterator[Row]:
    model = dn.neurons.HodgkinHuxley()
    inputs = stacked(model, batch) if batch > 1 else model, constant("HH", steps)
    gradient: Any = jax.grad(mean_square)
    call = batched(gradient) if batch > 1 else jax.jit(gradient)
    compiled = call.lower(*inputs).compile()
    analysis = compiled.memory_analysis()
    planned = None if analysis is None else analysis.temp_size_in_bytes / 1e6
    grown, note = _growth(lambda: compiled(*inputs))
    labels: dict[str, Any] = {"batch": batch, "steps": steps, "dtype": dtype_name()}
    yield Row("memory", "gradient, compiled temporaries", planned, "MB", **labels)
    yield Row("memory", "gradient, growth of the process", grown, "MB", note=note, **labels)
    yield Row("memory", "peak of the process so far", _status("VmHWM"), "MB", **labels)


def _growth(call) -> tuple[float | None, str]:
    """How far the resident memory rises above what it is now, in MB."""
    jax.block_until_ready(jnp.zeros(8) + 1.0)
    try:
        # Sets the kernel's record of the peak back to what is resident now.
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None, "this system does not let a process reset its peak"
    before = _status("VmHWM")
    jax.block_until_ready(call())
    after = _status("VmHWM")
    if before is None or after is None:
        return None, "this system does not tell a process's peak"
    return after - before, ""


def _status(name: str) -> float | None:
    """A field of the kernel's account of this process, in MB."""
    if not STATUS.exists():
        return None
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
