"""The page of a fit, and what stands on it."""

import dataclasses
import re
from importlib.metadata import version

import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro._printed import print_result
from diffneuro._result import SweepScore
from diffneuro._scores import feature_means
from diffneuro._uncertainty import Profile
from diffneuro.analysis import Features
from diffneuro.report import (
    plot_correlations,
    plot_first_spikes,
    plot_losses,
    plot_profiles,
    plot_spike_counts,
    plot_starts,
    plot_step_rates,
    plot_sweeps,
    write_report,
)
from diffneuro.report._agreement import agreement, agreement_described
from diffneuro.report._certainty import certainty_table
from diffneuro.report._facts import correlations, spike_trains, stages, tally, undetermined
from diffneuro.report._profiles import interval
from diffneuro.report._summaries import feature_table, summary
from diffneuro.report._sweeps import shown_rows
from diffneuro.report._text import alike, measured, number, percent, share, unit
from diffneuro.report._trace import thinned
from diffneuro.report._verdict import BAD, GOOD, not_determined, verdict
from diffneuro.report._write import _nothing_to_show

FREE = {
    "channels.na.g_max": dn.Bounds(20.0, 400.0, scale="log"),
    "channels.leak.reversal_potential": dn.Bounds(-80.0, -40.0),
    "capacitance": dn.Bounds(0.4, 2.5),
}


@pytest.fixture(scope="module")
def fitted():
    """A fit made by hand: nothing to compile, and every number is known."""
    time = 0.025 * np.arange(800)
    noise = np.random.default_rng(0).normal(0.0, 0.5, (1, 800))
    clean = -65.0 + 100.0 * np.exp(-(((time - 8.0) / 0.6) ** 2))[None]
    recording = dn.recordings.Recording(
        time=time,
        current=np.where(time > 5.0, 500.0, 0.0),
        voltage=clean + noise,
        metadata={"truth": {"capacitance": 1.0, "channels.na.g_max": 120.0}},
        source="by hand",
    )
    loss = float(np.mean(noise**2))
    model = dn.neurons.HodgkinHuxley()
    known = dn.parameters(model)
    return dn.FitResult(
        model=model,
        free=FREE,
        loss=loss,
        starts={name: np.array([float(known[name][0])]) for name in FREE},
        losses=np.array([loss]),
        history=loss * np.array([[90.0], [20.0], [2.0], [1.0]]),
        recording=recording,
        held_out=(),
        fitted_response=clean.astype(np.float32),
        fitted_spikes=(dn.analysis.recorded_spike_times(time, clean[0]),),
        gram=np.array([[0.04, 0.01, 0.3], [0.01, 0.5, -0.2], [0.3, -0.2, 900.0]]),
        residual_count=800,
        slopes=np.array([30.0, 9.0, 0.5]),
        completed=True,
        about={
            "method": "LevenbergMarquardt(steps=4)",
            "solver": "Staggered()",
            "precision": "float32",
            "recording": recording.fingerprint,
            "versions": {"diffneuro": version("diffneuro"), "jaxlib": "0.10"},
        },
    )


def many_sweeps(fitted, sweeps=20, held_out=(7, 13)):
    one = fitted.recording
    steps = np.linspace(0.0, 300.0, sweeps)[:, None]
    recording = dn.recordings.Recording(
        time=one.time,
        current=np.where(one.time > 5.0, steps, 0.0),
        voltage=np.repeat(one.voltage, sweeps, axis=0),
        source="steps",
    )
    return dataclasses.replace(
        fitted,
        recording=recording,
        held_out=held_out,
        fitted_response=np.repeat(fitted.fitted_voltage, sweeps, axis=0),
        fitted_spikes=fitted.fitted_spikes * sweeps,
    )


def silent(fitted):
    rest = np.full_like(fitted.fitted_voltage, -65.0)
    return dataclasses.replace(fitted, fitted_response=rest, fitted_spikes=(np.zeros(0),))


def text_of(result, tmp_path, name="fit.html"):
    return write_report(result, tmp_path / name).read_text(encoding="utf-8")


