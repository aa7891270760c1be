"""Models written for other simulators, which then do the same."""

import json
import shutil
import subprocess
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.channels import (
    BoltzmannGate,
    GatedChannel,
    HHGate,
    Leak,
    SigmoidShape,
    SquidPotassium,
    SquidSodium,
    SteadyStateLaw,
    TraubMilesSodium,
)
from diffneuro.exchange import to_neuroml, to_neuron
from diffneuro.morphology import Branch, Count, Location, build, discretise
from diffneuro.neurons import (
    ByRegion,
    Cable,
    Cell,
    ExponentialProfile,
    Factor,
    HodgkinHuxley,
    PinskyRinzel,
)

pytestmark = pytest.mark.usefixtures("strict", "x64")

PEER = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
COMPILER = PEER.with_name("nrnivmodl")
needs_neuron = pytest.mark.skipif(not PEER.exists(), reason="there is no NEURON here")
# A pulse of current, seen by NEURON's own choice of steps.
RUN = """
import json, sys
from neuron import h
h.load_file("stdrun.hoc")
from cell import build
cell = build()
site, seen, current, t1 = json.loads(sys.argv[1])
clamp = h.IClamp(cell["sites"][site])
clamp.delay, clamp.dur, clamp.amp = 5.0, 1e9, 1e-3 * current
time = h.Vector([0.05 * k for k in range(round(t1 / 0.05))])
voltages = [h.Vector() for _ in seen]
solver = h.CVode()
solver.active(True)
solver.atol(1e-6)
for voltage, name in zip(voltages, seen):
    voltage.record(cell["sites"][name]._ref_v, time)
h.finitialize()
h.continuerun(t1)
print("found", json.dumps([list(voltage) for voltage in voltages]))
"""


