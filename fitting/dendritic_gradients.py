"""Do two voltages tell how conductances change along a dendrite?

A CA1 pyramidal cell (n120 of Pyapali & Turner 1996) whose I_h and A-type potassium increase with
the distance from the soma (Magee 1998, doi:10.1523/JNEUROSCI.18-19-07613.1998; Hoffman et al. 1997,
doi:10.1038/43119) and whose sodium decreases. From the voltages at the soma and at one place of the
apical dendrite, with noise, eight parameters are found from random starts; from the soma's alone
most are less certain, and I_h is not to be had.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import diffneuro as dn
from diffneuro.morphology import MaximumLength, discretise, from_swc
from diffneuro.neurons import Cable, LinearProfile

SHAPE = Path("morphologies") / "ca1_n120.swc"
T1, DT, NOISE = 100.0, 0.05, 0.2  # ms, ms, mV
STARTS, STEPS, SODIUM = 4, 25, 50.0  # the last in mS/cm2, at the soma
TRUTH = {
    "axial_resistivity": 150.0,
    "capacitance": 1.2,
    "channels.leak.g_max": 0.04,
    "channels.h.g_max": 0.02,
    "profiles.h.slope": 0.02,
    "channels.a.g_max": 2.0,
    "profiles.a.slope": 0.01,
    "profiles.na.slope": -0.0015,
}
FREE = {
    "axial_resistivity": dn.Bounds(60.0, 400.0, scale="log"),
    "capacitance": dn.Bounds(0.6, 2.4, scale="log"),
    "channels.leak.g_max": dn.Bounds(0.01, 0.15, scale="log"),
    "channels.h.g_max": dn.Bounds(0.005, 0.1, scale="log"),
    "profiles.h.slope": dn.Bounds(0.0, 0.06),
    "channels.a.g_max": dn.Bounds(0.5, 8.0, scale="log"),
    "profiles.a.slope": dn.Bounds(0.0, 0.03),
    "profiles.na.slope": dn.Bounds(-0.003, 0.0),
}


def pyramid(path: Path) -> Cable:
    """The cell as it is to be found, with sites at the soma and on the apical trunk."""
    tree = discretise(from_swc(path), MaximumLength(100.0))
    near = np.flatnonzero(tree.in_region("apical") & tree.between(200.0, 300.0))
    trunk = int(near[np.argmax(np.asarray(tree.radius)[near])])
    of = dn.channels
    channels = {"na": of.TraubMilesSodium(SODIUM), "k": of.TraubMilesPotassium(8.0)}
    channels |= {"a": of.ConnorStevensATypePotassium(), "h": of.HCN(), "leak": of.Leak(0.04, -70.0)}
    profiles = {name: LinearProfile(1.0, 0.0) for name in ("na", "a", "h")}
    cable = Cable(tree, channels, profiles=profiles, sites={"soma": 0, "dendrite": trunk})
    return dn.replace(cable, TRUTH)


def current() -> np.ndarray:
    """What is injected into the soma (pA): a step down, then one that makes it fire."""
    t = DT * np.arange(round(T1 / DT))
    return np.where((t > 2.0) & (t < 70.0), -600.0, np.where((t > 80.0) & (t < 83.0), 4000.0, 0.0))


def voltages(cable: Cable, values: dict) -> jax.Array:
    """(n, 2) mV at the two sites."""
    cable = dn.replace(cable, values)

    def both(x, u):
        return jnp.stack([cable.voltage_at(x, "soma"), cable.voltage_at(x, "dendrite")])

    return dn.simulate(cable, current(), t1=T1, dt=DT, record=both).y


def found_from(cable: Cable, recorded: np.ndarray, sites: int) -> tuple[dict, dict, np.ndarray]:
    """From the first `sites` voltages: the best, its standard errors, every start's error."""

    def residual(position, *_):
        values = {name: bounds.value(position[i]) for i, (name, bounds) in enumerate(FREE.items())}
        error = (voltages(cable, values) - recorded)[:, :sites] / NOISE
        return error.ravel() / error.size**0.5

    method = dn.methods.LevenbergMarquardt(steps=STEPS)
    begin = jax.jit(jax.vmap(lambda position: method.start(residual, position)))
    step = jax.jit(jax.vmap(lambda lane: method.update(residual, lane, jnp.asarray(0))))
    lanes = begin(jax.random.normal(jax.random.key(1), (STARTS, len(FREE))))
    for _ in range(STEPS):
        lanes = step(lanes)
    best = lanes.position[jnp.argmin(lanes.loss)]
    slopes = np.asarray(jax.jit(jax.jacfwd(residual))(best), float)
    spread = np.linalg.inv(slopes.T @ slopes) / len(slopes)
    values, errors = {}, {}
    for i, (name, bounds) in enumerate(FREE.items()):
        values[name] = float(bounds.value(best[i]))
        errors[name] = float(abs(jax.grad(bounds.value)(best[i])) * spread[i, i] ** 0.5)
    return values, errors, np.sqrt(np.asarray(lanes.loss))


