"""Saved fits: whole, versioned, and never code."""

import dataclasses
import io
import json
import os
import pickle
import stat
import zipfile
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import Array

import diffneuro as dn
from diffneuro._storage import model_from_data, model_to_data
from diffneuro.methods import LevenbergMarquardt
from diffneuro.recordings import Recording

pytestmark = pytest.mark.usefixtures("strict")

DT, N = 0.1, 200


class Ohmic(dn.AbstractChannel):
    """A user's own channel, with a setting that is no parameter."""

    g_max: Array = dn.parameter(0.1, "mS/cm2")
    label: str = eqx.field(static=True, default="mine")

    def initial_state(self, u: Any, /) -> Any:
        return ()

    def vector_field(self, x: Any, u: Any, /) -> Any:
        return ()

    def output(self, x: Any, u: Any, /) -> Array:
        return self.g_max * (u.voltage + 70.0)


def made(channel=None):
    channel = dn.channels.Leak(0.123456789, -70.0) if channel is None else channel
    model = dn.neurons.Cell({"leak": channel}, area=8765.4321)
    time = DT * np.arange(N)
    current = np.where(time > 2.0, 40.0, 0.0) * np.array([[1.0], [2.0]])
    voltage = -70.0 + 0.05 * current + np.sin(time)
    recording = Recording(
        time=time,
        current=current,
        voltage=voltage,
        sweep_numbers=(3, 8),
        metadata={"cell": "µ 1", "list": [1, 2.5, None]},
        source="made up",
        sha256="abc",
    )
    return dn.fit(
        model,
        recording,
        free={"capacitance": dn.Bounds(0.2, 5.0, "log"), "channels.leak.g_max": (0.01, 1.0)},
        starts=3,
        holdout=[8],
        method=LevenbergMarquardt(steps=2),
        progress=False,
    )


@pytest.fixture(scope="module")
def result():
    return made()


@pytest.fixture
def saved(result, tmp_path):
    return result.save(tmp_path / "fit.dn")


def test_a_saved_fit_comes_back_as_it_was(result, saved):
    loaded = dn.FitResult.load(saved)
    assert bool(eqx.tree_equal(loaded.model, result.model))
    assert jax.tree.structure(loaded.model) == jax.tree.structure(result.model)
    assert loaded.parameters == result.parameters
    assert loaded.units == result.units
    assert loaded.free == result.free
    assert loaded.standard_errors == result.standard_errors
    assert loaded.scores() == result.scores()
    assert loaded.about == result.about
    for name in ("loss", "held_out", "residual_count", "completed"):
        assert getattr(loaded, name) == getattr(result, name)
    for name in ("losses", "history", "fitted_voltage", "gram", "slopes"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(result, name))
    np.testing.assert_array_equal(loaded.covariance(), result.covariance())
    for name in result.starts:
        np.testing.assert_array_equal(loaded.starts[name], result.starts[name])
    for one, other in zip(loaded.fitted_spikes, result.fitted_spikes, strict=True):
        np.testing.assert_array_equal(one, other)
    assert loaded.recording.fingerprint == result.recording.fingerprint
    for name in ("sweep_numbers", "metadata", "source", "sha256"):
        assert getattr(loaded.recording, name) == getattr(result.recording, name)


def test_a_loaded_model_runs_without_a_new_trace(result, saved):
    loaded = dn.FitResult.load(saved).model
    for path, (value, _) in dn.parameters(result.model).items():
        assert dn.parameters(loaded)[path][0].aval == value.aval, path
    runs = [dn.simulate(model, 30.0, t1=5.0, dt=0.1).y for model in (result.model, loaded)]
    np.testing.assert_array_equal(*runs)


def test_the_file_is_json_and_arrays(saved):
    with zipfile.ZipFile(saved) as archive:
        document = json.loads(archive.read("fit.json"))
        names = archive.namelist()
    assert document["kind"] == "fit"
    assert document["format_version"] == 1
    assert document["units"]["capacitance"] == "uF/cm2"
    assert all(name == "fit.json" or name.endswith(".npy") for name in names)
    with np.load(saved, allow_pickle=False) as arrays:
        assert arrays["voltage"].shape == (2, N)


def test_an_infinite_loss_and_error_come_back(result, saved, tmp_path):
    gram = np.array(result.gram)
    gram[1] = gram[:, 1] = 0.0
    losses = np.array([result.losses[0], np.inf, np.inf])
    path = dataclasses.replace(result, gram=gram, losses=losses).save(tmp_path / "inf.dn")
    loaded = dn.FitResult.load(path)
    assert np.isinf(loaded.losses).tolist() == [False, True, True]
    assert loaded.standard_errors["channels.leak.g_max"] == np.inf