def test_the_page_needs_nothing_from_outside(fitted, tmp_path):
    text = text_of(fitted, tmp_path)
    assert text.startswith("<!DOCTYPE html>")
    assert "<script" not in text
    assert "http" not in text
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)


def test_the_page_names_every_parameter_with_unit_bounds_and_error(fitted, tmp_path):
    text = text_of(fitted, tmp_path)
    for name in FREE:
        row = re.search(rf"<tr><td><code>{name}</code>.*?</tr>", text)
        assert row is not None
        value, error = measured(fitted.parameters[name], fitted.standard_errors[name])
        assert f"<td>{value}</td><td>{error}</td>" in row[0]
        assert f"<td>{unit(fitted.units[name])}</td>" in row[0]
    assert "mS/cm²" in text
    assert "20 to 400 log" in text
    assert "−80 to −40" in text


def test_the_true_values_stand_beside_the_fitted_ones(fitted, tmp_path):
    text = text_of(fitted, tmp_path)
    assert '<th scope="col">true</th>' in text
    unknown = dataclasses.replace(
        fitted, recording=dataclasses.replace(fitted.recording, metadata={})
    )
    assert '<th scope="col">true</th>' not in text_of(unknown, tmp_path, "unknown.html")


def test_what_made_the_fit_is_told(fitted, tmp_path):
    text = text_of(fitted, tmp_path)
    for told in ("LevenbergMarquardt(steps=4)", "Staggered", "float32", "jaxlib"):
        assert told in text
    assert fitted.recording.fingerprint in text


def test_the_figures_lie_beside_the_page(fitted, tmp_path):
    fitted.report(tmp_path / "cell.html")
    names = {path.name for path in (tmp_path / "cell_figures").iterdir()}
    assert names == {
        "sweeps.png",
        "first_spikes.png",
        "correlations.png",
        "losses.png",
        "starts.png",
    }
    for path in (tmp_path / "cell_figures").iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")


def test_one_parameter_has_no_correlations(fitted, tmp_path):
    one = dataclasses.replace(
        fitted,
        free={"capacitance": FREE["capacitance"]},
        gram=fitted.gram[2:, 2:],
        slopes=fitted.slopes[2:],
    )
    text = text_of(one, tmp_path)
    assert "1 free parameter" in text
    assert "The recording fixes capacitance to" in text
    assert not (tmp_path / "fit_figures" / "correlations.png").exists()


def test_the_same_fit_gives_the_same_page(fitted, tmp_path):
    assert text_of(fitted, tmp_path, "a.html") == text_of(fitted, tmp_path, "b.html")


def test_an_existing_page_is_kept(fitted, tmp_path):
    path = tmp_path / "fit.html"
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"fit\.html exists.*overwrite=True"):
        write_report(fitted, path)
    assert path.read_text() == "mine"
    assert not (tmp_path / "fit_figures").exists()
    write_report(fitted, path, overwrite=True)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_an_existing_figure_is_kept(fitted, tmp_path):
    figure = tmp_path / "fit_figures" / "losses.png"
    figure.parent.mkdir()
    figure.write_bytes(b"mine")
    with pytest.raises(ValueError, match=r"losses\.png exists"):
        write_report(fitted, tmp_path / "fit.html")
    assert figure.read_bytes() == b"mine"


def test_figures_of_an_earlier_fit_do_not_stay(fitted, tmp_path):
    write_report(many_sweeps(fitted), tmp_path / "fit.html")
    assert (tmp_path / "fit_figures" / "spike_counts.png").exists()
    write_report(fitted, tmp_path / "fit.html", overwrite=True)
    assert not (tmp_path / "fit_figures" / "spike_counts.png").exists()


@pytest.mark.parametrize(
    ("name", "message"), [("nowhere/fit.html", "choose a folder"), ("fit.pdf", "ends in .html")]
)
def test_a_path_that_cannot_be_a_page(fitted, tmp_path, name, message):
    with pytest.raises(ValueError, match=message):
        write_report(fitted, tmp_path / name)


