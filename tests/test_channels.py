"""Channels one declares, and cells made of published ones."""

import functools
import json
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro._storage import model_from_data, model_to_data
from diffneuro.analysis import recorded_spike_times
from diffneuro.channels import (
    BoltzmannGate,
    GatedChannel,
    HHGate,
    from_steady_state,
    linoid,
)

pytestmark = pytest.mark.usefixtures("strict")


# Rates


def _trap(x, y):
    """x/(exp(x/y) - 1), as papers write it."""
    return x / (np.exp(x / y) - 1.0)


def _two(opening, closing):
    return opening / (opening + closing), 1.0 / (opening + closing)


def _published(v):
    """(steady state, time constant) of each gate as the papers write them, by channel."""
    u, exp = v + 55.0, np.exp
    tau_u = (30.8 + (211.4 + exp((v + 115.2) / 5)) / (1 + exp((v + 86) / 3.2))) / 3**1.2
    a = (0.0761 * exp(0.0314 * (v + 94.22)) / (1 + exp(0.0346 * (v + 1.17)))) ** (1 / 3)
    return {
        "TraubMilesSodium": {
            "m": _two(0.32 * _trap(13 - u, 4), 0.28 * _trap(u - 40, 5)),
            "h": _two(0.128 * exp((17 - u) / 18), 4 / (1 + exp((40 - u) / 5))),
        },
        "TraubMilesPotassium": {"n": _two(0.032 * _trap(15 - u, 5), 0.5 * exp((10 - u) / 40))},
        "PospischilMTypePotassium": {
            "p": (
                1 / (1 + exp(-(v + 35) / 10)),
                1000.0 / (3.3 * exp((v + 35) / 20) + exp(-(v + 35) / 20)),
            )
        },
        "PospischilLTypeCalcium": {
            "q": _two(0.055 * _trap(-27 - v, 3.8), 0.94 * exp((-75 - v) / 17)),
            "r": _two(0.000457 * exp((-13 - v) / 50), 0.0065 / (exp((-15 - v) / 28) + 1)),
        },
        "PospischilTTypeCalcium": {"u": (1 / (1 + exp((v + 83) / 4)), tau_u)},
        "ConnorStevensSodium": {
            "m": _two(0.38 * _trap(-(v + 29.7), 10), 15.2 * exp(-0.0556 * (v + 54.7))),
            "h": _two(0.266 * exp(-0.05 * (v + 48)), 3.8 / (1 + exp(-0.1 * (v + 18)))),
        },
        "ConnorStevensPotassium": {
            "n": _two(0.02 * _trap(-(v + 45.7), 10), 0.25 * exp(-0.0125 * (v + 55.7)))
        },
        "ConnorStevensATypePotassium": {
            "a": (a, 0.3632 + 1.158 / (1 + exp(0.0497 * (v + 55.96)))),
            "b": (
                1 / (1 + exp(0.0688 * (v + 53.3))) ** 4,
                1.24 + 2.678 / (1 + exp(0.0624 * (v + 50))),
            ),
        },
        "WangBuzsakiSodium": {
            "h": _two(0.35 * exp(-(v + 58) / 20), 5 / (1 + exp(-0.1 * (v + 28))))
        },
        "WangBuzsakiPotassium": {
            "n": _two(0.05 * _trap(-(v + 34), 10), 0.625 * exp(-(v + 44) / 80))
        },
    }


# mV; none of them is one where a rate as the papers write it is 0/0.
VOLTAGES = np.array([-91.3, -66.1, -43.7, -20.2, 31.9])


@pytest.mark.parametrize("name", _published(VOLTAGES))
def test_gates_are_those_of_the_paper(name, x64):
    found = getattr(dn.channels, name)().gates(dn.Membrane(jnp.asarray(VOLTAGES)))
    wanted = _published(VOLTAGES)[name]
    assert found.keys() == wanted.keys()
    for gate, (steady_state, time_constant) in wanted.items():
        np.testing.assert_allclose(found[gate].steady_state, steady_state, rtol=1e-12)
        np.testing.assert_allclose(found[gate].time_constant, time_constant, rtol=1e-12)