def test_a_fit_of_a_quiet_stretch_comes_back(result, tmp_path):
    """What crop allows must not be refused when it is read back."""
    time = DT * np.arange(N)
    voltage = np.where(time < 10.0, 0.1 * np.sin(time), -60.0)
    whole = Recording(time=time, current=np.zeros(N), voltage=voltage)
    quiet = whole.crop(0.0, 9.0)
    fitted = dataclasses.replace(
        result,
        recording=quiet,
        held_out=(),
        fitted_response=quiet.voltage,
        fitted_spikes=(np.zeros(0),),
    )
    loaded = dn.FitResult.load(fitted.save(tmp_path / "quiet.dn"))
    assert loaded.recording.fingerprint == quiet.fingerprint


@pytest.mark.parametrize("name", ["AdEx", "LIF", "HodgkinHuxley"])
def test_every_kind_of_model_comes_back(name, result, tmp_path):
    model = getattr(dn.neurons, name)()
    first = next(iter(dn.parameters(model)))
    other = dataclasses.replace(
        result,
        model=dn.replace(model, {first: 123.456}),
        free={first: dn.Bounds(1.0, 200.0)},
        starts={first: np.ones(3)},
        gram=np.ones((1, 1)),
        score_covariance=None,
    )
    loaded = dn.FitResult.load(other.save(tmp_path / "other.dn"))
    assert bool(eqx.tree_equal(loaded.model, other.model))


# Writing


def test_an_existing_file_is_kept_unless_told_otherwise(result, saved):
    before = saved.read_bytes()
    with pytest.raises(ValueError, match="exists: pass overwrite=True"):
        result.save(saved)
    assert saved.read_bytes() == before
    saved.write_text("something else")
    result.save(saved, overwrite=True)
    assert dn.FitResult.load(saved).parameters == result.parameters
    assert [path.name for path in saved.parent.iterdir()] == ["fit.dn"]


def test_a_folder_that_cannot_be_written_is_named(result, tmp_path):
    with pytest.raises(ValueError, match=r"cannot write .*fit\.dn.*choose a folder"):
        result.save(tmp_path / "absent" / "fit.dn")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot write"):
        result.save(tmp_path / "file" / "fit.dn")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_named(result, tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(ValueError, match="cannot write"):
            result.save(tmp_path / "fit.dn")
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(result, saved, monkeypatch):
    before = saved.read_bytes()

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        result.save(saved, overwrite=True)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["fit.dn"]


# Reading what is no saved fit


def test_an_absent_file_is_told():
    with pytest.raises(FileNotFoundError, match="there is no file"):
        dn.FitResult.load("no/such/fit.dn")


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04 but no more"])
def test_a_file_of_another_kind_is_refused(content, tmp_path):
    path = tmp_path / "fit.dn"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"fit\.dn is not a fit of diffneuro, or is damaged"):
        dn.FitResult.load(path)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(saved, part):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ValueError, match="damaged"):
        dn.FitResult.load(saved)


