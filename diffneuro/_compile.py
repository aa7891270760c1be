"""The compiler settings that make CPU time loops fast."""

import functools
import mmap
import os
import re
import warnings
from pathlib import Path

import jax
import jaxlib

# XLA's CPU runtime dispatches every small kernel of a loop body by itself, which costs more
# than the arithmetic of a neuron. Raised without bound, this threshold makes it compile a
# loop without scatter, sort, FFT or custom call into one function. It folds every CPU loop of
# the process into one thread. It is read when the first backend starts.
OPTION = "xla_cpu_small_while_loop_byte_threshold"
# Unrolled, the long loop bodies of neurons need more registers than there are: 10 % slower.
ROLLED_OPTION = "xla_cpu_disable_loop_unrolling"
# XLA leaves out of these what it does not know.
_SETTINGS = {OPTION: "10000000000", ROLLED_OPTION: "true"}
_CONTAINER = "--xla_backend_extra_options="
# Left to itself XLA uses half of an AVX-512 register. The elementwise loops of a batch of neurons
# gain 20 to 40 % by the whole of it.
WIDTH_OPTION = "--xla_cpu_prefer_vector_width"


def with_folded_loops(flags: str) -> str:
    """`flags`, the text of XLA_FLAGS, with the options for loops added that it does not name."""
    missing = ",".join(f"{name}={value}" for name, value in _SETTINGS.items() if name not in flags)
    if not missing:
        return flags
    if _CONTAINER in flags:
        return flags.replace(_CONTAINER, f"{_CONTAINER}{missing},", 1)
    return f"{flags} {_CONTAINER}{missing}".strip()


def with_option(flags: str, option: str, value: str) -> str:
    """`flags` with an option set, unless they name it."""
    return flags if option in flags else f"{flags} {option}={value}".strip()


def has_wide_vectors(processor: str) -> bool:
    """Whether a processor, by the text of /proc/cpuinfo, has AVX-512."""
    return re.search(r"\bavx512f\b", processor) is not None


def knows(library: Path, option: str) -> bool:
    """Whether `option` is one of the names in a compiled library, which need not be there.

    A flag that XLA does not know ends the process, and which it knows changes with its release.
    """
    name = b"\0" + option.removeprefix("--").encode() + b"\0"
    try:
        with (
            library.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
        ):
            return text.find(name) >= 0
    except (OSError, ValueError):
        return False


def opted_out() -> bool:
    """Whether the user asked, by DIFFNEURO_XLA=0, that nothing be set."""
    return os.environ.get("DIFFNEURO_XLA", "1") == "0"


def install() -> None:
    """Ask for folded, rolled loops of wide vectors; done once, when the package is imported."""
    if opted_out():
        return
    flags = with_folded_loops(os.environ.get("XLA_FLAGS", ""))
    library = Path(jaxlib.__file__).with_name("libjax_common.so")
    if has_wide_vectors(_processor()) and knows(library, WIDTH_OPTION):
        flags = with_option(flags, WIDTH_OPTION, "512")
    os.environ["XLA_FLAGS"] = flags


def _processor() -> str:
    """What Linux says of the processor; elsewhere nothing."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def loops_folded(compiled_text: str) -> bool:
    """Whether every loop in an optimised HLO text was compiled into a single function.

    `compiled_text` is what `jax.jit(f).lower(...).compile().as_text()` gives on CPU. A loop
    is folded when it stands in a computation that is called as one small call.
    """
    folded = set(
        re.findall(r"to_apply=%?([\w.\-]+), frontend_attributes=\{[^}]*small_call", compiled_text)
    )
    inside = ""
    calls: dict[str, set[str]] = {}
    loops: set[str] = set()
    for line in compiled_text.splitlines():
        opening = re.match(r"(?:ENTRY )?%?([\w.\-]+) \(.*\{$", line)
        if opening:
            inside = opening[1]
        called = re.findall(r"(?:to_apply|body|condition|calls)=%?([\w.\-]+)", line)
        calls.setdefault(inside, set()).update(called)
        if re.search(r" while\(", line):
            loops.add(inside)
    reached, queue = set(folded), list(folded)
    while queue:
        new = calls.get(queue.pop(), set()) - reached
        reached |= new
        queue.extend(new)
    return loops <= reached


@functools.cache
def warn_unless_folding() -> None:
    """Warn once when a backend was running before the import, so the setting came too late."""
    if opted_out() or jax.default_backend() != "cpu":
        return
    loop = jax.jit(lambda x: jax.lax.fori_loop(0, 8, lambda _, y: y * y + 1.0, x))
    text = loop.lower(jax.ShapeDtypeStruct((4096,), "float32")).compile().as_text()
    if not loops_folded(text or ""):
        warnings.warn(
            "JAX had computed something before diffneuro was imported, so time loops run up to "
            "ten times slower: import diffneuro first (or set DIFFNEURO_XLA=0 to silence this).",
            stacklevel=3,
        )
