"""Phase planes, fixed points and where they change: closed forms, published currents."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import diffneuro as dn
from diffneuro.analysis import (
    bifurcations,
    fixed_point_branch,
    in_plane,
    phase_plane,
    stability,
)
from diffneuro.analysis._contours import zero_contours
from diffneuro.neurons import (
    LIF,
    MORRIS_LECAR_PATTERNS,
    AdEx,
    FitzHughNagumo,
    HindmarshRose,
    HodgkinHuxley,
    Izhikevich2003,
    MorrisLecar,
)


def exact(make):
    """A model whose parameters are their decimal numbers to double precision."""
    with jax.enable_x64(True):
        return make()


def morris_lecar(pattern="class I"):
    return MorrisLecar(**MORRIS_LECAR_PATTERNS[pattern].parameters)


@functools.cache
def fitzhugh_nagumo():
    """With a recovery nullcline so flat that it meets the other one three times."""
    model = exact(lambda: FitzHughNagumo(recovery_offset=0.0, recovery_decay=2.0))
    return phase_plane(model, 0.1, voltage=(-2.5, 2.5), recovery=(-1.5, 1.5), points=81)


@functools.cache
def adex():
    window = {"voltage": (-80.0, -38.0), "recovery": (-100.0, 300.0)}
    return phase_plane(exact(AdEx), 500.0, **window, points=81)


@functools.cache
def class_one():
    window = {"voltage": (-75.0, 60.0), "recovery": (-0.05, 0.6)}
    return phase_plane(exact(morris_lecar), 3000.0, **window, points=81)


# Nullclines


def test_lines_of_zero_lie_on_the_curve_and_are_whole():
    """A circle is one closed line, whatever the grid, and each corner lies on it."""
    grid = np.linspace(-1.3, 1.2, 24)
    (line,) = zero_contours(lambda x, y: x**2 + y**2 - 1.0, grid, grid)
    np.testing.assert_array_equal(line[0], line[-1])
    np.testing.assert_allclose(np.hypot(*line.T), 1.0, rtol=1e-13)
    turned = np.unwrap(np.arctan2(line[:, 1], line[:, 0]))
    assert abs(turned[-1] - turned[0]) == pytest.approx(2 * np.pi)
    assert np.abs(np.diff(turned)).max() < 0.2


def test_lines_of_zero_that_leave_the_window_are_open():
    grid = np.linspace(-1.0, 1.0, 21)
    lines = zero_contours(lambda x, y: x * x - 0.3, grid, grid)
    assert len(lines) == 2
    for line in lines:
        assert {line[0, 1], line[-1, 1]} == {-1.0, 1.0}
    assert not zero_contours(lambda x, y: x * x + y * y + 1.0, grid, grid)


def test_lines_of_zero_stop_where_the_function_does():
    grid = np.linspace(-1.0, 1.0, 21)
    (line,) = zero_contours(lambda x, y: np.where(x > 0.52, np.nan, y - x), grid, grid)
    assert line[:, 0].max() == pytest.approx(0.5)
    np.testing.assert_allclose(line[:, 1], line[:, 0], atol=1e-13)


def test_crossing_lines_of_zero_meet_in_one_cell_and_stay_two():
    grid = np.linspace(-1.0, 1.0, 20)
    lines = zero_contours(lambda x, y: x * y - 1e-4, grid, grid)
    assert len(lines) == 2
    for line in lines:
        assert len(np.unique(np.sign(line[:, 0]))) == 1


def test_nullclines_of_fitzhugh_nagumo_are_its_cubic_and_its_line():
    plane = fitzhugh_nagumo()
    (cubic,), (straight,) = plane.voltage_nullcline, plane.recovery_nullcline
    v, w = cubic.T
    np.testing.assert_allclose(w, v - v**3 / 3 + 0.1, atol=1e-12)
    v, w = straight.T
    np.testing.assert_allclose(2.0 * w, v, atol=1e-12)
    assert np.ptp(w) > 2.4


def test_nullclines_of_the_adaptive_neuron_are_in_voltage_and_current():
    """Its state carries a distance, the plane shows millivolts, up to the peak and no further."""
    plane = adex()
    for line in plane.voltage_nullcline:
        v, w = line.T
        wanted = -30 * (v + 70.6) + 60 * np.exp((v + 50.4) / 2) + 500
        np.testing.assert_allclose(w, wanted, atol=1e-9)
    (line,) = plane.recovery_nullcline
    np.testing.assert_allclose(line[:, 1], 4.0 * (line[:, 0] + 70.6), atol=1e-9)
    assert -40.95 < line[:, 0].max() < -40.4
    assert plane.names == ("voltage", "adaptation")
    assert plane.units[0] == "mV"


def test_flow_is_the_vector_field_in_voltage():
    plane = adex()
    v, w = np.meshgrid(plane.voltage, plane.recovery)
    upstroke = 60 * np.exp((v + 50.4) / 2)
    dv = (-30 * (v + 70.6) + upstroke - w + 500) / 281
    dw = (4 * (v + 70.6) - w) / 144
    inside = v < -40.4
    np.testing.assert_allclose(plane.flow[inside][:, 0], dv[inside], atol=1e-9)
    np.testing.assert_allclose(plane.flow[inside][:, 1], dw[inside], atol=1e-9)
    assert np.isnan(plane.flow[v > -40.4]).all()


# Fixed points


def test_all_fixed_points_are_found_and_polished():
    plane = fitzhugh_nagumo()
    wanted = np.sort(np.roots([-1 / 3, 0.0, 1 - 1 / 2.0, 0.1]).real)
    assert len(wanted) == 3
    found = [(point.voltage, point.recovery) for point in plane.fixed_points]
    np.testing.assert_allclose(found, np.column_stack([wanted, wanted / 2.0]), atol=1e-12)
    assert [point.stability for point in plane.fixed_points][1] == "saddle"


def test_jacobian_is_that_of_the_equations():
    for point in fitzhugh_nagumo().fixed_points:
        wanted = [[1 - point.voltage**2, -1.0], [0.08, -0.16]]
        np.testing.assert_allclose(point.jacobian, wanted, atol=1e-12)
        assert point.trace == pytest.approx(sum(point.eigenvalues).real)
        assert point.determinant == pytest.approx(np.prod(point.eigenvalues).real)
        assert point.trace == pytest.approx(1 - point.voltage**2 - 0.16, abs=1e-12)


def test_jacobian_of_the_adaptive_neuron_is_in_voltage_and_current():
    plane = adex()
    assert [point.stability for point in plane.fixed_points] == ["stable node", "saddle"]
    for point in plane.fixed_points:
        slope = np.exp((point.voltage + 50.4) / 2) - 1
        wanted = [[30 * slope / 281, -1 / 281], [4 / 144, -1 / 144]]
        np.testing.assert_allclose(point.jacobian, wanted, rtol=1e-9)


@pytest.mark.parametrize("plane", [class_one, adex])
def test_jacobian_equals_differences(plane):
    model = exact(morris_lecar if plane is class_one else AdEx)
    plane = plane()
    for point in plane.fixed_points:
        around = []
        for which, step in enumerate((1e-3, 1e-5 * np.ptp(plane.recovery))):
            rates = []
            for side in (-1, 1):
                where = np.array([point.voltage, point.recovery])
                where[which] += side * step
                rates.append(_rates(model, where, plane.current))
            around.append((rates[1] - rates[0]) / (2 * step))
        np.testing.assert_allclose(point.jacobian, np.transpose(around), rtol=2e-5, atol=1e-8)


def _rates(model, where, current):
    """dv/dt and dw/dt, in double precision, from states made by hand."""
    with jax.enable_x64(True):
        if isinstance(model, AdEx):
            x = model.state(*where)
        else:
            x = dn.neurons.MorrisLecarState(*map(jnp.asarray, where))
        rate = model.vector_field(x, jnp.asarray(current))
        dv = jax.jvp(lambda x: model.output(x, jnp.asarray(current)), (x,), (rate,))[1]
        return np.array([dv, rate[1]])


def test_a_run_can_start_at_a_fixed_point():
    stable, saddle, source = class_one().fixed_points
    assert (stable.stability, saddle.stability) == ("stable node", "saddle")
    assert source.stability == "unstable focus"
    run = dn.simulate(morris_lecar(), 3000.0, t1=100.0, state=stable.state)
    np.testing.assert_allclose(run.y, stable.voltage, atol=1e-3)


def test_separatrices_part_those_that_fire_from_those_that_do_not():
    plane, model = class_one(), morris_lecar()
    saddle = plane.fixed_points[1]
    assert len(plane.separatrices) == 2
    below = min(plane.separatrices, key=lambda line: line[-1, 1])
    np.testing.assert_allclose(below[0], [saddle.voltage, saddle.recovery])
    v, w = below[np.argmin(np.abs(below[:, 1] - 0.005))]

    def peak(voltage):
        start = dn.neurons.MorrisLecarState(voltage, w)
        return float(dn.simulate(model, 3000.0, t1=60.0, dt=0.05, state=start).y.max())

    assert peak(v - 0.2) < saddle.voltage
    assert peak(v + 0.2) > 10.0


def test_separatrices_run_against_the_flow():
    plane, model = class_one(), exact(morris_lecar)
    for line in plane.separatrices:
        steps, middle = np.diff(line[1:], axis=0), 0.5 * (line[1:-1] + line[2:])
        scale = np.array([np.ptp(plane.voltage), np.ptp(plane.recovery)])
        for k in (20, 50):
            flow = _rates(model, middle[k], 3000.0) / scale
            along = steps[k] / scale
            cosine = flow @ along / np.linalg.norm(flow) / np.linalg.norm(along)
            assert cosine == pytest.approx(-1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("jacobian", "words"),
    [
        ([[-1.0, 0.0], [0.0, -2.0]], "stable node"),
        ([[-1.0, 3.0], [-3.0, -1.0]], "stable focus"),
        ([[1.0, 0.0], [0.0, 2.0]], "unstable node"),
        ([[1.0, 3.0], [-3.0, 1.0]], "unstable focus"),
        ([[1.0, 0.0], [0.0, -2.0]], "saddle"),
        ([[0.0, 3.0], [-3.0, 0.0]], "centre"),
        ([[1.0, 2.0], [2.0, 4.0]], "degenerate"),
        ([[1.0, 3.0, 0.0], [-3.0, 1.0, 0.0], [0.0, 0.0, -1.0]], "saddle-focus"),
        ([[-1.0, 3.0, 0.0], [-3.0, -1.0, 0.0], [0.0, 0.0, -0.1]], "stable node"),
        ([[-2.0]], "stable node"),
    ],
)
def test_stability_in_words(jacobian, words):
    assert stability(np.array(jacobian)) == words


# Bifurcations


def test_hopf_bifurcations_of_fitzhugh_nagumo():
    """They are where the trace is zero: 1 - V^2 = phi b."""
    v = np.sqrt(1 - 0.08 * 0.8)
    frequency = np.sqrt(0.08 - 0.064**2)
    currents = [(side * v + 0.7) / 0.8 - side * (v - v**3 / 3) for side in (-1, 1)]
    np.testing.assert_allclose([v, frequency, *currents], [0.967471, 0.275507, 0.331281, 1.418719],
                               atol=5e-7)  # fmt: skip
    found = bifurcations(exact(FitzHughNagumo), currents=(0.0, 2.0))
    assert [change.kind for change in found] == ["Hopf", "Hopf"]
    np.testing.assert_allclose([change.current for change in found], currents, atol=1e-10)
    np.testing.assert_allclose([change.voltage for change in found], [-v, v], atol=1e-10)
    np.testing.assert_allclose([change.angular_frequency for change in found], frequency, rtol=1e-9)


def test_hopf_bifurcations_of_the_squid_axon():
    first, second = bifurcations(HodgkinHuxley(), currents=(0.0, 2e4))
    assert (first.kind, second.kind) == ("Hopf", "Hopf")
    # 9.7754 and 154.522 uA/cm2 over 10,000 um2.
    assert first.current == pytest.approx(977.54, abs=0.01)
    assert second.current == pytest.approx(15452.2, abs=0.1)


def test_bifurcations_of_the_adaptive_neuron():
    hopf, fold = bifurcations(exact(AdEx), currents=(0.0, 1000.0))
    assert (hopf.kind, fold.kind) == ("Hopf", "saddle-node")
    assert fold.current == pytest.approx(627.311, abs=5e-4)
    assert hopf.current == pytest.approx(627.182, abs=5e-4)
    # In closed form, from the trace and the determinant of the Jacobian.
    np.testing.assert_allclose(fold.voltage, -50.4 + 2 * np.log(1 + 4 / 30), rtol=1e-12)
    np.testing.assert_allclose(hopf.voltage, -50.4 + 2 * np.log(1 + 281 / 30 / 144), rtol=1e-12)
    assert fold.angular_frequency == 0.0


def test_bifurcations_of_izhikevichs_neuron():
    """Its state carries an arctangent; in voltage they are roots of a line and a parabola."""
    hopf, fold = bifurcations(exact(Izhikevich2003), currents=(-20.0, 50.0))
    assert (hopf.kind, fold.kind) == ("Hopf", "saddle-node")
    np.testing.assert_allclose([hopf.voltage, fold.voltage], [-62.25, -60.0], rtol=1e-9)
    np.testing.assert_allclose([hopf.current, fold.current], [3.7975, 4.0], rtol=1e-9)
    assert hopf.angular_frequency == pytest.approx(0.06, rel=1e-6)


def test_fold_of_the_exponential_neuron():
    model = exact(lambda: AdEx(adaptation_conductance=0.0, spike_adaptation=0.0))
    (fold,) = bifurcations(model, currents=(0.0, 1000.0))
    assert fold.kind == "saddle-node"
    assert fold.current == pytest.approx(30 * (70.6 - 50.4 - 2.0), rel=1e-12)


def _morris_lecar(v, g_ca, v3, v4, phi):
    """Steady current (pA) at a voltage with its slope, and the Jacobian's trace, by hand."""
    m, w = 0.5 * (1 + np.tanh((v + 1.2) / 18)), 0.5 * (1 + np.tanh((v - v3) / v4))
    dm, dw = 0.5 / 18 / np.cosh((v + 1.2) / 18) ** 2, 0.5 / v4 / np.cosh((v - v3) / v4) ** 2
    current = g_ca * m * (v - 120) + 8 * w * (v + 84) + 2 * (v + 60)
    fast = g_ca * (m + dm * (v - 120)) + 8 * w + 2
    trace = -fast / 20 - phi * np.cosh((v - v3) / 2 / v4)
    return 100 * current, fast + 8 * dw * (v + 84), trace


