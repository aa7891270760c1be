"""A part of the time of every sweep kept out of a fit."""

import numpy as np
import pytest

import diffneuro as dn
from diffneuro._arguments import kept_out
from diffneuro._printed import print_result
from diffneuro.methods import LevenbergMarquardt
from diffneuro.recordings import Recording, TimeSpan
from diffneuro.report._verdict import verdict

pytestmark = pytest.mark.usefixtures("strict")

DT, N = 0.1, 800
TIME = DT * np.arange(N)
FREE = {"threshold": (-60.0, -45.0)}


def cell(**values):
    return dn.replace(dn.neurons.LIF(), values)


@pytest.fixture(scope="module")
def recording():
    """A leaky neuron's voltage with drawn spikes, two steps of current."""
    current = np.where(TIME >= 5.0, 1.0, 0.0) * np.array([[350.0], [450.0]])
    voltage = []
    for one in current:
        run = dn.simulate(cell(), one, t1=DT * N, dt=DT)
        fired = np.isfinite(np.asarray(run.spike_times))
        voltage.append(np.where(fired, 20.0, np.asarray(run.y)))
    return Recording(time=TIME, current=current, voltage=np.array(voltage))


def passive(noise=0.2, seed=0):
    """A passive cell, which never fires."""
    current = np.where((TIME >= 5.0) & (TIME < 60.0), 50.0, 0.0) * np.array([[1.0], [2.0]])
    model = dn.neurons.Cell({"leak": dn.channels.Leak(0.08, -68.0)})
    clean = [np.asarray(dn.simulate(model, one, t1=DT * N, dt=DT).y) for one in current]
    error = noise * np.random.default_rng(seed).normal(size=(2, N))
    return model, Recording(time=TIME, current=current, voltage=np.array(clean) + error)


def fitted(model, recording, holdout, **changes):
    free = {"channels.leak.g_max": (0.01, 1.0), "capacitance": (0.3, 4.0)}
    arguments = {"free": free, "method": LevenbergMarquardt(steps=8), "progress": False} | changes
    return dn.fit(model, recording, holdout=holdout, **arguments)


def test_the_fit_is_that_of_the_part_before():
    model, data = passive()
    result = fitted(model, data, TimeSpan(50.0, 70.0))
    before = fitted(model, data.crop(0.0, 50.0), None)
    assert result.parameters == before.parameters
    assert result.loss == before.loss
    np.testing.assert_array_equal(result.covariance(), before.covariance())
    assert result.held_out_span == TimeSpan(50.0, 70.0)
    assert result.recording.duration == data.duration
    assert result.fitted_voltage.shape == (2, N)


def test_what_is_held_out_changes_nothing_but_its_own_score():
    model, data = passive()
    voltage = data.voltage.copy()
    voltage[:, 500:700] += 3.0
    moved = Recording(time=TIME, current=data.current, voltage=voltage)
    one, other = (fitted(model, each, TimeSpan(50.0, 70.0)) for each in (data, moved))
    assert one.parameters == other.parameters
    assert one.summary(held_out=False) == other.summary(held_out=False)
    assert one.summary().rms_error == pytest.approx(0.2, rel=0.1)
    assert other.summary().rms_error == pytest.approx(3.0, rel=0.05)


def test_each_sweep_has_a_score_before_and_one_within_the_span(tmp_path):
    model, data = passive()
    result = fitted(model, data, TimeSpan(50.0))
    scores = result.scores()
    assert [(score.sweep, score.held_out) for score in scores] == [
        (0, False),
        (1, False),
        (0, True),
        (1, True),
    ]
    error = result.fitted_voltage - data.voltage
    for score in scores:
        part = slice(500, N) if score.held_out else slice(0, 500)
        expected = np.sqrt(np.mean(error[score.sweep, part] ** 2))
        assert score.rms_error == pytest.approx(expected, rel=1e-5)
    assert scores[3].span == TimeSpan(50.0, 80.0)
    loaded = dn.FitResult.load(result.save(tmp_path / "fit.dn"))
    assert loaded.held_out_span == result.held_out_span
    assert loaded.summary().rms_error == result.summary().rms_error
    profile = loaded.profile("capacitance", [1.1 * loaded.parameters["capacitance"]], steps=2)
    assert profile.losses.min() == pytest.approx(result.loss, rel=1e-3)


def test_the_report_and_the_command_say_so(tmp_path, capsys):
    model, data = passive()
    result = fitted(model, data, TimeSpan(50.0, 70.0))
    print_result(result)
    assert "held out" in capsys.readouterr().out
    told = "On the part (50 to 70 ms) of the 2 sweeps held out of the fit it stays silent"
    assert any(text.startswith(told) for text in verdict(result).sentences)
    page = result.report(tmp_path / "report.html").read_text()
    assert "50 to 70 ms of each held out, what comes before fitted" in page
    assert "0, 0 to 50 ms" in page
    assert "1, 50 to 70 ms" in page


@pytest.mark.slow
def test_spikes_within_the_span_are_scored(recording):
    """By the true model: the coincidence counts the spikes of the span alone."""
    result = dn.fit(
        cell(),
        recording,
        free=FREE,
        holdout=TimeSpan(40.0),
        method=LevenbergMarquardt(steps=1),
        progress=False,
    )
    trains = [dn.analysis.recorded_spike_times(TIME, row) for row in recording.voltage]
    within = [int((train >= 40.0).sum()) for train in trains]
    assert min(within) >= 1
    scores = [score for score in result.scores() if score.held_out]
    assert [score.recorded_spikes for score in scores] == within
    assert [score.model_spikes for score in scores] == within
    assert [score.coincidence for score in scores] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (TimeSpan(50.0, 90.0), "50 to 90 ms, is no part of a sweep of 80 ms: give 0 < start"),
        (TimeSpan(60.0, 50.0), "is no part of a sweep"),
        (TimeSpan(-5.0, 50.0), "is no part of a sweep"),
        (TimeSpan(50.0, 50.1), "holds fewer than two samples"),
        (TimeSpan(0.0, 50.0), "leaves nothing to fit"),
        (TimeSpan(4.0), "4 ms to the end, leaves nothing to fit, .* begin it later"),
    ],
)
def test_a_span_that_cannot_be_kept_is_refused(span, message):
    model, data = passive()
    with pytest.raises(ValueError, match=message):
        fitted(model, data, span)


def test_a_span_without_spikes_of_a_cell_that_fires_is_refused(recording):
    first = min(dn.analysis.recorded_spike_times(TIME, row)[0] for row in recording.voltage)
    with pytest.raises(ValueError, match=r"holds no spike of any sweep, though .* choose a part"):
        fitted(cell(), recording, TimeSpan(first - 1.0, first - 0.5), free=FREE)


def test_of_one_sweep_a_part_of_the_time_can_be_held_out():
    model, data = passive()
    with pytest.raises(ValueError, match=r"holdout=recordings.TimeSpan.* --holdout-time"):
        fitted(model, data.select(0), 0)
    assert fitted(model, data.select(0), TimeSpan(50.0)).summary().sweeps == 1


def test_the_option_of_the_command():
    _, data = passive()
    assert kept_out("", "50:70", data) == TimeSpan(50.0, 70.0)
    assert kept_out("1", "", data) == [1]
    with pytest.raises(ValueError, match="--holdout-time '50' must be START:STOP"):
        kept_out("", "50", data)
    with pytest.raises(ValueError, match="exclude each other: give one"):
        kept_out("1", "50:70", data)