def test_a_damaged_file_is_refused_wherever_the_damage(saved):
    """Bytes within the compressed members, whose checks must all end in one message."""
    content = saved.read_bytes()
    with zipfile.ZipFile(saved) as archive:
        offsets = [(info.header_offset, info.compress_size) for info in archive.infolist()]
    for offset, size in offsets:
        for place in (offset + 60, offset + 45 + size // 2):
            spoilt = bytearray(content)
            spoilt[place : place + 4] = bytes(255 - byte for byte in content[place : place + 4])
            saved.write_bytes(spoilt)
            with pytest.raises(ValueError, match="damaged"):
                dn.FitResult.load(saved)


def rewritten(path, *, document=None, arrays=(), without=()):
    """The same file with another document or other arrays."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if document is not None:
        members["fit.json"] = document.encode()
    members |= dict(arrays)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if name not in without:
                archive.writestr(name, content)


def document_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("fit.json"))


@pytest.mark.parametrize(
    "changes", [{"format_version": 2}, {"format_version": None}, {"kind": "x"}]
)
def test_another_version_or_kind_is_refused(changes, saved):
    rewritten(saved, document=json.dumps(document_of(saved) | changes))
    with pytest.raises(ValueError, match=r"reads a 'fit' of version 1: use the diffneuro that"):
        dn.FitResult.load(saved)


def test_a_checkpoint_is_no_fit(result, tmp_path):
    checkpoint = tmp_path / "search.ckpt"
    dn.fit(
        result.model,
        result.recording,
        free=result.free,
        method=LevenbergMarquardt(steps=1),
        checkpoint=checkpoint,
        progress=False,
    )
    with pytest.raises(ValueError, match="not a fit"):
        dn.FitResult.load(checkpoint)


@pytest.mark.parametrize("text", ["{", "[1, 2]", "3", '{"kind": "fit", "format_version": 1}'])
def test_a_broken_document_is_refused(text, saved):
    rewritten(saved, document=text)
    with pytest.raises(ValueError, match=r"fit\.dn"):
        dn.FitResult.load(saved)


def test_a_missing_array_is_refused(saved):
    rewritten(saved, without=("gram.npy",))
    with pytest.raises(ValueError, match="gram"):
        dn.FitResult.load(saved)


class Bomb:
    """What leaves a trace when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_in_the_file_is_never_opened(saved, tmp_path):
    trace = tmp_path / "executed"
    member = io.BytesIO()
    np.save(member, np.array([Bomb(trace)], dtype=object), allow_pickle=True)
    # The bomb is live: opened by pickle it does leave its trace.
    pickle.loads(pickle.dumps(Bomb(trace))).close()
    assert trace.exists()
    trace.unlink()
    rewritten(saved, arrays=[("gram.npy", member.getvalue())])
    with pytest.raises(ValueError, match="damaged"):
        dn.FitResult.load(saved)
    assert not trace.exists()


def test_a_class_that_is_no_model_is_refused(saved):
    document = document_of(saved)
    document["model"] = {"class": "Popen", "fields": {"args": "true"}}
    rewritten(saved, document=json.dumps(document))
    with pytest.raises(ValueError, match="is a Popen, which is no model of diffneuro"):
        dn.FitResult.load(saved)


# A user's own model


def test_a_model_of_the_users_own_needs_one_like_it(tmp_path):
    result = made(Ohmic(0.2))
    path = result.save(tmp_path / "own.dn")
    with pytest.raises(ValueError, match="Ohmic, which is no model of diffneuro"):
        dn.FitResult.load(path)
    loaded = dn.FitResult.load(path, like=dn.neurons.Cell({"leak": Ohmic()}))
    assert loaded.parameters == result.parameters
    assert bool(eqx.tree_equal(loaded.model, result.model))
    with pytest.raises(ValueError, match="like= has the parameters"):
        dn.FitResult.load(path, like=dn.neurons.HodgkinHuxley())


def test_a_model_with_a_synapse_comes_back(tmp_path):
    model = dn.neurons.Cell(
        {
            "leak": dn.channels.Leak(),
            "synapse": dn.synapses.DrivenSynapse(
                [5.0, 9.0], dn.synapses.DualExponential(), release=dn.synapses.TsodyksMarkram()
            ),
        }
    )
    data = json.loads(json.dumps(model_to_data(model)))
    assert eqx.tree_equal(model_from_data(data), model)


def test_a_cable_with_a_shape_and_places_comes_back_and_runs(tmp_path):
    shape = dn.morphology.ball_and_stick(10.0, 200.0, 1.0)
    tree = dn.morphology.discretise(shape, dn.morphology.Count(2))
    place = dn.morphology.Location
    cable = dn.neurons.Cable(
        tree,
        {"leak": dn.channels.Leak(0.03, -65.0), "na": dn.channels.SquidSodium()},
        where={"leak": ("soma", "dendrite"), "na": tree.in_region("soma")},
        profiles={"radius": dn.neurons.ByRegion({"dendrite": dn.neurons.Factor(1.1)})},
        sites={"soma": place("soma"), "tip": place("dendrite", 1.0), "root": 0},
        ions={"ca": dn.ions.CalciumShell()},
    )
    made = dn.simulate(cable, 40.0, t1=10.0, dt=0.1).y
    recording = Recording(DT * np.arange(100), np.full((1, 100), 40.0), np.asarray(made)[None])
    method = LevenbergMarquardt(steps=1)
    free = {"capacitance": (0.5, 2.0)}
    result = dn.fit(cable, recording, free=free, method=method, starts=1, progress=False)
    loaded = dn.FitResult.load(result.save(tmp_path / "cable.dn")).model
    assert bool(eqx.tree_equal(loaded, result.model))
    np.testing.assert_array_equal(
        *(dn.simulate(model, {"tip": 40.0}, t1=5.0).y for model in (result.model, loaded))
    )
