"""Published channels: their numbers, and what opens them besides the voltage."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro import channels

pytestmark = pytest.mark.usefixtures("strict")

# The 21 degC of the recordings to the 34 degC of the model (Hay et al. 2011).
WARMING = 2.3**1.3
THERMAL = 8.31446261815324 / 96485.33212 * 1e3  # mV/K


def _rates(channel, v, **inside):
    ions = {
        name: dn.Ion(jnp.asarray(one), jnp.asarray(2.0), jnp.asarray(120.0))
        for name, one in inside.items()
    }
    return channel.gates(dn.Membrane(jnp.asarray(v), ions))


# Steady states and time constants

HALF = [
    ("PersistentSodium", "m", -52.6, 4.6),
    ("PersistentSodium", "h", -48.8, -10.0),
    ("HayPersistentPotassium", "m", -11.0, 12.0),
    ("HayPersistentPotassium", "h", -64.0, -11.0),
    ("HayTransientPotassium", "m", -10.0, 19.0),
    ("HayTransientPotassium", "h", -76.0, -10.0),
    ("HayKv3", "m", 18.7, 9.7),
    ("HayMTypePotassium", "m", -35.0, 5.0),
    ("HayLowVoltageCalcium", "m", -40.0, 6.0),
    ("HayLowVoltageCalcium", "h", -90.0, -6.4),
]


@pytest.mark.parametrize(("name", "gate", "half", "slope"), HALF)
def test_half_activation_and_slope(name, gate, half, slope, x64):
    channel = getattr(channels, name)()
    for shift in (0.0, slope, -2.0 * slope):
        wanted = 1.0 / (1.0 + np.exp(-shift / slope))
        found = _rates(channel, half + shift)[gate].steady_state
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_singular_rates_have_their_limits(x64):
    # x/(1 - exp(-x)) is 1 where its numerator and denominator are both 0.
    sodium = channels.HayTransientSodium()
    np.testing.assert_allclose(_rates(sodium, -38.0)["m"].opening, 0.182 * 6 * WARMING, rtol=1e-13)
    np.testing.assert_allclose(_rates(sodium, -38.0)["m"].closing, 0.124 * 6 * WARMING, rtol=1e-13)
    np.testing.assert_allclose(_rates(sodium, -66.0)["h"].opening, 0.015 * 6 * WARMING, rtol=1e-13)
    calcium = _rates(channels.HayHighVoltageCalcium(), -27.0)["m"]
    np.testing.assert_allclose(calcium.opening, 0.055 * 3.8, rtol=1e-13)


def test_time_constants(x64):
    assert _rates(channels.HayMTypePotassium(), -35.0)["m"].time_constant == pytest.approx(
        1.0 / (2 * 0.0033) / WARMING
    )
    assert _rates(channels.HayKv3(), -46.56)["m"].time_constant == pytest.approx(2.0)
    low = channels.HayLowVoltageCalcium()
    assert _rates(low, -35.0)["m"].time_constant == pytest.approx(15.0 / WARMING)
    assert _rates(low, -50.0)["h"].time_constant == pytest.approx(45.0 / WARMING)
    transient = channels.HayTransientPotassium()
    assert _rates(transient, -81.0)["m"].time_constant == pytest.approx(1.26 / WARMING)
    assert _rates(transient, -83.0)["h"].time_constant == pytest.approx(57.0 / WARMING)
    persistent = channels.HayPersistentPotassium()
    # The two branches of the model meet at -60 mV, but for their rounding.
    for v, tau in ((-90.0, 1.25 + 175.03 * np.exp(-2.08)), (-20.0, 1.25 + 13.0 * np.exp(0.26))):
        assert _rates(persistent, v)["m"].time_constant == pytest.approx(tau / WARMING)
    # Six times the transient current's, whatever the voltage.
    sodium = channels.HayTransientSodium()
    for v in (-70.0, -38.0, 10.0):
        slow = _rates(channels.PersistentSodium(), v)["m"].time_constant
        assert slow == pytest.approx(6.0 * _rates(sodium, v)["m"].time_constant)


@pytest.mark.parametrize(
    "name", ["HayTransientSodium", "PersistentSodium", "HayTransientPotassium"]
)
def test_temperature_speeds_up_and_moves_nothing(name, x64):
    cold, warm = (getattr(channels, name)(temperature=degrees) for degrees in (24.0, 34.0))
    for slow, fast in zip(_rates(cold, -30.0).values(), _rates(warm, -30.0).values(), strict=True):
        np.testing.assert_allclose(slow.time_constant, 2.3 * fast.time_constant, rtol=1e-12)
        np.testing.assert_allclose(slow.steady_state, fast.steady_state, rtol=1e-12)


# Against Arbor 0.12.2's catalogue of these mechanisms: its gates 0.2 and 2 ms into steps of the
# voltage from -70, -100 and -40 mV, at a time step of 1 us, whose
# error is 1e-5 of a change.
MODEL_NAMES = {
    "NaTa_t": channels.HayTransientSodium,
    "NaTs2_t": lambda: channels.HayTransientSodium(shift=6.0),
    "Nap_Et2": channels.PersistentSodium,
    "K_Pst": channels.HayPersistentPotassium,
    "K_Tst": channels.HayTransientPotassium,
    "SKv3_1": channels.HayKv3,
    "Im": channels.HayMTypePotassium,
    "Ih": channels.HCN,
    "Ca_HVA": channels.HayHighVoltageCalcium,
    "Ca_LVAst": channels.HayLowVoltageCalcium,
}
ARBOR = {
    "NaTa_t": [
        (-38.0, {"m": (0.3949554, 0.5947598), "h": (0.5159041, 0.06140399)}),
        (20.0, {"m": (0.9979359, 0.9999568), "h": (0.4669705, 0.0004920703)}),
        (-120.0, {"m": (0.00130391, 1.7033e-06), "h": (0.3867944, 0.9916108)}),
    ],
    "NaTs2_t": [
        (-38.0, {"m": (0.2306629, 0.3506213), "h": (0.6904506, 0.1299856)}),
        (20.0, {"m": (0.9960469, 0.9998827), "h": (0.4934066, 0.0008394633)}),
        (-120.0, {"m": (0.0004582852, 6.266096e-07), "h": (0.431031, 0.9951975)}),
    ],
    "Nap_Et2": [
        (-38.0, {"m": (0.176558, 0.8058266), "h": (0.8927401, 0.8919104)}),
        (20.0, {"m": (0.6444081, 0.999969), "h": (0.9937177, 0.9906318)}),
        (-120.0, {"m": (0.3469918, 4.293456e-05), "h": (0.2933008, 0.2944129)}),
    ],
    "K_Pst": [
        (-38.0, {"m": (0.009088414, 0.02392003), "h": (0.6327576, 0.6298464)}),
        (20.0, {"m": (0.07333324, 0.520041), "h": (0.9620144, 0.9488471)}),
        (-120.0, {"m": (0.07775626, 0.04856933), "h": (0.1043393, 0.1305323)}),
    ],
    "K_Tst": [
        (-38.0, {"m": (0.11166, 0.1862042), "h": (0.3334781, 0.1952513)}),
        (20.0, {"m": (0.6478671, 0.829055), "h": (0.8519023, 0.4384072)}),
        (-120.0, {"m": (0.09256537, 0.00335315), "h": (0.07374797, 0.4078632)}),
    ],
    "SKv3_1": [
        (-38.0, {"m": (0.0003477754, 0.001768246)}),
        (20.0, {"m": (0.03145377, 0.243714)}),
        (-120.0, {"m": (0.001718682, 0.0001024421)}),
    ],
    "Im": [
        (-38.0, {"m": (0.002341021, 0.01501541)}),
        (20.0, {"m": (0.3778012, 0.9914731)}),
        (-120.0, {"m": (1.953164e-05, 4.139938e-08)}),
    ],
    "Ih": [
        (-38.0, {"m": (0.01814476, 0.01631939)}),
        (20.0, {"m": (0.2546433, 0.1348524)}),
        (-120.0, {"m": (0.003325014, 0.02557986)}),
    ],
    "Ca_HVA": [
        (-38.0, {"m": (0.006990669, 0.06167711), "h": (0.6410208, 0.6392211)}),
        (20.0, {"m": (0.4020226, 0.9929898), "h": (0.8964201, 0.8883502)}),
        (-120.0, {"m": (0.01196244, 9.574048e-12), "h": (0.2939651, 0.2988049)}),
    ],
    "Ca_LVAst": [
        (-38.0, {"m": (0.02527749, 0.1683614), "h": (0.04120832, 0.03404881)}),
        (20.0, {"m": (0.1109098, 0.6928523), "h": (0.8027781, 0.6154471)}),
        (-120.0, {"m": (0.4883846, 0.3948463), "h": (0.008684569, 0.08050462)}),
    ],
}


@pytest.mark.parametrize("mechanism", ARBOR)
def test_gates_relax_as_in_arbor(mechanism, x64):
    channel = MODEL_NAMES[mechanism]()
    for v, gates in ARBOR[mechanism]:
        for gate, rates in _rates(channel, v).items():
            early, late = gates[gate]
            settled = rates.steady_state
            found = settled + (early - settled) * np.exp(-1.8 / rates.time_constant)
            np.testing.assert_allclose(found, late, rtol=2e-5, atol=1e-9)


def test_a_shift_moves_both_gates(x64):
    shifted = _rates(channels.HayTransientSodium(shift=6.0), -40.0)
    for gate, rates in _rates(channels.HayTransientSodium(), -46.0).items():
        np.testing.assert_allclose(shifted[gate], rates, rtol=1e-14)


# Calcium inside


def test_sk_is_half_open_at_430_nanomolar(x64):
    sk = channels.SK()
    found = [_rates(sk, v, ca=4.3e-4)["z"].steady_state for v in (-90.0, 20.0)]
    np.testing.assert_allclose(found, 0.5, rtol=1e-14)
    # Arbor's SK_E2 at 0.5 uM.
    np.testing.assert_allclose(_rates(sk, 0.0, ca=5e-4)["z"].steady_state, 0.6734762, rtol=1e-7)
    steady = jax.grad(lambda ca: _rates(sk, -60.0, ca=ca)["z"].steady_state)
    assert steady(0.0) == 0.0
    np.testing.assert_allclose(steady(4.3e-4), 4.8 / (4 * 4.3e-4), rtol=1e-12)


def test_bk_opens_with_voltage_and_calcium(x64):
    bk = channels.BK()
    rates = _rates(bk, 0.0, ca=0.01)["o"]
    np.testing.assert_allclose(rates, (0.48 * 0.01 / 0.19, 0.28 * 0.011 / 0.021), rtol=1e-13)
    # A charge of 2 delta on calcium's way: e-fold calcium is worth RT/(2 delta F).
    volt = THERMAL * 295.15 / 2.0
    np.testing.assert_allclose(
        _rates(bk, volt / 0.84, ca=0.01 / np.e)["o"].opening, rates.opening, rtol=1e-12
    )
    np.testing.assert_allclose(_rates(bk, volt, ca=0.01 / np.e)["o"].closing, rates.closing)
    opened = [
        [float(_rates(bk, v, ca=ca)["o"].steady_state) for v in (-60.0, 0.0, 60.0)]
        for ca in (1e-4, 1e-3, 1e-2)
    ]
    assert (np.diff(opened, axis=0) > 0).all()
    assert (np.diff(opened, axis=1) > 0).all()


def test_calcium_moves_a_channel_under_voltage_clamp(x64):
    sk = channels.SK()
    calcium = dn.Ion(lambda t: jnp.where(t < 1.0, 1e-4, 1e-3), 2.0, 120.0)
    run = dn.simulate(sk, dn.Membrane(-65.0, {"ca": calcium}), t1=4.0, dt=0.05)
    low, high = (1.0 / (1.0 + (4.3e-4 / ca) ** 4.8) for ca in (1e-4, 1e-3))
    since = np.maximum(np.asarray(run.t) - 1.0, 0.0)
    wanted = high + (low - high) * np.exp(-since)
    np.testing.assert_allclose(run.y, 44.1 * 20.0 * wanted, rtol=1e-9)


@pytest.mark.parametrize("make", [channels.SK, channels.BK])
def test_calcium_that_nobody_keeps_is_asked_for(make):
    with pytest.raises(ValueError, match=r"needs the concentrations of 'ca'.*CalciumShell"):
        dn.simulate(make(), -60.0, t1=1.0)
    cell = dn.neurons.Cell({"k": make(), "leak": channels.Leak()})
    with pytest.raises(ValueError, match="CalciumShell"):
        dn.simulate(cell, 0.0, t1=1.0)


@pytest.mark.slow
def test_the_soma_of_hay_fires_as_in_arbor(x64):
    # Arbor 0.12.2 with the same mechanisms, from time steps of 0.01 and 0.001 ms to 0.
    cell = dn.neurons.HaySoma()

    def step(t):
        return jnp.where(t >= 50.0, 200.0, 0.0)

    run = dn.simulate(cell, step, t1=214.0, dt=0.005)
    assert run.y[0] == pytest.approx(-82.0910, abs=3e-4)
    found = dn.analysis.recorded_spike_times(run.t, run.y, threshold=0.0)
    np.testing.assert_allclose(found, [51.5532, 60.2042, 211.99], atol=0.05)


# Transmitter


def test_a_pulse_of_transmitter(x64):
    # The AMPA receptor: 1 mM for 1 ms opens .617986, closing takes 5.2632 ms.
    pulse = np.where(np.arange(300) < 40, 1.0, 0.0)
    stimulus = dn.Membrane(-70.0, signals={"glutamate": pulse})
    closed = {"r": 0.0}
    run = dn.simulate(channels.LigandGated(), stimulus, t1=7.5, dt=0.025, state=closed)
    opened = np.asarray(run.y) / -70.0
    assert opened[40] == pytest.approx(0.617986, abs=1e-6)
    np.testing.assert_allclose(opened[240], opened[40] * np.exp(-5.0 / 5.2632), rtol=1e-5)


def test_two_transmitters_meet_their_own_receptors(x64):
    cell = dn.neurons.Cell(
        {
            "leak": channels.Leak(0.1, -70.0),
            "ampa": channels.LigandGated(),
            "gaba": channels.LigandGated(
                1.0, -80.0, binding_rate=5.0, unbinding_rate=0.18, transmitter="GABA"
            ),
        }
    )
    signals = {"glutamate": 0.0, "GABA": 1.0}
    inhibited = dn.simulate(cell, dn.neurons.SignalInput(0.0, signals), t1=60.0, dt=0.05)
    opened = 5.0 / 5.18
    settled = (0.1 * -70.0 + opened * -80.0) / (0.1 + opened)
    np.testing.assert_allclose(inhibited.y[-1], settled, atol=1e-3)
    # 1 nS on this area is 0.01 mS/cm2.
    shunt = dn.neurons.OpenConductance(20.0, 0.0)
    both = dn.neurons.SynapticInput(10.0, (shunt,))
    shunted = dn.simulate(cell, dn.neurons.SignalInput(both, signals), t1=60.0, dt=0.05)
    wanted = (0.1 * -70.0 + opened * -80.0 + 0.1) / (0.1 + opened + 0.2)
    np.testing.assert_allclose(shunted.y[-1], wanted, atol=1e-3)
    with pytest.raises(ValueError, match="'glutamate', which is not among the signals GABA"):
        dn.simulate(cell, dn.neurons.SignalInput(0.0, {"GABA": 1.0}), t1=1.0)


def test_without_signals_a_receptor_is_shut(x64):
    run = dn.simulate(channels.LigandGated(), -60.0, t1=0.1)
    assert (run.y == 0.0).all()


def test_signals_are_for_cells():
    with pytest.raises(ValueError, match="a SignalInput is for a Cell"):
        dn.simulate(dn.neurons.LIF(), dn.neurons.SignalInput(100.0), t1=1.0)


# Displacement


def test_a_hair_bundle_is_a_boltzmann_of_its_displacement(x64):
    bundle = channels.HairBundle()

    def rates(x):
        return bundle.gates(dn.Membrane(jnp.asarray(-60.0), {}, {"displacement": jnp.asarray(x)}))

    assert rates(0.0)["o"].steady_state == pytest.approx(0.15, abs=1e-4)
    # kT is 4.0750 pN nm at 22 degC, which 0.04 pN make 101.87 nm.
    half, width = 0.1767, 1.380649e-5 * 295.15 / 0.04
    assert width == pytest.approx(0.10187, abs=1e-5)
    for steps in (-4.0, -1.0, 0.0, 2.0):
        found = rates(half + steps * width)["o"]
        np.testing.assert_allclose(found.steady_state, 1.0 / (1.0 + np.exp(-steps)), rtol=1e-6)
        np.testing.assert_allclose(found.time_constant, 0.1 / np.cosh(steps / 2.0), rtol=1e-6)


def test_deflection_depolarises_a_hair_cell(x64):
    cell = dn.neurons.Cell(
        {"bundle": channels.HairBundle(), "leak": channels.Leak(0.5, -65.0)}, area=1000.0
    )

    def push(t):
        return jnp.where(t >= 5.0, 0.1767, 0.0)

    run = dn.simulate(cell, dn.neurons.SignalInput(0.0, {"displacement": push}), t1=40.0, dt=0.025)
    # Rest with the bundle where it is by itself, and then half open.
    np.testing.assert_allclose(run.y[0], 0.5 * -65.0 / 0.65, atol=0.01)
    np.testing.assert_allclose(run.y[-1], 0.5 * -65.0 / 1.0, atol=1e-3)


def test_a_derivative_through_the_displacement(x64):
    bundle = channels.HairBundle()

    def charge(size):
        def shape(t):
            return size * jnp.sin(2.0 * t)

        run = dn.simulate(
            bundle, dn.Membrane(-60.0, signals={"displacement": shape}), t1=3.0, dt=0.05
        )
        return jnp.sum(run.y)

    charge = jax.jit(charge)
    step = 1e-4
    wanted = (charge(0.2 + step) - charge(0.2 - step)) / (2.0 * step)
    np.testing.assert_allclose(jax.grad(charge)(0.2), wanted, rtol=1e-6)
