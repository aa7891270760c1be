"""What every exported model must satisfy; exporting one enrols it."""

import inspect
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffneuro as dn

pytestmark = pytest.mark.usefixtures("strict")

DT, STEPS = 0.05, 200
# A refractory time of 0 is an edge, where left and right derivative differ; what is slow or
# slight hardly has one in a run this short.
INSIDE = {
    "currents.slow.time_constant": 50.0,
    "drift.gain": 0.02,
    "messenger_time_constant": 50.0,
    "refractory_time": 1.5,
}


def _exported():
    for package in (dn.channels, dn.ions, dn.neurons, dn.synapses):
        for name, item in vars(package).items():
            if not name.startswith("_"):
                yield name, item


def _needs_nothing(item):
    wanted = inspect.signature(item).parameters.values()
    return all(one.default is not one.empty for one in wanted)


def _makes_a_model(item):
    if isinstance(item, type):
        return issubclass(item, dn.AbstractModel) and not inspect.isabstract(item)
    made = inspect.signature(item).return_annotation if inspect.isfunction(item) else None
    return isinstance(made, type) and issubclass(made, dn.AbstractModel)


MODELS = {name: item for name, item in _exported() if _makes_a_model(item) and _needs_nothing(item)}
MODELS["Cell"] = lambda: dn.neurons.Cell({"leak": dn.channels.Leak()})
MODELS["Cable"] = lambda: dn.neurons.Cable(
    dn.morphology.discretise(
        dn.morphology.ball_and_stick(10.0, 200.0, 1.0), dn.morphology.Count(2)
    ),
    {"leak": dn.channels.Leak()},
    profiles={"leak": dn.neurons.LinearProfile(1.0, 0.001)},
)
MODELS["Adjusted"] = lambda: dn.channels.Adjusted(
    dn.channels.TraubMilesSodium(), {"h": dn.channels.Adjustment(3.0, 0.8, 1.2)}
)
MODELS["DrivenSynapse"] = lambda: dn.synapses.DrivenSynapse(
    (1.0, 4.0),
    dn.synapses.DualExponential(),
    delay=0.73,
    release=dn.synapses.TsodyksMarkram(0.5, 20.0, 50.0),
)
MODELS["EscapeNoise"] = lambda: dn.neurons.EscapeNoise(dn.neurons.LIF())
# Cables, of which one is here by itself; those of giant axons want more current.
for _axon in ("myelinated_axon", "unmyelinated_axon"):
    del MODELS[_axon]
MODELS["Nudged"] = lambda: dn.neurons.Nudged(MODELS["Cell"](), 0.5)
MODELS["IdealVoltageClamp"] = lambda: dn.neurons.IdealVoltageClamp(MODELS["Cell"]())
MODELS["VoltageClamp"] = lambda: dn.neurons.VoltageClamp(
    MODELS["Cell"](), series_resistance=0.05, compensated_capacitance=60.0
)
# A perfect clamp charges the capacitance in no time; who carries a current is nothing to it; a
# pulse ends between two samples.
WITHOUT_EFFECT = {
    "ExponentialNMDA": {"calcium_fraction"},
    "IdealVoltageClamp": {"cell.capacitance"},
    "NMDA": {"calcium_fraction"},
    "PulseTerminal": {"duration"},
}

# What some channels read besides the voltage: the concentrations inside and outside (mM).
READS = {
    "BK": {"ca": (1e-3, 2.0)},
    "CalciumPump": {"ca": (5e-4, 2.0)},
    "SK": {"ca": (5e-4, 2.0)},
    "SodiumCalciumExchanger": {"ca": (5e-4, 2.0), "na": (10.0, 145.0)},
    "SodiumPotassiumPump": {"k": (140.0, 4.0), "na": (10.0, 145.0)},
}

# What else opens channels: a hair bundle's displacement (um), and transmitters (mM).
TRANSMITTERS = ("acetylcholine", "gaba", "glutamate", "glycine")

# But for those that add noise to another channel, whose kinetics are the other's, and receptors
# that only arrivals open.
CHANNELS = [
    name
    for name, item in MODELS.items()
    if isinstance(item, type)
    and issubclass(item, dn.AbstractChannel)
    and not issubclass(item, dn.AbstractNoisyModel | dn.synapses.AbstractImpulseReceptor)
]