def test_a_hostile_source_is_only_text(fitted, tmp_path):
    recording = dataclasses.replace(
        fitted.recording,
        source="<script>alert('x')</script>",
        metadata={"<img src=x>": "</td><b>"},
    )
    text = text_of(dataclasses.replace(fitted, recording=recording), tmp_path)
    assert "<script" not in text
    assert "<img src=x>" not in text
    assert "&lt;script&gt;" in text


def test_a_good_fit_is_called_one(fitted):
    perfect = dataclasses.replace(
        fitted,
        fitted_response=fitted.recording.voltage + 0.1 * np.resize([1.0, -1.0], (1, 800)),
        fitted_spikes=(spike_trains(fitted, 0)[0],),
    )
    found = verdict(perfect)
    assert found.grade == GOOD
    assert "reproduces 1 of 1 spike (coincidence 1.00 at 4 ms)" in found.sentences[0]
    assert "residual 0.10 mV rms" in found.sentences[0]
    assert not any("not white" in warning for warning in found.warnings)


def test_a_silent_model_is_called_silent(fitted, tmp_path):
    found = verdict(silent(fitted))
    assert found.grade == BAD
    assert "silent where the cell fires 1 spike" in found.sentences[0]
    assert any("not white" in warning for warning in found.warnings)
    assert "does not describe the spiking" in text_of(silent(fitted), tmp_path)


def test_a_runaway_model_still_gets_its_page(fitted, tmp_path):
    voltage = fitted.fitted_voltage.copy()
    voltage[:, 400:] = np.nan
    runaway = dataclasses.replace(fitted, fitted_response=voltage)
    text = text_of(runaway, tmp_path)
    assert "voltage is not finite" in text
    assert ["error, rms", "not finite"] in summary(runaway).rows


def test_a_parameter_at_its_bound_is_marked(fitted, tmp_path):
    model = dn.replace(fitted.model, {"capacitance": jnp.asarray(2.4999)})
    text = text_of(dataclasses.replace(fitted, model=model), tmp_path)
    assert "capacitance ended at its upper bound (2.5 µF/cm²)" in text
    assert '<span class="badge">at its upper bound</span>' in text


def test_a_parameter_without_effect_is_not_determined(fitted, tmp_path):
    gram = fitted.gram.copy()
    gram[2, :] = gram[:, 2] = 0.0
    blind = dataclasses.replace(fitted, gram=gram)
    text = text_of(blind, tmp_path)
    assert "Without any effect in this recording: capacitance; a fit can leave it out." in text
    assert "Not determined by this recording: " not in text
    assert "∞" in text
    assert np.isnan(correlations(blind)[2]).all()


def test_lost_starts_and_a_stop_are_told(fitted):
    losses = np.array([fitted.loss, 1.02 * fitted.loss, 9.0 * fitted.loss, np.inf])
    stopped = dataclasses.replace(
        fitted,
        losses=losses,
        history=np.tile(losses, (2, 1)),
        starts={name: np.repeat(values, 4) for name, values in fitted.starts.items()},
        completed=False,
    )
    found = verdict(stopped)
    assert "2 of 4 starts came within 5 %" in found.sentences[-1]
    assert "1 went non-finite" in found.sentences[-1]
    assert "agree on every parameter" in found.sentences[-1]
    assert "stopped (Ctrl-C) after 2 of 4 iterations" in found.warnings[0]
    legend = plot_losses(stopped).legends[0]
    assert "1 start went non-finite" in [text.get_text() for text in legend.get_texts()]


def test_the_stages_of_a_synchronised_search(fitted):
    about = fitted.about | {"method": "Synchronised(gains=(2.0, 1.0), steps=3, last_steps=4)"}
    staged = dataclasses.replace(fitted, about=about, history=np.ones((10, 1)))
    assert [(stage.first, stage.last) for stage in stages(staged)] == [(1, 3), (4, 6), (7, 10)]
    assert stages(staged)[-1].name == "free"
    foreign = dataclasses.replace(staged, about=about | {"versions": {"diffneuro": "0.0"}})
    assert stages(foreign) == []


