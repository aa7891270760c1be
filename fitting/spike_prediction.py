"""How many of a real cell's spikes can be predicted?

A serotonergic neuron of the dorsal raphe was driven by 60 s of noise, and ten times by another
10 s of noise that was the same each time. Neurons with escape noise are fitted to the second
half of the first by their likelihood, and predict the repeats, which no fit has seen; the score
is Gamma, next to that with which one repeat predicts another. What limits the plain neurons is
the cell's A-type potassium current and a threshold that follows the voltage: the augmented one
has both. What limits that one as well is that the cell drifts: it fires less as time goes on.

The recorded voltage holds the drop over the electrode, and the recorded current an offset. Both
are found first, with the passive membrane, by linear regression of dv/dt outside spikes, as
Mensi et al. 2012 (doi:10.1152/jn.00408.2011) start their fits. A linear membrane cannot tell
the offset from the leak's reversal, so that is taken from the rest before any command.
"""

import argparse
from pathlib import Path

import jax
import numpy as np

import diffneuro as dn

TAUS = {"a": 10.0, "b": 40.0, "c": 200.0}
MEMBRANE = {
    "capacitance": dn.Bounds(10.0, 200.0, "log"),
    "leak_conductance": dn.Bounds(0.3, 20.0, "log"),
    "leak_reversal": (-110.0, -30.0),
    "reset_potential": (-90.0, -35.0),
}
KERNELS = {f"currents.{name}.jump": (-100.0, 100.0) for name in TAUS}
KERNELS |= {f"threshold_shifts.{name}.jump": (-80.0, 80.0) for name in TAUS}
GIF = {**MEMBRANE, **KERNELS, "threshold": (-90.0, -10.0), "escape_width": (0.2, 20.0)}
AUGMENTED = {
    **GIF,
    "couplings.v.slope": (0.0, 3.0),
    "couplings.v.midpoint": (-80.0, -25.0),
    "couplings.v.width": dn.Bounds(0.5, 30.0, "log"),
    "couplings.v.time_constant": dn.Bounds(3.0, 300.0, "log"),
    "gated_currents.k.conductance": dn.Bounds(0.1, 200.0, "log"),
    "gated_currents.k.activation_midpoint": (-60.0, 0.0),
    "gated_currents.k.activation_width": dn.Bounds(2.0, 20.0, "log"),
    "gated_currents.k.inactivation_midpoint": (-110.0, -40.0),
    "gated_currents.k.time_constant": dn.Bounds(3.0, 300.0, "log"),
}
ADEX = {f"model.{name}": bounds for name, bounds in MEMBRANE.items()}
ADEX |= {
    "model.threshold": (-60.0, -20.0),
    "model.slope_factor": dn.Bounds(0.3, 10.0, "log"),
    "model.adaptation_conductance": (-3.0, 20.0),
    "model.adaptation_time_constant": dn.Bounds(3.0, 1000.0, "log"),
    "model.spike_adaptation": (-50.0, 100.0),
    "escape_width": dn.Bounds(0.3, 30.0, "log"),
}


def passive_fit(recording: dn.recordings.Recording, rest: float) -> dict[str, float]:
    """Rig and membrane by regression: C dv/dt = -g (v - E) + I + I0 - eta, v = recorded - R I."""
    time, v, current = recording.time, recording.voltage[0], recording.current[0]
    eta, usable = np.zeros((len(TAUS), v.size)), np.ones(v.size, bool)
    for spike in dn.analysis.recorded_spike_times(time, v):
        start, stop = np.searchsorted(time, (spike - 5.0, spike + 8.0))
        usable[start:stop] = False
        eta[:, stop:] += np.exp((spike - time[stop:]) / np.array([*TAUS.values()])[:, None])
    n = round(1.0 / recording.dt)  # 1 ms, so that the amplifier's noise averages out
    where = np.flatnonzero(usable[:-n] & usable[n:])

    def mean(x):
        total = np.cumsum(x) - x
        return (total[n:] - total[:-n])[where] / n

    columns = [(current[n:] - current[:-n])[where], -mean(v), mean(current), np.ones(where.size)]
    columns += [-mean(kernel) for kernel in eta]
    found = np.linalg.lstsq(np.stack(columns, 1), (v[n:] - v[:-n])[where])[0]
    resistance, rate, gain, constant = found[:4]
    capacitance = 1.0 / (gain - rate * resistance)
    conductance = rate * capacitance
    offset = constant * capacitance - conductance * rest
    rig = {"series_resistance": resistance, "current_offset": offset}
    return rig | {"capacitance": capacitance, "leak_conductance": conductance}