@pytest.mark.parametrize(
    ("pattern", "constants", "kinds"),
    [
        ("class II", (4.4, 2.0, 30.0, 0.04), ["Hopf", "Hopf"]),
        ("class I", (4.0, 12.0, 17.4, 1 / 15), ["saddle-node"] * 2 + ["Hopf"]),
        ("homoclinic", (4.0, 12.0, 17.4, 0.23), ["saddle-node", "Hopf", "saddle-node"]),
    ],
)
def test_bifurcations_of_morris_lecar(pattern, constants, kinds):
    """Through both folds; against roots of a slope and a trace that were derived by hand."""
    found = bifurcations(exact(lambda: morris_lecar(pattern)), currents=(-2000.0, 24000.0))
    assert [change.kind for change in found] == kinds
    for change in found:
        which = 1 if change.kind == "saddle-node" else 2

        def zero(v, which=which):
            return _morris_lecar(v, *constants)[which]

        v = brentq(zero, change.voltage - 0.5, change.voltage + 0.5, xtol=1e-13)
        assert change.voltage == pytest.approx(v, abs=1e-8)
        assert change.current == pytest.approx(_morris_lecar(v, *constants)[0], rel=1e-10)


def test_the_branch_goes_through_its_folds():
    """Between the folds there are three fixed points, those of the phase plane."""
    model = exact(morris_lecar)
    branch = fixed_point_branch(model, currents=(-2000.0, 12000.0))
    current, _, _ = _morris_lecar(branch.voltage, 4.0, 12.0, 17.4, 1 / 15)
    np.testing.assert_allclose(branch.current, current, atol=1e-7)
    assert (np.diff(branch.voltage) > 0).all()
    crossings = np.flatnonzero(np.diff(np.sign(branch.current - 3000.0)))
    for point, k in zip(class_one().fixed_points, crossings, strict=True):
        assert branch.voltage[k] <= point.voltage <= branch.voltage[k + 1]
        assert point.stability in branch.stability[k : k + 2]
    assert branch.stable[0]
    assert not branch.stable[crossings[1]]
    assert len(branch.stable) == len(branch.current)