def test_many_sweeps_are_shown_in_part_with_the_held_out_ones(fitted, tmp_path):
    many = many_sweeps(fitted)
    rows = shown_rows(many)
    assert len(rows) == 12
    assert {0, 7, 13, 19} <= set(rows)
    text = text_of(many, tmp_path)
    assert "12 of 20 sweeps" in text
    assert "On the 2 sweeps held out of the fit" in text
    assert "Spikes in each sweep over the step of current" in text


def test_a_tally_pools_sweeps(fitted):
    many = many_sweeps(fitted, sweeps=4, held_out=())
    one, four = tally(fitted, fitted.scores()), tally(many, many.scores())
    assert four.recorded == 4 * one.recorded
    assert four.matched == 4 * one.matched
    assert four.rms == pytest.approx(one.rms)
    assert four.rms == pytest.approx(fitted.scores()[0].rms_error, rel=1e-5)
    assert four.explained == pytest.approx(fitted.scores()[0].explained_variance, rel=1e-5)


@pytest.mark.parametrize(
    "draw",
    [
        plot_sweeps,
        plot_first_spikes,
        plot_losses,
        plot_starts,
        plot_correlations,
        plot_spike_counts,
    ],
)
def test_every_axis_has_a_label_and_settings_stay(fitted, draw):
    import matplotlib

    before = dict(matplotlib.rcParams)
    figure = draw(many_sweeps(fitted, sweeps=1, held_out=()))
    assert dict(matplotlib.rcParams) == before
    assert figure.axes
    for axes in figure.axes:
        named = [text.get_text() for text in axes.get_yticklabels()]
        assert axes.get_ylabel() or set(FREE) <= set(named)


def test_nothing_to_zoom_on(fitted):
    quiet = silent(fitted)
    recording = dataclasses.replace(quiet.recording, voltage=np.full((1, 800), -65.0))
    with pytest.raises(ValueError, match="use plot_sweeps"):
        plot_first_spikes(dataclasses.replace(quiet, recording=recording))


def test_a_loaded_fit_gives_the_same_page(fitted, tmp_path):
    loaded = dn.FitResult.load(fitted.save(tmp_path / "cell.fit"))
    assert text_of(loaded, tmp_path, "a.html") == text_of(fitted, tmp_path, "b.html")


def test_thinning_keeps_every_extreme():
    rng = np.random.default_rng(0)
    time = np.arange(100_003.0)
    values = rng.normal(size=time.size)
    values[[7, 50_000, 100_002]] = 100.0, -100.0, 50.0
    kept_time, kept = thinned(time, values, 500)
    assert kept.size <= 2000
    assert {100.0, -100.0, 50.0} <= set(kept)
    assert np.array_equal(kept, values[kept_time.astype(int)])
    assert (np.diff(kept_time) > 0).all()
    assert (kept_time[0], kept_time[-1]) == (0.0, 100_002.0)


@pytest.mark.parametrize(
    ("name", "printed"),
    [("mS/cm2", "mS/cm²"), ("um2", "µm²"), ("uA/cm2", "µA/cm²"), ("GOhm", "GΩ"), ("1", "")],
)
def test_units_are_typeset(name, printed):
    assert unit(name) == printed


def test_numbers_are_given_to_their_error():
    assert measured(119.80355, 0.11676) == ("119.80", "0.12")
    assert measured(-76.99437, 0.009536) == ("−76.9944", "0.0095")
    assert measured(1.5, np.inf) == ("1.5", "∞")
    assert percent(0.999999) == "99.99 %"
    assert number(150.59, 2) == "150"
    assert number(50000.0) == "50000"
    assert number(1.234e-7, 3) == "1.23 × 10⁻⁷"
    assert [share(0.126), share(np.inf), share(np.nan)] == ["13 %", "∞", "–"]
    assert alike([-70.82, 0.0855, np.nan]) == ["−70.8", "0.1", "–"]
    assert alike([0.0309, 0.0119]) == ["0.0309", "0.0119"]


# What the result knows, in tables, words and figures


