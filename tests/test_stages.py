"""The stages of a search, compared by the free run."""

import numpy as np
import pytest

import diffneuro as dn
from diffneuro import _progress
from diffneuro._printed import print_result
from diffneuro._search import StageLoss
from diffneuro.methods import LevenbergMarquardt, Pipeline, Scatter, Shooting
from diffneuro.recordings import Recording

pytestmark = pytest.mark.usefixtures("strict")

DT, N = 0.1, 400
WINDOWS = Shooting(1, steps=2)
STAGES = Pipeline((WINDOWS, LevenbergMarquardt(steps=2)))


def fitted(method, **changes):
    """A passive cell to a step, from two starts."""
    current = np.where(DT * np.arange(N) >= 5.0, 50.0, 0.0)
    truth = dn.neurons.Cell({"leak": dn.channels.Leak(0.08, -68.0)}, capacitance=1.3)
    voltage = np.asarray(dn.simulate(truth, current, t1=DT * N, dt=DT).y)
    voltage = voltage + 0.1 * np.random.default_rng(0).normal(size=N)
    recording = Recording(time=DT * np.arange(N), current=current, voltage=voltage)
    free = {"channels.leak.g_max": (0.01, 1.0), "capacitance": (0.3, 4.0)}
    arguments = {"free": free, "method": method, "starts": 4, "progress": False} | changes
    return dn.fit(dn.neurons.Cell({"leak": dn.channels.Leak(0.2, -68.0)}), recording, **arguments)


@pytest.fixture(scope="module")
def whole():
    return fitted(STAGES)


def test_each_stage_ends_with_the_loss_of_the_free_run(whole):
    first, last = whole.stage_losses
    assert (first.name, first.iterations) == ("windows over 1 spike", 2)
    assert (last.name, last.iterations) == ("LevenbergMarquardt", 4)
    assert first.loss == whole.history[1].min()
    # A fit that ends there says the same.
    assert first.free_loss == fitted(WINDOWS).loss
    assert first.free_loss != pytest.approx(first.loss, rel=1e-3)
    assert last.free_loss == whole.loss == pytest.approx(last.loss, rel=1e-5)


def test_a_method_by_itself_has_no_stages_to_compare():
    assert fitted(LevenbergMarquardt(steps=1)).stage_losses == ()


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_they_are_the_same_after_an_interrupt(iterations, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(_progress, "_SECONDS", 0.0)

    def interrupt(done, total, best, stage):
        if done == iterations:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "search.ckpt"
    stopped = fitted(STAGES, checkpoint=checkpoint, progress=interrupt)
    assert stopped.stage_losses == whole.stage_losses[: iterations // 2]
    assert fitted(STAGES, checkpoint=checkpoint).stage_losses == whole.stage_losses


def test_a_terminal_is_told_at_the_end_of_each(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    told = _progress.teller(True)
    told("windows over 1 spike: loss 1, of the free run 2 after 3 iterations")
    assert capsys.readouterr().err.startswith("windows over 1 spike: loss 1")
    assert _progress.teller(False) is _progress.untold
    assert _progress.teller(lambda *_: None) is _progress.untold


def test_they_are_saved_and_printed(whole, tmp_path, capsys):
    loaded = dn.FitResult.load(whole.save(tmp_path / "fit.dn"))
    assert loaded.stage_losses == whole.stage_losses
    assert isinstance(loaded.stage_losses[0], StageLoss)
    print_result(loaded)
    shown = capsys.readouterr().out
    assert "stages of the search" in shown
    assert f"{whole.stage_losses[0].free_loss:.4g}" in shown


def test_scattered_starts_are_a_stage_too():
    result = fitted(Pipeline((Scatter(2, horizon=None), LevenbergMarquardt(steps=1))))
    first, last = result.stage_losses
    assert first.loss == pytest.approx(first.free_loss, rel=1e-5)
    assert last.free_loss <= first.free_loss