def test_instantaneous_activation(x64):
    """With all inactivation removed the conductance is that of the activation alone."""
    u, one = dn.Membrane(jnp.asarray(VOLTAGES)), jnp.asarray(1.0)
    t = dn.channels.PospischilTTypeCalcium().open_fraction({"u": one}, u)
    np.testing.assert_allclose(t, (1 + np.exp(-(VOLTAGES + 59) / 6.2)) ** -2, rtol=1e-12)
    m, _ = _two(0.1 * _trap(-(VOLTAGES + 35), 10), 4 * np.exp(-(VOLTAGES + 60) / 18))
    na = dn.channels.WangBuzsakiSodium().open_fraction({"h": one}, u)
    np.testing.assert_allclose(na, m**3, rtol=1e-12)


def test_the_threshold_moves_all_rates(x64):
    near, far = (dn.channels.TraubMilesSodium(threshold=v_t) for v_t in (-55.0, -63.0))
    at = near.gates(dn.Membrane(jnp.asarray(-40.0)))
    moved = far.gates(dn.Membrane(jnp.asarray(-48.0)))
    np.testing.assert_allclose(jax.tree.leaves(at), jax.tree.leaves(moved), rtol=1e-12)


@pytest.mark.parametrize("name", [*_published(VOLTAGES), "GatedChannel"])
def test_a_negative_conductance_is_refused_and_none_carries_nothing(name):
    kind = getattr(dn.channels, name)
    with pytest.raises(ValueError, match=r"g_max=-1\.0 mS/cm2: make it at least 0"):
        kind(g_max=-1.0)
    channel, u = kind(g_max=0.0), dn.Membrane(jnp.asarray(-20.0))
    assert channel.output(channel.initial_state(u), u) == 0.0


# Cells. The times are upward crossings of 0 mV by LSODA (relative tolerance 1e-10) of the papers'
# equations written anew in NumPy, from rest; "on" is when the current comes. The authors' programs
# of the first two cells give 317.023 ... 700.299 ms, and 320.554, 348.522, 387.944, 456.690 and
# 592.105 ms, at a step of 0.01 ms in NEURON (Open Source Brain, PospischilEtAl2008): all within
# 0.04 and 0.1 ms of these. The other two have a calcium pool there, and here E = 120 mV as in the
# paper.

CELLS = {
    "PospischilFastSpiking": {
        "current": 500.0,
        "on": 300.0,
        "lasts": 400.0,
        "span": 415.0,
        "rest": -69.999994,
        "times": [*(317.0210 + 20.17043 * np.arange(19)), 700.2682],
        "within": 0.012,
    },
    "PospischilRegularSpiking": {
        "current": 750.0,
        "on": 300.0,
        "lasts": 400.0,
        "span": 350.0,
        "rest": -70.571233,
        "times": [320.5394, 348.4926, 387.8954, 456.6260, 592.1038],
        "within": 0.03,
    },
    "PospischilIntrinsicallyBursting": {
        "current": 150.0,
        "on": 500.0,
        "lasts": 2000.0,
        "span": 720.0,
        "rest": -85.287107,
        "times": [
            *(617.7281, 624.5908, 631.0132, 637.6427, 644.6944),
            *(652.3571, 660.9457, 671.2563, 690.1516, 1168.0237),
        ],
        "within": 0.045,
    },
    "PospischilLowThresholdSpiking": {
        "current": 150.0,
        "on": 400.0,
        "lasts": 400.0,
        "span": 350.0,
        "rest": -83.950804,
        "times": [430.9938, 442.5704, 490.4742, 699.4950],
        "within": 0.025,
    },
}
ONSET = 5.0


def _fired(cell, current, lasts, span):
    """Where a cell rests, and when it fires once a current has come."""
    step = dn.stimuli.Step(current, ONSET, ONSET + lasts)
    run = dn.simulate(cell, step, t1=span, dt=0.00625)
    return float(run.y[0]), recorded_spike_times(run.t, run.y, threshold=0.0) - ONSET


@functools.cache
def _spikes(name):
    case = CELLS[name]
    with jax.enable_x64(True):
        cell = getattr(dn.neurons, name)()
        rest, times = _fired(cell, case["current"], case["lasts"], case["span"])
    return rest, case["on"] + times


@pytest.mark.parametrize("name", CELLS)
def test_spikes_of_a_cortical_cell(name):
    case, (rest, times) = CELLS[name], _spikes(name)
    assert rest == pytest.approx(case["rest"], abs=2e-6)
    assert len(times) == len(case["times"])
    np.testing.assert_allclose(times, case["times"], atol=case["within"])