def stepped(fitted, currents, held_out, delay=0.0):
    """Steps (pA) from 20 to 80 ms with one spike each, without noise; the model fires later."""
    time, currents = 0.1 * np.arange(1000), np.asarray(currents, float)[:, None]
    clean = -65.0 + 100.0 * np.exp(-(((time - np.array([[40.0], [40.0 + delay]])) / 0.6) ** 2))
    cell, model = (np.repeat(row[None], len(currents), axis=0) for row in clean)
    recording = dn.recordings.Recording(
        time=time,
        current=np.where((time >= 20.0) & (time < 80.0), currents, 0.0),
        voltage=cell,
        source="steps",
    )
    return dataclasses.replace(
        fitted,
        recording=recording,
        held_out=held_out,
        fitted_response=model.astype(np.float32),
        fitted_spikes=(dn.analysis.recorded_spike_times(time, clean[1]),) * len(currents),
    )


def repeated(fitted):
    """Four repeats, the last held out; the model fires 3 ms late."""
    return stepped(fitted, [300.0] * 4, (3,), delay=3.0)


def test_mean_features_compare_the_same_sweeps():
    cells = [
        Features(spike_count=1.0, latency=10.0, spike_height=30.0),
        Features(spike_count=3.0, latency=20.0, spike_height=40.0),
    ]
    models = [Features(spike_count=2.0, latency=12.5), Features(spike_count=0.0)]
    empty = SweepScore(0, False, 1.0, 1.0, 0, 0, 1.0)
    repeats = [Features(latency=1.0), Features(latency=5.0)]
    scores = [
        empty._replace(recorded_features=cell, model_features=model, repeat_errors=again)
        for cell, model, again in zip(cells, models, repeats, strict=True)
    ]
    means = feature_means(scores)
    found = [(one.spike_count, one.latency, one.spike_height) for one in means]
    nothing = float("nan")
    assert np.array_equal(
        found,
        [(2.0, 10.0, 35.0), (1.0, 12.5, nothing), (2.0, 2.5, nothing), (nothing, 1.0, nothing)],
        equal_nan=True,
    )


def test_fitted_and_held_out_means_stand_beside_the_repeats(fitted):
    late = repeated(fitted)
    found = summary(late)
    rows = {name: cells for name, *cells in found.rows}
    assert found.columns == {"fitted": True, "held out": True}
    assert rows["sweeps"] == ["3", "", "1", ""]
    assert rows["Γ at ±4 ms"] == ["1.00"] * 4
    assert rows["Γ at ±2 ms"][1::2] == ["1.00"] * 2
    assert (
        rows["Γ at ±2 ms"][0]
        == rows["Γ at ±2 ms"][2]
        == number(round(late.summary().coincidence_2ms, 2))
    )
    assert float(rows["Γ at ±2 ms"][0].replace("−", "-")) < 0.0
    assert rows["rate, off by"] == ["0 %"] * 4
    assert rows["first spike, off by"] == ["3 ms", "0 ms"] * 2
    assert "fires where the cell is silent" not in rows
    assert "the cell's repeats 1.00" in verdict(late).sentences[1]
    row = re.search("<tr><td>first spike after</td>.*?</tr>", feature_table(late))
    assert row is not None
    cells = re.findall("<td[^>]*>(.*?)</td>", row[0])
    assert cells[1:] == ["ms", *["20.0", "23.0", "3.0", "0.0"] * 2]


def test_without_repeats_or_held_out_sweeps_there_is_one_column(fitted):
    assert summary(fitted).columns == {"fitted": False}
    assert {len(row) for row in summary(fitted).rows} == {2}
    assert "repeats" not in feature_table(fitted)


def test_a_silent_model_is_counted(fitted):
    rows = dict(summary(silent(fitted)).rows)
    assert rows["silent where the cell fires"] == "in 1"
    assert rows["spikes / recorded"] == "0 / 1"
    assert rows["rate, off by"] == "100 %"


def test_a_clamped_recording_has_no_spikes_to_score(fitted):
    one = fitted.recording
    clamped = dataclasses.replace(one, voltage_clamp=True, current=one.voltage, voltage=one.voltage)
    held = dataclasses.replace(fitted, recording=clamped)
    assert [row[0] for row in summary(held).rows] == ["sweeps", "error, rms"]
    assert feature_table(held) == ""
    assert {"step_rates", "spike_counts"} <= _nothing_to_show(held, ())