def candidates(rig: dict[str, float], rest: float):
    """The models, where their searches start, with what is free."""
    membrane = {name: rig[name] for name in ("capacitance", "leak_conductance")}
    membrane |= {"leak_reversal": rest, "refractory_time": 5.0, "reset_potential": -55.0}
    n = dn.neurons
    kernels = {"currents": {name: n.SpikeCurrent(5.0, tau) for name, tau in TAUS.items()}}
    kernels["threshold_shifts"] = {name: n.ThresholdShift(2.0, tau) for name, tau in TAUS.items()}
    kernels |= {"escape_rate": 0.01, "escape_width": 4.0}
    yield "GIF", n.GIF(threshold=-40.0, **membrane, **kernels), GIF
    parts = {
        "couplings": {"v": n.ThresholdCoupling(1.0, -45.0, 5.0, 12.0)},
        "gated_currents": {"k": n.GatedCurrent(10.0, -90.0, -30.0, 7.0, -70.0, 7.0, 30.0)},
    }
    augmented = n.GIF(threshold=-47.0, **membrane, **kernels, **parts)
    yield "GIF, augmented", augmented, AUGMENTED
    adex = n.AdEx(threshold=-38.0, peak_potential=-20.0, spike_adaptation=10.0, **membrane)
    yield "AdEx", n.EscapeNoise(adex, 8.0, 0.1), ADEX


def predict(model, current: np.ndarray, duration: float, keys) -> list[np.ndarray]:
    """Spike trains (ms) of the model, one for each key; of None, without chance."""
    dt = duration / len(current)
    runs = (dn.simulate(model, current, t1=duration, dt=dt, key=key) for key in keys)
    times = (np.asarray(run.spike_times) for run in runs)
    return [train[np.isfinite(train)] for train in times]


def main() -> None:
    """Fit, predict, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", help="folder of drn-5ht-164")
    options = parser.parse_args()
    if options.recordings is None:
        parser.exit(2, "give the folder with training.npz, test.npz and steps.npz of drn-5ht-164\n")
    files = (options.recordings / f"{name}.npz" for name in ("training", "test", "steps"))
    training, test, steps = map(dn.recordings.load, files)
    rest = float(steps.voltage[:, steps.time < 170.0].mean())
    rig = passive_fit(training, rest)
    print(", ".join(f"{name} {value:.3g}" for name, value in rig.items()), f"rest {rest:.1f} mV")
    part = training.crop(30000.0, 60000.0).resample(0.2)
    fitted = dn.recordings.Recording(
        part.time,
        part.current + rig["current_offset"],
        part.voltage - rig["series_resistance"] * part.current,
    )
    current, duration = test.current.mean(axis=0) + rig["current_offset"], test.duration
    repeats = [dn.analysis.recorded_spike_times(test.time, row) for row in test.voltage]

    print(f"{'Gamma on frozen noise, in windows of':38} {'2 ms':>6} {'4 ms':>6}")
    ceiling = [dn.analysis.reliability(repeats, duration=duration, window=w) for w in (2.0, 4.0)]
    print(f"{'the cell itself':38} {ceiling[0]:6.2f} {ceiling[1]:6.2f}")
    chances = {"expected spikes": [None], "random spikes": jax.random.split(jax.random.key(0), 20)}
    for name, model, free in candidates(rig, rest):
        method = dn.methods.LevenbergMarquardt(steps=30)
        result = dn.fit(model, fitted, free=free, loss=dn.losses.PointProcess(), method=method)
        for kind, keys in chances.items():
            trains = predict(result.model, current, duration, keys)
            narrow, wide = (
                dn.analysis.coincidence_with_repeats(repeats, trains, duration=duration, window=w)
                for w in (2.0, 4.0)
            )
            print(f"{f'{name}, {kind}':38} {narrow:6.2f} {wide:6.2f}", flush=True)
        print(f"    deviance {result.loss:.0f}, {result.about['seconds']:.0f} s")


if __name__ == "__main__":
    main()
