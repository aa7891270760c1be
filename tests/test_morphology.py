"""Neurons with a shape: trees, compartments, files, pictures."""

import itertools
import os
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.morphology import (
    Branch,
    Compartments,
    Count,
    DLambda,
    Location,
    MaximumLength,
    Morphology,
    Section,
    ball_and_stick,
    binary_tree,
    build,
    cylinder,
    discretise,
    electrotonic_length,
    from_morphio,
    from_swc,
    path_length,
    surface,
    taper,
)

pytestmark = pytest.mark.usefixtures("strict", "x64")

FOLDER = (
    Path(
        os.environ.get(
            "DIFFNEURO_RECORDINGS",
            Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings",
        )
    )
    / "morphologies"
)
needs_files = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the folder of recordings is absent (DIFFNEURO_RECORDINGS)"
)
# NEURON 9.0.2, Import3d_SWC_read: um2 of soma, axon, dendrites and apical dendrites; the number
# of segments by d_lambda (Ra 100 Ohm cm, Cm 1 uF/cm2), the input resistance in the soma's middle
# and the transfer resistance to the farthest tip (MOhm) for 1/40,000 S/cm2, and its distance (um).
IN_NEURON = {
    "allen_472450023_sst": (
        {"soma": 459.5043064, "axon": 68.6009710, "dendrite": 2198.8586967},
        (117, 1497.0984760, 1370.0008067, 249.5213952),
    ),
    "allen_485574832": (
        {
            "soma": 455.0479102,
            "axon": 181.4817227,
            "dendrite": 2078.3301405,
            "apical": 3967.0326921,
        },
        (307, 787.6920145, 253.9649129, 742.3987132),
    ),
    # It cuts one dendrite in two, where the file goes on elsewhere, so has 626 segments there.
    "ca1_n120": (
        {"soma": 933.9652214, "dendrite": 19730.0478394, "apical": 11829.4538269},
        (629, 160.3195889, 105.6455726, 958.4373922),
    ),
}


def resistances(compartments, resistivity, conductance):
    """MOhm from each compartment to each, of a passive tree (Ohm cm, S/cm2)."""
    near, far = (
        1e-5 * resistivity * np.asarray(one) for one in compartments.axial_resistance_factors()
    )
    matrix = np.diag(10.0 * conductance * np.asarray(compartments.area()))
    for child, parent in enumerate(compartments.parents[1:], 1):
        between = 1.0 / (far[parent] + near[child])
        matrix[[child, parent], [child, parent]] += between
        matrix[[child, parent], [parent, child]] -= between
    return 1e3 * np.linalg.inv(matrix)


def written(folder, text):
    path = folder / "cell.swc"
    path.write_text(text)
    return path


# Compartments


@pytest.mark.parametrize("count", [1, 2, 7])
def test_cylinder(count):
    whole = discretise(cylinder(100.0, 2.0), Count(count))
    assert whole.parents == tuple(range(-1, count - 1))
    assert set(whole.regions) == {"dendrite"}
    np.testing.assert_allclose(whole.distances, np.arange(count) * 100.0 / count)
    np.testing.assert_allclose(whole.area(), np.full(count, 400.0 * np.pi / count), rtol=1e-13)
    for factor in (whole.area_factor, whole.near_factor, whole.far_factor):
        np.testing.assert_allclose(factor, np.ones(count), rtol=1e-13)
    near, far = whole.axial_resistance_factors()
    np.testing.assert_allclose(near.sum() + far.sum(), 100.0 / (4.0 * np.pi), rtol=1e-13)
    # 1 mm of 1 um and 100 Ohm cm are 1.2732 GOhm (Rallpack 1).
    thin = discretise(cylinder(1000.0, 0.5), Count(count))
    total = 1e-5 * 100.0 * sum(one.sum() for one in thin.axial_resistance_factors())
    np.testing.assert_allclose(total, 4.0 / np.pi, rtol=1e-13)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_taper_is_integrated_exactly(count):
    whole = discretise(taper(100.0, 5.0, 1.0), Count(count))
    slant = np.hypot(100.0, 4.0)
    np.testing.assert_allclose(whole.area().sum(), np.pi * 6.0 * slant, rtol=1e-13)
    near, far = whole.axial_resistance_factors()
    np.testing.assert_allclose(near.sum() + far.sum(), 100.0 / (np.pi * 5.0), rtol=1e-13)
    middles = 5.0 - 4.0 * (np.arange(count) + 0.5) / count
    np.testing.assert_allclose(whole.radius, middles, rtol=1e-13)
    # The half towards the thick end has less resistance.
    assert np.all(near < far)
    start = 5.0 - 4.0 * np.arange(count) / count
    np.testing.assert_allclose(
        near, 50.0 / count / (np.pi * start * middles), rtol=1e-12, err_msg="each half"
    )


