"""NeuroML documents: channels and shapes."""

import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.channels import GatedChannel, Leak, SquidPotassium, SquidSodium
from diffneuro.morphology import Count, Location, discretise, path_length, surface

pytestmark = pytest.mark.usefixtures("strict", "x64")

HEAD = '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="doc">'
SODIUM = """
<ionChannelHH id="naChan" conductance="10pS" species="na">
  <notes>of the squid</notes>
  <gateHHrates id="m" instances="3">Q10
    <forwardRate type="HHExpLinearRate" rate="1per_ms" midpoint="-40mV" scale="10mV"/>
    <reverseRate type="HHExpRate" rate="4000 per_s" midpoint="-65 mV" scale="-0.018 V"/>
  </gateHHrates>
  <gate id="h" type="gateHHrates" instances="1">Q10
    <forwardRate type="HHExpRate" rate="0.07per_ms" midpoint="-65mV" scale="-20mV"/>
    <reverseRate type="HHSigmoidRate" rate="1per_ms" midpoint="-35mV" scale="10mV"/>
  </gate>
</ionChannelHH>"""
POTASSIUM = """
<ionChannel id="kChan" type="ionChannelHH" conductance="10pS" species="k">
  <gateHHrates id="n" instances="4">
    <forwardRate type="HHExpLinearRate" rate="0.1per_ms" midpoint="-55mV" scale="10mV"/>
    <reverseRate type="HHExpRate" rate="0.125per_ms" midpoint="-65mV" scale="-80mV"/>
  </gateHHrates>
</ionChannel>"""
PASSIVE = '<ionChannelPassive id="pas" conductance="10pS"/>'
Q10 = '<q10Settings type="q10ExpTemp" q10Factor="3" experimentalTemp="6.3 degC"/>'
FIXED = '<q10Settings type="q10Fixed" fixedQ10="2"/>'
SLOW = """
<ionChannelHH id="slow" species="k">
  <gateHHtauInf id="p" instances="2">
    <q10Settings type="q10Fixed" fixedQ10="4"/>
    <timeCourse type="fixedTimeCourse" tau="0.1 s"/>
    <steadyState type="HHSigmoidVariable" rate="0.9" midpoint="-35 mV" scale="6mV"/>
  </gateHHtauInf>
</ionChannelHH>"""


@pytest.fixture
def document(tmp_path):
    def write(*parts):
        path = tmp_path / "it.nml"
        path.write_text(HEAD + "".join(parts) + "</neuroml>")
        return path

    return write