def test_the_f_i_curve_marks_what_was_held_out(fitted):
    many = stepped(fitted, [100.0, 200.0, 300.0, 400.0, 400.0], (1, 3))
    rate, latency = plot_step_rates(many).axes
    assert rate.get_ylabel() == "firing rate (Hz)"
    assert latency.get_ylabel() == "first spike after (ms)"
    marks = {line.get_marker(): line for line in rate.lines}
    assert marks["D"].get_xdata() == pytest.approx([200.0])
    assert marks["s"].get_xdata() == pytest.approx([100.0, 300.0, 400.0])
    # One spike in a step of 60 ms.
    assert marks["o"].get_ydata() == pytest.approx([1e3 / 60.0] * 4)
    dropped = _nothing_to_show(many, ())
    assert "step_rates" not in dropped
    assert "spike_counts" in dropped
    rest = dataclasses.replace(many.recording, voltage=np.full((5, 1000), -65.0))
    quiet = dataclasses.replace(many, recording=rest, fitted_spikes=(np.zeros(0),) * 5)
    assert {"step_rates", "spike_counts"} <= _nothing_to_show(quiet, ())


def test_no_f_i_curve_of_too_few_steps(fitted):
    with pytest.raises(ValueError, match=r"0 sweeps have .*use plot_spike_counts"):
        plot_step_rates(fitted)
    noise = np.random.default_rng(1).normal(0.0, 100.0, (3, 800))
    many = many_sweeps(fitted, sweeps=3, held_out=())
    frozen = dataclasses.replace(many.recording, current=noise)
    dropped = _nothing_to_show(dataclasses.replace(many, recording=frozen), ())
    assert "step_rates" in dropped
    assert "spike_counts" not in dropped


def with_error(fitted, name, share):
    """The fit of one parameter whose standard error is a share of the way between its bounds."""
    bounds, value = FREE[name], fitted.parameters[name]
    log = bounds.scale == "log"
    way = value * np.log(bounds.high / bounds.low) if log else bounds.high - bounds.low
    gram = fitted.loss / (fitted.residual_count - 1) / (share * way) ** 2
    return dataclasses.replace(
        fitted, free={name: bounds}, gram=np.array([[gram]]), slopes=np.array([1.0])
    )


@pytest.mark.parametrize("name", ["capacitance", "channels.na.g_max"])
def test_an_error_of_a_third_of_the_bounds_is_no_knowledge(fitted, name):
    sure, unsure = with_error(fitted, name, 0.33), with_error(fitted, name, 0.34)
    assert undetermined(sure) == []
    assert list(not_determined(sure)) == []
    assert ">determined<" in certainty_table(sure, {})
    assert undetermined(unsure) == [name]
    (told,) = not_determined(unsure)
    assert f"Not determined by this recording: {name} (34 %)." in told
    assert '<span class="badge">not determined</span>' in certainty_table(unsure, {})


def test_parameters_that_cannot_be_told_apart_are_named(fitted):
    gram = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 900.0]])
    (told,) = not_determined(dataclasses.replace(fitted, gram=gram))
    assert "channels.na.g_max and channels.leak.reversal_potential, whose effects" in told
    assert "hold one fixed" in told
    assert "capacitance" not in told


def with_starts(fitted, apart):
    """Three starts, of which the second is `apart` standard errors off in capacitance."""
    error, best = fitted.standard_errors["capacitance"], fitted.parameters["capacitance"]
    starts = {name: np.repeat(values, 3) for name, values in fitted.starts.items()}
    # The third is far away and worse, so that it does not count.
    starts["capacitance"] = np.array([best, best + apart * error, 2.0])
    losses = fitted.loss * np.array([1.0, 1.04, 1.06])
    return dataclasses.replace(fitted, starts=starts, losses=losses)


