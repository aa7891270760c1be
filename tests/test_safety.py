"""Long fits: killed, interrupted, on a full disk, and gone on with."""

import errno
import functools
import json
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import _cores, _fit, _progress, _search as search
from diffneuro._interrupt import held_back
from diffneuro._storage import classes_of, describe, discard_leftovers, write_atomically
from diffneuro.methods import CMAES, LevenbergMarquardt, Pipeline, Shooting

pytestmark = pytest.mark.usefixtures("strict")

DT, N = 0.1, 100
FREE = {"capacitance": dn.Bounds(0.3, 4.0), "channels.leak.g_max": dn.Bounds(0.01, 1.0, "log")}
STAGE = 10
SEARCH = Pipeline((CMAES(STAGE), LevenbergMarquardt(STAGE, refill_every=3)))


def recording(height=1.0):
    time = DT * np.arange(N)
    current = np.where(time >= 2.0, 50.0, 0.0)
    rise = np.where(time >= 2.0, 1.0 - np.exp(-(time - 2.0) / 9.0), 0.0)
    return dn.recordings.Recording(time, current, -68.0 + 5.0 * height * rise)


def passive(**changes):
    return dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -68.0)}, **changes)


def fitted(checkpoint=None, **changes):
    options = {"method": SEARCH, "starts": 8, "progress": False, "free": FREE} | changes
    model = options.pop("model", passive())
    data = options.pop("recording", recording())
    return dn.fit(model, data, checkpoint=checkpoint, **options)


@pytest.fixture(scope="module")
def whole():
    """What an undisturbed search finds."""
    return fitted()


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "search.ckpt"


@pytest.fixture
def at_every_iteration(monkeypatch):
    monkeypatch.setattr(search, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)


def same(one, other):
    for name in ("history", "losses"):
        values = [np.asarray(getattr(result, name)) for result in (one, other)]
        np.testing.assert_array_equal(values[0].view(np.int64), values[1].view(np.int64))
    assert one.parameters == other.parameters
    assert one.completed
    assert other.completed


def iterations_kept(path):
    with np.load(path, allow_pickle=False) as arrays:
        return len(arrays["history"])


def stopping_at(number, stop):
    """A watcher that calls `stop` at one iteration."""

    def watch(done, total, best, stage):
        if done == number:
            stop()

    return watch


@pytest.fixture(autouse=True)
def hears_interrupts():
    """Python's own answer to Ctrl-C, which a process in the background has not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    signal.raise_signal(signal.SIGINT)


def press_in(monkeypatch, module, name, call=1):
    """Ctrl-C when a function of a module is called so many times; its real signal."""
    real, calls = getattr(module, name), []

    def pressed(*values, **options):
        calls.append(name)
        if len(calls) == call:
            press()
            time.sleep(0.05)
        return real(*values, **options)

    monkeypatch.setattr(module, name, pressed)
    return calls


# Killed

SESSION = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_safety
from diffneuro import _progress, _search
_progress._SECONDS = _search._CHECKPOINT_SECONDS = 0.0
def told(done, *rest):
    print(done, flush=True)
stages = test_safety.search_of(int(sys.argv[2]))
test_safety.fitted(sys.argv[1], method=stages, progress=told)
"""


def search_of(steps):
    return Pipeline((CMAES(steps), LevenbergMarquardt(steps, refill_every=3)))