def test_hopf_bifurcations_in_three_dimensions():
    """At each the Jacobian, written by hand, has a pair of eigenvalues without real part."""
    found = bifurcations(exact(HindmarshRose), currents=(0.0, 8.0))
    assert len(found) == 3
    for change in found:
        x = change.voltage
        jacobian = [[-3 * x**2 + 6 * x, 1, -1], [-10 * x, -1, 0], [0.02, 0, -0.005]]
        eigenvalues = np.linalg.eigvals(jacobian)
        pair = eigenvalues[np.abs(eigenvalues.imag) > 1e-9]
        np.testing.assert_allclose(pair.real, 0.0, atol=1e-10)
        assert change.angular_frequency == pytest.approx(np.abs(pair.imag)[0], rel=1e-9)
        rest = x**3 - 3 * x**2 - (1 - 5 * x**2) + 4 * (x + 1.6)
        assert change.current == pytest.approx(rest, rel=1e-10)


def test_a_leaky_neuron_has_a_stable_rest_and_nothing_else():
    branch = fixed_point_branch(LIF(), currents=(-100.0, 100.0))
    assert not branch.bifurcations
    assert set(branch.stability) == {"stable node"}
    np.testing.assert_allclose(branch.voltage, -70.0 + branch.current / 10.0, rtol=1e-6)


