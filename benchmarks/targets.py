"""What the project promises about speed, and what it reached."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .peers.cable import ON_TREE
from .rows import Row, value_of
from .tables import aligned, number


class Target(NamedTuple):
    """A number with its limit; `reached` reads it off all rows."""

    name: str
    limit: float
    at_least: bool
    unit: str
    reached: Callable[[Sequence[Row]], float | None]

    def judged(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The target, what was reached, and whether that is enough."""
        reached = self.reached(rows)
        enough = None
        if reached is not None:
            enough = reached >= self.limit if self.at_least else reached <= self.limit
        return {
            "target": self.name,
            "limit": f"{'>=' if self.at_least else '<='} {self.limit:g} {self.unit}".strip(),
            "reached": reached,
            "met": enough,
        }


def _ratio(above: dict[str, Any], below: dict[str, Any]) -> Callable[..., float | None]:
    def reached(rows):
        first, second = value_of(rows, **above), value_of(rows, **below)
        return first / second if first is not None and second else None

    return reached


def _just(**wanted: Any) -> Callable[..., float | None]:
    return lambda rows: value_of(rows, **wanted)


def _loop(what: str, batch: int, steps: int = 4000, model: str = "HH") -> dict[str, Any]:
    labels = {"model": model, "batch": batch, "dtype": "float32", "steps": steps}
    return {"section": "time_loop", "what": what, **labels}


def _gradient(limit: float, batch: int, tiles: str = "") -> Target:
    name = f"gradient over forward, B={batch}{tiles}"
    ratio = _ratio(_loop(f"gradient{tiles}", batch), _loop("forward", batch))
    return Target(name, limit, False, "x", ratio)


def _gradient_of(model: str, limit: float, batch: int) -> Target:
    above, below = (_loop(what, batch, model=model) for what in ("gradient", "forward"))
    name = f"{model}, gradient over forward, B={batch}"
    return Target(name, limit, False, "x", _ratio(above, below))


def _lif_crowd(tiles: str) -> Target:
    name = f"100,000 LIF x 1,000 steps, forward{tiles}"
    loop = _loop(f"forward{tiles}", 100_000, 1_000, "LIF")
    return Target(name, 12.0, False, "ns/step", _just(**loop))


def _jaxley(batch: int, checkpointed: str = "") -> Target:
    labels = {"section": "peers", "batch": batch, "dtype": "float32"}
    theirs = {**labels, "what": f"gradient{checkpointed}", "model": "Jaxley"}
    ours = {**labels, "what": "gradient", "model": "diffneuro"}
    name = f"Jaxley's gradient{checkpointed} over ours, B={batch}"
    return Target(name, 20.0, True, "x", _ratio(theirs, ours))


def _cores(what: str) -> Target:
    one = {"section": "cores", "what": f"{what} of 4096 runs, 1 core"}
    two = {"section": "cores", "what": f"{what} of 4096 runs, 2 cores"}
    return Target(f"two cores, {what} of 4,096 runs", 1.7, True, "x", _ratio(one, two))


def _temporaries(limit: float, batch: int, steps: int) -> Target:
    what = "gradient, compiled temporaries"
    name = f"temporaries of a gradient, {batch:,} x {steps:,} steps"
    reached = _just(section="memory", what=what, batch=batch, steps=steps)
    return Target(name, limit, False, "MB", reached)


def _staggered(what: str, batch: int) -> Target:
    reached = _just(
        section="solvers",
        what=f"Staggered over ExponentialEuler, {what}",
        batch=batch,
        dtype="float32",
    )
    return Target(f"order 2 over order 1, {what}, B={batch}", 1.15, False, "x", reached)


def _first_call(name: str, what: str, limit: float, unit: str, model: str = "HH") -> Target:
    return Target(name, limit, False, unit, _just(section="first_call", what=what, model=model))


def _cable(what: str, model: str, dtype: str = "float32", batch: int = 1) -> dict[str, Any]:
    return {"section": "cable", "what": what, "model": model, "dtype": dtype, "batch": batch}


def _cable_forward(other: str, dtype: str, size: str = "") -> Target:
    what = f"forward{size}"
    ratio = _ratio(_cable(what, other, dtype), _cable(what, "diffneuro", dtype))
    return Target(f"{other}'s cable over ours, {dtype}{size}", 4.0, True, "x", ratio)


