"""What do recorded currents and potentials say of a synapse?

The mean miniature current of mossy fibres onto cerebellar granule cells (O'Neill et al. 2025, eLife
13:RP98485) gives rise and decay of the channels. A holding current is free beside it, as in the
authors' program, by which the 43 events decay in 1.16 ms; without it that comes out a third slower.
A train between two layer 5 pyramidal cells (R. Perin, in BluePyOpt) gives release and recovery, and
the membrane's time constant. Means of many are in Markram 2015, doi:10.1016/j.cell.2015.09.029.
"""

import argparse
from pathlib import Path

import jax
import numpy as np
from matplotlib.figure import Figure

import diffneuro as dn
from diffneuro.synapses import DrivenSynapse, DualExponentialCurrent, TsodyksMarkram

FILES = "gc_mepsc_windows.npz", "gc_mini_trace_results.h5", "l5ttpc_epsp_train.npz"
HOLDING = -80.0  # mV
SYNAPSE = "channels.synapse"
CURRENT = {
    # At -80 mV through a leak of 1 nS: a holding current of up to 5 pA.
    "cell.channels.leak.reversal_potential": (-85.0, -75.0),
    f"cell.{SYNAPSE}.weight": (1.0, 60.0),
    f"cell.{SYNAPSE}.delay": (0.0, 6.0),
    f"cell.{SYNAPSE}.receptor.rise_time_constant": dn.Bounds(0.02, 1.0, scale="log"),
    f"cell.{SYNAPSE}.receptor.decay_time_constant": dn.Bounds(0.3, 10.0, scale="log"),
}
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


def load_currents(folder: Path) -> dict[str, dn.recordings.Recording]:
    """The mean current (pA) of 86 training windows, and of 43 events found in one recording."""
    import h5py

    windows = np.load(folder / FILES[0])
    mean = windows["i_pA"][windows["score"] == 1].mean(axis=0, dtype=float)
    with h5py.File(folder / FILES[1]) as file:
        events = np.asarray(file["events"]).mean(axis=0)
    return {"86 windows": clamped(mean), "43 events": clamped(events)}


def clamped(current: np.ndarray) -> dn.recordings.Recording:
    """A current (pA) sampled at 50 kHz, at a holding potential."""
    time, held = 0.02 * np.arange(current.size), np.full(current.size, HOLDING)
    return dn.recordings.Recording(time, current, held, voltage_clamp=True)


def cell(rest: float, synapse: DrivenSynapse) -> dn.neurons.Cell:
    """A passive membrane with a synapse; on 100 um2 1 mS/cm2 is 1 nS."""
    channels = {"leak": dn.channels.Leak(1.0, rest), "synapse": synapse}
    return dn.neurons.Cell(channels, capacitance=30.0, area=100.0)


def fit_current(recording: dn.recordings.Recording) -> dn.FitResult:
    """One arrival, which opens and closes by two exponentials, under voltage clamp."""
    mean = recording.current[0]
    found = dn.analysis.postsynaptic_response(recording.time, mean, 1.4, baseline=1.0, sign=-1)
    # Opens a current: the weight is in pA, whatever the driving force.
    receptor = DualExponentialCurrent(0.2, 1.0)
    synapse = DrivenSynapse((0.0,), receptor, -found.amplitude, found.peak_time - 0.5)
    return dn.fit(dn.neurons.IdealVoltageClamp(cell(HOLDING, synapse)), recording, free=CURRENT)


def fit_train(folder: Path) -> tuple[dn.recordings.Recording, list[dn.FitResult]]:
    """A passive membrane under a synapse that releases what is left, and one that facilitates."""
    train = np.load(folder / FILES[2])
    voltage, time = 1e3 * train["v_V"], 0.1 * np.arange(len(train["v_V"]))
    recording = dn.recordings.Recording(time, np.zeros(len(time)), voltage)
    # Not at once: the delay needs that.
    receptor, rest = DualExponentialCurrent(0.3, 3.0), float(voltage[:1000].mean())
    stimuli, results = 1e3 * train["t_stim_s"], []
    for facilitation, free in ((0.0, TRAIN), (20.0, TRAIN | FACILITATION)):
        release = TsodyksMarkram(0.5, 600.0, facilitation)
        synapse = DrivenSynapse(stimuli, receptor, 40.0, 3.0, release)
        results.append(dn.fit(cell(rest, synapse), recording, free=free))
    return recording, results


def show(title: str, result: dn.FitResult, unit: str) -> None:
    """The table of one fit."""
    print(f"\n{title}: root mean square error {result.loss**0.5:.3g} {unit}")
    for name, value in result.parameters.items():
        error, of = result.standard_errors[name], result.units[name]
        print(f"  {name.split('channels.')[-1]:36} {value:9.4g} +- {error:<8.2g} {of}")


def modelled(result: dn.FitResult, recording: dn.recordings.Recording) -> np.ndarray:
    """What the fitted model shows under the recording's stimulus."""
    stimulus, t1, dt = recording.stimulus[0], recording.duration, recording.dt
    return np.asarray(dn.simulate(result.model, stimulus, t1=t1, dt=dt).y)


def draw(currents: dict, recording, results: list[dn.FitResult], path: Path) -> None:
    """Recorded and fitted, of both preparations."""
    figure = Figure(figsize=(10.0, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.8))
    for (name, (mean, result)), shade in zip(currents.items(), ("0.2", "0.6"), strict=True):
        *_, delay, _, tau = result.parameters.values()
        late, fitted = mean.time - delay, modelled(result, mean)
        left.plot(late, mean.current[0], color=shade, linewidth=0.8, label=name)
        left.plot(late, fitted, "#d55e00", lw=1.0, label=f"decay {tau:.2f} ms")
    left.set(xlim=(-1.0, 10.0), xlabel="time from onset (ms)", ylabel="mean current (pA)")
    right.plot(recording.time, recording.voltage[0], color="0.2", linewidth=0.8, label="recorded")
    shades = {"depressing": "#d55e00", "facilitating as well": "#0072b2"}
    for result, (label, shade) in zip(results, shades.items(), strict=True):
        right.plot(recording.time, modelled(result, recording), color=shade, lw=1.0, label=label)
    right.set(xlabel="time (ms)", ylabel="voltage (mV)")
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Fit, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", help="folder of the recordings")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    if options.recordings is None:
        parser.exit(message=f"give the folder with {', '.join(FILES)}\n")
    # The clock of 13000 steps wants double precision.
    with jax.enable_x64(True):
        loaded = load_currents(options.recordings)
        currents = {name: (one, fit_current(one)) for name, one in loaded.items()}
        for name, (_, result) in currents.items():
            show(f"mean miniature current, {name}", result, "pA")
        train, results = fit_train(options.recordings)
        for name, result in zip(("without", "with"), results, strict=True):
            show(f"train, {name} facilitation", result, "mV")
        print("\npublished mean: U 0.50 +- 0.02, recovery 671 +- 17 ms, facilitation 17 +- 5 ms")
        options.out.mkdir(parents=True, exist_ok=True)
        draw(currents, train, results, options.out / "synaptic_currents.png")


if __name__ == "__main__":
    main()