def killed_session(checkpoint, steps, iterations, delay):
    """Run a session, kill it a while after some iterations; the ones it told of."""
    command = [sys.executable, "-c", SESSION, str(checkpoint), str(steps)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as session:
        assert session.stdout is not None
        assert session.stderr is not None
        told = []
        for line in session.stdout:
            told.append(int(line))
            if len(told) == iterations:
                time.sleep(delay)
                session.send_signal(signal.SIGKILL)
        session.wait()
        assert session.returncode == -signal.SIGKILL, session.stderr.read().decode()
    return told


def killed_again_and_again(checkpoint, steps, kills):
    """Each session must go on from the last iteration that the one before had told of."""
    random = np.random.default_rng(kills)
    last = 0
    for _ in range(kills):
        told = killed_session(checkpoint, steps, random.integers(1, 4), random.uniform(0.0, 0.03))
        assert told[0] in (last, last + 1)
        assert told == list(range(told[0], told[-1] + 1))
        last = told[-1]
    # The last iteration told of may have been killed before it was kept.
    assert iterations_kept(checkpoint) in (last - 1, last)
    return fitted(checkpoint, method=search_of(steps))


def test_a_killed_search_is_gone_on_with_to_the_same_bits(checkpoint, whole):
    same(killed_again_and_again(checkpoint, STAGE, 2), whole)


@pytest.mark.slow
def test_a_search_killed_fifty_times_ends_with_the_same_bits(checkpoint):
    steps = 300
    again = killed_again_and_again(checkpoint, steps, 50)
    same(again, fitted(method=search_of(steps)))
    assert os.listdir(checkpoint.parent) == [checkpoint.name]


def test_what_a_killed_write_left_is_cleared_away(checkpoint):
    leftover = checkpoint.with_name(f".{checkpoint.name}.ab_12xyz.part")
    others = [checkpoint.with_name(name) for name in (".search.ckpt.part", ".other.ab_12xyz.part")]
    for path in (leftover, *others):
        path.write_text("")
    discard_leftovers(checkpoint)
    assert sorted(checkpoint.parent.iterdir()) == sorted(others)


# Interrupted


def test_an_interrupt_in_the_first_compile_leaves_the_starts(checkpoint, monkeypatch, whole):
    press_in(monkeypatch, search, "_start")
    result = fitted(checkpoint)
    assert not result.completed
    assert result.history.shape == (0, 8)
    # They are ranked by the free run as ever.
    assert result.loss == result.losses.min() < np.inf
    assert result.loss > whole.loss
    assert not checkpoint.exists()


@pytest.mark.parametrize("iterations", [0, STAGE])
def test_an_interrupt_in_a_stages_first_compile_is_gone_on_with(
    iterations, checkpoint, monkeypatch, whole
):
    """Then the lanes are those of the next stage, but no iteration of it is done."""
    with monkeypatch.context() as patched:
        press_in(patched, search, "_update", iterations + 1)
        result = fitted(checkpoint)
    assert not result.completed
    assert iterations_kept(checkpoint) == len(result.history) == iterations
    same(fitted(checkpoint), whole)


def test_an_interrupt_while_the_end_is_written_loses_nothing(checkpoint, monkeypatch, whole, capfd):
    press_in(monkeypatch, search, "write_atomically")
    result = fitted(checkpoint)
    same(result, whole)
    assert iterations_kept(checkpoint) == 2 * STAGE
    assert "Ctrl-C again stops at once" in capfd.readouterr().err


def test_an_interrupt_while_a_checkpoint_is_written_leaves_a_good_one(
    checkpoint, monkeypatch, whole, at_every_iteration
):
    with monkeypatch.context() as patched:
        press_in(patched, os, "fsync", 5)
        assert not fitted(checkpoint).completed
    assert iterations_kept(checkpoint) == 5
    assert os.listdir(checkpoint.parent) == [checkpoint.name]
    same(fitted(checkpoint), whole)


def test_an_interrupt_while_a_checkpoint_is_read_keeps_what_it_holds(
    checkpoint, monkeypatch, whole
):
    press_in(monkeypatch, search, "_update", 4)
    fitted(checkpoint)
    with monkeypatch.context() as patched:
        press_in(patched, search, "unpack")
        result = fitted(checkpoint)
    assert not result.completed
    np.testing.assert_array_equal(result.history, whole.history[:3])
    assert iterations_kept(checkpoint) == 3
    same(fitted(checkpoint), whole)


def test_a_search_interrupted_after_its_end_is_only_read(checkpoint, monkeypatch, whole):
    """While the starts are ranked and the report's numbers are made."""

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_fit, "_free_losses", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fitted(checkpoint)
    assert iterations_kept(checkpoint) == 2 * STAGE
    monkeypatch.setattr(search, "_update", None)
    same(fitted(checkpoint), whole)


def test_an_interrupt_while_the_starts_are_ranked_loses_nothing(monkeypatch, whole):
    press_in(monkeypatch, _fit, "_free_losses")
    same(fitted(), whole)


def test_only_the_first_interrupt_is_held_back(capfd):
    with held_back() as came:
        press()
        assert came
        with pytest.raises(KeyboardInterrupt):
            press()
    assert capfd.readouterr().err.count("Ctrl-C again") == 1
    with held_back() as came:
        pass
    assert not came
    with pytest.raises(KeyboardInterrupt):
        press()


def test_a_handler_of_the_users_own_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *what: heard.append(what))
    try:
        with held_back() as came:
            press()
            press()
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(heard) == 2
    assert not came


def test_an_error_late_in_a_search_costs_only_its_iteration(checkpoint, monkeypatch, whole):
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)

    def fail():
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        fitted(checkpoint, progress=stopping_at(7, fail))
    assert iterations_kept(checkpoint) == 7
    same(fitted(checkpoint), whole)


# A full disk


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_up_ends_no_search(checkpoint, monkeypatch, whole, at_every_iteration):
    with monkeypatch.context() as patched:
        fill = stopping_at(7, lambda: patched.setattr(os, "fsync", full))
        said = r"search is not kept for now: cannot write .*search\.ckpt: No space left.*make room"
        with pytest.warns(UserWarning, match=said):
            same(fitted(checkpoint, progress=fill), whole)
    assert iterations_kept(checkpoint) == 6
    assert os.listdir(checkpoint.parent) == [checkpoint.name]
    same(fitted(checkpoint), whole)


