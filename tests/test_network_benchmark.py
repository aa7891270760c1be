"""The benchmark of networks: what is compared; no long runs."""

import json

import numpy as np
import pytest

import diffneuro as dn
from benchmarks.networks.__main__ import table
from benchmarks.networks.brette import WEIGHTS, experiment
from benchmarks.networks.statistics import activity, agreement, kolmogorov_smirnov
from benchmarks.networks.task import GROUPS, INPUTS, STEPS, samples
from benchmarks.networks.wiring import NAMES, start, wiring
from benchmarks.reporting import RESULTS
from benchmarks.rows import read


def test_activity_of_regular_cells():
    cell = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
    time = np.array([30.0, 10.0, 20.0, 40.0, 0.0, 50.0, 25.0, 75.0, 100.0])
    found = activity(cell, time, 3, 100.0)
    assert found.rate == pytest.approx(9 / 3 / 0.1)
    assert found.variation == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(found.intervals, [10.0] * 3 + [25.0] * 4)


def test_the_cv_of_intervals_of_one_and_three():
    found = activity(np.zeros(5, int), np.array([0.0, 1.0, 4.0, 5.0, 8.0]), 1, 10.0)
    assert found.variation == pytest.approx(0.5)


def test_distance_of_distributions():
    one, other = np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0])
    assert kolmogorov_smirnov(one, other) == pytest.approx(0.5)
    assert kolmogorov_smirnov(one, one) == 0.0
    assert kolmogorov_smirnov(one, np.array([])) == 1.0


def test_agreement_is_within_the_seeds_of_the_other():
    random = np.random.default_rng(0)

    def runs(scale, *seeds):
        times = [np.cumsum(random.exponential(scale, 400)) for _ in seeds]
        return [activity(np.zeros(400, int), time, 1, 1000.0) for time in times]

    theirs = runs(10.0, 0, 1, 2, 3)
    shifted = [run._replace(rate=run.rate + 0.0) for run in theirs]
    assert agreement(shifted, theirs)["agrees"]
    assert not agreement(runs(20.0, 0, 1, 2), theirs)["agrees"]


def test_wiring_and_start_are_as_in_the_paper():
    made = wiring(0, 4000)
    assert len(made.sources) / 4000**2 == pytest.approx(0.02, rel=0.01)
    assert made.targets.max() < 4000
    assert (np.diff(made.sources) >= 0).all()
    pairs = made.sources * 4000 + made.targets
    assert len(np.unique(pairs)) == len(pairs)
    begun = start("COBA", 0, 4000)
    assert begun.voltage.mean() == pytest.approx(-65.0, abs=0.3)
    assert begun.excitatory.min() >= 0.0
    assert begun.inhibitory.min() >= 0.0


@pytest.mark.parametrize("name", NAMES)
def test_a_small_network_runs(name):
    made = experiment(name, 0, 200)
    kept = dn.simulate(made.network, {}, t1=5.0, dt=0.1, state=made.state)
    excitatory, inhibitory = (made.network.projections[kind] for kind in made.network.projections)
    weights = [float(made.connection.weights) for made in (excitatory, inhibitory)]
    assert weights == pytest.approx(WEIGHTS[name])
    np.testing.assert_allclose(kept.y["cells"][0], start(name, 0, 200).voltage, rtol=1e-6)
    assert kept.spikes["cells"].sum() > 0


def test_the_task_cannot_be_told_by_counts():
    rasters, labels = samples(np.random.default_rng(0), 2000)
    assert rasters.shape == (2000, STEPS, INPUTS)
    groups = rasters.reshape(2000, STEPS, GROUPS, -1).sum(3)
    counts = groups.sum(1)
    both = np.sort(np.argsort(counts, 1)[:, -2:], 1)
    first = [np.argmax(groups[i, :, both[i]].cumsum(1) >= 4, 1) for i in range(2000)]
    told = np.array([both[i, np.argmin(first[i])] for i in range(2000)])
    assert (told == labels).mean() > 0.9
    # By counts alone one of the two that burst is as good as the other.
    assert (counts.argmax(1) == labels).mean() < 0.6


def test_the_stored_results_are_read_and_shown():
    path = RESULTS / "networks.json"
    if not path.exists():
        pytest.skip("no results of the networks are stored")
    document, rows = read(path.read_text())
    assert rows
    for found in document["simulations"].values():
        assert "brian2" in table(found)
    json.dumps(document, allow_nan=False)