def test_any_row_of_frusta_keeps_its_surface_and_resistance():
    random = np.random.default_rng(3)
    points = np.cumsum(random.normal(size=(30, 3)), axis=0)
    # Two points in one place with two radii: a ring.
    points[12] = points[11]
    radii = random.uniform(0.2, 2.0, 30)
    section = Section("one", "axon", points, radii)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    area = np.pi * ((radii[1:] + radii[:-1]) * np.hypot(steps, np.diff(radii))).sum()
    resistance = (steps / (np.pi * radii[1:] * radii[:-1])).sum()
    shape = Morphology((section,))
    np.testing.assert_allclose(surface(shape), area, rtol=1e-13)
    for count in (1, 2, 5, 64):
        whole = discretise(shape, Count(count))
        np.testing.assert_allclose(whole.area().sum(), area, rtol=1e-12)
        total = sum(one.sum() for one in whole.axial_resistance_factors())
        np.testing.assert_allclose(total, resistance, rtol=1e-12)
        np.testing.assert_allclose(whole.length.sum(), section.length, rtol=1e-12)


def test_ball_and_stick():
    whole = discretise(ball_and_stick(10.0, 300.0, 1.0), MaximumLength(100.0))
    assert whole.parents == (-1, 0, 1, 2)
    assert whole.regions == ("soma", "dendrite", "dendrite", "dendrite")
    assert whole.distances == (0.0, 50.0, 150.0, 250.0)
    # The sphere's surface; what leaves from its middle does not cross its far half.
    np.testing.assert_allclose(whole.area()[0], 400.0 * np.pi, rtol=1e-13)
    assert whole.far_factor[0] == 0.0


def test_junctions_stand_where_several_meet_and_nowhere_else():
    tips = (Branch(10.0, 0.5), Branch(20.0, 0.4))
    trunk = Branch(50.0, 1.0, children=(Branch(30.0, 0.7, children=tips),))
    whole = discretise(build(trunk), Count(2))
    assert whole.parents == (-1, 0, 1, 2, 3, 4, 5, 4, 7)
    assert whole.regions == ("dendrite",) * 4 + ("",) + ("dendrite",) * 4
    assert list(np.flatnonzero(whole.is_junction())) == [4]
    assert whole.length[4] == whole.area()[4] == 0.0
    assert whole.radius[4] == 1.0
    assert whole.distances[4] == whole.distances[3] + 7.5
    np.testing.assert_allclose(whole.distances[7], 12.5 + 25.0 + 30.0 + 5.0)