def test_a_disk_with_room_again_is_written_again(
    checkpoint, monkeypatch, whole, at_every_iteration
):
    real = os.fsync
    states = {3: full, 9: real}
    with pytest.warns(UserWarning, match="No space left"):
        result = fitted(
            checkpoint,
            progress=lambda done, *_: monkeypatch.setattr(os, "fsync", states.get(done, os.fsync)),
        )
    same(result, whole)
    assert iterations_kept(checkpoint) == 2 * STAGE


def test_a_folder_that_vanishes_ends_no_search(tmp_path, monkeypatch, whole, at_every_iteration):
    folder = tmp_path / "scratch"
    folder.mkdir()
    away = stopping_at(4, lambda: folder.rename(tmp_path / "elsewhere"))
    with pytest.warns(UserWarning, match="not kept for now: cannot write"):
        same(fitted(folder / "search.ckpt", progress=away), whole)
    assert iterations_kept(tmp_path / "elsewhere" / "search.ckpt") == 3


@pytest.fixture
def small_files():
    """The system itself lets no file grow beyond 500 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_the_system_cuts_short_leaves_the_old_file(tmp_path, small_files):
    path = tmp_path / "fit.dn"
    write_atomically(path, b"old")
    with pytest.raises(OSError, match=r"cannot write .*fit\.dn: File too large; make room there"):
        write_atomically(path, b"new" * 1000)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["fit.dn"]


def test_a_search_whose_checkpoints_are_cut_short_goes_on(checkpoint, whole, small_files):
    with pytest.warns(UserWarning, match="File too large"):
        result = fitted(checkpoint)
    same(result, whole)
    assert not os.listdir(checkpoint.parent)


def test_a_disk_without_room_for_a_name_is_no_bad_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(OSError, match="No space left on device; make room"):
        write_atomically(tmp_path / "fit.dn", b"new")


# Checkpoints of another search

WEIGHTS = np.linspace(1.0, 2.0, N)
BASE = {
    "method": Pipeline((CMAES(3), Shooting(1, steps=2))),
    "loss": dn.losses.VoltageError(weights=WEIGHTS),
}


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory):
    """A search that an error ended after its first iteration."""
    path = tmp_path_factory.mktemp("unfinished") / "search.ckpt"

    def fail(*_):
        raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError, match="the power failed"):
        fitted(path, **BASE, progress=fail)
    assert iterations_kept(path) == 1
    return path


def with_sodium():
    return dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -68.0), "na": dn.channels.SquidSodium()})


OTHER_WEIGHTS = np.where(np.arange(N) == 70, 1.5, WEIGHTS)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"method": Pipeline((CMAES(4), Shooting(1, steps=2)))}, r"method was .*generations=3"),
        ({"method": Pipeline((CMAES(3, 0.5), Shooting(1, steps=2)))}, r"method .*scale=0\.5"),
        ({"method": Pipeline((CMAES(3), Shooting(2, steps=2)))}, r"is now .*horizon=2"),
        ({"method": Pipeline((CMAES(3), Shooting(1, 0.5, steps=2)))}, r"is now .*gain=0\.5"),
        ({"method": Pipeline((Shooting(1, steps=2), CMAES(3)))}, "method was"),
        ({"method": CMAES(3)}, "method was .*Pipeline.* is now 'CMAES"),
        ({"model": passive(area=9e3)}, r"fixed parameters \(area\) was .* is now 9000"),
        ({"model": with_sodium()}, r"model \(channels\.na\) was None and is now 'SquidSodium'"),
        ({"free": FREE | {"capacitance": dn.Bounds(0.3, 5.0)}}, r"bounds \(capacitance\) was"),
        ({"recording": recording(1.01)}, "recording was"),
        ({"loss": dn.losses.VoltageError(weights=OTHER_WEIGHTS)}, r"loss was .* is now .*1\.5,"),
        ({"starts": 9}, "starts was 8 and is now 9"),
        ({"key": jax.random.key(99)}, "key was|positions was"),
    ],
)
def test_another_search_is_refused_by_its_first_difference(changes, named, unfinished):
    before = unfinished.read_bytes()
    with pytest.raises(ValueError, match=rf"belongs to another fit: its .*{named}") as refused:
        fitted(unfinished, **(BASE | changes))
    assert len(str(refused.value)) < 500 + len(str(unfinished))
    assert unfinished.read_bytes() == before


def rewritten(path, to, change, without=()):
    """The same checkpoint with another document, or without some arrays."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name not in without}
    document = json.loads(members["search.json"])
    change(document)
    members["search.json"] = json.dumps(document).encode()
    with zipfile.ZipFile(to, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return to


def set_jax(document):
    document["identity"]["versions"]["jax"] = "0.1.0"


@pytest.mark.parametrize(
    ("change", "without", "named"),
    [
        (set_jax, (), r"its versions \(jax\) was '0\.1\.0' and is now"),
        (
            lambda document: document.update(format_version=1),
            (),
            "of format version 1; .* of version 2: use the diffneuro that wrote it",
        ),
        (lambda document: document.update(kind="sweep"), (), "is a 'sweep'"),
        (lambda document: document.pop("identity"), (), "its model was None"),
        (lambda document: None, ("state_2.npy",), "is damaged: state_2 is missing"),
        (lambda document: None, ("history.npy",), "is damaged: history is missing"),
        (lambda document: None, ("lanes.npy",), "is damaged: lanes is missing"),
    ],
)
def test_a_file_of_another_version_is_refused(change, without, named, unfinished, checkpoint):
    rewritten(unfinished, checkpoint, change, without)
    before = checkpoint.read_bytes()
    with pytest.raises(ValueError, match=named):
        fitted(checkpoint, **BASE)
    assert checkpoint.read_bytes() == before


# A user's own code in what a search is known by


def weigher(factor):
    """One class of a notebook, as it stands after each of four edits."""

    class Weigher(eqx.Module):
        """Words."""

        def weigh(self, x):
            """Words about it."""
            return x * 2.0

        def __call__(self, x):
            return self.weigh(x)

    class Reworded(eqx.Module):
        def weigh(self, x):
            """Other words."""
            return x * 2.0

        def __call__(self, x):
            return self.weigh(x)

    class Changed(eqx.Module):
        def weigh(self, x):
            return x * 3.0

        def __call__(self, x):
            return self.weigh(x)

    class Called(eqx.Module):
        def weigh(self, x):
            return x * 2.0

        def __call__(self, x):
            return -self.weigh(x)

    return describe({"": Weigher, "words": Reworded, "method": Changed, "call": Called}[factor]())


def test_a_changed_method_of_a_users_own_class_is_another_one():
    first, reworded, changed, called = (
        weigher(which).split("[")[1] for which in ("", "words", "method", "call")
    )
    assert weigher("").startswith("Weigher[")
    assert first == reworded
    assert len({first, changed, called}) == 3
    assert describe(LevenbergMarquardt()).startswith("LevenbergMarquardt(")


def test_a_changed_function_of_a_users_own_is_another_one():
    def scaled(x, by=2.0):
        return x * by

    before = describe(scaled)
    scaled.__defaults__ = (3.0,)
    assert describe(scaled) != before

    def folded(x):
        return [y + 1.0 for y in x if y in {"a", "b"}]

    def unfolded(x):
        return [y + 2.0 for y in x if y in {"a", "b"}]

    assert describe(folded).split("[")[1] != describe(unfolded).split("[")[1]
    assert describe(functools.partial(max, 1)) != describe(functools.partial(max, 2))

    def endless(n):
        return endless(n - 1)

    assert "endless" in describe(endless)


@pytest.mark.parametrize(
    "item", [jnp.tanh, jax.nn.relu, jax.jit(press), functools.partial(press), object()]
)
def test_no_address_is_part_of_what_a_search_is_known_by(item):
    """In the process that goes on with it that would be another one."""
    assert "0x" in repr(item)
    assert "0x" not in describe(item)


def test_a_channel_of_the_users_own_is_told_with_its_code():
    class Ohmic(dn.AbstractChannel):
        g_max: jax.Array = dn.parameter(0.1, "mS/cm2")

        def initial_state(self, u, /):
            return ()

        def vector_field(self, x, u, /):
            return ()

        def output(self, x, u, /):
            return self.g_max * u.voltage

    found = classes_of(dn.neurons.Cell({"mine": Ohmic(), "leak": dn.channels.Leak()}))
    assert found["channels.leak"] == "Leak"
    assert found["channels.mine"].startswith("Ohmic[")
    before = found["channels.mine"]
    Ohmic.output = lambda self, x, u, /: 2.0 * self.g_max * u.voltage
    assert classes_of(Ohmic())[""] != before


# Cores


def test_only_the_cores_this_process_may_use_are_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 6})
    assert _cores.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert _cores.cores() == 7


def test_the_number_of_cores_changes_no_bit(monkeypatch):
    """Three tiles of lanes, by one worker and by three."""
    monkeypatch.setattr(search, "_WIDTH", 9)
    results = []
    for number in (1, 3):
        monkeypatch.setattr(search, "cores", lambda number=number: number)
        results.append(fitted(method=LevenbergMarquardt(3, refill_every=2)))
    same(*results)