def _cable_gradient(size: str = "") -> Target:
    ratio = _ratio(
        _cable(f"gradient{size}", "diffneuro"), _cable(f"forward{size}", "NEURON", "float64")
    )
    return Target(f"a cable's gradient over NEURON's forward{size}", 0.7, False, "x", ratio)


def _as_neuron(cell: str, what: str, limit: float, unit: str) -> Target:
    reached = _just(
        section="cable", what=f"{cell}, {what}", model="CrankNicolson", steps=2000, dtype="float64"
    )
    return Target(f"{cell}, {what}", limit, False, unit, reached)


def _long(what: str) -> Target:
    ratio = _ratio(_loop(what, 1, 200_000), _loop(what, 1))
    return Target(f"a step of 200,000 over one of 4,000, {what}", 1.5, False, "x", ratio)


TARGETS = (
    Target(
        "forward over the C program, B=64",
        1.5,
        False,
        "x",
        _just(section="yardstick", what="forward over C", batch=64),
    ),
    _gradient(3.0, 1),
    _gradient(3.0, 64),
    _gradient(4.0, 1024),
    _gradient(4.0, 1024, " in tiles of 128"),
    _gradient_of("LIF", 4.0, 1),
    _gradient_of("LIF", 4.0, 64),
    _gradient_of("five channels", 3.2, 1),
    _gradient_of("five channels", 4.0, 64),
    _lif_crowd(""),
    _lif_crowd(" in tiles of 128"),
    _jaxley(1),
    _jaxley(64),
    _jaxley(1, " checkpointed"),
    _jaxley(64, " checkpointed"),
    _cores("sweep"),
    _cores("gradient"),
    _temporaries(100.0, 1, 1_000_000),
    _temporaries(10.0, 1024, 400),
    _first_call("first gradient call of HH, jitted", "first gradient call", 2.0, "s"),
    _first_call("first gradient call of HH, not jitted", "first call without jit", 2.0, "s"),
    _first_call(
        "first gradient call of five channels", "first gradient call", 3.0, "s", "five channels"
    ),
    _first_call("traces of four calls, other values", "traces of four calls, other values", 1, ""),
    _first_call(
        "traces of two calls, another key", "traces of two calls, another key", 1, "", "GIF"
    ),
    _staggered("forward", 1),
    _staggered("forward", 64),
    _staggered("gradient", 1),
    _staggered("gradient", 64),
    _long("forward"),
    _long("gradient"),
    _cable_forward("NEURON", "float64"),
    _cable_forward("NEURON", "float64", ON_TREE),
    _cable_forward("Jaxley", "float32"),
    _cable_gradient(),
    _cable_gradient(ON_TREE),
    Target(
        f"a cable's gradient over its forward{ON_TREE}",
        4.0,
        False,
        "x",
        _ratio(_cable(f"gradient{ON_TREE}", "diffneuro"), _cable(f"forward{ON_TREE}", "diffneuro")),
    ),
    Target(
        "Jaxley's gradient of a cable over ours, B=16",
        4.0,
        True,
        "x",
        _ratio(_cable("gradient", "Jaxley", batch=16), _cable("gradient", "diffneuro", batch=16)),
    ),
    Target(
        "first gradient call of a cable",
        6.0,
        False,
        "s",
        _just(**_cable("first gradient call", "five channels")),
    ),
    Target(
        f"first gradient call of a cable{ON_TREE}",
        15.0,
        False,
        "s",
        _just(**_cable(f"first gradient call{ON_TREE}", "five channels")),
    ),
    *(
        _as_neuron(cell, what, limit, unit)
        for cell in ("squid soma", "five channels")
        for what, limit, unit in (
            ("mean difference from NEURON, soma", 0.05, "mV"),
            ("spike times, largest difference from NEURON", 0.02, "ms"),
        )
    ),
)


def judge(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every target with what was reached."""
    return [target.judged(rows) for target in TARGETS]


def table(judged: Sequence[dict[str, Any]]) -> str:
    """The targets as text."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    lines = [[j["target"], j["limit"], number(j["reached"]), words[j["met"]]] for j in judged]
    return aligned(["target", "limit", "reached", ""], lines)
