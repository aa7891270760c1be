"""The two-compartment pyramidal cell: equations, bursts, coupling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.neurons import OpenConductance, PinskyRinzel, PinskyRinzelState, SynapticInput

pytestmark = pytest.mark.usefixtures("strict", "x64")


def as_published(x, soma, dendrite, coupling=2.1, share=0.5):
    """The rates of change in the paper's voltages, with current densities (uA/cm2)."""
    v, d, h, n, s, c, q, calcium = x
    am, bm = (
        0.32 * (13.1 - v) / np.expm1((13.1 - v) / 4),
        0.28 * (v - 40.1) / np.expm1((v - 40.1) / 5),
    )
    an, bn = 0.016 * (35.1 - v) / np.expm1((35.1 - v) / 5), 0.25 * np.exp(0.5 - 0.025 * v)
    ah, bh = 0.128 * np.exp((17 - v) / 18), 4 / (1 + np.exp((40 - v) / 5))
    as_ = 1.6 / (1 + np.exp(-0.072 * (d - 65)))
    bs = 0.02 * (d - 51.1) / np.expm1((d - 51.1) / 5)
    if d <= 50:
        ac = np.exp((d - 10) / 11 - (d - 6.5) / 27) / 18.975
        bc = 2 * np.exp((6.5 - d) / 27) - ac
    else:
        ac, bc = 2 * np.exp((6.5 - d) / 27), 0.0
    aq, bq = min(2e-5 * calcium, 0.01), 0.001
    inward = 10 * s**2 * (140 - d)
    opened = 0.8 * q + 15 * c * min(calcium / 250, 1)
    dv = -0.1 * v - 30 * (am / (am + bm)) ** 2 * h * (v - 120) - 15 * n * (v + 15)
    dd = -0.1 * d + inward - opened * (d + 15)
    dv += (soma + coupling * (d - v)) / share
    dd += (dendrite + coupling * (v - d)) / (1 - share)
    gates = [(ah, bh, h), (an, bn, n), (as_, bs, s), (ac, bc, c), (aq, bq, q)]
    moving = [opening - (opening + closing) * gate for opening, closing, gate in gates]
    return np.array([dv / 3, dd / 3, *moving, 0.13 * inward - 0.075 * calcium])


def flat(x):
    return np.concatenate([np.asarray(x.voltage), np.array(x[1:])])


def onsets(y, dt, level=-40.0):
    """When a trace rises through a level (ms)."""
    y = np.asarray(y)
    (before,) = np.nonzero((y[:-1] < level) & (y[1:] >= level))
    return dt * (before + (level - y[before]) / (y[before + 1] - y[before]))


def both(x, u):
    return x.voltage


@jax.jit
def rest(model):
    """The state under the paper's -0.5 uA/cm2."""
    return model.initial_state(-50.0)


def run(model, current, t1):
    return np.asarray(dn.simulate(model, current, t1=t1, state=rest(model), record=both).y)


def test_equations_are_the_papers():
    rng = np.random.default_rng(1)
    for calcium in (0.2, 120.0, 400.0, 700.0):
        for share in (0.5, 0.3):
            v = rng.uniform(-75.0, 20.0, 2)
            gates = rng.uniform(0.0, 1.0, 5)
            x = PinskyRinzelState(jnp.array(v), *jnp.array(gates), jnp.array(calcium))
            model = PinskyRinzel(soma_share=share, area=2e4)
            found = model.vector_field(x, {"soma": 150.0, "dendrite": -40.0})
            wanted = as_published([*(v + 60.0), *gates, calcium], 0.75, -0.2, share=share)
            # The two branches of c meet only to the digits of the paper.
            np.testing.assert_allclose(flat(found), wanted, rtol=1e-9, atol=1e-11)


def test_rest_is_the_papers_and_still():
    model = PinskyRinzel()
    x = rest(model)
    np.testing.assert_allclose(x.voltage, [-64.4, -64.3], atol=0.05)
    assert np.abs(flat(model.vector_field(x, -50.0))).max() < 1e-9
    slope = jax.jit(jax.grad(lambda g: rest(PinskyRinzel(coupling=g)).voltage[1]))(2.1)
    up, down = (rest(PinskyRinzel(coupling=g)).voltage[1] for g in (2.101, 2.099))
    np.testing.assert_allclose(slope, (up - down) / 0.002, rtol=1e-6)