def draw(cable: Cable, recorded: np.ndarray, fits: dict, path: Path) -> None:
    """The two voltages with the fit to both, and the densities along the dendrite."""
    figure = Figure(figsize=(10.0, 3.4), layout="constrained")
    left, *right = figure.subplots(1, 4, width_ratios=(2.2, 1.0, 1.0, 1.0))
    time = DT * np.arange(len(recorded))
    fitted = np.asarray(voltages(cable, fits["both"][0]))
    left.plot(time, recorded[:, 0], color="0.2", lw=1.6, label="soma")
    left.plot(time, recorded[:, 1], color="0.6", lw=1.6, label="dendrite")
    left.plot(time, fitted, color="#d55e00", lw=0.8, label=["fitted", None])
    left.set(xlabel="time (ms)", ylabel="voltage (mV)")
    left.legend(frameon=False, fontsize=8)
    x = np.linspace(0.0, 600.0, 100)
    titles = {"na": "sodium", "a": "A-type potassium", "h": "h"}
    for axes, (channel, title) in zip(right, titles.items(), strict=True):
        shown = {"truth": (TRUTH, "0.2", 2.4), "soma alone": (fits["soma"][0], "#0072b2", 1.0)}
        shown["soma and dendrite"] = (fits["both"][0], "#d55e00", 1.0)
        for label, (values, shade, width) in shown.items():
            density = values.get(f"channels.{channel}.g_max", SODIUM)
            factor = np.maximum(0.0, 1.0 + values[f"profiles.{channel}.slope"] * x)
            axes.plot(x, density * factor, color=shade, lw=width, label=label)
        axes.set(title=title, xlabel="distance (um)", ylim=(0.0, None))
    right[0].set_ylabel("conductance (mS/cm2)")
    right[1].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Make the recording, fit, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    if options.recordings is None or not (options.recordings / SHAPE).exists():
        parser.exit(message=f"give the folder with {SHAPE}\n")
    cable = pyramid(options.recordings / SHAPE)
    clean = np.asarray(voltages(cable, TRUTH))
    recorded = clean + NOISE * np.random.default_rng(0).normal(size=clean.shape)
    fits = {"both": found_from(cable, recorded, 2), "soma": found_from(cable, recorded, 1)}
    for name, (_, _, reached) in fits.items():
        print(f"{name}: errors of the starts over the noise {np.round(np.sort(reached), 3)}")
    print(f"{'':24} {'truth':>9} {'soma and dendrite':>22} {'soma alone':>22}")
    for name, true in TRUTH.items():
        pairs = [(fits[one][0][name], fits[one][1][name]) for one in ("both", "soma")]
        print(f"{name:24} {true:9.4g}", *(f"{value:10.4g} +- {sd:<8.2g}" for value, sd in pairs))
    options.out.mkdir(parents=True, exist_ok=True)
    draw(cable, recorded, fits, options.out / "dendritic_gradients.png")


if __name__ == "__main__":
    main()
