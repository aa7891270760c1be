"""What gap junctions conduct, and which way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn
from diffneuro.synapses import Ohmic, Rectifying

pytestmark = pytest.mark.usefixtures("strict")

LAWS = {"ohmic": Ohmic, "rectifying": Rectifying}
every_law = pytest.mark.parametrize("name", LAWS)


def current(law, weight, v_pre, v_post):
    """What flows from pre to post (pA)."""
    across = v_pre - v_post
    return weight * law.conductance(across) * across


def test_an_ohmic_junction_conducts_all_of_its_weight():
    across = jnp.linspace(-120.0, 120.0, 7)
    np.testing.assert_array_equal(Ohmic().conductance(across), np.ones(7))
    assert Ohmic().conductance(jnp.asarray(3.0)).shape == ()


def test_an_ohmic_junction_is_the_same_both_ways():
    v = jnp.array([-65.0, 20.0, -80.0])
    forth = current(Ohmic(), 0.5, v[:, None], v[None, :])
    np.testing.assert_array_equal(forth, -forth.T)
    np.testing.assert_allclose(forth[1, 0], 0.5 * 85.0)


def test_a_rectifying_junction_has_the_published_extremes(x64):
    law = Rectifying()
    wanted = {-70.0: 0.05, 28.0: 0.5 * 1.05, 120.0: 1.0}
    for across, share in wanted.items():
        np.testing.assert_allclose(law.conductance(jnp.asarray(across)), share, rtol=1e-4)
    # Two slopes above the middle.
    at = law.conductance(jnp.asarray(28.0 + 2.0 * 6.67))
    np.testing.assert_allclose(at, 0.05 + 0.95 / (1.0 + np.exp(-2.0)), rtol=1e-12)


def test_a_rectifying_junction_lets_depolarisation_through_one_way():
    law = Rectifying()
    forth, back = current(law, 1.0, 20.0, -65.0), -current(law, 1.0, -65.0, 20.0)
    assert forth > 15.0 * back > 0.0
    # What one way loses, the other gains, about the middle of the curve.
    even = Rectifying(residual=0.2, half_voltage=0.0)
    across = jnp.linspace(-50.0, 50.0, 9)
    both = even.conductance(across) + even.conductance(-across)
    np.testing.assert_allclose(both, 1.2, rtol=1e-6)


@every_law
def test_no_junction_drives_current_uphill(name):
    across = jnp.linspace(-300.0, 300.0, 1201)
    share = LAWS[name]().conductance(across)
    assert (share > 0.0).all()
    assert (share <= 1.0).all()
    assert current(LAWS[name](), 1.0, jnp.asarray(-65.0), jnp.asarray(-65.0)) == 0.0


def test_a_junction_without_residual_closes_in_value_and_derivative(x64):
    law = Rectifying(residual=0.0)
    value, slope = jax.value_and_grad(law.conductance)(jnp.asarray(-1e4))
    assert value == slope == 0.0


def test_gradients_equal_central_differences(x64):
    def observable(values):
        *parameters, across = values
        return Rectifying(*parameters).conductance(across) * across

    at = jnp.array([0.05, 28.0, 6.67, 33.0])
    rows = 1e-5 * jnp.diag(at)
    wanted = jnp.stack(
        [(observable(at + row) - observable(at - row)) / (2.0 * row.sum()) for row in rows]
    )
    assert (jnp.abs(wanted) > 0.1).all()
    np.testing.assert_allclose(jax.grad(observable)(at), wanted, rtol=1e-6)
    np.testing.assert_allclose(jax.jacfwd(observable)(at), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rectifying(residual=1.5), "residual=1.5, which is a share: make it at most 1"),
        (lambda: Rectifying(residual=-0.1), "residual=-0.1.* make it at least 0"),
        (lambda: Rectifying(slope=0.0), "slope=0.0 mV: make it above 0"),
        (lambda: dn.replace(Rectifying(), {"slope": -3.0}), "slope=-3.0 mV: make it above 0"),
    ],
)
def test_bad_junctions_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
