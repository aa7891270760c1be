"""How do sodium and potassium shape an f-I curve?

The cell is stepped to 24 currents with 8 x 8 maximal conductances around the squid's, 1,536 runs
of 500 ms, of which only the firing rate after the first 100 ms is kept. Two numbers are read off
each f-I curve: the smallest current that makes the cell fire for good, and the largest rate.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import diffneuro as dn

CURRENT, SODIUM, POTASSIUM = "stimulus.amplitude", "channels.na.g_max", "channels.k.g_max"


def run(progress: bool = True):
    """The rate (Hz) over current (pA) and both conductances (mS/cm2)."""
    values = dn.sweeps.grid(
        {
            CURRENT: np.linspace(0.0, 4600.0, 24),
            SODIUM: np.linspace(80.0, 220.0, 8),
            POTASSIUM: np.linspace(20.0, 76.0, 8),
        }
    )
    return dn.sweep(
        dn.neurons.HodgkinHuxley(),
        values,
        dn.stimuli.Step(amplitude=0.0, start=0.0),
        t1=500.0,
        measure=dn.sweeps.rate(start=100.0),
        progress=progress,
    )


def onset(surface):
    """The smallest current (pA) with which each cell fires, NaN where it never does."""
    fires = surface.rate > 0
    return surface[CURRENT].where(fires).min(CURRENT)


def print_table(surface) -> None:
    """Onset and largest rate of a few of the cells."""
    print(f"{'g_Na':>8} {'g_K':>8} {'onset':>10} {'largest rate':>14}")
    print(f"{'mS/cm2':>8} {'mS/cm2':>8} {'pA':>10} {'Hz':>14}")
    smallest, largest = onset(surface), surface.rate.max(CURRENT)
    for sodium in surface[SODIUM].values[::3]:
        for potassium in surface[POTASSIUM].values[::3]:
            at = {SODIUM: sodium, POTASSIUM: potassium}
            pair = float(smallest.sel(at)), float(largest.sel(at))
            print(f"{sodium:8.0f} {potassium:8.0f} {pair[0]:10.0f} {pair[1]:14.1f}")


def draw(surface, path: Path) -> None:
    """f-I curves on the left; onset and largest rate over both conductances."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    curves, *maps = figure.subplots(1, 3)
    sodium = float(surface[SODIUM][2])
    shades = np.linspace(0.15, 0.9, surface.sizes[POTASSIUM])
    for potassium, shade in zip(surface[POTASSIUM].values, shades, strict=True):
        rate = surface.rate.sel({SODIUM: sodium, POTASSIUM: potassium})
        label = f"{potassium:.0f}" if potassium in surface[POTASSIUM].values[::7] else None
        colour = (0.1, 0.3 + 0.5 * shade, shade)
        curves.plot(surface[CURRENT], rate, color=colour, marker=".", label=label)
    curves.set(xlabel="injected current (pA)", ylabel="rate (Hz)", ylim=(-5.0, 185.0))
    curves.set_title(f"g_Na = {sodium:.0f} mS/cm2")
    curves.legend(title="g_K (mS/cm2)", ncols=2, loc="upper left")
    shown = ((onset(surface), "onset (pA)"), (surface.rate.max(CURRENT), "largest rate (Hz)"))
    for axes, (values, label) in zip(maps, shown, strict=True):
        picture = axes.pcolormesh(
            surface[SODIUM], surface[POTASSIUM], values.transpose(POTASSIUM, SODIUM)
        )
        axes.set(xlabel="g_Na (mS/cm2)", ylabel="g_K (mS/cm2)", title=label)
        figure.colorbar(picture, ax=axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Sweep, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the figure")
    options = parser.parse_args()
    began = time.perf_counter()
    surface = run()
    seconds = time.perf_counter() - began
    print_table(surface)
    print(f"{surface.rate.size} runs of 500 ms in {seconds:.1f} s, compiling included")
    path = options.out / "fi_surface.png"
    draw(surface, path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
