"""Every exported channel: its kinetics over all voltages, in both precisions."""

import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_conformance import CHANNELS, MODELS, compiled, membrane_of

import diffneuro as dn

pytestmark = pytest.mark.usefixtures("strict")

# The paper's formula exceeds 1 above 40 mV; a messenger is in uM, and settles at up to 2.97.
ABOVE_ONE = {"ConnorStevensATypePotassium": 0.02, "GABAB": 2.0}

# Two derivatives of how several states settle take up to 20 s to compile.
SCHEMES = ("DesensitisingAMPA", "GateScheme", "NavScheme")
every_channel = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SCHEMES else ()) for name in CHANNELS],
)


def _at(model, v):
    """The membrane at `v`, every part of it as wide as `v`."""
    return jax.tree.map(lambda part: part + 0.0 * v, membrane_of(model, v))


def _arguments(model, v):
    """What the removable singularities of a channel's kinetics are asked for at `v`."""
    found = []

    def asked(function, x):
        found.append(float(x))
        return function(x)

    with pytest.MonkeyPatch.context() as patch, jax.enable_x64(True), jax.disable_jit():
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("diffneuro."):
                for name in ("linoid", "exprel"):
                    if name in vars(module):
                        spy = functools.partial(asked, vars(module)[name])
                        patch.setattr(module, name, spy)
        u = _at(model, jnp.asarray(v))
        if isinstance(model, dn.channels.AbstractGatedChannel):
            model.gates(u)
        else:
            model.output(model.initial_state(u), u)
    return found


def _singular_points(model):
    """Voltages (mV) at which the argument of a removable singularity is zero."""
    low, high = -150.0, 100.0
    pairs = zip(_arguments(model, low), _arguments(model, high), strict=True)
    # All arguments are straight lines of the voltage.
    roots = {round(low - (high - low) * a / (b - a), 9) for a, b in pairs if a != b}
    return sorted(root for root in roots if low <= root <= high)


def _grid(name):
    """Voltages a tenth of a millivolt apart, and 1e-4 mV around every singular point."""
    around = np.arange(-10, 11) * 1e-4
    fine = [point + around for point in _singular_points(MODELS[name]())]
    # As float32 holds them, so that both precisions answer the same question.
    return np.concatenate([np.linspace(-150.0, 100.0, 2501), *fine]).astype(np.float32)


def _between(model):
    """Two states between those at -100 and 40 mV, in neither of which a gate is all but settled."""

    def mixed():
        low, high = (model.initial_state(_at(model, jnp.asarray(w))) for w in (-100.0, 40.0))
        return [
            jax.tree.map(lambda low, high, w=w: (1.0 - w) * low + w * high, low, high)
            for w in (0.3, 0.7)
        ]

    return compiled(mixed)()


def _kinetics(model, between, v):
    """All that a channel is at a voltage: what it settles at, its current, its rates."""
    u = _at(model, v)
    settled = model.initial_state(u)
    # All three states in one: a third of the code to compile.
    states = jax.tree.map(lambda *parts: jnp.stack(parts), settled, *between)
    each = jax.vmap(lambda _, state: model.vector_field(state, u))  # a pump's state is empty
    together = each(jnp.arange(3), states)
    rates = [jax.tree.map(lambda part, k=k: part[k], together) for k in range(3)]
    return {
        "settled": settled,
        "current": model.output(settled, u),
        "still": rates[0],
        "moving": rates[1:],
    }


@functools.cache
def _everything(name, double):
    """Value, slope and curvature over the grid (NumPy)."""
    with jax.enable_x64(double):
        model = MODELS[name]()
        between = _between(model)

        def slope(function, v):
            return jax.jvp(function, (v,), (jnp.ones_like(v),))

        def three(v):
            return slope(lambda v: slope(lambda v: _kinetics(model, between, v), v), v)

        v = jnp.asarray(_grid(name), jnp.result_type(float))
        (value, first), (_, second) = compiled(jax.vmap(three))(v)
        return jax.tree.map(np.asarray, (value, first, second))


@every_channel
def test_kinetics_are_finite_with_two_derivatives(name):
    for double in (False, True):
        for leaf in jax.tree.leaves(_everything(name, double)):
            assert leaf.dtype == (np.float64 if double else np.float32)
            assert np.isfinite(leaf).all()


@every_channel
def test_float32_slopes_are_those_of_float64(name):
    single, double = _everything(name, False)[:2], _everything(name, True)[:2]
    for part in ("settled", "current", "moving"):
        rough, exact = ([tree[part] for tree in both] for both in (single, double))
        for slope, value, wanted in zip(
            jax.tree.leaves(rough[1]),
            jax.tree.leaves(exact[0]),
            jax.tree.leaves(exact[1]),
            strict=True,
        ):
            # Against the slope; or, where that is a difference of much larger ones, what it
            # takes to change the value within 10 mV; or a thousandth of the steepest slope.
            scale = np.abs(wanted) + np.abs(value) / 10.0 + 1e-3 * np.abs(wanted).max()
            scale = np.maximum(scale, 1e-30)
            off = np.abs(slope - wanted) / scale
            assert off.max() < 1e-3, (part, _grid(name)[off.argmax()])


@every_channel
def test_a_settled_channel_stays_so_and_is_partly_open(name):
    value = _everything(name, True)[0]
    for fraction in jax.tree.leaves(value["settled"]):
        assert (fraction >= 0.0).all()
        assert (fraction <= 1.0 + ABOVE_ONE.get(name, 1e-12)).all()
    below, above = value["moving"]
    for still, one, other in zip(
        *map(jax.tree.leaves, (value["still"], below, above)), strict=True
    ):
        scale = np.abs(one) + np.abs(other)
        assert (np.abs(still) <= 1e-10 * scale + 1e-14).all()


@every_channel
def test_a_negative_conductance_is_refused(name):
    model = MODELS[name]()
    strengths = [path for path in dn.parameters(model) if path.endswith(("g_max", "i_max"))]
    assert strengths
    for path in strengths:
        field = path.split(".")[-1]
        with pytest.raises(ValueError, match=rf"{field}=-1.0 .* make it at least 0"):
            dn.replace(model, {path: -1.0})


def test_singular_points_are_found():
    points = _singular_points(dn.channels.HayTransientSodium())
    np.testing.assert_allclose(points, [-66.0, -38.0], atol=1e-9)
    assert _singular_points(dn.channels.Leak()) == []