def test_a_regular_cell_adapts_and_a_fast_one_does_not():
    regular = np.diff(_spikes("PospischilRegularSpiking")[1])
    fast = np.diff(_spikes("PospischilFastSpiking")[1])
    assert (np.diff(regular) > 5.0).all()
    assert regular[-1] > 4.0 * regular[0]
    np.testing.assert_allclose(fast, fast[0], rtol=1e-3)


def test_a_bursting_cell_bursts_once():
    gaps = np.diff(_spikes("PospischilIntrinsicallyBursting")[1])
    assert (gaps[:8] < 20.0).all()
    assert (gaps[8:] > 300.0).all()


def test_a_cell_without_calcium_channels_of_the_low_threshold_does_not_rebound(x64):
    """After 400 ms at -75 pA, from rest at -62 mV."""
    cell = dn.replace(
        dn.neurons.PospischilLowThresholdSpiking(), {"channels.leak.reversal_potential": -60.0}
    )

    @jax.jit
    def voltage(g_max):
        rebounding = dn.replace(cell, {"channels.ca_t.g_max": g_max})
        step = dn.stimuli.Step(-75.0, ONSET, ONSET + 400.0)
        return dn.simulate(rebounding, step, t1=500.0, dt=0.0125).y

    with_it, without = voltage(0.4), voltage(0.0)
    time = 0.0125 * np.arange(len(with_it)) - ONSET
    assert float(with_it[0]) == pytest.approx(-61.830324, abs=2e-6)
    # By LSODA, as above.
    np.testing.assert_allclose(recorded_spike_times(time, with_it, 0.0), [463.1775], atol=0.01)
    assert not recorded_spike_times(time, without, -40.0).size


def _rates(cell, currents):
    """Hz of the last interval at each current (pA), 0 of a cell that falls silent."""

    def voltage(current):
        return dn.simulate(cell, dn.stimuli.Step(current, ONSET), t1=705.0, dt=0.025).y

    runs = np.asarray(jax.jit(jax.vmap(voltage))(jnp.array(currents)), float)
    time = 0.025 * np.arange(runs.shape[1])
    trains = [recorded_spike_times(time, run, 0.0) for run in runs]
    return [1e3 / (train[-1] - train[-2]) if len(train) > 1 else 0.0 for train in trains]


# Hz, by LSODA as above. Each cell is silent at the first current and fires slowly at the second.
F_I = {
    "ConnorStevens": {800.0: 0.0, 820.0: 3.4584, 900.0: 18.547, 1000.0: 34.046, 2000.0: 132.300},
    "WangBuzsaki": {16.0: 0.0, 17.0: 4.0292, 20.0: 8.6206, 100.0: 59.701, 500.0: 189.625},
}


@pytest.mark.parametrize(
    ("name", "rest"), [("ConnorStevens", -67.97812), ("WangBuzsaki", -64.01756)]
)
def test_a_cell_of_type_one_fires_slowly_above_its_rheobase(name, rest):
    cell, curve = getattr(dn.neurons, name)(), F_I[name]
    assert float(cell.initial_state(jnp.asarray(0.0)).voltage) == pytest.approx(rest, abs=2e-4)
    found = _rates(cell, list(curve))
    np.testing.assert_allclose(found, list(curve.values()), rtol=3e-3)


# A channel of one's own


def _squid():
    """The squid's sodium channel as one writes it in a notebook."""
    return GatedChannel(
        {
            "m": HHGate(lambda v: (linoid((v + 40) / 10), 4 * jnp.exp(-(v + 65) / 18)), power=3),
            "h": HHGate(
                lambda v: (0.07 * jnp.exp(-(v + 65) / 20), 1 / (1 + jnp.exp(-(v + 35) / 10)))
            ),
        },
        120.0,
        50.0,
        ion="na",
    )


def test_a_declared_channel_is_the_one_of_the_library(x64):
    stimulus = np.array([-90.0, -40.0, 0.0, 30.0, -20.0]).repeat(10)

    @jax.jit
    def current(channel):
        return dn.simulate(channel, stimulus, t1=5.0, dt=0.1).y

    wanted = current(dn.channels.SquidSodium())
    assert np.ptp(wanted) > 10.0
    np.testing.assert_allclose(current(_squid()), wanted, rtol=1e-12, atol=1e-12)


