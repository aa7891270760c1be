"""How fast do spike times converge with the time step?

Every integrate-and-fire neuron is driven by a constant current, and its spike times at six steps
are compared with a tight reference: LSODA at a relative tolerance of 1e-11 on the equations of
the papers, in the voltage. The solver is of order 2, but exact for LIF, whose error is what the
split of a step leaves, down to the error of the reference.
"""

import argparse
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

import diffneuro as dn

STEPS = (0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625)
DURATION = 200.0


def leaky(p, current, v, *g):
    """Rates of v and of the conductances that spikes leave behind."""
    drive = current - p.leak_conductance * (v - p.leak_reversal)
    drive -= sum(g) * (v - p.potassium_reversal) if g else 0.0
    decays = (p.adaptation_time_constant, p.refractory_time_constant) if g else ()
    return [drive / p.capacitance, *(-x / tau for x, tau in zip(g, decays, strict=True))]


def exponential(p, current, v, *w):
    """Rates of v and of the adaptation current."""
    upstroke = p.slope_factor * np.exp((v - p.threshold) / p.slope_factor)
    away = v - p.leak_reversal
    dv = (current + p.leak_conductance * (upstroke - away) - sum(w)) / p.capacitance
    return [dv, *((p.adaptation_conductance * away - x) / p.adaptation_time_constant for x in w)]


def quadratic(p, current, v):
    """Rate of v."""
    bent = (v - p.leak_reversal) * (v - p.threshold) / (p.threshold - p.leak_reversal)
    return [(p.leak_conductance * bent + current) / p.capacitance]


def simple_2003(p, current, v, u):
    """Rates of v and of the recovery."""
    dv = 0.04 * v**2 + 5.0 * v + 140.0 - u + current
    return [dv, p.recovery_rate * (p.recovery_sensitivity * v - u)]


def simple_2007(p, current, v, u):
    """Rates of v and of the recovery."""
    bent = p.quadratic_conductance * (v - p.rest_potential) * (v - p.threshold)
    steady = p.recovery_conductance * (v - p.rest_potential)
    return [(bent - u + current) / p.capacitance, p.recovery_rate * (steady - u)]


# The neuron, its current, its equations, and what a spike adds to the variables beside v.
SYSTEMS = {
    "LIF": (dn.neurons.LIF, 500.0, leaky, ()),
    "AdaptiveLIF": (dn.neurons.AdaptiveLIF, 500.0, leaky, ("adaptation_jump", "refractory_jump")),
    "EIF": (dn.neurons.EIF, 150.0, exponential, ()),
    "AdEx": (dn.neurons.AdEx, 1000.0, exponential, ("spike_adaptation",)),
    "QIF": (dn.neurons.QIF, 200.0, quadratic, ()),
    "Izhikevich2003": (dn.neurons.Izhikevich2003, 12.0, simple_2003, ("spike_recovery",)),
    "Izhikevich2007": (dn.neurons.Izhikevich2007, 300.0, simple_2007, ("spike_recovery",)),
}


def reference(name: str) -> np.ndarray:
    """The spike times (ms) of a tight integration of the paper's equations."""
    make, current, rates, jumps = SYSTEMS[name]
    model, zero = make(), jnp.asarray(0.0)
    p = SimpleNamespace(**{key: float(value) for key, (value, _) in dn.parameters(model).items()})
    added = np.array([getattr(p, jump) for jump in jumps])
    peak = getattr(p, "peak_potential", getattr(p, "threshold", None))

    def reached(_, x):
        return x[0] - peak

    def integrate(t, until, x, moving, events=None):
        def field(_, x):
            dv, *others = rates(p, current, *x)
            return [moving * dv, *others]

        options = {"method": "LSODA", "rtol": 1e-11, "atol": 1e-11, "max_step": 1.0}
        return solve_ivp(field, (t, until), x, events=events, **options)

    vars(reached).update(terminal=True, direction=1.0)
    v = float(model.output(model.initial_state(zero), zero))
    # The other variables relax linearly, so two rates say where they rest.
    at_0, at_1 = (np.array(rates(p, 0.0, v, *np.full(len(jumps), x))[1:]) for x in (0.0, 1.0))
    t, x, times = 0.0, np.array([v, *(at_0 / (at_0 - at_1))]), []
    while (run := integrate(t, DURATION, x, 1.0, reached)).status == 1:
        times.append(run.t[-1])
        t = run.t[-1] + p.refractory_time
        x = np.array([p.reset_potential, *(run.y[1:, -1] + added)])
        x = integrate(run.t[-1], t, x, 0.0).y[:, -1] if t > run.t[-1] else x
    return np.array(times)


def errors(name: str) -> np.ndarray:
    """The largest error (ms) of a spike time at each step."""
    make, current, *_ = SYSTEMS[name]
    wanted, found = reference(name), []
    print(f"{name:15}{len(wanted):5} spikes, the last at {wanted[-1]:.6f} ms")
    for dt in STEPS:
        run = dn.simulate(make(), current, t1=DURATION, dt=dt)
        times = dn.analysis.spike_times(run, max_spikes=len(wanted))[0]
        found.append(np.abs(np.asarray(times) - wanted).max())
    return np.array(found)


def draw(table: dict[str, np.ndarray], path: Path) -> None:
    """Errors over steps, with a line of order 2."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for (name, error), marker in zip(table.items(), "osD^v<>", strict=True):
        axes.loglog(STEPS, error, marker=marker, markersize=4.0, label=name)
    axes.loglog(STEPS, 4.0 * np.square(STEPS), color="0.6", linestyle="--", label="order 2")
    axes.set(xlabel="step (ms)", ylabel="largest error of a spike time in 200 ms (ms)")
    figure.legend(fontsize="small", loc="outside right center")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Integrate, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    with jax.enable_x64(True):
        table = {name: errors(name) for name in SYSTEMS}
    print(f"{'step (ms)':15}" + "".join(f"{dt:11g}" for dt in STEPS))
    for name, error in table.items():
        print(f"{name:15}" + "".join(f"{one:11.1e}" for one in error))
        print(f"{'order':>26}" + "".join(f"{one:11.2f}" for one in np.log2(error[:-1] / error[1:])))
    path = options.out / "spike_time_convergence.png"
    draw(table, path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