def test_a_coarse_walk_finds_the_same():
    fine = bifurcations(FitzHughNagumo(), currents=(0.0, 2.0), step=0.01)
    coarse = bifurcations(FitzHughNagumo(), currents=(0.0, 2.0))
    np.testing.assert_allclose([c.current for c in fine], [c.current for c in coarse], rtol=1e-9)


# Bad input


WINDOW = {"voltage": (-80.0, 40.0), "recovery": (0.0, 1.0)}


@pytest.mark.parametrize(
    ("model", "window", "text"),
    [
        (HodgkinHuxley(), WINDOW, r"4 variables \(voltage, .*fixed_point_branch"),
        (LIF(), WINDOW, "1 variable "),
        (dn.channels.Leak(), WINDOW, "Leak is not a neuron"),
        (MorrisLecar(), WINDOW | {"voltage": (10.0, -10.0)}, "smaller one first"),
        (MorrisLecar(), WINDOW | {"recovery": (0.0, np.nan)}, "smaller one first"),
        (MorrisLecar(), WINDOW | {"points": 2}, "at least 3"),
    ],
)
def test_bad_phase_planes_are_refused(model, window, text):
    with pytest.raises(ValueError, match=text):
        phase_plane(model, 0.0, **window)


def test_an_analysis_takes_one_model():
    many = dn.replace(MorrisLecar(), {"area": 1e4})
    many = eqx.tree_at(lambda m: m.area, many, jnp.ones(3))
    with pytest.raises(ValueError, match="area has shape"):
        phase_plane(many, 0.0, **WINDOW)