def in_neuron(folder, site, seen, current, t1):
    if list(folder.glob("*.mod")):
        if shutil.which("cc") is None:
            pytest.skip("there is no C compiler here")
        subprocess.run([COMPILER, "."], cwd=folder, check=True, capture_output=True)
    given = json.dumps([site, seen, current, t1])
    out = subprocess.run(
        [PEER, "-c", RUN, given], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    (line,) = [line for line in out.splitlines() if line.startswith("found")]
    return np.array(json.loads(line.removeprefix("found")))


def here(model, site, seen, current, t1, dt=0.005):
    """The same run at a step whose error is far below what is compared."""
    stimulus = np.where(np.arange(round(t1 / dt)) * dt >= 5.0 - 1e-9, current, 0.0)
    if isinstance(model, Cable):
        y = dn.simulate(
            model,
            {site: stimulus},
            t1=t1,
            dt=dt,
            state=model.initial_state(0.0),
            record=lambda x, u: jnp.stack([model.voltage_at(x, name) for name in seen]),
        ).y.T
    else:
        y = dn.simulate(model, stimulus, t1=t1, dt=dt).y[None]
    return np.asarray(y)[:, :: round(0.05 / dt)]


def same(found, wanted):
    assert found.shape == wanted.shape
    assert (np.abs(found - wanted).mean(axis=1) < 0.02).all()


def branched():
    """Children at the end, in the middle and at the start; one alone, and tapers."""
    shape = build(
        Branch(
            20.0,
            10.0,
            None,
            (
                Branch(
                    200.0,
                    2.0,
                    1.2,
                    (Branch(100.0, 1.0, name="a"), Branch(150.0, 0.8, 0.4, name="b")),
                    "trunk",
                ),
                Branch(80.0, 1.0, name="side", at=0.5),
                Branch(60.0, 0.5, name="axon", region="axon", at=0.0),
                Branch(50.0, 0.5, name="spur", at=0.5),
            ),
            "soma",
            "soma",
        )
    )
    return discretise(shape, Count(7))


def cable():
    return Cable(
        branched(),
        {"na": SquidSodium(), "k": SquidPotassium(), "leak": Leak(0.3, -54.387)},
        where={"na": ("soma", "axon")},
        profiles={
            "k": ExponentialProfile(0.0, 1.0, -0.01),
            "capacitance": ByRegion({"axon": Factor(0.7)}),
            "radius": ByRegion({"axon": Factor(1.5)}),
        },
        axial_resistivity=150.0,
        sites={"soma": Location("soma", 0.5), "tip": Location("b", 1.0), "a": Location("a", 0.0)},
    )


def declared():
    """A cell of every kind of gate."""
    return Cell(
        {
            "na": SquidSodium(activation_shift=2.0, temperature=8.0),
            "k": GatedChannel({"n": BoltzmannGate(-45.0, 9.0, 4.0, 0.8, 0.3, 4)}, 30.0, -80.0),
            "slow": GatedChannel(
                {"p": HHGate(SteadyStateLaw(SigmoidShape(-35.0, 6.0), 20.0, 0.9, 2.0), 2)},
                1.0,
                -90.0,
            ),
            "leak": Leak(),
            "more": Leak(0.05, -70.0),
        },
        capacitance=0.9,
        area=8000.0,
    )


@needs_neuron
def test_squid_cell_in_neuron(tmp_path):
    files = to_neuron(HodgkinHuxley(), tmp_path / "hh")
    assert sorted(file.name for file in files) == ["cell.json", "cell.py"]
    given = "soma", ["soma"], 1000.0, 60.0
    wanted = here(HodgkinHuxley(), *given)
    assert wanted.max() > 30.0
    same(in_neuron(tmp_path / "hh", *given), wanted)


@needs_neuron
@pytest.mark.slow
def test_cable_in_neuron(tmp_path):
    model = cable()
    to_neuron(model, tmp_path)
    given = "soma", ["soma", "tip", "a"], 800.0, 30.0
    wanted = here(model, *given)
    assert (np.ptp(wanted, axis=1) > 40.0).all()
    same(in_neuron(tmp_path, *given), wanted)


@needs_neuron
@pytest.mark.slow
def test_declared_gates_in_neuron(tmp_path):
    to_neuron(declared(), tmp_path)
    assert {file.stem for file in tmp_path.glob("*.mod")} == {"dn_na", "dn_k", "dn_slow", "dn_more"}
    given = "soma", ["soma"], 600.0, 60.0
    wanted = here(declared(), *given)
    assert wanted.max() > 10.0
    same(in_neuron(tmp_path, *given), wanted)


def test_links_and_surfaces_of_a_cable_are_kept(tmp_path):
    model = cable()
    to_neuron(model, tmp_path)
    data = json.loads((tmp_path / "cell.json").read_text())
    assert data["celsius"] == 6.3
    real = ~model.compartments.is_junction()
    parts = data["sections"]
    assert len(parts) == real.sum()
    area = [0.5 * np.pi * sum(p["diam"]) * np.hypot(p["L"], 0.5 * np.ptp(p["diam"])) for p in parts]
    capacitance = [0.01 * p["cm"] * a for p, a in zip(parts, area, strict=True)]
    np.testing.assert_allclose(capacitance, np.asarray(model.capacitances())[real])
    sodium = ["hh" in p["mechanisms"] and p["mechanisms"]["hh"]["gnabar"] > 0 for p in parts]
    regions = [p["region"] for p in parts]
    assert sodium == [region in ("soma", "axon") for region in regions]
    # The trunk is one taper from 2 to 1.2 um, so its parts are those of that.
    trunk = model.compartments.in_section("trunk")[real]
    inside = [parts[k] for k in np.nonzero(trunk)[0]]
    along = np.linspace(4.0, 2.4, 8)
    np.testing.assert_allclose([p["diam"] for p in inside], np.stack([along[:-1], along[1:]], 1))
    np.testing.assert_allclose([p["Ra"] for p in parts], 150.0)


def test_neuroml_of_a_cell_is_read_back_as_it_was(tmp_path):
    path = tmp_path / "it.nml"
    channels = declared().channels
    plain = GatedChannel({"n": BoltzmannGate(-45.0, 9.0, 4.0, 0.0, 0.3, 4)}, 30.0, -80.0)
    steep = GatedChannel({"n": BoltzmannGate(-45.0, -9.0, 4.0, 0.0, 1.0, 1)}, 30.0, -80.0)
    cell = Cell({**channels, "k": plain, "steep": steep}, 0.9, 8000.0)
    to_neuroml(cell, path)
    v = np.linspace(-110.0, 40.0, 31)
    for name, channel in cell.channels.items():
        read = dn.channels.from_neuroml(path, channel.g_max, channel.reversal_potential, name=name)

        def both(one):
            rest = jax.vmap(lambda v: one.initial_state(dn.Membrane(v)))(v)
            held = jax.tree.map(lambda leaf: 0.3 + 0.0 * leaf, rest)
            moving = jax.vmap(lambda x, v: one.vector_field(x, dn.Membrane(v)))(held, v)
            return jax.vmap(lambda x, v: one.output(x, dn.Membrane(v)))(rest, v), moving

        (current, rates), (wanted, wanted_rates) = both(read), both(channel)
        np.testing.assert_allclose(current, wanted, rtol=1e-6)
        for key, rate in (rates or {}).items():
            given = wanted_rates if isinstance(wanted_rates, dict) else wanted_rates._asdict()
            np.testing.assert_allclose(rate, given[key], rtol=1e-6)
    shape = dn.morphology.from_neuroml(path)
    np.testing.assert_allclose(dn.morphology.surface(shape), 8000.0)
    assert shape.root.region == "soma"


def test_neuroml_of_a_cable_keeps_the_tree(tmp_path):
    path = tmp_path / "it.nml"
    model = cable()
    to_neuroml(model, path, name="pyramid")
    text = path.read_text()
    assert 'spikeThresh value="0 mV"' in text
    shape = dn.morphology.from_neuroml(path, cell="pyramid")
    area = np.asarray(model.compartments.area())
    axon = model.compartments.in_region("axon")
    np.testing.assert_allclose(
        dn.morphology.surface(shape), area[~axon].sum() + 1.5 * area[axon].sum()
    )
    np.testing.assert_allclose(dn.morphology.surface(shape, "axon"), 1.5 * area[axon].sum())
    ends = [one.name for one in shape.sections if not shape.children(one.name)]
    lengths = {
        round(dn.morphology.path_length(shape, Location(name, 1.0), Location("soma", 0.5)))
        for name in ends
    }
    assert lengths == {10 + 200 + 100, 10 + 200 + 150, 80, 10 + 60, 50}


@pytest.mark.parametrize("write", [to_neuron, to_neuroml])
def test_what_cannot_be_written_is_refused(tmp_path, write):
    path = tmp_path / "it"
    for model, match in (
        (PinskyRinzel(), "a PinskyRinzel cannot be written.*give a Cell or a Cable"),
        (Cell({"na": TraubMilesSodium()}), "is a TraubMilesSodium, whose kinetics"),
        (
            Cell({"k": GatedChannel({"n": HHGate(lambda v: (0.1 + 0.0 * v, 0.2))})}),
            "gate 'n' of .* has a law of its own",
        ),
        (Cell({"a-b": Leak()}), "called 'a-b', which is no name elsewhere"),
        (Cell({"leak": Leak()}, ions={"ca": dn.ions.CalciumShell()}), "take the pools out"),
    ):
        with pytest.raises(ValueError, match=match):
            write(model, path)
        assert not path.exists()


def test_a_cell_of_neuroml_needs_an_id(tmp_path):
    with pytest.raises(ValueError, match="name='my cell' of the cell is no id: take letters"):
        to_neuroml(Cell({"leak": Leak()}), tmp_path / "it.nml", name="my cell")


def test_neuroml_has_no_such_time_course(tmp_path):
    cell = Cell({"k": GatedChannel({"n": BoltzmannGate()})})
    with pytest.raises(ValueError, match="fit it with shortest=0, or write it for NEURON"):
        to_neuroml(cell, tmp_path / "it.nml")
