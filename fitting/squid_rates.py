"""Do fits to the squid's conductances give its rates?

In 1952 each conductance that followed a step of voltage was fitted by hand, which gave the
rates of Tables 1 and 2 (doi:10.1113/jphysiol.1952.sp004764). Here the digitised curves are fitted
one voltage at a time, with 24.31 mS/cm2 and n = 0.315 at rest for potassium, 70.7 mS/cm2, m = 0
and h = 0.6 for sodium. From 26 mV up alpha_n agrees within 10 % and beta_n within 25 %; below,
the last points lie above the curves drawn by hand. At 100 mV and more the digitised sodium
current rises 0.1 ms too early for the tabulated activation: with m = 0 the rates come out faster.
"""

import argparse
import csv
from pathlib import Path
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import diffneuro as dn

DT, DURATION = 0.01, 13.0


class Rising(dn.channels.AbstractGatedChannel):
    r"""Potassium at one voltage, $\bar g\, n^4 (v - E)$, with its rates as parameters."""

    ion: ClassVar[str | None] = "k"
    g_max: dn.Parameter = dn.parameter(24.31, "mS/cm2")
    reversal_potential: dn.Parameter = dn.parameter(-77.0, "mV")
    alpha_n: dn.Parameter = dn.parameter(0.3, "1/ms")
    beta_n: dn.Parameter = dn.parameter(0.07, "1/ms")

    def initial_state(self, u, /) -> dict[str, Any]:
        return {"n": jnp.full_like(u.voltage, 0.315)}

    def gates(self, u, /) -> dict[str, dn.channels.Rates]:
        return {"n": dn.channels.Rates(self.alpha_n, self.beta_n)}

    def open_fraction(self, x, u, /) -> jax.Array:
        return x["n"] ** 4


class RisingAndFalling(dn.channels.AbstractGatedChannel):
    r"""Sodium at one voltage, $\bar g\, m^3 h (v - E)$, with its rates as parameters."""

    ion: ClassVar[str | None] = "na"
    g_max: dn.Parameter = dn.parameter(70.7, "mS/cm2")
    reversal_potential: dn.Parameter = dn.parameter(50.0, "mV")
    alpha_m: dn.Parameter = dn.parameter(2.0, "1/ms")
    beta_m: dn.Parameter = dn.parameter(0.5, "1/ms")
    alpha_h: dn.Parameter = dn.parameter(0.02, "1/ms")
    beta_h: dn.Parameter = dn.parameter(0.8, "1/ms")

    def initial_state(self, u, /) -> dict[str, Any]:
        return {"m": jnp.zeros_like(u.voltage), "h": jnp.full_like(u.voltage, 0.6)}

    def gates(self, u, /) -> dict[str, dn.channels.Rates]:
        rates = dn.channels.Rates
        return {"m": rates(self.alpha_m, self.beta_m), "h": rates(self.alpha_h, self.beta_h)}

    def open_fraction(self, x, u, /) -> jax.Array:
        return x["m"] ** 3 * x["h"]


RATES = dn.Bounds(1e-3, 30.0, "log")
FREE = {
    "K": dict.fromkeys(("alpha_n", "beta_n"), RATES),
    "Na": dict.fromkeys(("alpha_m", "beta_m", "alpha_h", "beta_h"), RATES),
}


def rows(path: Path) -> list[dict[str, str]]:
    """The lines of a table by the names of its columns."""
    with path.open() as file:
        return list(csv.DictReader(file))


def fitted(channel, free, points: np.ndarray, voltage: float) -> dn.FitResult:
    """The fit to one curve: `points` (n, 2) are times (ms) and conductances (mS/cm2)."""
    time = DT * np.arange(round(DURATION / DT))
    sample = np.round(points[:, 0] / DT).astype(int)
    # Measured at few times: the others have no weight.
    weights, current = np.zeros_like(time), np.zeros_like(time)
    weights[sample] = 1.0
    current[sample] = points[:, 1] * (voltage - float(channel.reversal_potential))
    command = np.full_like(time, voltage)
    recording = dn.recordings.Recording(time, current, command, voltage_clamp=True)
    loss = dn.losses.CurrentError(weights=weights)
    return dn.fit(channel, recording, free=free, loss=loss, starts=4, progress=False)


def compare(name, channel, curves, published) -> list[tuple[float, dn.FitResult, np.ndarray]]:
    """Fit every curve of one current, and print its rates beside those of the paper's table."""
    print(f"\n{name}: rates (per ms), what the table differs from them by, and the curve's error")
    found = []
    for line in published:
        depolarisation = float(line["depolarization_mV"])
        curve = [list(row.values())[2:] for row in curves if row["curve"] == line["curve"]]
        points = np.array(curve, float)
        result = fitted(channel, FREE[name], points, depolarisation - 65.0)
        force = depolarisation - 65.0 - float(channel.reversal_potential)
        error = np.sqrt(result.loss) / abs(force) / points[:, 1].max()
        cells = [f"{depolarisation:4.0f} mV"]
        for rate, value in result.parameters.items():
            tabulated = float(line[f"{rate}_per_ms"])
            off = f"{value / tabulated - 1.0:+7.0%}" if tabulated > 0 else f"({tabulated:g})"
            cells.append(f"{rate} {value:6.3f} {off:>7}")
        print("   ".join([*cells, f"{error:4.1%} of the peak"]))
        found.append((depolarisation, result, points))
    return found


def draw(found: dict[str, list], path: Path) -> None:
    """Measured conductances and the fits through them."""
    figure = Figure(figsize=(8.6, 3.8), layout="constrained")
    for axes, (name, fits) in zip(figure.subplots(1, 2), found.items(), strict=True):
        for place, (depolarisation, result, points) in enumerate(fits):
            colour = (0.1, 0.2 + 0.6 * place / len(fits), 0.9 - 0.8 * place / len(fits))
            force = depolarisation - 65.0 - float(result.model.reversal_potential)
            modelled = result.fitted_response[0] / force
            axes.plot(result.recording.time, modelled, color=colour, linewidth=1.0)
            axes.plot(*points.T, "o", color=colour, markersize=3)
        axes.set(xlabel="time (ms)", ylabel=f"{name} conductance (mS/cm2)")
        axes.set_xlim(0.0, 12.5 if name == "K" else 5.0)
        axes.set_title(f"steps by {fits[0][0]:g} (blue) to {fits[-1][0]:g} mV (green)", fontsize=9)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Fit both currents, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="?", help="folder of squid-axon-1952")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    if options.recordings is None:
        parser.exit(message="give the folder of squid-axon-1952, the digitised curves\n")
    table = {path.stem.split("_")[0]: rows(path) for path in options.recordings.glob("*.csv")}
    found = {
        "K": compare("K", Rising(), table["fig3"], table["table1"]),
        "Na": compare("Na", RisingAndFalling(), table["fig6"], table["table2"]),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    draw(found, options.out / "squid_rates.png")


if __name__ == "__main__":
    main()