# A tree with all ways of leaving: from both ends, from the middle of one compartment and of one of
# several, alone and together, and from the start of what is not the root.
ALL_WAYS = Branch(
    30.0,
    6.0,
    8.0,
    name="soma",
    region="soma",
    children=(
        Branch(40.0, 1.0, 0.6, name="a", at=0.0),
        Branch(25.0, 0.8, name="b", at=0.0),
        Branch(60.0, 1.2, name="c", at=0.5),
        Branch(
            50.0,
            1.5,
            0.9,
            name="d",
            children=(
                Branch(20.0, 0.5, name="e", at=0.0),
                Branch(15.0, 0.5, name="f", at=0.5),
                Branch(35.0, 0.7, name="g"),
            ),
        ),
    ),
)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_axial_resistance_between_any_two_compartments(count):
    shape = build(ALL_WAYS)
    whole = discretise(shape, Count(count))
    near, far = map(np.asarray, whole.axial_resistance_factors())
    # Up to the root, by compartment; two ways cancel above where they meet.
    ways = []
    for number in range(whole.count):
        way = {}
        while number > 0:
            parent = whole.parents[number]
            way[number], number = near[number] + far[parent], parent
        ways.append(way)
    real = np.flatnonzero(~whole.is_junction())
    assert len(real) == 8 * count
    # What solves the tree may count on this: no junction has another for a neighbour.
    junctions = whole.is_junction()
    assert not any(junctions[n] and junctions[whole.parents[n]] for n in range(1, whole.count))
    places = [Location(name, 0.5 * (a + b)) for name, a, b in whole.spans]
    for one in real:
        for other in real:
            apart = set(ways[one]) ^ set(ways[other])
            total = sum((ways[one] | ways[other])[number] for number in apart)
            expected = axial_resistance(shape, places[one], places[other])
            np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-12)
        distance = path_length(shape, places[0], places[one])
        np.testing.assert_allclose(whole.distances[one], distance, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(whole.area().sum(), surface(shape), rtol=1e-12)


def axial_resistance(shape, start, end):
    """By quadrature along the straight sections between two locations (1/um)."""
    ways = []
    for place in (start, end):
        section, at, way = shape.section(place.section), place.fraction, {}
        while section is not None:
            way[section.name] = at
            at = section.at
            section = None if section.parent is None else shape.section(section.parent)
        ways.append(way)
    total = 0.0
    for name in ways[0] | ways[1]:
        first, last = sorted(way.get(name, 0.0) for way in ways)
        section = shape.section(name)
        radii = np.interp([first, last], [0.0, 1.0], section.radii)
        total += (last - first) * section.length / (np.pi * radii[0] * radii[1])
    return total


def test_three_halves_tree_is_a_cylinder():
    tree = binary_tree(5, 80.0, 2.0)
    cable = cylinder(5 * 80.0, 2.0)
    assert len(tree.sections) == 31
    np.testing.assert_allclose(surface(tree), surface(cable), rtol=1e-13)
    properties = {"membrane_resistance": 20000.0, "axial_resistivity": 150.0}
    lengths = [
        electrotonic_length(
            one, Location(one.root.name, 0.0), Location(one.sections[-1].name, 1.0), **properties
        )
        for one in (tree, cable)
    ]
    np.testing.assert_allclose(*lengths, rtol=1e-13)
    whole, straight = discretise(tree, Count(3)), discretise(cable, Count(15))
    of_tree, of_cable = (resistances(one, 150.0, 1 / 20000.0) for one in (whole, straight))
    np.testing.assert_allclose(of_tree[0, 0], of_cable[0, 0], rtol=1e-10)
    tips = [number for number in range(whole.count) if number not in whole.parents]
    assert len(tips) == 16
    np.testing.assert_allclose(of_tree[0, tips], np.full(16, of_cable[0, -1]), rtol=1e-10)
    # With the exponent 2 it is none.
    other = resistances(discretise(binary_tree(5, 80.0, 2.0, exponent=2.0), Count(3)), 150.0, 5e-5)
    assert abs(other[0, 0] / of_cable[0, 0] - 1.0) > 0.05


def test_finer_compartments_converge_to_the_cable_equation():
    # A sealed cable: Ra lambda / (pi r^2) coth(L / lambda), at its start.
    exact = 1e-2 * 150.0 * 1000.0 / np.pi / np.tanh(0.8)
    shape = cylinder(800.0, 1.0)
    errors = []
    for count in (10, 20, 40):
        whole = discretise(shape, Count(count))
        near = 1e-2 * 150.0 * np.asarray(whole.axial_resistance_factors()[0])[0]
        # A current into the very start crosses half a compartment before the first middle.
        measured = resistances(whole, 150.0, 1.0 / 30000.0)[0, 0] + near
        errors.append(abs(measured / exact - 1.0))
    assert errors[0] < 2e-3
    np.testing.assert_allclose(np.array(errors[:2]) / errors[1:], [4.0, 4.0], rtol=0.02)


# Parameters


def test_parameters_have_units_and_derivatives():
    whole = discretise(build(ALL_WAYS), Count(3))
    units = {name: unit for name, (_, unit) in dn.parameters(whole).items()}
    factors = {"area_factor": "1", "near_factor": "1", "far_factor": "1"}
    assert units == {"length": "um", "radius": "um", **factors}

    def measured(radius):
        one = eqx.tree_at(lambda tree: tree.radius, whole, radius)
        near, far = one.axial_resistance_factors()
        return (one.area() * near).sum() + (far**2).sum()

    slope = jax.grad(measured)(whole.radius)
    for number in (0, 4, 11):
        step = 1e-5 * np.eye(whole.count)[number]
        central = (measured(whole.radius + step) - measured(whole.radius - step)) / 2e-5
        np.testing.assert_allclose(slope[number], central, rtol=1e-7)


def test_compartments_by_hand_are_checked():
    given = {
        "parents": (-1, 0),
        "regions": ("soma", "axon"),
        "distances": (0.0, 5.0),
        **{name: np.ones(2) for name in ("length", "radius", "area_factor")},
        **{name: np.ones(2) for name in ("near_factor", "far_factor")},
    }
    assert Compartments(**given).count == 2
    rows = {name: list(given[name]) for name in ("parents", "regions", "distances")}
    alike = Compartments(**(given | rows | {"parents": np.array([-1, 0])}))
    assert jax.tree.structure(alike) == jax.tree.structure(Compartments(**given))
    for changed, message in (
        ({"parents": (-1, 1)}, "after its parent"),
        ({"parents": (-1, -1)}, "after its parent"),
        ({"parents": (0, 0)}, "after its parent"),
        ({"regions": ("soma",)}, "1 regions"),
        ({"distances": (0.0,)}, "1 distances"),
        ({"spans": (("a", 0.0, 1.0),)}, "1 spans"),
        ({"radius": np.array([1.0, 0.0])}, "radius=0.0 um: make it above 0"),
        ({"radius": np.array([1.0, np.nan])}, "a radius of Compartments is not finite"),
        ({"regions": ("soma", "")}, "compartment 1 of the region '' has a surface"),
        ({"length": np.array([1.0, 0.0])}, "compartment 1 of the region 'axon' has no surface"),
        ({"length": np.array([1.0, -1.0])}, "length=.*at least 0"),
        ({"length": np.ones(3)}, r"length of shape \(3,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            Compartments(**(given | changed))


# Rules


def test_rules():
    (section,) = cylinder(1000.0, 0.5).sections
    assert MaximumLength(100.0).count(section) == 10
    assert MaximumLength(99.9).count(section) == 11
    assert MaximumLength(5000.0).count(section) == 1
    # NEURON: lambda_f(100) is 282.0948 um for 1 um, 100 Ohm cm, 1 uF/cm2; nseg is 37.
    assert DLambda().count(section) == 37
    assert DLambda(fraction=0.3).count(section) == 13
    # A hundred times the frequency, a tenth of the length constant.
    assert DLambda(frequency=1e4).count(section) == 355
    assert DLambda(axial_resistivity=25.0, capacitance=4.0).count(section) == 37


def test_a_rule_of_ones_own():
    class Odd:
        def count(self, section):
            return 3 if section.name == "soma" else 1

    whole = discretise(ball_and_stick(5.0, 50.0, 1.0), Odd())
    assert whole.regions == ("soma", "soma", "", "soma", "dendrite")
    assert whole.parents == (-1, 0, 1, 2, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MaximumLength(0.0), "length=0.0 um: make it above 0"),
        (lambda: Count(0), "number=0: make it a whole number"),
        (lambda: Count(1.5), "number=1.5: make it a whole number"),
        (lambda: DLambda(fraction=-1.0), "fraction=-1.0 1: make it above 0"),
        (lambda: DLambda(capacitance=float("inf")), "capacitance=inf uF/cm2"),
        (lambda: discretise(cylinder(9.0, 1.0), 5), "5 is no rule: give one"),
        (lambda: discretise("cell.swc", Count(1)), "'cell.swc' is no morphology: give what"),
    ],
)
def test_bad_rules(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_rule_that_counts_wrongly():
    class None_:
        def count(self, section):
            return 0

    with pytest.raises(ValueError, match="cuts section 'cable' into 0"):
        discretise(cylinder(1.0, 1.0), None_())


# Regions, distances, places


def test_regions_by_name_distance_and_section():
    shape = build(ALL_WAYS).with_region("tuft", ["f", "g"])
    whole = discretise(shape, Count(2))
    assert whole.in_region("tuft").sum() == 4
    assert whole.in_region("soma").sum() == 2
    assert whole.in_section("g").sum() == 2
    chosen = whole.between(20.0, 40.0)
    distances = np.array(whole.distances)
    np.testing.assert_array_equal(
        chosen, (distances >= 20.0) & (distances <= 40.0) & ~whole.is_junction()
    )
    assert chosen.any()
    assert not chosen.all()
    near_by = whole.with_region("near", chosen)
    np.testing.assert_array_equal(near_by.in_region("near"), chosen)
    np.testing.assert_array_equal(near_by.is_junction(), whole.is_junction())


def test_places():
    whole = discretise(ball_and_stick(10.0, 300.0, 1.0), MaximumLength(100.0))
    assert whole.at(Location("soma")) == 0
    assert [whole.at(Location("dendrite", x)) for x in (0.0, 0.2, 0.5, 0.9, 1.0)] == [1, 1, 2, 3, 3]
    tree = discretise(build(ALL_WAYS), Count(3))
    for number, (name, start, end) in enumerate(tree.spans):
        if tree.regions[number]:
            assert tree.at(Location(name, 0.5 * (start + end))) == number


def test_what_is_not_there():
    shape = ball_and_stick(10.0, 300.0, 1.0)
    whole = discretise(shape, Count(1))
    for call, message in (
        (lambda: whole.in_region("dendrit"), "no compartment is in a region 'dendrit'.*dendrite"),
        (lambda: whole.in_region(""), "no compartment is in a region ''"),
        (lambda: whole.between(200.0, 300.0), "between 200 and 300 um.*between 0 and 150 um"),
        (lambda: whole.between(50.0, 20.0), "between 50 and 20 um"),
        (lambda: whole.at(Location("axon", 0.5)), "section 'axon'"),
        (lambda: whole.with_region("", whole.in_region("soma")), "name"),
        (lambda: whole.with_region("x", np.zeros(2, bool)), "no compartment"),
        (lambda: whole.with_region("x", np.ones(3, bool)), r"shape \(3,\)"),
        (lambda: Location("dendrite", 1.2), "off the tree"),
        (lambda: Location("dendrite", float("nan")), "off the tree"),
        (lambda: surface(shape, "axon"), "no section is in a region 'axon'"),
        (lambda: shape.section("dend"), "no section 'dend'.*dendrite"),
        (lambda: shape.with_region("axon", []), "no sections are named"),
        (lambda: shape.with_region("axon", ["stick"]), "no section 'stick'"),
        (lambda: path_length(shape, Location("soma"), Location("axon")), "no section 'axon'"),
        (lambda: length(shape, 0.0, 100.0), "above 0"),
        (lambda: length(shape, 1e4, float("nan")), "above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def length(shape, membrane_resistance, axial_resistivity):
    return electrotonic_length(
        shape,
        Location("soma"),
        Location("dendrite", 1.0),
        membrane_resistance=membrane_resistance,
        axial_resistivity=axial_resistivity,
    )


def test_lengths():
    shape = build(ALL_WAYS)
    # Along b to the start of the soma, to its middle, and c.
    assert path_length(shape, Location("b", 1.0), Location("c", 0.25)) == pytest.approx(55.0)
    assert path_length(shape, Location("c", 0.25), Location("b", 1.0)) == pytest.approx(55.0)
    assert path_length(shape, Location("d", 0.2), Location("d", 0.8)) == pytest.approx(30.0)
    assert path_length(shape, Location("e", 1.0), Location("f", 1.0)) == pytest.approx(60.0)
    properties = {"membrane_resistance": 40000.0, "axial_resistivity": 100.0}
    ends = Location("cable", 0.0), Location("cable", 1.0)
    # Rallpack 1: a millimetre is one length constant.
    assert electrotonic_length(cylinder(1000.0, 0.5), *ends, **properties) == pytest.approx(1.0)
    thinner = taper(1000.0, 2.0, 0.5, name="cable")
    x = (np.arange(100000) + 0.5) / 100000
    quadrature = np.mean(1.0 / np.sqrt((2.0 - 1.5 * x) / 0.5))
    measured = electrotonic_length(thinner, *ends, **properties)
    np.testing.assert_allclose(measured, quadrature, rtol=1e-9)


# By hand


def test_names_do_not_collide():
    tips = (Branch(1.0, 1.0, name="dendrite_1"), Branch(1.0, 1.0), Branch(1.0, 1.0))
    names = [one.name for one in build(Branch(1.0, 1.0, children=tips)).sections]
    assert names == ["dendrite_0", "dendrite_1", "dendrite_2", "dendrite_3"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cylinder(0.0, 1.0), "'cable' is 0 um long"),
        (lambda: cylinder(1.0, 0.0), "radius of 0 um: make each above 0"),
        (lambda: taper(1.0, 1.0, -1.0), "radius of -1 um"),
        (lambda: cylinder(1.0, float("nan")), "not finite"),
        (lambda: cylinder(float("inf"), 1.0), "inf um long"),
        (lambda: ball_and_stick(-1.0, 1.0, 1.0), "'soma' is -2 um long"),
        (lambda: binary_tree(0, 1.0, 1.0), "0 orders"),
        (lambda: binary_tree(2, 1.0, 1.0, exponent=0.0), "exponent 0"),
        (lambda: build(Branch(1, 1, children=(Branch(1, 1, at=1.2),))), "at 1.2 .*off the tree"),
        (lambda: build(Branch(1, 1, direction=(0, 0, 0))), "not all 0"),
        (
            lambda: build(Branch(1, 1, name="a", children=(Branch(1, 1, name="a"),))),
            "two sections have the name 'a'",
        ),
        (lambda: Morphology(()), "no sections"),
        (lambda: Morphology((section("a", None), section("b", None))), "parent None"),
        (lambda: Morphology((section("a", "b"), section("b", None))), "first section is the root"),
        (lambda: Morphology((section("a", None), section("b", "c"))), "does not come before"),
        (lambda: Section("a", "", np.eye(3), np.ones(3)), "neither may be empty"),
        (lambda: Section("a", "axon", np.zeros((1, 3)), np.ones(1)), "two points or more"),
        (lambda: Section("a", "axon", np.zeros((2, 2)), np.ones(2)), "two points or more"),
        (lambda: Section("a", "axon", np.zeros((2, 3)), np.ones(2)), "no length"),
    ],
)
def test_bad_shapes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def section(name, parent):
    return Section(name, "axon", np.eye(3), np.ones(3), parent)


# Files


STEM = "2 3 6 0 0 1 1\n3 3 10 0 0 2 2\n"


def test_swc_sections_and_regions(tmp_path):
    text = (
        "# a comment\n1 1 0 0 0 5 -1  # and one more\n\n"
        + STEM
        + "4,3,20,5,0,1,3\n5 3.0 20 -5 0 1 3\n6 2 30 -5 0 1 5\n7 4 0 6 0 1 1\n8 7 0 9 0 1 7\n"
    )
    shape = from_swc(written(tmp_path, text))
    found = [(one.name, one.region, one.parent, one.at) for one in shape.sections]
    assert found == [
        ("soma", "soma", None, 1.0),
        ("dendrite_0", "dendrite", "soma", 0.5),
        ("dendrite_1", "dendrite", "dendrite_0", 1.0),
        ("dendrite_2", "dendrite", "dendrite_0", 1.0),
        ("axon_0", "axon", "dendrite_2", 1.0),
        ("apical_0", "apical", "soma", 0.5),
        ("type 7_0", "type 7", "apical_0", 1.0),
    ]
    # The soma has the surface of its sphere, the stem begins with its own first point.
    assert surface(shape, "soma") == pytest.approx(100.0 * np.pi)
    np.testing.assert_array_equal(shape.section("dendrite_0").points, [[6, 0, 0], [10, 0, 0]])
    # A section goes on from its parent's last point, whose radius it has there.
    np.testing.assert_array_equal(shape.section("axon_0").points, [[20, -5, 0], [30, -5, 0]])
    np.testing.assert_array_equal(shape.section("dendrite_1").radii, [2.0, 1.0])
    # The single point of a stem: from the soma's point on, with its own radius.
    np.testing.assert_array_equal(shape.section("apical_0").points, [[0, 0, 0], [0, 6, 0]])
    np.testing.assert_array_equal(shape.section("apical_0").radii, [1.0, 1.0])
    whole = discretise(shape, Count(1))
    assert whole.parents == (-1, 0, 1, 2, 2, 4, 0, 6)
    assert whole.far_factor[0] == 0.0


def test_swc_in_any_order_and_unit(tmp_path):
    lines = ("1 1 0 0 0 5 -1\n" + STEM).splitlines()
    expected = from_swc(written(tmp_path, "\n".join(lines)))
    turned = from_swc(written(tmp_path, "\n".join(reversed(lines))))
    thousandths = "1 1 0 0 0 .005 -1\n2 3 .006 0 0 .001 1\n3 3 .010 0 0 .002 2\n"
    scaled = from_swc(written(tmp_path, thousandths), scale=1000.0)
    for other in (turned, scaled):
        assert [one.name for one in other.sections] == ["soma", "dendrite_0"]
        assert surface(other) == pytest.approx(surface(expected), rel=1e-12)


def test_swc_somas(tmp_path):
    three = "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 3 6 0 0 1 1\n5 3 9 0 0 1 4\n"
    shape = from_swc(written(tmp_path, three))
    assert [one.name for one in shape.sections] == ["soma", "dendrite_0"]
    np.testing.assert_array_equal(shape.root.points[:, 1], [-5.0, 0.0, 5.0])
    assert surface(shape, "soma") == pytest.approx(100.0 * np.pi)
    assert shape.section("dendrite_0").at == 0.5

    # A row of four points with a stem at each end and one between.
    row = "1 1 0 0 0 2 -1\n2 1 4 0 0 4 1\n3 1 8 0 0 4 2\n4 1 16 0 0 2 3\n"
    stems = "5 3 -5 0 0 1 1\n6 3 4 9 0 1 2\n7 3 4 15 0 1 6\n8 2 20 0 0 0.5 4\n9 2 30 0 0 1 8\n"
    shape = from_swc(written(tmp_path, row + stems))
    found = [(one.name, one.parent, one.at) for one in shape.sections[1:]]
    assert found == [
        ("dendrite_0", "soma", 0.0),
        ("dendrite_1", "soma", 0.25),
        ("axon_0", "soma", 1.0),
    ]
    np.testing.assert_array_equal(shape.section("dendrite_0").points[0], [0, 0, 0])
    np.testing.assert_array_equal(shape.section("dendrite_1").points[0], [4, 9, 0])
    np.testing.assert_array_equal(shape.section("axon_0").points[:, 0], [16, 20, 30])
    np.testing.assert_array_equal(shape.section("axon_0").radii, [0.5, 0.5, 1.0])
    assert discretise(shape, Count(1)).in_region("soma").sum() == 1

    # A soma that branches at its root.
    branched = "1 1 0 0 0 4 -1\n2 1 6 0 0 2 1\n3 1 -6 0 0 2 1\n4 1 -9 0 0 2 3\n"
    branched += "5 3 0 8 0 1 1\n6 3 0 9 0 1 5\n"
    shape = from_swc(written(tmp_path, branched))
    found = [(one.name, one.parent, one.at) for one in shape.sections]
    assert found == [("soma", None, 1.0), ("soma_1", "soma", 0.0), ("dendrite_0", "soma", 0.0)]
    np.testing.assert_array_equal(shape.section("soma_1").points[:, 0], [0, -6, -9])


def test_swc_without_a_soma_and_stems_that_branch_at_once(tmp_path):
    shape = from_swc(written(tmp_path, "1 3 0 0 0 1 -1\n2 3 9 0 0 1 1\n3 3 0 5 0 1 1\n"))
    found = [(one.name, one.parent, one.at, one.length) for one in shape.sections]
    assert found == [("dendrite_0", None, 1.0, 9.0), ("dendrite_1", "dendrite_0", 0.0, 5.0)]
    shape = from_swc(written(tmp_path, "1 2 0 0 0 1 -1\n2 2 9 0 0 1 1\n3 2 14 0 0 1 2\n"))
    assert [one.name for one in shape.sections] == ["axon_0"]
    assert surface(shape) == pytest.approx(28.0 * np.pi)
    text = "1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 20 0 0 1 2\n4 3 6 9 0 1 2\n"
    shape = from_swc(written(tmp_path, text))
    found = [(one.name, one.parent, one.at, one.length) for one in shape.sections[1:]]
    assert found == [("dendrite_0", "soma", 0.5, 14.0), ("dendrite_1", "soma", 0.5, 9.0)]


SOMA = "1 1 0 0 0 5 -1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cell.swc has no points"),
        ("# nothing\n\n", "cell.swc has no points"),
        (SOMA + STEM + "9 3 0 0 1 1 10\n10 3 0 0 2 1 9\n", "line 4 .*form a cycle"),
        (SOMA + "2 3 1 1 1 1 2\n", "line 2 .*form a cycle"),
        ("1 1 0 0 0 5 2\n2 1 1 0 0 5 1\n", "form a cycle"),
        (SOMA + "2 3 6 0 0 1 7\n", "line 2 .*parent 7, which is no point"),
        (SOMA + "2 3 6 0 0 0 1\n", "line 2 .*radius of 0 um .point 2.*above 0"),
        (SOMA + "2 3 6 0 0 -1 1\n", "line 2 .*radius of -1 um"),
        (SOMA + "2 3 6 0 0 1 -1\n", "2 roots.*lines 1 and 2"),
        (SOMA + STEM + "3 3 12 0 0 1 2\n", "id 3 in line 3 and again in line 4"),
        (SOMA + "2 3 6 0 0 1\n", "line 2 .*6 columns"),
        (SOMA + "2 3 6 0 nought 1 1\n", "line 2 .*give seven numbers"),
        (SOMA + "2 3 6 0 nan 1 1\n", "line 2 .*not finite"),
        (SOMA + "2 3 6 0 0 1 inf\n", "line 2 .*give seven numbers"),
        (SOMA + "2.5 3 6 0 0 1 1\n", "line 2 .*whole"),
        (SOMA + STEM + "4 1 12 0 0 1 3\n", "line 4 .*soma whose parent is a neurite"),
        ("1 1 0 0 0 .005 -1\n2 3 .01 0 0 .001 1\n", "millimetres, so pass scale=1000"),
        ("1 1 0 0 0 5e-6 -1\n2 3 1e-5 0 0 1e-6 1\n", "look like metres, so pass scale=1e.06"),
        ("1 1 0 0 0 5000 -1\n2 3 9000 0 0 500 1\n", "nanometres, so pass scale=0.001"),
        ("1 3 0 0 0 5 -1\n", "one point, which is not of the type 1"),
        (SOMA + STEM + "4 3 10 0 0 1 3\n5 3 20 0 0 1 3\n", "line 4 .*no length"),
    ],
)
def test_broken_swc(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        from_swc(written(tmp_path, text))


def test_swc_with_the_mark_that_windows_leaves(tmp_path):
    assert len(from_swc(written(tmp_path, "\ufeff" + SOMA)).sections) == 1


def test_bad_scale(tmp_path):
    with pytest.raises(ValueError, match="scale is 0"):
        from_swc(written(tmp_path, SOMA), scale=0.0)


@needs_files
@pytest.mark.parametrize("name", IN_NEURON)
def test_files_are_as_in_neuron(name):
    areas, (count, input_resistance, transfer_resistance, distance) = IN_NEURON[name]
    shape = from_swc(FOLDER / f"{name}.swc")
    assert {one.region for one in shape.sections} == set(areas)
    for region, area in areas.items():
        # The rest is that NEURON keeps its points in single precision.
        np.testing.assert_allclose(surface(shape, region), area, rtol=5e-6)
    whole = discretise(shape, DLambda())
    np.testing.assert_allclose(whole.area().sum(), surface(shape), rtol=1e-12)
    assert (~whole.is_junction()).sum() == count
    to_root = resistances(whole, 100.0, 1.0 / 40000.0)[whole.at(Location("soma"))]
    np.testing.assert_allclose(to_root[whole.at(Location("soma"))], input_resistance, rtol=2e-6)
    ends = [Location(one.name, 1.0) for one in shape.sections]
    lengths = [path_length(shape, Location("soma"), end) for end in ends]
    np.testing.assert_allclose(max(lengths), distance, rtol=1e-6)
    farthest = whole.at(ends[int(np.argmax(lengths))])
    np.testing.assert_allclose(to_root[farthest], transfer_resistance, rtol=2e-6)


@needs_files
@pytest.mark.parametrize("name", ["allen_472450023_sst", "allen_485574832"])
def test_surface_is_the_sum_over_the_rows_of_the_file(name):
    rows = np.loadtxt(FOLDER / f"{name}.swc")
    at = {int(row[0]): row for row in rows}
    # The sphere; then each row with its parent's, but for the gaps at the soma.
    total = 4.0 * np.pi * rows[0, 5] ** 2
    for row in rows[1:]:
        parent = at[int(row[6])]
        if parent[1] != 1:
            apart = np.linalg.norm(row[2:5] - parent[2:5])
            total += np.pi * (row[5] + parent[5]) * np.hypot(apart, row[5] - parent[5])
    np.testing.assert_allclose(surface(from_swc(FOLDER / f"{name}.swc")), total, rtol=1e-12)


# What MorphIO reads


@needs_files
@pytest.mark.parametrize("name", ["allen_472450023_sst", "allen_485574832"])
def test_morphio_reads_the_same(name):
    morphio = pytest.importorskip("morphio")
    path = FOLDER / f"{name}.swc"
    one, other = from_swc(path), from_morphio(morphio.Morphology(str(path)))
    # It keeps single precision.
    for region in {section.region for section in one.sections}:
        np.testing.assert_allclose(surface(other, region), surface(one, region), rtol=1e-5)
    assert len(one.sections) == len(other.sections)
    whole, again = (discretise(shape, DLambda()) for shape in (one, other))
    of_one, of_other = (resistances(tree, 100.0, 1.0 / 40000.0)[0, 0] for tree in (whole, again))
    np.testing.assert_allclose(of_one, of_other, rtol=1e-5)


def test_morphio_somas(tmp_path):
    morphio = pytest.importorskip("morphio")
    text = (
        SOMA
        + "2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n"
        + STEM.replace("2 3 6", "4 3 6").replace("3 3 10 0 0 2 2", "5 3 10 0 0 2 4")
    )
    path = written(tmp_path, text)
    one, other = from_swc(path), from_morphio(morphio.Morphology(str(path)))
    assert surface(one) == pytest.approx(surface(other))
    assert other.section("dendrite_0").at == 0.5
    contour = "\n".join(
        f"({10 * np.cos(x)} {10 * np.sin(x)} 0 0.1)" for x in np.arange(40) * np.pi / 20
    )
    asc = tmp_path / "cell.asc"
    asc.write_text(
        f'("CellBody" (Color Red) (CellBody)\n{contour}\n)\n'
        "((Dendrite)\n(11 0 0 2)\n(30 0 0 2)\n)\n"
    )
    shape = from_morphio(morphio.Morphology(str(asc)))
    assert surface(shape, "soma") == pytest.approx(400.0 * np.pi, rel=1e-6)
    assert surface(shape, "dendrite") == pytest.approx(38.0 * np.pi, rel=1e-6)


# Pictures


def test_a_picture_shows_each_branch_as_wide_and_as_coloured_as_it_is():
    shape = ball_and_stick(10.0, 300.0, 1.0)
    whole = discretise(shape, MaximumLength(100.0))
    figure = dn.report.plot_morphology(shape, whole, np.arange(4.0), limits=(-1.0, 5.0))
    axes, bar = figure.axes
    (drawn,) = axes.collections
    np.testing.assert_array_equal(np.unique(drawn.get_array()), [0.0, 1.0, 2.0, 3.0])
    assert drawn.get_clim() == (-1.0, 5.0)
    assert bar.get_ylabel() == "voltage (mV)"
    corners = [path.vertices for path in drawn.get_paths()]
    # The soma is drawn as a square of 20, the stick as three pieces of 100 by 2.
    sizes = [np.ptp(one, axis=0) for one in corners]
    np.testing.assert_allclose(sizes, [[20, 20], [100, 2], [100, 2], [100, 2]])
    # Seen along the other axes it has its depth, 0, and its width.
    side = dn.report.plot_morphology(shape, plane=(0, 2)).axes[0]
    assert [text.get_text() for text in side.get_legend().get_texts()] == ["soma", "dendrite"]
    assert side.get_ylabel() == "z (µm)"


def test_a_picture_in_three_dimensions():
    shape = build(ALL_WAYS)
    whole = discretise(shape, Count(2))
    figure = dn.report.plot_morphology_3d(shape, whole, whole.radius, name="radius", unit="um")
    figure.draw_without_rendering()
    (lines,) = figure.axes[0].collections
    shown = lines.get_array()
    np.testing.assert_allclose(shown, np.asarray(whole.radius)[~whole.is_junction()])
    # The soma is the thickest, ten times as the thinnest may be.
    widths = np.asarray(lines.get_linewidths())
    assert np.argmax(widths) in (0, 1)
    assert widths.max() > 5.0 * widths.min()
    assert len(dn.report.plot_morphology_3d(shape).axes) == 1


@pytest.mark.parametrize("ending", ["gif", "html"])
def test_a_film(tmp_path, ending):
    shape = ball_and_stick(10.0, 300.0, 1.0)
    whole = discretise(shape, MaximumLength(50.0))
    times = np.linspace(0.0, 5.0, 60)
    away = np.array(whole.distances)[None] - 80.0 * times[:, None]
    values = -70.0 + 100.0 * np.exp(-((away / 40.0) ** 2))
    path = dn.report.film_morphology(
        tmp_path / f"spike.{ending}", shape, whole, values, times, frames=6
    )
    if ending == "html":
        assert path.read_text().count("data:image/png;base64") == 6
        return
    image = pytest.importorskip("PIL.Image")
    with image.open(path) as film:
        assert film.n_frames == 6
        pictures = []
        for number in range(6):
            film.seek(number)
            pictures.append(np.asarray(film.convert("RGB"), float))
    for one, other in itertools.pairwise(pictures):
        assert np.abs(one - other).max() > 50.0


def test_pictures_refuse():
    shape = ball_and_stick(10.0, 300.0, 1.0)
    whole = discretise(shape, Count(2))
    bare = Compartments(**{name: getattr(whole, name) for name in vars(whole) if name != "spans"})
    plot, film = dn.report.plot_morphology, dn.report.film_morphology
    rows, times = np.zeros((3, whole.count)), np.arange(3.0)
    for call, message in (
        (lambda: plot(shape, None, np.zeros(4)), "give the compartments"),
        (lambda: plot(shape, whole, np.zeros(7)), r"shape \(7,\)"),
        (lambda: plot(shape, whole, np.full(whole.count, np.nan)), "not finite"),
        (lambda: plot(shape, bare), "make them by `discretise`"),
        (lambda: plot(cylinder(1.0, 1.0), whole), "no section 'soma'"),
        (lambda: plot(shape, plane=(0, 0)), "the plane is"),
        (lambda: film("a.mp4", shape, whole, rows, times), "end it in .gif or .html"),
        (lambda: film("a.gif", shape, whole, rows, times[:2]), "one row of values for each time"),
        (lambda: film("a.gif", shape, whole, rows[0], times), "rows with one value"),
        (lambda: film("a.gif", shape, whole, rows, times, frames=0), "0 frames"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
