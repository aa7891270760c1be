"""What the first gradient of a fresh process costs."""

import itertools
import sys
import time

_STARTED = time.perf_counter()

import jax  # noqa: E402

import diffneuro as dn  # noqa: E402

from .measuring import DT, MODELS, RANDOM_MODELS, STEPS, constant, mean_square  # noqa: E402
from .rows import Row, emit  # noqa: E402

IMPORTED = time.perf_counter() - _STARTED
TRACES = "traces of four calls, other values"
KEYS = "traces of two calls, another key"


def main(model: str, how: str = "jitted") -> None:
    """Measure once, since the process must be new, the gradient of a model by its name.

    Trace, lower, compile and run of the jitted gradient each by itself; with `how` "plain" the
    gradient called without jit, as in a notebook's first cell; with "keys" how often a neuron
    that spikes at random is traced.
    """
    parts = {"jitted": _jitted, "plain": _plain, "keys": _keys}[how](model)
    emit(
        Row("first_call", what, value, "count" if what in (TRACES, KEYS) else "s", model)
        for what, value in parts.items()
    )


def _jitted(name: str) -> dict[str, float]:
    model, current = MODELS[name](), constant(name)
    traced_times = 0

    def loss(model, current):
        nonlocal traced_times
        traced_times += 1
        return mean_square(model, current)

    gradient = jax.jit(jax.grad(loss))
    marks = [time.perf_counter()]
    traced = gradient.trace(model, current)
    marks.append(time.perf_counter())
    lowered = traced.lower()
    marks.append(time.perf_counter())
    compiled = lowered.compile()
    marks.append(time.perf_counter())
    jax.block_until_ready(compiled(model, current))
    marks.append(time.perf_counter())
    parts = [later - earlier for earlier, later in itertools.pairwise(marks)]
    names = ("trace", "lower", "compile", "run")
    other = jax.tree.map(lambda value: 1.01 * value, model)
    for inputs in ((model, current), (other, current), (model, 0.9 * current)):
        jax.block_until_ready(gradient(*inputs))
    found = {"import": IMPORTED, **dict(zip(names, parts, strict=True))}
    found["first gradient call"] = marks[-1] - marks[0]
    return found | {TRACES: traced_times}


def _plain(name: str) -> dict[str, float]:
    model, current = MODELS[name](), constant(name)

    def loss(model):
        run = dn.simulate(model, current, t1=STEPS * DT, dt=DT)
        return (run.y**2).mean()

    times = []
    for amount in (1.0, 1.01):
        other = jax.tree.map(lambda value, amount=amount: amount * value, model)
        started = time.perf_counter()
        jax.block_until_ready(jax.grad(loss)(other))
        times.append(time.perf_counter() - started)
    return {"first call without jit": times[0], "second call without jit": times[1]}


def _keys(name: str) -> dict[str, float]:
    model, current = RANDOM_MODELS[name](), constant(name)
    traced_times = 0

    def level(model, key):
        nonlocal traced_times
        traced_times += 1
        return dn.simulate(model, current, t1=STEPS * DT, dt=DT, key=key).y.mean()

    call = jax.jit(level)
    found = {float(call(model, jax.random.key(seed))) for seed in range(2)}
    if len(found) == 1:
        raise RuntimeError(f"both keys gave a mean voltage of {found}, so the key did nothing")
    return {KEYS: traced_times}


if __name__ == "__main__":
    main(*sys.argv[1:])