def same_channel(found, wanted):
    v = jnp.linspace(-120.0, 60.0, 181)
    for one in (lambda c, v: c.gates(dn.Membrane(v)), lambda c, v: c.initial_state(dn.Membrane(v))):
        for a, b in zip(leaves(one(found, v)), leaves(one(wanted, v)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    at_rest = found.initial_state(dn.Membrane(v))
    np.testing.assert_allclose(
        found.output(at_rest, dn.Membrane(v)),
        wanted.output(wanted.initial_state(dn.Membrane(v)), dn.Membrane(v)),
        rtol=1e-12,
    )


def leaves(parts):
    named = dict(parts) if isinstance(parts, dict) else parts._asdict()
    return [np.stack(named[name]) for name in sorted(named)]


def test_squid_channels_are_the_librarys(document):
    path = document(PASSIVE, SODIUM.replace("Q10", ""), POTASSIUM)
    sodium = dn.channels.from_neuroml(path, 120.0, 50.0, name="naChan")
    same_channel(sodium, SquidSodium())
    assert isinstance(sodium, GatedChannel)
    assert sodium.ion == "na"
    same_channel(dn.channels.from_neuroml(path, 36.0, -77.0, name="kChan"), SquidPotassium())
    leak = dn.channels.from_neuroml(path, 0.3, -54.4, name="pas")
    assert isinstance(leak, Leak)
    assert leak.g_max == 0.3


def test_temperature_speeds_gates_up(document):
    path = document(SODIUM.replace("Q10", Q10))
    warm = dn.channels.from_neuroml(path, 120.0, 50.0, temperature=20.0)
    same_channel(warm, SquidSodium(temperature=20.0))
    with pytest.raises(ValueError, match="give temperature= in degC"):
        dn.channels.from_neuroml(path, 120.0, 50.0)
    twice = dn.channels.from_neuroml(document(SODIUM.replace("Q10", FIXED)), 120.0, 50.0)
    v = jnp.array(-50.0)
    for name, rates in twice.gates(dn.Membrane(v)).items():
        plain = getattr(SquidSodium().gates(dn.Membrane(v)), name)
        np.testing.assert_allclose(rates, plain.times(jnp.array(2.0)))


def test_steady_state_and_time_course(document):
    channel = dn.channels.from_neuroml(document(SLOW), 1.0, -90.0)
    rates = channel.gates(dn.Membrane(jnp.array(-29.0)))["p"]
    np.testing.assert_allclose(rates.time_constant, 25.0)
    np.testing.assert_allclose(rates.steady_state, 0.9 / (1.0 + np.exp(-1.0)))
    assert channel.kinetics["p"].power == 2


def test_constants_of_a_document_are_parameters(document):
    channel = dn.channels.from_neuroml(document(SODIUM.replace("Q10", "")), 120.0, 50.0)
    known = dn.parameters(channel)
    value, unit = known["kinetics.m.law.opening.midpoint"]
    assert (float(value), unit) == (-40.0, "mV")
    moved = dn.replace(
        channel,
        {
            "kinetics.m.law.opening.midpoint": -37.0,
            "kinetics.m.law.closing.midpoint": -62.0,
        },
    )
    same_channel(moved, SquidSodium(activation_shift=3.0))


def test_a_cell_of_such_channels_fires_as_the_squids(document):
    path = document(PASSIVE, SODIUM.replace("Q10", ""), POTASSIUM)
    read = [
        dn.channels.from_neuroml(path, g, e, name=name)
        for name, g, e in (("naChan", 120.0, 50.0), ("kChan", 36.0, -77.0), ("pas", 0.3, -54.387))
    ]
    cell = dn.neurons.Cell(dict(zip(("na", "k", "leak"), read, strict=True)))
    wanted = dn.simulate(dn.neurons.HodgkinHuxley(), 1000.0, t1=20.0).y
    np.testing.assert_allclose(dn.simulate(cell, 1000.0, t1=20.0).y, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (SODIUM + POTASSIUM, "give the name of one"),
        ("<cell/>", "0 channels"),
        (POTASSIUM.replace("HHExpRate", "HHOddRate"), "HHOddRate, of which nothing is known"),
        (POTASSIUM.replace("gateHHrates", "gateKS"), "gateKS, of which nothing is known"),
        (POTASSIUM.replace('"ionChannelHH"', '"ionChannelKS"'), "ionChannelKS, of which nothing"),
        (POTASSIUM.replace("-55mV", "-55"), "unit of voltage"),
        (POTASSIUM.replace("-55mV", "-55ms"), "unit of voltage"),
        (POTASSIUM.replace("0.1per_ms", "much"), "unit of per_time"),
        (POTASSIUM.replace('scale="10mV"', 'scale="0mV"'), "scale=0 mV"),
        (POTASSIUM.replace("reverseRate", "backRate"), "no <reverseRate>"),
        (POTASSIUM.replace('"4"', '"2.5"'), "make it a whole number"),
    ],
)
def test_channels_that_are_not_understood_are_refused(document, text, match):
    with pytest.raises(ValueError, match=match):
        dn.channels.from_neuroml(document(text), 1.0, 0.0)


def test_documents_that_are_none_are_refused(tmp_path):
    path = tmp_path / "it.nml"
    with pytest.raises(ValueError, match="give a file's path"):
        dn.channels.from_neuroml(path, 1.0, 0.0)
    path.write_text("na: 120")
    with pytest.raises(ValueError, match="is no XML"):
        dn.channels.from_neuroml(path, 1.0, 0.0)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    path.write_text(bomb + HEAD + "&b;</neuroml>")
    with pytest.raises(ValueError, match="take its DOCTYPE out"):
        dn.morphology.from_neuroml(path)


TREE = """
<cell id="one"><morphology id="m">
  <segment id="0" name="soma"><proximal x="0" y="0" z="0" diameter="10"/>
    <distal x="10" y="0" z="0" diameter="10"/></segment>
  <segment id="1"><parent segment="0"/><proximal x="10" y="0" z="0" diameter="4"/>
    <distal x="60" y="0" z="0" diameter="3"/></segment>
  <segment id="2"><parent segment="1"/><distal x="110" y="0" z="0" diameter="2"/></segment>
  <segment id="3"><parent segment="2" fractionAlong="0.5"/>
    <proximal x="85" y="0" z="0" diameter="1"/><distal x="85" y="30" z="0" diameter="1"/></segment>
  <segment id="5"><parent segment="4"/><distal x="-40" y="0" z="0" diameter="1"/></segment>
  <segment id="4"><parent segment="0" fractionAlong="0"/>
    <proximal x="0" y="0" z="0" diameter="1"/><distal x="-20" y="0" z="0" diameter="1"/></segment>
  <segmentGroup id="soma_group"><member segment="0"/></segmentGroup>
  <segmentGroup id="trunk" neuroLexId="sao864921383"><member segment="1"/><member segment="2"/>
  </segmentGroup>
  <segmentGroup id="dendrite_group"><include segmentGroup="trunk"/><member segment="3"/>
  </segmentGroup>
  <segmentGroup id="axon_group"><member segment="4"/><member segment="5"/></segmentGroup>
</morphology></cell>"""


def test_a_tree_of_segments(document):
    tree = dn.morphology.from_neuroml(document(TREE))
    found = {one.name: (one.region, one.parent, one.at, one.length) for one in tree.sections}
    assert found == {
        "soma": ("soma", None, 1.0, 10.0),
        "trunk": ("dendrite", "soma", 1.0, 100.0),
        "dendrite_0": ("dendrite", "trunk", 0.75, 30.0),
        "axon_0": ("axon", "soma", 0.0, 40.0),
    }
    np.testing.assert_array_equal(tree.section("trunk").radii, [2.0, 1.5, 1.0])
    frusta = np.pi * (3.5 * np.hypot(50.0, 0.5) + 2.5 * np.hypot(50.0, 0.5))
    np.testing.assert_allclose(surface(tree), np.pi * (100.0 + 30.0 + 40.0) + frusta)
    ends = Location("dendrite_0", 1.0), Location("axon_0", 1.0)
    np.testing.assert_allclose(path_length(tree, *ends), 30.0 + 75.0 + 10.0 + 40.0)
    assert discretise(tree, Count(3)).count > 12


def test_regions_are_told_by_groups(document):
    path = document(TREE)
    tree = dn.morphology.from_neuroml(path, cell="one", regions={"trunk": "apical"})
    assert [one.region for one in tree.sections] == ["dendrite", "apical", "dendrite", "dendrite"]
    with pytest.raises(ValueError, match="nearest are trunk"):
        dn.morphology.from_neuroml(path, regions={"trunks": "apical"})


def test_a_root_without_length_is_a_sphere(document):
    point = '<{0} x="1" y="2" z="3" diameter="20"/>'
    text = f'<morphology id="m"><segment id="0">{point.format("proximal")}{point.format("distal")}'
    branch = (
        '<segment id="1"><parent segment="0"/><proximal x="1" y="2" z="3" diameter="2"/>'
        '<distal x="1" y="2" z="53" diameter="2"/></segment>'
    )
    tree = dn.morphology.from_neuroml(document(text, "</segment>", branch, "</morphology>"))
    np.testing.assert_allclose(surface(tree), 400.0 * np.pi + 100.0 * np.pi)
    assert tree.sections[1].at == 0.5


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (('<distal x="85" y="30" z="0" diameter="1"/>', ""), "no <distal>"),
        (('<parent segment="1"/>', '<parent segment="9"/>'), "no way to a root"),
        (('<parent segment="1"/>', '<parent segment="2"/>'), "no way to a root"),
        (
            ('<parent segment="1"/>', '<parent segment="one"/>'),
            "segment='one': give a whole number",
        ),
        (('<segment id="3">', '<segment id="2">'), "two segments have the same id"),
        (
            ('<member segment="3"/>', '<member segment="9"/>'),
            "has the member 9, which is no segment",
        ),
        (('<parent segment="0"/><proximal', "<proximal"), "2 roots"),
        (('<include segmentGroup="trunk"/>', '<include segmentGroup="x"/>'), "'x' is absent"),
        (('<include segmentGroup="trunk"/>', "<subTree/>"), "list its members"),
        (('<include segmentGroup="trunk"/>', '<include segmentGroup="dendrite_group"/>'), "itself"),
        (('diameter="10"', 'diameter="wide"'), "diameter='wide'"),
        (("</cell>", "</cell>" + TREE.replace('"one"', '"two"')), "give the id of one"),
    ],
)
def test_shapes_that_are_none_are_refused(document, change, match):
    with pytest.raises(ValueError, match=match):
        dn.morphology.from_neuroml(document(TREE.replace(*change)))
