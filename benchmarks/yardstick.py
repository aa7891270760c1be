"""The forward run beside the same equations in C."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import jax

import diffneuro as dn

from .measuring import STEPS, batched, constant, dtype_name, per_step, stacked, voltage
from .rows import Row, emit

SOURCE = Path(__file__).with_name("hodgkin_huxley.c")
FLAGS = ("-Ofast", "-march=native")
BATCHES = (1, 64, 1024)
ROUNDS = 12


def main() -> None:
    """C and diffneuro in turns, so that both meet the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        program, problem = _compiled(Path(folder) / "hodgkin_huxley")
        for batch in BATCHES:
            emit(_rows(program, problem, batch))


def _compiled(target: Path) -> tuple[Path | None, str]:
    """The program, or None and why there is none."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return None, "not measured: there is no gcc"
    command = [compiler, *FLAGS, str(SOURCE), "-o", str(target), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None, f"not measured: gcc failed: {done.stderr.strip().splitlines()[-1]}"
    return target, ""


def _in_c(program: Path, batch: int) -> float:
    """ns per neuron and step, the shortest of three runs."""
    command = [str(program), str(batch), str(STEPS), "3"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    nanoseconds, mean = (float(word) for word in printed.split())
    if not -70.0 < mean < -50.0:
        raise RuntimeError(f"the C program's mean voltage is {mean} mV: it computes another thing")
    return nanoseconds


def _ours(call, inputs) -> float:
    started = time.perf_counter()
    jax.block_until_ready(call(*inputs))
    return time.perf_counter() - started


def _rows(program: Path | None, problem: str, batch: int) -> Iterator[Row]:
    call = batched(voltage, out_axes=1)
    inputs = stacked(dn.neurons.HodgkinHuxley(), batch), constant("HH")
    _ours(call, inputs)
    c, forward = [], []
    for _ in range(ROUNDS):
        forward += [_ours(call, inputs) for _ in range(3)]
        if program is not None:
            c.append(_in_c(program, batch))
    mine = per_step(min(forward), batch)
    labels = {"batch": batch, "steps": STEPS, "dtype": dtype_name()}
    yield Row("yardstick", "C program", min(c, default=None), "ns/step", note=problem, **labels)
    yield Row("yardstick", "forward", mine, "ns/step", **labels)
    ratio = mine / min(c) if c else None
    yield Row("yardstick", "forward over C", ratio, "x", note=problem, **labels)


if __name__ == "__main__":
    main()