def test_the_ion_of_a_declared_channel_is_told():
    u = dn.Membrane(jnp.asarray(-20.0), {"na": dn.Ion(*map(jnp.asarray, (10.0, 100.0, 60.0)))})
    channel = _squid()
    nobodys = GatedChannel(channel.kinetics, 120.0, 50.0)
    x = channel.initial_state(u)
    assert channel.carried() == {"na": 1.0}
    assert nobodys.carried() == {}
    np.testing.assert_allclose(channel.output(x, u) / nobodys.output(x, u), 80.0 / 70.0, rtol=1e-6)


def test_rates_or_steady_state_and_time_constant(x64):
    """Two ways to say the same, one of them with a constant."""
    by_rates = HHGate(lambda v: (0.1, 0.1 * jnp.exp(-v / 20)))
    by_curves = HHGate(
        lambda v: from_steady_state(1 / (1 + jnp.exp(-v / 20)), 10 / (1 + jnp.exp(-v / 20)))
    )
    v = jnp.asarray(VOLTAGES)
    np.testing.assert_allclose(by_rates.rates(v), by_curves.rates(v), rtol=1e-12)
    assert by_rates.rates(v).opening.shape == v.shape


class Eyring(eqx.Module):
    """A law with parameters, as a user writes one."""

    fastest: Any = dn.parameter(0.3, "1/ms", above=0.0)
    half: Any = dn.parameter(-35.0, "mV")

    def __call__(self, v):
        s = (v - self.half) / 25.0
        return self.fastest * jnp.exp(s), self.fastest * jnp.exp(-s)


def _with_parameters():
    gates = {"n": HHGate(Eyring(), power=4), "b": BoltzmannGate(-45.0, -6.0, power=2)}
    return GatedChannel(gates, 20.0, -80.0, ion="k")


def test_gates_have_parameters_with_units_and_exact_derivatives(x64):
    channel = _with_parameters()
    known = dn.parameters(channel)
    assert known["kinetics.n.law.half"][1] == known["kinetics.b.slope"][1] == "mV"
    paths = [path for path in known if path.startswith("kinetics.")]
    assert len(paths) == 2 + 5
    start = np.array([float(known[path][0]) for path in paths])
    stimulus = -40.0 + 40.0 * np.sin(np.arange(60))

    @jax.jit
    def observed(values):
        changed = dn.replace(channel, dict(zip(paths, values, strict=True)))
        return jnp.mean(dn.simulate(changed, stimulus, t1=6.0, dt=0.1).y)

    step = 1e-5 * np.abs(start)
    moved = start + np.array([-1.0, 1.0])[:, None, None] * np.diag(step)
    below, above = jax.jit(jax.vmap(jax.vmap(observed)))(moved)
    wanted = (above - below) / (2 * step)
    assert (np.abs(wanted) > 1e-5).all()
    np.testing.assert_allclose(jax.grad(observed)(start), wanted, rtol=1e-6)


def test_another_value_or_instance_is_not_traced_anew():
    def law(v):
        return 0.1 * jnp.exp(v / 30), 0.1 * jnp.exp(-v / 30)

    traces = []

    @jax.jit
    def current(channel):
        traces.append(channel)
        return channel.output(channel.initial_state(u), u)

    u = dn.Membrane(jnp.asarray(-30.0))
    first = current(GatedChannel({"n": HHGate(law)}, 1.0))
    second = current(GatedChannel({"n": HHGate(law)}, 2.0))
    assert len(traces) == 1
    np.testing.assert_allclose(second, 2 * first, rtol=1e-6)
    current(GatedChannel({"n": HHGate(lambda v: law(v + 10.0))}, 1.0))
    assert len(traces) == 2


def test_a_batch_of_declared_channels():
    channel, scale = _squid(), jnp.array([1.0, 2.0, 3.0])
    u = dn.Membrane(jnp.asarray(-50.0))

    def current(channel):
        return channel.output(channel.initial_state(u), u)

    batch = jax.vmap(lambda g: dn.replace(channel, {"g_max": g}))(scale)
    np.testing.assert_allclose(
        jax.vmap(current)(batch), scale * current(channel) / 120.0, rtol=1e-6
    )
    slopes = jax.vmap(eqx.filter_grad(current))(batch)
    np.testing.assert_allclose(slopes.g_max, current(channel) / 120.0, rtol=1e-6)


