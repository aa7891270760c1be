"""A sweep written as a TOML file, for the command line."""

import difflib
import os
import shutil
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from . import stimuli, sweeps
from ._model import parameters, replace
from ._problems import PROBLEMS
from ._storage import write_atomically
from ._sweep import sweep
from .sweeps._dataset import DIVERGED, import_xarray
from .sweeps._store import check_is_sweep

if TYPE_CHECKING:
    import xarray

HELP = """Run a model with many parameter values, as a TOML file says, and keep a few numbers.

The result is a Zarr store (.zarr), which the same command goes on with after an interruption,
or a table (.csv). For example, 24 x 3 runs:

```
model = "hh"                  # or adex, lif
t1 = 500.0                    # ms
dt = 0.025                    # ms
measure = ["rate", "latency"]

[set]                         # other values than the defaults
area = 10000.0

[stimulus]
kind = "step"                 # or pulse_train, ramp, sine, chirp
start = 0.0

[values]                      # every combination; [paired] takes them run by run
"stimulus.amplitude" = { start = 0.0, stop = 1500.0, count = 24 }
"channels.k.g_max" = [30.0, 36.0, 42.0]
```

A range with `scale = "log"` has equal ratios. Measures are spike_count, rate, latency, peak,
trough, mean_voltage and final_voltage; a table `[measure]` gives them arguments, as in
`rate = { start = 100.0 }`.
"""
_STIMULI: dict[str, Callable[..., Any]] = {
    "step": stimuli.Step,
    "pulse_train": stimuli.PulseTrain,
    "ramp": stimuli.Ramp,
    "sine": stimuli.Sine,
    "chirp": stimuli.Chirp,
}
_MEASURES: dict[str, Callable[..., sweeps.Measure]] = {
    "spike_count": sweeps.spike_count,
    "rate": sweeps.rate,
    "latency": sweeps.latency,
    "peak": sweeps.peak,
    "trough": sweeps.trough,
    "mean_voltage": sweeps.mean_voltage,
    "final_voltage": sweeps.final_voltage,
}
_ENTRIES = ("model", "t1", "dt", "measure", "set", "stimulus", "values", "paired")
_RANGE = {"start", "stop", "count", "scale"}


