"""A few cylinders in the place of a tree."""

import numpy as np
import pytest

from diffneuro.morphology import (
    Branch,
    Location,
    MaximumLength,
    ball_and_stick,
    binary_tree,
    build,
    cylinder,
    discretise,
    input_conductance,
    reduce,
    surface,
    taper,
)

pytestmark = pytest.mark.usefixtures("strict", "x64")

PASSIVE = {"membrane_resistance": 15e3, "axial_resistivity": 120.0}


def by_compartments(morphology, location, length=1.0):
    """The input conductance (nS) of its compartments, by a dense system of equations."""
    tree = discretise(morphology, MaximumLength(length))
    near, far = (120.0 * 1e-5 * np.asarray(half) for half in tree.axial_resistance_factors())
    matrix = np.diag(10.0 * np.asarray(tree.area()) / 15e3 * ~tree.is_junction())
    for child, parent in enumerate(tree.parents[1:], 1):
        link = 1.0 / (near[child] + far[parent])
        for row, column in ((child, parent), (parent, child)):
            matrix[row, row] += link
            matrix[row, column] -= link
    at = tree.at(location)
    current = np.zeros(tree.count)
    current[at] = 1.0
    return 1.0 / np.linalg.solve(matrix, current)[at]


def pyramid():
    twigs = tuple(Branch(130.0 + 40.0 * k, 0.8, 0.3, at=1.0) for k in range(2))
    basal = tuple(Branch(60.0 + 25.0 * k, 1.0, children=twigs, at=0.5) for k in range(4))
    oblique = Branch(150.0, 0.6, at=0.4, region="apical")
    tuft = tuple(Branch(220.0, 0.9, 0.4, region="apical") for _ in range(3))
    apical = Branch(350.0, 2.5, 1.4, (oblique, *tuft), region="apical", at=0.5)
    axon = Branch(300.0, 0.4, region="axon", at=0.5)
    return build(Branch(22.0, 9.0, None, (*basal, apical, axon), "soma", "soma"))


def test_a_cylinder_conducts_as_cable_theory_says():
    length, radius = 600.0, 1.5
    wanted_lambda = 1e4 * np.sqrt(radius * 1e-4 * 15e3 / (2.0 * 120.0))
    infinite = np.pi * (radius * 1e-4) ** 2 / (120.0 * wanted_lambda * 1e-4) * 1e9
    shape = cylinder(length, radius)
    at_end = infinite * np.tanh(length / wanted_lambda)
    for end in (0.0, 1.0):
        found = input_conductance(shape, Location("cable", end), **PASSIVE)
        np.testing.assert_allclose(found, at_end, rtol=1e-12)
    middle = 2.0 * infinite * np.tanh(0.5 * length / wanted_lambda)
    found = input_conductance(shape, Location("cable", 0.5), **PASSIVE)
    np.testing.assert_allclose(found, middle, rtol=1e-12)


@pytest.mark.parametrize("shape", [taper(300.0, 3.0, 0.5), pyramid(), ball_and_stick(8.0, 400, 1)])
def test_conductance_is_that_of_many_compartments(shape):
    location = Location(shape.root.name, 0.5)
    found = input_conductance(shape, location, **PASSIVE)
    np.testing.assert_allclose(found, by_compartments(shape, location), rtol=2e-3)


def test_a_tree_of_ralls_law_becomes_his_equivalent_cylinder():
    tree = binary_tree(5, 80.0, 2.0)
    trunk = Branch(1.0, 2.0)
    # A soma in front of the tree, which has no more than a place for it to leave from.
    rows = build(Branch(20.0, 10.0, None, (trunk,), "soma", "soma")).sections[:1]
    sections = [
        type(one)(one.name, one.region, one.points, one.radii, one.parent or "soma", one.at)
        for one in tree.sections
    ]
    whole = type(tree)((*rows, *sections))
    small = reduce(whole, 1, **PASSIVE)
    assert [one.name for one in small.sections] == ["soma", "dendrite_0"]
    np.testing.assert_allclose(small.sections[1].length, 5 * 80.0, rtol=1e-8)
    np.testing.assert_allclose(small.sections[1].radii, 2.0, rtol=1e-8)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 20])
def test_surface_and_input_resistance_are_kept(count):
    whole = pyramid()
    small = reduce(whole, count, **PASSIVE)
    assert len(small.sections) == 1 + min(count, 6)
    np.testing.assert_allclose(surface(small), surface(whole), rtol=1e-10)
    soma = Location("soma", 0.5)
    wanted = input_conductance(whole, soma, **PASSIVE)
    np.testing.assert_allclose(input_conductance(small, soma, **PASSIVE), wanted, rtol=1e-8)
    np.testing.assert_allclose(by_compartments(small, soma), wanted, rtol=2e-3)
    if count >= 3:
        for region in ("axon", "dendrite", "apical"):
            np.testing.assert_allclose(surface(small, region), surface(whole, region), rtol=1e-10)


def test_the_soma_stays_and_cylinders_leave_it_where_trees_did():
    whole = build(
        Branch(
            30.0,
            10.0,
            None,
            (Branch(200.0, 1.0), Branch(100.0, 0.5, at=0.0, region="axon")),
            "soma",
            "soma",
        )
    )
    small = reduce(whole, 2, **PASSIVE)
    assert small.root is whole.root
    assert [(one.region, one.parent, one.at) for one in small.sections[1:]] == [
        ("dendrite", "soma", 1.0),
        ("axon", "soma", 0.0),
    ]
    # Cylinders stay what they are.
    np.testing.assert_allclose([one.length for one in small.sections], [30.0, 200.0, 100.0])


def test_bad_arguments_are_refused():
    shape = ball_and_stick(10.0, 100.0, 1.0)
    for count in (0, 1.5, -2):
        with pytest.raises(ValueError, match="make it a whole number above 0"):
            reduce(shape, count)
    with pytest.raises(ValueError, match="make both above 0"):
        reduce(shape, 1, membrane_resistance=0.0)
    with pytest.raises(ValueError, match="there is nothing to reduce"):
        reduce(cylinder(100.0, 1.0), 1)
    with pytest.raises(ValueError, match="give one on the root, 'soma'"):
        input_conductance(shape, Location("dendrite", 0.5))
