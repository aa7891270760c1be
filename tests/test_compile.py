"""The compiler settings, and that time loops are folded by them."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

import diffneuro as dn
from diffneuro._compile import (
    OPTION,
    ROLLED_OPTION,
    WIDTH_OPTION,
    has_wide_vectors,
    knows,
    loops_folded,
    with_folded_loops,
    with_option,
)

on_cpu = pytest.mark.skipif(jax.default_backend() != "cpu", reason="folding is of the CPU")

CONTAINER = "--xla_backend_extra_options="
FOLDED, ROLLED = f"{OPTION}=10000000000", f"{ROLLED_OPTION}=true"


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("", f"{CONTAINER}{FOLDED},{ROLLED}"),
        ("--xla_foo=1", f"--xla_foo=1 {CONTAINER}{FOLDED},{ROLLED}"),
        (f"{CONTAINER}a=1 --xla_foo=2", f"{CONTAINER}{FOLDED},{ROLLED},a=1 --xla_foo=2"),
        (f"{CONTAINER}{OPTION}=5", f"{CONTAINER}{ROLLED},{OPTION}=5"),
        (f"{CONTAINER}{ROLLED_OPTION}=false", f"{CONTAINER}{FOLDED},{ROLLED_OPTION}=false"),
    ],
)
def test_the_options_are_added_to_what_the_user_has(flags, wanted):
    assert with_folded_loops(flags) == wanted
    assert with_folded_loops(wanted) == wanted


def test_an_option_is_set_where_the_user_says_nothing():
    assert with_option("", WIDTH_OPTION, "512") == f"{WIDTH_OPTION}=512"
    assert with_option("--xla_foo=1", WIDTH_OPTION, "512") == f"--xla_foo=1 {WIDTH_OPTION}=512"
    assert with_option(f"{WIDTH_OPTION}=256", WIDTH_OPTION, "512") == f"{WIDTH_OPTION}=256"


@pytest.mark.parametrize(
    ("processor", "wanted"),
    [
        ("flags : fpu avx2 avx512f avx512dq", True),
        ("flags : fpu avx2 avx512dq", False),
        ("", False),
    ],
)
def test_wide_vectors_need_the_processor(processor, wanted):
    assert has_wide_vectors(processor) is wanted


def test_an_option_is_known_by_its_whole_name(tmp_path):
    library = tmp_path / "library.so"
    assert not knows(library, WIDTH_OPTION)
    library.write_bytes(b"")
    assert not knows(library, WIDTH_OPTION)
    name = WIDTH_OPTION.removeprefix("--").encode()
    # What an option was once called may stand in a longer name, or in a message of its own.
    library.write_bytes(b"\0old_" + name + b"\0" + name + b" is gone\0")
    assert not knows(library, WIDTH_OPTION)
    library.write_bytes(b"code\0" + name + b"\0more")
    assert knows(library, WIDTH_OPTION)


@on_cpu
def test_xla_runs_on_with_the_options_of_a_processor_without_wide_vectors():
    code = "import diffneuro as dn; print(dn.simulate(dn.channels.Leak(), -65.0, t1=0.1).y[0])"
    flags = f"--xla_cpu_max_isa=AVX2 {WIDTH_OPTION}=512"
    assert _python(code, XLA_FLAGS=flags).stdout == _python(code).stdout


def test_the_options_are_set_here():
    assert OPTION in os.environ["XLA_FLAGS"]
    assert ROLLED_OPTION in os.environ["XLA_FLAGS"]


@pytest.mark.skipif(
    not (platform.system() == "Linux" and has_wide_vectors(Path("/proc/cpuinfo").read_text())),
    reason="a processor with AVX-512, on Linux",
)
def test_wide_vectors_are_asked_for_here():
    assert WIDTH_OPTION in os.environ["XLA_FLAGS"]


def _last_voltage(model, current):
    return dn.simulate(model, current, t1=10.0, dt=0.05).y[-1]


def _optimised(function, model):
    text = jax.jit(function).lower(model, jnp.zeros(200)).compile().as_text()
    assert " while(" in text, "the loop is gone, so nothing is tested"
    return text


@on_cpu
@pytest.mark.parametrize("differentiated", [False, True], ids=["forward", "gradient"])
@pytest.mark.parametrize("make", [dn.neurons.HodgkinHuxley, dn.neurons.LIF, dn.neurons.AdEx])
def test_time_loops_are_folded(make, differentiated):
    function = jax.grad(_last_voltage) if differentiated else _last_voltage
    assert loops_folded(_optimised(function, make()))


@on_cpu
def test_a_loop_that_cannot_be_folded_is_told():
    def sorting(x):
        return jax.lax.fori_loop(0, 50, lambda _, y: jnp.sort(y)[::-1] * 0.5, x)

    text = jax.jit(sorting).lower(jnp.arange(40.0)).compile().as_text()
    assert " while(" in text
    assert not loops_folded(text)


def _python(code, **environment):
    env = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-W", "always", "-c", code]
    done = subprocess.run(command, env=env | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_opting_out_leaves_the_flags_alone():
    code = "import diffneuro, os; print(repr(os.environ.get('XLA_FLAGS')))"
    done = _python(code, DIFFNEURO_XLA="0")
    assert done.stdout.strip() == "None"
    done = _python(code, DIFFNEURO_XLA="0", XLA_FLAGS="--xla_force_host_platform_device_count=2")
    assert done.stdout.strip() == "'--xla_force_host_platform_device_count=2'"


LATE = """
import jax.numpy as jnp
print(jnp.zeros(3).sum())
import diffneuro as dn
for _ in range(2):
    dn.simulate(dn.channels.Leak(), -65.0, t1=0.1)
"""


@on_cpu
def test_a_late_import_warns_once():
    said = _python(LATE).stderr
    assert said.count("UserWarning") == 1
    assert "import diffneuro first" in said
    assert "<string>:6" in said, "the warning does not point at the user's line"


@on_cpu
def test_a_late_import_is_silent_when_opted_out():
    assert "UserWarning" not in _python(LATE, DIFFNEURO_XLA="0").stderr


@on_cpu
def test_an_early_import_does_not_warn():
    code = "import diffneuro as dn; dn.simulate(dn.channels.Leak(), -65.0, t1=0.1)"
    assert "UserWarning" not in _python(code).stderr
