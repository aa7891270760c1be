"""Fixtures that all tests share."""

import itertools

import jax
import pytest

# First of all, so that the setting for folded loops comes in time.
import diffneuro  # noqa: F401


@pytest.fixture
def getkey():
    """A function that gives a new random key at every call, the same in every run."""
    root, count = jax.random.key(5678), itertools.count()
    return lambda: jax.random.fold_in(root, next(count))


@pytest.fixture
def x64():
    """Double precision for one test; models must be made inside it."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def strict():
    """No silent promotion of types or ranks."""
    with jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture(autouse=True, scope="module")
def forget():
    """Compiled programs of one file are of no use to the next, and they fill the memory."""
    yield
    jax.clear_caches()
