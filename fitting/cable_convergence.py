"""How fast do the spike times of a cable converge with the time step?

The cable is Rallpack 3's: a millimetre of squid membrane in 200 compartments, 0.1 nA into one end
for 250 ms. The spike times at both ends under the two solvers for trees are compared with those
of two runs of the second at much smaller steps, extrapolated to none. Errors of the period add
up from spike to spike, so the last spikes are the worst. Compartments are the same throughout:
what is measured is the error in time. Bhalla, Bilitch & Bower 1992,
doi:10.1016/0166-2236(92)90009-W
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import diffneuro as dn
from diffneuro.channels import Leak, SquidPotassium, SquidSodium
from diffneuro.solvers import BackwardEuler, CrankNicolson

STEPS = (0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125)
FINEST = 0.0015625
# Spikes until then are compared, and runs are longer, lest late ones be missed.
LAST, DURATION, CURRENT = 250.0, 275.0, 100.0
COUNT = 200
SHOWN = 0.025
SOLVERS = {"BackwardEuler": (BackwardEuler(), 1), "CrankNicolson": (CrankNicolson(), 2)}
# The first four times at the electrode (ms).
PUBLISHED = (1.3070, 16.0082, 30.5524, 45.0876)


def rallpack_3() -> tuple[dn.neurons.Cable, dn.neurons.CableState]:
    """The cable, and the state from which it is run."""
    channels = {"na": SquidSodium(), "k": SquidPotassium(), "leak": Leak(1.0 / 40.0, -65.0)}
    cable = dn.neurons.unmyelinated_axon(
        1.0, 1000.0, count=COUNT, channels=channels, axial_resistivity=100.0
    )
    x = cable.initial_state(0.0)

    def even(value: float) -> jax.Array:
        return jnp.full(COUNT, value)

    sodium = x.channels["na"]._replace(m=even(0.05293), h=even(0.59612))
    potassium = x.channels["k"]._replace(n=even(0.31768))
    return cable, x._replace(
        voltage=even(-65.0), channels={**x.channels, "na": sodium, "k": potassium}
    )


def spike_times(solver: dn.solvers.AbstractSolver, dt: float) -> list[np.ndarray]:
    """When the voltage rises through 0 mV at either end (ms)."""
    cable, start = rallpack_3()

    def ends(x, u):
        return jnp.stack([cable.voltage_at(x, "start"), cable.voltage_at(x, "end")])

    run = dn.simulate(cable, CURRENT, t1=DURATION, dt=dt, solver=solver, state=start, record=ends)
    both = [dn.Trajectory(run.t, run.y[:, end], None) for end in (0, 1)]
    found = [dn.analysis.spike_times(one, max_spikes=30, threshold=0.0)[0] for one in both]
    return [np.asarray(times)[np.isfinite(times)] for times in found]


def reference() -> list[np.ndarray]:
    """The times at steps of no length."""
    coarse, fine = (spike_times(CrankNicolson(), dt) for dt in (FINEST, 0.5 * FINEST))
    # An error in proportion to the square of the step is a third of the difference.
    times = [b + (b - a) / 3.0 for a, b in zip(coarse, fine, strict=True)]
    return [one[one < LAST] for one in times]


def draw(errors: dict[tuple[str, int, float], np.ndarray], path: Path) -> None:
    """The largest errors over steps, and those at one step from spike to spike."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for (name, (_, order)), shade in zip(SOLVERS.items(), ("#d55e00", "#0072b2"), strict=True):
        for end, where in enumerate(("at the electrode", "at the far end")):
            style = {"color": shade, "lw": 1.2, "markersize": (6.5, 3.5)[end]}
            style |= {"marker": "os"[end], "ls": "-:"[end], "mfc": (shade, "white")[end]}
            largest = [np.abs(errors[name, end, dt]).max() for dt in STEPS]
            left.loglog(STEPS, largest, **style)
            each = np.abs(errors[name, end, SHOWN])
            right.semilogy(np.arange(1, len(each) + 1), each, label=f"{name}, {where}", **style)
        near = np.abs(errors[name, 0, SHOWN]).max()
        scale = near * (np.array(STEPS) / SHOWN) ** order / 2.5
        left.loglog(STEPS, scale, color="0.6", ls="--", lw=1.0)
        left.annotate(
            f"order {order}",
            (STEPS[-2], scale[-2]),
            (5, -9),
            textcoords="offset points",
            fontsize=8,
            color="0.4",
        )
    left.set(xlabel="step (ms)", ylabel="largest error of a spike time (ms)")
    right.set(xlabel="spike", ylabel=f"error at steps of {SHOWN:g} ms (ms)", xticks=range(1, 19, 4))
    for axes, letter in ((left, "a"), (right, "b")):
        axes.set_title(letter, loc="left", fontweight="bold", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *right.get_legend_handles_labels(),
        ncols=2,
        fontsize=8,
        frameon=False,
        loc="outside lower center",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=300)


def main() -> None:
    """Run, compare, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    errors = {}
    with jax.enable_x64(True):
        wanted = reference()
        first, last = wanted
        print(f"{len(first)} spikes at the electrode, the first at", np.round(first[:4], 4))
        print(f"published {PUBLISHED}; {len(last)} at the far end, the first at {last[0]:.4f}")
        for name, (solver, _) in SOLVERS.items():
            for dt in STEPS:
                for end, times in enumerate(spike_times(solver, dt)):
                    errors[name, end, dt] = times[: len(wanted[end])] - wanted[end]
    print(f"{'step (ms)':26}" + "".join(f"{dt:11g}" for dt in STEPS))
    for name in SOLVERS:
        for end, where in enumerate(("start", "end")):
            largest = np.array([np.abs(errors[name, end, dt]).max() for dt in STEPS])
            print(f"{name:15}{where:11}" + "".join(f"{one:11.2e}" for one in largest))
            orders = np.log2(largest[:-1] / largest[1:])
            print(f"{'order':>37}" + "".join(f"{one:11.2f}" for one in orders))
    path = options.out / "cable_convergence.png"
    draw(errors, path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