# A `Cell` of so many channels takes a minute to compile; each of them is here by itself.
LARGE = ["HaySoma"]
# Put together from parts whose gradients are looked at one by one, or long to compile.
COMPOSED = [
    "Cable",
    "ChannelNoise",
    "ConnorStevens",
    "CurrentNoise",
    "DesensitisingAMPA",
    "EscapeNoise",
    "EscapeRig",
    "GIF",
    "GLIF",
    "GLM",
    "GateScheme",
    "Izhikevich2003",
    "PospischilFastSpiking",
    "PospischilIntrinsicallyBursting",
    "PospischilLowThresholdSpiking",
    "PinskyRinzel",
    "PospischilRegularSpiking",
    "RecurrentNetwork",
    "SpikingCurrentNoise",
    "SpikingRig",
    "WangBuzsaki",
    "exponential_kainate",
    "exponential_nicotinic",
]


# Long to compile in reverse mode; along one direction all are looked at.
INVOLVED = [
    "AccumulatingIon",
    "AdEx",
    "AdaptiveLIF",
    "Adjusted",
    "BK",
    "BufferedCalciumShell",
    "EIF",
    "HERG",
    "HayTransientPotassium",
    "HayTransientSodium",
    "HindmarshRose",
    "HodgkinHuxley",
    "Izhikevich2007",
    "MorrisLecar",
    "NavScheme",
    "PersistentSodium",
    "QIF",
    "ReducedHodgkinHuxley",
    "Rig",
    "RinzelHodgkinHuxley",
    "SubunitNoise",
]

# Long to compile even once; their own files run them, and look at what comes out.
RUN_ELSEWHERE = [
    "ChannelNoise",
    "EscapeRig",
    "GIF",
    "GateScheme",
    "PinskyRinzel",
    "PospischilIntrinsicallyBursting",
    "PospischilLowThresholdSpiking",
    "SubunitNoise",
]

# Their files look at the same; each takes a second or two to compile.
SYNAPSES = [name for name in MODELS if name in vars(dn.synapses)]


def _each(names, slow=LARGE):
    cases = [pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in names]
    return pytest.mark.parametrize("name", cases)


every_model = _each(MODELS)
# Derivatives are looked at in float64 in any case.
both_precisions = pytest.mark.parametrize(
    "double",
    [
        pytest.param(False, id="float32"),
        pytest.param(True, id="float64", marks=pytest.mark.slow),
    ],
)


def test_every_exported_model_is_covered():
    classes = {
        item
        for _, item in _exported()
        if isinstance(item, type) and issubclass(item, dn.AbstractModel)
    }
    covered = {type(make()) for make in MODELS.values()}
    assert classes
    assert {item for item in classes if not inspect.isabstract(item)} <= covered


def test_every_exported_class_is_abstract_or_final():
    for name, item in _exported():
        if isinstance(item, type) and issubclass(item, eqx.Module):
            finals = [base for base in item.__mro__[1:] if base.__module__.startswith("diffneuro")]
            assert all(base.__name__.startswith("Abstract") for base in finals), name
            assert inspect.isabstract(item) == name.startswith("Abstract"), name


def membrane_of(model, v, swing=0.0):
    """The membrane a channel sits in, where what it reads moves by a share of `swing`."""
    concentrations = READS.get(type(model).__name__, {})
    ions = {
        name: dn.Ion(inside * (1.0 + swing), outside + 0.0 * swing, 30.0 + 0.0 * swing)
        for name, (inside, outside) in concentrations.items()
    }
    transmitters = dict.fromkeys(TRANSMITTERS, 0.5 + 0.5 * swing)
    return dn.Membrane(v, ions, {"displacement": 0.1 + swing, **transmitters})