def test_a_boltzmann_gate_without_shortest_time_passes_one_barrier(x64):
    gate = BoltzmannGate(-40.0, 7.0, 3.0, shortest=0.0, asymmetry=0.3)
    s = (VOLTAGES + 40.0) / 7.0
    found = gate.rates(jnp.asarray(VOLTAGES))
    np.testing.assert_allclose(found.opening, np.exp(0.3 * s) / 6.0, rtol=1e-12)
    np.testing.assert_allclose(found.closing, np.exp(-0.7 * s) / 6.0, rtol=1e-12)


def test_a_boltzmann_gate_at_its_half_voltage(x64):
    middle = BoltzmannGate(-40.0, -7.0, 3.0, shortest=0.25).rates(jnp.asarray(-40.0))
    assert float(middle.steady_state) == pytest.approx(0.5, rel=1e-12)
    assert float(middle.time_constant) == pytest.approx(3.25, rel=1e-12)
    closing = BoltzmannGate(-40.0, -7.0).rates(jnp.asarray([-90.0, 0.0])).steady_state
    assert closing[0] > 0.99
    assert closing[1] < 0.01


def test_the_steepest_boltzmann_gate_has_finite_rates_and_slopes():
    gate = BoltzmannGate(slope=0.5)
    v = jnp.linspace(-150.0, 100.0, 251)

    def opening(v, gate):
        return gate.rates(v).opening

    slopes = jax.vmap(jax.grad(opening, argnums=(0, 1)), in_axes=(0, None))(v, gate)
    for leaf in jax.tree.leaves((gate.rates(v), slopes)):
        assert np.isfinite(leaf).all()


# What is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GatedChannel({}), "kinetics={} of a GatedChannel must be a non-empty dictionary"),
        (lambda: GatedChannel([BoltzmannGate()]), "must be a non-empty dictionary"),
        (lambda: GatedChannel({"m": lambda v: (v, v)}), "gate 'm' .* is a function: write HHGate"),
        (lambda: GatedChannel(ion=2), "ion=2 of a GatedChannel must be an ion's name"),
        (lambda: BoltzmannGate(power=-1), "BoltzmannGate has power=-1: give the number"),
        (lambda: BoltzmannGate(power=0), "power=0: give the number"),
        (lambda: HHGate(lambda v: (v, v), power=2.5), "HHGate has power=2.5: give the number"),
        (lambda: HHGate(lambda v: (v, v), power=True), "power=True: give the number"),
        (lambda: BoltzmannGate(slope=0.0), "slope=0 mV: make it positive for a gate that opens"),
        (lambda: BoltzmannGate(time_constant=0.0), "time_constant=0.0 ms: make it above 0"),
        (lambda: HHGate(3.0), "law of an HHGate must be a function of the voltage"),
        (lambda: HHGate(BoltzmannGate()), "law of an HHGate must be a function of the voltage"),
        (lambda: HHGate(lambda v: v), "let it give two rates"),
        (lambda: HHGate(lambda v: (v, v, v)), "let it give two rates"),
        (lambda: HHGate(lambda v: (v, jnp.ones(3))), r"a rate of shape \(3,\)"),
        (lambda: HHGate(lambda v: (math.exp(v), v)), "cannot be traced: write it with jax.numpy"),
        (lambda: HHGate(lambda v: (v, v) if v > 0 else (1, 1)), "jnp.where for if"),
    ],
)
def test_bad_gates_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_impossible_values_are_refused_where_they_are_replaced():
    with pytest.raises(ValueError, match="slope=0 mV"):
        dn.replace(_with_parameters(), {"kinetics.b.slope": 0.0})
    with pytest.raises(ValueError, match=r"no parameter 'kinetics\.b\.slop'; the nearest"):
        dn.replace(_with_parameters(), {"kinetics.b.slop": 1.0})


# What is saved


def test_a_channel_of_boltzmann_gates_is_saved_whole():
    gates = {"n": BoltzmannGate(-30.0, 9.0, power=4), "b": BoltzmannGate(-45.0, -6.0)}
    channel = GatedChannel(gates, 20.0, -80.0, ion="k")
    read = model_from_data(json.loads(json.dumps(model_to_data(channel))))
    assert bool(eqx.tree_equal(read, channel))


def test_a_law_of_the_users_own_is_saved_but_not_made_anew():
    data = model_to_data(_with_parameters())
    assert data["fields"]["kinetics"]["n"]["fields"]["law"]["class"] == "Eyring"
    with pytest.raises(
        ValueError, match=r"saved model is a Eyring, .* pass one of the same struct"
    ):
        model_from_data(data)
