"""Files that users exchange: atomic, versioned, never code."""

import contextlib
import dataclasses
import errno
import functools
import glob
import hashlib
import inspect
import io
import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

import equinox as eqx
import jax
import numpy as np
from numpy.typing import NDArray

from . import channels, ions, neurons, synapses
from ._model import AbstractModel
from .morphology import Compartments, Location

# The key under which a function of a user's own stands in a saved model, by its name.
_FUNCTION = "function"

# What a file is called while it is being written ends so.
_PART = ".part"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_atomically(path: str | os.PathLike, content: bytes) -> None:
    """Write a file whole or not at all: beside its place first, then renamed onto it.

    **Raises:** `ValueError` for a folder that is absent or closed; `OSError` for a disk that is
    full or fails. What stood at `path` is then as it was.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(_PART, f".{path.name}.", path.parent)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise OSError(_unwritten(path, error)) from error
        raise ValueError(
            f"cannot write {path}: {error.strerror}; choose a folder that exists and is writable."
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise OSError(_unwritten(path, error)) from error
        raise


def _unwritten(path: Path, error: OSError) -> str:
    cure = "make room there or choose another disk" if error.errno in _NO_ROOM else "see to it"
    return f"cannot write {path}: {error.strerror or error}; {cure}. No older file is harmed."


def discard_leftovers(path: str | os.PathLike) -> None:
    """Remove what processes that were killed while they wrote `path` left beside it."""
    path = Path(path)
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.????????{_PART}"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def check_writable(path: str | os.PathLike) -> None:
    """Find out before long work whether a file can be written at `path`."""
    folder = Path(path).parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ValueError(
            f"cannot write {path}: choose a file in a folder that exists and is writable."
        )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def pack(document: Mapping[str, Any], arrays: Mapping[str, NDArray], name: str) -> bytes:
    """A zip file of `name`.json and one .npy for each array; NumPy opens it as NPZ."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.json", json.dumps(document, indent=2, allow_nan=True))
        for key, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(f"{key}.npy", member.getvalue())
    return packed.getvalue()


def unpack(
    path: str | os.PathLike, *, name: str, kind: str, version: int
) -> tuple[dict[str, Any], dict[str, NDArray]]:
    """What `pack` put together, after a look at its kind and format version.

    **Raises:** `FileNotFoundError`; `ValueError` for a file of another kind or version.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}.")
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(archive.read(f"{name}.json"))
            for member in archive.namelist():
                if member.endswith(".npy"):
                    content = io.BytesIO(archive.read(member))
                    arrays[member[: -len(".npy")]] = np.lib.format.read_array(
                        content, allow_pickle=False
                    )
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is not a {kind} of diffneuro, or is damaged: {error}.") from None
    if not isinstance(document, dict):
        raise ValueError(f"{path} is not a {kind} of diffneuro: {name}.json holds no object.")
    found = document.get("format_version")
    if document.get("kind") != kind or found != version:
        raise ValueError(
            f"{path} is a {document.get('kind')!r} of format version {found}; this version of "
            f"diffneuro reads a {kind!r} of version {version}: use the diffneuro that wrote it."
        )
    return document, arrays


def model_to_data(node: Any) -> Any:
    """A model as what JSON can hold: names of classes, fields and numbers."""
    if isinstance(node, eqx.Module | Location):
        given = [field.name for field in dataclasses.fields(node) if field.init]
        return {
            "class": type(node).__name__,
            "fields": {name: model_to_data(getattr(node, name)) for name in given},
        }
    if isinstance(node, dict):
        return {name: model_to_data(value) for name, value in node.items()}
    if isinstance(node, jax.Array | np.ndarray | np.generic):
        return np.asarray(node).tolist()
    if isinstance(node, tuple | list):
        return [model_to_data(part) for part in node]
    if node is None or isinstance(node, bool | int | float | str):
        return node
    if isinstance(node, FunctionType):
        return {_FUNCTION: describe(node)}
    raise ValueError(f"a {type(node).__name__} cannot be saved as part of a model.")


def describe(node: Any) -> str:
    """A method, loss, solver or spike gradient as one would write it, defaults spelled out.

    The same in every process, and another one when the code of a user's own class or function
    is another one; what that code calls by a global name is not followed.
    """
    if isinstance(node, eqx.Module):
        fields = (f"{name}={describe(value)}" for name, value in vars(node).items())
        return f"{_describe_class(type(node))}({', '.join(fields)})"
    if isinstance(node, tuple):
        return f"({', '.join(map(describe, node))}{',' if len(node) == 1 else ''})"
    if isinstance(node, np.ndarray | jax.Array):
        return repr(np.asarray(node).tolist())
    if isinstance(node, functools.partial):
        given = ", ".join(map(describe, (node.func, node.args, tuple(node.keywords.items()))))
        return f"partial({given})"
    # A function under jax.jit, say, is known by what is under it.
    node = inspect.unwrap(node) if callable(node) else node
    if isinstance(node, FunctionType):
        return _describe_function(node)
    if isinstance(node, type | MethodType):
        return f"{node.__module__}.{node.__qualname__}"
    # An address is another one in the next process.
    return re.sub(r" at 0x[0-9a-f]+", "", repr(node))


def _is_known(module: str) -> bool:
    """Whether a module's code is told well enough by a version number."""
    return module.split(".")[0] in ("diffneuro", "equinox", "jax", "numpy")