def _input(model):
    """A run that visits a wide range of voltages: a clamp, or a current that makes spikes."""
    time = (np.arange(STEPS) + 0.5) * DT
    command = -30.0 + 50.0 * np.sin(1.3 * time)
    if isinstance(model, dn.AbstractChannel):
        return membrane_of(model, command, 0.8 * np.sin(0.9 * time))
    if isinstance(model, dn.AbstractClampedModel | dn.synapses.AbstractGradedTerminal):
        return command
    if isinstance(model, dn.synapses.AbstractSpikeTerminal):
        return 0.0
    if isinstance(model, dn.ions.AbstractIonPool):
        size = 500.0 if isinstance(model, dn.ions.AccumulatingIon) else 1.0  # uA/cm2
        return size * (np.sin(2.0 * time) - 2.0)
    current = 1500.0 + 100.0 * np.sin(2.0 * time)
    if isinstance(model, dn.neurons.Izhikevich2003):
        return 0.02 * current  # mV/ms
    if isinstance(model, dn.neurons.Nudged):
        return dn.neurons.Nudge(current, -60.0 + 20.0 * np.sin(time))
    return current


def _visible(model, y):
    """What a trace has to move by: a millivolt's tenth, or a thousandth of a current."""
    if isinstance(model, dn.ions.AbstractIonPool):
        return 1e-3
    terminal = dn.synapses.AbstractGradedTerminal | dn.synapses.AbstractSpikeTerminal
    is_relative = isinstance(model, dn.AbstractChannel | dn.AbstractClampedModel | terminal)
    return 0.001 * np.abs(y).max() if is_relative else 0.1


