"""What makes two sweeps the same sweep, in words."""

import functools
import hashlib
import json
import types
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._model import AbstractModel, parameters, substitute
from ..morphology import Location
from ._values import STIMULUS, Axis

_LONGEST_LIST = 16


def identity(
    model: AbstractModel,
    stimulus: Any,
    axes: tuple[Axis, ...],
    states: Any,
    key: Array | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything the results of a sweep depend on, as numbers and text.

    `settings` is what else there is, by name; objects are spelled out.
    """
    varied = {path: column for axis in axes for path, column in axis.columns.items()}
    fixed = {
        path: np.asarray(value).tolist()
        for path, (value, _) in parameters(model).items()
        if path not in varied
    }
    return {
        "model": type(model).__name__,
        "fixed_parameters": json.dumps(fixed),
        "model_description": spell_out(_without(model, varied, "")),
        "stimulus": spell_out(_without(stimulus, varied, STIMULUS)),
        **{name: value if _plain(value) else spell_out(value) for name, value in settings.items()},
        "dimensions": json.dumps({axis.name: axis.size for axis in axes}),
        "varied": json.dumps({path: _digest(column) for path, column in varied.items()}),
        "states": "rest" if states is None else spell_out(states),
        "key": "none" if key is None else _digest(jax.random.key_data(key)),
        "precision": str(jnp.result_type(float)),
        "versions": _versions(),
    }


@functools.cache
def _versions() -> str:
    return json.dumps({name: version(name) for name in ("diffneuro", "jax", "jaxlib", "equinox")})


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """In which respect two identities differ, or "" where they are one."""
    for name, value in new.items():
        before = old.get(name)
        if before == value:
            continue
        old_table, new_table = _table(before), _table(value)
        if new_table:
            first = _first_difference(old_table, new_table)
            return f"its {name.replace('_', ' ')} differ: {first}"
        return f"its {name} was {_short(before)} and is now {_short(value)}"
    return ""


def _table(text: Any) -> dict[str, Any]:
    """What a JSON object says, nothing where `text` is none."""
    try:
        found = json.loads(text)
    except (TypeError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _first_difference(old: dict, new: dict) -> str:
    for name in (*new, *old):
        if old.get(name) != new.get(name):
            return f"{name} was {old.get(name)} and is now {new.get(name)}"
    return "their order"


def spell_out(node: Any) -> str:
    """An object as one would write it, functions by name and code, the same in every process."""
    if isinstance(node, functools.partial | eqx.Partial):
        inner = map(spell_out, (node.func, *node.args))
        named = (f"{name}={spell_out(value)}" for name, value in node.keywords.items())
        return f"partial({', '.join([*inner, *named])})"
    if isinstance(node, eqx.Module | Location):
        named = (f"{name}={spell_out(value)}" for name, value in vars(node).items())
        return f"{type(node).__name__}({', '.join(named)})"
    if isinstance(node, Mapping):
        named = (f"{name}: {spell_out(value)}" for name, value in node.items())
        return f"{{{', '.join(named)}}}"
    if isinstance(node, tuple | list):
        return f"({', '.join(map(spell_out, node))})"
    if isinstance(node, np.ndarray | np.generic | jax.Array):
        array = np.asarray(node)
        return repr(array.tolist()) if array.size <= _LONGEST_LIST else _digest(array)
    if isinstance(node, types.FunctionType):
        return f"{node.__module__}.{node.__qualname__} ({_code_digest(node)})"
    return repr(node) if _plain(node) else f"{type(node).__module__}.{type(node).__qualname__}"


def _plain(node: Any) -> bool:
    return node is None or isinstance(node, bool | int | float | str)


def _without(owner: Any, varied: Mapping[str, Any], prefix: str) -> Any:
    """`owner` with nothing left of the values that the sweep replaces."""
    known = parameters(owner)
    own = [path for path in known if f"{prefix}{path}" in varied]
    return substitute(owner, {path: jnp.full_like(known[path][0], jnp.nan) for path in own})


def _digest(values: Any) -> str:
    array = np.ascontiguousarray(values)
    shape = "x".join(map(str, array.shape))
    return f"{shape} {array.dtype} {hashlib.sha256(array.tobytes()).hexdigest()[:16]}"


def _code_digest(function: types.FunctionType) -> str:
    """Of what a function does and the numbers it closes over, as far as one can see."""
    code = function.__code__
    constants = [value for value in code.co_consts if _plain(value)]
    closed = [cell.cell_contents for cell in function.__closure__ or ()]
    seen = [value for value in closed if not isinstance(value, types.FunctionType)]
    defaults = function.__defaults__ or ()
    text = f"{code.co_code.hex()} {code.co_names} {constants} {spell_out((*seen, *defaults))}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