@pytest.mark.parametrize(
    ("model", "settings", "text"),
    [
        (AdEx(), {"currents": (1000.0, 2000.0)}, "no rest at 1000 pA"),
        (AdEx(), {"currents": (100.0, 0.0)}, "smaller one first"),
        (AdEx(), {"currents": (0.0, 100.0), "step": 0.0}, "step=0.0"),
        (dn.channels.Leak(), {"currents": (0.0, 1.0)}, "not a neuron"),
    ],
)
def test_bad_branches_are_refused(model, settings, text):
    with pytest.raises(ValueError, match=text):
        fixed_point_branch(model, **settings)


def test_a_branch_of_too_many_points_is_refused(monkeypatch):
    monkeypatch.setattr("diffneuro.analysis._fixed_point_branch._MOST_POINTS", 20)
    with pytest.raises(ValueError, match="more than 20 points, from -70 to"):
        fixed_point_branch(LIF(), currents=(0.0, 1000.0))


def test_a_plane_is_recorded_for_models_of_two_variables_only():
    with pytest.raises(ValueError, match="4 variables"):
        in_plane(HodgkinHuxley())


def test_what_is_recorded_for_the_plane_is_output_and_second_variable():
    model = AdEx()
    x = model.state(-61.0, 33.0)
    voltage, adaptation = in_plane(model)(x, 0.0)
    assert float(voltage) == pytest.approx(-61.0, rel=1e-5)
    assert float(adaptation) == 33.0


# The figure


def test_figure_of_a_phase_plane():
    plane = class_one()
    model = morris_lecar()
    run = dn.simulate(model, 3000.0, t1=20.0, record=in_plane(model))
    figure = dn.report.plot_phase_plane(plane, run)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "voltage (mV)"
    assert axes.get_ylabel() == "recovery"
    assert axes.get_xlim() == (-75.0, 60.0)
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"voltage nullcline", "stable node", "saddle", "separatrix", "run"} <= set(words)
    drawn = [line.get_xydata() for line in axes.lines]
    assert any(np.array_equal(line, plane.voltage_nullcline[0]) for line in drawn)
    assert any(np.allclose(line[:, 0], run.y[0]) for line in drawn if len(line) == len(run.t))
    assert dn.report.plot_phase_plane(plane, axes=axes, legend=False) is figure


def test_a_reset_breaks_the_run_in_the_figure():
    model = AdEx()
    run = dn.simulate(model, 1000.0, t1=60.0, dt=0.1, record=in_plane(model))
    pieces = int(run.spikes.sum()) + 1
    (axes,) = dn.report.plot_phase_plane(adex(), run).axes
    lengths = [len(line.get_xdata()) for line in axes.lines if line.get_color() == "#2b2b2b"]
    assert sum(1 for length in lengths if length > 3) == pieces
    runs = [line for line in axes.lines if line.get_color() == "#2b2b2b"]
    assert all(np.diff(line.get_xdata()).min(initial=0.0) > -5.0 for line in runs)


def test_a_run_without_two_variables_is_refused():
    run = dn.simulate(MorrisLecar(), 0.0, t1=1.0)
    with pytest.raises(ValueError, match="record="):
        dn.report.plot_phase_plane(class_one(), run)
