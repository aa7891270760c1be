"""The compiler settings, and that time loops are folded by them."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

import diffneuro as dn
from diffneuro._compile import (
    OPTION,
    WIDTH_OPTION,
    has_wide_vectors,
    loops_folded,
    with_folded_loops,
    with_wide_vectors,
)

on_cpu = pytest.mark.skipif(jax.default_backend() != "cpu", reason="folding is of the CPU")

SETTING = f"{OPTION}=10000000000"


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("", f"--xla_backend_extra_options={SETTING}"),
        ("--xla_foo=1", f"--xla_foo=1 --xla_backend_extra_options={SETTING}"),
        (
            "--xla_backend_extra_options=a=1 --xla_foo=2",
            f"--xla_backend_extra_options={SETTING},a=1 --xla_foo=2",
        ),
        (f"--xla_backend_extra_options={OPTION}=5", f"--xla_backend_extra_options={OPTION}=5"),
    ],
)
def test_the_option_is_added_to_what_the_user_has(flags, wanted):
    assert with_folded_loops(flags) == wanted
    assert with_folded_loops(wanted) == wanted


def test_wide_vectors_are_asked_for_where_the_user_says_nothing():
    assert with_wide_vectors("") == f"{WIDTH_OPTION}=512"
    assert with_wide_vectors("--xla_foo=1") == f"--xla_foo=1 {WIDTH_OPTION}=512"
    assert with_wide_vectors(f"{WIDTH_OPTION}=256") == f"{WIDTH_OPTION}=256"


@pytest.mark.parametrize(
    ("processor", "release", "wanted"),
    [
        ("flags : fpu avx2 avx512f avx512dq", "0.10.2", True),
        ("flags : fpu avx2 avx512dq", "0.10.2", False),
        ("", "0.10.2", False),
        # An option that a later release has dropped would end the process.
        ("flags : avx512f", "0.11.0", False),
    ],
)
def test_wide_vectors_need_the_processor_and_a_release_that_knows_them(processor, release, wanted):
    assert has_wide_vectors(processor, release) is wanted


def test_the_option_is_set_here():
    assert OPTION in os.environ["XLA_FLAGS"]


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