def test_starts_three_standard_errors_apart_disagree(fitted):
    together, apart = with_starts(fitted, 2.9), with_starts(fitted, 3.1)
    assert agreement(together).near == 2
    assert agreement(together).apart == ()
    assert "agree on every parameter" in agreement_described(together)
    assert agreement(apart).apart == ("capacitance",)
    error = fitted.standard_errors["capacitance"]
    assert agreement(apart).spread("capacitance") == pytest.approx(3.1 * error)
    assert "They do not agree on capacitance (1 to 1" in agreement_described(apart)
    assert "several minima" in agreement_described(apart)
    assert "starts disagree" in certainty_table(apart, {})
    assert "<td>3.1</td>" in certainty_table(apart, {})
    assert "No second start" in agreement_described(
        dataclasses.replace(apart, loss=0.97 * apart.loss)
    )


def test_starts_as_good_as_equal_agree_however_small_the_error(fitted):
    exact = dataclasses.replace(fitted, gram=1e12 * fitted.gram)
    assert agreement(with_starts(exact, 10.0)).apart == ()


def parabola(fitted, name, low=-3.0, high=3.0):
    """The profile of a loss that rises as the standard error says."""
    best, error = fitted.parameters[name], fitted.standard_errors[name]
    away = np.linspace(low, high, 61)
    losses = fitted.loss + 0.01 * away**2
    units = fitted.units[name]
    return Profile(name, units, best + error * away, losses, {}, best, error, 0.01)


def test_profiles_are_drawn_and_their_intervals_told(fitted, tmp_path):
    profile = parabola(fitted, "capacitance")
    write_report(fitted, tmp_path / "fit.html", profiles=[profile])
    text = (tmp_path / "fit.html").read_text(encoding="utf-8")
    error = fitted.standard_errors["capacitance"]
    ends = (1.0 + way * 1.959964 * error for way in (-1.0, 1.0))
    low, high = (measured(end, error)[0] for end in ends)
    assert f"<td>{low} to {high}</td>" in text
    assert "Profile likelihoods" in text
    assert (tmp_path / "fit_figures" / "profiles.png").exists()


def test_a_profile_that_does_not_rise_is_open(fitted):
    assert interval(parabola(fitted, "capacitance", -3.0, 1.0)).startswith("from ")
    assert interval(parabola(fitted, "capacitance", -1.0, 3.0)).startswith("up to ")
    assert interval(parabola(fitted, "capacitance", -1.0, 1.0)) == "open on both sides"


def test_profiles_stand_side_by_side(fitted):
    drawn = [parabola(fitted, name) for name in FREE]
    figure = plot_profiles([*drawn, drawn[0]])
    named = [axes.get_xlabel() for axes in figure.axes if axes.get_visible()]
    assert named[:3] == [
        "channels.na.g_max (mS/cm²)",
        "channels.leak.reversal_potential (mV)",
        "capacitance (µF/cm²)",
    ]
    assert len(named) == 4
    with pytest.raises(ValueError, match=r"result\.profile\(name\)"):
        plot_profiles([])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: [one._replace(name="area")], "has area, not fitted here: profile one of"),
        (lambda one: [one, one], "two of one parameter"),
        (lambda one: [one._replace(best=1.1)], r"make it anew with result.profile\('capacitance'"),
        (lambda one: one, r"give \(profile,\)"),
    ],
)
def test_profiles_that_are_not_of_this_fit(fitted, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        write_report(
            fitted, tmp_path / "fit.html", profiles=change(parabola(fitted, "capacitance"))
        )
    assert not list(tmp_path.iterdir())


def test_the_command_prints_scores_and_certainty(fitted, capsys):
    late = repeated(fitted)
    print_result(with_starts(late, 3.1))
    shown = capsys.readouterr().out
    for told in ("fitted", "held out", "repeats", "Γ at ±4 ms", "Md* at ±4 ms", "3 ms"):
        assert told in shown
    assert "2 of 3 starts came within 5 %" in shown
    assert "They do not agree on capacitance" in shown
    print_result(with_error(fitted, "capacitance", 0.5))
    assert "Not determined by this recording: capacitance (50 %)" in capsys.readouterr().out