def _describe_function(function: FunctionType) -> str:
    """Its name, and for a user's own what it does and what it holds."""
    name = f"{function.__module__}.{function.__qualname__}"
    if "<l" not in name and _is_known(function.__module__):
        return name
    cells = (cell.cell_contents for cell in function.__closure__ or ())
    held = [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    # A function that calls itself holds itself.
    held = [describe(value) for value in held if value is not function]
    return f"{name}[{_digest(_instructions(function))}]({', '.join(held)})"


def _describe_class(kind: type) -> str:
    """Its name, and for a user's own the code of its methods."""
    if _is_known(kind.__module__):
        return kind.__name__
    texts = []
    for base in kind.__mro__:
        own = () if _is_known(base.__module__) or base is object else vars(base)
        # Those with underscores are made by Equinox, but for the one that users write.
        for name in sorted(n for n in own if not n.startswith("__") or n == "__call__"):
            member = getattr(base, name, None)
            member = member.fget if isinstance(member, property) else member
            member = member.__func__ if isinstance(member, MethodType) else member
            if isinstance(member, FunctionType):
                texts.append(f"{name}: {_instructions(member)}")
    return f"{kind.__name__}[{_digest(repr(texts))}]"


def _instructions(function: FunctionType) -> str:
    return _code_text(function.__code__, function.__doc__)


def _code_text(code: CodeType, doc: str | None = None) -> str:
    """What a function does, without its words about it."""
    constants = [
        _code_text(constant)
        if isinstance(constant, CodeType)
        else repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)
        for constant in code.co_consts
        if constant is None or constant != doc
    ]
    return repr((code.co_code.hex(), constants, code.co_names))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def classes_of(model: Any) -> dict[str, str]:
    """The class of every model in a model, by dotted path; "" is the whole.

    A user's own class is told with a digest of its methods.
    """
    if not isinstance(model, AbstractModel | dict):
        return {}
    found = {} if isinstance(model, dict) else {"": _describe_class(type(model))}
    parts = model if isinstance(model, dict) else vars(model)
    for name, part in parts.items():
        found |= {f"{name}.{path}".rstrip("."): kind for path, kind in classes_of(part).items()}
    return found


def model_from_data(data: Any) -> Any:
    """The model that `model_to_data` described, built of diffneuro's own public classes.

    **Raises:** `ValueError` for a class that is none of them.
    """
    if isinstance(data, list):
        # What models keep besides arrays has to be hashable.
        return tuple(model_from_data(part) for part in data)
    if not isinstance(data, dict):
        return data
    if set(data) == {_FUNCTION}:
        raise ValueError(
            f"the saved model holds the function {data[_FUNCTION]}, of which a file has only the "
            "name: pass a model of the same structure as like=."
        )
    if set(data) != {"class", "fields"}:
        return {name: model_from_data(value) for name, value in data.items()}
    fields = {name: model_from_data(value) for name, value in data["fields"].items()}
    known = _public_models()
    if data["class"] not in known:
        raise ValueError(
            f"the saved model is a {data['class']}, which is no model of diffneuro: "
            "pass one of the same structure as like=."
        )
    return known[data["class"]](**fields)


def _public_models() -> dict[str, type]:
    """The classes a saved model may be made of."""
    kinds = {
        channels: eqx.Module,
        ions: eqx.Module,
        neurons: eqx.Module,
        synapses: AbstractModel | synapses.AbstractRelease,
    }
    shapes: dict[str, type] = {"Compartments": Compartments, "Location": Location}
    return shapes | {
        name: item
        for package, kind in kinds.items()
        for name, item in vars(package).items()
        if isinstance(item, type) and issubclass(item, kind)
    }