def sweep_command(
    file: Annotated[Path, typer.Argument(help="The TOML file.")],
    out: Annotated[Path, typer.Option(help="Zarr store (.zarr) or table (.csv).")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Run the sweep that a TOML file describes."""
    print(summary(run_file(file, out, overwrite=overwrite)))
    print(f"wrote {out}")


def run_file(path: Path, out: Path, *, overwrite: bool) -> "xarray.Dataset":
    """Run the sweep of a TOML file and write it to `out`.

    **Raises:** `ValueError` for a file that is not as `HELP` says, and for an `out` that is
    there already and may not be replaced.
    """
    import_xarray()
    settings = _read(path)
    _make_way(out, overwrite)
    try:
        if out.suffix == ".zarr":
            return sweep(**settings, store=out)
        result = sweep(**settings)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    write_atomically(out, _as_table(result).encode())
    return result


def summary(result: "xarray.Dataset") -> str:
    """What a sweep found, in a few lines."""
    sizes = " x ".join(f"{size} {name}" for name, size in result[DIVERGED].sizes.items())
    lines = [f"{result[DIVERGED].size} runs ({sizes}), {int(result[DIVERGED].sum())} diverged"]
    for name, values in result.data_vars.items():
        numbers = np.asarray(values)[np.isfinite(values)]
        if name != DIVERGED and numbers.size:
            unit = values.attrs.get("units", "")
            lines.append(f"{name}: {numbers.min():g} to {numbers.max():g} {unit}")
    return "\n".join(lines)


def _read(path: Path) -> dict[str, Any]:
    """The arguments of `sweep`."""
    try:
        text = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}.") from None
    try:
        return _arguments(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _arguments(text: Mapping[str, Any]) -> dict[str, Any]:
    for entry in text:
        _choose("entry", entry, dict.fromkeys(_ENTRIES))
    if "model" not in text or "t1" not in text:
        raise ValueError('model and t1 must be there, such as model = "hh" and t1 = 500.0.')
    model = _choose("model", text["model"], PROBLEMS).make()
    fixed = {name: _number(name, value) for name, value in _flat(text.get("set", {})).items()}
    return {
        "model": replace(model, fixed),
        "values": _values(text),
        "stimulus": _stimulus(text.get("stimulus", {})),
        "t1": _number("t1", text["t1"]),
        "dt": _number("dt", text.get("dt", 0.025)),
        "measure": _measures(text.get("measure", ["rate"])),
    }


def _choose(what: str, name: Any, known: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    nearest = difflib.get_close_matches(str(name), list(known), n=2, cutoff=0.4) or list(known)
    raise ValueError(f"there is no {what} {name!r}; the nearest names are {', '.join(nearest)}.")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} = {value!r} must be a number.")
    return float(value)


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} = {value!r} must be a table, [{name}].")
    return value


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted paths: TOML reads an unquoted a.b = 1 as one in another."""
    found = {}
    for name, value in node.items():
        path = f"{prefix}{name}"
        nested = isinstance(value, Mapping) and not _is_range(value)
        found |= _flat(value, f"{path}.") if nested else {path: value}
    return found


def _is_range(table: Mapping[str, Any]) -> bool:
    lists = any(isinstance(value, Mapping | list) for value in table.values())
    return not lists and bool(set(table) & _RANGE)


def _stimulus(table: Any) -> Any:
    table = dict(_table("stimulus", table))
    make = _choose("stimulus kind", table.pop("kind", "step"), _STIMULI)
    known = parameters(make())
    for name, value in table.items():
        _choose("parameter of the stimulus", name, known)
        _number(f"stimulus.{name}", value)
    return make(**table)


def _values(text: Mapping[str, Any]) -> Any:
    if ("values" in text) == ("paired" in text):
        raise ValueError("there must be one table, [values] or [paired], of what varies.")
    name = "values" if "values" in text else "paired"
    flat = _flat(_table(name, text[name]))
    values = {path: _numbers(path, value) for path, value in flat.items()}
    return sweeps.grid(values) if name == "values" else values


def _numbers(path: str, value: Any) -> NDArray:
    if isinstance(value, list):
        return np.array([_number(path, number) for number in value])
    example = "{ start = 0.0, stop = 1.0, count = 11 }"
    if not isinstance(value, Mapping) or not _RANGE - {"scale"} <= set(value) <= _RANGE:
        raise ValueError(f"the values of {path} must be a list of numbers or a range {example}.")
    start, stop = _number(path, value["start"]), _number(path, value["stop"])
    count = value["count"]
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"count = {count!r} of {path} must be a whole number, at least 1.")
    spread = _choose("scale", value.get("scale", "linear"), _SPREADS)
    if spread is np.geomspace and min(start, stop) <= 0:
        raise ValueError(f"the range of {path} must be positive on a log scale.")
    return spread(start, stop, count)


_SPREADS: dict[str, Callable[..., NDArray]] = {"linear": np.linspace, "log": np.geomspace}


def _measures(entry: Any) -> dict[str, sweeps.Measure]:
    named = {name: {} for name in entry} if isinstance(entry, list) else _table("measure", entry)
    found = {}
    for name, options in named.items():
        make = _choose("measure", name, _MEASURES)
        numbers = {key: _number(key, value) for key, value in _table(name, options).items()}
        try:
            found[name] = make(**numbers)
        except TypeError:
            raise ValueError(
                f"the measure {name} does not take {', '.join(numbers)}: leave it out."
            ) from None
    return found


def _make_way(out: Path, overwrite: bool) -> None:
    """Find out before a long sweep whether its result can be written."""
    if out.suffix not in (".zarr", ".csv"):
        raise ValueError(f"--out {out} must end in .zarr or .csv.")
    if out.exists() and out.suffix == ".zarr" and overwrite:
        check_is_sweep(out)
        shutil.rmtree(out)
    elif out.exists() and out.suffix == ".csv" and not overwrite:
        raise ValueError(f"{out} exists: pass --overwrite or choose another name.")
    if not os.access(out.parent, os.W_OK):
        raise ValueError(f"--out {out} cannot be written: choose a folder that you may write.")


def _as_table(result: "xarray.Dataset") -> str:
    units = {str(name): values.attrs.get("units") for name, values in result.variables.items()}
    headings = {name: f"{name} ({unit})" for name, unit in units.items() if unit}
    table = result.to_dataframe().reset_index().rename(columns=headings)
    return table.to_csv(index=False, float_format="%.7g")