def test_weak_current_makes_bursts_of_soma_and_dendrite():
    """The paper's figures 2A and 3.

    Its equations, integrated by LSODA to 1e-8, settle to a burst every 495.1 ms.
    """
    y = run(PinskyRinzel(), 75.0, 2400.0)
    soma, dendrite = onsets(y[:, 0], 0.025), onsets(y[:, 1], 0.025)
    soma, dendrite = soma[soma > 400.0], dendrite[dendrite > 400.0]
    assert len(soma) == 2 * len(dendrite) >= 8
    np.testing.assert_allclose(np.diff(dendrite), 495.1, atol=0.5)
    # A somatic spike, the dendrite's calcium spike by it, and then another one by that.
    first, second = soma[::2], soma[1::2]
    assert (first < dendrite).all()
    assert (dendrite < second).all()
    np.testing.assert_allclose(second - first, 3.4, atol=0.2)


@pytest.mark.parametrize(
    ("current", "coupling", "interval"),
    # The last intervals of the paper's equations by LSODA to 1e-8: figure 2C, 2D and a weak
    # current with tight coupling.
    [(250.0, 2.1, 22.74), (250.0, 10.5, 100.68), (75.0, 10.5, 366.5)],
)
def test_strong_current_or_tight_coupling_make_single_spikes(current, coupling, interval):
    """Of five neighbours most, because at the strong current rounding may choose bursts instead."""
    last, alike = [], []
    for shift in 1e-9 * np.arange(5):
        y = run(PinskyRinzel(coupling=coupling * (1.0 + shift)), current, 2400.0)
        soma, dendrite = onsets(y[:, 0], 0.025), onsets(y[:, 1], 0.025)
        last.append(np.diff(soma)[-2:])
        alike.append((soma > 1600.0).sum() == (dendrite > 1600.0).sum())
    assert sum(alike) >= 3
    np.testing.assert_allclose(np.median(last, axis=0), interval, rtol=0.01)


def test_without_coupling_neither_hears_of_the_other():
    model = PinskyRinzel(coupling=0.0)
    weak, strong = run(model, 75.0, 200.0), run(model, 150.0, 200.0)
    np.testing.assert_array_equal(weak[:, 1], strong[:, 1])
    # By LSODA.
    np.testing.assert_allclose(np.diff(onsets(weak[:, 0], 0.025))[-2:], 31.15, atol=0.05)
    assert np.ptp(weak[:, 1]) < 5.0
    inside, alone = run(model, {"dendrite": 75.0}, 200.0), run(model, 0.0, 200.0)
    np.testing.assert_array_equal(inside[:, 0], alone[:, 0])
    assert inside[:, 1].max() > 0.0


def test_charge_is_kept_by_the_link():
    """What leaves one compartment arrives in the other, whatever their shares."""
    for share in (0.2, 0.7):
        apart, joined = (PinskyRinzel(soma_share=share, coupling=g) for g in (0.0, 5.0))
        x = apart.state(-60.0, -30.0)
        moved = joined.vector_field(x, 0.0).voltage - apart.vector_field(x, 0.0).voltage
        np.testing.assert_allclose(jnp.sum(joined.capacitances() * moved), 0.0, atol=1e-9)
        # 5 mS/cm2 on 1e4 um2 are 500 nS, over which there are 30 mV.
        np.testing.assert_allclose(joined.capacitances()[0] * moved[0], 15e3)


def test_a_synapse_on_the_dendrite_drives_it_to_its_reversal():
    model = PinskyRinzel(coupling=0.0)
    strong = {"dendrite": SynapticInput(0.0, (OpenConductance(1e7, -20.0),))}
    x = model.state(-60.0, -20.0)
    field = model.vector_field(x._replace(voltage=jnp.array([-60.0, -21.0])), strong)
    np.testing.assert_allclose(field.voltage[1], 1e7 / model.capacitances()[1], rtol=1e-3)


def test_bad_input_is_refused():
    model = PinskyRinzel()
    with pytest.raises(ValueError, match="names 'axon': it has a soma and a dendrite"):
        model.vector_field(model.state(-60.0), {"axon": 1.0})
    with pytest.raises(ValueError, match="make it less than 1"):
        PinskyRinzel(soma_share=1.5)
    with pytest.raises(ValueError, match="make it at least 0"):
        PinskyRinzel(coupling=-1.0)
