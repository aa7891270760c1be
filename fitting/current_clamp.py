"""Does a gradient find a cell's parameters from its voltage?

An in-silico Hodgkin-Huxley cell is recorded for 200 ms under noisy current with 0.5 mV of
noise. Eight parameters are unknown within wide bounds (a factor of 20 for conductances), and
32 random starts search for them by synchronised Levenberg-Marquardt.
"""

import argparse
from pathlib import Path

import jax
import numpy as np

import diffneuro as dn

FREE = {
    "channels.na.g_max": (20.0, 400.0),
    "channels.k.g_max": (5.0, 120.0),
    "channels.leak.g_max": (0.03, 1.5),
    "channels.na.reversal_potential": (30.0, 70.0),
    "channels.k.reversal_potential": (-100.0, -60.0),
    "channels.leak.reversal_potential": (-80.0, -40.0),
    "capacitance": (0.4, 2.5),
    "channels.na.activation_shift": (-10.0, 10.0),
}
STARTS = 32


def print_table(result: dn.FitResult, truth: dict[str, float]) -> None:
    """Fitted against true values, with standard errors."""
    print(f"{'parameter':34} {'true':>9} {'fitted':>9} {'std. error':>11}  unit")
    for name, value in result.parameters.items():
        error = result.standard_errors[name]
        print(f"{name:34} {truth[name]:9.4g} {value:9.5g} {error:11.2g}  {result.units[name]}")


def main() -> None:
    """Record, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the report")
    parser.add_argument("--seed", type=int, default=0, help="decides recording and starts")
    options = parser.parse_args()

    recording = dn.recordings.example(options.seed)
    result = dn.fit(
        dn.neurons.HodgkinHuxley(),
        recording,
        free=FREE,
        starts=STARTS,
        key=jax.random.key(options.seed),
    )
    truth, noise = recording.metadata["truth"], recording.metadata["noise_mV"]
    print_table(result, truth)

    # A start is solved when what is left is the noise alone and every parameter is right.
    at_floor = result.losses <= 1.1 * noise**2
    widths = {name: high - low for name, (low, high) in FREE.items()}
    off = [np.abs(result.starts[name] - truth[name]) / widths[name] for name in FREE]
    solved = at_floor & (np.max(off, axis=0) < 0.02)
    print(
        f"{at_floor.sum()} of {STARTS} starts reached the noise floor of {noise**2:g} mV2, "
        f"{solved.sum()} with every parameter within 2 % of its range; "
        f"best loss {result.loss:.4g} mV2, {result.about['seconds']:.1f} s"
    )
    options.out.mkdir(parents=True, exist_ok=True)
    result.save(options.out / "fit.npz", overwrite=True)
    print(f"wrote {result.report(options.out / 'report.html', overwrite=True)}")


if __name__ == "__main__":
    main()
