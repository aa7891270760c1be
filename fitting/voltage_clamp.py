"""Does a gradient find a channel's kinetics under clamp?

A cell with hERG channels was clamped with three summed sine waves (Beattie et al. 2018,
doi:10.1113/JP275733; cell 5). Nine parameters are fitted to that one sweep from 32 random
starts, and judged on an action-potential clamp that the fit never saw. The bounds are after the
paper's: rates at 0 mV from 1e-7 to 1e3 per ms, sensitivities to 0.4 per mV, starts drawn among
those whose rates stay between 1.67e-5 and 1e3 per ms at the ends of the protocol.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import diffneuro as dn

CELL = "16713110_dofetilide_subtracted_leak_subtracted"
STARTS, SEARCH_STEP = 32, 1.0
# mV, where each gate's rate is largest.
ENDS = {"activation": 60.0, "deactivation": -120.0, "inactivation": 60.0, "recovery": -120.0}
SLOWEST, FASTEST = 1.67e-5, 1e3
RATES, SENSITIVITIES = dn.Bounds(1e-7, 1e3, scale="log"), dn.Bounds(1e-7, 0.4)
CHANNEL = "cell.channels.herg"
FREE = {f"{CHANNEL}.g_max": dn.Bounds(10.0, 1000.0, scale="log")}
for process in ENDS:
    FREE[f"{CHANNEL}.{process}_rate"] = RATES
    FREE[f"{CHANNEL}.{process}_sensitivity"] = SENSITIVITIES
# Capacitive transients are not the channel's.
LOSS = dn.losses.CurrentError(mask=6.0)
# On 100 um2 of membrane 1 mS/cm2 is 1 nS; the cell's own area is not known.
CLAMP = dn.neurons.IdealVoltageClamp(
    dn.neurons.Cell({"herg": dn.channels.HERG(g_max=100.0)}, area=100.0)
)


def load(folder: Path, protocol: str) -> dn.recordings.Recording:
    """A protocol's command and current, from MATLAB's files in mV and nA, every 0.1 ms."""
    from scipy.io import loadmat

    command = loadmat(folder / f"{protocol}_protocol.mat")["T"].ravel()
    current = 1e3 * loadmat(folder / f"{protocol}_{CELL}.mat")["T"].ravel()
    time = 0.1 * np.arange(len(command))
    return dn.recordings.Recording(time, current, command, voltage_clamp=True, source=protocol)


def draw_starts(seed: int) -> dict[str, np.ndarray]:
    """Random values within the bounds, as the paper draws them."""
    random = np.random.default_rng(seed)
    starts = {f"{CHANNEL}.g_max": 10.0 ** random.uniform(1.0, 3.0, STARTS)}
    for process, voltage in ENDS.items():
        rate = 10.0 ** random.uniform(-7.0, 3.0, 50 * STARTS)
        sensitivity = random.uniform(1e-7, 0.4, 50 * STARTS)
        fastest = rate * np.exp(sensitivity * abs(voltage))
        possible = np.flatnonzero((fastest > SLOWEST) & (fastest < FASTEST))[:STARTS]
        starts[f"{CHANNEL}.{process}_rate"] = rate[possible]
        starts[f"{CHANNEL}.{process}_sensitivity"] = sensitivity[possible]
    return starts


def predict(model, recording: dn.recordings.Recording) -> tuple[np.ndarray, float]:
    """The model's current (pA), and its root mean square error outside the mask (nA)."""
    command, current = recording.voltage[0], recording.current[0]
    run = dn.simulate(model, command, t1=recording.duration, dt=recording.dt)
    error = LOSS.residual(run, LOSS.target(recording.time, current, command))
    return np.asarray(run.y), 1e-3 * float(np.sqrt(np.sum(np.asarray(error) ** 2)))


def draw(model, recordings: dict[str, dn.recordings.Recording], path: Path) -> None:
    """Command, and recorded and modelled current, of each protocol."""
    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    panels = figure.subplots(2, len(recordings), sharex="col", height_ratios=(1, 2))
    for (above, below), (name, recording) in zip(panels.T, recordings.items(), strict=True):
        current, error = predict(model, recording)
        seconds = 1e-3 * recording.time
        above.plot(seconds, recording.voltage[0], color="0.3", linewidth=0.7)
        above.set_title(f"{name}: RMSE {error:.4f} nA", fontsize=9)
        below.plot(seconds, 1e-3 * recording.current[0], color="0.2", linewidth=0.7)
        below.plot(seconds, 1e-3 * current, color="#d55e00", linewidth=0.9)
        below.set_xlabel("time (s)")
        # Transients of a fraction of a millisecond would squeeze the rest.
        below.set_ylim(-2.7, 1.9)
    panels[0, 0].set_ylabel("command (mV)")
    panels[1, 0].set_ylabel("current (nA): recorded, fitted")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Search on the thinned recording, end on the whole one, predict the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", help="folder of herg-cell5")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    parser.add_argument("--seed", type=int, default=0, help="decides the starts")
    options = parser.parse_args()
    if options.recordings is None:
        parser.exit(message="give the folder of herg-cell5, from github.com/mirams/sine-wave\n")
    sine, action_potentials = (load(options.recordings, name) for name in ("sine_wave", "ap"))

    method = dn.methods.LevenbergMarquardt(steps=60)
    search = dn.fit(
        CLAMP,
        sine.resample(SEARCH_STEP),
        free=FREE,
        loss=LOSS,
        method=method,
        starts=draw_starts(options.seed),
    )
    best = np.argsort(search.losses)[:4]
    ends = {name: values[best] for name, values in search.starts.items()}
    method = dn.methods.LevenbergMarquardt(steps=10)
    result = dn.fit(CLAMP, sine, free=FREE, loss=LOSS, method=method, starts=ends)

    print(f"{'parameter':40} {'fitted':>10} {'std. error':>11}  unit")
    for name, value in result.parameters.items():
        error = result.standard_errors[name]
        print(f"{name:40} {value:10.4g} {error:11.2g}  {result.units[name]}")
    agree = int((search.losses < 1.05**2 * search.loss).sum())
    seconds = search.about["seconds"] + result.about["seconds"]
    print(f"{agree} of {STARTS} starts within 5 % of the best RMSE; {seconds:.0f} s")
    for name, recording in (("sine wave", sine), ("action potentials", action_potentials)):
        print(f"{name}: RMSE {predict(result.model, recording)[1]:.4f} nA")
    options.out.mkdir(parents=True, exist_ok=True)
    shown = {"sine waves, fitted": sine, "action potentials, predicted": action_potentials}
    draw(result.model, shown, options.out / "voltage_clamp.png")


if __name__ == "__main__":
    main()
