"""What do recorded currents and potentials say of a synapse?

Two averages are fitted by gradient. The mean miniature current at mossy fibres onto cerebellar
granule cells (O'Neill et al. 2025, doi:10.7554/eLife.98485) gives rise and decay of the
conductance. A train of potentials between two thick-tufted layer 5 pyramidal cells (recorded by
R. Perin, an example of BluePyOpt) gives how much is released and how it recovers, beside the
membrane's time constant. The average connection of that kind has U = 0.50, a recovery of 671 ms
and a facilitation of 17 ms (Markram et al. 2015, doi:10.1016/j.cell.2015.09.029).
"""

import argparse
from pathlib import Path

import jax
import numpy as np
from matplotlib.figure import Figure

import diffneuro as dn
from diffneuro.synapses import DrivenSynapse, DualExponentialCurrent, TsodyksMarkram

FILES = "gc_mepsc_windows.npz", "gc_mini_trace_results.h5", "l5ttpc_epsp_train.npz"
# mV; what is fitted is a current, so that it does not matter.
HOLDING = -80.0
CURRENT = {
    "weight": (1.0, 60.0),
    "delay": (0.0, 6.0),
    "receptor.rise_time_constant": dn.Bounds(0.02, 1.0, scale="log"),
    "receptor.decay_time_constant": dn.Bounds(0.3, 10.0, scale="log"),
}
SYNAPSE = "channels.synapse"
# With a leak of 1 mS/cm2 the capacitance (uF/cm2) is the membrane's time constant (ms).
TRAIN = {
    "capacitance": (5.0, 100.0),
    "channels.leak.reversal_potential": (-74.0, -71.0),
    f"{SYNAPSE}.weight": (1.0, 1000.0),
    f"{SYNAPSE}.delay": (0.5, 8.0),
    f"{SYNAPSE}.receptor.decay_time_constant": dn.Bounds(0.5, 20.0, scale="log"),
    f"{SYNAPSE}.release.utilisation": (0.05, 0.98),
    f"{SYNAPSE}.release.recovery_time": dn.Bounds(20.0, 5000.0, scale="log"),
}
FACILITATION = {f"{SYNAPSE}.release.facilitation_time": dn.Bounds(1.0, 1000.0, scale="log")}
PUBLISHED = "membrane not given, U 0.50 +- 0.02, recovery 671 +- 17 ms, facilitation 17 +- 5 ms"


def load_currents(folder: Path) -> dict[str, dn.recordings.Recording]:
    """The mean current (pA) of 86 training windows, and of 43 events found in one recording."""
    import h5py

    windows = np.load(folder / FILES[0])
    with h5py.File(folder / FILES[1]) as file:
        found = np.asarray(file["events"])
    chosen = {"86 windows": windows["i_pA"][windows["score"] == 1], "43 events": found}
    recordings = {}
    for name, events in chosen.items():
        mean = events.mean(axis=0, dtype=float)
        time = 0.02 * np.arange(mean.size)
        held = np.full(mean.size, HOLDING)
        recordings[name] = dn.recordings.Recording(time, mean, held, voltage_clamp=True)
    return recordings


def fit_current(recording: dn.recordings.Recording) -> dn.FitResult:
    """One arrival, which opens and closes by two exponentials, under voltage clamp."""
    # The search begins where the measured peak is.
    found = dn.analysis.postsynaptic_response(
        recording.time, recording.current[0], 1.4, baseline=1.0, sign=-1
    )
    synapse = DrivenSynapse(
        (0.0,),
        DualExponentialCurrent(0.2, 1.0),
        weight=abs(found.amplitude),
        delay=max(found.peak_time - 0.5, 0.0),
    )
    return dn.fit(synapse, recording, free=CURRENT)


def fit_train(folder: Path, facilitation: bool) -> tuple[dn.recordings.Recording, dn.FitResult]:
    """A passive membrane under a synapse that releases what is left."""
    train = np.load(folder / FILES[2])
    voltage, stimuli = 1e3 * train["v_V"], 1e3 * train["t_stim_s"]
    recording = dn.recordings.Recording(
        0.1 * np.arange(voltage.size), np.zeros(voltage.size), voltage
    )
    release = TsodyksMarkram(0.5, 600.0, 20.0 if facilitation else 0.0)
    # It opens in no time beside the membrane, but not at once: the delay needs that.
    receptor = DualExponentialCurrent(0.3, 3.0)
    channels = {
        "leak": dn.channels.Leak(1.0, float(voltage[:1000].mean())),
        "synapse": DrivenSynapse(stimuli, receptor, 40.0, 3.0, release),
    }
    free = TRAIN | FACILITATION if facilitation else TRAIN
    cell = dn.neurons.Cell(channels, capacitance=30.0, area=100.0)
    return recording, dn.fit(cell, recording, free=free, loss=dn.losses.VoltageError())


def show(title: str, result: dn.FitResult, unit: str) -> None:
    """The table of one fit."""
    print(f"\n{title}: root mean square error {result.loss**0.5:.3g} {unit}")
    for name, value in result.parameters.items():
        error, of = result.standard_errors[name], result.units[name]
        print(f"  {name.removeprefix('channels.'):34} {value:9.4g} +- {error:<8.2g} {of}")


def modelled(result: dn.FitResult, recording: dn.recordings.Recording) -> np.ndarray:
    """What the fitted model shows under the recording's stimulus."""
    stimulus = recording.stimulus[0]
    run = dn.simulate(result.model, stimulus, t1=recording.duration, dt=recording.dt)
    return np.asarray(run.y)


def draw(currents: dict, train: tuple, path: Path) -> None:
    """Recorded and fitted, of both preparations."""
    figure = Figure(figsize=(10.0, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.8))
    for (name, (recording, result)), shade in zip(currents.items(), ("0.2", "0.6"), strict=True):
        late = recording.time - result.parameters["delay"]
        tau = result.parameters["receptor.decay_time_constant"]
        left.plot(late, recording.current[0], color=shade, linewidth=0.8, label=name)
        label = f"decay {tau:.2f} ms"
        left.plot(late, modelled(result, recording), color="#d55e00", linewidth=1.0, label=label)
    left.set(xlim=(-1.0, 10.0), xlabel="time from onset (ms)", ylabel="mean current (pA)")
    recording, result = train
    right.plot(recording.time, recording.voltage[0], color="0.2", linewidth=0.8, label="recorded")
    shown = modelled(result, recording)
    right.plot(recording.time, shown, color="#d55e00", linewidth=1.0, label="fitted")
    right.set(xlabel="time (ms)", ylabel="voltage (mV)")
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Fit, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", help="folder of " + ", ".join(FILES))
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    if options.recordings is None:
        parser.exit(message=f"give the folder with {', '.join(FILES)}\n")
    # A clock that runs for 13000 steps wants double precision.
    with jax.enable_x64(True):
        currents = {
            name: (one, fit_current(one)) for name, one in load_currents(options.recordings).items()
        }
        for name, (_, result) in currents.items():
            show(f"mean miniature current, {name}", result, "pA")
        for facilitation in (True, False):
            train = fit_train(options.recordings, facilitation)
            show(f"train, {'with' if facilitation else 'without'} facilitation", train[1], "mV")
        print(f"\npublished mean of such connections: {PUBLISHED}")
        options.out.mkdir(parents=True, exist_ok=True)
        draw(currents, train, options.out / "synaptic_currents.png")


if __name__ == "__main__":
    main()