def compiled(function):
    """`function` under jit, without the optimising that takes most of the time here."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})


def _potential(model):
    """What is looked at in a pool, which all of its parameters move."""
    if isinstance(model, dn.ions.AbstractIonPool):
        return lambda x, u: model.ion(x).reversal_potential
    return None


def _after_a_spike(model):
    """The state of what spikes move, just after one; None for other models."""
    if isinstance(model, dn.synapses.AbstractImpulseReceptor):
        return model.kick()
    if isinstance(model, dn.synapses.AbstractSpikeTerminal):
        return model.arrive(model.initial_state(0.0), jnp.asarray(0.8, jnp.result_type(float)))
    return None


def _run(model, stimulus):
    noisy = isinstance(model, dn.AbstractNoisyModel) and model.is_noisy()
    key = jax.random.key(3) if noisy else None
    state = _after_a_spike(model)
    return dn.simulate(
        model, stimulus, t1=DT * STEPS, dt=DT, record=_potential(model), state=state, key=key
    )


@_each(MODELS, LARGE + RUN_ELSEWHERE)
@both_precisions
def test_simulates(name, double):
    with jax.enable_x64(double):
        model = MODELS[name]()
        run = _run(model, _input(model))
        wanted = jnp.result_type(float)
        assert run.y.shape == run.t.shape == (STEPS,)
        for leaf in jax.tree.leaves(run):
            assert leaf.dtype == wanted
            if leaf is not run.spike_times:
                assert np.isfinite(leaf).all()
        if not isinstance(model, dn.ions.FixedConcentrations):
            assert np.ptp(run.y) > _visible(model, run.y)
        assert isinstance(model, dn.AbstractSpikingModel) == (run.spikes is not None)
        if run.spikes is not None:
            assert run.spikes.sum() >= 1


def _at_voltage(model, v):
    """A state and an input in which the membrane is at `v`."""
    struck = jax.tree.map(lambda leaf: leaf + 0.0 * v, _after_a_spike(model))
    if isinstance(model, dn.AbstractChannel):
        u = jax.tree.map(lambda part: part + 0.0 * v, membrane_of(model, v))
        return model.initial_state(u) if struck is None else struck, u
    if isinstance(model, dn.synapses.AbstractSpikeTerminal):
        return struck, 0.0 * v
    if isinstance(model, dn.AbstractClampedModel | dn.synapses.AbstractGradedTerminal):
        return model.initial_state(v), v
    if isinstance(model, dn.ions.AbstractIonPool):
        return model.initial_state(0.0 * v), v
    zero = jnp.zeros_like(v)
    u = dn.neurons.Nudge(zero, v) if isinstance(model, dn.neurons.Nudged) else zero
    if hasattr(model, "state"):
        return model.state(v), u
    if isinstance(model, dn.neurons.GLM | dn.neurons.RecurrentNetwork):
        return model.initial_state(v), v
    x = model.initial_state(u)
    if isinstance(model, dn.neurons.EscapeNoise | dn.neurons.SpikingCurrentNoise):
        return x._replace(model=x.model._replace(voltage=v)), u
    if isinstance(model, dn.AbstractConductanceModel):
        return eqx.tree_at(model.voltage, x, jnp.broadcast_to(v, model.voltage(x).shape)), u
    return x._replace(voltage=v), u


# Channels, and with their second derivative, in test_channel_conformance.py.
@_each([name for name in MODELS if name not in CHANNELS])
@both_precisions
def test_finite_over_a_wide_range_of_voltage(name, double):
    with jax.enable_x64(double):
        model = MODELS[name]()

        def all_of_it(v):
            x, u = _at_voltage(model, v)
            return model.vector_field(x, u), model.output(x, u), x

        v = jnp.linspace(-150.0, 100.0, 2501)
        both = jax.vmap(lambda v: jax.jvp(all_of_it, (v,), (jnp.ones_like(v),)))
        values, slopes = compiled(both)(v)
        for leaf in jax.tree.leaves((values, slopes)):
            assert leaf.dtype == v.dtype
            assert np.isfinite(leaf).all()


@every_model
def test_state_and_its_rate_have_one_structure(name):
    model = MODELS[name]()

    def both(v):
        x, u = _at_voltage(model, v)
        return x, model.vector_field(x, u)

    x, rate = jax.eval_shape(both, jnp.asarray(-61.3, jnp.float32))
    assert jax.tree.structure(x) == jax.tree.structure(rate)
    assert [leaf.shape for leaf in jax.tree.leaves(x)] == [
        leaf.shape for leaf in jax.tree.leaves(rate)
    ]


@every_model
def test_every_parameter_has_a_unit_and_every_array_is_one(name):
    model = MODELS[name]()
    known = dn.parameters(model)
    for path, (value, unit) in known.items():
        assert isinstance(unit, str), path
        assert unit, path
        assert value.shape == (), path
    if isinstance(model, dn.neurons.Cable):  # whose geometry has a value for each compartment
        model = eqx.tree_at(lambda cable: cable.compartments, model, None)
    arrays = [leaf for leaf in jax.tree.leaves(model) if eqx.is_inexact_array(leaf)]
    assert len(arrays) == len(known) > 0


def _weights():
    return np.cos(0.7 * np.arange(STEPS)) + 0.3


def _observable(model, stimulus):
    """A number that depends on every sample and every spike time."""
    run = _run(model, stimulus)
    total = jnp.sum(_weights() * run.y)
    if run.spike_times is None:
        return total
    fired = run.spikes > 0
    return total + 10.0 * jnp.sum(jnp.where(fired, run.spike_times, 0.0))


@_each([name for name in MODELS if name not in LARGE], COMPOSED + INVOLVED + SYNAPSES)
def test_gradient_equals_central_differences(name, x64):
    model = MODELS[name]()
    known = {path: value for path, (value, _) in dn.parameters(model).items()}
    paths = list(known)
    paths = [path for path in paths if path not in WITHOUT_EFFECT.get(name, ())]
    start = np.array([INSIDE.get(path, float(known[path])) for path in paths])
    stimulus = _input(model)

    def observable(values):
        return _observable(dn.replace(model, dict(zip(paths, values, strict=True))), stimulus)

    # Five points each; so close that no spike passes a grid point on the way.
    step = 1e-5 * np.where(start == 0, 1.0, np.abs(start))
    offsets = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    moved = start + offsets[:, None, None] * np.diag(step)
    # Values and forward derivatives are one function, because two take longer to compile.
    both = jax.vmap(lambda at, along: jax.jvp(observable, (at,), (along,)))
    both = compiled(jax.vmap(both, in_axes=(0, None)))
    around, slopes = map(np.asarray, both(moved, np.eye(start.size)))
    wanted = np.array([1.0, -8.0, 0.0, 8.0, -1.0]) @ around / (12.0 * step)
    forward = slopes[2]
    reverse = compiled(jax.grad(observable))(start)
    # Differences of a number this large cannot resolve less.
    resolution = 1e-15 * np.abs(around).max() * 20 / step
    assert (np.abs(wanted) > 1e3 * resolution).all(), dict(zip(paths, wanted, strict=True))
    for found in (forward, reverse):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=0)
    np.testing.assert_allclose(forward, reverse, rtol=1e-10)


@_each(INVOLVED)
def test_slope_along_a_direction_equals_central_differences(name, x64):
    model = MODELS[name]()
    known = {path: value for path, (value, _) in dn.parameters(model).items()}
    start = np.array([INSIDE.get(path, float(value)) for path, value in known.items()])
    stimulus = _input(model)
    # As in the gradient above, each parameter by its own size, and none cancels another.
    along = np.where(start == 0, 1.0, np.abs(start)) * np.cos(1.0 + np.arange(start.size))

    def observable(values):
        return _observable(dn.replace(model, dict(zip(known, values, strict=True))), stimulus)

    step = 1e-5
    moved = start + step * np.outer([-2.0, -1.0, 0.0, 1.0, 2.0], along)
    both = compiled(jax.vmap(lambda at: jax.jvp(observable, (at,), (along,))))
    around, slopes = map(np.asarray, both(moved))
    wanted = np.array([1.0, -8.0, 0.0, 8.0, -1.0]) @ around / (12.0 * step)
    assert abs(wanted) > 1e3 * 1e-15 * np.abs(around).max() * 20 / step
    np.testing.assert_allclose(slopes[2], wanted, rtol=1e-6, atol=0)


@_each(MODELS, LARGE + COMPOSED + INVOLVED + SYNAPSES)
def test_vmap_over_parameters_is_a_loop_over_them(name):
    model = MODELS[name]()
    stimulus = _input(model)
    scale = np.array([0.98, 1.0, 1.02], np.float32)
    values = {path: scale * value for path, (value, _) in dn.parameters(model).items()}

    def one(values):
        return _run(dn.replace(model, values), stimulus).y[: STEPS // 4]

    batch = compiled(jax.vmap(one))(values)
    assert batch.shape == (3, STEPS // 4)
    for lane in range(3):
        alone = one({path: value[lane] for path, value in values.items()})
        np.testing.assert_allclose(batch[lane], alone, rtol=1e-4, atol=1e-2)
    assert np.abs(batch[0] - batch[2]).max() > _visible(model, batch)


KINDS = {
    "int": lambda x: int(x),
    "float": lambda x: float(int(x)),
    "np.float64": lambda x: np.float64(int(x)),
    "np.float32": lambda x: np.float32(int(x)),
    "np.int64": lambda x: np.int64(x),
    "np.array": lambda x: np.array(int(x)),
    "jnp strong": lambda x: jnp.asarray(int(x), jnp.result_type(float)),
    "jnp weak": lambda x: jnp.asarray(float(int(x))),
    "jnp int": lambda x: jnp.asarray(int(x)),
}


@_each(MODELS, LARGE + SYNAPSES)
@both_precisions
def test_any_kind_of_number_gives_the_same_type(name, double):
    with jax.enable_x64(double):
        model = MODELS[name]()
        known = dn.parameters(model)
        # Whole numbers, so that every kind can hold them.
        whole = {path: np.ceil(value) for path, (value, _) in known.items()}
        for kind in KINDS if name in ("LIF", "HodgkinHuxley") else ("int", "jnp weak"):
            other = dn.replace(model, {path: KINDS[kind](value) for path, value in whole.items()})
            for path, (value, _) in dn.parameters(other).items():
                assert value.aval == known[path][0].aval, (kind, path)
                assert not value.weak_type, (kind, path)
                assert value == whole[path], (kind, path)


@pytest.mark.parametrize("kind", KINDS)
def test_construction_takes_any_kind_of_number(kind):
    made = dn.neurons.LIF(capacitance=KINDS[kind](200))
    assert made.capacitance.aval == dn.neurons.LIF().capacitance.aval


@pytest.mark.parametrize("name", [name for name, item in _exported() if _makes_a_model(item)])
def test_docstring_has_an_equation_and_its_source(name):
    doc = inspect.getdoc(dict(_exported())[name])
    if name == "HodgkinHuxley":  # a Cell with given channels, which have the equations
        assert "`Cell`" in doc
    else:
        assert re.search(r"\$[^$]+\$", doc), "no equation"
    if name != "Cell":  # the current balance of a membrane is nobody's
        assert re.search(r"doi:10\.\d{4,}/\S+", doc), "no DOI"
